/*
 * webhook - a registration: who wants which events, where
 *
 * A plain value that owns everything in it.  Pure; no clock, no store.
 */
#ifndef CORE_WEBHOOK_H
#define CORE_WEBHOOK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/secret.h"
#include "base/strlist.h"
#include "core/breaker.h"

#define WEBHOOK_ID_MAX 64
#define WEBHOOK_ID_PREFIX_MIN 4 /* characters that may stand for an id */
#define WEBHOOK_NAME_MAX 64     /* bytes */
#define WEBHOOK_FILE_MAX 1024
#define WEBHOOK_RETRIES_MAX 50
#define WEBHOOK_PATTERN_MAX 201 /* type.action */
#define WEBHOOK_HEADERS_MAX 32
#define WEBHOOK_HEADER_NAME_MAX 64
#define WEBHOOK_HEADER_VALUE_MAX 4096

enum webhook_body {
	WEBHOOK_RAW,
	WEBHOOK_ENVELOPE,
	WEBHOOK_JSON /* the JSON of an event that came as a form */
};
#define WEBHOOK_BODIES 3
enum webhook_health {
	WEBHOOK_UNKNOWN,
	WEBHOOK_HEALTHY,
	WEBHOOK_DEGRADED,
	WEBHOOK_UNAVAILABLE
};
#define WEBHOOK_HEALTHS 4

/* Why one is disabled; meaningless while it is enabled. */
enum webhook_why {
	WEBHOOK_BY_PERSON,
	WEBHOOK_GONE,   /* it answered 410 */
	WEBHOOK_FAILING /* nothing but failure for outbound.disable_after */
};
#define WEBHOOK_WHYS 3

/* What a dead delivery does to those behind it in order. */
enum webhook_on_dead {
	WEBHOOK_HOLD,
	WEBHOOK_SKIP
};
#define WEBHOOK_ON_DEADS 2

/* Files of PEM, each NULL: none. */
struct webhook_tls {
	char *ca_file;   /* who may have signed the receiver's certificate */
	char *cert_file; /* shown to the receiver, with those above it */
	char *key_file;  /* of cert_file; NULL: the key is in that */
};

struct webhook_header {
	char *name;
	struct secret value;
};

/* Open requests that one may be given, as hls.yaml may too. */
#define WEBHOOK_IN_FLIGHT_MAX 1024

/* A secret that was replaced, and the key pair that was replaced with it; one
 * of the two may be unset.  Both sign too until until_ms. */
struct webhook_old {
	struct secret secret, sign_key;
	int64_t until_ms;
};
#define WEBHOOK_OLDS_MAX 8

struct webhook {
	char *id;
	char *name;            /* chosen by people; NULL: none */
	char *url;             /* normal form */
	struct strlist events; /* empty: every event */
	struct secret secret;
	struct secret sign_key; /* whsk_, where standard-ed25519 is wanted */
	struct webhook_old olds[WEBHOOK_OLDS_MAX]; /* the newest first */
	size_t nolds;
	char *team;        /* NULL: no team */
	char *description; /* NULL: none */
	struct webhook_header *headers;
	size_t nheaders;
	struct strlist signatures; /* empty: the default set */
	enum webhook_body body;
	bool cloudevents;        /* with the headers of CloudEvents */
	int64_t rate_limit;      /* thousandths; 0: none; -1: not given */
	int64_t max_in_flight;   /* -1: outbound.max_in_flight */
	int64_t timeout_ms;      /* -1: outbound.timeout */
	int64_t *retry_schedule; /* milliseconds; NULL: the outbound one */
	size_t nretries;
	char *order_by; /* NULL: none */
	enum webhook_on_dead on_dead;
	struct webhook_tls tls;
	char *filter; /* JSON text or NULL */
	bool enabled;
	int64_t created_ms, updated_ms;

	/* Why its secrets do not open, or NULL; none of them is set then, and
	 * nothing can be sent to it. */
	char *damage;
	/* The key of the store is not there, so none opens; damage says how to
	 * repair that.  Otherwise a new secret repairs it. */
	bool key_is_lost;
	/* The store has put down that they do not open. */
	bool is_marked;

	/* Kept by the store. */
	int64_t total_calls, failed_calls;        /* attempts */
	int64_t last_success_ms, last_failure_ms; /* 0: never */
	int64_t consecutive_failures;
	int64_t response_calls; /* that were timed: none that was imported */
	int64_t response_sum_ms, response_min_ms, response_max_ms;
	enum webhook_health health;
	int64_t failing_since_ms; /* first failure after the last success */
	int64_t disable_at_ms;    /* its owner was told; 0: not yet */
	enum webhook_why disabled_why;
	/* Events that came since then passed it by: when it was disabled last,
	 * or the oldest event came whose jobs were not made then.  0: not
	 * known, it was disabled by 0.1.0. */
	int64_t disabled_ms;
	/* To change it to closed is to close it. */
	enum breaker_state breaker;
	int64_t breaker_until_ms; /* 0 when closed */
};

struct webhook *webhook_new(void);
void webhook_free(struct webhook *w);
/* About the memory that it takes. */
size_t webhook_size(const struct webhook *w);
void webhook_header_put(struct webhook *w, const char *name, const char *value,
    size_t valuesz);
void webhook_headers_clear(struct webhook *w);
void webhook_tls_clear(struct webhook *w);

/* Takes *old, and leaves it empty, as the newest of the old secrets.  The
 * oldest one goes where there are WEBHOOK_OLDS_MAX already. */
void webhook_old_take(struct webhook *w, struct webhook_old *old);
/* Drops the old secrets whose end has come at now_ms; INT64_MAX: all. */
void webhook_olds_end(struct webhook *w, int64_t now_ms);

bool webhook_id_is_valid(const char *text); /* A-Za-z0-9_- 1-64 */
/* 1-64 bytes without control characters and slashes, no space at either end
 * and no dash at the front; none that paths of the API have already. */
bool webhook_name_is_valid(const char *text);
/* Whether it may stand for a webhook: as its id, the first characters of
 * that, or its name. */
bool webhook_ref_is_valid(const char *text);
/* An absolute path without control characters. */
bool webhook_file_is_valid(const char *text);
const char *webhook_health_name(enum webhook_health h);
bool webhook_health_parse(const char *text, enum webhook_health *out);
/* Of its calls those that went well, in percent to a decimal, as the views
 * have it; -1 when it has none. */
double webhook_success_percent(const struct webhook *w);
/* How long ago the last success was, in the words of the views:
 * "healthy_recent" (15 minutes), "healthy_hour", "healthy_day" or
 * "no_recent_success". */
const char *webhook_freshness_name(const struct webhook *w, int64_t now_ms);
const char *webhook_body_name(enum webhook_body b);
bool webhook_body_parse(const char *text, enum webhook_body *out);
const char *webhook_on_dead_name(enum webhook_on_dead d);
bool webhook_on_dead_parse(const char *text, enum webhook_on_dead *out);
const char *webhook_why_name(enum webhook_why y); /* "person" ... */

/* "*", a type, a full name or "stem.*". */
bool webhook_pattern_is_valid(const char *text);
/* "repository", "webhook", or a JSON pointer into the body. */
bool webhook_order_by_is_valid(const char *text);
/* Name by token grammar and none that HTTP or the delivery itself writes
 * (Host, webhook-id, X-GitHub-Event ...); value of printable ASCII. */
bool webhook_header_is_valid(const char *name, const char *value,
    size_t valuesz);

#endif
