/*
 * raw - a database's file as SQLite sees it, past the store
 *
 * For tests of the SQLite engine alone.  A statement that fails, fails the
 * test.
 */
#ifndef TESTS_STORE_RAW_H
#define TESTS_STORE_RAW_H

#include <stdint.h>

void raw_sql(const char *path, const char *text);
/* The first column of the only row. */
int64_t raw_count(const char *path, const char *text);

#endif
