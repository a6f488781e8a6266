/*
 * sig_int - what a signature scheme is to sig.c
 *
 * A scheme states the headers it reads, says what a post claims, and leaves
 * the keys, the MACs and the comparing to sig_prove().
 */
#ifndef CORE_SIG_INT_H
#define CORE_SIG_INT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/crypt.h"
#include "base/err.h"

struct buf;
struct event;
struct http_req;
struct source;

/* A header that is judged before anything is believed: one value without a
 * comma or, is_list, several by spaces with one comma each at most.  Spaces
 * are left to the scheme, which denies or refuses them. */
struct sig_header {
	const char *name; /* NULL ends a list */
	bool is_list;
	size_t max;
};

#define SIG_CLAIMS_MAX 10
#define SIG_SPANS_MAX 16
#define SIG_VALUE_MAX 256
#define SIG_TOLERANCE_MS (300 * INT64_C(1000))

/* What a post says of itself: the bytes that were signed, and the MACs that
 * its sender made of them. */
struct sig_claim {
	enum crypt_digest digest;
	bool is_whsec; /* keys are what whsec.h says of the secrets */
	struct crypt_span spans[SIG_SPANS_MAX];
	size_t nspans;
	uint8_t macs[SIG_CLAIMS_MAX][CRYPT_MAC_MAX];
	size_t nmacs;
};

void sig_claim_span(struct sig_claim *c, const void *p, size_t n);

/*
 * True when one of the claimed MACs is made with one of the secrets.  All
 * secrets' MACs are computed until one fits, and two at least where none
 * does, claims or not: neither a source that does not exist nor one whose
 * secret rotates is told by the time it takes.
 */
bool sig_prove(const struct source *src, const struct sig_claim *c);

/* The MAC of the newest secret over the claim's bytes; its size. */
size_t sig_make(const struct source *src, const struct sig_claim *c,
    uint8_t out[CRYPT_MAC_MAX]);

/* Lower-case digits, or, where is_any_case, all of either case: a digest
 * with one letter changed never is another spelling of itself. */
bool sig_hex_parse(const char *text, size_t n, bool is_any_case, uint8_t *out,
    size_t size);

/* Unix seconds of plain digits, within tolerance_ms of now_ms either way. */
bool sig_time_is_near(const char *text, int64_t now_ms, int64_t tolerance_ms);

struct sig_scheme {
	const char *name;
	bool takes_forms; /* application/x-www-form-urlencoded */
	const struct sig_header *headers;

	/* May this source be configured so?  NULL: any may. */
	enum rc (*check)(const struct source *src, struct err *e);
	enum rc (*verify)(const struct source *src, const struct http_req *req,
	    int64_t now_ms, struct err *e);
	enum rc (*identify)(const struct source *src,
	    const struct http_req *req, struct event *ev, struct err *e);
	void (*sample)(const struct source *src, const char *type,
	    const char *delivery_id, const struct crypt_span *body,
	    int64_t now_ms, struct buf *out);
};

extern const struct sig_scheme sig_github;
extern const struct sig_scheme sig_standard;
extern const struct sig_scheme sig_hmac;

/* Takes a header as the event's delivery id or type.  RC_INVALID. */
enum rc sig_take_delivery_id(struct event *ev, const struct http_req *req,
    const char *header, struct err *e);
enum rc sig_take_type(struct event *ev, const struct http_req *req,
    const char *header, struct err *e);

/*
 * RC_DENIED.  The text tells the log whether there was a signature to check;
 * the answer has one sentence for every way to fail.
 */
enum rc sig_denied(const struct sig_claim *c, struct err *e);

#endif
