/* Which id, type, action and repository a post has, by provider. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "tests/unit/unit.h"

#include "base/crypt.h"
#include "base/xalloc.h"
#include "core/event.h"
#include "core/facts.h"
#include "core/http.h"
#include "core/sig.h"
#include "core/source.h"

/* SHA-256 over "a", NUL and the SHA-256 of "{}". */
#define DERIVED \
	"2095766960e9da47b0cf09b28ba6f6bc77657f13f624660a1d44566950305678"
#define BODY                                                           \
	"{\"kind\":\"order/paid\",\"no\":17,\"do\":\"pay\",\"data\":{" \
	"\"id\":\"in-body\",\"repo\":\"o/r\"},\"type\":\"body.type\"," \
	"\"action\":\"opened\",\"repository\":{\"full_name\":\"x/y\"}}"

struct row {
	const char *what, *provider;
	const char *headers[4];
	const char *id_header, *event_header;
	const char *id, *event, *action, *repository; /* pointers */
	const char *want_id, *want_type, *want_action, *want_repository;
};

#define GITHUB "github"
#define STANDARD "standard"
#define HMAC "hmac"
#define GH "HTTP_X_GITHUB_EVENT=issues", "HTTP_X_GITHUB_DELIVERY=d-1"

static const struct row rows[] = {
	{ "GitHub's own", GITHUB, { GH }, NULL, NULL, NULL, NULL, NULL, NULL,
	    "d-1", "issues", "opened", "x/y" },
	{ "Standard Webhooks' own", STANDARD, { "HTTP_WEBHOOK_ID=msg_1" }, NULL,
	    NULL, NULL, NULL, NULL, NULL, "msg_1", "body.type", "opened",
	    "x/y" },
	{ "an id with a dot", STANDARD, { "HTTP_WEBHOOK_ID=msg.1" }, NULL, NULL,
	    NULL, NULL, NULL, NULL, "msg.1", "body.type", "opened", "x/y" },
	{ "no type anywhere", HMAC, { "HTTP_X_ID=1" }, "X-Id", NULL, NULL, NULL,
	    NULL, NULL, "1", "a", "opened", "x/y" },
	{ "headers of GitHub's kin", GITHUB,
	    { GH, "HTTP_X_GITEA_EVENT=push", "HTTP_X_GITEA_ID=g-1" },
	    "X-Gitea-Id", "X-Gitea-Event", NULL, NULL, NULL, NULL, "g-1",
	    "push", "opened", "x/y" },
	{ "a set header that is not sent", GITHUB, { GH }, "X-Other-Id",
	    "X-Other-Event", NULL, NULL, NULL, NULL, "d-1", "issues", "opened",
	    "x/y" },
	{ "a header of Standard Webhooks", STANDARD,
	    { "HTTP_WEBHOOK_ID=msg_1", "HTTP_X_GITLAB_EVENT=Push Hook" }, NULL,
	    "X-Gitlab-Event", NULL, NULL, NULL, NULL, "msg_1", "Push_Hook",
	    "opened", "x/y" },
	{ "pointers of GitHub", GITHUB, { GH }, NULL, NULL, "/data/id", "/kind",
	    "/do", "/data/repo", "in-body", "order.paid", "pay", "o/r" },
	{ "pointers of Standard Webhooks", STANDARD,
	    { "HTTP_WEBHOOK_ID=msg_1" }, NULL, NULL, "/no", "/kind", "/do",
	    "/data/repo", "17", "order.paid", "pay", "o/r" },
	{ "pointers of hmac", HMAC, { NULL }, NULL, NULL, "/data/id", "/kind",
	    "/do", "/data/repo", "in-body", "order.paid", "pay", "o/r" },
	{ "a header before a pointer", HMAC,
	    { "HTTP_X_ID=1", "HTTP_X_EVENT=e:f" }, "X-Id", "X-Event",
	    "/data/id", "/kind", NULL, NULL, "1", "e.f", "opened", "x/y" },
	{ "pointers to what cannot be used", GITHUB, { GH }, NULL, NULL,
	    "/data", "/nothing", "/data", "/no", "d-1", "issues", "", "x/y" },
};

static void
source_init(struct source *src, const struct row *r)
{
	const char *const pointers[SOURCE_POINTERS] = { r->id, r->event,
		r->action, r->repository };
	size_t i;

	memset(src, 0, sizeof(*src));
	src->name = xstrdup("a");
	src->scheme = sig_scheme_find(r->provider);
	src->hmac.template = xstrdup("{body}");
	if (r->id_header != NULL)
		src->facts.id_header = xstrdup(r->id_header);
	if (r->event_header != NULL)
		src->facts.event_header = xstrdup(r->event_header);
	for (i = 0; i < SOURCE_POINTERS; i++)
		if (pointers[i] != NULL)
			src->facts.pointers[i] = xstrdup(pointers[i]);
	facts_prepare(src);
}

static enum rc
read_post(const struct row *r, const char *body, struct event *ev)
{
	const char *params[5] = { r->headers[0], r->headers[1], r->headers[2],
		r->headers[3], NULL };
	struct http_req req = { .params = params,
		.body = body,
		.bodysz = strlen(body) };
	struct sources all = { xcalloc(1, sizeof(struct source)), 1 };
	struct err e;
	enum rc rc;

	source_init(&all.v[0], r);
	crypt_sha256(body, req.bodysz, ev->body_sha256);
	rc = facts_read(&all.v[0], &req, body, req.bodysz, ev, &e);
	sources_fini(&all);
	return rc;
}

static void
test_facts_come_from_where_the_source_says(void **state)
{
	struct event *ev;
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(rows); i++) {
		ev = event_new();
		assert_int_equal(read_post(&rows[i], BODY, ev), RC_OK);
		if (strcmp(ev->delivery_id, rows[i].want_id) != 0 ||
		    strcmp(ev->type, rows[i].want_type) != 0 ||
		    strcmp(ev->action, rows[i].want_action) != 0 ||
		    strcmp(ev->repository, rows[i].want_repository) != 0 ||
		    ev->id_is_derived)
			fail_msg("%s: %s %s %s %s", rows[i].what,
			    ev->delivery_id, ev->type, ev->action,
			    ev->repository);
		event_free(ev);
	}
}

static void
test_a_post_without_id_and_type_gets_derived_ones(void **state)
{
	static const char *const providers[] = { GITHUB, STANDARD, HMAC };
	struct event *ev;
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(providers); i++) {
		const struct row r = { .provider = providers[i] };

		ev = event_new();
		assert_int_equal(read_post(&r, "{}", ev), RC_OK);
		assert_string_equal(ev->type, "a");
		assert_string_equal(ev->delivery_id, DERIVED);
		assert_true(ev->id_is_derived);
		event_free(ev);
	}
}

static void
test_a_derived_id_tells_types_apart(void **state)
{
	const struct row one = { .provider = HMAC,
		.headers = { "HTTP_X_EVENT=a" },
		.event_header = "X-Event" };
	const struct row two = { .provider = HMAC,
		.headers = { "HTTP_X_EVENT=b" },
		.event_header = "X-Event" };
	struct event *a = event_new(), *b = event_new();

	(void)state;
	assert_int_equal(read_post(&one, "{}", a), RC_OK);
	assert_int_equal(read_post(&two, "{}", b), RC_OK);
	assert_string_equal(a->delivery_id, DERIVED);
	assert_string_not_equal(b->delivery_id, DERIVED);
	event_free(a);
	event_free(b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_facts_come_from_where_the_source_says),
		cmocka_unit_test(
		    test_a_post_without_id_and_type_gets_derived_ones),
		cmocka_unit_test(test_a_derived_id_tells_types_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
