/*
 * store_test - what tests may see and stop that nobody else may
 *
 * For tests of what is promised about order and cost.  What is called at a
 * place returns when the test lets it.  Nothing is called unless a test asked.
 */
#ifndef STORE_STORE_TEST_H
#define STORE_STORE_TEST_H

#include <stddef.h>
#include <stdint.h>

struct store;

enum store_test_place {
	STORE_TEST_BEFORE_COMMIT, /* rows are in, nothing is on disk */
	STORE_TEST_AFTER_COMMIT   /* on disk, nobody was told yet */
};

/* On the committer's thread, for every store of the process; NULL ends it. */
void store_test_at(void (*f)(enum store_test_place place));

/* Steps of SQLite's machine since the last question, over all statements of
 * a SQLite store that nobody else is using: what work costs, whatever the
 * machine is doing besides. */
int64_t store_test_steps(struct store *s);

/* As if under load all the time, with so many dedupe rows kept in memory
 * before they go into their trees; 0 ends it.  For every SQLite store of the
 * process. */
void store_test_keep(size_t rows);

#endif
