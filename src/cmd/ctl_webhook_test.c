#include "config.h"

#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "base/clock.h"
#include "base/js.h"
#include "base/units.h"
#include "cmd/ctl.h"
#include "cmd/ctl_attempt.h"
#include "cmd/ctl_long.h"
#include "cmd/ctl_webhook.h"
#include "intake/trial.h"
#include "stats/show.h"
#include "store/store_read.h"

#define WAIT_MS 30000
#define WAIT_MAX_MS (3600 * INT64_C(1000))

const struct ctl_option ctl_webhook_test_options[] = {
	{ .name = "event-type",
	    .arg = "TYPE",
	    .doc =
		"type of the sample, such as issues.opened (default: one that "
		"the webhook gets)" },
	{ .name = "wait",
	    .arg = "DURATION",
	    .doc = "how long to wait for the outcome (default: 30s)" },
	{ .name = "event",
	    .arg = "ID",
	    .doc =
		"send nothing; say whether this event would match, and why" },
	{ .name = NULL },
};

static void
put_json(struct ctl *c, const struct trial *t, const struct store_attempts *l)
{
	struct js_writer w;
	size_t i;

	js_writer_init(&w, &c->out);
	js_open_object(&w, NULL);
	js_str(&w, "status", trial_result_name(t->result));
	js_str(&w, "webhook_id", t->webhook_id);
	js_int(&w, "event_id", t->event);
	js_str(&w, "event", t->type);
	if (t->job == NULL) {
		js_null(&w, "delivery");
	} else {
		js_open_object(&w, "delivery");
		show_job(&w, t->job);
		js_open_array(&w, "attempts");
		for (i = 0; i < l->n; i++) {
			js_open_object(&w, NULL);
			show_attempt(&w, &l->v[i]);
			js_close_object(&w);
		}
		js_close_array(&w);
		js_close_object(&w);
	}
	js_close_object(&w);
	buf_add_str(&c->out, "\n");
}

static void
put_text(struct ctl *c, const struct trial *t, const struct store_attempts *l)
{
	size_t i;

	buf_addf(&c->out, "Event %lld, a sample of %s, ", (long long)t->event,
	    t->type);
	if (t->result == TRIAL_DELIVERED)
		buf_add_str(&c->out, "was delivered.\n");
	else if (t->result == TRIAL_FAILED)
		buf_add_str(&c->out, "was not delivered.\n");
	else
		buf_add_str(&c->out, "is queued.\n");
	for (i = 0; i < l->n; i++)
		ctl_attempt_tell(c, &l->v[i]);
	if (t->result == TRIAL_FAILED && l->n == 0)
		buf_addf(&c->out, "  %s\n",
		    t->job == NULL
			? "the webhook was deleted or disabled meanwhile"
			: "it was cancelled");
}

static enum rc
tell(struct ctl *c, const struct trial *t, struct err *e)
{
	struct store_attempts l = { NULL, 0 };
	enum rc rc;

	if (t->job != NULL) {
		rc = store_attempt_list(c->app.store, t->job->id, &l, e);
		if (rc != RC_OK)
			return rc;
	}
	if (c->json)
		put_json(c, t, &l);
	else
		put_text(c, t, &l);
	store_attempts_free(&l);
	if (t->result == TRIAL_FAILED)
		c->status = 1;
	if (t->result != TRIAL_QUEUED)
		return RC_OK;
	c->status = EX_TEMPFAIL;
	return err_set(e, RC_BUSY,
	    "It was not sent in time; hlsctl event show %lld tells what holds "
	    "it or became of it, hlsctl worker list which drains there are.",
	    (long long)t->event);
}

/* An interrupt ends the wait, not the test. */
static enum rc
wait_for(struct ctl *c, const struct intake *in, struct trial *t,
    int64_t wait_ms, struct err *e)
{
	int64_t now_ms = clock_boot_ms(c->app.clock);
	int64_t until_ms = now_ms + wait_ms;
	int64_t slice_ms = 0;
	enum rc rc = RC_OK;

	ctl_long_begin();
	while (rc == RC_OK && t->result == TRIAL_QUEUED && now_ms < until_ms &&
	    !ctl_long_is_cut()) {
		slice_ms = until_ms - now_ms < CTL_LONG_SLICE_MS
		    ? until_ms - now_ms
		    : CTL_LONG_SLICE_MS;
		rc = trial_wait(in, t, now_ms + slice_ms, e);
		now_ms = clock_boot_ms(c->app.clock);
	}
	return rc;
}

static enum rc
read_wait(struct ctl *c, int64_t *out, struct err *e)
{
	const char *text = ctl_option_find(c, "wait");
	enum rc rc;

	*out = WAIT_MS;
	if (text == NULL)
		return RC_OK;
	rc = ctl_duration(c, "wait", text, out, e);
	if (rc == RC_OK && *out > WAIT_MAX_MS)
		return ctl_usage(c, e,
		    "--wait takes a duration up to 1h, such as 30s.");
	return rc;
}

static enum rc
begin(struct ctl *c, const struct intake *in, struct trial *t, struct err *e)
{
	enum rc rc;

	rc =
	    trial_begin(in, c->args[0], ctl_option_find(c, "event-type"), t, e);
	if (rc == RC_NOTFOUND)
		return ctl_no_webhook(c->args[0], e);
	if (rc == RC_INVALID)
		return ctl_usage(c, e,
		    "--event-type takes the name of an event: issues, "
		    "issues.opened.");
	return rc;
}

enum rc
ctl_webhook_test(struct ctl *c, struct err *e)
{
	const struct intake in = { .store = c->app.store,
		.clock = c->app.clock,
		.wait_ms = 5000 };
	const char *event = ctl_option_find(c, "event");
	struct trial t;
	int64_t wait_ms;
	enum rc rc;

	if (event != NULL &&
	    (ctl_has_option(c, "event-type") || ctl_has_option(c, "wait")))
		return ctl_usage(c, e,
		    "--event sends nothing; --event-type and --wait go "
		    "without it.");
	if (event != NULL)
		return ctl_webhook_explain(c, event, e);
	if ((rc = ctl_webhook_arg(c, e)) != RC_OK ||
	    (rc = read_wait(c, &wait_ms, e)) != RC_OK ||
	    (rc = begin(c, &in, &t, e)) != RC_OK)
		return rc;
	rc = wait_for(c, &in, &t, wait_ms, e);
	if (rc == RC_OK)
		rc = tell(c, &t, e);
	trial_fini(&t);
	return rc;
}
