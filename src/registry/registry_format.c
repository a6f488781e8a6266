#include "config.h"

#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/js.h"
#include "base/units.h"
#include "core/urlmask.h"
#include "core/webhook.h"
#include "core/whsk.h"
#include "registry/registry.h"
#include "store/store_read.h"

/* Negative: the setting for all holds. */
static void
number(struct js_writer *w, const char *key, int64_t value)
{
	if (value < 0)
		js_null(w, key);
	else
		js_int(w, key, value);
}

static void
duration(struct js_writer *w, const char *key, int64_t ms)
{
	if (ms < 0)
		js_null(w, key);
	else
		js_duration(w, key, ms);
}

static void
rate(struct js_writer *w, const char *key, int64_t milli)
{
	char text[UNITS_TEXT_SIZE];

	if (milli < 0) {
		js_null(w, key);
		return;
	}
	units_milli_format(milli, text);
	js_raw(w, key, text, strlen(text));
}

static void
schedule(struct js_writer *w, const int64_t *ms, size_t n)
{
	size_t i;

	if (ms == NULL && n == 0) {
		js_null(w, "retry_schedule");
		return;
	}
	js_open_array(w, "retry_schedule");
	for (i = 0; i < n; i++)
		js_duration(w, NULL, ms[i]);
	js_close_array(w);
}

static void
retry_schedule(struct js_writer *w, const struct webhook *hook)
{
	schedule(w, hook->retry_schedule, hook->nretries);
}

/* What holds in the end, where a registration leaves it to hls.yaml. */
static void
effective(struct js_writer *w, const struct webhook *hook,
    const struct registry_defaults *d)
{
	static const int64_t none[1];

	if (d == NULL)
		return;
	js_open_object(w, "effective");
	rate(w, "rate_limit",
	    hook->rate_limit < 0 ? d->rate_limit : hook->rate_limit);
	js_int(w, "max_in_flight",
	    hook->max_in_flight < 0 ? d->max_in_flight : hook->max_in_flight);
	js_duration(w, "timeout",
	    hook->timeout_ms < 0 ? d->timeout_ms : hook->timeout_ms);
	if (hook->retry_schedule == NULL)
		schedule(w, d->nretries == 0 ? none : d->retry_schedule,
		    d->nretries);
	else
		schedule(w, hook->retry_schedule, hook->nretries);
	js_close_object(w);
}

static void
url(struct js_writer *w, const struct webhook *hook, bool is_masked)
{
	struct buf text;

	if (!is_masked) {
		js_str(w, "url", hook->url);
		return;
	}
	buf_init(&text, strlen(hook->url) + 16);
	urlmask_path(hook->url, &text);
	js_strn(w, "url", text.data, text.len);
	buf_fini(&text);
}

/* What a receiver wants in its headers is a secret as often as not. */
static void
headers(struct js_writer *w, const struct webhook *hook)
{
	size_t i;

	js_open_object(w, "headers");
	for (i = 0; i < hook->nheaders; i++)
		js_str(w, hook->headers[i].name, "***");
	js_close_object(w);
}

static void
tls(struct js_writer *w, const struct webhook *hook)
{
	js_open_object(w, "tls");
	js_str(w, "ca_file", hook->tls.ca_file);
	js_str(w, "cert_file", hook->tls.cert_file);
	js_str(w, "key_file", hook->tls.key_file);
	js_close_object(w);
}

static void
public_key(struct js_writer *w, const char *key, const struct secret *pair)
{
	char text[WHSK_PUBLIC_SIZE];

	js_str(w, key, whsk_public(pair, text) ? text : NULL);
}

/* When each of those that sign too ends; never what they are. */
static void
old_secrets(struct js_writer *w, const struct webhook *hook, int64_t now_ms)
{
	size_t i;

	js_open_array(w, "old_secrets_until");
	for (i = 0; i < hook->nolds; i++)
		if (hook->olds[i].until_ms > now_ms)
			js_time(w, NULL, hook->olds[i].until_ms);
	js_close_array(w);
}

void
registry_format_times(const struct webhook *w, struct js_writer *out)
{
	int64_t n = w->response_calls;

	if (n <= 0) {
		js_null(out, "min_response_time_ms");
		js_null(out, "avg_response_time_ms");
		js_null(out, "max_response_time_ms");
		return;
	}
	js_int(out, "min_response_time_ms", w->response_min_ms);
	js_real(out, "avg_response_time_ms",
	    (double)(w->response_sum_ms * 100 / n) / 100);
	js_int(out, "max_response_time_ms", w->response_max_ms);
}

static void
put_beside(struct js_writer *w, const struct registry_beside *beside)
{
	const struct store_held *held = beside->held;
	const struct store_missed *missed = beside->missed;

	if (held != NULL) {
		js_int(w, "blocked_keys", held->keys);
		js_int(w, "held_deliveries", held->deliveries);
		js_bool(w, "held_complete", !held->is_cut);
		js_time(w, "oldest_held_at", held->oldest_ms);
	}
	if (missed == NULL)
		return;
	js_open_object(w, "passed_by");
	js_int(w, "count", missed->n);
	js_bool(w, "complete", missed->is_all);
	js_time(w, "since", missed->since_ms);
	js_time(w, "until", missed->until_ms);
	js_close_object(w);
}

void
registry_format(const struct registry *r, const struct webhook *hook,
    bool show_secret, const struct registry_beside *beside, struct buf *out)
{
	struct js_writer w;

	js_writer_init(&w, out);
	js_open_object(&w, NULL);
	js_str(&w, "id", hook->id);
	js_str(&w, "name", hook->name);
	js_str(&w, "webhook_id", hook->id);
	url(&w, hook, r->masks_urls);
	js_strlist(&w, "events", &hook->events);
	js_str(&w, "secret", show_secret ? hook->secret.bytes : "***");
	js_str(&w, "team", hook->team);
	js_str(&w, "description", hook->description);
	js_bool(&w, "enabled", hook->enabled);
	js_str(&w, "disabled_reason",
	    hook->enabled ? NULL : webhook_why_name(hook->disabled_why));
	js_time(&w, "disabled_at", hook->enabled ? 0 : hook->disabled_ms);
	js_time(&w, "created_at", hook->created_ms);
	js_time(&w, "updated_at", hook->updated_ms);
	headers(&w, hook);
	js_strlist(&w, "signatures", &hook->signatures);
	public_key(&w, "public_key", &hook->sign_key);
	old_secrets(&w, hook, clock_wall_ms(r->clock));
	js_str(&w, "body", webhook_body_name(hook->body));
	js_bool(&w, "cloudevents", hook->cloudevents);
	rate(&w, "rate_limit", hook->rate_limit);
	number(&w, "max_in_flight", hook->max_in_flight);
	duration(&w, "timeout", hook->timeout_ms);
	retry_schedule(&w, hook);
	effective(&w, hook, r->defaults);
	js_str(&w, "order_by", hook->order_by);
	js_str(&w, "on_dead", webhook_on_dead_name(hook->on_dead));
	tls(&w, hook);
	js_json(&w, "filter", hook->filter,
	    hook->filter == NULL ? 0 : strlen(hook->filter));
	js_int(&w, "total_calls", hook->total_calls);
	js_int(&w, "failed_calls", hook->failed_calls);
	registry_format_times(hook, &w);
	js_time(&w, "last_success", hook->last_success_ms);
	js_time(&w, "last_failure", hook->last_failure_ms);
	js_str(&w, "health_status",
	    webhook_health_name(
		hook->enabled ? hook->health : WEBHOOK_UNAVAILABLE));
	js_int(&w, "consecutive_failures", hook->consecutive_failures);
	js_time(&w, "failing_since", hook->failing_since_ms);
	js_time(&w, "disable_at", hook->disable_at_ms);
	js_str(&w, "breaker", breaker_state_name(hook->breaker));
	js_time(&w, "breaker_until",
	    hook->breaker == BREAKER_OPEN ? hook->breaker_until_ms : 0);
	if (beside != NULL)
		put_beside(&w, beside);
	js_close_object(&w);
}
