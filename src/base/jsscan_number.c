#include "config.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/jsscan_int.h"

/* Digits that decide how a number rounds, and then some. */
#define DIGITS_KEPT 40
#define EXPONENT_MAX 1000000000

static const char *
skip_digits(const char *p, const char *end)
{
	while (p < end && *p >= '0' && *p <= '9')
		p++;
	return p;
}

/* Digits of an integer within int64_t when negative, uint64_t otherwise.
 * There are no leading zeros. */
static bool
is_exact_integer(const char *digits, size_t n, bool is_negative)
{
	const char *most =
	    is_negative ? "9223372036854775808" : "18446744073709551615";
	size_t most_n = is_negative ? 19 : 20;

	return n < most_n || (n == most_n && memcmp(digits, most, n) <= 0);
}

/* The exponent behind the "e", kept within EXPONENT_MAX. */
static long long
read_exponent(const char *p, const char *end)
{
	bool is_negative = *p == '-';
	long long value = 0;

	if (*p == '-' || *p == '+')
		p++;
	for (; p < end; p++)
		if (value < EXPONENT_MAX)
			value = value * 10 + (*p - '0');
	return is_negative ? -value : value;
}

/*
 * Whether the digits from p to end, which may hold one point, times
 * 10^exponent round to a finite double.  Only numbers with the magnitude of
 * the largest double are converted, and of those the digits that matter.
 */
static bool
is_finite(const char *p, const char *end, long long exponent)
{
	char text[DIGITS_KEPT + 16];
	size_t n = 0;
	bool is_behind_point = false, is_rest = false;
	long long magnitude = exponent - 1;

	for (; p < end; p++) {
		if (*p == '.') {
			is_behind_point = true;
			continue;
		}
		magnitude += !is_behind_point;
		if (n == 0 && *p == '0') {
			magnitude--;
			continue;
		}
		if (n < DIGITS_KEPT) {
			text[n++] = *p;
			if (n == 1)
				text[n++] = '.';
		} else if (*p != '0') {
			is_rest = true;
		}
	}
	if (n == 0 || magnitude < 308)
		return true;
	if (magnitude > 308)
		return false;
	if (is_rest)
		text[n++] = '1';
	memcpy(text + n, "0e308", sizeof("0e308"));
	return isfinite(strtod(text, NULL));
}

/* The parts of a number. */
struct number {
	const char *digits; /* behind the sign */
	const char *integer_end;
	const char *mantissa_end;
	const char *exponent; /* behind the "e"; NULL when there is none */
	const char *end;
};

/* What is wrong with the number, or NULL. */
static const char *
split(const char *p, const char *end, struct number *n)
{
	n->digits = p + (*p == '-');
	n->exponent = NULL;
	p = n->integer_end = skip_digits(n->digits, end);
	if (p == n->digits)
		return "a number without digits";
	if (*n->digits == '0' && p - n->digits > 1)
		return "a number with a leading zero";
	if (p < end && *p == '.') {
		p = skip_digits(p + 1, end);
		if (p == n->integer_end + 1)
			return "a fraction without digits";
	}
	n->mantissa_end = p;
	if (p < end && (*p == 'e' || *p == 'E')) {
		n->exponent = ++p;
		if (p < end && (*p == '+' || *p == '-'))
			p++;
		if (skip_digits(p, end) == p)
			return "an exponent without digits";
		p = skip_digits(p, end);
	}
	n->end = p;
	return NULL;
}

const char *
jsscan_number(const char *p, const char *end, bool is_strict,
    struct jsscan_fault *fault)
{
	const char *what;
	struct number n;

	what = split(p, end, &n);
	if (what == NULL && is_strict) {
		if (n.end == n.integer_end) {
			if (!is_exact_integer(n.digits,
				(size_t)(n.end - n.digits), *p == '-'))
				what = "an integer out of range";
		} else if (!is_finite(n.digits, n.mantissa_end,
			       n.exponent == NULL
				   ? 0
				   : read_exponent(n.exponent, n.end))) {
			what = "a number out of range";
		}
	}
	if (what == NULL)
		return n.end;
	fault->what = what;
	fault->at = p;
	return NULL;
}
