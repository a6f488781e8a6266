/*
 * claim - how long it takes to lease 64 due jobs
 *
 * Fills the store with EVENTS events that owe a job to each of TARGETS
 * targets, all due, then leases 64 jobs and puts them back, ROUNDS times.
 * Prints {"waiting", "p50_ms", "p99_ms", "fill_seconds"}.  With 0 rounds it
 * only fills, with jobs that come due in a day.  The database is one that
 * hlsctl init has made.
 *
 *	claim DATABASE KEY EVENTS TARGETS ROUNDS
 */
#include "config.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/crypt.h"
#include "base/err.h"
#include "base/xalloc.h"
#include "core/event.h"
#include "store/store.h"
#include "store/store_work.h"

#define THREADS 16
#define BATCH 100
#define CLAIM 64
#define DAY_MS (INT64_C(86400) * 1000)

struct fill {
	struct store *store;
	int first;
	int events;
	int64_t scheduled_ms;
};

static void
must(enum rc rc, const struct err *e)
{
	if (rc == RC_OK)
		return;
	fprintf(stderr, "claim: %s\n", e->text);
	exit(1);
}

static struct event *
event_of(int number, int64_t scheduled_ms)
{
	struct event *ev;
	char text[64];
	int n;

	ev = event_new();
	n = snprintf(text, sizeof(text), "{\"n\":%d}", number);
	ev->body = xmemdup0(text, (size_t)n);
	ev->bodysz = (size_t)n;
	crypt_sha256(text, (size_t)n, ev->body_sha256);
	snprintf(text, sizeof(text), "claim-%d", number);
	ev->delivery_id = xstrdup(text);
	ev->source = xstrdup("bench");
	ev->provider = xstrdup("hmac");
	ev->type = xstrdup("bench");
	ev->action = xstrdup("");
	ev->repository = xstrdup("unknown");
	ev->content_type = xstrdup("application/json");
	ev->received_ms = clock_wall_ms(clock_system());
	ev->scheduled_ms = scheduled_ms;
	return ev;
}

static void *
put_all(void *arg)
{
	const struct fill *f = arg;
	struct store_receipt receipt;
	struct err e;
	int i;

	for (i = f->first; i < f->events; i += THREADS)
		must(store_accept(f->store, event_of(i, f->scheduled_ms), 60000,
			 &receipt, &e),
		    &e);
	return NULL;
}

static void
put(struct store *s, int events, int64_t scheduled_ms)
{
	struct fill f[THREADS];
	pthread_t t[THREADS];
	int i;

	for (i = 0; i < THREADS; i++) {
		f[i] = (struct fill){ s, i, events, scheduled_ms };
		if (pthread_create(&t[i], NULL, put_all, &f[i]) != 0)
			exit(1);
	}
	for (i = 0; i < THREADS; i++)
		pthread_join(t[i], NULL);
}

static void
expand(struct store *s, int targets)
{
	struct store_expansion v[BATCH];
	struct store_events found;
	struct store_owed *owed;
	struct err e;
	char name[32];
	size_t i;

	owed = xcalloc((size_t)targets, sizeof(*owed));
	for (i = 0; i < (size_t)targets; i++) {
		snprintf(name, sizeof(name), "target-%zu", i);
		owed[i].kind = STORE_DELIVER;
		owed[i].target = xstrdup(name);
	}
	for (;;) {
		must(store_unexpanded(s, BATCH, &found, &e), &e);
		if (found.n == 0)
			break;
		for (i = 0; i < found.n; i++)
			v[i] =
			    (struct store_expansion){ .event = found.v[i]->id,
				    .jobs = owed,
				    .njobs = (size_t)targets };
		must(store_expand(s, v, found.n, clock_wall_ms(clock_system()),
			 &e),
		    &e);
		store_events_free(&found);
	}
}

/* Milliseconds of one claim; what was claimed goes back. */
static double
claim(struct store *s)
{
	const struct store_lease_want want = { .worker = "bench",
		.max = CLAIM,
		.max_per_target = CLAIM,
		.hold_ms = 60000 };
	struct store_result back[CLAIM];
	struct store_leases got;
	struct err e;
	int64_t next, begin, took;
	size_t i;

	begin = clock_tick_us();
	must(store_lease_due(s, clock_wall_ms(clock_system()), &want, &got,
		 &next, &e),
	    &e);
	took = clock_tick_us() - begin;
	if (got.n != CLAIM) {
		fprintf(stderr, "claim: %zu jobs, not %d\n", got.n, CLAIM);
		exit(1);
	}
	memset(back, 0, sizeof(back));
	for (i = 0; i < got.n; i++) {
		back[i].job = got.v[i].job;
		back[i].token = got.v[i].token;
		back[i].verdict = STORE_RELEASE;
	}
	must(store_settle(s, back, got.n, "bench",
		 clock_wall_ms(clock_system()), &e),
	    &e);
	store_leases_free(&got);
	return (double)took / 1000;
}

static int
by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

int
main(int argc, char *argv[])
{
	struct store_options opt = { .min_free = 1 << 20,
		.queue_bytes = 64 << 20,
		.readers = 2 };
	struct store *s;
	struct err e;
	int64_t begin, filled;
	double *ms;
	int events, targets, rounds, i;

	if (argc != 6) {
		fprintf(stderr,
		    "usage: claim DATABASE KEY EVENTS TARGETS ROUNDS\n");
		return 2;
	}
	opt.url = argv[1];
	opt.key_file = argv[2];
	opt.clock = clock_system();
	events = (int)strtol(argv[3], NULL, 10);
	targets = (int)strtol(argv[4], NULL, 10);
	rounds = (int)strtol(argv[5], NULL, 10);
	must(store_open(&opt, &s, &e), &e);
	begin = clock_tick_us();
	put(s, events, rounds > 0 ? 0 : clock_wall_ms(clock_system()) + DAY_MS);
	expand(s, targets);
	filled = clock_tick_us() - begin;
	ms = xcalloc((size_t)rounds + 1, sizeof(*ms));
	for (i = 0; i < rounds; i++)
		ms[i] = claim(s);
	qsort(ms, (size_t)rounds, sizeof(*ms), by_size);
	printf("{\"waiting\":%d,\"p50_ms\":%.3f,\"p99_ms\":%.3f,"
	       "\"fill_seconds\":%.1f}\n",
	    events * targets, ms[rounds / 2], ms[rounds * 99 / 100],
	    (double)filled / 1e6);
	store_close(s);
	return 0;
}
