#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "unit.h"

#include "base/url.h"

static const struct {
	const char *text;
	const char *host;
	unsigned int port;
	const char *target;
	const char *normal;
} taken[] = {
	{ "https://ok.example", "ok.example", 443, "/", "https://ok.example/" },
	{ "https://ok.example?a=b", "ok.example", 443, "/?a=b",
	    "https://ok.example/?a=b" },
	{ "HTTPS://OK.Example./A/../b?c=D", "ok.example", 443, "/b?c=D",
	    "https://ok.example/b?c=D" },
	{ "https://ok.example:443/", "ok.example", 443, "/",
	    "https://ok.example/" },
	{ "http://ok.example:8080/x", "ok.example", 8080, "/x",
	    "http://ok.example:8080/x" },
	{ "http://ok.example:443/", "ok.example", 443, "/",
	    "http://ok.example:443/" },
	{ "https://ok.example/%41%2fb?c=%20", "ok.example", 443,
	    "/%41%2fb?c=%20", "https://ok.example/%41%2fb?c=%20" },
	{ "https://xn--bcher-kva.example/", "xn--bcher-kva.example", 443, "/",
	    "https://xn--bcher-kva.example/" },
	{ "https://ok.example/a@b:c", "ok.example", 443, "/a@b:c",
	    "https://ok.example/a@b:c" },
	/* B79: every spelling of an address is seen as that address. */
	{ "http://127.1/", "127.0.0.1", 80, "/", "http://127.0.0.1/" },
	{ "http://0x7f.1/", "127.0.0.1", 80, "/", "http://127.0.0.1/" },
	{ "http://0x7f.1./", "127.0.0.1", 80, "/", "http://127.0.0.1/" },
	{ "http://2130706433/", "127.0.0.1", 80, "/", "http://127.0.0.1/" },
	{ "http://017700000001/", "127.0.0.1", 80, "/", "http://127.0.0.1/" },
	{ "http://0/", "0.0.0.0", 80, "/", "http://0.0.0.0/" },
	{ "http://127.0.0.1./", "127.0.0.1", 80, "/", "http://127.0.0.1/" },
	{ "http://[::1]:8080/", "::1", 8080, "/", "http://[::1]:8080/" },
	{ "http://[::FFFF:127.0.0.1]/", "::ffff:127.0.0.1", 80, "/",
	    "http://[::ffff:127.0.0.1]/" },
	{ "http://localhost/", "localhost", 80, "/", "http://localhost/" },
	{ "https://my_app.ok.example/", "my_app.ok.example", 443, "/",
	    "https://my_app.ok.example/" },
	{ "https://_a_._tcp.ok.example/", "_a_._tcp.ok.example", 443, "/",
	    "https://_a_._tcp.ok.example/" },
};

static const char *const refused[] = {
	"",
	/* B79 */
	"http://[fe80::1%25lo]/",
	"http://[fe80::1%lo]/",
	"http://\xe2\x91\xa0\xe2\x91\xa1\xe2\x91\xa6.0.0.1/",
	"http://127\xe3\x80\x82"
	"0.0.1/",
	"http://%31%32%37.0.0.1/",
	"http://ok.example../",
	"http://.ok.example/",
	"http://ok..example/",
	"http://./",
	/* B80 */
	"file:///etc/passwd",
	"gopher://ok.example/",
	"dict://ok.example/",
	"ftp://ok.example/",
	"unix:/run/x",
	"//ok.example/",
	"ok.example",
	"ok.example/https://",
	"http:ok.example",
	"http:/ok.example",
	"http:///ok.example",
	"http://",
	"http://?x",
	"https://:443/",
	" https://ok.example/",
	/* B81 */
	"http://ok@127.0.0.1/",
	"http://127.0.0.1#@ok.example/",
	"http://127.0.0.1\\@ok.example/",
	"http://ok.example\\@127.0.0.1/",
	"http://a:80@b:80/",
	"http://@ok.example/",
	"https://ok.example/#x",
	"https://ok.example/#",
	/* B82 */
	"http://ok.example:0/",
	"http://ok.example:65536/",
	"http://ok.example:99999/",
	"http://ok.example:22/",
	"http://ok.example:1023/",
	"http://ok.example:080/",
	"http://ok.example:+80/",
	"http://ok.example:/",
	"http://ok.example:",
	"http://ok.example:80:80/",
	"http://ok.example:8a/",
	"http://[::1]:/",
	"http://[::1]x/",
	"http://[::1/",
	"http://[]/",
	"http://[ok.example]/",
	"http://::1/",
	/* B83 */
	"http://ok.example/\r\nX: y",
	"http://ok.example/\ta",
	"http://ok.example/a b",
	"http://ok.example/\xc3\xa9",
	"http://ok.ex ample/",
	"http://ok.ex\x7f"
	"ample/",
	"http://ok,example/",
	"http://ok*example/",
};

static void
urls_are_seen_as_libcurl_will(void **state)
{
	struct url u;
	struct err e;
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(taken); i++) {
		if (url_parse(taken[i].text, &u, &e) != RC_OK)
			fail_msg("%s: %s", taken[i].text, e.text);
		assert_string_equal(u.host, taken[i].host);
		assert_int_equal(u.port, taken[i].port);
		assert_string_equal(u.target, taken[i].target);
		assert_string_equal(u.text, taken[i].normal);
		assert_true(u.is_ipv6 == (strchr(u.host, ':') != NULL));
		url_fini(&u);
	}
}

static void
doubtful_urls_are_refused(void **state)
{
	struct url u;
	struct err e;
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(refused); i++) {
		if (url_parse(refused[i], &u, &e) != RC_INVALID)
			fail_msg("%s", refused[i]);
		assert_null(u.text);
	}
}

static void
the_normal_form_is_its_own(void **state)
{
	struct url u, again;
	struct err e;
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(taken); i++) {
		assert_int_equal(url_parse(taken[i].text, &u, &e), RC_OK);
		assert_int_equal(url_parse(u.text, &again, &e), RC_OK);
		assert_string_equal(u.text, again.text);
		url_fini(&u);
		url_fini(&again);
	}
}

/* B83. */
static void
long_urls_are_refused(void **state)
{
	char text[9 * 1024];
	struct url u;
	struct err e;

	(void)state;
	memset(text, 'a', sizeof(text));
	memcpy(text, "https://ok.example/", 19);
	text[2048] = '\0';
	assert_int_equal(url_parse(text, &u, &e), RC_OK);
	url_fini(&u);
	text[2048] = 'a';
	text[2049] = '\0';
	assert_int_equal(url_parse(text, &u, &e), RC_TOOBIG);
	text[2049] = 'a';
	text[sizeof(text) - 1] = '\0';
	assert_int_equal(url_parse(text, &u, &e), RC_TOOBIG);
}

static void
test_a_refused_host_is_named_with_its_right_spelling(void **state)
{
	static const struct {
		const char *text, *said;
	} rows[] = {
		{ "https://b\xc3\xbc"
		  "cher.example/",
		    "xn--bcher-kva.example" },
		{ "https://B\xc3\x9c"
		  "CHER.example/x?y",
		    "xn--bcher-kva.example" },
		{ "https://\xe2\x91\xa0.example/", "1.example" },
		{ "https://\xff\xfe.example/", "xn--" },
		{ "https://user:pass@ok.example/", "Authorization" },
		{ "https://user@ok.example/", "Authorization" },
		{ "https://-a.ok.example/", "labels" },
		{ "https://a-.ok.example/", "labels" },
	};
	struct url u;
	struct err e;
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(rows); i++) {
		assert_int_equal(url_parse(rows[i].text, &u, &e), RC_INVALID);
		if (strstr(e.text, rows[i].said) == NULL)
			fail_msg("%s: %s", rows[i].text, e.text);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    test_a_refused_host_is_named_with_its_right_spelling),
		cmocka_unit_test(urls_are_seen_as_libcurl_will),
		cmocka_unit_test(doubtful_urls_are_refused),
		cmocka_unit_test(the_normal_form_is_its_own),
		cmocka_unit_test(long_urls_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
