#include "config.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/meter.h"
#include "base/xalloc.h"
#include "store/store_sqlite_int.h"

/*
 * What gathers in memory rides with a transaction that is made anyway, once
 * a second, and gets one of its own where there is none for so long.
 *
 * 1. What was written down is taken from the meter after COMMIT, so that a
 *    transaction that fails loses nothing of it.
 * 2. A transaction for figures alone is not counted itself: it would make
 *    the next one, and no end.
 */
#define BETWEEN_US (1000 * 1000)

struct lite_figures {
	atomic_bool wanted;
	struct meter *meter;
	struct meter_histogram *gate_waits, *commits, *groups;

	/* The committer's own. */
	int64_t written_us;
	bool given; /* in the transaction at hand */
};

struct lite_figures *
lite_figures_new(void)
{
	struct lite_figures *f = xcalloc(1, sizeof(*f));

	f->meter = meter_new();
	f->gate_waits = meter_histogram(f->meter, "hls_store_gate_wait_seconds",
	    "", METER_TIMES);
	f->commits = meter_histogram(f->meter,
	    "hls_store_commit_duration_seconds", "", METER_TIMES);
	f->groups =
	    meter_histogram(f->meter, "hls_store_group_size", "", METER_SIZES);
	return f;
}

void
lite_figures_free(struct lite_figures *f)
{
	if (f == NULL)
		return;
	meter_free(f->meter);
	free(f);
}

struct meter *
lite_figures_want(struct lite_figures *f)
{
	atomic_store(&f->wanted, true);
	return f->meter;
}

bool
lite_figures_are_wanted(const struct lite_figures *f)
{
	return atomic_load(&f->wanted);
}

bool
lite_figures_wait(const struct lite_figures *f)
{
	return lite_figures_are_wanted(f) && meter_has_more(f->meter);
}

enum rc
lite_figures_write(struct lite_figures *f, struct lite_tx *tx, size_t nops,
    struct err *e)
{
	int64_t now_us = clock_tick_us();

	f->given = lite_figures_are_wanted(f) &&
	    (nops == 0 || now_us - f->written_us >= BETWEEN_US);
	if (!f->given)
		return RC_OK;
	f->written_us = now_us;
	return meter_take(f->meter, lite_metric_add, tx, e);
}

void
lite_figures_written(struct lite_figures *f)
{
	if (f->given)
		meter_taken(f->meter);
	f->given = false;
}

void
lite_figures_observe(struct lite_figures *f, size_t nops, int64_t began_us,
    int64_t entered_us)
{
	if (nops == 0)
		return;
	meter_observe(f->gate_waits, entered_us - began_us);
	meter_observe(f->commits, clock_tick_us() - entered_us);
	meter_observe(f->groups, (int64_t)nops);
}
