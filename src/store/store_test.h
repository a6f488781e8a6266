/*
 * store_test - places at which a test may stand in the committer's way
 *
 * For tests of what is promised about order: what is called at a place
 * returns when the test lets it.  Nothing is called unless a test asked.
 */
#ifndef STORE_STORE_TEST_H
#define STORE_STORE_TEST_H

enum store_test_place {
	STORE_TEST_BEFORE_COMMIT, /* rows are in, nothing is on disk */
	STORE_TEST_AFTER_COMMIT   /* on disk, nobody was told yet */
};

/* On the committer's thread, for every store of the process; NULL ends it. */
void store_test_at(void (*f)(enum store_test_place place));

#endif
