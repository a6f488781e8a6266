#include "config.h"

#include <stdio.h>
#include <string.h>

#include "app/app_conf.h"
#include "app/app_program.h"
#include "base/clock.h"
#include "base/strlist.h"
#include "cmd/ctl.h"
#include "cmd/ctl_doctor.h"
#include "core/webhook.h"
#include "stats/posts.h"
#include "store/store_admin.h"
#include "store/store_metrics.h"
#include "store/store_read.h"
#include "store/store_work.h"

/* Jobs behind others that are looked at for dead heads. */
#define KEYS_LOOKED_AT 200
#define REFUSED_LATELY_MS (INT64_C(86400) * 1000)

static enum rc
count_drains(struct examination *x, const struct app_conf *conf, size_t *up,
    size_t *all, struct err *e)
{
	struct strlist running = { 0 };
	bool known = app_program_drains(conf, &running);
	enum rc rc;

	rc = store_workers_count(x->ctl->app.store, known ? &running : NULL,
	    conf->monitor.drain_seen_ms, clock_wall_ms(x->ctl->app.clock), up,
	    all, e);
	strlist_fini(&running);
	return rc;
}

static void
examine_drains(struct examination *x, const struct app_conf *conf,
    const struct store_stats *s)
{
	int64_t waiting = s->jobs[STORE_WAITING] + s->jobs[STORE_LEASED] +
	    s->events[EVENT_PENDING];
	char text[200];
	struct err e;
	size_t up, all;

	if (count_drains(x, conf, &up, &all, &e) != RC_OK) {
		ctl_doctor_report(x, DOCTOR_FAULT, "drains", e.text);
	} else if (up == 0 && waiting > 0) {
		(void)snprintf(text, sizeof(text),
		    "%lld events and deliveries wait, and no hls-drain runs: "
		    "start one with systemctl start hls-drain@1, or run "
		    "hls-drain --once",
		    (long long)waiting);
		/* The first run of cron's drain may be still to come. */
		ctl_doctor_report(x,
		    all > 0 || s->overdue > 0 ? DOCTOR_FAULT : DOCTOR_NOTE,
		    "drains", text);
	} else if (up == 0) {
		ctl_doctor_report(x, DOCTOR_NOTE, "drains",
		    all == 0 ? "None has been seen yet; nothing is delivered "
			       "until hls-drain runs."
			     : "None runs, or none reported lately; nothing is "
			       "delivered until hls-drain runs.");
	} else {
		ctl_doctor_report(x, DOCTOR_OK, "drains", NULL);
	}
}

static void
examine_dead(struct examination *x, const struct store_stats *s)
{
	char text[300];

	if (s->jobs[STORE_STATE_DEAD] == 0) {
		ctl_doctor_report(x, DOCTOR_OK, "dead", NULL);
		return;
	}
	(void)snprintf(text, sizeof(text),
	    "%lld deliver%s dead: hlsctl delivery list --state dead shows "
	    "why; when the receivers are repaired, hlsctl delivery retry "
	    "--state dead sends all again, and retry ID or cancel ID settles "
	    "one",
	    (long long)s->jobs[STORE_STATE_DEAD],
	    s->jobs[STORE_STATE_DEAD] == 1 ? "y is" : "ies are");
	ctl_doctor_report(x, DOCTOR_NOTE, "dead", text);
}

static void
examine_suspects(struct examination *x, const struct store_stats *s)
{
	char text[300];

	if (s->suspects_held == 0) {
		ctl_doctor_report(x, DOCTOR_OK, "suspects", NULL);
		return;
	}
	(void)snprintf(text, sizeof(text),
	    "%lld event%s held back and go%s to no webhook: hlsctl event list "
	    "--suspect shows why; hlsctl event release ID, or --all, sends "
	    "them out; hlsctl event cancel ID drops one",
	    (long long)s->suspects_held,
	    s->suspects_held == 1 ? " is" : "s are",
	    s->suspects_held == 1 ? "es" : "");
	ctl_doctor_report(x, DOCTOR_NOTE, "suspects", text);
}

/* Posts of the last day that a sender with the secret made and that are
 * stored nowhere. */
static void
examine_refusals(struct examination *x, const struct app_conf *conf)
{
	static const char late[] =
	    "; the time of a post was too far from this machine's clock: "
	    "timedatectl tells whether that is right, else the sender's "
	    "clock is off, or old posts are sent again";
	int64_t now_ms = clock_wall_ms(x->ctl->app.clock), n, last_ms, late_ms;
	struct store_metrics m;
	bool well = true;
	char text[600];
	struct err e;
	size_t i;

	if (store_figures(x->ctl->app.store, &m, &e) != RC_OK) {
		ctl_doctor_report(x, DOCTOR_FAULT, "refusals", e.text);
		return;
	}
	for (i = 0; i < conf->sources.n; i++) {
		n = posts_lost(&m, conf->sources.v[i].name, &last_ms, &late_ms);
		if (n == 0 || last_ms < now_ms - REFUSED_LATELY_MS)
			continue;
		well = false;
		(void)snprintf(text, sizeof(text),
		    "source %s refused %lld post%s whose signature matched, "
		    "the last one within a day: hlsctl source show %s says "
		    "for what reason%s",
		    conf->sources.v[i].name, (long long)n, n == 1 ? "" : "s",
		    conf->sources.v[i].name,
		    late_ms < now_ms - REFUSED_LATELY_MS ? "" : late);
		ctl_doctor_report(x, DOCTOR_NOTE, "refusals", text);
	}
	if (well)
		ctl_doctor_report(x, DOCTOR_OK, "refusals", NULL);
	store_metrics_free(&m);
}

/* As a command takes it: the name in quotes, or the id where there is none or
 * a quote is in it. */
static void
quote_webhook(const struct webhook *w, char *out, size_t size)
{
	if (w->name == NULL || strchr(w->name, '\'') != NULL)
		(void)snprintf(out, size, "%s", w->id);
	else if (webhook_id_is_valid(w->name))
		(void)snprintf(out, size, "%s", w->name);
	else
		(void)snprintf(out, size, "'%s'", w->name);
}

/* Those that a person disabled stay so. */
static void
examine_disabled(struct examination *x)
{
	static const struct store_webhook_filter off = { .enabled = 0,
		.health = -1 };
	struct store_webhooks l = { 0 };
	char text[500], name[WEBHOOK_NAME_MAX + 8];
	struct err e;
	size_t i, found = 0;

	if (store_webhook_list(x->ctl->app.store, &off, &l, &e) != RC_OK) {
		ctl_doctor_report(x, DOCTOR_FAULT, "disabled", e.text);
		return;
	}
	for (i = 0; i < l.n; i++) {
		if (l.v[i]->disabled_why == WEBHOOK_BY_PERSON)
			continue;
		found++;
		quote_webhook(l.v[i], name, sizeof(name));
		(void)snprintf(text, sizeof(text),
		    "hls disabled the webhook %s, as its receiver %s; when "
		    "the receiver is repaired: hlsctl webhook enable %s",
		    name,
		    l.v[i]->disabled_why == WEBHOOK_GONE
			? "answered 410 (Gone)"
			: "failed for all of outbound.disable_after",
		    name);
		ctl_doctor_report(x, DOCTOR_NOTE, "disabled", text);
	}
	if (found == 0)
		ctl_doctor_report(x, DOCTOR_OK, "disabled", NULL);
	store_webhooks_free(&l);
}

static void
report_breaker(struct examination *x, const struct webhook *w)
{
	char text[500], name[WEBHOOK_NAME_MAX + 8];

	quote_webhook(w, name, sizeof(name));
	(void)snprintf(text, sizeof(text),
	    "The receiver of the webhook %s fails, so its breaker is open and "
	    "one probe goes out at a time; when the receiver is repaired: "
	    "hlsctl webhook enable %s",
	    name, name);
	ctl_doctor_report(x, DOCTOR_NOTE, "breakers", text);
}

/* Reads the webhooks whose breaker is open, and no others. */
static void
examine_breakers(struct examination *x)
{
	struct store *store = x->ctl->app.store;
	struct strlist open = { 0 };
	int64_t version = -1;
	struct webhook *w;
	size_t i, found = 0;
	bool changed;
	struct err e;
	enum rc rc;

	rc = store_blocked(store, &version, &open, &changed, &e);
	for (i = 0; rc == RC_OK && i < open.n; i++) {
		rc = store_webhook_find(store, open.v[i], &w, &e);
		if (rc == RC_NOTFOUND) {
			rc = RC_OK;
			continue;
		}
		if (rc == RC_OK && w->enabled) {
			report_breaker(x, w);
			found++;
		}
		if (rc == RC_OK)
			webhook_free(w);
	}
	if (rc != RC_OK)
		ctl_doctor_report(x, DOCTOR_FAULT, "breakers", e.text);
	else if (found == 0)
		ctl_doctor_report(x, DOCTOR_OK, "breakers", NULL);
	strlist_fini(&open);
}

/* The dead heads of order keys that others wait behind, each once. */
static void
examine_keys(struct examination *x)
{
	const struct store_job_filter blocked = { .state = -1,
		.blocked = true,
		.limit = KEYS_LOOKED_AT };
	struct store_jobs l = { 0 };
	struct store_job *head;
	char text[300];
	int64_t next, last = 0;
	struct err e;
	size_t i, stuck = 0;

	if (store_job_list(x->ctl->app.store, &blocked, &l, &next, &e) !=
	    RC_OK) {
		ctl_doctor_report(x, DOCTOR_FAULT, "keys", e.text);
		return;
	}
	for (i = 0; i < l.n; i++) {
		if (l.v[i].blocked_by == last ||
		    store_job_find(x->ctl->app.store, l.v[i].blocked_by, &head,
			&e) != RC_OK)
			continue;
		last = l.v[i].blocked_by;
		if (head->state == STORE_STATE_DEAD) {
			stuck++;
			(void)snprintf(text, sizeof(text),
			    "Deliveries to the webhook %s wait for the dead "
			    "delivery %lld of their order key; hlsctl delivery "
			    "cancel %lld gives it up: hlsctl delivery retry "
			    "%lld",
			    head->webhook_name == NULL ? head->target
						       : head->webhook_name,
			    (long long)head->id, (long long)head->id,
			    (long long)head->id);
			ctl_doctor_report(x, DOCTOR_NOTE, "keys", text);
		}
		store_job_free(head);
	}
	if (stuck == 0)
		ctl_doctor_report(x, DOCTOR_OK, "keys", NULL);
	store_jobs_free(&l);
}

void
ctl_doctor_queue(struct examination *x)
{
	const struct app_conf *conf = x->ctl->app.conf;
	struct store_stats s;
	struct err e;

	if (store_stats(x->ctl->app.store, clock_wall_ms(x->ctl->app.clock),
		conf->monitor.overdue_after_ms, &s, &e) != RC_OK) {
		ctl_doctor_report(x, DOCTOR_FAULT, "queue", e.text);
		return;
	}
	examine_drains(x, conf, &s);
	examine_dead(x, &s);
	examine_suspects(x, &s);
	examine_refusals(x, conf);
	examine_disabled(x);
	examine_breakers(x);
	examine_keys(x);
}
