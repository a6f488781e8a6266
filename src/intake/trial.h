/*
 * trial - a test of one webhook
 *
 * A sample event is stored for the webhook alone and goes the way of every
 * event: a drain expands, signs and posts it, by the same policy and limits.
 * There are these differences: it has one attempt, runs before the webhook's
 * waiting jobs, and ignores the webhook's order.  A failed test ends
 * cancelled, is no dead letter, and changes neither health nor breaker.  Any
 * thread.
 */
#ifndef INTAKE_TRIAL_H
#define INTAKE_TRIAL_H

#include <stdint.h>

#include "base/err.h"
#include "base/id.h"
#include "core/sample.h"
#include "core/webhook.h"
#include "intake/intake.h"

struct buf;
struct store_attempts;
struct store_job;

enum trial_result {
	TRIAL_QUEUED, /* no drain has done it yet */
	TRIAL_DELIVERED,
	TRIAL_FAILED
};

struct trial {
	enum trial_result result;
	char webhook_id[WEBHOOK_ID_MAX + 1];
	char type[SAMPLE_TYPE_MAX + 1]; /* the type requested, or chosen */
	int64_t event;
	struct store_job *job; /* NULL: no drain has seen the event */
};

/*
 * Stores the sample; type NULL: a type that the webhook wants.  After RC_OK
 * the caller ends out with trial_fini().
 *
 * RC_NOTFOUND	there is no such webhook.
 * RC_EXISTS	it is disabled.
 * RC_INVALID	the event name is malformed.
 */
enum rc trial_begin(const struct intake *in, const char *webhook_id,
    const char *type, struct trial *out, struct err *e);
void trial_fini(struct trial *t);

/* Waits until the test has ended or the boot clock shows until_boot_ms. */
enum rc trial_wait(const struct intake *in, struct trial *t,
    int64_t until_boot_ms, struct err *e);

/* "queued", "delivered", "failed" */
const char *trial_result_name(enum trial_result r);

#endif
