#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "unit.h"

#include "front/front_peer.h"

static void
put(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

static void
overflow_ids_are_recognised_in_a_namespace(void **state)
{
	static const struct {
		const char *map;
		uint32_t id;
	} rows[] = {
		{ "         0          0 4294967295\n", UINT32_MAX },
		{ "0 0 1\n1 1 4294967294\n", UINT32_MAX },
		{ "0 1000 1\n", 65533 },
		{ "0 0 1\n1000 1000 1\n", 65533 },
		{ "", 65533 },
	};
	char map[] = "/tmp/hls-map-XXXXXX", overflow[] = "/tmp/hls-id-XXXXXX";
	size_t i;

	(void)state;
	assert_true(close(mkstemp(map)) == 0 && close(mkstemp(overflow)) == 0);
	put(overflow, "65533\n");
	for (i = 0; i < NELEM(rows); i++) {
		put(map, rows[i].map);
		if (front_peer_overflow_id(map, overflow) != rows[i].id)
			fail_msg("%s", rows[i].map);
	}
	assert_int_equal(unlink(overflow), 0);
	assert_int_equal(front_peer_overflow_id(map, overflow), 65534);
	assert_int_equal(unlink(map), 0);
	assert_int_equal(front_peer_overflow_id(map, overflow), UINT32_MAX);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(overflow_ids_are_recognised_in_a_namespace),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
