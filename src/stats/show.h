/*
 * show - what is in the store, as the objects of the API
 *
 * The names of members stand here and nowhere else, so that a page and
 * hlsctl --json say the same.  Each function adds the members to the object
 * that is open in w, and the caller may add more.  Registrations are
 * registry_format()'s.  Pure; any thread.
 */
#ifndef STATS_SHOW_H
#define STATS_SHOW_H

struct event;
struct js_writer;
struct store_attempt_row;
struct store_held;
struct store_job;
struct store_stats;
struct store_token;
struct store_worker;

/* Without jobs and body. */
void show_event(struct js_writer *w, const struct event *ev);
/* "passed_by": the counts by reason, null before its jobs were made. */
void show_passed(struct js_writer *w, const struct event *ev);
/* A delivery is a job whose target is a webhook: webhook_id says it too. */
void show_job(struct js_writer *w, const struct store_job *j);
void show_attempt(struct js_writer *w, const struct store_attempt_row *a);
void show_worker(struct js_writer *w, const struct store_worker *v);
/* Never its hash. */
void show_token(struct js_writer *w, const struct store_token *t);
/* The answer of GET /queue/stats. */
void show_queue(struct js_writer *w, const struct store_stats *s);
/* What waits behind dead deliveries. */
void show_held(struct js_writer *w, const struct store_held *h);

#endif
