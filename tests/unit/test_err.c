#include "config.h"

#include <errno.h>
#include <string.h>

#include "unit.h"

#include "base/err.h"

static void
a_text_grows_to_the_left(void **state)
{
	struct err e;

	(void)state;
	assert_int_equal(err_set(&e, RC_BUSY, "locked for %d s", 5), RC_BUSY);
	assert_int_equal(err_prefix(&e, "event %d", 7), RC_BUSY);
	assert_string_equal(e.text, "event 7: locked for 5 s");
	assert_int_equal(err_errno(&e, RC_SYSTEM, ENOENT, "%s", "/x"),
	    RC_SYSTEM);
	assert_string_equal(e.text, "/x: No such file or directory");
}

static void
a_long_text_is_cut(void **state)
{
	char text[400];
	struct err e;

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	(void)err_set(&e, RC_INVALID, "%s", text);
	assert_int_equal(strlen(e.text), sizeof(e.text) - 1);
	(void)err_prefix(&e, "here");
	assert_int_equal(strlen(e.text), sizeof(e.text) - 1);
	assert_memory_equal(e.text, "here: xxx", 9);
	(void)err_prefix(&e, "%s", text);
	assert_int_equal(strlen(e.text), sizeof(e.text) - 1);
	(void)err_errno(&e, RC_SYSTEM, EIO, "%s", text);
	assert_int_equal(strlen(e.text), sizeof(e.text) - 1);
}

static void
every_code_has_a_name_and_an_exit_status(void **state)
{
	static const struct {
		enum rc rc;
		const char *name;
		int status;
	} rows[] = {
		{ RC_OK, "ok", 0 },
		{ RC_INVALID, "invalid", 1 },
		{ RC_DENIED, "denied", 77 },
		{ RC_NOTFOUND, "not-found", 1 },
		{ RC_EXISTS, "exists", 1 },
		{ RC_TOOBIG, "too-big", 1 },
		{ RC_BUSY, "busy", 75 },
		{ RC_PEER, "peer", 69 },
		{ RC_SYSTEM, "system", 69 },
	};
	size_t i;

	(void)state;
	assert_int_equal(NELEM(rows), RC_SYSTEM + 1);
	for (i = 0; i < NELEM(rows); i++) {
		assert_int_equal(rows[i].rc, i);
		assert_string_equal(err_name(rows[i].rc), rows[i].name);
		assert_int_equal(err_exit_status(rows[i].rc), rows[i].status);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_text_grows_to_the_left),
		cmocka_unit_test(a_long_text_is_cut),
		cmocka_unit_test(every_code_has_a_name_and_an_exit_status),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
