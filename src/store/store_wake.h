/*
 * store_wake - new work in the store, as a descriptor
 *
 * The descriptor can be read when any process has committed new work.  A
 * wake-up is a hint: it may come for nothing and may be lost, so a drain also
 * looks for itself from time to time.
 */
#ifndef STORE_STORE_WAKE_H
#define STORE_STORE_WAKE_H

struct store;

/* The caller's, close(2).  -1: this store or this system has none. */
int store_wake_open(struct store *s);
/* Takes the wake-ups so far; never blocks. */
void store_wake_clear(int fd);

#endif
