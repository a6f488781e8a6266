#include "config.h"

#include "tests/unit/unit.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <sqlite3.h>

#include "base/xalloc.h"
#include "core/event.h"
#include "store/store_sqlite_int.h"
#include "store/store_sqlite_owe.h"
#include "tests/store/fixture.h"
#include "tests/store/raw.h"
#include "tests/store/shim.h"

/*
 * A job's end writes what the job has made and makes the jobs that this owes:
 * all of it in one transaction, or nothing.  The product is one of the test's
 * own, a row of table probe.
 */

#define HOOK "hook-1"
#define SITE "site"
#define NJOBS 12
#define CUTS 60

struct probe {
	struct store_product product; /* the first: what a product points to */
	const char *words;            /* NULL: the store refuses them */
	struct store_owed owes[4];
	size_t nowes;
	bool of_no_event;
	enum rc fails; /* the store, with this; RC_OK: it does not */
	int64_t id;    /* result */
};

static enum rc
write_row(struct lite_tx *tx, const struct lite_job *job, struct probe *p,
    struct err *e)
{
	struct sqlite3_stmt *st;
	enum rc rc;

	assert_int_equal(sqlite3_prepare_v2(tx->conn->db,
			     "INSERT INTO probe (job, words) VALUES (?1, ?2)",
			     -1, &st, NULL),
	    SQLITE_OK);
	lite_int(st, 1, job->id);
	lite_text(st, 2, p->words != NULL ? p->words : "");
	rc = lite_run(tx->conn, st, e);
	p->id = sqlite3_last_insert_rowid(tx->conn->db);
	(void)sqlite3_finalize(st);
	return rc;
}

/* Refuses last, when there is most to undo. */
static enum rc
write_probe(struct lite_tx *tx, const struct lite_job *job,
    const struct store_product *product, struct err *e)
{
	struct probe *p = (struct probe *)(uintptr_t)product;
	struct lite_cause cause = lite_cause_of(tx, job);
	enum rc rc = write_row(tx, job, p, e);
	struct store_owed owed;
	size_t i;

	if (p->of_no_event)
		cause.event = cause.round = 0;
	for (i = 0; rc == RC_OK && i < p->nowes; i++) {
		owed = p->owes[i];
		owed.about = p->id;
		rc = lite_owe(tx, &cause, &owed, e);
	}
	if (rc == RC_OK && p->words == NULL)
		rc = err_set(e, RC_INVALID, "there are no words");
	if (rc == RC_OK && p->fails != RC_OK)
		rc = err_set(e, p->fails, "not now");
	return rc;
}

static struct probe
probe_of(const char *words)
{
	const struct probe p = { .product = { write_probe },
		.words = words,
		.owes = { { .kind = STORE_PUBLISH, .target = SITE } },
		.nowes = 1 };

	return p;
}

static void
make_table(struct fix *f)
{
	fix_close(f);
	raw_sql(f->path,
	    "CREATE TABLE probe (id INTEGER PRIMARY KEY, job INTEGER NOT "
	    "NULL, words TEXT NOT NULL) STRICT");
	fix_open(f);
}

static int
setup(void **state)
{
	struct fix *f = xcalloc(1, sizeof(*f));

	fix_init(f);
	make_table(f);
	fix_register(f, HOOK);
	*state = f;
	return 0;
}

static int
teardown(void **state)
{
	fix_fini(*state);
	free(*state);
	return 0;
}

static struct store_result
result_of(const struct fix *f, const struct store_lease *l,
    const struct probe *p)
{
	struct store_result r;

	memset(&r, 0, sizeof(r));
	r.job = l->job;
	r.token = l->token;
	r.verdict = STORE_DONE;
	r.attempt.started_ms = f->wall_ms;
	r.attempt.text = "";
	r.product = p == NULL ? NULL : &p->product;
	return r;
}

static void
settle(struct fix *f, const struct store_lease *l, const struct probe *p)
{
	struct store_result r = result_of(f, l, p);

	assert_int_equal(store_settle(f->s, &r, 1, "w", f->wall_ms, &f->e),
	    RC_OK);
	assert_false(r.fenced);
}

static int64_t
probes(const struct fix *f)
{
	return raw_count(f->path, "SELECT count(*) FROM probe");
}

static int64_t
published(const struct fix *f)
{
	return raw_count(f->path,
	    "SELECT count(*) FROM job WHERE target IN (SELECT id FROM target "
	    "WHERE kind = 4)");
}

/* Each delivery is done, its row is there and so is the job that the row
 * owes; or nothing of that is so. */
static void
assert_all_or_nothing(const struct fix *f)
{
	assert_int_equal(
	    raw_count(f->path,
		"SELECT count(*) FROM job j JOIN target t ON t.id = j.target "
		"AND t.kind = 0 WHERE (j.state = 2) <> EXISTS (SELECT 1 FROM "
		"probe p WHERE p.job = j.id)"),
	    0);
	assert_int_equal(
	    raw_count(f->path,
		"SELECT count(*) FROM probe p JOIN job j ON j.id = p.job WHERE "
		"NOT EXISTS (SELECT 1 FROM job o WHERE o.about = p.id AND "
		"o.event = j.event)"),
	    0);
	assert_int_equal(raw_count(f->path,
			     "SELECT count(*) FROM job WHERE about > 0 AND "
			     "about NOT IN (SELECT id FROM probe)"),
	    0);
}

static void
test_a_settlement_writes_the_product_and_makes_what_it_owes(void **state)
{
	struct fix *f = *state;
	int64_t event = fix_job(f, "d-1", HOOK);
	struct probe p = probe_of("made");
	struct store_leases l, owed;

	fix_lease(f, 1, &l);
	assert_int_equal(l.v[0].about, 0);
	settle(f, &l.v[0], &p);
	assert_int_equal(probes(f), 1);
	assert_all_or_nothing(f);
	/* What it owes is still to be done. */
	assert_int_equal(fix_status(f, event), EVENT_PROCESSING);
	fix_assert_sound(f);

	fix_lease(f, 10, &owed);
	assert_int_equal(owed.n, 1);
	assert_int_equal(owed.v[0].kind, STORE_PUBLISH);
	assert_string_equal(owed.v[0].target, SITE);
	assert_true(owed.v[0].about == p.id);
	assert_true(owed.v[0].event->id == event);
	settle(f, &owed.v[0], NULL);
	assert_int_equal(fix_status(f, event), EVENT_COMPLETED);
	fix_assert_sound(f);
	store_leases_free(&owed);
	store_leases_free(&l);
}

/* Three of five, beside each other and not, by a settlement or an exchange. */
static void
settle_five(struct fix *f, bool exchanges)
{
	struct probe good = probe_of("made"), bad = probe_of(NULL);
	struct store_lease_want want = { .worker = "w", .hold_ms = 60000 };
	struct store_exchange x = { .nresults = 5,
		.wants = &want,
		.nwants = 1,
		.now_ms = f->wall_ms };
	struct store_result r[5];
	struct store_leases l;
	size_t i;

	fix_lease(f, 5, &l);
	assert_int_equal(l.n, 5);
	for (i = 0; i < 5; i++)
		r[i] = result_of(f, &l.v[i], i % 4 == 0 ? &good : &bad);
	r[1].product = NULL;
	r[4].product = &bad.product;
	x.results = r;
	if (exchanges)
		assert_int_equal(store_exchange(f->s, &x, &f->e), RC_OK);
	else
		assert_int_equal(
		    store_settle(f->s, r, 5, "w", f->wall_ms, &f->e), RC_OK);
	for (i = 0; i < 5; i++) {
		assert_false(r[i].fenced);
		if (i < 2) {
			assert_null(r[i].refused);
			assert_int_equal(r[i].verdict, STORE_DONE);
			continue;
		}
		assert_string_equal(r[i].refused, "there are no words");
		assert_int_equal(r[i].verdict, STORE_DEAD);
		free(r[i].refused);
	}
	store_leases_free(&l);
}

static void
test_a_refused_product_ends_its_own_job_and_no_other(void **state)
{
	struct fix *f = *state;
	struct store_stats st;
	char id[16];
	int i;

	for (i = 0; i < 10; i++) {
		(void)snprintf(id, sizeof(id), "d-%d", i);
		(void)fix_job(f, id, HOOK);
	}
	settle_five(f, false);
	settle_five(f, true);
	fix_stats(f, &st);
	assert_int_equal(st.jobs[STORE_STATE_DONE], 4);
	assert_int_equal(st.jobs[STORE_STATE_DEAD], 6);
	assert_int_equal(probes(f), 2);
	assert_int_equal(published(f), 2);
	assert_int_equal(
	    raw_count(f->path,
		"SELECT count(*) FROM job j JOIN attempt a ON a.id / 4096 = "
		"j.id WHERE j.state = 3 AND j.last_class = 3 AND j.last_text = "
		"'there are no words' AND a.text = j.last_text"),
	    6);
	fix_assert_sound(f);
}

/* Nothing is said of its rows: the settlement fails, and may come again. */
static void
test_a_store_that_fails_a_product_settles_nothing(void **state)
{
	struct fix *f = *state;
	struct probe good = probe_of("made"), late = probe_of("late");
	struct store_result r[2];
	struct store_leases l;

	(void)fix_job(f, "d-1", HOOK);
	(void)fix_job(f, "d-2", HOOK);
	late.fails = RC_BUSY;
	fix_lease(f, 2, &l);
	r[0] = result_of(f, &l.v[0], &good);
	r[1] = result_of(f, &l.v[1], &late);
	assert_int_equal(store_settle(f->s, r, 2, "w", f->wall_ms, &f->e),
	    RC_BUSY);
	assert_null(r[1].refused);
	assert_int_equal(probes(f), 0);
	assert_int_equal(published(f), 0);
	fix_assert_sound(f);

	/* Both are on lease still. */
	settle(f, &l.v[0], &good);
	settle(f, &l.v[1], &good);
	assert_int_equal(probes(f), 2);
	assert_all_or_nothing(f);
	fix_assert_sound(f);
	store_leases_free(&l);
}

static void
test_a_lost_lease_writes_no_product(void **state)
{
	struct fix *f = *state;
	struct probe p = probe_of("made");
	struct store_result r;
	struct store_leases l;

	(void)fix_job(f, "d-1", HOOK);
	fix_lease(f, 1, &l);
	settle(f, &l.v[0], &p);
	r = result_of(f, &l.v[0], &p);
	assert_int_equal(store_settle(f->s, &r, 1, "w", f->wall_ms, &f->e),
	    RC_OK);
	assert_true(r.fenced);
	assert_int_equal(probes(f), 1);
	assert_int_equal(published(f), 1);
	fix_assert_sound(f);
	store_leases_free(&l);
}

/* The event's job, in order, of which another round is made where it has
 * one. */
static void
owe_in_order(struct fix *f, int64_t event)
{
	const struct store_owed owed = { .target = HOOK, .order_key = "a" };
	const struct store_expansion x = { .event = event,
		.jobs = &owed,
		.njobs = 1 };

	assert_int_equal(store_expand(f->s, &x, 1, f->wall_ms, &f->e), RC_OK);
}

static void
test_an_overtaken_job_writes_its_product_with_its_last_end(void **state)
{
	struct fix *f = *state;
	int64_t first = fix_put(f, "d-1"), second = fix_put(f, "d-2");
	struct probe p = probe_of("made");
	struct store_leases l;

	owe_in_order(f, first);
	owe_in_order(f, second);
	fix_lease(f, 1, &l);
	settle(f, &l.v[0], NULL);
	store_leases_free(&l);
	/* On its way while the earlier one is asked for again. */
	fix_lease(f, 1, &l);
	assert_true(l.v[0].event->id == second);
	assert_int_equal(
	    store_event_replay(f->s, first, NULL, f->wall_ms, &f->e), RC_OK);
	owe_in_order(f, first);
	settle(f, &l.v[0], &p);
	store_leases_free(&l);
	assert_int_equal(probes(f), 0);
	assert_int_equal(published(f), 0);
	fix_lease(f, 1, &l);
	assert_true(l.v[0].event->id == first);
	settle(f, &l.v[0], NULL);
	store_leases_free(&l);
	fix_lease(f, 1, &l);
	assert_true(l.v[0].event->id == second);
	settle(f, &l.v[0], &p);
	store_leases_free(&l);
	assert_int_equal(probes(f), 1);
	assert_int_equal(published(f), 1);
	fix_assert_sound(f);
}

/* Beside its product or without one; of a refused one neither stays. */
static void
test_an_end_owes_jobs_without_a_product(void **state)
{
	const struct store_owed owes[] = {
		{ .kind = STORE_PUBLISH, .target = "one" },
		{ .kind = STORE_PUBLISH, .target = "two", .about = 7 },
	};
	struct fix *f = *state;
	struct probe good = probe_of("made"), bad = probe_of(NULL);
	struct probe *const made[] = { NULL, &good, &bad };
	struct store_result r[3];
	struct store_leases l;
	int64_t event = fix_job(f, "d-1", HOOK);
	size_t i;

	(void)fix_job(f, "d-2", HOOK);
	(void)fix_job(f, "d-3", HOOK);
	fix_lease(f, 3, &l);
	assert_int_equal(l.n, 3);
	for (i = 0; i < 3; i++) {
		r[i] = result_of(f, &l.v[i], made[i]);
		r[i].owes = owes;
		r[i].nowes = 2;
	}
	assert_int_equal(store_settle(f->s, r, 3, "w", f->wall_ms, &f->e),
	    RC_OK);
	assert_non_null(r[2].refused);
	free(r[2].refused);
	assert_int_equal(fix_status(f, event), EVENT_PROCESSING);
	assert_int_equal(published(f), 2 + 3);
	store_leases_free(&l);
	/* A lease that is lost owes nothing. */
	r[0].nowes = 2;
	assert_int_equal(store_settle(f->s, r, 1, "w", f->wall_ms, &f->e),
	    RC_OK);
	assert_true(r[0].fenced);
	assert_int_equal(published(f), 2 + 3);
	fix_assert_sound(f);
}

static void
test_a_job_is_owed_once_for_each_subject(void **state)
{
	struct fix *f = *state;
	struct probe p = probe_of("made");
	struct store_leases l;

	(void)fix_job(f, "d-1", HOOK);
	(void)fix_job(f, "d-2", HOOK);
	p.owes[1] = p.owes[0];
	p.nowes = 2;
	fix_lease(f, 2, &l);
	settle(f, &l.v[0], &p);
	assert_int_equal(published(f), 1);
	settle(f, &l.v[1], &p);
	assert_int_equal(published(f), 2);
	fix_assert_sound(f);
	store_leases_free(&l);
}

static void
test_an_owed_job_waits_for_its_time_and_its_order_key(void **state)
{
	struct fix *f = *state;
	struct probe now = probe_of("now"), later = probe_of("later");
	struct store_leases l, owed;

	(void)fix_job(f, "d-1", HOOK);
	(void)fix_job(f, "d-2", HOOK);
	now.owes[0].order_key = later.owes[0].order_key = "page-7";
	later.owes[1] = (struct store_owed){ .kind = STORE_PUBLISH,
		.target = "mirror",
		.due_ms = f->wall_ms + 5000 };
	later.nowes = 2;
	fix_lease(f, 2, &l);
	settle(f, &l.v[0], &now);
	settle(f, &l.v[1], &later);
	store_leases_free(&l);

	fix_lease(f, 10, &owed);
	assert_int_equal(owed.n, 1);
	assert_true(owed.v[0].about == now.id);
	settle(f, &owed.v[0], NULL);
	store_leases_free(&owed);
	fix_pass(f, 5000);
	fix_lease(f, 10, &owed);
	assert_int_equal(owed.n, 2);
	assert_true(owed.v[0].about == later.id);
	assert_true(owed.v[1].about == later.id);
	store_leases_free(&owed);
	fix_assert_sound(f);
}

static void
test_a_job_of_no_event_is_leased_and_settled(void **state)
{
	struct fix *f = *state;
	int64_t event = fix_job(f, "d-1", HOOK);
	struct probe p = probe_of("made");
	struct store_leases l, owed;
	struct store_stats st;

	p.of_no_event = true;
	fix_lease(f, 1, &l);
	settle(f, &l.v[0], &p);
	assert_int_equal(fix_status(f, event), EVENT_COMPLETED);
	fix_lease(f, 10, &owed);
	assert_int_equal(owed.n, 1);
	assert_null(owed.v[0].event);
	assert_true(owed.v[0].about == p.id);
	fix_assert_sound(f);
	settle(f, &owed.v[0], NULL);
	fix_stats(f, &st);
	assert_int_equal(st.jobs[STORE_STATE_DONE], 2);
	fix_assert_sound(f);
	store_leases_free(&owed);
	store_leases_free(&l);
}

/* Its event is open again, whatever the last job's state was. */
static void
test_a_dead_job_may_have_made_something(void **state)
{
	struct fix *f = *state;
	int64_t event = fix_job(f, "d-1", HOOK);
	struct probe p = probe_of("made");
	struct store_result r;
	struct store_leases l;

	fix_lease(f, 1, &l);
	r = result_of(f, &l.v[0], &p);
	r.verdict = STORE_DEAD;
	r.attempt.class = STORE_CLASS_US;
	assert_int_equal(store_settle(f->s, &r, 1, "w", f->wall_ms, &f->e),
	    RC_OK);
	assert_int_equal(probes(f), 1);
	assert_int_equal(published(f), 1);
	assert_int_equal(fix_status(f, event), EVENT_FAILED);
	fix_assert_sound(f);
	store_leases_free(&l);
}

static void
put_jobs(struct fix *f)
{
	char id[16];
	int i;

	for (i = 0; i < NJOBS; i++) {
		(void)snprintf(id, sizeof(id), "d-%d", i);
		(void)fix_job(f, id, HOOK);
	}
}

/* One settlement each, so that a cut falls between them and inside. */
static void
settle_all(struct fix *f, int told)
{
	struct probe p = probe_of("made");
	struct store_leases l;
	size_t i;

	fix_lease(f, NJOBS, &l);
	assert_int_equal(l.n, NJOBS);
	for (i = 0; i < l.n; i++) {
		settle(f, &l.v[i], &p);
		if (told != -1)
			assert_int_equal(write(told, "x", 1), 1);
	}
	store_leases_free(&l);
}

static void
test_a_power_cut_leaves_the_settlement_whole_or_undone(void **state)
{
	size_t first, last, cut, i;
	struct fix f, g;

	(void)state;
	fix_init(&g);
	fix_close(&g);
	shim_record(true);
	fix_init(&f);
	g.opt.key_file = f.key;
	make_table(&f);
	fix_register(&f, HOOK);
	put_jobs(&f);
	first = shim_steps();
	settle_all(&f, -1);
	last = shim_steps();
	shim_record(false);
	assert_int_equal(probes(&f), NJOBS);
	fix_close(&f);
	for (i = 0; i <= CUTS; i++) {
		cut = first + (last - first) * i / CUTS;
		fix_empty(&g);
		shim_lay_out(cut, (enum shim_damage)(i % SHIM_DAMAGES),
		    (unsigned int)cut, g.dir);
		fix_open(&g);
		assert_all_or_nothing(&g);
		fix_assert_sound(&g);
		fix_close(&g);
	}
	fix_fini(&f);
	fix_fini(&g);
}

/* The child says when each settlement is on disk, and is killed after some;
 * true while that was in the middle of them. */
static bool
kill_after(int settlements)
{
	struct fix f;
	int fds[2], status, i;
	bool was_alive;
	char byte;
	pid_t pid;

	fix_init(&f);
	make_table(&f);
	fix_register(&f, HOOK);
	put_jobs(&f);
	fix_close(&f);
	assert_int_equal(pipe(fds), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		(void)close(fds[0]);
		fix_open(&f);
		settle_all(&f, fds[1]);
		(void)pause();
		_exit(0);
	}
	(void)close(fds[1]);
	for (i = 0; i < settlements; i++)
		assert_int_equal(read(fds[0], &byte, 1), 1);
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_true(waitpid(pid, &status, 0) == pid);
	assert_true(WIFSIGNALED(status));
	(void)close(fds[0]);

	fix_open(&f);
	assert_true(probes(&f) >= settlements);
	was_alive = probes(&f) < NJOBS;
	assert_all_or_nothing(&f);
	fix_assert_sound(&f);
	fix_fini(&f);
	return was_alive;
}

static void
test_a_killed_drain_leaves_the_settlement_whole_or_undone(void **state)
{
	bool was_alive = false;
	int i;

	(void)state;
	for (i = 0; i < NJOBS; i += 2)
		was_alive = kill_after(i) || was_alive;
	assert_true(was_alive);
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
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		CASE(
		    test_a_settlement_writes_the_product_and_makes_what_it_owes),
		CASE(test_a_refused_product_ends_its_own_job_and_no_other),
		CASE(test_a_store_that_fails_a_product_settles_nothing),
		CASE(test_a_lost_lease_writes_no_product),
		CASE(
		    test_an_overtaken_job_writes_its_product_with_its_last_end),
		CASE(test_an_end_owes_jobs_without_a_product),
		CASE(test_a_job_is_owed_once_for_each_subject),
		CASE(test_an_owed_job_waits_for_its_time_and_its_order_key),
		CASE(test_a_job_of_no_event_is_leased_and_settled),
		CASE(test_a_dead_job_may_have_made_something),
		cmocka_unit_test(
		    test_a_power_cut_leaves_the_settlement_whole_or_undone),
		cmocka_unit_test(
		    test_a_killed_drain_leaves_the_settlement_whole_or_undone),
	};

	return cmocka_run_group_tests(tests, install, NULL);
}
