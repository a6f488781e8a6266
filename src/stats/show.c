#include "config.h"

#include "base/js.h"
#include "core/event.h"
#include "stats/show.h"
#include "store/store_admin.h"
#include "store/store_read.h"
#include "store/store_work.h"

void
show_passed(struct js_writer *w, const struct event *ev)
{
	int i;

	if (!ev->has_passed) {
		js_null(w, "passed_by");
		return;
	}
	js_open_object(w, "passed_by");
	for (i = 0; i < EVENT_PASSED; i++)
		if (ev->passed[i] > 0)
			js_int(w, event_passed_name((enum event_passed)i),
			    ev->passed[i]);
	js_close_object(w);
}

void
show_event(struct js_writer *w, const struct event *ev)
{
	js_int(w, "id", ev->id);
	js_str(w, "public_id", ev->public_id);
	js_str(w, "source", ev->source);
	js_str(w, "provider", ev->provider);
	js_str(w, "delivery_id", ev->delivery_id);
	js_str(w, "sent_delivery_id", ev->sent_id);
	js_str(w, "event_type", ev->type);
	js_str(w, "action", ev->action);
	js_str(w, "repository", ev->repository);
	js_strlist(w, "team", &ev->teams);
	js_str(w, "webhook_id", ev->webhook_id);
	js_int(w, "priority", ev->priority);
	js_str(w, "status", event_status_name(ev->status));
	js_int(w, "jobs_total", ev->jobs_total);
	js_int(w, "retry_count", ev->retry_count);
	js_str(w, "error_message", ev->error_message);
	js_bool(w, "suspect", ev->replay_suspect);
	js_str(w, "suspect_reason",
	    ev->replay_suspect ? event_why_name(ev->suspect_why) : NULL);
	js_bool(w, "replay_suspect", ev->replay_suspect);
	js_bool(w, "test", event_is_test(ev));
	js_str(w, "content_type", ev->content_type);
	js_int(w, "size", (int64_t)ev->bodysz);
	show_passed(w, ev);
	js_time(w, "created_at", ev->received_ms);
	js_time(w, "scheduled_at", ev->scheduled_ms);
	js_time(w, "started_at", ev->started_ms);
	js_time(w, "completed_at", ev->completed_ms);
}

void
show_job(struct js_writer *w, const struct store_job *j)
{
	js_int(w, "id", j->id);
	js_str(w, "public_id", j->public_id);
	js_int(w, "event_id", j->event);
	js_str(w, "kind", store_kind_name(j->kind));
	js_str(w, "target", j->target);
	if (j->kind == STORE_DELIVER)
		js_str(w, "webhook_id", j->target);
	if (j->kind == STORE_DELIVER)
		js_str(w, "webhook_name", j->webhook_name);
	js_str(w, "state", store_state_name(j->state));
	js_bool(w, "test", j->is_test);
	js_int(w, "round", j->round);
	js_int(w, "attempt", j->attempt);
	js_int(w, "deaths", j->deaths);
	js_int(w, "priority", j->priority);
	js_str(w, "order_key", j->order_key);
	if (j->blocked_by == 0)
		js_null(w, "blocked_by");
	else
		js_int(w, "blocked_by", j->blocked_by);
	js_str(w, "lease_owner", j->lease_owner);
	if (j->last_text == NULL) {
		js_null(w, "last_class");
		js_null(w, "last_code");
	} else {
		js_str(w, "last_class", store_class_name(j->last_class));
		js_int(w, "last_code", j->last_code);
	}
	js_str(w, "last_text", j->last_text);
	js_time(w, "created_at", j->created_ms);
	js_time(w, "due_at", j->due_ms);
	js_time(w, "ended_at", j->ended_ms);
}

static void
show_part(struct js_writer *w, const char *key, int64_t us)
{
	if (us > 0)
		js_real(w, key, (double)us / 1000);
	else
		js_null(w, key);
}

void
show_attempt(struct js_writer *w, const struct store_attempt_row *a)
{
	js_int(w, "id", a->id);
	js_int(w, "job_id", a->job);
	js_str(w, "webhook_id", a->webhook_id);
	js_str(w, "worker_id", a->worker);
	js_int(w, "number", a->number);
	js_time(w, "started_at", a->a.started_ms);
	js_int(w, "took_ms", a->a.took_ms);
	js_open_object(w, "timings");
	show_part(w, "name_ms", a->a.request.times.name_us);
	show_part(w, "connect_ms", a->a.request.times.connect_us);
	show_part(w, "tls_ms", a->a.request.times.tls_us);
	show_part(w, "first_byte_ms", a->a.request.times.first_byte_us);
	js_close_object(w);
	js_str(w, "class", store_class_name(a->a.class));
	js_int(w, "code", a->a.code);
	js_str(w, "text", a->a.text);
	js_str(w, "address", a->a.request.address);
	js_bool(w, "timed_out", a->a.request.timed_out);
	js_bool(w, "fenced", a->fenced);
	/* Foreign bytes; what is no UTF-8 is replaced by the writer. */
	js_strn(w, "answer",
	    a->a.request.answer == NULL ? "" : a->a.request.answer,
	    a->a.request.answersz);
}

void
show_worker(struct js_writer *w, const struct store_worker *v)
{
	js_str(w, "worker_id", v->id);
	js_str(w, "kinds", v->kinds);
	js_time(w, "started_at", v->started_ms);
	js_time(w, "last_seen", v->last_seen_ms);
	js_int(w, "in_flight", v->in_flight);
	js_int(w, "done", v->done);
	js_int(w, "failed", v->failed);
}

void
show_token(struct js_writer *w, const struct store_token *t)
{
	js_str(w, "name", t->name);
	js_str(w, "role", t->role);
	js_bool(w, "revoked", t->revoked);
	js_time(w, "created_at", t->created_ms);
	js_time(w, "expires_at", t->expires_ms);
	js_time(w, "last_used", t->last_used_ms);
}

void
show_queue(struct js_writer *w, const struct store_stats *s)
{
	int64_t open;
	int i;

	open = s->failed_open;
	js_open_object(w, "queue_status");
	for (i = 0; i < EVENT_STATUSES; i++) {
		js_int(w, event_status_name((enum event_status)i),
		    s->events[i]);
		if (i != EVENT_COMPLETED && i != EVENT_FAILED)
			open += s->events[i];
	}
	js_close_object(w);
	js_int(w, "overdue_webhooks", s->overdue);
	js_int(w, "held", s->held);
	js_int(w, "total_pending", s->events[EVENT_PENDING]);
	js_int(w, "total_open", open);
	show_held(w, &s->in_order);
}

void
show_held(struct js_writer *w, const struct store_held *h)
{
	js_int(w, "blocked_keys", h->keys);
	js_int(w, "held_deliveries", h->deliveries);
	js_time(w, "oldest_held_at", h->oldest_ms);
}
