#include "config.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/meter.h"
#include "base/utf8.h"
#include "base/xalloc.h"

struct meter_figure {
	struct meter_figure *next;
	char *name, *labels;
	int64_t bound;
	atomic_llong gathered;
	long long given; /* the taker's own */
};

struct meter_histogram {
	struct meter_histogram *next;
	char *name, *labels;
	const int64_t *bounds;
	struct meter_figure *sum;
	struct meter_figure *buckets[METER_BOUNDS_MAX];
};

/* Both lists only grow, at their heads, so that they are walked unlocked. */
struct meter {
	pthread_mutex_t lock;
	_Atomic(struct meter_figure *) figures;
	struct meter_histogram *histograms;
};

static const int64_t times[] = { 500, 1000, 2500, 5000, 10000, 25000, 50000,
	100000, 250000, 500000, 1000000, 2500000, 5000000, 10000000,
	METER_ENDLESS };
static const int64_t sizes[] = { 1, 2, 4, 8, 16, 32, 64, METER_ENDLESS };

_Static_assert(sizeof(times) / sizeof(times[0]) <= METER_BOUNDS_MAX,
    "a histogram has room for all bounds");

const int64_t *
meter_bounds(enum meter_scale scale, size_t *n)
{
	if (scale == METER_TIMES) {
		*n = sizeof(times) / sizeof(times[0]);
		return times;
	}
	*n = sizeof(sizes) / sizeof(sizes[0]);
	return sizes;
}

struct meter *
meter_new(void)
{
	struct meter *m = xcalloc(1, sizeof(*m));

	(void)pthread_mutex_init(&m->lock, NULL);
	return m;
}

void
meter_free(struct meter *m)
{
	struct meter_figure *f, *next;
	struct meter_histogram *h;

	if (m == NULL)
		return;
	for (f = atomic_load(&m->figures); f != NULL; f = next) {
		next = f->next;
		free(f->name);
		free(f->labels);
		free(f);
	}
	while ((h = m->histograms) != NULL) {
		m->histograms = h->next;
		free(h->name);
		free(h->labels);
		free(h);
	}
	(void)pthread_mutex_destroy(&m->lock);
	free(m);
}

/* Called locked. */
static struct meter_figure *
find(struct meter *m, const char *name, const char *labels, int64_t bound)
{
	struct meter_figure *f;

	for (f = atomic_load(&m->figures); f != NULL; f = f->next)
		if (f->bound == bound && strcmp(f->name, name) == 0 &&
		    strcmp(f->labels, labels) == 0)
			return f;
	f = xcalloc(1, sizeof(*f));
	f->name = xstrdup(name);
	f->labels = xstrdup(labels);
	f->bound = bound;
	f->next = atomic_load(&m->figures);
	atomic_store(&m->figures, f);
	return f;
}

struct meter_figure *
meter_find(struct meter *m, const char *name, const char *labels, int64_t bound)
{
	struct meter_figure *f;

	(void)pthread_mutex_lock(&m->lock);
	f = find(m, name, labels, bound);
	(void)pthread_mutex_unlock(&m->lock);
	return f;
}

void
meter_add(struct meter_figure *f, int64_t n)
{
	(void)atomic_fetch_add_explicit(&f->gathered, n, memory_order_relaxed);
}

/* Called locked. */
static struct meter_histogram *
find_histogram(struct meter *m, const char *name, const char *labels,
    enum meter_scale scale)
{
	struct meter_histogram *h;
	size_t i, n;

	for (h = m->histograms; h != NULL; h = h->next)
		if (strcmp(h->name, name) == 0 &&
		    strcmp(h->labels, labels) == 0)
			return h;
	h = xcalloc(1, sizeof(*h));
	h->name = xstrdup(name);
	h->labels = xstrdup(labels);
	h->bounds = meter_bounds(scale, &n);
	h->sum = find(m, name, labels, METER_SUM);
	for (i = 0; i < n; i++)
		h->buckets[i] = find(m, name, labels, h->bounds[i]);
	h->next = m->histograms;
	m->histograms = h;
	return h;
}

struct meter_histogram *
meter_histogram(struct meter *m, const char *name, const char *labels,
    enum meter_scale scale)
{
	struct meter_histogram *h;

	(void)pthread_mutex_lock(&m->lock);
	h = find_histogram(m, name, labels, scale);
	(void)pthread_mutex_unlock(&m->lock);
	return h;
}

void
meter_observe(struct meter_histogram *h, int64_t v)
{
	size_t i = 0;

	while (v > h->bounds[i])
		i++;
	meter_add(h->buckets[i], 1);
	meter_add(h->sum, v);
}

bool
meter_has_more(const struct meter *m)
{
	const struct meter_figure *f;

	for (f = atomic_load(&m->figures); f != NULL; f = f->next)
		if (atomic_load_explicit(&f->gathered, memory_order_relaxed) !=
		    0)
			return true;
	return false;
}

enum rc
meter_take(struct meter *m, meter_take_fn *take, void *arg, struct err *e)
{
	struct meter_figure *f;
	enum rc rc = RC_OK;

	for (f = atomic_load(&m->figures); f != NULL; f = f->next) {
		f->given = 0;
		if (rc != RC_OK)
			continue;
		f->given = atomic_load(&f->gathered);
		if (f->given != 0)
			rc = take(arg, f->name, f->labels, f->bound, f->given,
			    e);
	}
	return rc;
}

void
meter_taken(struct meter *m)
{
	struct meter_figure *f;

	for (f = atomic_load(&m->figures); f != NULL; f = f->next) {
		(void)atomic_fetch_sub(&f->gathered, f->given);
		f->given = 0;
	}
}

void
meter_label(struct buf *labels, const char *name, const char *value)
{
	size_t left = strnlen(value, METER_VALUE_MAX), n;

	buf_addf(labels, "%s%s=\"", labels->len > 0 ? "," : "", name);
	for (; left > 0; value += n, left -= n) {
		n = utf8_size(value, left);
		if (n == 0)
			buf_add_str(labels, "\xEF\xBF\xBD");
		else if (*value == '\\' || *value == '"')
			buf_addf(labels, "\\%c", *value);
		else if (n == 1 &&
		    ((unsigned char)*value < ' ' || *value == 0x7f))
			buf_add_str(labels, " ");
		else
			buf_add(labels, value, n);
		n = n == 0 ? 1 : n;
	}
	buf_add_str(labels, "\"");
}

/* From behind a value's opening quote to its closing one; decoded into out
 * where that is not NULL. */
static const char *
skip_value(const char *p, char *out, size_t size)
{
	size_t n = 0;

	for (; *p != '"' && *p != '\0'; p++) {
		if (*p == '\\' && p[1] != '\0')
			p++;
		if (out != NULL && n + 1 < size)
			out[n] = *p;
		n++;
	}
	if (out != NULL)
		out[n < size ? n : 0] = '\0';
	return p;
}

void
meter_label_get(const char *labels, const char *name, char *out, size_t size)
{
	size_t n = strlen(name);
	const char *p = labels, *value;

	out[0] = '\0';
	while ((value = strstr(p, "=\"")) != NULL) {
		if ((size_t)(value - p) == n && strncmp(p, name, n) == 0) {
			(void)skip_value(value + 2, out, size);
			return;
		}
		p = skip_value(value + 2, NULL, 0);
		p += strspn(p, "\",");
	}
}
