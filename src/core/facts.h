/*
 * facts - delivery id, type, action and repository of a post
 *
 * One order for every provider: the header that the source names, the
 * pointer into the body that it names, the provider's own place, and where
 * none of these holds a value that can be used, a derived one.  Nothing here
 * refuses a post for a fact that is missing.  Pure.
 */
#ifndef CORE_FACTS_H
#define CORE_FACTS_H

#include <stddef.h>

#include "base/err.h"

struct event;
struct http_req;
struct source;

/* Makes ready to look for the pointers of src, which are valid. */
void facts_prepare(struct source *src);

/*
 * Fills delivery_id, id_is_derived, type, action and repository of ev, whose
 * body_sha256 is known.  The n bytes of json are the decoded body.
 *
 * RC_INVALID	the bytes are not JSON.
 */
enum rc facts_read(const struct source *src, const struct http_req *req,
    const char *json, size_t n, struct event *ev, struct err *e);

/* Gives ev an id of its own: the SHA-256 over type, NUL and body, from
 * body_sha256.  It is believed for dedupe_ms only. */
void facts_derive_id(struct event *ev);

/* Fills delivery_id, id_is_derived and type from the headers only, for a body
 * that is not read. */
void facts_read_headers(const struct source *src, const struct http_req *req,
    struct event *ev);

#endif
