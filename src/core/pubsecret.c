#include "config.h"

#include <string.h>

#include "base/crypt.h"
#include "core/pubsecret.h"

#define ALNUM "abcdefghijklmnopqrstuvwxyz0123456789"
#define TEXT_MAX 128 /* no published secret is longer */

static const char *const listed[] = {
	/* Our own files. */
	"replace-with-32-random-bytes",
	/* Documents of the systems that came before. */
	"existing-system-integration",
	"development-secret-key-change-in-production",
	/* GitHub, Bitbucket and Jira: how to validate deliveries. */
	"It's a Secret to Everybody",
	/* Standard Webhooks: the specification, its libraries' tests. */
	"MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
	"C2FVsBQIhrscChlQIMV+b5sSYspob7oD",
	"BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=",
	"BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc",
	/* Svix, and Stripe's and Clerk's pages that use its form. */
	"plJ3nmyCDGBKInavdOK15jsl",
	"5WbX5kEWLlfzsGNjH64I8lOOqUB6e8FH",
	"ABCDmcQ8DpB7J6Yn4eZqkt48KRPy3a8n",
	("whsk_6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbfVKIDij2HKpMKkioLlX0dR"
	 "qSKJp4AJ6p9lMicMFs6Kvg=="),
	"whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4=",
	"test_secret",
	/* Slack: verifying requests. */
	"8f742231b10e8888abcd99yyyzzz85a5",
	/* AWS: the example key of all its pages. */
	"wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
	/* jwt.io, and pages copied from it. */
	"your-256-bit-secret",
	"a-string-secret-at-least-256-bits-long",
	/* Counting. */
	"0123456789abcdef",
	"0123456789abcdef0123456789abcdef",
	"1234567890123456",
	"12345678901234567890123456789012",
	"abcdefghijklmnop",
	"abcdefghijklmnopqrstuvwxyz",
	"deadbeefdeadbeef",
	"deadbeefdeadbeefdeadbeefdeadbeef",
	"passwordpassword",
	"correct horse battery staple",
};

/* A placeholder begins with one of the first and has no other word than
 * those of both. */
static const char *const openings[] = { "your", "change", "changeme", "replace",
	"insert", "enter", "put", "set", "example", "placeholder", "todo",
	"supersecret", "topsecret", "xxx", "xxxx" };
static const char *const words[] = { "my", "me", "the", "a", "an", "own",
	"here", "with", "in", "of", "at", "least", "min", "minimum", "and",
	"or", "for", "this", "that", "to", "it", "production", "prod", "please",
	"long", "strong", "random", "secure", "super", "very", "shared",
	"secret", "secrets", "secretkey", "key", "keys", "token", "password",
	"string", "value", "text", "webhook", "webhooks", "hook", "github",
	"gitlab", "gitea", "api", "app", "application", "signing", "signature",
	"hmac", "sha256", "encryption", "master", "jwt", "client", "private",
	"access", "auth", "service", "test", "dev", "development", "local",
	"default", "sample", "demo", "something", "generated", "bytes", "byte",
	"chars", "characters", "char", "hex", "base64", "bit", "bits", "16",
	"24", "32", "64", "128", "256", "123", "1234", "12345", "goes" };

#define N(a) (sizeof(a) / sizeof((a)[0]))

static bool
skip(const char **p, size_t *n, const char *prefix)
{
	size_t size = strlen(prefix);

	if (*n < size || memcmp(*p, prefix, size) != 0)
		return false;
	*p += size;
	*n -= size;
	return true;
}

static bool
is_wrapping(char c)
{
	return strchr(" \t\"'<>[]{}$%", c) != NULL;
}

/* One spelling for all; false for what is too long to be listed. */
static bool
plain_of(const char *p, size_t n, char out[TEXT_MAX + 1])
{
	size_t i;

	while (n > 0 && is_wrapping(p[0])) {
		p++;
		n--;
	}
	while (n > 0 && is_wrapping(p[n - 1]))
		n--;
	(void)skip(&p, &n, "v1,");
	(void)skip(&p, &n, "whsec_");
	if (n == 0 || n > TEXT_MAX)
		return false;
	for (i = 0; i < n; i++) {
		out[i] = p[i];
		if (p[i] >= 'A' && p[i] <= 'Z')
			out[i] = (char)(p[i] - 'A' + 'a');
		else if (p[i] == '_' || p[i] == '.' || p[i] == ' ')
			out[i] = '-';
	}
	out[n] = '\0';
	return true;
}

static bool
is_one_of(const char *word, size_t n, const char *const *v, size_t nv)
{
	size_t i;

	for (i = 0; i < nv; i++)
		if (strlen(v[i]) == n && memcmp(v[i], word, n) == 0)
			return true;
	return false;
}

static bool
is_placeholder(const char *plain)
{
	size_t n = strcspn(plain, "-");

	if (!is_one_of(plain, n, openings, N(openings)))
		return false;
	for (plain += n; *plain != '\0'; plain += n) {
		plain += strspn(plain, "-");
		n = strcspn(plain, "-");
		if (n > 0 && !is_one_of(plain, n, openings, N(openings)) &&
		    !is_one_of(plain, n, words, N(words)))
			return false;
	}
	return true;
}

/* Of texts that differ in punctuation alone one is published: apostrophes are
 * typed in several ways, and the padding of base64 is left out. */
static bool
is_same(const char *a, const char *b)
{
	for (;; a++, b++) {
		a += strcspn(a, ALNUM);
		b += strcspn(b, ALNUM);
		if (*a != *b || *a == '\0')
			return *a == *b;
	}
}

static bool
has_text(const char *text, size_t n)
{
	char plain[TEXT_MAX + 1], other[TEXT_MAX + 1];
	bool found;
	size_t i;

	if (!plain_of(text, n, plain))
		return false;
	found = is_placeholder(plain);
	for (i = 0; !found && i < N(listed); i++)
		found = plain_of(listed[i], strlen(listed[i]), other) &&
		    is_same(plain, other);
	crypt_wipe(plain, sizeof(plain));
	return found;
}

/* The text may be that of a key: a published one, as base64 or as hex. */
bool
pubsecret_has(const struct secret *s)
{
	const char *text = s->bytes;
	uint8_t key[TEXT_MAX];
	size_t n = s->size, keysz;
	bool found = has_text(text, n);

	if (found || n == 0)
		return found;
	(void)skip(&text, &n, "v1,");
	(void)skip(&text, &n, "whsec_");
	if (crypt_base64_parse(text, n, key, sizeof(key), &keysz))
		found = has_text((const char *)key, keysz);
	if (!found && n / 2 <= sizeof(key) &&
	    crypt_hex_parse(text, n, key, n / 2))
		found = has_text((const char *)key, n / 2);
	crypt_wipe(key, sizeof(key));
	return found;
}
