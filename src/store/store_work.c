#include "config.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "core/event.h"
#include "core/flow.h"
#include "core/notice.h"
#include "core/outcome.h"
#include "store/store_int.h"
#include "store/store_work.h"

static const char *const kind_names[STORE_KINDS] = {
	[STORE_DELIVER] = "deliver",
	[STORE_EXEC] = "exec",
	[STORE_ANALYZE] = "analyze",
	[STORE_ACT] = "act",
	[STORE_PUBLISH] = "publish",
	[STORE_DRAFT] = "draft",
	[STORE_ALERT] = "alert",
};

static const char *const state_names[STORE_STATES] = {
	[STORE_WAITING] = "waiting",
	[STORE_LEASED] = "leased",
	[STORE_STATE_DONE] = "done",
	[STORE_STATE_DEAD] = "dead",
	[STORE_CANCELLED] = "cancelled",
};

/* The place of text among n names, or n. */
static size_t
place(const char *const *names, size_t n, const char *text)
{
	size_t i;

	for (i = 0; i < n && strcmp(names[i], text) != 0; i++)
		;
	return i;
}

const char *
store_kind_name(enum store_kind k)
{
	return kind_names[k];
}

bool
store_kind_parse(const char *text, enum store_kind *out)
{
	size_t i = place(kind_names, STORE_KINDS, text);

	if (i == STORE_KINDS)
		return false;
	*out = (enum store_kind)i;
	return true;
}

bool
store_wants_kind(const struct store_lease_want *want, enum store_kind k)
{
	return want->kinds == 0 || (want->kinds & 1U << k) != 0;
}

const char *
store_state_name(enum store_state s)
{
	return state_names[s];
}

bool
store_state_parse(const char *text, enum store_state *out)
{
	size_t i = place(state_names, STORE_STATES, text);

	if (i == STORE_STATES)
		return false;
	*out = (enum store_state)i;
	return true;
}

const char *
store_class_name(enum store_class c)
{
	return outcome_class_name((enum outcome_class)c);
}

void
store_events_free(struct store_events *l)
{
	size_t i;

	for (i = 0; i < l->n; i++)
		event_free(l->v[i]);
	free(l->v);
	memset(l, 0, sizeof(*l));
}

void
store_leases_free(struct store_leases *l)
{
	size_t i;

	for (i = 0; i < l->n; i++) {
		free(l->v[i].target);
		event_free(l->v[i].event);
	}
	free(l->v);
	memset(l, 0, sizeof(*l));
}

enum rc
store_unexpanded(struct store *s, size_t max, struct store_events *out,
    struct err *e)
{
	int64_t us = store_call_begin(s);

	memset(out, 0, sizeof(*out));
	return store_call_end(s, STORE_OP_UNEXPANDED, us,
	    s->engine->unexpanded(s->impl, max, out, e));
}

enum rc
store_expand(struct store *s, const struct store_expansion *v, size_t n,
    int64_t now_ms, struct err *e)
{
	int64_t us = store_call_begin(s);

	return store_call_end(s, STORE_OP_EXPAND, us,
	    s->engine->expand(s->impl, v, n, now_ms, e));
}

enum rc
store_lease_due(struct store *s, int64_t now_ms,
    const struct store_lease_want *want, struct store_leases *out,
    int64_t *next_due_ms, struct err *e)
{
	int64_t us = store_call_begin(s);

	memset(out, 0, sizeof(*out));
	return store_call_end(s, STORE_OP_LEASE, us,
	    s->engine->lease_due(s->impl, now_ms, want, out, next_due_ms, e));
}

enum rc
store_recover(struct store *s, int64_t now_ms, size_t *n, struct err *e)
{
	int64_t us = store_call_begin(s);

	return store_call_end(s, STORE_OP_RECOVER, us,
	    s->engine->recover(s->impl, now_ms, n, e));
}

enum rc
store_renew(struct store *s, const struct store_lease *const *v, size_t n,
    int64_t hold_ms, bool *ok, struct err *e)
{
	int64_t us = store_call_begin(s);

	return store_call_end(s, STORE_OP_RENEW, us,
	    s->engine->renew(s->impl, v, n, hold_ms, ok, e));
}

enum rc
store_settle(struct store *s, struct store_result *v, size_t n,
    const char *worker, int64_t now_ms, struct err *e)
{
	int64_t us = store_call_begin(s);

	return store_call_end(s, STORE_OP_SETTLE, us,
	    s->engine->settle(s->impl, v, n, worker, now_ms, e));
}

int64_t
store_flow_share(int64_t max_in_flight, size_t drains)
{
	return flow_share(max_in_flight, drains);
}

enum rc
store_exchange(struct store *s, struct store_exchange *x, struct err *e)
{
	int64_t us = store_call_begin(s);

	memset(&x->leases, 0, sizeof(x->leases));
	return store_call_end(s, STORE_OP_EXCHANGE, us,
	    s->engine->exchange(s->impl, x, e));
}

enum rc
store_notices(struct store *s, size_t max, struct store_notices *out,
    struct err *e)
{
	int64_t us = store_call_begin(s);

	memset(out, 0, sizeof(*out));
	return store_call_end(s, STORE_OP_NOTICES, us,
	    s->engine->notices(s->impl, max, out, e));
}

void
store_notices_free(struct store_notices *l)
{
	size_t i;

	for (i = 0; i < l->n; i++)
		notice_fini(&l->v[i]);
	free(l->v);
	memset(l, 0, sizeof(*l));
}

enum rc
store_tell(struct store *s, struct store_telling *v, size_t n, struct err *e)
{
	int64_t us = store_call_begin(s);

	return store_call_end(s, STORE_OP_TELL, us,
	    s->engine->tell(s->impl, v, n, e));
}

enum rc
store_payloads(struct store *s, struct store_body *v, size_t n, struct err *e)
{
	int64_t us = store_call_begin(s);
	enum rc rc;
	size_t i;

	for (i = 0; i < n; i++) {
		v[i].bytes = NULL;
		v[i].n = 0;
	}
	rc = store_call_end(s, STORE_OP_PAYLOAD, us,
	    s->engine->payloads(s->impl, v, n, e));
	for (i = 0; rc != RC_OK && i < n; i++) {
		free(v[i].bytes);
		v[i].bytes = NULL;
	}
	return rc;
}

enum rc
store_payload(struct store *s, int64_t event, char **body, size_t *bodysz,
    struct err *e)
{
	struct store_body b = { .event = event };
	enum rc rc = store_payloads(s, &b, 1, e);

	*body = b.bytes;
	*bodysz = b.n;
	if (rc == RC_OK && b.bytes == NULL)
		rc = err_set(e, RC_NOTFOUND,
		    "the bytes of event %lld are not stored", (long long)event);
	return rc;
}

enum rc
store_worker_seen(struct store *s, const struct store_worker *w, struct err *e)
{
	int64_t us = store_call_begin(s);

	return store_call_end(s, STORE_OP_WORKER_SEEN, us,
	    s->engine->worker_seen(s->impl, w, e));
}

void
store_flow(struct store *s, const struct store_flow *f)
{
	s->engine->flow(s->impl, f);
}

enum rc
store_blocked(struct store *s, int64_t *version, struct strlist *out,
    bool *changed, struct err *e)
{
	int64_t us = store_call_begin(s);

	memset(out, 0, sizeof(*out));
	*changed = false;
	return store_call_end(s, STORE_OP_BLOCKED, us,
	    s->engine->blocked(s->impl, version, out, changed, e));
}

enum rc
store_webhooks_version(struct store *s, int64_t *out, struct err *e)
{
	int64_t us = store_call_begin(s);

	return store_call_end(s, STORE_OP_WEBHOOKS_VERSION, us,
	    s->engine->webhooks_version(s->impl, out, e));
}

const char *
store_wake_path(struct store *s)
{
	return s->engine->wake_path(s->impl);
}
