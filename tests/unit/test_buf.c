#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "unit.h"

#include "base/buf.h"
#include "base/xalloc.h"

static void
bytes_add_up_to_the_limit(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 8);
	assert_string_equal(buf_str(&b), "");
	buf_add(&b, "ab\0c", 4);
	buf_addf(&b, "%d", 1234);
	assert_int_equal(b.len, 8);
	assert_memory_equal(b.data, "ab\0c1234", 9);
	assert_false(buf_is_over(&b));
	buf_fini(&b);
}

/* What fits after something that did not would be a text with a hole. */
static void
after_a_refusal_nothing_is_added(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 8);
	buf_add_str(&b, "abc");
	buf_add_str(&b, "defghi");
	assert_true(buf_is_over(&b));
	buf_add_str(&b, "d");
	buf_addf(&b, "%s", "d");
	assert_null(buf_room(&b, 1));
	assert_string_equal(buf_str(&b), "abc");
	buf_clear(&b);
	assert_false(buf_is_over(&b));
	assert_string_equal(buf_str(&b), "");
	buf_add_str(&b, "12345678");
	assert_string_equal(buf_str(&b), "12345678");
	buf_fini(&b);
}

static void
the_caller_may_fill_reserved_room(void **state)
{
	struct buf b;
	char *room;

	(void)state;
	buf_init(&b, 1 << 20);
	room = buf_room(&b, 1000);
	assert_non_null(room);
	memset(room, 'x', 1000);
	b.len += 1000;
	buf_add_str(&b, "y");
	assert_int_equal(b.len, 1001);
	assert_int_equal(b.data[999], 'x');
	assert_string_equal(b.data + 1000, "y");
	assert_null(buf_room(&b, SIZE_MAX));
	buf_fini(&b);
}

static void
the_caller_owns_taken_bytes(void **state)
{
	struct buf b;
	char *text;
	size_t n;

	(void)state;
	buf_init(&b, 16);
	buf_add_str(&b, "text");
	text = buf_take(&b, &n);
	assert_int_equal(n, 4);
	assert_string_equal(text, "text");
	free(text);
	assert_int_equal(b.len, 0);
	text = buf_take(&b, &n);
	assert_int_equal(n, 0);
	assert_string_equal(text, "");
	free(text);
}

static void
given_bytes_replace_what_was_there(void **state)
{
	struct buf b;
	char *text = xstrdup("given");

	(void)state;
	buf_init(&b, 5);
	buf_add_str(&b, "old");
	buf_own(&b, text, 5);
	assert_ptr_equal(b.data, text);
	assert_int_equal(b.len, 5);
	buf_add_str(&b, "");
	assert_string_equal(buf_str(&b), "given");
	assert_false(buf_is_over(&b));
	buf_own(&b, xstrdup("too long"), 8);
	assert_true(buf_is_over(&b));
	assert_int_equal(b.len, 0);
	buf_fini(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bytes_add_up_to_the_limit),
		cmocka_unit_test(after_a_refusal_nothing_is_added),
		cmocka_unit_test(the_caller_may_fill_reserved_room),
		cmocka_unit_test(the_caller_owns_taken_bytes),
		cmocka_unit_test(given_bytes_replace_what_was_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
