#include "config.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "cmd/ctl_when.h"

/* The zone's offset from UTC at that time, in seconds. */
static long
zone_offset(int64_t wall_ms)
{
	time_t t = (time_t)(wall_ms / 1000);
	struct tm tm;

	tzset();
	return localtime_r(&t, &tm) == NULL ? 0 : tm.tm_gmtoff;
}

void
ctl_when_format(int64_t wall_ms, bool with_ms, char out[CTL_WHEN_SIZE])
{
	char text[CLOCK_TEXT_SIZE], zone[8] = "Z";
	long east = isatty(STDOUT_FILENO) ? zone_offset(wall_ms) : 0;
	long minutes = (east < 0 ? -east : east) / 60;

	clock_format(wall_ms + east * 1000, text);
	text[10] = ' ';
	if (east != 0)
		(void)snprintf(zone, sizeof(zone), "%c%02d:%02d",
		    east < 0 ? '-' : '+', (int)(minutes / 60 % 24),
		    (int)(minutes % 60));
	(void)snprintf(out, CTL_WHEN_SIZE, "%.*s%s", with_ms ? 23 : 19, text,
	    zone);
}

/* What text without a zone says, as if it were in UTC. */
static bool
parse_bare(const char *text, int64_t *as_utc_ms)
{
	static const char *const ends[] = { "Z", ":00Z", " 00:00:00Z" };
	char whole[CTL_WHEN_SIZE + 16];
	size_t i;

	if (strlen(text) < strlen("2026-11-21") ||
	    strlen(text) >= CTL_WHEN_SIZE)
		return false;
	for (i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		(void)snprintf(whole, sizeof(whole), "%s%s", text, ends[i]);
		if (clock_parse(whole, as_utc_ms))
			return true;
	}
	return false;
}

/* "2026-11-21 08:09:10 UTC" as with Z. */
static bool
parse_utc(const char *text, int64_t *wall_ms)
{
	static const char utc[] = " UTC";
	char bare[CTL_WHEN_SIZE];
	size_t n = strlen(text), k = sizeof(utc) - 1;

	if (n <= k || n >= sizeof(bare) || strcmp(text + n - k, utc) != 0)
		return false;
	memcpy(bare, text, n - k);
	bare[n - k] = '\0';
	return parse_bare(bare, wall_ms);
}

bool
ctl_when_parse(const char *text, int64_t *wall_ms)
{
	int64_t ms;
	long east;

	if (clock_parse(text, wall_ms) || parse_utc(text, wall_ms))
		return true;
	if (!parse_bare(text, &ms))
		return false;
	/* The offset may change close by: once more with the better time. */
	east = zone_offset(ms);
	east = zone_offset(ms - east * 1000);
	if (ms < east * 1000)
		return false;
	*wall_ms = ms - east * 1000;
	return true;
}
