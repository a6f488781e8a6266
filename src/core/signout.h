/*
 * signout - signatures of what goes out
 *
 * The three forms a receiver may check, over the same bytes: Standard
 * Webhooks v1 (id.timestamp.body), HomeIQ's bare hex and GitHub's, both over
 * the body alone.  While a secret rotates the old one signs too: in Standard
 * Webhooks' own list, and in headers of their own beside the two forms that
 * hold one value.  Each MAC over the same bytes and key is computed once.
 * Pure.
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
	SIGNOUT_HOMEIQ = 4
};
#define SIGNOUT_FORMS 7

/* "standard", "github", "homeiq"; 0 for any other name. */
unsigned int signout_form_parse(const char *name);
/* The forms of a webhook's list; an empty one means standard and homeiq, and
 * github for an event that came from GitHub. */
unsigned int signout_forms(const struct strlist *names, bool from_github);

struct signout_input {
	const struct secret *secret;
	const struct secret *old; /* NULL or empty: no rotation under way */
	const char *id;           /* webhook-id */
	int64_t timestamp;        /* webhook-timestamp, seconds */
	const void *body;
	size_t bodysz;
	unsigned int forms;
};

#define SIGNOUT_HEADERS_MAX 5
#define SIGNOUT_VALUE_SIZE 112
struct signout {
	struct {
		const char *name; /* a literal */
		char value[SIGNOUT_VALUE_SIZE];
	} v[SIGNOUT_HEADERS_MAX];
	size_t n;
};

/* Every signature header of one request; webhook-id and webhook-timestamp
 * are the caller's to write. */
void signout_sign(const struct signout_input *in, struct signout *out);

#endif
