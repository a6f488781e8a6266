/*
 * health - how the calls of a webhook go, and when it is disabled for them
 *
 *            a failure        warned: disable_at_ms     a failure after it
 * [well] ───────────► [failing] ───────────► [warned] ───────────► [disabled]
 *    ▲                    │ a success            │ a success           │
 *    └────────────────────┴──────────────────────┘    a person enables ┘
 *
 * 1. failing_since_ms is the first failure after the last success; a success
 *    clears it and disable_at_ms.
 * 2. A webhook is disabled for failing only after a warning a day before, or
 *    half of disable_after where that is less than two days, however rarely it
 *    is called.
 * 3. A time that lies ahead was written by a clock that was ahead: it counts
 *    as now.
 *
 * Pure.
 */
#ifndef CORE_HEALTH_H
#define CORE_HEALTH_H

#include <stdbool.h>
#include <stdint.h>

#include "core/webhook.h"

/* The state of a webhook that its calls change; plain sums are not in it. */
struct health {
	bool enabled;
	bool damaged; /* its secrets do not open */
	enum webhook_health is;
	int64_t last_success_ms, last_failure_ms; /* 0: never */
	int64_t consecutive_failures;
	bool has_responses; /* else these two mean nothing */
	int64_t response_min_ms, response_max_ms;
	int64_t failing_since_ms;
	int64_t disable_at_ms; /* 0: its owner was not warned */
};

/* Calls of one transaction, in the order of their ends; zeros for none. */
struct health_news {
	int calls, failures, timeouts;
	bool succeeded;
	int64_t consecutive; /* failures since the last success among them */
	int64_t success_ms, failure_ms;
	int64_t failing_since_ms; /* the first of the consecutive ones */
	int64_t sum_ms, min_ms, max_ms;
	int64_t disable_after_ms; /* 0: not for failing */
};

/* An attempt that counts: it was delivered, or failed. */
struct health_call {
	bool failed, timed_out;
	int64_t took_ms;
	int64_t disable_after_ms;
};

void health_note(struct health_news *n, const struct health_call *call,
    int64_t now_ms);

/* The news, of one call at least, become part of it; is_blocked: its breaker is
 * not closed now. */
void health_apply(struct health *h, const struct health_news *n,
    bool is_blocked, int64_t now_ms);

enum health_step {
	HEALTH_STAYS,
	HEALTH_WARN,   /* from now its owner has until disable_at_ms */
	HEALTH_DISABLE /* that time has come */
};

/* The step that follows from the news, after health_apply().  disable_at_ms
 * moves with HEALTH_WARN; with HEALTH_STAYS too, where it was further ahead
 * than any warning is. */
enum health_step health_judge(struct health *h, const struct health_news *n,
    int64_t now_ms);

/* A person has changed the registration: calls before the change do not show
 * how it is now. */
void health_changed(struct webhook *w, bool was_enabled, bool was_blocked);

#endif
