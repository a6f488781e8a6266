#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/buf.h"
#include "base/clock.h"
#include "intake/trial.h"
#include "store/store_admin.h"
#include "store/store_read.h"

#define BODY_MAX 65536
/* Between two looks: a drain hears of new work at once, and a person would
 * not notice less. */
#define LOOK_MS 20

const char *
trial_result_name(enum trial_result r)
{
	static const char *const names[] = {
		[TRIAL_QUEUED] = "queued",
		[TRIAL_DELIVERED] = "delivered",
		[TRIAL_FAILED] = "failed",
	};

	return names[r];
}

static enum rc
put_event(const struct intake *in, const struct trial *t, const char *body,
    size_t n, const struct sample *sample, int64_t *id, struct err *e)
{
	char uuid[ID_UUID_SIZE];
	struct intake_outcome out;
	const struct intake_direct d = { .source = EVENT_SOURCE_TEST,
		.provider = sample->is_github ? "github" : "api",
		.type = sample->type,
		.delivery_id = uuid,
		.webhook_id = t->webhook_id,
		.priority = 0,
		.content_type = "application/json",
		.body = body,
		.bodysz = n };
	enum rc rc;

	id_uuid4(uuid);
	rc = intake_direct(in, &d, &out, e);
	*id = out.receipt.id;
	return rc;
}

/* The type into t, for a webhook that would get it. */
static enum rc
choose(const struct intake *in, const char *type, struct trial *t,
    struct err *e)
{
	struct webhook *w;
	enum rc rc;

	rc = store_webhook_find(in->store, t->webhook_id, &w, e);
	if (rc != RC_OK)
		return rc;
	if (!w->enabled)
		rc = err_set(e, RC_EXISTS,
		    "webhook %s is disabled; enable it to test it", w->id);
	if (type == NULL)
		type = sample_type_for(&w->events, t->type, sizeof(t->type));
	if (type != t->type)
		(void)snprintf(t->type, sizeof(t->type), "%s", type);
	webhook_free(w);
	return rc;
}

enum rc
trial_begin(const struct intake *in, const char *webhook_id, const char *type,
    struct trial *out, struct err *e)
{
	struct sample sample;
	struct buf body;
	enum rc rc;

	memset(out, 0, sizeof(*out));
	if (type != NULL && strlen(type) > SAMPLE_TYPE_MAX)
		return err_set(e, RC_INVALID, "malformed event name");
	(void)snprintf(out->webhook_id, sizeof(out->webhook_id), "%s",
	    webhook_id);
	rc = choose(in, type, out, e);
	if (rc != RC_OK)
		return rc;
	buf_init(&body, BODY_MAX);
	if (sample_make(out->type, clock_wall_ms(in->clock), &sample, &body))
		rc = put_event(in, out, buf_str(&body), body.len, &sample,
		    &out->event, e);
	else
		rc = err_set(e, RC_INVALID, "malformed event name");
	buf_fini(&body);
	return rc;
}

void
trial_fini(struct trial *t)
{
	store_job_free(t->job);
	t->job = NULL;
}

/* Deleted or disabled since it began: it owes nothing, or is held back. */
static enum rc
look_at_event(const struct intake *in, struct trial *t, struct err *e)
{
	struct event *ev;
	enum rc rc = store_event_find(in->store, t->event, &ev, e);

	if (rc != RC_OK)
		return rc;
	if (ev->status == EVENT_COMPLETED)
		t->result = TRIAL_FAILED;
	event_free(ev);
	return RC_OK;
}

static enum rc
look(const struct intake *in, struct trial *t, struct err *e)
{
	const struct store_job_filter f = { .event = t->event,
		.state = -1,
		.limit = 1 };
	struct store_jobs jobs;
	int64_t next, id;
	enum rc rc;

	rc = store_job_list(in->store, &f, &jobs, &next, e);
	if (rc != RC_OK)
		return rc;
	id = jobs.n == 0 ? 0 : jobs.v[0].id;
	store_jobs_free(&jobs);
	if (id == 0)
		return look_at_event(in, t, e);
	trial_fini(t);
	rc = store_job_find(in->store, id, &t->job, e);
	if (rc != RC_OK)
		return rc;
	if (t->job->state == STORE_STATE_DONE)
		t->result = TRIAL_DELIVERED;
	else if (t->job->state != STORE_WAITING &&
	    t->job->state != STORE_LEASED)
		t->result = TRIAL_FAILED;
	return RC_OK;
}

enum rc
trial_wait(const struct intake *in, struct trial *t, int64_t until_boot_ms,
    struct err *e)
{
	const struct timespec pause = { 0, LOOK_MS * 1000000L };
	enum rc rc;

	for (;;) {
		rc = look(in, t, e);
		if (rc != RC_OK || t->result != TRIAL_QUEUED ||
		    clock_boot_ms(in->clock) >= until_boot_ms)
			return rc;
		(void)nanosleep(&pause, NULL);
	}
}
