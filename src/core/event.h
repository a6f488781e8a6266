/*
 * event - one accepted post
 *
 * Identity, type and bytes.  A plain value that crosses modules; it owns
 * everything in it and event_free() ends it.  Pure.
 */
#ifndef CORE_EVENT_H
#define CORE_EVENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/id.h"
#include "base/strlist.h"
#include "core/shape.h"

struct buf;

#define EVENT_ALNUM                  \
	"0123456789"                 \
	"ABCDEFGHIJKLMNOPQRSTUVWXYZ" \
	"abcdefghijklmnopqrstuvwxyz"
#define EVENT_DELIVERY_ID_MAX 256
#define EVENT_SENT_ID_MAX 1024 /* bytes of a longer id that are kept */
#define EVENT_TYPE_MAX 100
#define EVENT_ACTION_MAX 100
#define EVENT_REPOSITORY_MAX 200
#define EVENT_PRIORITY_DEFAULT 5
#define EVENT_PRIORITY_MAX 9
#define EVENT_TEAM_MAX 64
#define EVENT_HOPS_MAX 2 /* rounds through our own hook before it stops */

/*
 *          lease           repeats only         lease
 * [pending] ───► [processing] ───► [retry] ───► [processing]
 *     │               │ all jobs ended              │
 *     └─ owes none ─► [completed], or [failed] when one of them is dead
 */
enum event_status {
	EVENT_PENDING,
	EVENT_PROCESSING,
	EVENT_RETRY,
	EVENT_COMPLETED,
	EVENT_FAILED
};
#define EVENT_STATUSES 5

/* Why an event is held back: a person has to release it. */
enum event_why {
	EVENT_SEEN_BODY, /* the same body came under another delivery id */
	EVENT_ODD_TYPE   /* the body contradicts the type, which is unsigned */
};
#define EVENT_WHYS 2

/* Why an event owes a webhook nothing. */
enum event_passed {
	EVENT_PASSED_DISABLED,
	EVENT_PASSED_OTHER, /* it is for another webhook alone */
	EVENT_PASSED_TEAM,
	EVENT_PASSED_EVENTS, /* no pattern of the webhook matches */
	EVENT_PASSED_FILTER,
	EVENT_PASSED_FILTER_ERROR /* the webhook's filter cannot be read */
};
#define EVENT_PASSED (EVENT_PASSED_FILTER_ERROR + 1)

/* Memory that is given back once.  give is NULL when there is none. */
struct event_hold {
	void (*give)(void *arg, size_t n);
	void *arg;
	size_t n;
};
void event_hold_end(struct event_hold *h);

struct event {
	int64_t id; /* 0 until it is stored */
	char public_id[ID_PUBLIC_SIZE];
	char *source;
	char *provider; /* "github", "standard", "hmac", "api", "hls" */
	char *delivery_id;
	bool id_is_derived; /* by hls, from type and body */
	bool is_of_hook;    /* hooks of its provider may share ids */
	char *hook_id;      /* which one it came from, or NULL */
	int64_t dedupe_ms;  /* how long a derived id is believed, when put */
	char *sent_id;      /* the sender's id if delivery_id is its digest */
	char *type;
	bool type_is_unsigned; /* read_json: the body is asked for it */
	bool type_is_header;   /* the type is a header's value, not signed */
	enum shape shape;      /* what the body says of the type */
	char *action;          /* "" when there is none */
	char *repository;      /* "unknown" when there is none */
	struct strlist teams;
	char *webhook_id; /* to this webhook alone, or NULL */
	char *content_type;
	int priority; /* 0-9, lower runs first */
	int64_t received_ms;
	int64_t scheduled_ms;       /* 0: at once */
	int64_t replay_window_ms;   /* read by the store when put */
	bool is_watched;            /* ...as this: its body is remembered */
	bool is_ignored;            /* ...and nothing else of it is stored */
	bool replay_suspect;        /* held back: goes to no webhook */
	enum event_why suspect_why; /* where it is */
	int hops;                   /* rounds through our own hook */

	char *body; /* NULL when it was not asked for or is purged */
	size_t bodysz;
	/* The JSON that the views show.  NULL: the body itself; empty: the
	 * body holds no JSON.  Only read when put. */
	char *json;
	size_t jsonsz;
	/* json is NULL, and the store makes it with event_make_json(): one at
	 * a time is in memory. */
	bool has_odd_json;
	struct event_hold
	    hold; /* of the memory for bodies, until it is freed */
	uint8_t body_sha256[32];

	/* As the store found it; not read when put. */
	enum event_status status;
	unsigned int jobs_total;
	unsigned int retry_count; /* the highest repeat among its jobs */
	char *error_message;      /* the latest failure, or NULL */
	int64_t started_ms, completed_ms; /* 0: not yet */
	/* How many webhooks its latest expansion to all passed by, by reason;
	 * where has_passed is false nobody knows. */
	bool has_passed;
	int64_t passed[EVENT_PASSED];
	/* webhook_id is that of a replay which is about to begin: the event
	 * itself is for all. */
	bool is_round_alone;
};

/* "disabled", ... */
const char *event_passed_name(enum event_passed why);

/* Tests of webhooks come from a source that no configuration can name. */
#define EVENT_SOURCE_TEST "hls.test"
bool event_is_test(const struct event *ev);

/* The type "hls" and those that begin with "hls." are hls's own, in any case
 * of letters. */
bool event_type_is_reserved(const char *type);
/* Made by hls itself: its source says so, whatever its type is. */
bool event_is_own(const struct event *ev);
/* Puts "x-" before a reserved type of an event that is not hls's own. */
void event_reserve_type(struct event *ev);

struct event *event_new(void); /* of the default priority, else empty */
void event_free(struct event *ev);

const char *event_status_name(enum event_status s); /* "pending" ... */
bool event_status_parse(const char *text, enum event_status *out);
const char *event_why_name(enum event_why why); /* "body", "type" */

bool event_delivery_id_is_valid(const char *text); /* visible ASCII 1-256 */
bool event_type_is_valid(const char *text);        /* A-Za-z0-9_.- 1-100 */
bool event_team_is_valid(const char *text);        /* 1-64, no controls */
/* "unknown", or owner/name of A-Za-z0-9._- without "." and ".." parts. */
bool event_repository_is_valid(const char *text);

/*
 * What a sender calls an event, as a type: "/" and ":" become ".", each other
 * character that a type may not have becomes "_", and the first
 * EVENT_TYPE_MAX bytes of the result are kept.  One rule for all providers.
 * False, and "", when there is nothing.
 */
bool event_type_respell(const char *text, char out[EVENT_TYPE_MAX + 1]);

/*
 * The id that an event of the sender's id is stored and found under: the same
 * where event_delivery_id_is_valid(), else its SHA-256 in hex.  Returns false
 * for the latter.
 */
bool event_delivery_id_of(const char *text,
    char out[EVENT_DELIVERY_ID_MAX + 1]);

/*
 * Puts the sender's id into delivery_id by that rule.  sent_id is NULL, or the
 * text that was replaced, as UTF-8 of EVENT_SENT_ID_MAX bytes at most: U+FFFD
 * stands for other bytes, and a longer text is cut and ends with U+2026.
 * Nothing happens for NULL and "".
 */
void event_put_delivery_id(struct event *ev, const char *text);

/*
 * Judges a body as JSON and reads action and repository from it: one scan,
 * no tree.  Where ev has no type yet it gets the body's, respelt.  A fact
 * that cannot be read is no reason to refuse what was signed: the repository
 * is "unknown" then, the action "", and there is no type.
 *
 * RC_INVALID	not JSON by the rules of jsscan_any(); ev is unchanged.
 */
enum rc event_read_json(struct event *ev, const char *text, size_t n,
    struct err *e);

/* Facts that nobody read: no action, and the repository is "unknown". */
void event_fill(struct event *ev);

/*
 * The JSON of a body, for everything that reads an event: of a form its
 * payload, without a byte-order mark.  What was posted stays as it came.
 * text is NULL when there is none; it may point into body.
 */
struct event_json {
	const char *text;
	size_t n;
	char *room; /* owned, or NULL */
};
void event_json_init(struct event_json *j, const char *content_type,
    const char *body, size_t n);
void event_json_fini(struct event_json *j);

/*
 * The JSON of a body for readers that are stricter than ours.  A form becomes
 * its payload, a byte-order mark is left out, and U+FFFD stands for each half
 * of a surrogate pair.
 */
enum event_json_is {
	EVENT_JSON_NONE, /* the body holds no JSON; out is untouched */
	EVENT_JSON_BODY, /* the body is such JSON; out is untouched */
	EVENT_JSON_MADE  /* out, which was not initialised, holds it */
};
enum event_json_is event_json_make(const char *content_type, const char *body,
    size_t n, struct buf *out);

/* The JSON of an event that has odd JSON; out was not initialised. */
void event_make_json(const struct event *ev, struct buf *out);

/* Fills ev->json by the same rules from j, which is of ev's body and is ended.
 * is_json: event_read_json() took it, and it is not scanned again. */
void event_take_json(struct event *ev, struct event_json *j, bool is_json);

#endif
