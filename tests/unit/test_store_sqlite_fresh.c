#include "config.h"

#include "unit.h"

#include "store/store_sqlite_fresh.h"

/* Keys all over the table, some of them in one bucket. */
static uint64_t
key_of(uint64_t i)
{
	return i * UINT64_C(0x9e3779b97f4a7c15);
}

static void
put(struct lite_fresh *f, uint64_t key, uint64_t rest, int64_t event)
{
	const struct lite_sight s = { .key = key,
		.rest = rest,
		.event = event,
		.seen_ms = event * 10 };

	lite_fresh_put(f, &s);
}

static void
stored_keys_are_found(void **state)
{
	struct lite_fresh *f = lite_fresh_new();
	const struct lite_sight *s;
	uint64_t i;

	(void)state;
	assert_null(lite_fresh_find(f, 0, 0));
	for (i = 0; i < 200000; i++)
		put(f, key_of(i), i, (int64_t)i);
	assert_int_equal(lite_fresh_count(f), 200000);
	for (i = 0; i < 200000; i++) {
		s = lite_fresh_find(f, key_of(i), i);
		assert_non_null(s);
		assert_int_equal(s->event, i);
		assert_int_equal(s->seen_ms, i * 10);
		assert_null(lite_fresh_find(f, key_of(i), i + 1));
	}
	lite_fresh_clear(f);
	assert_int_equal(lite_fresh_count(f), 0);
	assert_null(lite_fresh_find(f, key_of(7), 7));
	put(f, 1, 0, 1);
	lite_fresh_free(f);
	lite_fresh_free(NULL);
}

static void
the_same_key_is_there_once(void **state)
{
	struct lite_fresh *f = lite_fresh_new();

	(void)state;
	put(f, 5, 0, 1);
	put(f, 6, 0, 2);
	put(f, 5, 0, 3);
	put(f, 5, 1, 4);
	assert_int_equal(lite_fresh_count(f), 3);
	assert_int_equal(lite_fresh_find(f, 5, 0)->event, 3);
	assert_int_equal(lite_fresh_find(f, 5, 1)->event, 4);
	assert_int_equal(lite_fresh_find(f, 6, 0)->event, 2);
	lite_fresh_free(f);
}

static void
buckets_go_by_the_order_of_the_keys(void **state)
{
	struct lite_fresh *f = lite_fresh_new();
	struct lite_sight s;
	uint64_t i, last = 0;
	size_t bucket, n = 0;

	(void)state;
	assert_int_equal(lite_fresh_bucket(0), 0);
	assert_int_equal(lite_fresh_bucket(UINT64_MAX), LITE_FRESH_BUCKETS - 1);
	for (i = 0; i < 10000; i++)
		put(f, key_of(i), 0, (int64_t)i);
	put(f, 0, 0, 0);
	put(f, UINT64_MAX, 0, 0);
	for (bucket = 0; bucket < LITE_FRESH_BUCKETS; bucket++) {
		while (lite_fresh_pop(f, bucket, &s)) {
			assert_int_equal(lite_fresh_bucket(s.key), bucket);
			assert_true(s.key >> 48 >= last >> 48);
			assert_null(lite_fresh_find(f, s.key, s.rest));
			last = s.key;
			n++;
		}
		assert_false(lite_fresh_pop(f, bucket, &s));
	}
	assert_int_equal(n, 10001);
	assert_int_equal(lite_fresh_count(f), 0);
	lite_fresh_free(f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stored_keys_are_found),
		cmocka_unit_test(the_same_key_is_there_once),
		cmocka_unit_test(buckets_go_by_the_order_of_the_keys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
