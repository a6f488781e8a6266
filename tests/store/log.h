/*
 * log - what tests of the write-ahead log look at, and fill it with
 */
#ifndef TESTS_STORE_LOG_H
#define TESTS_STORE_LOG_H

#include <stddef.h>
#include <stdint.h>

#include "tests/store/fixture.h"

struct sqlite3;

#define MIB (1024 * 1024)
#define SECOND_US (1000 * 1000)
#define PATIENCE_US (15 * SECOND_US)

/* Bytes of the log; 0 when there is none. */
int64_t log_size(const struct fix *f);
/* A connection beside the store's, which makes no checkpoint when it ends. */
struct sqlite3 *log_reader(const struct fix *f);
/* Waits until the clock of clock_tick_us() says so. */
void log_until_us(int64_t when_us);
/* Fails the test when the log stays over 4 MiB for PATIENCE_US. */
void log_wait_until_short(const struct fix *f);
/* Stores an event of its own for each i. */
void log_put_large(struct fix *f, size_t i, size_t bytes);

#endif
