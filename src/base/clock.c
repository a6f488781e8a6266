#include "config.h"

#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/units.h"

#define DAY_S 86400
#define YEAR_9999_END_S 253402300799

#ifdef CLOCK_BOOTTIME
#define BOOT_CLOCK CLOCK_BOOTTIME
#else
#define BOOT_CLOCK CLOCK_MONOTONIC
#endif

static int64_t
read_ns(clockid_t id)
{
	struct timespec t = { 0, 0 };

	(void)clock_gettime(id, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static int64_t
system_wall_ms(void *arg)
{
	(void)arg;
	return read_ns(CLOCK_REALTIME) / 1000000;
}

static int64_t
system_boot_ms(void *arg)
{
	(void)arg;
	return read_ns(BOOT_CLOCK) / 1000000;
}

static struct clock machine = { system_wall_ms, system_boot_ms, NULL, "" };
static pthread_once_t machine_once = PTHREAD_ONCE_INIT;

#define BOOTED_TRIES 1000
#define BOOTED_APART_NS 2000

int64_t
clock_booted_us(void)
{
	int64_t before, wall, apart, booted = 0, least = INT64_MAX;
	int i;

	for (i = 0; i < BOOTED_TRIES && least > BOOTED_APART_NS; i++) {
		before = read_ns(BOOT_CLOCK);
		wall = read_ns(CLOCK_REALTIME);
		apart = read_ns(BOOT_CLOCK) - before;
		if (apart < least) {
			least = apart;
			booted = wall - before - apart / 2;
		}
	}
	return booted / 1000;
}

/*
 * The time of boot, rounded to ten seconds, stands in for the kernel's id: it
 * is the same for all processes of one boot, unless the wall clock is stepped,
 * and then leases lapse early, which is safe.  Processes that read it within a
 * few microseconds of each other differ only if it is as near to a multiple
 * of ten seconds.
 */
static void
machine_init(void)
{
	char *id = machine.boot_id;
	ssize_t got = -1;
	int fd;

	fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	if (fd != -1) {
		got = read(fd, id, sizeof(machine.boot_id) - 1);
		(void)close(fd);
	}
	if (got > 0) {
		id[got] = '\0';
		id[strcspn(id, "\n")] = '\0';
	}
	if (got < 8)
		(void)snprintf(id, sizeof(machine.boot_id), "boot-%" PRId64,
		    clock_booted_us() / 10000000);
}

const struct clock *
clock_system(void)
{
	(void)pthread_once(&machine_once, machine_init);
	return &machine;
}

int64_t
clock_wall_ms(const struct clock *c)
{
	return c->wall_ms(c->arg);
}

int64_t
clock_boot_ms(const struct clock *c)
{
	return c->boot_ms(c->arg);
}

int64_t
clock_tick_us(void)
{
	return read_ns(CLOCK_MONOTONIC) / 1000;
}

struct timespec
clock_tick_in(int64_t us)
{
	int64_t at_us = clock_tick_us() + us;
	struct timespec ts;

	ts.tv_sec = (time_t)(at_us / 1000000);
	ts.tv_nsec = (long)(at_us % 1000000 * 1000);
	return ts;
}

void
clock_cond_init(pthread_cond_t *c)
{
	pthread_condattr_t attr;

	(void)pthread_condattr_init(&attr);
	(void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	(void)pthread_cond_init(c, &attr);
	(void)pthread_condattr_destroy(&attr);
}

/* Days since 1970-01-01, by counting years from March, so that the leap day
 * is a year's last. */
static int64_t
days_of_date(int64_t year, int64_t month, int64_t day)
{
	int64_t era, year_of_era, day_of_year;

	year -= month <= 2;
	era = year / 400;
	year_of_era = year - era * 400;
	day_of_year =
	    (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
	return era * 146097 + year_of_era * 365 + year_of_era / 4 -
	    year_of_era / 100 + day_of_year - 719468;
}

static void
date_of_days(int64_t days, int *year, int *month, int *day)
{
	int64_t era, day_of_era, year_of_era, day_of_year, shifted;

	days += 719468;
	era = days / 146097;
	day_of_era = days - era * 146097;
	year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 -
			  day_of_era / 146096) /
	    365;
	day_of_year = day_of_era -
	    (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	shifted = (5 * day_of_year + 2) / 153;
	*day = (int)(day_of_year - (153 * shifted + 2) / 5 + 1);
	*month = (int)(shifted < 10 ? shifted + 3 : shifted - 9);
	*year = (int)(year_of_era + era * 400 + (*month <= 2));
}

void
clock_format(int64_t wall_ms, char out[CLOCK_TEXT_SIZE])
{
	int64_t s;
	int year, month, day;
	char text[48];

	if (wall_ms < 0)
		wall_ms = 0;
	if (wall_ms / 1000 > YEAR_9999_END_S)
		wall_ms = (int64_t)YEAR_9999_END_S * 1000;
	s = wall_ms / 1000;
	date_of_days(s / DAY_S, &year, &month, &day);
	s %= DAY_S;
	(void)snprintf(text, sizeof(text),
	    "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", year, month, day,
	    (int)(s / 3600), (int)(s / 60 % 60), (int)(s % 60),
	    (int)(wall_ms % 1000));
	memcpy(out, text, CLOCK_TEXT_SIZE);
}

/* Exactly n digits at *p, within least and most; *p moves behind them. */
static bool
take_number(const char **p, int n, int least, int most, int *out)
{
	int value = 0;

	for (; n > 0; n--, (*p)++) {
		if (**p < '0' || **p > '9')
			return false;
		value = value * 10 + (**p - '0');
	}
	*out = value;
	return value >= least && value <= most;
}

static bool
take_char(const char **p, const char *any_of)
{
	if (**p == '\0' || strchr(any_of, **p) == NULL)
		return false;
	(*p)++;
	return true;
}

/* ".123456" to 123; no fraction is 0. */
static bool
take_fraction(const char **p, int *ms)
{
	int digits = 0;

	*ms = 0;
	if (!take_char(p, "."))
		return true;
	for (; **p >= '0' && **p <= '9'; (*p)++, digits++)
		if (digits < 3)
			*ms = *ms * 10 + (**p - '0');
	if (digits == 0)
		return false;
	for (; digits < 3; digits++)
		*ms *= 10;
	return true;
}

/* "Z", "+02:00" or "-02:00" to minutes east. */
static bool
take_offset(const char **p, int *minutes)
{
	bool is_west = **p == '-';
	int hour, minute;

	*minutes = 0;
	if (take_char(p, "Zz"))
		return true;
	if (!take_char(p, "+-") || !take_number(p, 2, 0, 23, &hour) ||
	    !take_char(p, ":") || !take_number(p, 2, 0, 59, &minute))
		return false;
	*minutes = (hour * 60 + minute) * (is_west ? -1 : 1);
	return true;
}

static int
days_in_month(int year, int month)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30,
		31 };
	bool is_leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return days[month - 1] + (month == 2 && is_leap);
}

static bool
parse_rfc3339(const char *p, int64_t *wall_ms)
{
	int year, month, day, hour, minute, second, ms, east;
	int64_t s;

	if (!take_number(&p, 4, 1970, 9999, &year) || !take_char(&p, "-") ||
	    !take_number(&p, 2, 1, 12, &month) || !take_char(&p, "-") ||
	    !take_number(&p, 2, 1, days_in_month(year, month), &day) ||
	    !take_char(&p, "Tt ") || !take_number(&p, 2, 0, 23, &hour) ||
	    !take_char(&p, ":") || !take_number(&p, 2, 0, 59, &minute) ||
	    !take_char(&p, ":") || !take_number(&p, 2, 0, 60, &second) ||
	    !take_fraction(&p, &ms) || !take_offset(&p, &east) || *p != '\0')
		return false;
	s = days_of_date(year, month, day) * DAY_S + hour * 3600 + minute * 60 +
	    second - east * 60;
	if (s < 0)
		return false;
	*wall_ms = s * 1000 + ms;
	return true;
}

bool
clock_parse(const char *text, int64_t *wall_ms)
{
	int64_t s;

	if (text[0] == '\0' || text[strspn(text, "0123456789")] != '\0')
		return parse_rfc3339(text, wall_ms);
	if (!units_int_parse(text, &s) || s > YEAR_9999_END_S)
		return false;
	*wall_ms = s * 1000;
	return true;
}
