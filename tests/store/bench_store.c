/*
 * bench_store - what the store costs by itself
 *
 *	bench_store [EVENTS [THREADS]]
 *
 * Accepts EVENTS events of 11 KB on THREADS threads, expands them in
 * batches of 100, leases them in batches of 64, reads their bytes and
 * settles them, in a scratch store.  Prints microseconds of wall time and
 * of processor time for each.
 */
#include "config.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "base/crypt.h"
#include "base/units.h"
#include "base/xalloc.h"
#include "core/event.h"
#include "tests/store/bench.h"

#define BODY 11264
#define EXPAND 100
#define LEASE 64

struct part {
	const char *name;
	int64_t tick_us, cpu_us;
};

static int64_t
cpu_us(void)
{
	struct rusage r;

	(void)getrusage(RUSAGE_SELF, &r);
	return (int64_t)(r.ru_utime.tv_sec + r.ru_stime.tv_sec) * 1000000 +
	    r.ru_utime.tv_usec + r.ru_stime.tv_usec;
}

static struct part
part_begin(const char *name)
{
	struct part p = { name, clock_tick_us(), cpu_us() };

	return p;
}

static void
part_end(const struct part *p, int64_t n)
{
	int64_t wall = clock_tick_us() - p->tick_us;
	int64_t cpu = cpu_us() - p->cpu_us;

	printf("%-8s %8lld in %7.3f s: %8.0f/s, %6.1f us, cpu %6.1f us\n",
	    p->name, (long long)n, (double)wall / 1e6,
	    (double)n * 1e6 / (double)wall, (double)wall / (double)n,
	    (double)cpu / (double)n);
}

struct feeder {
	struct store *s;
	int64_t from, n;
	pthread_t thread;
};

static struct event *
make_event(int64_t number)
{
	struct event *ev = event_new();
	char id[40];

	(void)snprintf(id, sizeof(id), "72d3162e-cc78-11e3-81ab-%012llx",
	    (unsigned long long)number);
	ev->source = xstrdup("github");
	ev->provider = xstrdup("github");
	ev->delivery_id = xstrdup(id);
	ev->type = xstrdup("issues");
	ev->action = xstrdup("opened");
	ev->repository = xstrdup("octo/repo");
	ev->content_type = xstrdup("application/json");
	ev->priority = 5;
	ev->received_ms = clock_wall_ms(clock_system());
	ev->replay_window_ms = 7 * 86400 * INT64_C(1000);
	ev->body = xmalloc(BODY);
	memset(ev->body, 'x', BODY);
	memcpy(ev->body, id, strlen(id));
	ev->bodysz = BODY;
	return ev;
}

static void *
feed(void *arg)
{
	struct feeder *f = arg;
	struct store_receipt r;
	struct err e;
	int64_t i;

	for (i = 0; i < f->n; i++)
		if (store_accept(f->s, make_event(f->from + i), 5000, &r, &e) !=
		    RC_OK)
			fatal("accept: %s", e.text);
	return NULL;
}

static void
accept_all(struct store *s, int64_t n, int64_t threads)
{
	struct feeder *v = xcalloc((size_t)threads, sizeof(*v));
	struct part p = part_begin("accept");
	int64_t i;

	for (i = 0; i < threads; i++) {
		v[i].s = s;
		v[i].from = i * (n / threads);
		v[i].n = n / threads;
		(void)pthread_create(&v[i].thread, NULL, feed, &v[i]);
	}
	for (i = 0; i < threads; i++)
		(void)pthread_join(v[i].thread, NULL);
	part_end(&p, n / threads * threads);
	free(v);
}

static void
expand_all(struct store *s, const char *target)
{
	const struct store_owed owed = { .target = target };
	struct store_expansion x[EXPAND];
	struct part p = part_begin("expand");
	struct store_events un;
	struct err e;
	int64_t n = 0;
	size_t i;

	for (;;) {
		if (store_unexpanded(s, EXPAND, &un, &e) != RC_OK)
			fatal("unexpanded: %s", e.text);
		if (un.n == 0)
			break;
		for (i = 0; i < un.n; i++)
			x[i] = (struct store_expansion){ .event = un.v[i]->id,
				.jobs = &owed,
				.njobs = 1 };
		if (store_expand(s, x, un.n, clock_wall_ms(clock_system()),
			&e) != RC_OK)
			fatal("expand: %s", e.text);
		n += (int64_t)un.n;
		store_events_free(&un);
	}
	store_events_free(&un);
	part_end(&p, n);
}

static void
settle_batch(struct store *s, const struct store_leases *l)
{
	struct store_result r[LEASE];
	struct err e;
	size_t i;

	memset(r, 0, sizeof(r));
	for (i = 0; i < l->n; i++) {
		r[i].job = l->v[i].job;
		r[i].token = l->v[i].token;
		r[i].verdict = STORE_DONE;
		r[i].attempt.started_ms = clock_wall_ms(clock_system());
		r[i].attempt.took_ms = 3;
		r[i].attempt.code = 200;
		r[i].attempt.text = "";
		r[i].attempt.request.address = "127.0.0.1";
		r[i].attempt.request.answer = "ok";
		r[i].attempt.request.answersz = 2;
	}
	if (store_settle(s, r, l->n, "host:1", clock_wall_ms(clock_system()),
		&e) != RC_OK)
		fatal("settle: %s", e.text);
}

static void
read_batch(struct store *s, const struct store_leases *l)
{
	struct err e;
	char *body;
	size_t i, n;

	for (i = 0; i < l->n; i++) {
		if (store_payload(s, l->v[i].event->id, &body, &n, &e) != RC_OK)
			fatal("payload: %s", e.text);
		free(body);
	}
}

static int64_t
lease_batch(struct store *s, struct store_leases *l)
{
	const struct store_lease_want want = { .worker = "host:1",
		.max = LEASE,
		.max_per_target = LEASE,
		.hold_ms = 60000 };
	int64_t next_ms;
	struct err e;

	if (store_lease_due(s, clock_wall_ms(clock_system()), &want, l,
		&next_ms, &e) != RC_OK)
		fatal("lease: %s", e.text);
	return (int64_t)l->n;
}

/* Each step timed by itself, then added up. */
static void
drain_all(struct store *s)
{
	struct part at,
	    sum[3] = { { "lease", 0, 0 }, { "payload", 0, 0 },
		    { "settle", 0, 0 } };
	struct store_leases l;
	int64_t n = 0;
	size_t i;

	for (;;) {
		for (i = 0; i < 3; i++) {
			at = part_begin("");
			if (i == 0 && lease_batch(s, &l) == 0)
				break;
			if (i == 1)
				read_batch(s, &l);
			if (i == 2)
				settle_batch(s, &l);
			sum[i].tick_us += clock_tick_us() - at.tick_us;
			sum[i].cpu_us += cpu_us() - at.cpu_us;
		}
		if (l.n == 0)
			break;
		n += (int64_t)l.n;
		store_leases_free(&l);
	}
	store_leases_free(&l);
	for (i = 0; i < 3; i++) {
		at.name = sum[i].name;
		at.tick_us = clock_tick_us() - sum[i].tick_us;
		at.cpu_us = cpu_us() - sum[i].cpu_us;
		part_end(&at, n);
	}
}

int
main(int argc, char **argv)
{
	int64_t n = 20000, threads = 32;
	struct store *s;

	if (argc > 1 && !units_int_parse(argv[1], &n))
		return 2;
	if (argc > 2 && !units_int_parse(argv[2], &threads))
		return 2;
	s = bench_open();
	accept_all(s, n, threads);
	expand_all(s, "3c5b0e7e-4f1c-4a52-9f2e-6d1d2a0e3c11");
	drain_all(s);
	bench_close(s);
	return 0;
}
