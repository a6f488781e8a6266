#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/app_conf.h"
#include "base/js.h"
#include "cmd/ctl.h"
#include "cmd/ctl_doctor.h"
#include "store/store_admin.h"
#include "store/store_read.h"
#include "store/store_work.h"

/* Of what the store finds, these work as they are. */
static void
take_finding(void *arg, const char *check, const char *finding)
{
	static const char *const notes[] = { "key", "wal", "deleted", "clock",
		"waits" };
	enum doctor_level level;
	size_t i;

	level = finding == NULL ? DOCTOR_OK : DOCTOR_FAULT;
	for (i = 0; i < sizeof(notes) / sizeof(notes[0]); i++)
		if (level == DOCTOR_FAULT && strcmp(check, notes[i]) == 0)
			level = DOCTOR_NOTE;
	ctl_doctor_report(arg, level, check, finding);
}

static void
examine_store(struct examination *x, const struct app_conf *conf)
{
	const struct store_flow flow = {
		.rate = conf->outbound.rate_limit,
		.max_in_flight = conf->outbound.max_in_flight,
		.failures = conf->outbound.breaker_failures,
		.open_ms = conf->outbound.breaker_open_ms,
		.retry_schedule = conf->outbound.retry_schedule.ms,
		.nretries = conf->outbound.retry_schedule.n,
	};
	struct err e;

	if (app_ctl_open(&x->ctl->app, &e) != RC_OK) {
		ctl_doctor_report(x, DOCTOR_FAULT, "store", e.text);
		return;
	}
	/* How long something may wait depends on them. */
	store_flow(x->ctl->app.store, &flow);
	if (store_doctor(x->ctl->app.store, take_finding, x, &e) != RC_OK)
		ctl_doctor_report(x, DOCTOR_FAULT, "store", e.text);
	ctl_doctor_programs(x);
	ctl_doctor_queue(x);
}

static enum rc
run_doctor(struct ctl *c, struct err *e)
{
	const struct app_conf *conf;
	struct examination x;

	(void)e;
	conf = c->app.conf;
	memset(&x, 0, sizeof(x));
	x.ctl = c;
	x.quiet = ctl_has_option(c, "quiet");
	js_writer_init(&x.w, &c->out);
	if (c->json) {
		js_open_object(&x.w, NULL);
		js_open_array(&x.w, "checks");
	}
	ctl_doctor_files(&x);
	examine_store(&x, conf);
	if (c->json) {
		js_close_array(&x.w);
		js_int(&x.w, "notes", (int64_t)x.notes);
		js_int(&x.w, "faults", (int64_t)x.faults);
		js_close_object(&x.w);
		buf_add_str(&c->out, "\n");
	} else if (!x.quiet || x.faults + x.notes > 0) {
		buf_addf(&c->out, "%zu fault%s, %zu note%s\n", x.faults,
		    x.faults == 1 ? "" : "s", x.notes, x.notes == 1 ? "" : "s");
	}
	if (x.faults > 0)
		c->status = EXIT_FAILURE;
	return RC_OK;
}

static const struct ctl_option options[] = {
	{ .name = "quiet", .doc = "print findings only" },
	{ .name = NULL },
};

static const struct ctl_cmd cmds[] = {
	{ .verb = "",
	    .args = "",
	    .options = options,
	    .needs = CTL_CONF,
	    .run = run_doctor,
	    .doc = "Examines settings, files and rows; exits 1 when there "
		   "is a fault." },
};

const struct ctl_noun ctl_doctor = { "doctor",
	"find faults and say how to repair them", cmds, 1 };
