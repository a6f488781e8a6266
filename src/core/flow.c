#include "config.h"

#include "core/bucket.h"
#include "core/flow.h"

#define REST_MS 50  /* of a target whose jobs other drains hold */
#define SHARE_MIN 4 /* less leaves a drain whose jobs are slow idle */

static int64_t
minimum(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static int64_t
maximum(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

int64_t
flow_share(int64_t max_in_flight, size_t drains)
{
	int64_t share = max_in_flight / (int64_t)drains;

	return share >= SHARE_MIN ? share : 0;
}

static bool
is_near(int64_t then_ms, int64_t apart_ms, int64_t now_ms)
{
	return then_ms >= now_ms - apart_ms && then_ms <= now_ms + apart_ms;
}

void
flow_drains_init(struct flow_drains *d, int64_t own_split)
{
	*d = (struct flow_drains){ .n = 1, .split = own_split };
}

void
flow_drains_add(struct flow_drains *d, const struct flow_worker *w,
    int64_t seen_ms, int64_t now_ms)
{
	bool is_shared = is_near(w->shared_ms, seen_ms, now_ms);

	if (!is_near(w->last_seen_ms, seen_ms, now_ms) ||
	    (w->is_me && !is_shared))
		return;
	/* A shared name stands for two drains, and its split for only one. */
	d->n += !w->is_me && is_shared ? 2 : 1;
	d->split = minimum(d->split, is_shared ? 0 : w->split);
	d->is_split = d->split >= (int64_t)d->n;
}

/* 0: no limit. */
static int64_t
rate_of(const struct flow *f, const struct flow_limits *all)
{
	int64_t rate = f->rate < 0 ? all->rate : f->rate;

	if (!f->is_delivery || rate <= 0)
		return 0;
	return minimum(rate, BUCKET_RATE_MAX);
}

/* INT64_MAX: no limit. */
static int64_t
limit_of(const struct flow *f, const struct flow_limits *all)
{
	int64_t most =
	    f->max_in_flight < 0 ? all->max_in_flight : f->max_in_flight;

	return f->is_delivery && most > 0 ? most : INT64_MAX;
}

/* What one of several drains takes; of few that wait the others get theirs. */
static int64_t
part_of(const struct flow *f, const struct flow_drains *d, int64_t most)
{
	int64_t drains = (int64_t)d->n;
	int64_t part = (most + drains - 1) / drains;

	if (!d->is_split || flow_share(most, d->n) == 0)
		return minimum(part, most - f->leased);
	return maximum(part, f->waiting / drains);
}

size_t
flow_room(const struct flow *f, const struct flow_limits *all,
    const struct flow_drains *d, size_t room, int64_t now_ms)
{
	int64_t most = limit_of(f, all), rate = rate_of(f, all);
	int64_t n = minimum((int64_t)room, most);

	if (flow_is_probe(f))
		n = minimum(n, 1);
	if (d->n > 1 && most < INT64_MAX)
		n = minimum(n, part_of(f, d, most));
	if (rate > 0)
		n = minimum(n,
		    bucket_tokens(rate, f->bucket_us, now_ms * 1000));
	return n > 0 ? (size_t)n : 0;
}

bool
flow_is_probe(const struct flow *f)
{
	return f->breaker.state != BREAKER_CLOSED;
}

static void
take_tokens(struct flow *f, int64_t rate, int64_t n, bool has_more,
    int64_t now_us)
{
	if (rate == 0)
		return;
	f->bucket_us = bucket_take(rate, f->bucket_us, now_us, n);
	if (!has_more || bucket_tokens(rate, f->bucket_us, now_us) > 0)
		return;
	f->limited_until_ms =
	    (bucket_again_us(rate, f->bucket_us, now_us) + 999) / 1000;
	f->limit_hits++;
}

static void
give_back(struct flow *f, int64_t rate, int64_t unused, int64_t now_ms)
{
	int64_t now_us = now_ms * 1000;

	if (rate > 0 && unused > 0)
		f->bucket_us = bucket_take(rate, f->bucket_us, now_us, -unused);
	if (rate == 0 || bucket_tokens(rate, f->bucket_us, now_us) > 0)
		f->limited_until_ms = minimum(f->limited_until_ms, now_ms);
}

void
flow_apply(struct flow *f, const struct flow_limits *all,
    const struct flow_change *ch, int64_t now_ms)
{
	int64_t rate = rate_of(f, all);

	if (f->is_delivery)
		breaker_apply(&f->breaker, &all->breaker, &ch->news, now_ms);
	if (ch->has_ended)
		give_back(f, rate, ch->unused, now_ms);
	if (!ch->was_asked)
		return;
	if (ch->has_more)
		f->limited_until_ms = ch->taken > 0 ? now_ms : now_ms + REST_MS;
	take_tokens(f, rate, ch->taken, ch->has_more, now_ms * 1000);
	if (ch->taken > 0 && flow_is_probe(f))
		breaker_probe(&f->breaker, now_ms);
}

bool
flow_count(struct flow *f, const struct flow_jobs *jobs)
{
	f->waiting += jobs->waiting;
	f->leased = maximum(f->leased + jobs->leased, 0);
	return f->waiting >= 0;
}

void
flow_due(struct flow *f, const struct flow_jobs *jobs)
{
	if (f->waiting == 0)
		f->next_due_ms = FLOW_NEVER;
	else if (jobs->due_is_first || jobs->due_ms < f->next_due_ms)
		f->next_due_ms = jobs->due_ms;
}

int64_t
flow_ready_ms(const struct flow *f)
{
	return maximum(maximum(f->next_due_ms, f->blocked_until_ms),
	    maximum(maximum(f->limited_until_ms, f->breaker.until_ms),
		f->held_until_ms));
}

void
flow_follow(struct flow *f, const struct flow_wish *w)
{
	f->blocked_until_ms = w->enabled ? 0 : FLOW_NEVER;
	f->rate = w->rate;
	f->max_in_flight = w->max_in_flight;
	f->limited_until_ms = 0;
	if (w->closes_breaker && flow_is_probe(f))
		breaker_close(&f->breaker);
}

/* The time of one token, a second at least. */
static int64_t
token_ms(const struct flow *f, const struct flow_limits *all)
{
	int64_t rate = f->rate < 0 ? all->rate : f->rate;

	return rate > 0 ? maximum(1000000 / rate, FLOW_WAIT_MS) : FLOW_WAIT_MS;
}

int64_t
flow_breaker_wait_ms(const struct flow_limits *all)
{
	return maximum(all->breaker.open_ms, BREAKER_PROBE_MS);
}

bool
flow_repair(struct flow *f, const struct flow_limits *all, int64_t now_ms)
{
	int64_t limited_ms = now_ms + token_ms(f, all);
	int64_t breaker_ms = now_ms + flow_breaker_wait_ms(all);
	bool is_late = f->limited_until_ms > limited_ms ||
	    f->breaker.until_ms > breaker_ms ||
	    f->bucket_us > limited_ms * 1000;

	f->limited_until_ms = minimum(f->limited_until_ms, limited_ms);
	f->breaker.until_ms = minimum(f->breaker.until_ms, breaker_ms);
	f->bucket_us = minimum(f->bucket_us, limited_ms * 1000);
	return is_late;
}
