/*
 * A line with a content type, then a body: what is read out of it is well
 * formed, a refused body leaves the event as it was, and the copy that other
 * tools read is JSON that a strict reader of strings takes.
 */
#include "config.h"

#include <string.h>

#include "fuzz.h"

#include "base/buf.h"
#include "base/err.h"
#include "base/jsscan.h"
#include "base/xalloc.h"
#include "core/event.h"
#include "core/media.h"

static bool
is_json(const char *text, size_t n)
{
	enum jsscan_type root;
	struct err e;

	return jsscan_any(text, n, JSSCAN_ANY_DEPTH_MAX, &root, NULL, 0, &e) ==
	    RC_OK;
}

static void
check_copy(const char *type, const char *body, size_t n)
{
	struct event *ev = event_new();
	struct event_json j;
	struct buf odd;
	size_t size;

	event_json_init(&j, type, body, n);
	if (j.text != NULL && is_json(j.text, j.n)) {
		ev->content_type = xstrdup(type);
		ev->body = xmemdup0(body, n);
		ev->bodysz = n;
		size = j.n;
		event_take_json(ev, &j, true);
		FUZZ_HOLDS(ev->json == NULL || !ev->has_odd_json);
		if (ev->has_odd_json) {
			event_make_json(ev, &odd);
			ev->json = buf_take(&odd, &ev->jsonsz);
		}
		FUZZ_HOLDS(ev->json == NULL || ev->jsonsz == size);
		FUZZ_HOLDS(ev->json == NULL ||
		    (is_json(ev->json, ev->jsonsz) &&
			jsscan_mark_size(ev->json, ev->jsonsz) == 0 &&
			jsscan_is_exact(JSSCAN_STRING, ev->json, ev->jsonsz)));
	}
	event_json_fini(&j);
	event_free(ev);
}

static void
judge(const char *json, size_t n)
{
	struct event *ev = event_new();
	struct err e;

	if (event_read_json(ev, json, n, &e) == RC_OK) {
		FUZZ_HOLDS(is_json(json, n));
		FUZZ_HOLDS(event_repository_is_valid(ev->repository));
		FUZZ_HOLDS(
		    ev->action[0] == '\0' || event_type_is_valid(ev->action));
		FUZZ_HOLDS(ev->type == NULL || event_type_is_valid(ev->type));
	} else {
		FUZZ_HOLDS(ev->repository == NULL && ev->action == NULL &&
		    ev->type == NULL);
	}
	event_free(ev);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf payload;
	struct media m;
	struct err e;
	char *text, *body;
	size_t n;

	text = fuzz_text(data, size);
	body = memchr(text, '\n', size);
	if (body == NULL) {
		free(text);
		return 0;
	}
	*body++ = '\0';
	n = size - (size_t)(body - text);
	media_parse(text, &m);
	FUZZ_HOLDS(strlen(m.type) <= MEDIA_TYPE_MAX);
	check_copy(text, body, n);
	if (m.kind == MEDIA_FORM) {
		buf_init(&payload, n);
		if (media_form_payload(body, n, &payload, &e) == RC_OK)
			judge(buf_str(&payload), payload.len);
		buf_fini(&payload);
	} else {
		judge(body, n);
	}
	free(text);
	return 0;
}
