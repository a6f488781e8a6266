#include "config.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "unit.h"

#include "base/url.h"
#include "core/urlpolicy.h"

static enum rc
check_text(const struct urlpolicy *p, const char *text, bool is_https)
{
	struct sockaddr_storage ss;
	struct sockaddr_in *four = (struct sockaddr_in *)&ss;
	struct sockaddr_in6 *six = (struct sockaddr_in6 *)&ss;
	struct err e;

	memset(&ss, 0, sizeof(ss));
	if (inet_pton(AF_INET, text, &four->sin_addr) == 1) {
		four->sin_family = AF_INET;
	} else {
		assert_int_equal(inet_pton(AF_INET6, text, &six->sin6_addr), 1);
		six->sin6_family = AF_INET6;
	}
	return urlpolicy_check_addr(p, (struct sockaddr *)&ss, is_https, &e);
}

/* Each denied range by its first and last address and the neighbours that
 * are outside of it; NULL where the neighbour is denied too. */
static void
test_every_denied_range_ends_where_it_should(void **state)
{
	static const struct {
		const char *below, *first, *last, *above;
	} rows[] = {
		{ NULL, "0.0.0.0", "0.255.255.255", "1.0.0.0" },
		{ "9.255.255.255", "10.0.0.0", "10.255.255.255", "11.0.0.0" },
		{ "100.63.255.255", "100.64.0.0", "100.127.255.255",
		    "100.128.0.0" },
		{ "126.255.255.255", "127.0.0.0", "127.255.255.255",
		    "128.0.0.0" },
		{ "169.253.255.255", "169.254.0.0", "169.254.255.255",
		    "169.255.0.0" },
		{ "172.15.255.255", "172.16.0.0", "172.31.255.255",
		    "172.32.0.0" },
		{ "191.255.255.255", "192.0.0.0", "192.0.0.255", "192.0.1.0" },
		{ "192.0.1.255", "192.0.2.0", "192.0.2.255", "192.0.3.0" },
		{ "192.88.98.255", "192.88.99.0", "192.88.99.255",
		    "192.88.100.0" },
		{ "192.167.255.255", "192.168.0.0", "192.168.255.255",
		    "192.169.0.0" },
		{ "198.17.255.255", "198.18.0.0", "198.19.255.255",
		    "198.20.0.0" },
		{ "198.51.99.255", "198.51.100.0", "198.51.100.255",
		    "198.51.101.0" },
		{ "203.0.112.255", "203.0.113.0", "203.0.113.255",
		    "203.0.114.0" },
		{ "223.255.255.255", "224.0.0.0", "255.255.255.255", NULL },
		{ "168.63.129.15", "168.63.129.16", "168.63.129.16",
		    "168.63.129.17" },
		{ NULL, "::", "::fffe:ffff:ffff", NULL },
		{ NULL, "::ffff:0.0.0.0", "::ffff:0.255.255.255",
		    "::ffff:1.0.0.0" },
		{ "::ffff:126.255.255.255", "::ffff:127.0.0.1",
		    "::ffff:127.255.255.255", "::ffff:128.0.0.0" },
		{ NULL, "::ffff:0:0:0", "64:ff9b::ffff:ffff", NULL },
		{ NULL, "::ffff:0:127.0.0.1", "::ffff:0:8.8.8.8", NULL },
		{ NULL, "64:ff9b::8.8.8.8", "64:ff9b:2::", NULL },
		{ NULL, "100::", "100:0:0:1:ffff:ffff:ffff:ffff", NULL },
		{ NULL, "200::", "3ff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
		    NULL },
		{ NULL, "1::", "1fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
		    "2000::" },
		{ "2000:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "2001::",
		    "2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff", "2001:200::" },
		{ "2001:db7:ffff:ffff:ffff:ffff:ffff:ffff", "2001:db8::",
		    "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", "2001:db9::" },
		{ "2001:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "2002::",
		    "2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "2003::" },
		{ "3ffe:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "3fff::",
		    "3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff", "3fff:1000::" },
		{ "3fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
		    "4000::", "5f00:ffff:ffff:ffff:ffff:ffff:ffff:ffff", NULL },
		{ NULL, "5f01::", "fbff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
		    NULL },
		{ NULL, "fc00::", "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
		    NULL },
		{ NULL, "fe00::", "febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
		    NULL },
		{ NULL, "fec0::", "feff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
		    NULL },
		{ NULL, "ff00::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
		    NULL },
	};
	const struct urlpolicy p = { 0 };
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(rows); i++) {
		if (check_text(&p, rows[i].first, true) != RC_DENIED ||
		    check_text(&p, rows[i].last, true) != RC_DENIED)
			fail_msg("%s to %s", rows[i].first, rows[i].last);
		if (rows[i].below != NULL &&
		    check_text(&p, rows[i].below, true) != RC_OK)
			fail_msg("below %s", rows[i].first);
		if (rows[i].above != NULL &&
		    check_text(&p, rows[i].above, true) != RC_OK)
			fail_msg("above %s", rows[i].last);
	}
}

static void
test_allowing_a_nat64_prefix_does_not_allow_the_embedded_address(void **state)
{
	static const struct {
		const char *network, *fine, *denied;
	} rows[] = {
		{ "64:ff9b::/96", "64:ff9b::8.8.8.8", "64:ff9b::127.0.0.1" },
		{ "64:ff9b::/96", "64:ff9b::8.8.8.8", "64:ff9b::169.254.1.1" },
		{ "2002::/16", "2002:808:808::", "2002:7f00:1::" },
		{ "::ffff:0:0:0/96", "::ffff:0:8.8.8.8", "::ffff:0:10.0.0.1" },
		{ "64:ff9b:1::/48", "64:ff9b:1::8.8.8.8",
		    "64:ff9b:1::10.0.0.1" },
		{ "64:ff9b:1::/48", "64:ff9b:1:8:8:808:800:0",
		    "64:ff9b:1:0:7f:0:100:0" },
		{ "64:ff9b:1::/48",
		    "64:ff9b:1:808:8:800::", "64:ff9b:1:a9fe:a9:fe00::" },
		{ "64:ff9b:1:2::/64", "64:ff9b:1:2:8:808:800:0",
		    "64:ff9b:1:2:c0:a800:100:0" },
		{ "2001::/32", "2001:0:808:808::f7f7:f7f7",
		    "2001:0:808:808::f5ff:fffe" },
	};
	struct err e;
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(rows); i++) {
		struct urlpolicy p = { 0 };

		assert_int_equal(urlpolicy_allow(&p, rows[i].network, &e),
		    RC_OK);
		if (check_text(&p, rows[i].fine, true) != RC_OK ||
		    check_text(&p, rows[i].denied, true) != RC_DENIED)
			fail_msg("%s", rows[i].network);
		assert_int_equal(urlpolicy_allow(&p, "10.0.0.0/8", &e), RC_OK);
		assert_int_equal(check_text(&p, "64:ff9b::10.0.0.1", true),
		    i < 2 ? RC_OK : RC_DENIED);
		urlpolicy_fini(&p);
	}
}

static void
test_zones_and_other_families_are_denied(void **state)
{
	struct sockaddr_in6 six = { .sin6_family = AF_INET6,
		.sin6_scope_id = 1 };
	struct sockaddr un = { .sa_family = AF_UNIX };
	const struct urlpolicy p = { 0 };
	struct err e;

	(void)state;
	assert_int_equal(inet_pton(AF_INET6, "2606::1", &six.sin6_addr), 1);
	assert_int_equal(
	    urlpolicy_check_addr(&p, (struct sockaddr *)&six, true, &e),
	    RC_DENIED);
	six.sin6_scope_id = 0;
	assert_int_equal(
	    urlpolicy_check_addr(&p, (struct sockaddr *)&six, true, &e), RC_OK);
	assert_int_equal(urlpolicy_check_addr(&p, &un, true, &e), RC_DENIED);
}

static void
test_own_addresses_are_denied_unless_excepted(void **state)
{
	struct sockaddr_in four = { .sin_family = AF_INET };
	struct urlpolicy p = { 0 };
	struct err e;

	(void)state;
	assert_int_equal(inet_pton(AF_INET, "93.184.216.34", &four.sin_addr),
	    1);
	assert_int_equal(check_text(&p, "93.184.216.34", true), RC_OK);
	urlpolicy_own(&p, (struct sockaddr *)&four);
	assert_int_equal(check_text(&p, "93.184.216.34", true), RC_DENIED);
	assert_int_equal(check_text(&p, "::ffff:93.184.216.34", true),
	    RC_DENIED);
	assert_int_equal(check_text(&p, "93.184.216.35", true), RC_OK);
	assert_int_equal(urlpolicy_allow(&p, "93.184.216.34/32", &e), RC_OK);
	assert_int_equal(check_text(&p, "93.184.216.34", true), RC_OK);
	urlpolicy_fini(&p);
}

static void
test_plain_http_goes_to_allowed_networks_alone(void **state)
{
	struct urlpolicy p = { 0 };
	struct err e;

	(void)state;
	assert_int_equal(urlpolicy_allow(&p, "10.0.0.0/8", &e), RC_OK);
	assert_int_equal(urlpolicy_allow(&p, "fd00::/8", &e), RC_OK);
	assert_int_equal(check_text(&p, "10.1.2.3", false), RC_OK);
	assert_int_equal(check_text(&p, "::ffff:10.1.2.3", false), RC_OK);
	assert_int_equal(check_text(&p, "fd12::1", false), RC_OK);
	assert_int_equal(check_text(&p, "fc12::1", false), RC_DENIED);
	assert_int_equal(check_text(&p, "8.8.8.8", false), RC_DENIED);
	assert_int_equal(check_text(&p, "8.8.8.8", true), RC_OK);
	assert_int_equal(check_text(&p, "127.0.0.1", true), RC_DENIED);
	urlpolicy_fini(&p);
}

static void
test_exceptions_are_networks(void **state)
{
	static const struct {
		const char *text;
		enum rc want;
	} rows[] = {
		{ "127.0.0.0/8", RC_OK },
		{ "192.168.1.7/32", RC_OK },
		{ "::1/128", RC_OK },
		{ "::ffff:10.0.0.0/104", RC_OK },
		{ "0.0.0.0/0", RC_INVALID },
		{ "::/0", RC_INVALID },
		{ "::/64", RC_INVALID },
		{ "::ffff:0:0/96", RC_INVALID },
		{ "10.0.0.0/33", RC_INVALID },
		{ "::/129", RC_INVALID },
		{ "10.0.0.1/8", RC_INVALID },
		{ "fd00::1/8", RC_INVALID },
		{ "10.0.0.0", RC_INVALID },
		{ "10.0.0.0/", RC_INVALID },
		{ "10.0.0.0/+8", RC_INVALID },
		{ "10.0.0.0/8 ", RC_INVALID },
		{ "10.0.0/24", RC_INVALID },
		{ "localhost", RC_INVALID },
		{ "localhost/8", RC_INVALID },
		{ "", RC_INVALID },
	};
	struct urlpolicy p = { 0 };
	struct err e;
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(rows); i++)
		if (urlpolicy_allow(&p, rows[i].text, &e) != rows[i].want)
			fail_msg("%s", rows[i].text);
	assert_int_equal(p.nallow, 4);
	urlpolicy_fini(&p);
}

static enum rc
check_url(const struct urlpolicy *p, const char *text)
{
	struct url u;
	struct err e;
	enum rc rc;

	if (url_parse(text, &u, &e) != RC_OK)
		return RC_INVALID;
	rc = urlpolicy_check_url(p, &u, &e);
	url_fini(&u);
	return rc;
}

static void
test_inner_targets_are_refused_in_any_spelling(void **state)
{
	static const char *const hosts[] = { "127.1", "0x7f.1", "2130706433",
		"017700000001", "0", "127.0.0.1.", "[::1]",
		"[::ffff:127.0.0.1]", "[::127.0.0.1]", "[64:ff9b::7f00:1]",
		"[2002:7f00:1::]", "[fe80::1%25lo]", "localhost", "LOCALHOST.",
		"foo.localhost", "\xe2\x91\xa0.1.1.1", "127\343\200\2020.0.1",
		"169.254.169.254", "router", "printer.local",
		"db.corp.internal", "metadata.google.internal",
		"metadata.example.com", "10.0.0.1", "1.2.3.4.5", "0x7f000001",
		"a.0x7f", "-a.example.com", "256.1.1.1", "ok@127.0.0.1",
		"127.0.0.1#@ok", "127.0.0.1\\@ok", "ok\\@127.0.0.1",
		"a:80@b:80", "ok.example:0", "ok.example:65536",
		"ok.example:22", "ok example" };
	const struct urlpolicy p = { 0 };
	char text[128];
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(hosts); i++) {
		snprintf(text, sizeof(text), "https://%s/", hosts[i]);
		if (check_url(&p, text) == RC_OK)
			fail_msg("%s", text);
		snprintf(text, sizeof(text), "http://%s/", hosts[i]);
		if (check_url(&p, text) == RC_OK)
			fail_msg("%s", text);
	}
}

static void
test_names_of_local_networks_need_an_exception(void **state)
{
	static const struct {
		const char *text;
		enum rc bare, allowed; /* without and with 192.168.0.0/16 */
	} rows[] = {
		{ "https://hooks.example.com/x?y=1", RC_OK, RC_OK },
		{ "https://93.184.216.34/", RC_OK, RC_OK },
		{ "https://[2606:2800::1]/", RC_OK, RC_OK },
		{ "http://hooks.example.com/", RC_DENIED, RC_OK },
		{ "http://93.184.216.34/", RC_DENIED, RC_DENIED },
		{ "http://192.168.1.7:8123/api", RC_DENIED, RC_OK },
		{ "https://192.168.1.7/", RC_DENIED, RC_OK },
		{ "https://10.0.0.1/", RC_DENIED, RC_DENIED },
		{ "http://homeassistant.local:8123/", RC_DENIED, RC_OK },
		{ "http://nas/", RC_DENIED, RC_OK },
		{ "https://db.internal/", RC_DENIED, RC_OK },
		{ "http://localhost:8123/", RC_DENIED, RC_DENIED },
		{ "https://a.localhost/", RC_DENIED, RC_DENIED },
		{ "https://metadata/", RC_DENIED, RC_DENIED },
		{ "https://metadata.google.internal/", RC_DENIED, RC_DENIED },
		{ "https://METADATA.example.com/", RC_DENIED, RC_DENIED },
		{ "https://metadatas.example.com/", RC_OK, RC_OK },
	};
	const struct urlpolicy bare = { 0 };
	struct urlpolicy allowed = { 0 };
	struct err e;
	size_t i;

	(void)state;
	assert_int_equal(urlpolicy_allow(&allowed, "192.168.0.0/16", &e),
	    RC_OK);
	for (i = 0; i < NELEM(rows); i++)
		if (check_url(&bare, rows[i].text) != rows[i].bare ||
		    check_url(&allowed, rows[i].text) != rows[i].allowed)
			fail_msg("%s", rows[i].text);
	urlpolicy_fini(&allowed);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_denied_range_ends_where_it_should),
		cmocka_unit_test(
		    test_allowing_a_nat64_prefix_does_not_allow_the_embedded_address),
		cmocka_unit_test(test_zones_and_other_families_are_denied),
		cmocka_unit_test(test_own_addresses_are_denied_unless_excepted),
		cmocka_unit_test(
		    test_plain_http_goes_to_allowed_networks_alone),
		cmocka_unit_test(test_exceptions_are_networks),
		cmocka_unit_test(
		    test_inner_targets_are_refused_in_any_spelling),
		cmocka_unit_test(
		    test_names_of_local_networks_need_an_exception),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
