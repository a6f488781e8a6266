/*
 * spool - a request's body while it comes
 *
 * The first bytes are kept in memory that all requests share; a body that
 * grows over SPOOL_MEMORY, or that finds no memory, goes into a file that has
 * no name and is gone with its descriptor.  One thread at a time.
 */
#ifndef FRONT_SPOOL_H
#define FRONT_SPOOL_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

struct budget;

#define SPOOL_MEMORY (64u << 10)

/* The room that all bodies share. */
struct spool_room {
	struct budget *memory;
	struct budget *disk;
	const char *folder; /* where files are made */
	int64_t min_free;   /* bytes of disk that they leave free */
};

struct spool {
	const struct spool_room *room;
	struct buf bytes;
	int fd; /* of the file, which then holds all of it; -1: none */
	size_t size;
};

/* The room is the caller's and outlives s. */
void spool_init(struct spool *s, const struct spool_room *room);
void spool_fini(struct spool *s);

/*
 * RC_BUSY	the bodies that come have all the disk they may have, or little
 *		is left.
 * RC_SYSTEM	the file could not be made or written.
 */
enum rc spool_add(struct spool *s, const void *p, size_t n, struct err *e);

/* Copies n bytes from byte at on, which must be there. */
enum rc spool_read(const struct spool *s, size_t at, void *p, size_t n,
    struct err *e);

#endif
