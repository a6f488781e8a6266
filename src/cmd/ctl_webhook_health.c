#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/js.h"
#include "cmd/ctl.h"
#include "cmd/ctl_list.h"
#include "cmd/ctl_table.h"
#include "cmd/ctl_webhook.h"
#include "core/webhook.h"
#include "registry/registry.h"
#include "stats/show.h"
#include "store/store_admin.h"
#include "store/store_read.h"

#define HEALTHS 4

static const struct ctl_column columns[] = {
	{ .title = "NAME", .least = 16 },
	{ .title = "ID", .keep = true },
	{ .title = "HEALTH", .keep = true },
	{ .title = "BREAKER", .whole = true, .rank = 2 },
	{ .title = "CALLS", .right = true, .whole = true, .rank = 1 },
	{ .title = "FAILED", .right = true, .whole = true, .rank = 1 },
	{ .title = "OK %", .right = true, .whole = true, .rank = 1 },
	{ .title = "IN A ROW", .right = true, .whole = true, .rank = 3 },
	{ .title = "MIN MS", .right = true, .whole = true, .rank = 7 },
	{ .title = "MEAN MS", .right = true, .whole = true, .rank = 6 },
	{ .title = "MAX MS", .right = true, .whole = true, .rank = 7 },
	{ .title = "FRESHNESS", .whole = true, .rank = 5 },
	{ .title = "LAST SUCCESS", .whole = true, .rank = 3 },
	{ .title = "LAST FAILURE", .whole = true, .rank = 4 },
	{ .title = "HELD", .right = true, .whole = true, .rank = 2 },
	{ .title = "OLDEST HELD", .whole = true, .rank = 4 },
};

static void
put_ms(struct ctl_table *t, const struct webhook *w, int64_t ms)
{
	if (w->response_calls == 0)
		ctl_table_put(t, NULL);
	else
		ctl_table_putf(t, "%lld", (long long)ms);
}

static void
put_row(struct ctl *c, struct ctl_table *t, const struct webhook *w,
    const struct store_held *held, int64_t now_ms)
{
	double percent = webhook_success_percent(w);
	char id[WEBHOOK_ID_MAX + 1];

	ctl_table_put(t, w->name);
	ctl_table_put(t, ctl_webhook_short(c, w->id, id));
	ctl_table_put(t, webhook_health_name(w->health));
	ctl_table_put(t, breaker_state_name(w->breaker));
	ctl_table_putf(t, "%lld", (long long)w->total_calls);
	ctl_table_putf(t, "%lld", (long long)w->failed_calls);
	if (percent < 0)
		ctl_table_put(t, NULL);
	else
		ctl_table_putf(t, "%.1f", percent);
	ctl_table_putf(t, "%lld", (long long)w->consecutive_failures);
	put_ms(t, w, w->response_min_ms);
	put_ms(t, w,
	    w->response_calls > 0 ? w->response_sum_ms / w->response_calls : 0);
	put_ms(t, w, w->response_max_ms);
	ctl_table_put(t, webhook_freshness_name(w, now_ms));
	ctl_table_put_time(t, w->last_success_ms);
	ctl_table_put_time(t, w->last_failure_ms);
	ctl_table_putf(t, "%lld", (long long)held->deliveries);
	ctl_table_put_time(t, held->oldest_ms);
}

static void
put_object(struct js_writer *j, const struct webhook *w,
    const struct store_held *held, int64_t now_ms)
{
	double percent = webhook_success_percent(w);

	js_open_object(j, NULL);
	js_str(j, "id", w->id);
	js_str(j, "name", w->name);
	js_str(j, "webhook_id", w->id);
	js_str(j, "health_status", webhook_health_name(w->health));
	js_str(j, "breaker", breaker_state_name(w->breaker));
	js_time(j, "breaker_until",
	    w->breaker == BREAKER_OPEN ? w->breaker_until_ms : 0);
	js_int(j, "total_calls", w->total_calls);
	js_int(j, "failed_calls", w->failed_calls);
	if (percent < 0)
		js_null(j, "success_rate_percent");
	else
		js_real(j, "success_rate_percent", percent);
	js_int(j, "consecutive_failures", w->consecutive_failures);
	registry_format_times(w, j);
	js_str(j, "success_freshness", webhook_freshness_name(w, now_ms));
	js_time(j, "last_success", w->last_success_ms);
	js_time(j, "last_failure", w->last_failure_ms);
	show_held(j, held);
	js_close_object(j);
}

/* The worst first, then by id as they come. */
static int
compare(const void *a, const void *b)
{
	const struct webhook *x = *(struct webhook *const *)a;
	const struct webhook *y = *(struct webhook *const *)b;

	if (x->health != y->health)
		return x->health < y->health ? 1 : -1;
	return strcmp(x->id, y->id);
}

static const char *
id_of(const void *arg, size_t i)
{
	struct webhook *const *v = arg;

	return v[i]->id;
}

/* What dead deliveries hold up is asked for those that are shown. */
static enum rc
put_some(struct ctl_list *l, struct webhook *const *v, size_t n, struct err *e)
{
	int64_t now_ms = clock_wall_ms(l->ctl->app.clock);
	struct store_held held;
	size_t i;
	enum rc rc = RC_OK;

	for (i = 0; rc == RC_OK && i < n; i++) {
		rc = store_held(l->ctl->app.store, v[i]->id, &held, e);
		if (rc == RC_OK && l->has_table)
			put_row(l->ctl, &l->table, v[i], &held, now_ms);
		else if (rc == RC_OK)
			put_object(&l->w, v[i], &held, now_ms);
	}
	return rc;
}

static void
put_counts(struct js_writer *w, struct webhook *const *v, size_t n)
{
	size_t counts[HEALTHS] = { 0 };
	size_t i;

	for (i = 0; i < n; i++)
		counts[v[i]->health % HEALTHS]++;
	js_open_object(w, "health");
	for (i = 0; i < HEALTHS; i++)
		js_int(w, webhook_health_name((enum webhook_health)i),
		    (int64_t)counts[i]);
	js_close_object(w);
	js_open_array(w, "webhooks");
}

static enum rc
put_all(struct ctl *c, struct webhook **v, size_t n, struct err *e)
{
	static const struct ctl_list_form form = { "webhook", "health", NULL,
		"No webhooks; hlsctl webhook register URL adds one.", columns,
		sizeof(columns) / sizeof(columns[0]) };
	size_t first = 0, end = 0;
	struct ctl_list l;
	enum rc rc;

	if (n > 1)
		qsort(v, n, sizeof(v[0]), compare);
	rc = ctl_list_begin(&l, c, &form, e);
	if (rc == RC_OK && c->json)
		put_counts(&l.w, v, n);
	if (rc == RC_OK)
		rc = ctl_list_from(&l, n, id_of, v, &first, &end, e);
	if (rc == RC_OK)
		rc = put_some(&l, v + first, end - first, e);
	if (rc == RC_OK)
		rc = ctl_list_took(&l, end - first, e);
	if (rc == RC_OK)
		rc = ctl_list_end(&l, end < n ? id_of(v, end - 1) : NULL, e);
	ctl_list_fini(&l);
	return rc;
}

void
ctl_webhook_put_held(struct ctl *c, const struct store_held *held)
{
	if (held->deliveries == 0)
		return;
	buf_addf(&c->out,
	    "held          %lld deliver%s behind dead ones, the oldest since ",
	    (long long)held->deliveries, held->deliveries == 1 ? "y" : "ies");
	ctl_put_time(c, held->oldest_ms);
	buf_add_str(&c->out, "\n");
}

/* One webhook's figures below one another: as a row they do not fit a
 * terminal. */
static void
put_one(struct ctl *c, const struct webhook *w, const struct store_held *held)
{
	double percent = webhook_success_percent(w);

	if (w->name != NULL) {
		buf_add_str(&c->out, "name          ");
		ctl_put_text(c, w->name);
		buf_add_str(&c->out, "\n");
	}
	buf_addf(&c->out, "id            %s\nhealth        %s\n", w->id,
	    webhook_health_name(w->health));
	if (!w->enabled)
		buf_add_str(&c->out, "state         disabled\n");
	buf_addf(&c->out, "breaker       %s", breaker_state_name(w->breaker));
	if (w->breaker == BREAKER_OPEN) {
		buf_add_str(&c->out, " until ");
		ctl_put_time(c, w->breaker_until_ms);
	}
	buf_addf(&c->out, "\ncalls         %lld, %lld failed, %lld in a row\n",
	    (long long)w->total_calls, (long long)w->failed_calls,
	    (long long)w->consecutive_failures);
	if (percent >= 0)
		buf_addf(&c->out, "success rate  %.1f %%\n", percent);
	if (w->response_calls > 0)
		buf_addf(&c->out,
		    "times         %lld ms at least, %lld in the mean, %lld "
		    "at most\n",
		    (long long)w->response_min_ms,
		    (long long)(w->response_sum_ms / w->response_calls),
		    (long long)w->response_max_ms);
	buf_add_str(&c->out, "last success  ");
	ctl_put_time(c, w->last_success_ms);
	buf_addf(&c->out, ", %s",
	    webhook_freshness_name(w, clock_wall_ms(c->app.clock)));
	buf_add_str(&c->out, "\nlast failure  ");
	ctl_put_time(c, w->last_failure_ms);
	buf_add_str(&c->out, "\n");
	ctl_webhook_put_held(c, held);
}

const struct ctl_option ctl_webhook_health_options[] = {
	CTL_LIST_OPTIONS,
	{ .name = NULL },
};

enum rc
ctl_webhook_health(struct ctl *c, struct err *e)
{
	const struct store_webhook_filter all = { .enabled = -1, .health = -1 };
	struct store_webhooks l;
	struct store_held held;
	struct webhook *w;
	enum rc rc;

	if (c->nargs == 0) {
		rc = store_webhook_list(c->app.store, &all, &l, e);
		if (rc != RC_OK)
			return rc;
		rc = put_all(c, l.v, l.n, e);
		store_webhooks_free(&l);
		return rc;
	}
	if ((rc = ctl_webhook_arg(c, e)) != RC_OK)
		return rc;
	rc = store_webhook_find(c->app.store, c->args[0], &w, e);
	if (rc == RC_NOTFOUND)
		return ctl_no_webhook(c->args[0], e);
	if (rc != RC_OK)
		return rc;
	rc = store_held(c->app.store, w->id, &held, e);
	if (rc == RC_OK && c->json)
		rc = put_all(c, &w, 1, e);
	else if (rc == RC_OK)
		put_one(c, w, &held);
	webhook_free(w);
	return rc;
}
