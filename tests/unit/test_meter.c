#include "config.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "unit.h"

#include "base/buf.h"
#include "base/meter.h"

#define THREADS 4
#define TIMES 20000

/* What was taken, as one text, and its sum. */
struct taken {
	struct buf text;
	int64_t sum;
	int calls, fail_at;
};

static enum rc
take(void *arg, const char *name, const char *labels, int64_t bound, int64_t n,
    struct err *e)
{
	struct taken *t = arg;

	if (++t->calls == t->fail_at)
		return err_set(e, RC_BUSY, "not now");
	t->sum += n;
	buf_addf(&t->text, "%s{%s}%lld=%lld\n", name, labels, (long long)bound,
	    (long long)n);
	return RC_OK;
}

static void
taken_init(struct taken *t)
{
	memset(t, 0, sizeof(*t));
	buf_init(&t->text, 1 << 20);
}

static void
gathered_values_are_returned_once(void **state)
{
	struct meter *m = meter_new();
	struct meter_figure *f = meter_find(m, "a_total", "x=\"1\"", 0);
	struct taken t;
	struct err e;

	(void)state;
	taken_init(&t);
	assert_false(meter_has_more(m));
	meter_add(f, 2);
	meter_add(meter_find(m, "a_total", "x=\"1\"", 0), 3);
	assert_true(meter_has_more(m));
	assert_int_equal(meter_take(m, take, &t, &e), RC_OK);
	/* Comes between, and is not lost. */
	meter_add(f, 4);
	meter_taken(m);
	assert_string_equal(buf_str(&t.text), "a_total{x=\"1\"}0=5\n");
	assert_true(meter_has_more(m));
	assert_int_equal(meter_take(m, take, &t, &e), RC_OK);
	meter_taken(m);
	assert_int_equal(t.sum, 9);
	assert_false(meter_has_more(m));
	buf_fini(&t.text);
	meter_free(m);
}

static void
uncommitted_values_are_returned_again(void **state)
{
	struct meter *m = meter_new();
	struct taken t;
	struct err e;

	(void)state;
	taken_init(&t);
	meter_add(meter_find(m, "a_total", "", 0), 1);
	meter_add(meter_find(m, "b_total", "", 0), 1);
	t.fail_at = 2;
	assert_int_equal(meter_take(m, take, &t, &e), RC_BUSY);
	t.sum = 0;
	assert_int_equal(meter_take(m, take, &t, &e), RC_OK);
	assert_int_equal(t.sum, 2);
	assert_int_equal(meter_take(m, take, &t, &e), RC_OK);
	meter_taken(m);
	assert_int_equal(t.sum, 4);
	assert_false(meter_has_more(m));
	buf_fini(&t.text);
	meter_free(m);
}

static void
a_bound_belongs_to_its_bucket(void **state)
{
	struct meter *m = meter_new();
	struct meter_histogram *h = meter_histogram(m, "size", "", METER_SIZES);
	struct taken t;
	struct err e;

	(void)state;
	taken_init(&t);
	assert_ptr_equal(h, meter_histogram(m, "size", "", METER_SIZES));
	meter_observe(h, 0);
	meter_observe(h, 1);
	meter_observe(h, 2);
	meter_observe(h, 65);
	assert_int_equal(meter_take(m, take, &t, &e), RC_OK);
	assert_string_equal(buf_str(&t.text),
	    "size{}9223372036854775807=1\n"
	    "size{}2=1\nsize{}1=2\nsize{}-1=68\n");
	buf_fini(&t.text);
	meter_free(m);
}

static void
bounds_rise_to_no_bound(void **state)
{
	const enum meter_scale scales[] = { METER_TIMES, METER_SIZES };
	const int64_t *v;
	size_t i, k, n;

	(void)state;
	for (k = 0; k < NELEM(scales); k++) {
		v = meter_bounds(scales[k], &n);
		assert_true(v[0] > 0);
		for (i = 1; i < n; i++)
			assert_true(v[i] > v[i - 1]);
		assert_true(v[n - 1] == METER_ENDLESS);
	}
}

static void
a_label_is_read_back_as_it_was_written(void **state)
{
	char out[16];
	struct buf b;

	(void)state;
	buf_init(&b, 1024);
	meter_label(&b, "source", "a\\\"b,reason=\"x and more");
	meter_label(&b, "reason", "body");
	meter_label(&b, "last", "");
	meter_label_get(buf_str(&b), "reason", out, sizeof(out));
	assert_string_equal(out, "body");
	meter_label_get(buf_str(&b), "source", out, sizeof(out));
	assert_string_equal(out, "");
	meter_label_get(buf_str(&b), "last", out, sizeof(out));
	assert_string_equal(out, "");
	meter_label_get(buf_str(&b), "rea", out, sizeof(out));
	assert_string_equal(out, "");
	buf_clear(&b);
	meter_label(&b, "source", "a\\\"b,c=\"d");
	meter_label_get(buf_str(&b), "source", out, sizeof(out));
	assert_string_equal(out, "a\\\"b,c=\"d");
	meter_label_get(buf_str(&b), "c", out, sizeof(out));
	assert_string_equal(out, "");
	buf_fini(&b);
}

static void
label_values_are_escaped(void **state)
{
	static const struct {
		const char *value, *text;
	} rows[] = {
		{ "host:12", "w=\"host:12\"" },
		{ "", "w=\"\"" },
		{ "a\"} 1\nb", "w=\"a\\\"} 1 b\"" },
		{ "c:\\d", "w=\"c:\\\\d\"" },
		{ "\xc3\xa9\xff", "w=\"\xc3\xa9\xef\xbf\xbd\"" },
		{ "\x1b[0m", "w=\" [0m\"" },
	};
	char longer[METER_VALUE_MAX * 2];
	struct buf b;
	size_t i;

	(void)state;
	buf_init(&b, 4096);
	for (i = 0; i < NELEM(rows); i++) {
		buf_clear(&b);
		meter_label(&b, "w", rows[i].value);
		assert_string_equal(buf_str(&b), rows[i].text);
	}
	meter_label(&b, "k", "2");
	assert_string_equal(buf_str(&b), "w=\" [0m\",k=\"2\"");
	memset(longer, 'x', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	buf_clear(&b);
	meter_label(&b, "w", longer);
	assert_int_equal(b.len, METER_VALUE_MAX + strlen("w=\"\""));
	buf_fini(&b);
}

static void *
count(void *arg)
{
	struct meter *m = arg;
	int i;

	for (i = 0; i < TIMES; i++)
		meter_add(meter_find(m, "a_total", "", 0), 1);
	return NULL;
}

static void
nothing_is_lost_between_threads(void **state)
{
	struct meter *m = meter_new();
	pthread_t threads[THREADS];
	struct taken t;
	struct err e;
	size_t i;

	(void)state;
	taken_init(&t);
	for (i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, count, m),
		    0);
	while (t.sum < THREADS * TIMES) {
		assert_int_equal(meter_take(m, take, &t, &e), RC_OK);
		meter_taken(m);
		buf_clear(&t.text);
	}
	for (i = 0; i < THREADS; i++)
		(void)pthread_join(threads[i], NULL);
	assert_int_equal(t.sum, THREADS * TIMES);
	assert_false(meter_has_more(m));
	buf_fini(&t.text);
	meter_free(m);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gathered_values_are_returned_once),
		cmocka_unit_test(uncommitted_values_are_returned_again),
		cmocka_unit_test(a_bound_belongs_to_its_bucket),
		cmocka_unit_test(bounds_rise_to_no_bound),
		cmocka_unit_test(label_values_are_escaped),
		cmocka_unit_test(a_label_is_read_back_as_it_was_written),
		cmocka_unit_test(nothing_is_lost_between_threads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
