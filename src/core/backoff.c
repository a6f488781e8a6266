#include "config.h"

#include <string.h>
#include <time.h>

#include "core/backoff.h"

bool
backoff_next(const int64_t *schedule, size_t n, unsigned int attempt,
    int64_t now_ms, int64_t not_before_ms, uint32_t random, int64_t *again_ms)
{
	int64_t wait;

	if (attempt == 0 || attempt > n)
		return false;
	wait = schedule[attempt - 1];
	wait += (int64_t)((uint64_t)(wait / 10) * random >> 32);
	*again_ms = now_ms + wait;
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
