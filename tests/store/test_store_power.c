#include "config.h"

#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/xalloc.h"
#include "core/event.h"
#include "tests/store/fixture.h"
#include "tests/store/shim.h"

/*
 * What was acknowledged outlives a power cut at any moment, and after a
 * failed sync nothing is acknowledged.  Killing a process shows neither: the
 * kernel still writes what it was given.
 */

#define CUTS 200
#define SMALL 60
#define LARGE 5
#define LARGE_SIZE (1024 * 1024)
#define LARGES_IN_LOG 4 /* a log of 4 MiB is checkpointed */

struct ack {
	size_t step; /* recorded when the answer came */
	int64_t accepted;
};

struct story {
	struct ack acks[SMALL + LARGE];
	size_t nacks;
};

static struct event *
large_event(const struct fix *f, const char *id)
{
	struct event *ev = fix_event(f, id);

	free(ev->body);
	ev->body = xmalloc(LARGE_SIZE);
	memset(ev->body, 'x', LARGE_SIZE);
	memcpy(ev->body, id, strlen(id));
	ev->bodysz = LARGE_SIZE;
	return ev;
}

static void
put_one(struct fix *f, struct story *s, struct event *ev)
{
	struct ack *a = &s->acks[s->nacks++];

	assert_int_equal(fix_accept(f, ev, NULL), RC_OK);
	a->step = shim_steps();
	a->accepted = (int64_t)s->nacks;
}

/* Large bodies in the middle fill the log, so that it is checkpointed. */
static void
live(struct fix *f, struct story *s)
{
	char id[16];
	int i;

	s->nacks = 0;
	for (i = 0; i < SMALL; i++) {
		(void)snprintf(id, sizeof(id), "d-%d", i);
		put_one(f, s, fix_event(f, id));
		if (i % (SMALL / LARGE) == SMALL / LARGE / 2) {
			(void)snprintf(id, sizeof(id), "l-%d", i);
			put_one(f, s, large_event(f, id));
		}
	}
}

static int64_t
acknowledged_at(const struct story *s, size_t step)
{
	int64_t n = 0;
	size_t i;

	for (i = 0; i < s->nacks && s->acks[i].step <= step; i++)
		n = s->acks[i].accepted;
	return n;
}

/* How many acknowledged events are missing after a cut; -1: the store does
 * not open.  What is there must be sound unless events are missing. */
static int64_t
lost_after(struct fix *g, const struct story *s, size_t cut, int kind)
{
	struct store_stats st;
	int64_t want = acknowledged_at(s, cut);

	shim_lay_out(cut, (enum shim_damage)kind, (unsigned int)cut, g->dir);
	if (store_open(&g->opt, &g->s, &g->e) != RC_OK) {
		print_message("# after a cut: %s\n", g->e.text);
		return -1;
	}
	if (store_stats(g->s, g->wall_ms, 0, &st, &g->e) != RC_OK) {
		print_message("# after a cut: %s\n", g->e.text);
		fix_close(g);
		return -1;
	}
	if (st.accepted >= want)
		fix_assert_sound(g);
	fix_close(g);
	return st.accepted < want ? want - st.accepted : 0;
}

/* Cuts until one loses something; the whole of it with none lost is 0.  The
 * init is recorded too: a file's image is all its writes. */
static int64_t
first_loss(struct story *s)
{
	struct fix f, g;
	int64_t lost = 0;
	size_t first, last, i, cut;

	fix_init(&g);
	fix_close(&g);
	shim_record(true);
	fix_init(&f);
	g.opt.key_file = f.key;
	first = shim_steps();
	live(&f, s);
	last = shim_steps();
	shim_record(false);
	fix_close(&f);
	for (i = 0; i < CUTS && lost == 0; i++) {
		cut = first + (last - first) * (i + 1) / CUTS;
		lost = lost_after(&g, s, cut, (int)(i % SHIM_DAMAGES));
		if (lost != 0)
			print_message("# cut %zu of %zu: %lld lost%s\n", i + 1,
			    (size_t)CUTS, (long long)lost,
			    lost < 0 ? " (it does not open)" : "");
	}
	fix_fini(&f);
	fix_fini(&g);
	return lost;
}

static void
test_a_power_cut_loses_nothing_acknowledged(void **state)
{
	struct story s;

	(void)state;
	assert_int_equal(first_loss(&s), 0);
}

/* Until a checkpoint has cut the log to nothing. */
static void
await_empty_log(const struct fix *f)
{
	char *path = xasprintf("%s-wal", f->path);
	struct stat st = { .st_size = 1 };
	int i;

	for (i = 0; st.st_size > 0; i++) {
		assert_true(i < 20 * 1000);
		assert_int_equal(usleep(1000), 0);
		assert_int_equal(stat(path, &st), 0);
	}
	free(path);
}

static void
test_a_cut_after_the_log_was_cut_to_nothing_leaves_a_store(void **state)
{
	struct story s = { .nacks = 0 };
	struct fix f, g;
	size_t first, last, cut;
	char id[16];
	int i, kind;

	(void)state;
	fix_init(&g);
	fix_close(&g);
	shim_record(true);
	fix_init(&f);
	g.opt.key_file = f.key;
	for (i = 0; i < LARGES_IN_LOG; i++) {
		(void)snprintf(id, sizeof(id), "l-%d", i);
		put_one(&f, &s, large_event(&f, id));
	}
	await_empty_log(&f);
	first = shim_steps();
	put_one(&f, &s, fix_event(&f, "d-1"));
	put_one(&f, &s, fix_event(&f, "d-2"));
	last = shim_steps();
	shim_record(false);
	fix_close(&f);
	for (cut = first; cut <= last; cut++)
		for (kind = 0; kind < SHIM_DAMAGES; kind++)
			assert_int_equal(lost_after(&g, &s, cut, kind), 0);
	fix_fini(&f);
	fix_fini(&g);
}

/* Whatever a cut in the middle of init leaves, the next one makes good. */
static void
test_a_cut_in_the_first_start_leaves_nothing_half_made(void **state)
{
	struct fix f, g;
	size_t cut, last;
	char *says;
	bool made;

	(void)state;
	fix_init(&g);
	shim_record(true);
	fix_init(&f);
	last = shim_steps();
	shim_record(false);
	fix_fini(&f);
	for (cut = 0; cut <= last; cut++) {
		fix_empty(&g);
		shim_lay_out(cut, (enum shim_damage)(cut % SHIM_DAMAGES),
		    (unsigned int)cut, g.dir);
		if (store_init(&g.opt, &made, &says, &g.e) != RC_OK)
			fail_msg("cut %zu: %s", cut, g.e.text);
		free(says);
		fix_open(&g);
		(void)fix_put(&g, "d-1");
		fix_assert_sound(&g);
	}
	assert_true(last > 20);
	fix_fini(&g);
}

/* The test proves itself: without the log's syncs it finds losses. */
static void
test_a_store_without_syncs_fails_the_power_cut_test(void **state)
{
	struct story s;

	(void)state;
	shim_ignore_log_syncs(true);
	assert_true(first_loss(&s) != 0);
	shim_ignore_log_syncs(false);
}

/* One failure somewhere among a few posts; what was acknowledged is there
 * afterwards.  Returns whether the fault was reached. */
static bool
post_over(enum shim_fault what, int n, bool *dead, bool *healed)
{
	struct store_receipt r;
	struct store_stats st;
	int64_t acked = 0;
	bool reached, refused = false;
	struct fix f;
	char id[16];
	enum rc rc;
	int i;

	fix_init(&f);
	*healed = false;
	shim_fail(what, n);
	for (i = 0; i < 8; i++) {
		(void)snprintf(id, sizeof(id), "d-%d", i);
		rc = fix_accept(&f, fix_event(&f, id), &r);
		if (rc == RC_OK) {
			acked++;
			*healed = refused;
		} else {
			refused = true;
		}
	}
	*dead = store_is_dead(f.s);
	reached = shim_has_failed();
	shim_fail(what, 0);
	fix_close(&f);
	fix_open(&f);
	fix_stats(&f, &st);
	assert_true(st.accepted >= acked);
	fix_assert_sound(&f);
	fix_fini(&f);
	return reached;
}

static void
test_after_a_failed_sync_nothing_is_acknowledged(void **state)
{
	bool dead, healed;
	int n;

	(void)state;
	for (n = 1; n < 100 && post_over(SHIM_SYNC_EIO, n, &dead, &healed);
	     n++) {
		assert_true(dead);
		assert_false(healed);
	}
	assert_true(n > 5 && n < 100);
}

static void
test_after_a_failed_write_nothing_is_acknowledged(void **state)
{
	bool dead, healed;
	int n;

	(void)state;
	for (n = 1; n < 400 && post_over(SHIM_WRITE_EIO, n, &dead, &healed);
	     n++) {
		assert_true(dead);
		assert_false(healed);
	}
	/* A group's frames are one write. */
	assert_true(n > 5 && n < 400);
}

static void
test_a_full_disk_heals_by_itself(void **state)
{
	bool dead, healed, ever = false;
	int n;

	(void)state;
	for (n = 1; n < 400 && post_over(SHIM_WRITE_FULL, n, &dead, &healed);
	     n += 3) {
		assert_false(dead);
		ever = ever || healed;
	}
	assert_true(ever);
}

static int
install(void **state)
{
	(void)state;
	shim_install();
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_power_cut_loses_nothing_acknowledged),
		cmocka_unit_test(
		    test_a_cut_after_the_log_was_cut_to_nothing_leaves_a_store),
		cmocka_unit_test(
		    test_a_cut_in_the_first_start_leaves_nothing_half_made),
		cmocka_unit_test(
		    test_a_store_without_syncs_fails_the_power_cut_test),
		cmocka_unit_test(
		    test_after_a_failed_sync_nothing_is_acknowledged),
		cmocka_unit_test(
		    test_after_a_failed_write_nothing_is_acknowledged),
		cmocka_unit_test(test_a_full_disk_heals_by_itself),
	};

	return cmocka_run_group_tests(tests, install, NULL);
}
