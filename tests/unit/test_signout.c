#include "config.h"

#include <stdio.h>
#include <string.h>

#include "unit.h"

#include "base/secret.h"
#include "base/strlist.h"
#include "core/signout.h"
#include "core/whsec.h"
#include "core/whsk.h"

#define ALL (SIGNOUT_STANDARD | SIGNOUT_GITHUB | SIGNOUT_HOMEIQ)
#define V1 "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
#define V1A                                            \
	"v1a,hnO3f9T8Ytu9HwrXslvumlUpqtNVqkhqw/enGzPC" \
	"Xe5BdqzCInXqYXFymVJaA7AZdpXwVLPo3mNl8EM+m7TBAg=="

static const char *
value(const struct signout *out, const char *name)
{
	size_t i;

	for (i = 0; i < out->n; i++)
		if (strcmp(out->v[i].name, name) == 0)
			return out->v[i].value;
	return NULL;
}

/* Of Svix's own tests. */
#define PAIR                                              \
	"whsk_6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMb" \
	"fVKIDij2HKpMKkioLlX0dRqSKJp4AJ6p9lMicMFs6Kvg=="

static void
sign(const char *secret, const char *old, const char *id, int64_t timestamp,
    const char *body, unsigned int forms, struct signout *out)
{
	struct secret s = { 0 }, o = { 0 }, pair = { 0 }, old_pair = { 0 };
	uint8_t seed[CRYPT_ED25519_SIZE] = { 7 };
	struct signout_input in = { .now = { &s, &pair },
		.olds = { { &o, &old_pair } },
		.nolds = 1,
		.id = id,
		.timestamp = timestamp,
		.body = body,
		.bodysz = strlen(body),
		.forms = forms };

	secret_put_str(&s, secret);
	secret_put_str(&pair, PAIR);
	if (old != NULL) {
		secret_put_str(&o, old);
		whsk_format(seed, &old_pair);
	}
	signout_sign(&in, out);
	secret_fini(&s);
	secret_fini(&o);
	secret_fini(&pair);
	secret_fini(&old_pair);
}

/* The vectors of the libraries that receivers use. */
static void
test_standard_webhooks_vectors(void **state)
{
	struct signout out;

	(void)state;
	sign("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", NULL,
	    "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330,
	    "{\"test\": 2432232314}", SIGNOUT_STANDARD, &out);
	assert_int_equal(out.n, 1);
	assert_string_equal(value(&out, "webhook-signature"),
	    "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
	sign("whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD", NULL,
	    "msg_27UH4WbU6Z5A5EzD8u03UvzRbpk", 1649367553,
	    "{\"email\":\"test@example.com\",\"username\":\"test_user\"}",
	    SIGNOUT_STANDARD, &out);
	assert_string_equal(value(&out, "webhook-signature"),
	    "v1,tZ1I4/hDygAJgO5TYxiSd6Sd0kDW6hPenDe+bTa3Kkw=");
}

static void
sign_vector(const char *old, unsigned int forms, struct signout *out)
{
	sign("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", old,
	    "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330,
	    "{\"test\": 2432232314}", forms, out);
}

static void
test_a_key_pair_signs_alone_or_beside(void **state)
{
	struct signout out;

	(void)state;
	sign_vector(NULL, SIGNOUT_ED25519, &out);
	assert_int_equal(out.n, 1);
	assert_string_equal(value(&out, "webhook-signature"), V1A);
	sign_vector(NULL, SIGNOUT_ED25519 | SIGNOUT_STANDARD, &out);
	assert_int_equal(out.n, 1);
	assert_string_equal(value(&out, "webhook-signature"), V1 " " V1A);
}

static void
test_svix_names_hold_the_same_list(void **state)
{
	struct signout out;

	(void)state;
	sign_vector(NULL, SIGNOUT_SVIX, &out);
	assert_int_equal(out.n, 3);
	assert_string_equal(value(&out, "svix-id"),
	    "msg_p5jXN8AQM9LWM0D4loKWxJek");
	assert_string_equal(value(&out, "svix-timestamp"), "1614265330");
	assert_string_equal(value(&out, "svix-signature"), V1);
	assert_null(value(&out, "webhook-signature"));
	sign_vector(NULL, SIGNOUT_SVIX | SIGNOUT_ED25519, &out);
	assert_string_equal(value(&out, "svix-signature"), V1 " " V1A);
}

/* The most that there can be: every place is taken, nothing is cut. */
static void
test_while_keys_rotate_all_forms_have_both(void **state)
{
	struct signout out, old;
	const char *list;
	size_t n;

	(void)state;
	sign_vector("the old secret!!", ALL | SIGNOUT_ED25519 | SIGNOUT_SVIX,
	    &out);
	assert_int_equal(out.n, 10);
	list = value(&out, "webhook-signature");
	assert_string_equal(list, value(&out, "svix-signature"));
	assert_int_equal(strlen(list), 2 * 47 + 2 * 92 + 3);
	sign("the old secret!!", NULL, "msg_p5jXN8AQM9LWM0D4loKWxJek",
	    1614265330, "{\"test\": 2432232314}", SIGNOUT_STANDARD, &old);
	n = strlen(V1);
	assert_memory_equal(list, V1 " ", n + 1);
	assert_memory_equal(list + n + 1, old.v[0].value, n);
	assert_memory_equal(list + 2 * n + 1, " " V1A " v1a,", strlen(V1A) + 6);
}

static void
test_a_key_pair_is_written_and_read_back(void **state)
{
	uint8_t seed[CRYPT_ED25519_SIZE], again[CRYPT_ED25519_SIZE];
	char public[WHSK_PUBLIC_SIZE];
	struct secret s = { 0 }, made = { 0 };

	(void)state;
	assert_false(whsk_parse(&s, seed));
	secret_put_str(&s, PAIR);
	assert_true(whsk_parse(&s, seed));
	assert_true(whsk_public(&s, public));
	assert_string_equal(public,
	    "whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4=");
	whsk_format(seed, &made);
	assert_true(secret_is_equal(&made, PAIR, strlen(PAIR)));
	secret_put_str(&s, "whsk_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
	assert_false(whsk_parse(&s, again));
	assert_false(whsk_public(&s, public));
	secret_put_str(&s, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
	assert_false(whsk_parse(&s, again));
	secret_fini(&s);
	secret_fini(&made);
}

static void
test_github_vector_and_bare_hex(void **state)
{
	static const char hex[] = "757107ea0eb2509fc211221cce984b8a37570b6d7586"
				  "c22c46f4379c8b043e17";
	struct signout out;

	(void)state;
	sign("It's a Secret to Everybody", NULL, "x", 1, "Hello, World!",
	    SIGNOUT_GITHUB | SIGNOUT_HOMEIQ, &out);
	assert_int_equal(out.n, 3);
	assert_string_equal(value(&out, "X-Webhook-Signature"), hex);
	assert_string_equal(value(&out, "X-Hub-Signature"),
	    "sha1=01dc10d0c83e72ed246219cdd91669667fe2ca59");
	assert_memory_equal(value(&out, "X-Hub-Signature-256"), "sha256=", 7);
	assert_string_equal(value(&out, "X-Hub-Signature-256") + 7, hex);
}

static void
test_old_secret_signs_too(void **state)
{
	struct signout now, before, both;
	const char *list;

	(void)state;
	sign("the new secret!!", NULL, "m", 7, "body", ALL, &now);
	sign("the old secret!!", NULL, "m", 7, "body", ALL, &before);
	sign("the new secret!!", "the old secret!!", "m", 7, "body", ALL,
	    &both);

	assert_int_equal(both.n, 7);
	list = value(&both, "webhook-signature");
	assert_int_equal(strlen(list), 2 * 47 + 1);
	assert_memory_equal(list, value(&now, "webhook-signature"), 47);
	assert_string_equal(list + 48, value(&before, "webhook-signature"));
	assert_string_equal(value(&both, "X-Webhook-Signature"),
	    value(&now, "X-Webhook-Signature"));
	assert_string_equal(value(&both, "X-Webhook-Signature-Old"),
	    value(&before, "X-Webhook-Signature"));
	assert_string_equal(value(&both, "X-Hub-Signature-256-Old"),
	    value(&before, "X-Hub-Signature-256"));
	assert_string_equal(value(&both, "X-Hub-Signature-Old"),
	    value(&before, "X-Hub-Signature"));
}

/* As many as there may be, one of them a key pair without a secret. */
static void
test_every_old_secret_signs_under_its_own_name(void **state)
{
	struct secret s[SIGNOUT_OLDS_MAX] = { 0 }, pair = { 0 }, none = { 0 };
	struct signout_input in = { .now = { &s[0], &pair },
		.nolds = SIGNOUT_OLDS_MAX,
		.id = "m",
		.timestamp = 7,
		.body = "body",
		.bodysz = 4,
		.forms = ALL | SIGNOUT_SVIX | SIGNOUT_ED25519 };
	struct signout one, every;
	char name[SIGNOUT_NAME_SIZE];
	size_t i, old = 0;

	(void)state;
	secret_put_str(&pair, PAIR);
	for (i = 0; i < SIGNOUT_OLDS_MAX; i++) {
		secret_put_str(&s[i], "secret number 0");
		s[i].bytes[14] = (char)('0' + i);
		in.olds[i].secret = i == 3 ? &none : &s[i];
		in.olds[i].key = &pair;
	}
	signout_sign(&in, &every);
	assert_int_equal(every.n, 7 + 3 * (SIGNOUT_OLDS_MAX - 1));
	assert_int_equal(strlen(value(&every, "webhook-signature")),
	    SIGNOUT_OLDS_MAX * 48 + (SIGNOUT_OLDS_MAX + 1) * 93 - 1);
	for (i = 0; i < SIGNOUT_OLDS_MAX; i++) {
		if (i == 3)
			continue;
		(void)snprintf(name, sizeof(name),
		    "X-Hub-Signature-256-Old-%zu", ++old);
		if (old == 1)
			name[strlen(name) - 2] = '\0';
		sign(s[i].bytes, NULL, "m", 7, "body", ALL, &one);
		assert_string_equal(value(&every, name),
		    value(&one, "X-Hub-Signature-256"));
		assert_non_null(strstr(value(&every, "svix-signature"),
		    value(&one, "webhook-signature")));
	}
	for (i = 0; i < SIGNOUT_OLDS_MAX; i++)
		secret_fini(&s[i]);
	secret_fini(&pair);
}

static void
test_accepted_content_types_follow_the_list(void **state)
{
	struct strlist l = { 0 };

	(void)state;
	assert_int_equal(signout_forms(&l, false),
	    SIGNOUT_STANDARD | SIGNOUT_HOMEIQ);
	assert_int_equal(signout_forms(&l, true), ALL);
	strlist_put(&l, "github");
	assert_int_equal(signout_forms(&l, false), SIGNOUT_GITHUB);
	strlist_put(&l, "standard");
	assert_int_equal(signout_forms(&l, true),
	    SIGNOUT_GITHUB | SIGNOUT_STANDARD);
	strlist_put(&l, "svix");
	strlist_put(&l, "standard-ed25519");
	assert_int_equal(signout_forms(&l, false),
	    SIGNOUT_GITHUB | SIGNOUT_STANDARD | SIGNOUT_SVIX | SIGNOUT_ED25519);
	assert_int_equal(signout_form_parse("sha1"), 0);
	strlist_fini(&l);
}

static void
test_whsec_goes_both_ways(void **state)
{
	uint8_t random[WHSEC_RANDOM_SIZE] = { 3, 1, 4 }, key[WHSEC_KEY_MAX];
	struct secret s = { 0 };
	size_t n;

	(void)state;
	whsec_format(random, &s);
	assert_true(whsec_has_prefix(&s));
	assert_true(whsec_parse(&s, key, &n));
	assert_int_equal(n, sizeof(random));
	assert_memory_equal(key, random, n);
	secret_put_str(&s, "whsec_");
	assert_false(whsec_parse(&s, key, &n));
	secret_put_str(&s, "whsec_!!!!");
	assert_false(whsec_parse(&s, key, &n));
	secret_put_str(&s, "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
	assert_false(whsec_has_prefix(&s));
	assert_true(whsec_parse(&s, key, &n));
	assert_int_equal(n, 24);
	secret_fini(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_standard_webhooks_vectors),
		cmocka_unit_test(test_a_key_pair_signs_alone_or_beside),
		cmocka_unit_test(test_svix_names_hold_the_same_list),
		cmocka_unit_test(test_while_keys_rotate_all_forms_have_both),
		cmocka_unit_test(test_a_key_pair_is_written_and_read_back),
		cmocka_unit_test(test_github_vector_and_bare_hex),
		cmocka_unit_test(test_old_secret_signs_too),
		cmocka_unit_test(
		    test_every_old_secret_signs_under_its_own_name),
		cmocka_unit_test(test_accepted_content_types_follow_the_list),
		cmocka_unit_test(test_whsec_goes_both_ways),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
