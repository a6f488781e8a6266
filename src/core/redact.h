/*
 * redact - a registration's secrets cut out of what its receiver answered
 *
 * An answer goes on record for people to read, and receivers like to say
 * back what they got.  Cut are the secrets, the values of custom headers,
 * what stands behind "Bearer " and "whsec_" in them, the password of "Basic
 * " as it is and decoded, and what is in the
 * query of the address, as they are and as JSON or a form has them escaped;
 * what is shorter than REDACT_LEAST is not worth a cut.  A secret that is
 * encoded in another way is not found.  Pure.
 */
#ifndef CORE_REDACT_H
#define CORE_REDACT_H

#include <stddef.h>

struct buf;
struct webhook;

#define REDACT_LEAST 4

/* The first bytes of an answer with "***" in each secret's place into out;
 * also in that of one whose start alone is at the end of them. */
void redact_answer(const struct webhook *w, const void *answer, size_t n,
    struct buf *out);

#endif
