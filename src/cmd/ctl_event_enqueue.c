#include "config.h"

#include <signal.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "app/app_conf.h"
#include "base/js.h"
#include "base/xalloc.h"
#include "cmd/ctl.h"
#include "cmd/ctl_event.h"
#include "cmd/ctl_source.h"
#include "core/event.h"
#include "core/sig.h"
#include "core/source.h"
#include "intake/intake.h"

/* A handler script waits for us, and its caller for the script. */
#define END_S 5
/* What events are put under that name no source of the settings. */
#define NO_SOURCE "cli"
#define TEAMS_MAX 20

const struct ctl_option ctl_event_enqueue_options[] = {
	{ .name = "source",
	    .arg = "NAME",
	    .doc = "as if posted to this source; its events filter applies" },
	{ .name = "event-type",
	    .arg = "TYPE",
	    .doc = "the type, such as issues" },
	{ .name = "delivery-id",
	    .arg = "ID",
	    .doc = "the delivery id (default: $GITHUB_DELIVERY, or the SHA-256 "
		   "of type and body)" },
	{ .name = "repository",
	    .arg = "OWNER/NAME",
	    .doc = "the repository (default: the payload's)" },
	{ .name = "action",
	    .arg = "ACTION",
	    .doc = "the action (default: the payload's)" },
	{ .name = "team",
	    .arg = "TEAM",
	    .doc = "the event's team (default: the source's)",
	    .many = true },
	{ .name = "priority",
	    .arg = "N",
	    .doc = "0 to 9, lower runs first (default: the source's)" },
	{ .name = "at",
	    .arg = "TIME",
	    .doc = "deliver not before a time, or 10m (ten minutes from now)" },
	{ .name = NULL },
};

/* Nothing is undone: the event is on disk or not, and putting it again is
 * safe. */
static void
on_alarm(int number)
{
	static const char text[] =
	    "hlsctl: Not done within 5 s: the payload did not end, or the "
	    "store is busy.  Whether the\nevent is queued is unknown; "
	    "enqueuing it again with the same --delivery-id is safe.\n";
	ssize_t n;

	(void)number;
	n = write(STDERR_FILENO, text, sizeof(text) - 1);
	(void)n;
	_exit(EX_TEMPFAIL);
}

static enum rc
read_source(struct ctl *c, struct intake_direct *d, struct err *e)
{
	const char *name;
	enum rc rc;

	name = ctl_option_find(c, "source");
	d->source = NO_SOURCE;
	d->provider = "api";
	d->priority = 5;
	if (name == NULL)
		return RC_OK;
	rc = ctl_source_find(c, name, &d->filter, e);
	if (rc != RC_OK)
		return rc;
	d->source = d->filter->name;
	d->provider = sig_scheme_name(d->filter->scheme);
	d->priority = d->filter->priority;
	d->teams = (const char *const *)d->filter->teams.v;
	d->nteams = d->filter->teams.n;
	return RC_OK;
}

static enum rc
read_identity(struct ctl *c, struct intake_direct *d, struct err *e)
{
	d->type = ctl_option_find(c, "event-type");
	if (d->type == NULL)
		return ctl_usage(c, e,
		    "event enqueue wants --event-type TYPE.");
	if (!event_type_is_valid(d->type))
		return ctl_usage(c, e,
		    "--event-type has 1 to 100 of the characters "
		    "A-Z a-z 0-9 _ . -.");
	d->delivery_id = ctl_option_find(c, "delivery-id");
	if (d->delivery_id == NULL)
		d->delivery_id = conf_vars_find(c->app.vars, "GITHUB_DELIVERY");
	if (d->delivery_id != NULL && d->delivery_id[0] == '\0')
		d->delivery_id = NULL;
	d->repository = ctl_option_find(c, "repository");
	if (d->repository != NULL && !event_repository_is_valid(d->repository))
		return ctl_usage(c, e,
		    "--repository takes OWNER/NAME, or unknown.");
	d->action = ctl_option_find(c, "action");
	return RC_OK;
}

static enum rc
read_rest(struct ctl *c, struct intake_direct *d, const char *teams[TEAMS_MAX],
    struct err *e)
{
	int64_t priority;
	size_t i, n;
	enum rc rc;

	priority = d->priority;
	if ((rc = ctl_number(c, "priority", 0, 9, &priority, e)) != RC_OK ||
	    (rc = ctl_time(c, "at", false, &d->scheduled_ms, e)) != RC_OK)
		return rc;
	d->priority = (int)priority;
	for (i = n = 0; i < c->ngiven; i++) {
		if (strcmp(c->given[i].option->name, "team") != 0)
			continue;
		if (n == TEAMS_MAX)
			return ctl_usage(c, e, "An event has %d teams at most.",
			    TEAMS_MAX);
		teams[n++] = c->given[i].value;
	}
	if (n > 0) {
		d->teams = teams;
		d->nteams = n;
	}
	return RC_OK;
}

static void
put_outcome(struct ctl *c, const struct intake_outcome *o)
{
	static const char *const words[] = {
		[INTAKE_QUEUED] = "queued",
		[INTAKE_DUPLICATE] = "duplicate",
		[INTAKE_IGNORED] = "ignored",
	};
	struct js_writer w;

	if (!c->json) {
		buf_addf(&c->out, "%s\n", words[o->result]);
		return;
	}
	js_writer_init(&w, &c->out);
	js_open_object(&w, NULL);
	js_str(&w, "status", words[o->result]);
	if (o->result == INTAKE_IGNORED) {
		js_str(&w, "reason", o->reason);
	} else {
		js_int(&w, "id", o->receipt.id);
		js_str(&w, "public_id", o->receipt.public_id);
		js_str(&w, "delivery_id", o->delivery_id);
		if (o->sent_delivery_id[0] != '\0')
			js_str(&w, "sent_delivery_id", o->sent_delivery_id);
	}
	if (o->result == INTAKE_QUEUED) {
		js_str(&w, "event_type", o->event_type);
		js_str(&w, "repository", o->repository);
		if (o->receipt.replay_suspect)
			js_bool(&w, "replay_suspect", true);
	}
	js_close_object(&w);
	buf_add_str(&c->out, "\n");
}

enum rc
ctl_event_enqueue(struct ctl *c, struct err *e)
{
	const char *teams[TEAMS_MAX];
	struct intake_direct d;
	struct intake_outcome o;
	struct buf body;
	enum rc rc;

	(void)signal(SIGALRM, on_alarm);
	(void)alarm(END_S);
	memset(&d, 0, sizeof(d));
	memset(&o, 0, sizeof(o));
	if ((rc = read_source(c, &d, e)) != RC_OK ||
	    (rc = read_identity(c, &d, e)) != RC_OK ||
	    (rc = read_rest(c, &d, teams, e)) != RC_OK)
		return rc;
	buf_init(&body, (size_t)c->app.conf->server.max_body);
	rc = ctl_read_input(c->nargs == 0 ? NULL : c->args[0], &body, e);
	/* The store comes last: a slow script holds nothing open. */
	if (rc == RC_OK)
		rc = ctl_open_store(c, e);
	if (rc == RC_OK) {
		d.content_type = "application/json";
		d.body = buf_str(&body);
		d.bodysz = body.len;
		rc = intake_direct(&c->app.intake, &d, &o, e);
	}
	if (rc == RC_OK)
		put_outcome(c, &o);
	buf_fini(&body);
	return rc;
}
