/*
 * sig - signatures of posts that come in
 *
 * One scheme a file (sig_github.c, sig_standard.c, sig_hmac.c); a new one is
 * a file and a row in sig.c.  Verification reads raw bytes and headers only,
 * compares in constant time, and does the same work for a source that does
 * not exist (sig_nobody()).  Any thread.
 */
#ifndef CORE_SIG_H
#define CORE_SIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct event;
struct http_req;
struct source;
struct sig_scheme;

const struct sig_scheme *sig_scheme_find(const char *provider);
const char *sig_scheme_name(const struct sig_scheme *s);
/* GitHub and its kin sign neither id nor time. */
int64_t sig_scheme_replay_window_ms(const struct sig_scheme *s);

/* The source that unknown paths are verified against: a random secret. */
const struct source *sig_nobody(void);

/*
 * RC_INVALID	a security header (over all schemes and configured hmac
 *		headers of src) is doubled, holds a comma where its grammar
 *		has none, a control byte, or is too long.
 */
enum rc sig_check_headers(const struct source *src, const struct http_req *req,
    struct err *e);

/*
 * RC_DENIED	no signature, or none that fits one of the source's secrets,
 *		or outside the time window.
 */
enum rc sig_verify(const struct source *src, const struct http_req *req,
    int64_t now_ms, struct err *e);

/*
 * Fills delivery_id and type, and takes form-encoded bodies apart for what
 * is read of them (the stored bytes stay as signed).  RC_INVALID: missing or
 * malformed identity.
 */
enum rc sig_identify(const struct source *src, const struct http_req *req,
    struct event *ev, struct err *e);

/* Signs as a sender of this scheme would, for source sample: writes header
 * lines "Name: value" into out.  delivery_id and type go in too. */
struct buf;
enum rc sig_sample(const struct source *src, const char *type,
    const char *delivery_id, const void *body, size_t bodysz, int64_t now_ms,
    struct buf *out, struct err *e);

#endif
