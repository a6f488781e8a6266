#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "stats/metrics_text.h"

#define NUMBER_SIZE 48

void
metrics_text_head(struct buf *out, const char *name, const char *type,
    const char *help)
{
	buf_addf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void
sample(struct buf *out, const char *name, const char *suffix,
    const char *labels, const char *value)
{
	if (*labels == '\0')
		buf_addf(out, "%s%s %s\n", name, suffix, value);
	else
		buf_addf(out, "%s%s{%s} %s\n", name, suffix, labels, value);
}

/* n / unit, a power of ten, without a rounding and without digits that say
 * nothing. */
static void
format(int64_t n, int64_t unit, char text[NUMBER_SIZE])
{
	int64_t rest = n % unit;
	size_t at;

	(void)snprintf(text, NUMBER_SIZE, "%" PRId64, n / unit);
	at = strlen(text);
	if (rest > 0)
		text[at++] = '.';
	for (; rest > 0; rest %= unit) {
		unit /= 10;
		text[at++] = (char)('0' + rest / unit);
	}
	text[at] = '\0';
}

static void
number(struct buf *out, const char *name, const char *labels, int64_t n,
    int64_t unit)
{
	char text[NUMBER_SIZE];

	format(n, unit, text);
	sample(out, name, "", labels, text);
}

void
metrics_text_int(struct buf *out, const char *name, const char *labels,
    int64_t n)
{
	number(out, name, labels, n, 1);
}

void
metrics_text_ms(struct buf *out, const char *name, const char *labels,
    int64_t ms)
{
	number(out, name, labels, ms, 1000);
}

void
metrics_text_histogram(struct buf *out, const struct metrics_text_histogram *h)
{
	const char *comma = *h->labels == '\0' ? "" : ",";
	char bound[NUMBER_SIZE], text[NUMBER_SIZE];
	int64_t total = 0;
	size_t i;

	for (i = 0; i < h->n; i++) {
		total += h->counts[i];
		if (h->bounds[i] == INT64_MAX)
			(void)snprintf(bound, sizeof(bound), "+Inf");
		else
			format(h->bounds[i], h->unit, bound);
		buf_addf(out, "%s_bucket{%s%sle=\"%s\"} %" PRId64 "\n", h->name,
		    h->labels, comma, bound, total);
	}
	format(h->sum, h->unit, text);
	sample(out, h->name, "_sum", h->labels, text);
	format(total, 1, text);
	sample(out, h->name, "_count", h->labels, text);
}
