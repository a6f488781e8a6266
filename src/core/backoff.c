#include "config.h"

#include <string.h>
#include <time.h>

#include "core/backoff.h"

#define WAIT_MAX_MS (7 * 24 * 3600 * INT64_C(1000)) /* of any schedule */

static int64_t
jittered(int64_t wait_ms, uint32_t random)
{
	return wait_ms + (int64_t)((uint64_t)(wait_ms / 10) * random >> 32);
}

bool
backoff_next(const int64_t *schedule, size_t n, unsigned int attempt,
    int64_t now_ms, int64_t not_before_ms, uint32_t random, int64_t *again_ms)
{
	if (attempt == 0 || attempt > n)
		return false;
	*again_ms = now_ms + jittered(schedule[attempt - 1], random);
	if (*again_ms < not_before_ms)
		*again_ms = not_before_ms;
	return true;
}

/* RFC 9110, 5.6.7: the form to send and the two that may be met. */
static bool
parse_date(const char *text, int64_t *wall_ms)
{
	static const char *const forms[] = { "%a, %d %b %Y %T GMT",
		"%A, %d-%b-%y %T GMT", "%a %b %e %T %Y" };
	const char *end;
	struct tm tm;
	size_t i;

	for (i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		memset(&tm, 0, sizeof(tm));
		end = strptime(text, forms[i], &tm);
		if (end != NULL && *end == '\0') {
			*wall_ms = (int64_t)timegm(&tm) * 1000;
			return true;
		}
	}
	return false;
}

int64_t
backoff_retry_after(const char *text, int64_t now_ms)
{
	int64_t most = now_ms + BACKOFF_RETRY_AFTER_MAX_MS, when = now_ms;
	const char *p;

	if (text == NULL || *text == '\0')
		return 0;
	if (strspn(text, "0123456789") == strlen(text)) {
		int64_t seconds = 0;

		for (p = text; *p != '\0' && seconds <= 24 * 3600; p++)
			seconds = seconds * 10 + (*p - '0');
		when += seconds * 1000;
	} else if (!parse_date(text, &when)) {
		return 0;
	}
	if (when <= now_ms)
		return 0;
	return when < most ? when : most;
}

/* The wait that follows the last failure; an attempt beyond a schedule that
 * was shortened waits as the last of it. */
static int64_t
wait_of(const struct backoff_plan *p, int64_t unknown_ms)
{
	if (p->failed == 0)
		return 0;
	if (p->schedule == NULL)
		return unknown_ms;
	if (p->n == 0)
		return 0;
	return p->schedule[p->failed < p->n ? p->failed - 1 : p->n - 1];
}

static int64_t
later(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

bool
backoff_explains(const struct backoff_plan *p, int64_t due_ms, int64_t now_ms)
{
	int64_t wait = jittered(wait_of(p, WAIT_MAX_MS), UINT32_MAX);

	if (p->failed > 0 && p->obeys_retry_after)
		wait = later(wait, BACKOFF_RETRY_AFTER_MAX_MS);
	return due_ms <=
	    later(now_ms, p->not_before_ms) + wait + BACKOFF_SLACK_MS;
}

int64_t
backoff_anew(const struct backoff_plan *p, int64_t now_ms, uint32_t random)
{
	return later(now_ms + jittered(wait_of(p, 0), random),
	    p->not_before_ms);
}

bool
backoff_is_within(int64_t then_ms, int64_t window_ms, int64_t now_ms)
{
	int64_t age_ms = now_ms - then_ms;

	return age_ms < window_ms && age_ms >= -BACKOFF_SLACK_MS;
}
