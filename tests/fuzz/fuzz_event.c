/*
 * A line with a content type, then a body: what is lifted out of it is well
 * formed, and a refused body leaves the event as it was.
 */
#include "config.h"

#include <string.h>

#include "fuzz.h"

#include "base/buf.h"
#include "base/err.h"
#include "base/jsscan.h"
#include "core/event.h"
#include "core/media.h"

static void
judge(const char *json, size_t n)
{
	struct event *ev = event_new();
	enum jsscan_type root;
	struct err e;

	if (event_read_json_text(ev, json, n, &e) == RC_OK) {
		FUZZ_HOLDS(jsscan(json, n, &root, NULL, 0, &e) == RC_OK);
		FUZZ_HOLDS(root == JSSCAN_OBJECT);
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
