#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "unit.h"

#include "base/crypt.h"
#include "base/xalloc.h"
#include "core/http.h"
#include "core/sig.h"
#include "core/source.h"

/*
 * What a denied post costs, counted, not timed: the linker puts a counter
 * before crypt_hmac().
 */

#define BODY "{\"zen\":\"Keep it logically awesome.\"}"
#define NOW INT64_C(1614265330000)

#define WHSEC "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
#define BASE64 "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw" /* or 32 plain bytes */
#define ZEROS32 \
	"0000000000000000000000000000000000000000000000000000000000000000"

static size_t macs[CRYPT_SHA512 + 1];

size_t __real_crypt_hmac(enum crypt_digest digest, const void *key,
    size_t keysz, const struct crypt_span *spans, size_t n,
    uint8_t out[CRYPT_MAC_MAX]);
size_t __wrap_crypt_hmac(enum crypt_digest digest, const void *key,
    size_t keysz, const struct crypt_span *spans, size_t n,
    uint8_t out[CRYPT_MAC_MAX]);

/* Of MACs over the whole body alone. */
size_t
__wrap_crypt_hmac(enum crypt_digest digest, const void *key, size_t keysz,
    const struct crypt_span *spans, size_t n, uint8_t out[CRYPT_MAC_MAX])
{
	size_t i;

	for (i = 0; i < n; i++)
		if (spans[i].n == strlen(BODY))
			macs[digest]++;
	return __real_crypt_hmac(digest, key, keysz, spans, n, out);
}

struct setting {
	const char *provider;
	enum crypt_digest algorithm; /* of provider hmac */
	const char *secrets[4];
};

/* Every set of sources that one of these begins; the rest has no provider. */
static const struct {
	const char *label;
	struct setting v[4];
	size_t want[CRYPT_SHA512 + 1];
} rows[] = {
	{ "none", { { NULL, 0, { NULL } } }, { 0, 2, 0 } },
	{ "one", { { "github", 0, { "one" } } }, { 0, 2, 0 } },
	{ "one that rotates", { { "github", 0, { "one", "two" } } },
	    { 0, 2, 0 } },
	{ "three secrets beside one",
	    { { "github", 0, { "one" } },
		{ "github", 0, { "one", "two", "three" } } },
	    { 0, 3, 0 } },
	{ "both readings of a secret",
	    { { "standard", 0, { BASE64, BASE64 } },
		{ "github", 0, { "one" } } },
	    { 0, 4, 0 } },
	{ "one reading of a secret",
	    { { "standard", 0, { WHSEC, WHSEC, WHSEC } },
		{ "github", 0, { "one" } } },
	    { 0, 3, 0 } },
	{ "another digest",
	    { { "github", 0, { "one" } }, { "hmac", CRYPT_SHA512, { "one" } } },
	    { 0, 2, 2 } },
	{ "three digests",
	    { { "hmac", CRYPT_SHA1, { "one", "two", "three" } },
		{ "github", 0, { "one" } },
		{ "hmac", CRYPT_SHA512, { "one", "two", "three", "four" } } },
	    { 3, 2, 4 } },
	{ "no secret of GitHub's digest",
	    { { "hmac", CRYPT_SHA512, { "one" } } }, { 0, 2, 2 } },
};

static void
source_init(struct source *src, const struct setting *from)
{
	memset(src, 0, sizeof(*src));
	src->name = xstrdup("a");
	src->scheme = sig_scheme_find(from->provider);
	src->secrets = xcalloc(NELEM(from->secrets), sizeof(*src->secrets));
	for (; src->nsecrets < NELEM(from->secrets); src->nsecrets++) {
		if (from->secrets[src->nsecrets] == NULL)
			break;
		secret_put_str(&src->secrets[src->nsecrets],
		    from->secrets[src->nsecrets]);
	}
	src->hmac.header = xstrdup("X-Sig");
	src->hmac.algorithm = from->algorithm;
	src->hmac.prefix = xstrdup("");
	src->hmac.template = xstrdup("{timestamp}.{body}");
	src->hmac.timestamp_header = xstrdup("X-Time");
	src->hmac.tolerance_ms = 300 * 1000;
}

static struct sources
sources_make(const struct setting *from, size_t max)
{
	struct sources all = { xcalloc(max, sizeof(*all.v)), 0 };

	for (; all.n < max && from[all.n].provider != NULL; all.n++)
		source_init(&all.v[all.n], &from[all.n]);
	return all;
}

/* No signature, one of no form, one of every form. */
static const char *const posts[][8] = {
	{ NULL },
	{ "HTTP_X_HUB_SIGNATURE_256=sha256=00",
	    "HTTP_WEBHOOK_SIGNATURE=v1,AAAA", "HTTP_X_SIG=0", NULL },
	{ "HTTP_X_HUB_SIGNATURE_256=sha256=" ZEROS32,
	    "HTTP_WEBHOOK_SIGNATURE="
	    "v1,AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
	    "HTTP_WEBHOOK_ID=1", "HTTP_WEBHOOK_TIMESTAMP=1614265330",
	    "HTTP_X_SIG=" ZEROS32, "HTTP_X_TIME=1614265330", NULL },
};

static void
judge(const char *label, const struct sources *all, const struct source *src,
    const char *const *params, const size_t *want)
{
	const struct http_req req = { .params = params,
		.body = BODY,
		.bodysz = strlen(BODY) };
	struct err e;
	bool proved;
	size_t i;

	memset(macs, 0, sizeof(macs));
	assert_int_equal(sig_verify(all, src, &req, NOW, &proved, &e),
	    RC_DENIED);
	for (i = 0; i < NELEM(macs); i++)
		if (macs[i] != want[i])
			fail_msg("%s, source %d, %s: %zu MACs of digest %zu, "
				 "not %zu",
			    label, src == NULL ? -1 : (int)(src - all->v),
			    params[0] == NULL ? "no signature" : params[0],
			    macs[i], i, want[i]);
}

static void
test_every_denial_costs_the_same(void **state)
{
	struct sources all;
	size_t i, j, k;

	(void)state;
	for (i = 0; i < NELEM(rows); i++) {
		all = sources_make(rows[i].v, NELEM(rows[i].v));
		for (j = 0; j < NELEM(posts); j++) {
			judge(rows[i].label, &all, NULL, posts[j],
			    rows[i].want);
			for (k = 0; k < all.n; k++)
				judge(rows[i].label, &all, &all.v[k], posts[j],
				    rows[i].want);
		}
		sources_fini(&all);
	}
}

/* A good signature of another time is denied like any other. */
static void
test_a_good_signature_out_of_time_costs_the_same(void **state)
{
	static const struct setting two[] = {
		{ "hmac", CRYPT_SHA256, { "one", "two" } },
		{ "github", 0, { "one", "two", "three" } },
	};
	static const size_t want[] = { 0, 3, 0 };
	const char *params[] = { NULL, "HTTP_X_TIME=1000", NULL };
	const struct crypt_span signed_text[] = {
		{ "1000.", 5 },
		{ BODY, strlen(BODY) },
	};
	struct sources all = sources_make(two, NELEM(two));
	char hex[2 * CRYPT_MAC_MAX + 1], *header;
	uint8_t mac[CRYPT_MAC_MAX];
	size_t n;

	(void)state;
	n = crypt_hmac(CRYPT_SHA256, "one", 3, signed_text, 2, mac);
	crypt_hex_format(mac, n, hex);
	header = xasprintf("HTTP_X_SIG=%s", hex);
	params[0] = header;
	judge("late", &all, &all.v[0], params, want);
	free(header);
	sources_fini(&all);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_denial_costs_the_same),
		cmocka_unit_test(
		    test_a_good_signature_out_of_time_costs_the_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
