/*
 * A filter and the body that it looks into, with a NUL between: what holds
 * is what its negation does not, and each value lies where it should.
 */
#include "config.h"

#include <string.h>

#include "fuzz.h"

#include "base/buf.h"
#include "base/err.h"
#include "base/xalloc.h"
#include "core/event.h"
#include "core/filter.h"
#include "core/jsonptr.h"

static struct event *
event(void)
{
	struct event *ev = event_new();

	ev->type = xstrdup("issues");
	ev->action = xstrdup("opened");
	ev->repository = xstrdup("octo/hello");
	strlist_put(&ev->teams, "core");
	return ev;
}

static void
check_values(const struct jsonptr_value *v, size_t n, const char *body,
    size_t bodysz)
{
	size_t i;

	for (i = 0; i < n; i++) {
		if (v[i].type == JSSCAN_ABSENT)
			continue;
		FUZZ_HOLDS(v[i].text >= body);
		FUZZ_HOLDS(v[i].text + v[i].n <= body + bodysz);
		FUZZ_HOLDS(v[i].type == JSSCAN_STRING || v[i].n > 0);
	}
}

static void
check(const char *text, size_t n, const char *body, size_t bodysz)
{
	struct jsonptr_set *paths = jsonptr_set_new();
	struct filter *f = NULL, *not = NULL;
	char path[FILTER_PATH_SIZE];
	struct event *ev = event();
	struct jsonptr_value *v;
	struct filter_why why;
	struct buf b;
	struct err e;
	bool is_json;

	buf_init(&b, n + 64);
	buf_add_str(&b, "{\"not\":");
	buf_add(&b, text, n);
	buf_add_str(&b, "}");
	if (filter_new(text, n, paths, &f, path, &e) == RC_OK) {
		(void)filter_new(buf_str(&b), b.len, paths, &not, path, &e);
		v = xcalloc(jsonptr_count(paths) + 1, sizeof(*v));
		is_json = jsonptr_scan(paths, body, bodysz, v);
		check_values(v, jsonptr_count(paths), body, bodysz);
		(void)filter_holds(f, ev, is_json ? v : NULL, &why);
		FUZZ_HOLDS(strlen(why.test) < sizeof(why.test));
		/* A level deeper, and with one test more, it may be none. */
		if (is_json && not != NULL)
			FUZZ_HOLDS(filter_holds(f, ev, v, NULL) !=
			    filter_holds(not, ev, v, NULL));
		free(v);
	} else {
		FUZZ_HOLDS(f == NULL);
	}
	filter_free(f);
	filter_free(not );
	event_free(ev);
	buf_fini(&b);
	jsonptr_set_free(paths);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *nul = size == 0 ? NULL : memchr(data, '\0', size);
	char *body;
	size_t n;

	if (nul == NULL)
		return 0;
	n = size - (size_t)(nul - data) - 1;
	/* Of its own, so that a byte too far is seen. */
	body = xmalloc(n + 1);
	memcpy(body, nul + 1, n);
	body[n] = '\0';
	check((const char *)data, (size_t)(nul - data), body, n);
	free(body);
	return 0;
}
