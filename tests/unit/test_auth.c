#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/xalloc.h"
#include "core/http.h"
#include "front/auth.h"
#include "front/settings.h"
#include "store/store_admin.h"
#include "tests/unit/unit.h"

#define NOW_MS 1000000

/* The store as far as auth asks: one token, and what became of it. */
static struct store_token known;
static enum rc store_says;
static int stamped;

enum rc
store_token_find(struct store *s, const uint8_t hash[CRYPT_SHA256_SIZE],
    struct store_token **out, struct err *e)
{
	(void)s;
	*out = NULL;
	if (store_says != RC_OK)
		return err_set(e, store_says, "the store says no");
	if (memcmp(hash, known.hash, sizeof(known.hash)) != 0)
		return err_set(e, RC_NOTFOUND, "no such token");
	*out = xmalloc(sizeof(**out));
	**out = known;
	return RC_OK;
}

void
store_token_free(struct store_token *t)
{
	free(t);
}

enum rc
store_token_used(struct store *s, const uint8_t hash[CRYPT_SHA256_SIZE],
    int64_t now_ms, struct err *e)
{
	(void)s;
	(void)hash;
	(void)now_ms;
	(void)e;
	stamped++;
	return RC_OK;
}

static int64_t
now_ms(void *arg)
{
	(void)arg;
	return NOW_MS;
}

static const struct clock clock_ = { .wall_ms = now_ms, .boot_ms = now_ms };
static const struct settings_user users[] = { { "alice", TOKEN_REVIEWER } };
static char token[TOKEN_TEXT_SIZE];
static char bearer[128];

static int
setup(void **state)
{
	static const uint8_t random[TOKEN_RANDOM_SIZE] = { 7 };
	static char name[] = "ci", role[] = "operator";

	(void)state;
	token_format(random, token);
	memset(&known, 0, sizeof(known));
	known.name = name;
	known.role = role;
	assert_true(token_parse(token, known.hash));
	(void)snprintf(bearer, sizeof(bearer), "HTTP_AUTHORIZATION=Bearer %s",
	    token);
	store_says = RC_OK;
	stamped = 0;
	return 0;
}

static enum rc
ask(struct auth_who *who, const char *a, const char *b)
{
	const char *params[] = { a, b, NULL };
	const struct http_req req = { .method = "GET", .params = params };
	struct settings set = { .users = users, .nusers = NELEM(users) };
	struct err e;

	set.intake.clock = &clock_;
	return auth_find(&set, &req, who, &e);
}

static void
a_token_has_its_role(void **state)
{
	struct auth_who who;

	(void)state;
	assert_int_equal(ask(&who, bearer, NULL), RC_OK);
	assert_true(who.is_known);
	assert_string_equal(who.name, "ci");
	assert_int_equal(who.role, TOKEN_OPERATOR);
	assert_int_equal(stamped, 1);
	memcpy(strstr(bearer, "Bearer"), "bEARER", 6);
	assert_int_equal(ask(&who, bearer, NULL), RC_OK);
}

static void
a_tokens_use_is_stored_once_a_minute(void **state)
{
	struct auth_who who;

	(void)state;
	known.last_used_ms = NOW_MS - 1000;
	assert_int_equal(ask(&who, bearer, NULL), RC_OK);
	assert_int_equal(stamped, 0);
}

static void
a_bad_token_is_refused(void **state)
{
	struct auth_who who;

	(void)state;
	assert_int_equal(ask(&who, "HTTP_AUTHORIZATION=Bearer x", NULL),
	    RC_DENIED);
	assert_false(who.is_known);
	assert_int_equal(ask(&who, "HTTP_AUTHORIZATION=Bearer ", NULL),
	    RC_DENIED);
	assert_int_equal(ask(&who, bearer, bearer), RC_DENIED);
	known.revoked = true;
	assert_int_equal(ask(&who, bearer, NULL), RC_DENIED);
	known.revoked = false;
	known.expires_ms = NOW_MS;
	assert_int_equal(ask(&who, bearer, NULL), RC_DENIED);
	known.expires_ms = NOW_MS + 1;
	assert_int_equal(ask(&who, bearer, NULL), RC_OK);
	known.hash[0] ^= 1;
	assert_int_equal(ask(&who, bearer, NULL), RC_DENIED);
	assert_false(who.is_known);
}

static void
a_busy_store_is_not_a_refusal(void **state)
{
	struct auth_who who;

	(void)state;
	store_says = RC_BUSY;
	assert_int_equal(ask(&who, bearer, NULL), RC_BUSY);
}

static void
a_user_counts_only_where_the_server_checked(void **state)
{
	struct auth_who who;

	(void)state;
	assert_int_equal(ask(&who, "REMOTE_USER=alice", NULL), RC_OK);
	assert_false(who.is_known);
	assert_int_equal(ask(&who, "REMOTE_USER=alice", "AUTH_TYPE="), RC_OK);
	assert_false(who.is_known);
	assert_int_equal(ask(&who, "REMOTE_USER=alice", "AUTH_TYPE=Basic"),
	    RC_OK);
	assert_true(who.is_known);
	assert_int_equal(who.role, TOKEN_REVIEWER);
	assert_int_equal(ask(&who, "REMOTE_USER=mallory", "AUTH_TYPE=Basic"),
	    RC_OK);
	assert_false(who.is_known);
	/* The header that the server checked is no token of ours. */
	assert_int_equal(
	    ask(&who, "HTTP_AUTHORIZATION=Basic YTpi", "AUTH_TYPE=Basic"),
	    RC_OK);
	assert_false(who.is_known);
}

static void
another_site_may_not_use_a_browsers_password(void **state)
{
	const char *params[] = { "HTTP_SEC_FETCH_SITE=cross-site", NULL };
	struct http_req req = { .method = "POST", .params = params };
	struct auth_who who = { .is_known = true, .is_remote_user = true };

	(void)state;
	assert_true(auth_is_cross_site(&who, &req));
	params[0] = "HTTP_SEC_FETCH_SITE=same-origin";
	assert_false(auth_is_cross_site(&who, &req));
	params[0] = NULL;
	assert_false(auth_is_cross_site(&who, &req));
	params[0] = "HTTP_SEC_FETCH_SITE=cross-site";
	req.method = "GET";
	assert_false(auth_is_cross_site(&who, &req));
	req.method = "POST";
	who.is_remote_user = false;
	assert_false(auth_is_cross_site(&who, &req));
}

static void
a_browser_without_sec_fetch_site_is_known_by_its_origin(void **state)
{
	static const struct {
		const char *origin, *host;
		bool is_cross;
	} rows[] = {
		{ "http://hls.example", "hls.example", false },
		{ "http://HLS.example:80", "hls.example", false },
		{ "https://hls.example", "hls.example:443", false },
		{ "http://hls.example:8000", "hls.example:8000", false },
		{ "http://[::1]:8000", "[::1]:8000", false },
		{ "http://evil.example", "hls.example", true },
		{ "http://hls.example.evil", "hls.example", true },
		{ "http://hls.exampl", "hls.example", true },
		{ "http://hls.example:8001", "hls.example:8000", true },
		{ "http://hls.example:8001", "hls.example", true },
		{ "https://hls.example:80", "hls.example", true },
		{ "null", "hls.example", true },
		{ "", "hls.example", true },
		{ "http://", "hls.example", true },
		{ "http://hls.example", "", true },
	};
	char origin[128], host[128];
	const char *params[] = { origin, host, NULL };
	struct http_req req = { .method = "POST", .params = params };
	struct auth_who who = { .is_known = true, .is_remote_user = true };
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(rows); i++) {
		(void)snprintf(origin, sizeof(origin), "HTTP_ORIGIN=%s",
		    rows[i].origin);
		(void)snprintf(host, sizeof(host), "HTTP_HOST=%s",
		    rows[i].host);
		if (auth_is_cross_site(&who, &req) != rows[i].is_cross)
			fail_msg("%s at %s", rows[i].origin, rows[i].host);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_token_has_its_role, setup),
		cmocka_unit_test_setup(a_tokens_use_is_stored_once_a_minute,
		    setup),
		cmocka_unit_test_setup(a_bad_token_is_refused, setup),
		cmocka_unit_test_setup(a_busy_store_is_not_a_refusal, setup),
		cmocka_unit_test_setup(
		    a_user_counts_only_where_the_server_checked, setup),
		cmocka_unit_test(another_site_may_not_use_a_browsers_password),
		cmocka_unit_test(
		    a_browser_without_sec_fetch_site_is_known_by_its_origin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
