#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/crypt.h"
#include "base/xalloc.h"
#include "store/store_sqlite_int.h"
#include "store/store_sqlite_note.h"
#include "store/store_sqlite_schema.h"

#define QUEUE_BYTES_LEAST (1024 * 1024)
#define TURN_MS 5000

/* So that the boot a lease was given under is one integer in a row. */
static int64_t
boot_number(const char *boot_id)
{
	uint8_t digest[CRYPT_SHA256_SIZE];
	int64_t v;

	crypt_sha256(boot_id, strlen(boot_id), digest);
	memcpy(&v, digest, sizeof(v));
	return v;
}

static void
free_all(struct lite *l)
{
	lite_pool_free(l->pool);
	if (l->gate_fd >= 0)
		(void)close(l->gate_fd);
	if (l->ckpt_fd >= 0)
		(void)close(l->ckpt_fd);
	if (l->wake_fd >= 0)
		(void)close(l->wake_fd);
	if (l->run_fd >= 0)
		(void)close(l->run_fd);
	crypt_wipe(l->key, sizeof(l->key));
	free(l->key_check);
	(void)pthread_mutex_destroy(&l->key_lock);
	free(l->path);
	free(l->gate_path);
	free(l->ckpt_path);
	free(l->run_path);
	free(l->wake_path);
	free(l->key_path);
	free(l);
}

static struct lite *
new_closed(const struct store_options *opt, const char *path)
{
	struct lite *l = xcalloc(1, sizeof(*l));

	l->path = xstrdup(path);
	l->gate_path = xasprintf("%s-gate", path);
	l->ckpt_path = xasprintf("%s-ckpt", path);
	l->run_path = xasprintf("%s-run", path);
	l->wake_path = xasprintf("%s-wake", path);
	l->key_path = opt->key_file == NULL ? NULL : xstrdup(opt->key_file);
	l->gate_fd = l->ckpt_fd = l->run_fd = l->wake_fd = -1;
	atomic_store(&l->flow_retries, -1);
	l->clock = opt->clock;
	l->min_free = opt->min_free;
	l->max_waiting = opt->max_waiting;
	l->queue_bytes = opt->queue_bytes > QUEUE_BYTES_LEAST
	    ? opt->queue_bytes
	    : QUEUE_BYTES_LEAST;
	l->turn_ms = opt->turn_ms > 0 ? opt->turn_ms : TURN_MS;
	l->boot = boot_number(opt->clock->boot_id);
	(void)pthread_mutex_init(&l->key_lock, NULL);
	l->pool = lite_pool_new(l->path, opt->readers);
	return l;
}

/* Held shared for as long as the store is open, so that a change of schema
 * finds nobody at work. */
static enum rc
lock_files(struct lite *l, struct err *e)
{
	bool locked;
	enum rc rc;

	rc = lite_run_lock(l->run_path, l->path, &l->run_fd, e);
	if (rc == RC_OK)
		rc = lite_file_lock(l->gate_path, 0, &locked, &l->gate_fd, e);
	if (rc == RC_OK)
		rc = lite_file_lock(l->ckpt_path, 0, &locked, &l->ckpt_fd, e);
	if (rc == RC_OK)
		rc = lite_file_lock(l->wake_path, 0, &locked, &l->wake_fd, e);
	return rc;
}

static enum rc
read_salt(struct lite *l, struct lite_conn *c, struct err *e)
{
	struct sqlite3_stmt *st = lite_stmt(c, LITE_META_GET);
	bool row;
	enum rc rc;

	lite_text(st, 1, "salt");
	rc = lite_step(c, st, &row, e);
	if (rc != RC_OK)
		return rc;
	if (!row)
		return err_set(e, RC_INVALID, "%s was not made to its end",
		    l->path);
	l->salt = (uint32_t)lite_col_int(st, 0);
	lite_reset(st);
	return RC_OK;
}

static enum rc
judge_version(const char *path, int version, struct err *e)
{
	if (version > store_sqlite_nmigrations)
		return err_set(e, RC_INVALID,
		    "%s has schema %d, this program knows %d: install the "
		    "newer hls",
		    path, version, store_sqlite_nmigrations);
	if (version < store_sqlite_nmigrations)
		return err_set(e, RC_INVALID,
		    "%s has schema %d, this program needs %d: run hlsctl init",
		    path, version, store_sqlite_nmigrations);
	return RC_OK;
}

/* Whether the file is the store's key is looked at with the first secret: one
 * post has none. */
static enum rc
read_key_file(const struct lite *l, struct err *e)
{
	uint8_t key[CRYPT_KEY_SIZE];
	enum rc rc = lite_key_read(l->key_path, key, e);

	crypt_wipe(key, sizeof(key));
	return rc;
}

/* A key that is lost costs the secrets and nothing else; one that others may
 * read is no key. */
static enum rc
judge_key(struct lite *l, struct lite_conn *c, bool is_brief, struct err *e)
{
	enum rc rc, how = is_brief ? read_key_file(l, e) : RC_DENIED;

	if (how == RC_OK || how == RC_NOTFOUND || how == RC_INVALID)
		return RC_OK;
	rc = lite_key_settle(l, c, &how, e);
	return rc == RC_OK && how != RC_NOTFOUND && how != RC_INVALID ? how
								      : rc;
}

/* What must hold before anybody trusts this file. */
static enum rc
judge_store(struct lite *l, bool is_brief, struct err *e)
{
	struct lite_conn *c;
	int version;
	enum rc rc;

	rc = is_brief ? lite_commit_open(l->commit, &c, e)
		      : lite_reader_take(l, &c, e);
	if (rc != RC_OK)
		return rc;
	rc = lite_conn_identify(c, l->path, &version, e);
	if (rc == RC_OK)
		rc = judge_version(l->path, version, e);
	if (rc == RC_OK)
		rc = read_salt(l, c, e);
	if (rc == RC_OK)
		rc = judge_key(l, c, is_brief, e);
	if (!is_brief)
		lite_reader_give(l, c);
	return rc;
}

static enum rc
open_store(const struct store_options *opt, void **out, struct err *e)
{
	struct lite_files files;
	struct lite *l = NULL;
	const char *path;
	enum rc rc;

	*out = NULL;
	(void)store_engine_find(opt->url, &path);
	rc = lite_files_find(path, false, &files, e);
	if (rc != RC_OK)
		return rc;
	if (access(files.path, F_OK) != 0)
		rc = errno == EACCES
		    ? err_errno(e, RC_DENIED, errno, "%s", files.path)
		    : err_set(e, RC_NOTFOUND,
			  "there is no database %s: hlsctl init makes it",
			  files.path);
	if (rc == RC_OK)
		rc = lite_files_judge(&files, e);
	if (rc == RC_OK) {
		l = new_closed(opt, files.path);
		rc = lock_files(l, e);
	}
	if (rc == RC_OK)
		rc = lite_note_judge(l->path, l->gate_fd, &l->was_whole, e);
	if (rc == RC_OK) {
		l->commit = lite_commit_new(l);
		rc = judge_store(l, opt->is_brief, e);
	}
	lite_files_fini(&files);
	if (rc != RC_OK) {
		if (l != NULL) {
			(void)lite_commit_free(l->commit);
			free_all(l);
		}
		return rc;
	}
	*out = l;
	return RC_OK;
}

/* Of a program that wrote nothing: what one that was killed left in the log
 * goes into the file. */
static void
heal(struct lite *l)
{
	const struct lite_locks locks = { l->path, l->run_fd, l->gate_fd,
		l->ckpt_fd };
	char *log = xasprintf("%s-wal", l->path);
	struct lite_conn c;
	struct stat st;
	struct err ignored;
	bool is_whole =
	    l->was_whole && (stat(log, &st) != 0 || st.st_size == 0);

	free(log);
	if (is_whole || flock(l->run_fd, LOCK_EX | LOCK_NB) != 0 ||
	    lite_conn_open(l->path, LITE_WRITE, &c, &ignored) != RC_OK)
		return;
	lite_leave_whole(&locks, &c);
	lite_conn_close(&c);
}

static void
close_store(void *impl)
{
	struct lite *l = impl;
	bool wrote = lite_commit_has_begun(l->commit);

	if (!lite_commit_free(l->commit))
		return;
	if (!wrote && !atomic_load(&l->dead))
		heal(l);
	free_all(l);
}

static bool
is_dead(void *impl)
{
	struct lite *l = impl;

	return atomic_load(&l->dead);
}

static const char *
wake_path(void *impl)
{
	struct lite *l = impl;

	return l->wake_path;
}

static enum rc
run_check(struct lite_tx *tx, void *arg, struct err *e)
{
	(void)tx;
	(void)arg;
	(void)e;
	return RC_OK;
}

static enum rc
check(void *impl, struct err *e)
{
	struct lite *l = impl;
	struct lite_conn *c;
	enum rc rc;

	if (lite_disk_is_low(l))
		return err_set(e, RC_BUSY,
		    "less disk is free than database.min_free");
	rc = lite_reader_take(l, &c, e);
	if (rc != RC_OK)
		return rc;
	rc = lite_run_stmt(c, LITE_TOUCH, e);
	lite_reader_give(l, c);
	return rc == RC_OK ? lite_commit_now(l, run_check, NULL, e) : rc;
}

const struct store_engine store_sqlite_engine = {
	.scheme = "sqlite:",
	.open = open_store,
	.close = close_store,
	.init = lite_init,
	.is_dead = is_dead,
	.wake_path = wake_path,
	.accept = lite_accept,
	.accept_begin = lite_accept_begin,
	.accept_end = lite_accept_end,
	.accept_leave = lite_accept_leave,
	.check = check,
	.unexpanded = lite_unexpanded,
	.expand = lite_expand,
	.lease_due = lite_lease_due,
	.recover = lite_recover,
	.renew = lite_renew,
	.settle = lite_settle,
	.exchange = lite_exchange,
	.notices = lite_notices,
	.tell = lite_tell,
	.payloads = lite_payloads,
	.worker_seen = lite_worker_seen,
	.webhooks_version = lite_webhooks_version,
	.flow = lite_flow,
	.blocked = lite_blocked,
	.event_resolve = lite_event_resolve,
	.event_find = lite_event_find,
	.event_list = lite_event_list,
	.job_resolve = lite_job_resolve,
	.job_find = lite_job_find,
	.job_list = lite_job_list,
	.attempt_list = lite_attempt_list,
	.webhook_attempts = lite_webhook_attempts,
	.stats = lite_stats,
	.event_owes = lite_event_owes,
	.held = lite_held,
	.held_page = lite_held_page,
	.counts = lite_counts,
	.days = lite_days,
	.worker_list = lite_worker_list,
	.meter = lite_meter,
	.metrics = lite_metrics,
	.webhook_put_all = lite_webhook_put_all,
	.webhook_change = lite_webhook_change,
	.webhook_delete = lite_webhook_delete,
	.webhook_find = lite_webhook_find,
	.webhook_resolve = lite_webhook_resolve,
	.webhook_list = lite_webhook_list,
	.webhook_mark = lite_webhook_mark,
	.event_retry = lite_event_retry,
	.event_cancel = lite_event_cancel,
	.event_replay = lite_event_replay,
	.event_release = lite_event_release,
	.event_replay_all = lite_event_replay_all,
	.dead_count = lite_dead_count,
	.dead_retry = lite_dead_retry,
	.job_bulk = lite_job_bulk,
	.job_retry = lite_job_retry,
	.job_cancel = lite_job_cancel,
	.token_put = lite_token_put,
	.token_find = lite_token_find,
	.token_list = lite_token_list,
	.token_used = lite_token_used,
	.token_revoke = lite_token_revoke,
	.key_change = lite_key_change,
	.sql = lite_sql,
	.doctor = lite_doctor,
};
