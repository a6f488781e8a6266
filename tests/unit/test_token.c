#include "config.h"

#include <string.h>

#include "unit.h"

#include "base/crypt.h"
#include "core/token.h"

static void
test_token_is_found_by_its_hash(void **state)
{
	uint8_t random[TOKEN_RANDOM_SIZE], hash[TOKEN_HASH_SIZE];
	uint8_t want[TOKEN_HASH_SIZE];
	char text[TOKEN_TEXT_SIZE];

	(void)state;
	memset(random, 0xab, sizeof(random));
	token_format(random, text);
	assert_int_equal(strlen(text), TOKEN_TEXT_SIZE - 1);
	assert_memory_equal(text, "hls_abab", 8);
	assert_true(token_parse(text, hash));
	crypt_sha256(text, strlen(text), want);
	assert_memory_equal(hash, want, sizeof(want));
}

static void
test_any_changed_byte_is_noticed(void **state)
{
	uint8_t random[TOKEN_RANDOM_SIZE] = { 1 }, hash[TOKEN_HASH_SIZE];
	char text[TOKEN_TEXT_SIZE], slip[TOKEN_TEXT_SIZE + 1];
	size_t i;

	(void)state;
	token_format(random, text);
	for (i = 0; i < strlen(text); i++) {
		memcpy(slip, text, sizeof(text));
		slip[i] = slip[i] == '7' ? '8' : '7';
		assert_false(token_parse(slip, hash));
	}
	assert_false(token_parse("", hash));
	assert_false(token_parse("hls_", hash));
	memcpy(slip, text, sizeof(text));
	memcpy(slip + strlen(text), "0", 2);
	assert_false(token_parse(slip, hash));
}

static void
test_roles_may_what_the_contract_says(void **state)
{
	static const struct {
		const char *role;
		const char *rights; /* read publish operate review admin */
	} rows[] = {
		{ "viewer", "1----" },
		{ "publisher", "11---" },
		{ "operator", "111--" },
		{ "reviewer", "1--1-" },
		{ "lead_reviewer", "1--1-" },
		{ "admin", "11111" },
	};
	enum token_role role;
	size_t i, j;

	(void)state;
	for (i = 0; i < NELEM(rows); i++) {
		assert_true(token_role_parse(rows[i].role, &role));
		assert_string_equal(token_role_name(role), rows[i].role);
		for (j = 0; j < TOKEN_RIGHTS; j++)
			if (token_role_may(role, (enum token_right)j) !=
			    (rows[i].rights[j] == '1'))
				fail_msg("%s, right %zu", rows[i].role, j);
	}
	assert_false(token_role_parse("root", &role));
	assert_false(token_role_parse("Admin", &role));
}

static void
test_names_have_one_grammar(void **state)
{
	(void)state;
	assert_true(token_name_is_valid("ci@example.com"));
	assert_false(token_name_is_valid(""));
	assert_false(token_name_is_valid("a b"));
	assert_false(token_name_is_valid("a\n"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_token_is_found_by_its_hash),
		cmocka_unit_test(test_any_changed_byte_is_noticed),
		cmocka_unit_test(test_roles_may_what_the_contract_says),
		cmocka_unit_test(test_names_have_one_grammar),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
