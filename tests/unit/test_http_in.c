#include "config.h"

#include <stdio.h>
#include <string.h>

#include "core/http.h"
#include "front/http_conn.h"
#include "front/http_in.h"
#include "tests/unit/unit.h"

static const struct {
	const char *info, *uri, *script, *base;
	enum rc rc;
	const char *path;
} paths[] = {
	{ "/stats", "/x/y?z", "/s", "", RC_OK, "/stats" },
	{ "", "/stats?a=/b", "/s", "", RC_OK, "/stats" },
	{ NULL, NULL, "/stats", "", RC_OK, "/stats" },
	{ NULL, NULL, NULL, "", RC_OK, "/" },
	{ NULL, "/", NULL, "", RC_OK, "/" },
	{ NULL, "/stats/", NULL, "", RC_OK, "/stats" },
	{ NULL, "/hls/stats", NULL, "/hls", RC_OK, "/stats" },
	{ "/hls/stats", NULL, NULL, "/hls", RC_OK, "/stats" },
	{ "/stats", NULL, NULL, "/hls", RC_OK, "/stats" },
	{ NULL, "/hls", NULL, "/hls", RC_OK, "/" },
	{ NULL, "/hls/", NULL, "/hls", RC_OK, "/" },
	{ NULL, "/hlsx/stats", NULL, "/hls", RC_OK, "/hlsx/stats" },
	{ NULL, "http://h/stats?x", NULL, "", RC_OK, "/stats" },
	{ NULL, "/a%2Db", NULL, "", RC_OK, "/a-b" },
	/* Decoded once, and what the server decoded not again. */
	{ NULL, "/a%252Db", NULL, "", RC_OK, "/a%2Db" },
	{ "/a%2Db", NULL, NULL, "", RC_OK, "/a%2Db" },
	/* One path, however the server passed it on. */
	{ NULL, "//hooks//github", NULL, "", RC_OK, "/hooks/github" },
	{ "//hooks//github", NULL, NULL, "", RC_OK, "/hooks/github" },
	{ NULL, NULL, "//hooks//github", "", RC_OK, "/hooks/github" },
	{ NULL, "/hls//hooks///github//", NULL, "/hls", RC_OK,
	    "/hooks/github" },
	{ NULL, "//hls/stats", NULL, "/hls", RC_OK, "/stats" },
	{ NULL, "///", NULL, "", RC_OK, "/" },
	{ NULL, "/./stats/.", NULL, "", RC_OK, "/stats" },
	{ NULL, "/hooks/../stats", NULL, "", RC_OK, "/stats" },
	{ NULL, "/hooks/%2e%2E/stats", NULL, "", RC_OK, "/stats" },
	{ NULL, "/hls/../stats", NULL, "/hls", RC_OK, "/stats" },
	{ "/hooks/..", NULL, NULL, "", RC_OK, "/" },
	{ NULL, "/a/b/../../c", NULL, "", RC_OK, "/c" },
	{ NULL, "/..a/.b/...", NULL, "", RC_OK, "/..a/.b/..." },
	{ NULL, "/..", NULL, "", RC_NOTFOUND, "" },
	{ NULL, "/../stats", NULL, "", RC_NOTFOUND, "" },
	{ NULL, "/a/../../stats", NULL, "", RC_NOTFOUND, "" },
	{ NULL, "stats", NULL, "", RC_NOTFOUND, "" },
	{ NULL, "*", NULL, "", RC_NOTFOUND, "" },
	{ "stats", NULL, NULL, "", RC_NOTFOUND, "" },
	{ NULL, "/a%00b", NULL, "", RC_INVALID, "" },
	{ NULL, "/a%0ab", NULL, "", RC_INVALID, "" },
	{ "/a\nb", NULL, NULL, "", RC_INVALID, "" },
	{ NULL, "/a%", NULL, "", RC_INVALID, "" },
	{ NULL, "/a%zz", NULL, "", RC_INVALID, "" },
};

/* Writes "NAME=value" at *next of params, unless there is no value. */
static void
add(const char **params, size_t *next, char *room, size_t max, const char *name,
    const char *value)
{
	if (value == NULL)
		return;
	(void)snprintf(room, max, "%s=%s", name, value);
	params[(*next)++] = room;
}

static void
the_path_is_read_from_the_servers_variables(void **state)
{
	char out[HTTP_IN_PATH_MAX + 1], room[3][256];
	const char *params[4];
	struct http_req req = { .params = params };
	struct err e;
	size_t i, n;
	enum rc rc;

	(void)state;
	for (i = 0; i < NELEM(paths); i++) {
		n = 0;
		memset(params, 0, sizeof(params));
		add(params, &n, room[0], 256, "PATH_INFO", paths[i].info);
		add(params, &n, room[1], 256, "REQUEST_URI", paths[i].uri);
		add(params, &n, room[2], 256, "SCRIPT_NAME", paths[i].script);
		rc = http_in_path(&req, paths[i].base, out, sizeof(out), &e);
		if (rc != paths[i].rc ||
		    (rc == RC_OK && strcmp(out, paths[i].path) != 0))
			fail_msg("row %zu: %d, %s", i, (int)rc, out);
	}
}

static void
a_long_path_is_refused(void **state)
{
	static char uri[9 * 1024];
	char out[HTTP_IN_PATH_MAX + 1];
	const char *params[] = { uri, NULL };
	const struct http_req req = { .params = params };
	struct err e;

	(void)state;
	memset(uri, 'x', sizeof(uri) - 1);
	memcpy(uri, "REQUEST_URI=/", 13);
	assert_int_equal(http_in_path(&req, "", out, sizeof(out), &e),
	    RC_INVALID);
	memcpy(uri, "PATH_INFO=/xx", 13);
	assert_int_equal(http_in_path(&req, "", out, sizeof(out), &e),
	    RC_INVALID);
}

static const struct {
	const char *text;
	enum http_in_length is;
	size_t n;
} lengths[] = {
	{ NULL, HTTP_IN_LENGTH_NONE, 0 },
	{ "", HTTP_IN_LENGTH_NONE, 0 },
	{ "0", HTTP_IN_LENGTH_OK, 0 },
	{ "007", HTTP_IN_LENGTH_OK, 7 },
	{ "1000", HTTP_IN_LENGTH_OK, 1000 },
	{ "1001", HTTP_IN_LENGTH_OVER, 0 },
	{ "999999999999999999", HTTP_IN_LENGTH_OVER, 0 },
	{ "99999999999999999999", HTTP_IN_LENGTH_BAD, 0 },
	{ "-1", HTTP_IN_LENGTH_BAD, 0 },
	{ "+5", HTTP_IN_LENGTH_BAD, 0 },
	{ "5 ", HTTP_IN_LENGTH_BAD, 0 },
	{ " 5", HTTP_IN_LENGTH_BAD, 0 },
	{ "0x5", HTTP_IN_LENGTH_BAD, 0 },
	{ "5,5", HTTP_IN_LENGTH_BAD, 0 },
};

static void
a_length_is_plain_digits(void **state)
{
	const char *params[2];
	const struct http_req req = { .params = params };
	enum http_in_length is;
	char room[64];
	size_t i, n, next;

	(void)state;
	for (i = 0; i < NELEM(lengths); i++) {
		next = 0;
		memset(params, 0, sizeof(params));
		add(params, &next, room, sizeof(room), "CONTENT_LENGTH",
		    lengths[i].text);
		is = http_in_length(&req, 1000, &n);
		if (is != lengths[i].is || n != lengths[i].n)
			fail_msg("row %zu: %d, %zu", i, (int)is, n);
	}
}

/* A body from memory, the other side gone after gone_at bytes. */
struct memory_conn {
	struct http_conn conn;
	const char *text;
	size_t at, gone_at;
};

static enum rc
memory_read(struct http_conn *conn, void *p, size_t n, size_t *got,
    struct err *e)
{
	struct memory_conn *c = (struct memory_conn *)conn;
	size_t left = strlen(c->text) - c->at;

	*got = n < left ? n : left;
	memcpy(p, c->text + c->at, *got);
	c->at += *got;
	return c->at >= c->gone_at ? err_set(e, RC_PEER, "gone") : RC_OK;
}

static enum rc
memory_read_end(struct http_conn *conn, struct err *e)
{
	struct memory_conn *c = (struct memory_conn *)conn;

	return c->text[c->at] == '\0' ? RC_OK : err_set(e, RC_INVALID, "more");
}

static const struct http_conn_ops memory_ops = { .read = memory_read,
	.read_end = memory_read_end };

static const struct {
	const char *text;
	size_t n, gone_at;
	enum rc rc;
} bodies[] = {
	{ "12345", 5, 99, RC_OK },
	{ "", 0, 99, RC_OK },
	{ "12345", 10, 99, RC_INVALID },
	{ "12345", 3, 99, RC_INVALID },
	{ "1", 0, 99, RC_INVALID },
	{ "12345", 10, 5, RC_PEER },
};

static void
a_body_must_have_its_announced_length(void **state)
{
	struct memory_conn c;
	struct err e;
	char out[16];
	size_t i;
	enum rc rc;

	(void)state;
	for (i = 0; i < NELEM(bodies); i++) {
		c = (struct memory_conn){ .conn = { &memory_ops },
			.text = bodies[i].text,
			.gone_at = bodies[i].gone_at };
		rc = http_in_body(&c.conn, out, bodies[i].n, &e);
		if (rc != bodies[i].rc)
			fail_msg("row %zu: %d", i, (int)rc);
		if (rc == RC_OK)
			assert_string_equal(out, bodies[i].text);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_path_is_read_from_the_servers_variables),
		cmocka_unit_test(a_long_path_is_refused),
		cmocka_unit_test(a_length_is_plain_digits),
		cmocka_unit_test(a_body_must_have_its_announced_length),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
