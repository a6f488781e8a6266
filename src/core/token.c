#include "config.h"

#include <string.h>

#include "base/crypt.h"
#include "core/event.h"
#include "core/token.h"

#define PREFIX "hls_"
#define PREFIX_SIZE (sizeof(PREFIX) - 1)
#define CHECK_SIZE 4

static const struct {
	const char *name;
	unsigned int rights;
} roles[TOKEN_ROLES] = {
	[TOKEN_VIEWER] = { "viewer", 1u << TOKEN_READ },
	[TOKEN_PUBLISHER] = { "publisher",
	    1u << TOKEN_READ | 1u << TOKEN_PUBLISH },
	[TOKEN_OPERATOR] = { "operator",
	    1u << TOKEN_READ | 1u << TOKEN_PUBLISH | 1u << TOKEN_OPERATE },
	[TOKEN_REVIEWER] = { "reviewer",
	    1u << TOKEN_READ | 1u << TOKEN_REVIEW },
	[TOKEN_LEAD_REVIEWER] = { "lead_reviewer",
	    1u << TOKEN_READ | 1u << TOKEN_REVIEW },
	[TOKEN_ADMIN] = { "admin", (1u << TOKEN_RIGHTS) - 1 },
};

/* The first bytes of the SHA-256 of prefix and digits. */
static void
check_digits(const char *text, char out[2 * CHECK_SIZE + 1])
{
	uint8_t hash[CRYPT_SHA256_SIZE];

	crypt_sha256(text, PREFIX_SIZE + 2 * TOKEN_RANDOM_SIZE, hash);
	crypt_hex_format(hash, CHECK_SIZE, out);
}

void
token_format(const uint8_t random[TOKEN_RANDOM_SIZE], char out[TOKEN_TEXT_SIZE])
{
	memcpy(out, PREFIX, PREFIX_SIZE);
	crypt_hex_format(random, TOKEN_RANDOM_SIZE, out + PREFIX_SIZE);
	check_digits(out, out + PREFIX_SIZE + 2 * TOKEN_RANDOM_SIZE);
}

bool
token_parse(const char *text, uint8_t hash[TOKEN_HASH_SIZE])
{
	char check[2 * CHECK_SIZE + 1];

	if (strlen(text) != TOKEN_TEXT_SIZE - 1 ||
	    memcmp(text, PREFIX, PREFIX_SIZE) != 0 ||
	    strspn(text + PREFIX_SIZE, "0123456789abcdef") !=
		TOKEN_TEXT_SIZE - 1 - PREFIX_SIZE)
		return false;
	check_digits(text, check);
	if (!crypt_is_equal(check, text + PREFIX_SIZE + 2 * TOKEN_RANDOM_SIZE,
		2 * CHECK_SIZE))
		return false;
	crypt_sha256(text, TOKEN_TEXT_SIZE - 1, hash);
	return true;
}

bool
token_name_is_valid(const char *text)
{
	size_t n = strlen(text);

	return n >= 1 && n <= TOKEN_NAME_MAX &&
	    strspn(text, EVENT_ALNUM "._-@") == n;
}

const char *
token_role_name(enum token_role r)
{
	return roles[r].name;
}

bool
token_role_parse(const char *text, enum token_role *out)
{
	size_t i;

	for (i = 0; i < TOKEN_ROLES; i++) {
		if (strcmp(text, roles[i].name) == 0) {
			*out = (enum token_role)i;
			return true;
		}
	}
	return false;
}

bool
token_role_may(enum token_role r, enum token_right right)
{
	return (roles[r].rights >> right & 1) != 0;
}
