#include "config.h"

#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "core/event.h"
#include "core/judge.h"
#include "core/webhook.h"

static struct {
	const char *body; /* NULL: purged */
	enum rc rc;
	int reads;
} kept;

static enum rc
read_kept(void *arg, const struct event *ev, char **body, size_t *bodysz,
    struct err *e)
{
	(void)arg;
	assert_int_equal(ev->id, 7);
	*body = NULL;
	*bodysz = 0;
	kept.reads++;
	if (kept.rc != RC_OK)
		return err_set(e, kept.rc, "not now");
	if (kept.body == NULL)
		return err_set(e, RC_NOTFOUND, "purged");
	*body = xstrdup(kept.body);
	*bodysz = strlen(kept.body);
	return RC_OK;
}

/* Four webhooks, the last of them with what is asked for. */
struct four {
	struct webhook *v[4];
	struct judge *m;
	struct event *ev;
};

static void
four_init(struct four *f, const char *filter, const char *order_by)
{
	const struct judge_bodies bodies = { read_kept, NULL };
	char id[8];
	size_t i;

	for (i = 0; i < 4; i++) {
		f->v[i] = webhook_new();
		(void)snprintf(id, sizeof(id), "h%zu", i);
		f->v[i]->id = xstrdup(id);
	}
	f->v[0]->filter = xstrdup("{\"$type\":\"issues\"}");
	strlist_put(&f->v[1]->events, "push");
	f->v[1]->filter = xstrdup("{\"/a\":1}");
	f->v[2]->filter = xstrdup("{\"/a\":1}");
	f->v[2]->enabled = false;
	f->v[3]->filter = filter == NULL ? NULL : xstrdup(filter);
	f->v[3]->order_by = order_by == NULL ? NULL : xstrdup(order_by);
	f->m = judge_new(f->v, 4, &bodies);
	f->ev = event_new();
	f->ev->id = 7;
	f->ev->source = xstrdup("github");
	f->ev->type = xstrdup("issues");
	f->ev->action = xstrdup("");
	f->ev->repository = xstrdup("octo/hello");
	kept.reads = 0;
	kept.rc = RC_OK;
	kept.body = "{\"a\":1,\"k\":\"x\\u0041\",\"l\":[1],\"t\":true,"
		    "\"n\":1.50,\"z\":null,\"nul\":\"\\u0000\"}";
}

static void
four_fini(struct four *f)
{
	size_t i;

	judge_free(f->m);
	event_free(f->ev);
	for (i = 0; i < 4; i++)
		webhook_free(f->v[i]);
}

static struct judge_verdict
judge(struct four *f, size_t i)
{
	struct judge_verdict v;
	struct err e;

	assert_int_equal(judge_webhook(f->m, i, &v, &e), RC_OK);
	if (v.order_key != NULL)
		v.order_key = v.text; /* of this copy */
	return v;
}

static void
test_the_body_is_read_once_and_only_when_it_matters(void **state)
{
	struct judge_verdict v;
	struct four f;
	int i;

	(void)state;
	four_init(&f, "{\"/a\":1}", "/a");
	judge_begin(f.m, f.ev);
	assert_true(judge(&f, 0).wants);
	v = judge(&f, 1);
	assert_false(v.wants || v.filtered);
	assert_int_equal(v.match, MATCH_PATTERN);
	assert_int_equal(judge(&f, 2).match, MATCH_DISABLED);
	assert_int_equal(kept.reads, 0);
	for (i = 0; i < 3; i++)
		assert_true(judge(&f, 3).wants);
	assert_int_equal(kept.reads, 1);
	judge_end(f.m);
	judge_begin(f.m, f.ev);
	assert_true(judge(&f, 3).wants);
	assert_int_equal(kept.reads, 2);
	four_fini(&f);
}

static void
test_an_event_for_one_webhook_is_not_filtered(void **state)
{
	struct judge_verdict v;
	struct four f;

	(void)state;
	four_init(&f, "{\"/a\":2}", "/k");
	f.ev->webhook_id = xstrdup("h3");
	judge_begin(f.m, f.ev);
	v = judge(&f, 3);
	assert_true(v.wants);
	assert_false(v.filtered);
	assert_string_equal(v.text, "xA");
	assert_int_equal(judge(&f, 0).match, MATCH_OTHER);
	four_fini(&f);
}

static void
test_a_test_post_waits_for_nobody(void **state)
{
	struct judge_verdict v;
	struct four f;

	(void)state;
	four_init(&f, NULL, "webhook");
	free(f.ev->source);
	f.ev->source = xstrdup(EVENT_SOURCE_TEST);
	f.ev->webhook_id = xstrdup("h3");
	judge_begin(f.m, f.ev);
	v = judge(&f, 3);
	assert_true(v.wants);
	assert_null(v.order_key);
	four_fini(&f);
}

static void
test_a_body_that_cannot_be_read_is_no_verdict(void **state)
{
	struct judge_verdict v;
	struct four f;
	struct err e;

	(void)state;
	four_init(&f, "{\"/a\":1}", NULL);
	kept.rc = RC_BUSY;
	judge_begin(f.m, f.ev);
	assert_int_equal(judge_webhook(f.m, 3, &v, &e), RC_BUSY);
	kept.rc = RC_OK;
	assert_true(judge(&f, 3).wants);
	judge_end(f.m);
	/* One that is purged has nothing in it. */
	kept.body = NULL;
	judge_begin(f.m, f.ev);
	assert_false(judge(&f, 3).wants);
	four_fini(&f);
}

static void
test_a_filter_that_cannot_be_read_holds_for_nothing(void **state)
{
	struct four f;

	(void)state;
	four_init(&f, "{\"what\":1}", NULL);
	judge_begin(f.m, f.ev);
	assert_false(judge(&f, 3).wants);
	four_fini(&f);
}

static void
test_keys_by_where_they_come_from(void **state)
{
	static const struct {
		const char *order_by, *key; /* NULL: in no order */
	} rows[] = {
		{ NULL, NULL },
		{ "webhook", "" },
		{ "repository", "octo/hello" },
		{ "/k", "xA" },
		{ "/a", "1" },
		{ "/n", "1.50" },
		{ "/t", "true" },
		{ "/z", NULL },
		{ "/l", NULL },
		{ "/l/0", "1" },
		{ "/gone", NULL },
		{ "/nul", "sha256:" },
		{ "nonsense", NULL },
	};
	struct judge_verdict v;
	struct four f;
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(rows); i++) {
		four_init(&f, NULL, rows[i].order_by);
		judge_begin(f.m, f.ev);
		v = judge(&f, 3);
		assert_true(v.wants);
		if (rows[i].key == NULL)
			assert_null(v.order_key);
		else if (strncmp(rows[i].key, "sha256:", 7) == 0)
			assert_int_equal(strlen(v.order_key), 71);
		else
			assert_string_equal(v.order_key, rows[i].key);
		four_fini(&f);
	}
}

static void
test_a_long_order_key_is_replaced_by_its_digest(void **state)
{
	char body[600], *key;
	struct judge_verdict v = { 0 }, other;
	struct four f;
	int i;

	(void)state;
	for (i = 0; i < 2; i++) {
		key = xcalloc(1, 301);
		memset(key, 'k', 300);
		key[299] = i == 0 ? 'k' : 'l';
		(void)snprintf(body, sizeof(body), "{\"k\":\"%s\"}", key);
		free(key);
		four_init(&f, NULL, "/k");
		kept.body = body;
		judge_begin(f.m, f.ev);
		other = v;
		v = judge(&f, 3);
		assert_int_equal(strncmp(v.text, "sha256:", 7), 0);
		assert_int_equal(strlen(v.text), 71);
		if (i == 1)
			assert_string_not_equal(v.text, other.text);
		four_fini(&f);
	}
	four_init(&f, NULL, "repository");
	free(f.ev->repository);
	f.ev->repository = xstrdup("unknown");
	judge_begin(f.m, f.ev);
	assert_null(judge(&f, 3).order_key);
	four_fini(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    test_the_body_is_read_once_and_only_when_it_matters),
		cmocka_unit_test(test_an_event_for_one_webhook_is_not_filtered),
		cmocka_unit_test(test_a_test_post_waits_for_nobody),
		cmocka_unit_test(test_a_body_that_cannot_be_read_is_no_verdict),
		cmocka_unit_test(
		    test_a_filter_that_cannot_be_read_holds_for_nothing),
		cmocka_unit_test(test_keys_by_where_they_come_from),
		cmocka_unit_test(
		    test_a_long_order_key_is_replaced_by_its_digest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
