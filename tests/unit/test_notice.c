#include "config.h"

#include <stdio.h>
#include <string.h>

#include "unit.h"

#include "core/event.h"
#include "core/notice_data.h"

#define AT 1795248550123 /* 2026-11-21T08:09:10.123Z */

static struct notice_webhook
facts(void)
{
	const struct notice_webhook n = { .webhook = "wh-1",
		.url = "https://h.example.com/in?key=secret",
		.why = WEBHOOK_FAILING,
		.failures = 7,
		.last_class = OUTCOME_CLASS_RECEIVER,
		.last_code = 500,
		.last_text = "the receiver failed" };

	return n;
}

static void
assert_event(struct notice *n, const char *type, const char *delivery_id,
    const char *body)
{
	struct event *ev = notice_event(n);

	assert_string_equal(ev->type, type);
	assert_string_equal(ev->source, "hls");
	assert_string_equal(ev->provider, "hls");
	assert_string_equal(ev->delivery_id, delivery_id);
	assert_true(event_delivery_id_is_valid(ev->delivery_id));
	assert_true(event_type_is_valid(ev->type));
	assert_int_equal(ev->received_ms, AT);
	assert_string_equal(ev->body, body);
	assert_int_equal(ev->bodysz, strlen(body));
	event_free(ev);
	notice_fini(n);
}

static void
assert_webhook(enum notice_name name, const struct notice_webhook *w,
    const char *type, const char *delivery_id, const char *body)
{
	struct notice n;

	notice_of_webhook(name, w, AT, &n);
	assert_event(&n, type, delivery_id, body);
}

static void
assert_source(enum notice_name name, const struct notice_source *s,
    const char *type, const char *delivery_id, const char *body)
{
	struct notice n;

	notice_of_source(name, s, AT, &n);
	assert_event(&n, type, delivery_id, body);
}

/* "hls.SUBJECT.WORD", as hls-api(7) has it; the words make delivery ids. */
static void
test_names_are_apart_from_each_other(void **state)
{
	enum notice_name i, j;
	const char *type;

	(void)state;
	for (i = 0; i < NOTICE_NAMES; i++) {
		type = notice_type(i);
		assert_true(strncmp(type, "hls.", 4) == 0);
		assert_true(event_type_is_valid(type));
		for (j = 0; j < i; j++)
			assert_string_not_equal(strrchr(type, '.'),
			    strrchr(notice_type(j), '.'));
	}
}

static void
test_each_kind_of_notice_has_its_members(void **state)
{
	struct notice_webhook n = facts();

	(void)state;
	n.failing_since_ms = AT - 86400000;
	n.disable_at_ms = AT + 86400000;
	assert_webhook(NOTICE_FAILING, &n, "hls.webhook.failing",
	    "failing:wh-1:1795248550123",
	    "{\"webhook_id\":\"wh-1\",\"url\":\"https://h.example.com\","
	    "\"failing_since\":\"2026-11-20T08:09:10.123Z\","
	    "\"disable_at\":\"2026-11-22T08:09:10.123Z\","
	    "\"consecutive_failures\":7,\"last_class\":\"receiver\","
	    "\"last_code\":500,\"last_text\":\"the receiver failed\"}");
	assert_webhook(NOTICE_DISABLED, &n, "hls.webhook.disabled",
	    "disabled:wh-1:1795248550123",
	    "{\"webhook_id\":\"wh-1\",\"url\":\"https://h.example.com\","
	    "\"reason\":\"failing\","
	    "\"failing_since\":\"2026-11-20T08:09:10.123Z\","
	    "\"consecutive_failures\":7,\"last_class\":\"receiver\","
	    "\"last_code\":500,\"last_text\":\"the receiver failed\"}");
	n = facts();
	n.url = NULL;
	(void)snprintf(n.delivery, sizeof(n.delivery), "job_1");
	(void)snprintf(n.event, sizeof(n.event), "evt_1");
	n.event_type = "issues";
	n.delivery_id = "d-1";
	assert_webhook(NOTICE_DEAD, &n, "hls.delivery.dead", "dead:job_1:7",
	    "{\"webhook_id\":\"wh-1\",\"event_id\":\"evt_1\","
	    "\"event_type\":\"issues\",\"delivery_id\":\"d-1\","
	    "\"delivery\":\"job_1\",\"attempts\":7,"
	    "\"last_class\":\"receiver\",\"last_code\":500,"
	    "\"last_text\":\"the receiver failed\"}");
}

static void
test_a_blocked_key_is_reported_with_its_dead_delivery(void **state)
{
	struct notice_webhook n = facts();

	(void)state;
	(void)snprintf(n.delivery, sizeof(n.delivery), "job_1");
	(void)snprintf(n.event, sizeof(n.event), "evt_1");
	n.event_type = "issues";
	n.delivery_id = "d-1";
	n.order_key = "k-1";
	assert_webhook(NOTICE_BLOCKED, &n, "hls.key.blocked", "blocked:job_1:7",
	    "{\"webhook_id\":\"wh-1\",\"url\":\"https://h.example.com\","
	    "\"event_id\":\"evt_1\","
	    "\"event_type\":\"issues\",\"delivery_id\":\"d-1\","
	    "\"delivery\":\"job_1\",\"order_key\":\"k-1\",\"attempts\":7,"
	    "\"last_class\":\"receiver\",\"last_code\":500,"
	    "\"last_text\":\"the receiver failed\"}");
}

static void
test_a_source_is_reported_with_counts_by_reason(void **state)
{
	struct notice_source n = { .source = "github",
		.last_ms = AT - 1,
		.reasons = { { .name = "body", .n = 2 },
		    { .name = "type", .n = 1 } },
		.nreasons = 2 };

	(void)state;
	assert_source(NOTICE_SUSPECT, &n, "hls.event.suspect",
	    "suspect:github:1795248550123",
	    "{\"source\":\"github\",\"count\":3,\"reasons\":{\"body\":2,"
	    "\"type\":1},\"last_at\":\"2026-11-21T08:09:10.122Z\"}");
	n.reported_ms = AT - 3600000;
	assert_source(NOTICE_REFUSING, &n, "hls.source.refusing",
	    "refusing:github:1795248550123",
	    "{\"source\":\"github\",\"count\":3,\"reasons\":{\"body\":2,"
	    "\"type\":1},\"signed\":true,\"since\":\"2026-11-21T07:09:10."
	    "123Z\",\"last_at\":\"2026-11-21T08:09:10.122Z\"}");
}

static void
test_an_event_has_the_team_of_its_notice(void **state)
{
	struct notice_webhook w = facts();
	struct notice n;
	struct event *ev;

	(void)state;
	notice_of_webhook(NOTICE_FAILING, &w, AT, &n);
	ev = notice_event(&n);
	assert_int_equal(ev->teams.n, 0);
	event_free(ev);
	notice_fini(&n);
	w.team = "core";
	notice_of_webhook(NOTICE_FAILING, &w, AT, &n);
	ev = notice_event(&n);
	assert_int_equal(ev->teams.n, 1);
	assert_string_equal(ev->teams.v[0], "core");
	event_free(ev);
	notice_fini(&n);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names_are_apart_from_each_other),
		cmocka_unit_test(test_each_kind_of_notice_has_its_members),
		cmocka_unit_test(
		    test_a_blocked_key_is_reported_with_its_dead_delivery),
		cmocka_unit_test(
		    test_a_source_is_reported_with_counts_by_reason),
		cmocka_unit_test(test_an_event_has_the_team_of_its_notice),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
