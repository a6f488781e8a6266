#include "config.h"

#include <string.h>

#include "unit.h"

#include "base/id.h"

static void
an_id_holds_what_was_put_in(void **state)
{
	static const struct id_public ids[] = {
		{ 0, 0, 0 },
		{ 1795248550123, 0xdeadbeef, 42 },
		{ (INT64_C(1) << 48) - 1, UINT32_MAX, (INT64_C(1) << 48) - 1 },
	};
	struct id_public back;
	char text[ID_PUBLIC_SIZE];
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(ids); i++) {
		id_format("evt_", &ids[i], text);
		assert_int_equal(strlen(text), 30);
		assert_true(id_parse("evt_", text, &back));
		assert_true(back.ms == ids[i].ms);
		assert_true(back.salt == ids[i].salt);
		assert_true(back.row == ids[i].row);
		assert_false(id_parse("job_", text, &back));
	}
}

static void
ids_sort_by_age(void **state)
{
	struct id_public id = { 1795248550123, 7, 9 };
	char before[ID_PUBLIC_SIZE], after[ID_PUBLIC_SIZE];

	(void)state;
	id_format("evt_", &id, before);
	id.row++;
	id_format("evt_", &id, after);
	assert_true(strcmp(before, after) < 0);
	id.ms++;
	id.row = 0;
	id_format("evt_", &id, before);
	assert_true(strcmp(after, before) < 0);
}

static void
malformed_ids_are_refused(void **state)
{
	static const char *const bad[] = {
		"",
		"evt_",
		"1",
		"1 OR 1=1",
		"evt_0123456789ABCDEFGHJKMNPQR",
		"evt_0123456789ABCDEFGHJKMNPQRST",
		"evt_8123456789ABCDEFGHJKMNPQRS",
		"evt_0123456789ABCDEFGHIKMNPQRS",
		"evt_0123456789ABCDEFGH-KMNPQRS",
		"EVT_0123456789ABCDEFGHJKMNPQRS",
	};
	struct id_public id;
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(bad); i++)
		if (id_parse("evt_", bad[i], &id))
			fail_msg("%s", bad[i]);
	assert_true(id_parse("evt_", "evt_0123456789abcdefghjkmnpqrs", &id));
}

static void
uuids_are_version_4(void **state)
{
	char a[ID_UUID_SIZE], b[ID_UUID_SIZE];

	(void)state;
	id_uuid4(a);
	id_uuid4(b);
	assert_int_equal(strlen(a), 36);
	assert_int_equal(a[14], '4');
	assert_non_null(strchr("89ab", a[19]));
	assert_int_equal(strspn(a, "0123456789abcdef-"), 36);
	assert_string_not_equal(a, b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_id_holds_what_was_put_in),
		cmocka_unit_test(ids_sort_by_age),
		cmocka_unit_test(malformed_ids_are_refused),
		cmocka_unit_test(uuids_are_version_4),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
