/*
 * id - identifiers
 *
 * A public id is a prefix followed by 26 characters of Crockford's base 32.
 * They hold, from the left, 48 bits of milliseconds since 1970, the 32 bits
 * of the store's salt and the 48 bits of the row's number.  So ids sort by
 * age, ids of two stores differ, and a row is found without an index.
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

/* False unless text is prefix and exactly 26 such characters; upper and lower
 * case are equal. */
bool id_parse(const char *prefix, const char *text, struct id_public *out);

/* A random UUID, version 4, in lower case. */
void id_uuid4(char out[ID_UUID_SIZE]);

#endif
