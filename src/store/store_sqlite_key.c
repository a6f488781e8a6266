#include "config.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/crypt.h"
#include "base/file.h"
#include "base/xalloc.h"
#include "store/store_sqlite_int.h"

/*
 * Which key is the store's: the one that opens the check value in meta.  It
 * is compared each time before something is sealed or opened, so programs
 * that run take up another key with their next look at a webhook.
 *
 * A key is changed so that a program, or a cut, finds the right one at any
 * moment: the new one is on disk as KEY.new; one transaction seals every
 * secret and the check value under it; then it takes the place of KEY, which
 * is kept under another name.
 */

static char *
new_path(const struct lite *l)
{
	return xasprintf("%s.new", l->key_path);
}

static bool
opens(const uint8_t key[CRYPT_KEY_SIZE], const char *check, size_t n)
{
	return check == NULL || lite_key_opens(key, check, n);
}

/* Called locked. */
static enum rc
load(struct lite *l, const char *path, const char *check, size_t n,
    struct err *e)
{
	enum rc rc = lite_key_read(path, l->key, e);

	l->has_key = rc == RC_OK && opens(l->key, check, n);
	if (rc == RC_OK && !l->has_key)
		return err_set(e, RC_INVALID,
		    "%s is not the key that this store's secrets are encrypted "
		    "under: restore that one, or, if it is lost, hlsctl key "
		    "replace makes another",
		    path);
	if (rc == RC_NOTFOUND && l->key_path != NULL && *l->key_path != '\0')
		(void)err_set(e, RC_NOTFOUND,
		    "the key file %s is missing: restore it, or, if it is "
		    "lost, hlsctl key replace makes another",
		    path);
	else if (rc == RC_INVALID && l->key_path != NULL)
		(void)err_set(e, RC_INVALID,
		    "the key file %s is damaged: restore it, or, if it is "
		    "lost, hlsctl key replace makes another",
		    path);
	return rc;
}

/* Called locked.  The reason is that of the file which should have it. */
static enum rc
reload(struct lite *l, const char *check, size_t n, struct err *e)
{
	struct err ignored;
	char *next;
	enum rc rc;

	rc = load(l, l->key_path, check, n, e);
	if (!l->has_key && l->key_path != NULL && check != NULL) {
		next = new_path(l);
		if (load(l, next, check, n, &ignored) == RC_OK)
			rc = RC_OK;
		free(next);
	}
	if (!l->has_key) {
		crypt_wipe(l->key, sizeof(l->key));
		(void)snprintf(l->key_why, sizeof(l->key_why), "%s", e->text);
	}
	return rc;
}

enum rc
lite_key_settle(struct lite *l, struct lite_conn *c, enum rc *how,
    struct err *e)
{
	struct err why = { .rc = RC_OK };
	char *check;
	size_t n;
	enum rc rc, found = RC_OK;

	rc = lite_key_check_get(c, &check, &n, e);
	if (rc != RC_OK)
		return rc;
	(void)pthread_mutex_lock(&l->key_lock);
	if (!l->has_key || n != l->key_checksz ||
	    (n > 0 && memcmp(check, l->key_check, n) != 0)) {
		found = reload(l, check, n, &why);
		free(l->key_check);
		l->key_check = check;
		l->key_checksz = n;
		check = NULL;
	}
	(void)pthread_mutex_unlock(&l->key_lock);
	free(check);
	if (how != NULL)
		*how = found;
	if (found != RC_OK)
		*e = why;
	return RC_OK;
}

enum rc
lite_key_copy(struct lite *l, uint8_t out[CRYPT_KEY_SIZE], struct err *e)
{
	enum rc rc = RC_OK;

	(void)pthread_mutex_lock(&l->key_lock);
	if (l->has_key)
		memcpy(out, l->key, CRYPT_KEY_SIZE);
	else
		rc = err_set(e, RC_INVALID, "%s", l->key_why);
	(void)pthread_mutex_unlock(&l->key_lock);
	return rc;
}

struct change {
	bool rotate;
	uint8_t key[CRYPT_KEY_SIZE];
	struct store_key_change *out;
};

static enum rc
run_change(struct lite_tx *tx, void *arg, struct err *e)
{
	struct change *x = arg;
	struct lite *l = tx->lite;
	uint8_t now[CRYPT_KEY_SIZE];
	enum rc rc;

	x->out->sealed = x->out->lost = 0;
	rc = lite_key_settle(l, tx->conn, NULL, e);
	if (rc != RC_OK)
		return rc;
	rc = lite_key_copy(l, now, e);
	crypt_wipe(now, sizeof(now));
	if (rc == RC_OK && !x->rotate)
		return err_set(e, RC_EXISTS,
		    "%s opens this store's secrets, so nothing is lost: "
		    "hlsctl key rotate changes it",
		    l->key_path);
	if (rc != RC_OK && x->rotate)
		return rc;
	rc = RC_OK;
	if (x->rotate) {
		l->sealing = x->key;
		rc = lite_webhook_reseal(tx, &x->out->sealed, &x->out->lost, e);
		l->sealing = NULL;
	}
	if (rc == RC_OK && !x->rotate)
		rc = lite_webhook_mark_sealed(tx, e);
	if (rc == RC_OK)
		rc = lite_key_sign(tx->conn, x->key, e);
	lite_tally_sum(tx, LITE_SUM_WEBHOOKS_VERSION, 1);
	return rc;
}

static enum rc
check_now(struct lite *l, char **check, size_t *n, struct err *e)
{
	struct lite_conn *c;
	enum rc rc = lite_reader_take(l, &c, e);

	if (rc != RC_OK)
		return rc;
	rc = lite_key_check_get(c, check, n, e);
	lite_reader_give(l, c);
	return rc;
}

/* The key that was there is kept: backups of before need it. */
static enum rc
keep_old(struct lite *l, char **kept, struct err *e)
{
	char *path = xasprintf("%s.before-%lld", l->key_path,
	    (long long)clock_wall_ms(l->clock));

	if (link(l->key_path, path) == 0) {
		*kept = path;
		return RC_OK;
	}
	free(path);
	return errno == ENOENT
	    ? RC_OK
	    : err_errno(e, RC_SYSTEM, errno, "%s cannot be kept", l->key_path);
}

/*
 * KEY.new, if the store is sealed under it, takes the place of KEY; else it
 * is one that a change left behind before it changed anything.
 */
static enum rc
put_in_place(struct lite *l, char **kept, struct err *e)
{
	char *next = new_path(l), *check;
	uint8_t key[CRYPT_KEY_SIZE];
	struct err ignored;
	size_t n;
	enum rc rc;

	rc = check_now(l, &check, &n, e);
	if (rc == RC_OK && access(next, F_OK) == 0) {
		if (lite_key_read(next, key, &ignored) == RC_OK &&
		    check != NULL && opens(key, check, n)) {
			rc = keep_old(l, kept, e);
			if (rc == RC_OK && rename(next, l->key_path) != 0)
				rc = err_errno(e, RC_SYSTEM, errno, "%s",
				    l->key_path);
		} else if (unlink(next) != 0) {
			rc = err_errno(e, RC_SYSTEM, errno, "%s", next);
		}
		crypt_wipe(key, sizeof(key));
		if (rc == RC_OK)
			rc = file_sync_folder_of(l->key_path, e);
	}
	free(check);
	free(next);
	return rc;
}

static enum rc
change(struct lite *l, struct change *x, struct err *e)
{
	char *next = new_path(l), *of_before = NULL;
	enum rc rc;

	rc = put_in_place(l, &of_before, e);
	free(of_before);
	if (rc == RC_OK)
		rc = file_make_key(next, e);
	if (rc == RC_OK) {
		file_give(-1, next, l->path);
		rc = lite_key_read(next, x->key, e);
	}
	if (rc == RC_OK)
		rc = lite_commit_now(l, run_change, x, e);
	/* A write that was given up may come on disk yet: the next change
	 * looks whether it did. */
	if (rc == RC_OK)
		rc = put_in_place(l, &x->out->kept, e);
	else if (rc == RC_INVALID || rc == RC_EXISTS)
		(void)unlink(next);
	crypt_wipe(x->key, sizeof(x->key));
	free(next);
	return rc;
}

enum rc
lite_key_change(void *impl, bool rotate, struct store_key_change *out,
    struct err *e)
{
	struct lite *l = impl;
	struct change x = { .rotate = rotate, .out = out };
	bool locked;
	int fd;
	enum rc rc;

	if (l->key_path == NULL || *l->key_path == '\0')
		return err_set(e, RC_INVALID, "database.key_file names no key");
	/* One change at a time; the log is emptied later. */
	rc = lite_file_lock(l->ckpt_path, LOCK_EX, &locked, &fd, e);
	if (rc != RC_OK)
		return rc;
	rc = change(l, &x, e);
	(void)close(fd);
	return rc;
}
