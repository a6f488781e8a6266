/*
 * source - who may post, under which path and scheme
 *
 * The configured sources as plain values; they live as long as the settings
 * they were read into, and requests in hand finish on the old ones.
 */
#ifndef CORE_SOURCE_H
#define CORE_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/crypt.h"
#include "base/secret.h"
#include "base/strlist.h"

struct jsonptr_set;
struct sig_scheme;

enum source_encoding {
	SOURCE_HEX,
	SOURCE_BASE64
};

/* How a secret's text becomes the key of the MAC. */
enum source_key {
	SOURCE_KEY_AUTO, /* its bytes; of Standard Webhooks as that says */
	SOURCE_KEY_TEXT,
	SOURCE_KEY_BASE64, /* whsec_ before it is left off */
	SOURCE_KEY_HEX
};
/* How long derived ids are believed where no source says so. */
#define SOURCE_DEDUPE_MS (INT64_C(10) * 60 * 1000)
#define SOURCE_KEY_MAX 1024
#define SOURCE_NAME_MAX 64
#define SOURCE_KEY_MIN 16

/* Provider hmac: how its sender signs. */
struct source_hmac {
	char *header;
	enum crypt_digest algorithm;
	enum source_encoding encoding;
	char *prefix;           /* "" when there is none */
	char *template;         /* "{body}", "{id}.{timestamp}.{body}", ... */
	char *timestamp_header; /* NULL: no time check */
	int64_t tolerance_ms;
};

enum source_pointer {
	SOURCE_ID_POINTER,
	SOURCE_EVENT_POINTER,
	SOURCE_ACTION_POINTER,
	SOURCE_REPOSITORY_POINTER
};
#define SOURCE_POINTERS 4

/* Where a post's facts stand, over the provider's own places; NULL: there. */
struct source_facts {
	char *id_header;
	char *event_header;
	char *pointers[SOURCE_POINTERS];
	/* Filled by facts_prepare(). */
	struct jsonptr_set *set; /* NULL: no pointer is set */
	size_t places[SOURCE_POINTERS];
};

struct source_window {
	char *pattern;
	int64_t ms;
};

struct source {
	char *name;
	struct strlist paths; /* further ones, without base path */
	const struct sig_scheme *scheme;
	struct secret *secrets; /* newest first */
	size_t nsecrets;
	enum source_key key;
	/* Provider standard: whose v1a signatures are taken. */
	uint8_t (*public_keys)[CRYPT_ED25519_SIZE];
	size_t npublic_keys;
	struct strlist events; /* patterns; empty: every event */
	int priority;
	/* How long a body under another id is suspect; where several patterns
	 * match an event the longest one decides, and where none does this. */
	int64_t replay_window_ms;
	struct source_window *windows;
	size_t nwindows;
	int64_t dedupe_ms; /* how long a derived id is believed */
	struct strlist teams;
	struct source_facts facts;
	struct strlist content_types; /* others than JSON's and the form's */
	struct source_hmac hmac;
};

struct sources {
	struct source *v;
	size_t n;
};

void sources_fini(struct sources *l);

/* The words of the settings. */
const char *source_digest_name(enum crypt_digest d);
const char *source_encoding_name(enum source_encoding e);
const char *source_pointer_name(enum source_pointer p);

int64_t source_window_ms(const struct source *src, const char *type,
    const char *action);
/* The longest of all: how long its bodies are remembered; 0: no body is ever
 * suspect. */
int64_t source_memory_ms(const struct source *src);

/* By name, or by a request's path: /hooks/NAME, /api/webhooks/NAME, or one
 * of its further paths.  NULL when there is none. */
const struct source *source_find(const struct sources *l, const char *name);
const struct source *source_find_path(const struct sources *l,
    const char *path);

#endif
