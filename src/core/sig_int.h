/*
 * sig_int - what a signature scheme is to sig.c
 *
 * A scheme states the headers that it reads and says what a post claims
 * (sig_claim.c); the keys are read in sig_key.c, and sig.c computes the MACs
 * and compares.
 */
#ifndef CORE_SIG_INT_H
#define CORE_SIG_INT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/crypt.h"
#include "base/err.h"
#include "core/source.h"

struct buf;
struct http_req;

/* What a comma means in a header that is judged before anything is believed.
 * Web servers join the values of a doubled header with one. */
enum sig_form {
	SIG_FORM_ONE,  /* one value: a comma is a second one */
	SIG_FORM_LIST, /* values between spaces, with one comma each at most */
	SIG_FORM_WORD  /* a sender's own word: only ", " is a second one */
};

/* Spaces are left to the scheme, which denies or respells them. */
struct sig_header {
	const char *name; /* NULL ends a list */
	enum sig_form form;
	size_t max; /* 0: any length */
};

#define SIG_CLAIMS_MAX 10
#define SIG_SPANS_MAX 16
#define SIG_VALUE_MAX 256
#define SIG_TOLERANCE_MS (300 * INT64_C(1000))

/* What a post says of itself: the bytes that were signed, and the MACs that
 * its sender made of them. */
struct sig_claim {
	enum crypt_digest digest;
	struct crypt_span spans[SIG_SPANS_MAX];
	size_t nspans;
	uint8_t macs[SIG_CLAIMS_MAX][CRYPT_MAC_MAX];
	size_t nmacs;
	uint8_t signatures[SIG_CLAIMS_MAX][CRYPT_ED25519_SIGNATURE_SIZE];
	size_t nsignatures; /* by Ed25519 */
	bool is_off;        /* no MAC makes it good: its time, id or headers */
	bool is_untimely;   /* its time is at fault, and may be alone in that */
	int64_t ahead_ms;   /* of our clock, then; SIG_NO_TIME: it is no time */
};
#define SIG_NO_TIME INT64_MIN

/* sig_claim.c */
void sig_claim_span(struct sig_claim *c, const void *p, size_t n);

/* sig_key.c: the source itself says in which form its secrets are. */
bool sig_key_is_encoded(const struct source *src);
/* The bytes that such a secret stands for; 0: they cannot be read, or are too
 * few. */
size_t sig_key_decode(const struct source *src, const struct secret *s,
    uint8_t out[SOURCE_KEY_MAX]);
/* A secret may be base64 behind whsec_, as Standard Webhooks writes it. */
bool sig_key_may_be_whsec(const struct source *src);
/* The MAC of the newest secret over the claim's bytes; its size. */
size_t sig_make(const struct source *src, const struct sig_claim *c,
    uint8_t out[CRYPT_MAC_MAX]);

/* sig_public.c: true when one of the claimed signatures by Ed25519 fits one of
 * the source's public keys. */
bool sig_public_prove(const struct source *src, const struct sig_claim *c);
/* Does the work of the source with the most public keys. */
void sig_public_level(const struct sources *all, const struct source *src,
    const struct http_req *req, int64_t now_ms);

/* Lower-case digits, or, where is_any_case, all of either case: a digest
 * with one letter changed never is another spelling of itself. */
bool sig_hex_parse(const char *text, size_t n, bool is_any_case, uint8_t *out,
    size_t size);

/* Unix seconds of plain digits, within tolerance_ms of now_ms either way. */
bool sig_time_is_near(const char *text, int64_t now_ms, int64_t tolerance_ms);
/* The claim is off unless the text is such a time. */
void sig_claim_time(struct sig_claim *c, const char *text, int64_t now_ms,
    int64_t tolerance_ms);

struct sig_scheme {
	const char *name;
	const struct sig_header *headers;
	const char *id_header; /* of the delivery id; NULL: none */
	/* Where that depends on the post; NULL: it does not. */
	const char *(*id_header_of)(const struct http_req *req);
	const char *hook_header; /* of the hook, whose ids others share */
	const char *type_header; /* of the event's type; NULL: none */
	bool is_type_in_body;    /* "type", where no header holds it */
	const char *const *repeating_types; /* NULL: none */
	bool takes_whsec; /* its secrets may be base64 behind whsec_ */
	bool has_shapes;  /* its types are shape's */

	/* May this source be configured so?  NULL: any may. */
	enum rc (*check)(const struct source *src, struct err *e);
	/* What the post claims, into an empty claim; borrows from both. */
	void (*claim)(const struct source *src, const struct http_req *req,
	    int64_t now_ms, struct sig_claim *c);
	/* The headers of the signature. */
	void (*sample)(const struct source *src, const char *delivery_id,
	    const struct crypt_span *body, int64_t now_ms, struct buf *out);
};

extern const struct sig_scheme sig_github;
extern const struct sig_scheme sig_standard;
extern const struct sig_scheme sig_hmac;

#endif
