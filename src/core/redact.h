/*
 * redact - replace a webhook's secrets in an answer of its receiver
 *
 * Answers are stored for people to read, and some receivers repeat the request
 * in them.  Replaced are the webhook's secrets, the values of its custom
 * headers, the part of these behind "Bearer " and "whsec_", the values in them
 * behind a name ("a=b; c=d"), the credentials of "Basic" encoded and decoded,
 * the values in the query of its URL and the long segments of its path behind
 * the first; each as it is, as escaped in JSON, HTML or a form, in base64, also
 * in the midst of other bytes, and in hexadecimal digits.  So are the bytes
 * that the base64 behind "whsec_" stands for.  Values shorter than REDACT_LEAST
 * bytes stay.  A secret that is encoded in another way, or twice, is not
 * found.  Pure.
 */
#ifndef CORE_REDACT_H
#define CORE_REDACT_H

#include <stddef.h>

struct buf;
struct webhook;

#define REDACT_LEAST 4

/* A request as it was sent: the webhook may have changed since. */
struct redact_sent {
	const char *url;
	const char *const *headers; /* the custom ones, "Name: value" */
	size_t nheaders;
};

/* Appends the first n bytes of an answer to out with "***" in place of each
 * secret of the webhook and of the request, and of a secret that the end of the
 * bytes cuts off.  sent may be NULL. */
void redact_answer(const struct webhook *w, const struct redact_sent *sent,
    const void *answer, size_t n, struct buf *out);

#endif
