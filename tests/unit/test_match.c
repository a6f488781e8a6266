#include "config.h"

#include "unit.h"

#include <stdio.h>
#include <string.h>

#include "base/xalloc.h"
#include "core/event.h"
#include "core/match.h"
#include "core/webhook.h"

static void
test_patterns_match_type_full_name_and_stem(void **state)
{
	static const struct {
		const char *pattern, *type, *action;
		bool want;
	} rows[] = {
		{ "*", "issues", "opened", true },
		{ "issues", "issues", "opened", true },
		{ "issues", "issues", "", true },
		{ "issues.opened", "issues", "opened", true },
		{ "issues.opened", "issues", "closed", false },
		{ "issues.opened", "issues", "", false },
		{ "issues.*", "issues", "opened", true },
		{ "issues.*", "issues", "", true },
		{ "issue.*", "issues", "opened", false },
		{ "pull_request.*", "pull_request_review", "x", false },
		{ "pull_request", "pull_request_review", "x", false },
		{ "game.*", "game.score.changed", "", true },
		{ "game.score.*", "game.score.changed", "", true },
		{ "game.sco.*", "game.score.changed", "", false },
		{ "game.score.changed.*", "game.score.changed", "", true },
		{ "game.score.changed.x.*", "game.score.changed", "", false },
		{ ".*", "issues", "opened", false },
		{ "ISSUES", "issues", "opened", false },
		{ "", "issues", "", false },
	};
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(rows); i++)
		if (match_pattern(rows[i].pattern, rows[i].type,
			rows[i].action) != rows[i].want)
			fail_msg("%s against %s.%s", rows[i].pattern,
			    rows[i].type, rows[i].action);
}

static void
test_empty_list_matches_all(void **state)
{
	struct strlist l = { 0 };

	(void)state;
	assert_true(match_patterns(&l, "push", ""));
	strlist_put(&l, "issues");
	assert_false(match_patterns(&l, "push", ""));
	strlist_put(&l, "push");
	assert_true(match_patterns(&l, "push", ""));
	strlist_fini(&l);
}

struct pair {
	struct webhook *w;
	struct event *ev;
};

/* An event of type issues.opened and team Lions, and a webhook for all. */
static int
make(void **state)
{
	static struct pair pair;

	pair.w = webhook_new();
	pair.w->id = xstrdup("a");
	pair.ev = event_new();
	pair.ev->type = xstrdup("issues");
	pair.ev->action = xstrdup("opened");
	strlist_put(&pair.ev->teams, "Lions");
	*state = &pair;
	return 0;
}

static int
unmake(void **state)
{
	struct pair *p = *state;

	webhook_free(p->w);
	event_free(p->ev);
	return 0;
}

static void
test_disabled_webhook_wants_nothing(void **state)
{
	struct pair *p = *state;

	assert_true(match_webhook(p->w, p->ev));
	p->w->enabled = false;
	assert_false(match_webhook(p->w, p->ev));
}

static void
test_replay_suspect_is_wanted_by_nobody(void **state)
{
	struct pair *p = *state;

	p->ev->replay_suspect = true;
	assert_false(match_webhook(p->w, p->ev));
}

static void
test_replay_suspect_that_is_replayed_to_one_webhook_is_wanted_by_it(
    void **state)
{
	struct pair *p = *state;

	p->ev->replay_suspect = p->ev->is_round_alone = true;
	p->ev->webhook_id = xstrdup(p->w->id);
	assert_true(match_webhook(p->w, p->ev));
	p->ev->webhook_id[0] = '~';
	assert_false(match_webhook(p->w, p->ev));
}

static void
test_team_is_compared_without_case(void **state)
{
	struct pair *p = *state;

	p->w->team = xstrdup("lions");
	assert_true(match_webhook(p->w, p->ev));
	strlist_fini(&p->ev->teams);
	assert_false(match_webhook(p->w, p->ev));
}

static void
test_event_for_one_webhook_goes_to_it_alone(void **state)
{
	struct pair *p = *state;

	strlist_put(&p->w->events, "push");
	assert_false(match_webhook(p->w, p->ev));
	p->ev->webhook_id = xstrdup("a");
	assert_true(match_webhook(p->w, p->ev));
	p->ev->webhook_id[0] = 'b';
	assert_false(match_webhook(p->w, p->ev));
}

/* Asking for everything is not asking for what hls says of itself. */
static void
test_events_of_hls_itself_have_to_be_named(void **state)
{
	static const struct {
		const char *pattern;
		bool want;
	} rows[] = {
		{ "hls.webhook.disabled", true },
		{ "hls.webhook.*", true },
		{ "hls.*", true },
		{ "hls.delivery.*", false },
		{ "*", false },
		{ NULL, false },
	};
	struct webhook *w;
	struct event *ev = event_new();
	size_t i;

	(void)state;
	ev->source = xstrdup("hls");
	ev->type = xstrdup("hls.webhook.disabled");
	ev->action = xstrdup("");
	for (i = 0; i < NELEM(rows); i++) {
		w = webhook_new();
		w->id = xstrdup("w");
		if (rows[i].pattern != NULL)
			strlist_put(&w->events, rows[i].pattern);
		if (match_webhook(w, ev) != rows[i].want)
			fail_msg("%s", rows[i].pattern);
		strlist_put(&w->events, "*");
		assert_true(match_wants(w, "issues", ""));
		/* The same name from anybody else, stored long ago. */
		ev->source[0] = 'g';
		assert_false(match_webhook(w, ev));
		ev->source[0] = 'h';
		webhook_free(w);
	}
	event_free(ev);
}

/* A list of webhooks by event looks for these patterns and for no others. */
static void
test_the_patterns_that_want_a_name_are_those_that_match_it(void **state)
{
	static const char *const names[] = { "issues", "issues.opened",
		"pull_request_review.submitted", "a.b.c", "a..b", ".a", "a.",
		"hls.webhook.disabled", "hls.webhook", "x" };
	static const char *const patterns[] = { "", "*", "issues", "issues.*",
		"issues.opened", "issues.opened.*", "opened", "issue", "a",
		"a.*", "a.b", "a.b.*", "a.b.c", "a.b.c.*", "a..b", "a..*", "b",
		"hls.*", "hls.webhook", "hls.webhook.*", "hls.webhook.disabled",
		"hls.webhook.disabled.*", "x.*", "y.*" };
	char type[64], *dot;
	struct strlist l;
	struct webhook *w;
	size_t i, k;
	bool want;

	(void)state;
	for (i = 0; i < NELEM(names) * NELEM(patterns); i++) {
		k = i % NELEM(patterns);
		memset(&l, 0, sizeof(l));
		match_wanting(names[i / NELEM(patterns)], &l);
		w = webhook_new();
		if (patterns[k][0] != '\0')
			strlist_put(&w->events, patterns[k]);
		(void)snprintf(type, sizeof(type), "%s",
		    names[i / NELEM(patterns)]);
		want = match_wants(w, type, "");
		dot = strrchr(type, '.');
		if (dot != NULL) {
			*dot = '\0';
			want = want ||
			    (!event_type_is_reserved(type) &&
				match_wants(w, type, dot + 1));
		}
		if (strlist_has(&l, patterns[k]) != want)
			fail_msg("%s of %s", patterns[k],
			    names[i / NELEM(patterns)]);
		webhook_free(w);
		strlist_fini(&l);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_patterns_match_type_full_name_and_stem),
		cmocka_unit_test(test_empty_list_matches_all),
		cmocka_unit_test_setup_teardown(
		    test_disabled_webhook_wants_nothing, make, unmake),
		cmocka_unit_test_setup_teardown(
		    test_replay_suspect_is_wanted_by_nobody, make, unmake),
		cmocka_unit_test_setup_teardown(
		    test_replay_suspect_that_is_replayed_to_one_webhook_is_wanted_by_it,
		    make, unmake),
		cmocka_unit_test_setup_teardown(
		    test_team_is_compared_without_case, make, unmake),
		cmocka_unit_test_setup_teardown(
		    test_event_for_one_webhook_goes_to_it_alone, make, unmake),
		cmocka_unit_test(test_events_of_hls_itself_have_to_be_named),
		cmocka_unit_test(
		    test_the_patterns_that_want_a_name_are_those_that_match_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
