/*
 * fake_store - a store in memory: what the loop asks of the real one, and
 * its faults
 *
 * For tests of the loop alone.  A test fills db and reads what became of it.
 */
#ifndef TESTS_UNIT_FAKE_STORE_H
#define TESTS_UNIT_FAKE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store/store_work.h"

#define JOBS_MAX 12000

struct row {
	int64_t due_ms;
	enum store_kind kind;
	enum {
		ROW_WAITING,
		ROW_LEASED,
		ROW_ENDED
	} state;
	enum store_verdict verdict; /* of its last settlement */
	size_t leases, starts, settled;
	bool suspect;
	size_t refusals;  /* of its product */
	bool is_refused;  /* the product of its end */
	bool has_product; /* its end, on record */
};

struct fake_store {
	struct row rows[JOBS_MAX];
	size_t n;
	size_t events; /* not expanded yet */
	size_t expansions, largest_expansion;
	size_t owed; /* of one event, instead of two */
	/* Exchanges whose events another drain has expanded; when they were,
	 * counted in exchanges. */
	size_t stale, stale_at[4], exchanges;
	bool is_stale; /* not refreshed since events were read */
	size_t settlements, largest_group;
	size_t renewals;
	size_t lease_calls;
	unsigned int kinds; /* that were leased: bits 1 << kind */
	size_t beside;      /* rows leased beside a suspect that did not end */
	size_t since_held;  /* rows leased since a suspect was held back... */
	size_t company;     /* ...and when it was leased */
	size_t marks_ended;
	size_t busy; /* calls of settle that fail first */
	bool dead, leases_lapsed;
	int64_t worker_done, worker_failed;
	bool worker_gone;
	void (*see_product)(const struct store_result *r); /* may be NULL */
};
extern struct fake_store db;

/* A waiting job. */
void fake_store_put(int64_t due_ms);

#endif
