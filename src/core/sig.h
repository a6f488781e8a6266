/*
 * sig - signatures of posts that come in
 *
 * One scheme a file (sig_github.c, sig_standard.c, sig_hmac.c); a new one is
 * a file and a row in sig.c.  Verification reads raw bytes and headers only,
 * compares in constant time, and does the same work for every post that it
 * denies.  Any thread.
 */
#ifndef CORE_SIG_H
#define CORE_SIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct buf;
struct http_req;
struct source;
struct sources;
struct secret;
struct sig_scheme;

const struct sig_scheme *sig_scheme_find(const char *provider);
const char *sig_scheme_name(const struct sig_scheme *s);

/* Why a secret cannot be used with the source, or NULL. */
const char *sig_secret_fault(const struct source *src, const struct secret *s);

/* RC_INVALID: no secret, one that the source cannot use, or, for provider
 * hmac, a template that cannot be kept.  The other calls need RC_OK here. */
enum rc sig_source_check(const struct source *src, struct err *e);
/* The part of it that looks at no secret. */
enum rc sig_scheme_check(const struct source *src, struct err *e);

/* How long bytes are remembered by default: 7 days where the delivery id is
 * a header that nobody signed, as with GitHub and its kin, else 0. */
int64_t sig_replay_window_ms(const struct source *src);

/* The types of its events that its senders may post twice with one body, as
 * GitHub's workflow_dispatch; NULL-ended.  Their window is 0 by default. */
const char *const *sig_repeating_types(const struct source *src);

/*
 * Comes before the source is looked up: the headers of all schemes are judged,
 * so the answer tells nobody whether the path names a source.  Headers that a
 * source has configured are judged by sig_verify(), for its own posts alone.
 * RC_INVALID	one of them stands twice, was joined from two by a comma,
 *		holds a control byte or is too long.
 */
enum rc sig_check_headers(const struct http_req *req, struct err *e);

/*
 * src is one of all, or NULL for a path that names none, which is verified
 * against a random secret.
 *
 * Whoever is denied has cost, of each digest, as many MACs over the body as
 * the source with the most secrets of that digest takes, and two at least:
 * time tells neither which sources there are, nor which scheme and how many
 * secrets one has, nor whether a secret is being rotated.
 *
 * RC_DENIED	no signature, or none that fits one of the source's secrets,
 *		or outside the time window, or a header that the source has
 *		configured is doubled or malformed.  With *proved the time alone
 *		is at fault: the text says by how much.
 */
enum rc sig_verify(const struct sources *all, const struct source *src,
    const struct http_req *req, int64_t now_ms, bool *proved, struct err *e);

/* Signs with the newest secret as a sender of this scheme would: header lines
 * "Name: value", each with a newline, into out, those of id and type too.
 * Content-Type is the caller's. */
void sig_sample(const struct source *src, const char *type,
    const char *delivery_id, const void *body, size_t bodysz, int64_t now_ms,
    struct buf *out);

#endif
