/*
 * The JSON of a published event: the bytes that are stored are JSON and
 * stand in the request as they are.
 */
#include "config.h"

#include <string.h>

#include "fuzz.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/jsscan.h"
#include "core/event.h"
#include "core/webhook.h"
#include "intake/intake.h"
#include "store/store.h"
#include "store/store_admin.h"

static const char *request;
static size_t requestsz;

/* In the store's place; a published event is waited for. */
enum rc
store_accept_begin(struct store *s, struct event *ev, int64_t wait_ms,
    const struct store_waiter *waiter, struct store_pending *out, struct err *e)
{
	(void)s;
	(void)wait_ms;
	(void)waiter;
	(void)out;
	event_free(ev);
	return err_set(e, RC_SYSTEM, "not for posts");
}

enum rc
store_accept_end(struct store *s, struct store_pending *p,
    struct store_receipt *out, struct err *e)
{
	(void)s;
	(void)p;
	memset(out, 0, sizeof(*out));
	return err_set(e, RC_SYSTEM, "not for posts");
}

bool
store_accept_leave(struct store *s, struct store_pending *p)
{
	(void)s;
	(void)p;
	return true;
}

enum rc
store_accept(struct store *s, struct event *ev, int64_t wait_ms,
    struct store_receipt *out, struct err *e)
{
	enum jsscan_type root;

	(void)s;
	(void)wait_ms;
	memset(out, 0, sizeof(*out));
	FUZZ_HOLDS(ev->bodysz > 0);
	FUZZ_HOLDS(memmem(request, requestsz, ev->body, ev->bodysz) != NULL);
	FUZZ_HOLDS(jsscan_any(ev->body, ev->bodysz, JSSCAN_ANY_DEPTH_MAX, &root,
		       NULL, 0, e) == RC_OK);
	FUZZ_HOLDS(event_type_is_valid(ev->type));
	FUZZ_HOLDS(event_delivery_id_is_valid(ev->delivery_id));
	FUZZ_HOLDS(event_repository_is_valid(ev->repository));
	FUZZ_HOLDS(ev->priority >= 0 && ev->priority <= 9);
	event_free(ev);
	return RC_OK;
}

enum rc
store_webhook_find(struct store *s, const char *id, struct webhook **out,
    struct err *e)
{
	(void)s;
	FUZZ_HOLDS(webhook_id_is_valid(id));
	*out = NULL;
	return err_set(e, RC_NOTFOUND, "there are none");
}

enum rc
store_webhook_resolve(struct store *s, const char *text,
    char id[WEBHOOK_ID_MAX + 1], struct err *e)
{
	(void)s;
	FUZZ_HOLDS(webhook_ref_is_valid(text));
	id[0] = '\0';
	return err_set(e, RC_NOTFOUND, "there are none");
}

static int64_t
fixed_ms(void *arg)
{
	(void)arg;
	return INT64_C(1795248550000);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct clock fixed = { fixed_ms, fixed_ms, NULL, "b" };
	const struct intake in = { .clock = &fixed, .wait_ms = 1 };
	struct intake_problems problems;
	struct intake_outcome out;
	struct err e;
	char *text;
	enum rc rc;

	text = fuzz_text(data, size);
	request = text;
	requestsz = size;
	rc = intake_publish(&in, text, size, NULL, &out, &problems, &e);
	FUZZ_HOLDS(rc == RC_OK || rc == RC_INVALID);
	FUZZ_HOLDS(rc != RC_OK || problems.n == 0);
	free(text);
	return 0;
}
