/*
 * front_inbox - what other threads hand to the loop
 *
 * Items wait in the order in which they were put.  The loop is woken for the
 * first one and takes all that are there.
 */
#ifndef FRONT_FRONT_INBOX_H
#define FRONT_FRONT_INBOX_H

#include <pthread.h>

struct loop;

/* Embedded in what it is about, and in one list at a time. */
struct front_item {
	struct front_item *next;
};

struct front_items {
	struct front_item *first, **last;
};

struct front_inbox {
	struct loop *loop;
	pthread_mutex_t lock;
	struct front_items items;
};

void front_items_init(struct front_items *l);
void front_items_put(struct front_items *l, struct front_item *item);
/* The first one, which there must be. */
struct front_item *front_items_take(struct front_items *l);

/* The loop is the caller's and outlives b. */
void front_inbox_init(struct front_inbox *b, struct loop *loop);
void front_inbox_fini(struct front_inbox *b);
void front_inbox_put(struct front_inbox *b, struct front_item *item);
/* All of them, oldest first, or NULL. */
struct front_item *front_inbox_take(struct front_inbox *b);

#endif
