/*
 * store_admin - registrations, tokens, and what an operator does
 *
 * Secrets and custom header values go in and come out in the clear and are
 * encrypted in between.
 */
#ifndef STORE_STORE_ADMIN_H
#define STORE_STORE_ADMIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/crypt.h"
#include "base/err.h"
#include "core/webhook.h"

struct store;

/* RC_EXISTS: the id is taken, or another webhook has the name. */
enum rc store_webhook_put(struct store *s, const struct webhook *w,
    struct err *e);
/* All of them in one transaction, all or nothing; replace: those that exist
 * are overwritten instead of RC_EXISTS. */
enum rc store_webhook_put_all(struct store *s, const struct webhook *const *v,
    size_t n, bool replace, struct err *e);

/*
 * Reads the webhook, lets change alter it, writes it, in one transaction
 * that nobody else's change comes between.  Disabling parks its waiting jobs,
 * enabling releases them.  change returns RC_OK to have it written; any
 * other code is returned and nothing is.  out may be NULL; else it is the
 * webhook as it then stands, the caller's.
 * RC_NOTFOUND	no such webhook.
 */
enum rc store_webhook_change(struct store *s, const char *id,
    enum rc (*change)(void *arg, struct webhook *w, struct err *e), void *arg,
    struct webhook **out, struct err *e);

/* Its waiting jobs are cancelled; *cancelled may be NULL.  RC_NOTFOUND. */
enum rc store_webhook_delete(struct store *s, const char *id, int64_t now_ms,
    size_t *cancelled, struct err *e);
enum rc store_webhook_find(struct store *s, const char *id,
    struct webhook **out, struct err *e); /* RC_NOTFOUND */

/*
 * The id of the webhook that people call so: by its id, its name in letters
 * of either case, or the first characters of its id, four at least.
 * RC_NOTFOUND	none is called so.
 * RC_EXISTS	the ids of several begin so.
 */
enum rc store_webhook_resolve(struct store *s, const char *text,
    char id[WEBHOOK_ID_MAX + 1], struct err *e);

struct store_webhook_filter {
	const char *team;  /* without case; NULL: any */
	const char *event; /* a type or full name that it would match */
	int enabled;       /* 0, 1, or -1 for any */
	int health;        /* enum webhook_health, or -1 */
	const char *after; /* the cursor: ids run in order; NULL: the start */
	size_t limit;      /* 0: all */
	size_t size_max;   /* of a page of several; 0: any */
};
struct store_webhooks {
	struct webhook **v;
	size_t n;
	size_t size; /* memory that they take, by webhook_size() */
	/* The list goes on after this id, which need not be that of the last
	 * one; NULL at the end. */
	char *next;
};
/*
 * Also those whose secrets do not open, with the reason in damage; such a one
 * can be deleted, but not changed.  Its health is unavailable, and a list by
 * health holds it once store_webhook_mark() has put that down.  A page may have
 * fewer than limit webhooks and still go on.
 */
enum rc store_webhook_list(struct store *s,
    const struct store_webhook_filter *f, struct store_webhooks *out,
    struct err *e);
void store_webhooks_free(struct store_webhooks *l);

/* Puts down which webhooks' secrets do not open, for lists by health: l holds
 * those of which the store knows otherwise among others.  Nothing is put down
 * while the key is missing. */
enum rc store_webhook_mark(struct store *s, const struct store_webhooks *l,
    struct err *e);

/* A failed event's dead jobs wait again, due now.  RC_NOTFOUND; RC_EXISTS
 * when the event is not failed. */
enum rc store_event_retry(struct store *s, int64_t id, int64_t now_ms,
    size_t *jobs, struct err *e);
/* Every open job of the event is cancelled; one that is held back is so no
 * more, and owes nothing. */
enum rc store_event_cancel(struct store *s, int64_t id, int64_t now_ms,
    size_t *jobs, struct err *e);
/*
 * A new round: the event is expanded again, a replay suspect too.
 * webhook_id: to this one alone, or NULL.  A suspect that goes to one webhook
 * is still held back from the others; one that goes to all is released.
 * RC_BUSY	also: a round that goes to others is not expanded yet; once a
 *		drain has done it there can be another.
 */
enum rc store_event_replay(struct store *s, int64_t id, const char *webhook_id,
    int64_t now_ms, struct err *e);
/*
 * Events that are held back go out, in one transaction; the others of the ids
 * are left alone.  *released: how many were held back.
 * RC_BUSY	also: so many jobs wait that posts might soon be refused; or one
 *		of the events has a round for one webhook that is not expanded
 *		yet.
 */
enum rc store_event_release(struct store *s, const int64_t *ids, size_t n,
    int64_t now_ms, size_t *released, struct err *e);
/*
 * The same for each of many events that has ended and is no replay suspect.
 * All of it is put down in one transaction and carried out here or, where
 * this process ends before, in store_unexpanded().  Each order key sees them
 * in the order of the events, and what is newer after them.  An event with
 * open jobs goes out anyway and is left alone; for a replay to one webhook only
 * the jobs for this webhook count.  *replayed: how many of the events, from the
 * first on, were put down; not all if so many jobs would wait that posts might
 * soon be refused.
 * RC_BUSY	also: so many wait that not one more may.
 */
struct store_replay {
	const int64_t *events; /* the oldest first */
	size_t n;
	const char *webhook_id; /* to this one alone, or NULL */
	/* What came after this one nobody looked at yet; INT64_MAX: and
	 * nobody wants to. */
	int64_t last_seen;
};
enum rc store_event_replay_all(struct store *s, const struct store_replay *r,
    int64_t now_ms, size_t *replayed, struct err *e);

/* Dead deliveries to one webhook by the time they were given up. */
struct store_dead {
	const char *webhook_id;
	int64_t since_ms, until_ms; /* the first is in, the second is not */
};
/* How many there are.  RC_NOTFOUND: no such webhook. */
enum rc store_dead_count(struct store *s, const struct store_dead *d,
    int64_t *n, struct err *e);
/* At most max of them wait again, due now, those first that were given up
 * first; *n: how many, less than max when none is left.  RC_NOTFOUND, and
 * RC_BUSY as above. */
enum rc store_dead_retry(struct store *s, const struct store_dead *d,
    size_t max, int64_t now_ms, size_t *n, struct err *e);

/* Where the work on many deliveries goes on; {0}: from the oldest event. */
struct store_bulk_place {
	int64_t event, job;
};
/* Deliveries that are retried or cancelled together. */
struct store_bulk {
	bool cancel, dry_run;
	const char *webhook_id; /* NULL: any */
	const char *type;       /* or type.action, of the event; NULL: any */
	int state;              /* enum store_state; -1: any */
	int class;              /* of the last attempt; -1: any */
	int64_t since_ms, until_ms; /* the event's time; 0: open */
	int64_t upto;               /* the last job; 0: any */
	bool of_disabled;           /* those of disabled webhooks alone */
	struct store_bulk_place after;
};
/*
 * Retries or cancels at most max deliveries, in the order of their events.
 * Retried are dead ones, and waiting ones that were tried before and are not
 * due; cancelled are open and dead ones.  *n: how many.  *next: where to go
 * on; {0}: none is left.
 * RC_BUSY	so many wait that dead ones must not.
 */
enum rc store_job_bulk(struct store *s, const struct store_bulk *b, size_t max,
    int64_t now_ms, size_t *n, struct store_bulk_place *next, struct err *e);

/* One dead job waits again; a waiting one is due now, and its attempts are
 * what they were.  RC_EXISTS when it is leased, done or cancelled. */
enum rc store_job_retry(struct store *s, int64_t id, int64_t now_ms,
    struct err *e);
/* Any open job, a dead one too: whoever cancels that has dealt with it, and
 * what waited for it to go out in order may go.  RC_EXISTS when it is done
 * or cancelled already. */
enum rc store_job_cancel(struct store *s, int64_t id, int64_t now_ms,
    struct err *e);

struct store_token {
	char *name;
	char *role;
	uint8_t hash[CRYPT_SHA256_SIZE];              /* of the whole token */
	int64_t created_ms, expires_ms, last_used_ms; /* 0: never */
	bool revoked;
};
struct store_tokens {
	struct store_token *v;
	size_t n;
};
enum rc store_token_put(struct store *s, const struct store_token *t,
    struct err *e); /* two live tokens of one name: RC_EXISTS */
/* RC_NOTFOUND: none of that hash.  A revoked or expired one is returned as
 * it is. */
enum rc store_token_find(struct store *s, const uint8_t hash[CRYPT_SHA256_SIZE],
    struct store_token **out, struct err *e);
void store_token_free(struct store_token *t);
enum rc store_token_list(struct store *s, struct store_tokens *out,
    struct err *e);
void store_tokens_free(struct store_tokens *l);
/* Notes a use, so that people see which tokens are; waits for no disk and
 * may be lost.  RC_NOTFOUND. */
enum rc store_token_used(struct store *s, const uint8_t hash[CRYPT_SHA256_SIZE],
    int64_t now_ms, struct err *e);
enum rc store_token_revoke(struct store *s, const char *name,
    struct err *e); /* RC_NOTFOUND */

/* What a change of the key did. */
struct store_key_change {
	size_t sealed; /* webhooks whose secrets are under the new key */
	size_t lost;   /* those whose secrets did not open before */
	char *kept;    /* where the old key is, owned; NULL: there was none */
};
/*
 * Makes a new key while programs run; they take it up by themselves.  rotate:
 * the present one opens the store's secrets, and they are sealed anew; else
 * it is lost, and so are they.
 * RC_EXISTS	not rotate, and the key is not lost.
 * RC_INVALID	rotate, and the key is lost.
 */
enum rc store_key_change(struct store *s, bool rotate,
    struct store_key_change *out, struct err *e);

/* A value that a statement found. */
struct store_cell {
	const char *text; /* NULL for NULL */
	bool is_number;   /* and the text is one in JSON too */
};

/*
 * One read-only statement on the live store.  row is called with each row's
 * values until it returns non-zero; the first call has the
 * column names and header is true.  Ends after max_rows and limit_ms.
 * RC_INVALID	not one statement, or one that writes.
 */
enum rc store_sql(struct store *s, const char *sql, size_t max_rows,
    int64_t limit_ms,
    int (
	*row)(void *arg, bool header, size_t n, const struct store_cell *cells),
    void *arg, struct err *e);

/* Everything that can be wrong with the files and rows: f is called for
 * each check with its finding, NULL when all is well there. */
enum rc store_doctor(struct store *s,
    void (*f)(void *arg, const char *check, const char *finding), void *arg,
    struct err *e);

#endif
