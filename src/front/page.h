/*
 * page - one resource a page
 *
 * A page has a request that was let in, answers it by filling the response,
 * and holds no logic of its own: intake, registry, store and stats do.  What
 * it returns becomes the status (reply.h) unless it was RC_OK.  Any thread.
 */
#ifndef FRONT_PAGE_H
#define FRONT_PAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/id.h"
#include "base/js.h"
#include "core/event.h"
#include "core/http.h"
#include "core/webhook.h"
#include "front/auth.h"
#include "front/settings.h"

#define PAGE_LIMIT_MAX 200
#define PAGE_LIMIT_DEFAULT 50

struct budget;
struct resend;
struct store_attempt_row;
struct store_job;

/* Ids for the log line, as far as the page came to know them. */
struct page_note {
	char event_id[ID_PUBLIC_SIZE]; /* the public one */
	char delivery_id[EVENT_DELIVERY_ID_MAX + 1];
	char sent_delivery_id[EVENT_SENT_ID_MAX + 1];
	char event_type[EVENT_TYPE_MAX + 1];
	char repository[EVENT_REPOSITORY_MAX + 1];
	char webhook_id[WEBHOOK_ID_MAX + 1];
	const char *outcome; /* a literal; NULL: none */
	bool is_signed;      /* a post whose signature fits */
};

struct page {
	const struct settings *set;
	const struct http_req *req;
	struct http_resp *resp;
	const char *arg; /* what stood for {} in the path */
	char webhook_id[WEBHOOK_ID_MAX + 1];
	struct auth_who who;
	struct page_note note;
	struct intake_body *body; /* that of req; intake may take it */
	struct budget *bodies;    /* the memory that all requests share */
	struct resend *resend;    /* NULL: none is kept */
	size_t held;              /* of it, for the answer */
	/* A post to a source is not waited for where there is a waiter. */
	const struct store_waiter *waiter;
	struct store_pending pending;
	struct intake_outcome post;
	struct intake_memory memory;
};

/* Says 200 and begins a JSON object or ends it. */
void page_json_begin(struct page *pg, struct js_writer *w);
void page_json_end(struct page *pg, struct js_writer *w);

/* The members of a delivery.  An order key is a value of the event's body, so
 * only those who may read payloads see it. */
void page_job(struct page *pg, struct js_writer *w, const struct store_job *j);
/* One attempt as an object.  What a receiver answered, and from where, is an
 * administrator's to see: to others a webhook would be a way to read from
 * the network behind us. */
void page_attempt(struct page *pg, struct js_writer *w,
    const struct store_attempt_row *row);
/* The member "attempts" with the latest of a job, at most max, oldest first,
 * and "attempts_left_out" where there are more. */
enum rc page_attempts(struct page *pg, struct js_writer *w, int64_t job,
    size_t max, struct err *e);

/* 422 with what is wrong with each field. */
void page_invalid(struct page *pg, const struct intake_problems *p);
/* The same where rc says that the body was read and p names fields; returns
 * rc. */
enum rc page_unread(struct page *pg, enum rc rc,
    const struct intake_problems *p);

/*
 * The webhook that the path names, by its id, the first characters of that,
 * or its name; pg->arg is its id afterwards.  RC_NOTFOUND, and RC_EXISTS when
 * several ids begin so.
 */
enum rc page_webhook_arg(struct page *pg, struct err *e);
/* The same for a field of the body or the query, where 422 is answered for
 * one that is not there. */
enum rc page_webhook_field(struct page *pg, const char *field, const char *text,
    char id[WEBHOOK_ID_MAX + 1], struct err *e);

/* Has the log name the event by its public id, as every log does. */
void page_note_event(struct page *pg, int64_t id);
/* The event that the path names, by either of its ids. */
enum rc page_event_resolve(struct page *pg, int64_t *id, struct err *e);

/* The members "passed_by_now" and "passed_by_next_cursor" of an event: the
 * webhooks that it passes by, of the first ones that are registered. */
enum rc page_passed_now(struct page *pg, struct js_writer *w,
    const struct event *ev, struct err *e);

/* The query parameters of a list, read one by one and judged together. */
struct page_query {
	struct page *pg;
	const char *wrong; /* the first parameter that is, or NULL */
};
size_t page_query_limit(struct page_query *q, size_t fallback, size_t max);
int64_t page_query_int(struct page_query *q, const char *name, int64_t least);
int64_t page_query_time(struct page_query *q, const char *name);
/* 1 for true, 0 for false, -1 when absent. */
int page_query_flag(struct page_query *q, const char *name);
/* out is "" when absent. */
void page_query_text(struct page_query *q, const char *name, char *out,
    size_t max);
/* True when all were well, otherwise 422 is answered. */
bool page_query_is_good(struct page_query *q);

/* "next_cursor", null at the end. */
void page_cursor(struct js_writer *w, int64_t next);

/* The time that is left for the store. */
int64_t page_wait_ms(const struct page *pg);

/*
 * Whether this request may hold its thread for long: those that wait for
 * others' work, or work until their time is up, are a quarter of all at most,
 * so that posts find the others.  One that may not does what it can at once.
 * With true page_linger_end() gives the place back.
 */
bool page_linger(const struct page *pg);
void page_linger_end(void);

/*
 * A call that works in slices, each of which may wait for its turn.  It begins
 * none after until_ms of the boot clock, so that the answer still goes out in
 * time: half of the time is for that.  One that may not linger works one slice.
 */
struct page_bulk {
	int64_t until_ms;
	bool lingers;
};
void page_bulk_begin(const struct page *pg, struct page_bulk *b);
void page_bulk_end(const struct page_bulk *b);
/* Begins the answer with the member name: 202, or 200 for a dry run.
 * page_json_end() ends it. */
void page_bulk_tell(struct page *pg, struct js_writer *w, bool dry_run,
    const char *name, int64_t n);

/*
 * The body's one member, a string of fewer than max bytes; "" when it is
 * absent or null, or there is no body.  RC_INVALID: 400 for what is no JSON,
 * 422 for a member of another name or form.
 */
enum rc page_body_text(struct page *pg, const char *name, char *out, size_t max,
    struct err *e);
/* The same for a page that takes no member: no body, or {}. */
enum rc page_body_none(struct page *pg, struct err *e);
/* The body's one member is true or false; *out is false when it is absent. */
enum rc page_body_flag(struct page *pg, const char *name, bool *out,
    struct err *e);
/* 422 for one member of the body. */
enum rc page_refuse(struct page *pg, const char *field, const char *message,
    struct err *e);

/* What became of a post, as 202 or 200. */
void page_hooks_outcome(struct page *pg, const struct intake_outcome *out);

/* Memory for n bytes of answer, all there is at most, until the answer has
 * been sent.  RC_BUSY: none was free in time. */
enum rc page_hold(struct page *pg, size_t n, struct err *e);
/* Gives back what page_hold() has taken. */
void page_let_go(struct page *pg);

/* The registry as the user of this request may use it. */
struct registry page_registry(const struct page *pg);

/* intake whose reads of stored bodies wait for memory for bodies. */
struct intake page_intake(struct page *pg);

/* The pages, by the files that hold them. */
enum rc page_hooks_post(struct page *pg, struct err *e);
/* Answers with what became of pg->post, in place of the page. */
enum rc page_hooks_end(struct page *pg, enum rc rc, struct err *e);

enum rc page_webhooks_register(struct page *pg, struct err *e);
enum rc page_webhooks_list(struct page *pg, struct err *e);
enum rc page_webhooks_list_all(struct page *pg, struct err *e);
enum rc page_webhooks_show(struct page *pg, struct err *e);
enum rc page_webhooks_change(struct page *pg, struct err *e);
enum rc page_webhooks_delete(struct page *pg, struct err *e);
enum rc page_webhooks_enable(struct page *pg, struct err *e);
enum rc page_webhooks_disable(struct page *pg, struct err *e);
enum rc page_webhooks_rotate(struct page *pg, struct err *e);
enum rc page_webhooks_attempts(struct page *pg, struct err *e);

enum rc page_events_publish(struct page *pg, struct err *e);
enum rc page_events_list(struct page *pg, struct err *e);
enum rc page_events_show(struct page *pg, struct err *e);
enum rc page_events_payload(struct page *pg, struct err *e);

enum rc page_passed_list(struct page *pg, struct err *e);

enum rc page_release_event(struct page *pg, struct err *e);
enum rc page_release_all(struct page *pg, struct err *e);

enum rc page_replay_event(struct page *pg, struct err *e);
enum rc page_replay_all(struct page *pg, struct err *e);
enum rc page_replay_recover(struct page *pg, struct err *e);

enum rc page_test_send(struct page *pg, struct err *e);

enum rc page_deliveries_list(struct page *pg, struct err *e);
enum rc page_deliveries_show(struct page *pg, struct err *e);
enum rc page_deliveries_retry(struct page *pg, struct err *e);
enum rc page_deliveries_cancel(struct page *pg, struct err *e);
enum rc page_deliveries_retry_all(struct page *pg, struct err *e);
enum rc page_deliveries_cancel_all(struct page *pg, struct err *e);

enum rc page_queue_stats(struct page *pg, struct err *e);
enum rc page_queue_retry(struct page *pg, struct err *e);

enum rc page_stats_show(struct page *pg, struct err *e);

enum rc page_metrics_show(struct page *pg, struct err *e);

enum rc page_health_alive(struct page *pg, struct err *e);
enum rc page_health_ready(struct page *pg, struct err *e);

enum rc page_sources_list(struct page *pg, struct err *e);
enum rc page_sources_show(struct page *pg, struct err *e);

enum rc page_me_show(struct page *pg, struct err *e);

#endif
