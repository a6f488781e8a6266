#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/units.h"

struct unit {
	const char *name;
	int64_t factor;
};

static const struct unit durations[] = {
	{ "d", 86400000 },
	{ "h", 3600000 },
	{ "m", 60000 },
	{ "s", 1000 },
	{ "ms", 1 },
};

static const struct unit sizes[] = {
	{ "g", 1073741824 },
	{ "m", 1048576 },
	{ "k", 1024 },
	{ "", 1 },
};

#define NDURATIONS (sizeof(durations) / sizeof(durations[0]))
#define NSIZES (sizeof(sizes) / sizeof(sizes[0]))

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* One digit or more at *p, which moves behind them; the value never wraps. */
static bool
take_digits(const char **p, int64_t *out)
{
	int64_t value = 0;
	const char *start = *p;

	for (; is_digit(**p); (*p)++)
		if (__builtin_mul_overflow(value, 10, &value) ||
		    __builtin_add_overflow(value, **p - '0', &value))
			return false;
	*out = value;
	return *p != start;
}

static bool
scale(int64_t value, int64_t factor, int64_t *out)
{
	int64_t scaled;

	if (__builtin_mul_overflow(value, factor, &scaled))
		return false;
	*out = scaled;
	return true;
}

/* Seconds and ".5", ".25" or ".125" of one: finer than that would be lost. */
static bool
seconds_with_fraction(int64_t s, const char *fraction, int64_t *ms)
{
	int64_t thousandths = 0;
	int digits = 0;

	for (; is_digit(*fraction) && digits < 3; fraction++, digits++)
		thousandths = thousandths * 10 + (*fraction - '0');
	if (digits == 0 || *fraction != '\0')
		return false;
	for (; digits < 3; digits++)
		thousandths *= 10;
	if (!scale(s, 1000, &s) || __builtin_add_overflow(s, thousandths, &s))
		return false;
	*ms = s;
	return true;
}

bool
units_duration_parse(const char *text, int64_t *ms)
{
	int64_t value;
	size_t i;

	if (!take_digits(&text, &value))
		return false;
	if (*text == '\0')
		return scale(value, 1000, ms);
	if (*text == '.')
		return seconds_with_fraction(value, text + 1, ms);
	for (i = 0; i < NDURATIONS; i++)
		if (strcmp(text, durations[i].name) == 0)
			return scale(value, durations[i].factor, ms);
	return false;
}

/* A duration without a unit has the same digits. */
bool
units_milli_parse(const char *text, int64_t *out)
{
	return text[strspn(text, "0123456789.")] == '\0' &&
	    units_duration_parse(text, out);
}

void
units_milli_format(int64_t milli, char out[UNITS_TEXT_SIZE])
{
	size_t n;

	(void)snprintf(out, UNITS_TEXT_SIZE, "%" PRId64 ".%03d", milli / 1000,
	    (int)(milli % 1000));
	n = strlen(out);
	while (out[n - 1] == '0')
		n--;
	out[out[n - 1] == '.' ? n - 1 : n] = '\0';
}

bool
units_size_parse(const char *text, int64_t *bytes)
{
	char unit[2] = "";
	int64_t value;
	size_t i;

	if (!take_digits(&text, &value))
		return false;
	if (*text != '\0') {
		if (text[1] != '\0')
			return false;
		unit[0] = *text >= 'A' && *text <= 'Z'
		    ? (char)(*text - 'A' + 'a')
		    : *text;
	}
	for (i = 0; i < NSIZES; i++)
		if (strcmp(unit, sizes[i].name) == 0)
			return scale(value, sizes[i].factor, bytes);
	return false;
}

bool
units_int_parse(const char *text, int64_t *out)
{
	bool is_negative = *text == '-';
	int64_t value = 0;

	text += is_negative;
	if (!is_digit(*text))
		return false;
	/* Downwards, since the negative range is the larger one. */
	for (; is_digit(*text); text++)
		if (__builtin_mul_overflow(value, 10, &value) ||
		    __builtin_sub_overflow(value, *text - '0', &value))
			return false;
	if (*text != '\0' || (!is_negative && value == INT64_MIN))
		return false;
	*out = is_negative ? value : -value;
	return true;
}

static void
format(int64_t value, const struct unit *units, size_t n,
    char out[UNITS_TEXT_SIZE])
{
	size_t i = 0;

	while (i < n - 1 &&
	    (value < units[i].factor || value % units[i].factor != 0))
		i++;
	(void)snprintf(out, UNITS_TEXT_SIZE, "%" PRId64 "%s",
	    value / units[i].factor, units[i].name);
}

void
units_duration_format(int64_t ms, char out[UNITS_TEXT_SIZE])
{
	if (ms == 0)
		(void)snprintf(out, UNITS_TEXT_SIZE, "0s");
	else
		format(ms, durations, NDURATIONS, out);
}

void
units_size_format(int64_t bytes, char out[UNITS_TEXT_SIZE])
{
	format(bytes, sizes, NSIZES, out);
}
