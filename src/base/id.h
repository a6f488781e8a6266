/*
 * id - identifiers
 *
 * A public id is a prefix and 26 characters of Crockford's base 32 that
 * hold, from the left, 48 bits of milliseconds since 1970, the 32 bits of
 * the store's salt and the 48 bits of the row's number: it sorts by age, is
 * not confused with another store's, and finds its row without an index.
 * Any thread.
 */
#ifndef BASE_ID_H
#define BASE_ID_H

#include <stdbool.h>
#include <stdint.h>

#define ID_PUBLIC_SIZE 32 /* "evt_" or "job_", 26 characters, NUL */
#define ID_UUID_SIZE 37

struct id_public {
	int64_t ms;
	uint32_t salt;
	int64_t row;
};

void id_format(const char *prefix, const struct id_public *id,
    char out[ID_PUBLIC_SIZE]);

/* False unless the text is exactly prefix and 26 such characters, letters in
 * either case. */
bool id_parse(const char *prefix, const char *text, struct id_public *out);

/* A random UUID, version 4, in lower case. */
void id_uuid4(char out[ID_UUID_SIZE]);

#endif
