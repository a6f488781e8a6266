/*
 * hops - how often an event has passed through a hook of hls
 *
 * A delivery has the number in X-HLS-Hops and, in X-HLS-Hops-Signature, proof
 * that whoever signs the deliveries has written it for this body.  A number
 * without proof counts for nothing: whoever captures a post could send it
 * with such a header before its sender does, and the next hls would take the
 * event for a loop.  Pure.
 */
#ifndef CORE_HOPS_H
#define CORE_HOPS_H

#include <stdint.h>

#include "base/crypt.h"

struct http_req;
struct signout_input;
struct source;

#define HOPS_HEADER "X-HLS-Hops"
#define HOPS_SIGNATURE "X-HLS-Hops-Signature"
#define HOPS_MAX 9
#define HOPS_LIST_SIZE 4096

/* The signatures of the number, by each key that signs the delivery, into
 * out; "" where none does. */
void hops_sign(const struct signout_input *in, int hops,
    char out[HOPS_LIST_SIZE]);

/* The number that the post has, 1 to HOPS_MAX, where one of the source's
 * secrets or public keys has signed it; else 0. */
int hops_read(const struct source *src, const struct http_req *req,
    const uint8_t body_sha256[CRYPT_SHA256_SIZE]);

#endif
