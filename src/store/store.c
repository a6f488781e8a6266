#include "config.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "core/event.h"
#include "store/store.h"
#include "store/store_int.h"

/* A call that takes this long is worth a line in the log. */
#define SLOW_US (1000 * 1000)

static const struct store_engine *const engines[] = {
	&store_sqlite_engine,
	&store_fault_engine,
};

static const char *const op_names[STORE_OPS] = {
	[STORE_OP_ACCEPT] = "accept",
	[STORE_OP_CHECK] = "check",
	[STORE_OP_UNEXPANDED] = "unexpanded",
	[STORE_OP_EXPAND] = "expand",
	[STORE_OP_LEASE] = "lease",
	[STORE_OP_RECOVER] = "recover",
	[STORE_OP_RENEW] = "renew",
	[STORE_OP_SETTLE] = "settle",
	[STORE_OP_EXCHANGE] = "exchange",
	[STORE_OP_NOTICES] = "notices",
	[STORE_OP_TELL] = "tell",
	[STORE_OP_PAYLOAD] = "payload",
	[STORE_OP_WORKER_SEEN] = "worker_seen",
	[STORE_OP_WEBHOOKS_VERSION] = "webhooks_version",
	[STORE_OP_BLOCKED] = "blocked",
	[STORE_OP_EVENT_RESOLVE] = "event_resolve",
	[STORE_OP_EVENT_FIND] = "event_find",
	[STORE_OP_EVENT_LIST] = "event_list",
	[STORE_OP_JOB_RESOLVE] = "job_resolve",
	[STORE_OP_JOB_FIND] = "job_find",
	[STORE_OP_JOB_LIST] = "job_list",
	[STORE_OP_ATTEMPT_LIST] = "attempt_list",
	[STORE_OP_WEBHOOK_ATTEMPTS] = "webhook_attempts",
	[STORE_OP_STATS] = "stats",
	[STORE_OP_COUNTS] = "counts",
	[STORE_OP_DAYS] = "days",
	[STORE_OP_WORKER_LIST] = "worker_list",
	[STORE_OP_METRICS] = "metrics",
	[STORE_OP_WEBHOOK_PUT_ALL] = "webhook_put_all",
	[STORE_OP_WEBHOOK_CHANGE] = "webhook_change",
	[STORE_OP_WEBHOOK_DELETE] = "webhook_delete",
	[STORE_OP_WEBHOOK_FIND] = "webhook_find",
	[STORE_OP_WEBHOOK_RESOLVE] = "webhook_resolve",
	[STORE_OP_WEBHOOK_LIST] = "webhook_list",
	[STORE_OP_WEBHOOK_MARK] = "webhook_mark",
	[STORE_OP_EVENT_RETRY] = "event_retry",
	[STORE_OP_EVENT_CANCEL] = "event_cancel",
	[STORE_OP_EVENT_REPLAY] = "event_replay",
	[STORE_OP_EVENT_RELEASE] = "event_release",
	[STORE_OP_EVENT_REPLAY_ALL] = "event_replay_all",
	[STORE_OP_EVENT_OWES] = "event_owes",
	[STORE_OP_HELD] = "held",
	[STORE_OP_HELD_PAGE] = "held_page",
	[STORE_OP_DEAD_COUNT] = "dead_count",
	[STORE_OP_DEAD_RETRY] = "dead_retry",
	[STORE_OP_JOB_BULK] = "job_bulk",
	[STORE_OP_JOB_RETRY] = "job_retry",
	[STORE_OP_JOB_CANCEL] = "job_cancel",
	[STORE_OP_TOKEN_PUT] = "token_put",
	[STORE_OP_TOKEN_FIND] = "token_find",
	[STORE_OP_TOKEN_LIST] = "token_list",
	[STORE_OP_TOKEN_USED] = "token_used",
	[STORE_OP_TOKEN_REVOKE] = "token_revoke",
	[STORE_OP_KEY_CHANGE] = "key_change",
	[STORE_OP_SQL] = "sql",
	[STORE_OP_DOCTOR] = "doctor",
};

const struct store_engine *
store_engine_find(const char *url, const char **rest)
{
	const char *colon = strchr(url, ':');
	size_t i, n;

	for (i = 0; i < sizeof(engines) / sizeof(engines[0]); i++) {
		n = strlen(engines[i]->scheme);
		if (strncmp(url, engines[i]->scheme, n) == 0) {
			*rest = url + n;
			return engines[i];
		}
	}
	*rest = url;
	/* A path may hold a colon, but not before its first slash. */
	if (colon != NULL && memchr(url, '/', (size_t)(colon - url)) == NULL)
		return NULL;
	return &store_sqlite_engine;
}

int64_t
store_call_begin(const struct store *s)
{
	/* Locks and descriptors of the parent's connections would be ours
	 * too: anything done with them damages the parent's. */
	assert(s->pid == getpid());
	return clock_tick_us();
}

enum rc
store_call_end(const struct store *s, enum store_op op, int64_t begun_us,
    enum rc rc)
{
	struct log_line l;
	int64_t took_us = clock_tick_us() - begun_us;

	(void)s;
	if (took_us >= SLOW_US) {
		log_begin(&l, LOG_LEVEL_WARN, "slow store call");
		log_str(&l, "call", op_names[op]);
		log_int(&l, "took_ms", took_us / 1000);
		log_end(&l);
	}
	return rc;
}

static enum rc
engine_of(const struct store_options *opt, const struct store_engine **engine,
    struct err *e)
{
	const char *rest;

	*engine = store_engine_find(opt->url, &rest);
	if (*engine == NULL)
		return err_set(e, RC_INVALID,
		    "database.url: no such kind of store; sqlite:/path is one");
	return RC_OK;
}

enum rc
store_open(const struct store_options *opt, struct store **out, struct err *e)
{
	const struct store_engine *engine;
	void *impl;
	enum rc rc;

	*out = NULL;
	rc = engine_of(opt, &engine, e);
	if (rc != RC_OK)
		return rc;
	rc = engine->open(opt, &impl, e);
	if (rc != RC_OK)
		return rc;
	*out = xcalloc(1, sizeof(**out));
	(*out)->engine = engine;
	(*out)->impl = impl;
	(*out)->pid = getpid();
	return RC_OK;
}

void
store_close(struct store *s)
{
	if (s == NULL)
		return;
	(void)store_call_begin(s);
	s->engine->close(s->impl);
	free(s);
}

enum rc
store_init(const struct store_options *opt, bool *made, char **says,
    struct err *e)
{
	const struct store_engine *engine;
	enum rc rc;

	*made = false;
	*says = NULL;
	rc = engine_of(opt, &engine, e);
	if (rc != RC_OK)
		return rc;
	return engine->init(opt, made, says, e);
}

bool
store_is_dead(struct store *s)
{
	return s->engine->is_dead(s->impl);
}

enum rc
store_accept(struct store *s, struct event *ev, int64_t wait_ms,
    struct store_receipt *out, struct err *e)
{
	int64_t us = store_call_begin(s);

	memset(out, 0, sizeof(*out));
	return store_call_end(s, STORE_OP_ACCEPT, us,
	    s->engine->accept(s->impl, ev, wait_ms, out, e));
}

enum rc
store_accept_begin(struct store *s, struct event *ev, int64_t wait_ms,
    const struct store_waiter *waiter, struct store_pending *out, struct err *e)
{
	out->op = NULL;
	out->begun_us = store_call_begin(s);
	return s->engine->accept_begin(s->impl, ev, wait_ms, waiter, &out->op,
	    e);
}

enum rc
store_accept_end(struct store *s, struct store_pending *p,
    struct store_receipt *out, struct err *e)
{
	enum rc rc;

	memset(out, 0, sizeof(*out));
	rc = s->engine->accept_end(s->impl, p->op, out, e);
	p->op = NULL;
	return store_call_end(s, STORE_OP_ACCEPT, p->begun_us, rc);
}

bool
store_accept_leave(struct store *s, struct store_pending *p)
{
	if (!s->engine->accept_leave(s->impl, p->op))
		return false;
	p->op = NULL;
	(void)store_call_end(s, STORE_OP_ACCEPT, p->begun_us, RC_BUSY);
	return true;
}

enum rc
store_check(struct store *s, struct err *e)
{
	int64_t us = store_call_begin(s);

	return store_call_end(s, STORE_OP_CHECK, us,
	    s->engine->check(s->impl, e));
}
