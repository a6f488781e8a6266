/*
 * secret - a string that wipes itself
 *
 * Never logged, never formatted.  The bytes are NUL-terminated; size does
 * not count the NUL.  The holder of the struct owns
 * the bytes.
 */
#ifndef BASE_SECRET_H
#define BASE_SECRET_H

#include <stdbool.h>
#include <stddef.h>

struct secret {
	char *bytes; /* NULL when there is none */
	size_t size;
};

void secret_fini(struct secret *s); /* wipes; leaves it empty */
void secret_put(struct secret *s, const void *bytes, size_t size);
void secret_put_str(struct secret *s, const char *text);
bool secret_is_set(const struct secret *s);

/* Takes the same time for all contents of one size. */
bool secret_is_equal(const struct secret *s, const void *bytes, size_t size);

#endif
