/*
 * bench - a scratch store on the machine's own clock, for bench_store
 */
#ifndef TESTS_STORE_BENCH_H
#define TESTS_STORE_BENCH_H

#include "base/clock.h"
#include "store/store.h"
#include "store/store_work.h"

/* Made in $TMPDIR or /tmp; ends the program when that fails. */
struct store *bench_open(void);
/* Closes it and removes its files. */
void bench_close(struct store *s);

#endif
