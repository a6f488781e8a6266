/*
 * signout - signatures of what goes out
 *
 * The forms a receiver may check: Standard Webhooks' v1 (an HMAC) and v1a
 * (Ed25519) over id.timestamp.body, also under Svix's header names; HomeIQ's
 * bare hex and GitHub's two, by SHA-256 and SHA-1, over the body alone.  Old
 * secrets sign too: in Standard Webhooks' own list, and in headers of their
 * own beside the forms that hold one value, such as X-Webhook-Signature-Old
 * for the newest of them and X-Webhook-Signature-Old-2 for the next.  Each
 * signature over the same bytes and key is computed once.  Pure.
 */
#ifndef CORE_SIGNOUT_H
#define CORE_SIGNOUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct secret;
struct strlist;

enum signout_form {
	SIGNOUT_STANDARD = 1,
	SIGNOUT_GITHUB = 2,
	SIGNOUT_HOMEIQ = 4,
	SIGNOUT_ED25519 = 8, /* beside v1 or alone, where v1 would stand */
	SIGNOUT_SVIX = 16    /* the same list, and what it is made of, under
	                      * svix-id, svix-timestamp and svix-signature */
};
#define SIGNOUT_NAMES "standard, standard-ed25519, github, homeiq and svix"

/* "standard", "standard-ed25519", "github", "homeiq", "svix"; 0 for any
 * other name. */
unsigned int signout_form_parse(const char *name);
/* The forms of a webhook's list; an empty one means standard and homeiq, and
 * github for an event that came from GitHub. */
unsigned int signout_forms(const struct strlist *names, bool from_github);

/* The secrets and key pairs that sign; an empty or NULL one does not. */
#define SIGNOUT_OLDS_MAX 8
struct signout_keys {
	const struct secret *secret;
	const struct secret *key; /* whsk_; for SIGNOUT_ED25519 */
};
struct signout_input {
	struct signout_keys now;
	struct signout_keys olds[SIGNOUT_OLDS_MAX]; /* the newest first */
	size_t nolds;
	const char *id;    /* webhook-id */
	int64_t timestamp; /* webhook-timestamp, seconds */
	const void *body;
	size_t bodysz;
	const uint8_t *body_sha256; /* NULL: not known yet */
	unsigned int forms;
};

#define SIGNOUT_HEADERS_MAX (7 + 3 * SIGNOUT_OLDS_MAX)
#define SIGNOUT_NAME_SIZE 32
#define SIGNOUT_VALUE_SIZE 1280 /* nine v1 and nine v1a */
struct signout {
	struct {
		char name[SIGNOUT_NAME_SIZE];
		char value[SIGNOUT_VALUE_SIZE];
	} v[SIGNOUT_HEADERS_MAX];
	size_t n;
};

/* Every signature header of one request, with Svix's two names beside its
 * own; webhook-id and webhook-timestamp are the caller's to write. */
void signout_sign(const struct signout_input *in, struct signout *out);

#endif
