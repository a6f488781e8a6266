/*
 * shim - a disk that can be looked at, cut off and made to fail
 *
 * A VFS of SQLite in front of the system's.  It keeps, in order, what was
 * written, cut short, synced and deleted in each file, so that a test can
 * lay out what a power cut at any moment would have left; and it fails the
 * n-th sync or write.  Shared memory is passed on: it does not outlive the
 * power.
 */
#ifndef TESTS_STORE_SHIM_H
#define TESTS_STORE_SHIM_H

#include <stdbool.h>
#include <stddef.h>

/* Becomes SQLite's default VFS, for the rest of the process. */
void shim_install(void);
/* Records from now on, what was recorded before forgotten; or no more. */
void shim_record(bool on);
/* As if synchronous were NORMAL: a commit's sync of the log does not count,
 * a checkpoint's does. */
void shim_ignore_log_syncs(bool on);
size_t shim_steps(void); /* recorded so far */

/* What was not synced when the power went... */
enum shim_damage {
	SHIM_LOST, /* is lost */
	SHIM_SOME, /* is there in part, any write or not */
	SHIM_TORN  /* the same, each write torn at 512 bytes */
};
#define SHIM_DAMAGES 3

/* Writes the files as they are after the first n steps, with their last
 * names, into folder. */
void shim_lay_out(size_t n, enum shim_damage d, unsigned int seed,
    const char *folder);

enum shim_fault {
	SHIM_SYNC_EIO,
	SHIM_WRITE_EIO,
	SHIM_WRITE_FULL
};
/* The n-th call from now fails, counted from 1; 0: none. */
void shim_fail(enum shim_fault what, int n);
/* True once it has. */
bool shim_has_failed(void);

#endif
