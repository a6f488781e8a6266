/*
 * raw - a database and its files, past the store
 *
 * For tests of the SQLite engine alone.  What fails, fails the test.
 */
#ifndef TESTS_STORE_RAW_H
#define TESTS_STORE_RAW_H

#include <stddef.h>
#include <stdint.h>

void raw_sql(const char *path, const char *text);
/* The first column of the only row. */
int64_t raw_count(const char *path, const char *text);
/* The same with n numbers for ?1 and the following parameters. */
int64_t raw_count_with(const char *path, const char *text, const int64_t *v,
    int n);

/* A file whole; NULL and 0 when there is none.  Freed by the caller. */
char *raw_read(const char *path, size_t *n);
/* All that there is of it from now on. */
void raw_write(const char *path, const void *p, size_t n);

#endif
