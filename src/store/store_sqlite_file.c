#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#ifdef HAVE_SYS_VFS_H
#include <sys/vfs.h>
#endif
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/crypt.h"
#include "base/file.h"
#include "base/xalloc.h"
#include "store/store_sqlite_int.h"

#define KEY_CHECK_CONTEXT "meta/key_check"
#define KEY_CHECK_TEXT "hls"
#define GATE_PAUSE_NS (2 * 1000 * 1000L)
#define RUN_MS 2000 /* a program that ends empties the log meanwhile */

/* File systems whose locks or shared memory another machine, or a program
 * of somebody's, has a say in. */
static const struct {
	unsigned long magic;
	const char *name;
} shared_systems[] = {
	{ 0x6969, "NFS" },
	{ 0x517b, "SMB" },
	{ 0xff534d42, "CIFS" },
	{ 0xfe534d42, "SMB2" },
	{ 0x65735546, "FUSE" },
	{ 0x01021997, "9p" },
	{ 0x00c36400, "Ceph" },
	{ 0x5346414f, "AFS" },
	{ 0x013111a8, "IBRIX" },
	{ 0x01161970, "GFS2" },
	{ 0x7461636f, "OCFS2" },
	{ 0x0bd00bd0, "Lustre" },
};

static enum rc
judge_system(const char *folder, struct err *e)
{
#ifdef HAVE_SYS_VFS_H
	struct statfs fs;
	size_t i;

	if (statfs(folder, &fs) != 0)
		return err_errno(e, RC_SYSTEM, errno, "%s", folder);
	for (i = 0; i < sizeof(shared_systems) / sizeof(shared_systems[0]); i++)
		if (((unsigned long)fs.f_type & 0xffffffff) ==
		    shared_systems[i].magic)
			return err_set(e, RC_INVALID,
			    "%s is on %s, where SQLite's locks do not hold; "
			    "the store needs a local file system",
			    folder, shared_systems[i].name);
#else
	(void)folder;
	(void)e;
	(void)shared_systems;
#endif
	return RC_OK;
}

/*
 * The folder is resolved once, so that the name we go on with holds no
 * link: from then on links are refused.
 */
enum rc
lite_files_find(const char *url_path, bool make_folder, struct lite_files *out,
    struct err *e)
{
	const char *base = strrchr(url_path, '/');
	char *folder;
	enum rc rc = RC_OK;

	memset(out, 0, sizeof(*out));
	base = base == NULL ? url_path : base + 1;
	if (*base == '\0' || strcmp(base, ".") == 0 || strcmp(base, "..") == 0)
		return err_set(e, RC_INVALID, "database.url names no file: %s",
		    url_path);
	folder = file_folder_of(url_path);
	if (make_folder)
		rc = file_make_folder(folder, 0700, e);
	if (rc == RC_OK) {
		out->folder = realpath(folder, NULL);
		if (out->folder == NULL)
			rc = err_errno(e,
			    errno == ENOENT ? RC_NOTFOUND : RC_SYSTEM, errno,
			    "%s", folder);
	}
	free(folder);
	if (rc != RC_OK)
		return rc;
	out->path = xasprintf("%s/%s",
	    strcmp(out->folder, "/") == 0 ? "" : out->folder, base);
	return RC_OK;
}

void
lite_files_fini(struct lite_files *f)
{
	free(f->path);
	free(f->folder);
	memset(f, 0, sizeof(*f));
}

/* Only its owner may open a file of ours.  Root's are the usual slip: hlsctl
 * was run as root once. */
static enum rc
judge_owner(const char *path, uid_t owner, uid_t folder_owner, struct err *e)
{
	char owner_name[FILE_USER_SIZE], our_name[FILE_USER_SIZE];
	uid_t we = geteuid();

	if (we == 0 || owner == we)
		return RC_OK;
	file_user_name(owner, owner_name);
	file_user_name(we, our_name);
	if (folder_owner == we)
		return err_set(e, RC_DENIED,
		    "%s belongs to the user %s, but its folder to %s, who "
		    "runs this: sudo chown %s %s",
		    path, owner_name, our_name, our_name, path);
	return err_set(e, RC_DENIED,
	    "%s belongs to the user %s, and %s runs this: run it as its "
	    "owner, with sudo -u %s",
	    path, owner_name, our_name, owner_name);
}

static enum rc
judge_file(const char *path, uid_t folder_owner, struct err *e)
{
	struct stat st;

	if (lstat(path, &st) != 0)
		return errno == ENOENT
		    ? RC_OK
		    : err_errno(e, RC_SYSTEM, errno, "%s", path);
	if (!S_ISREG(st.st_mode))
		return err_set(e, RC_DENIED, "%s is not a regular file", path);
	if (judge_owner(path, st.st_uid, folder_owner, e) != RC_OK)
		return RC_DENIED;
	if (st.st_mode & 077)
		return err_set(e, RC_DENIED,
		    "%s may be read or written by others: chmod 600", path);
	if (st.st_nlink > 1)
		return err_set(e, RC_DENIED,
		    "%s has another name: SQLite would lose its journal", path);
	return RC_OK;
}

enum rc
lite_files_judge(const struct lite_files *f, struct err *e)
{
	static const char *const suffixes[] = { "", "-wal", "-shm", "-gate",
		"-ckpt", "-run", "-wake" };
	struct stat st;
	char *path;
	size_t i;
	enum rc rc;

	if (stat(f->folder, &st) != 0)
		return err_errno(e, RC_SYSTEM, errno, "%s", f->folder);
	if (st.st_mode & 022)
		return err_set(e, RC_DENIED,
		    "%s may be written by others: chmod go-w", f->folder);
	rc = judge_system(f->folder, e);
	for (i = 0; rc == RC_OK && i < sizeof(suffixes) / sizeof(suffixes[0]);
	     i++) {
		path = xasprintf("%s%s", f->path, suffixes[i]);
		rc = judge_file(path, st.st_uid, e);
		free(path);
	}
	return rc;
}

/* The database's owner is whose programs will want the file too; before there
 * is one, its folder's. */
static void
give_beside(int fd, const char *path)
{
	const char *dash = strrchr(path, '-');
	char *database = dash == NULL ? xstrdup(path)
				      : xmemdup0(path, (size_t)(dash - path));
	char *folder = file_folder_of(path);

	file_give(fd, path, access(database, F_OK) == 0 ? database : folder);
	free(database);
	free(folder);
}

/*
 * Opens a lock file, makes it if need be, and takes the lock; 0 for
 * operation takes none.  With LOCK_NB *locked tells.  These are files of
 * our own: SQLite's are never opened beside it, for its locks would go with
 * the first close.
 */
enum rc
lite_file_lock(const char *path, int operation, bool *locked, int *fd,
    struct err *e)
{
	*locked = false;
	*fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (*fd == -1)
		return err_errno(e, lite_rc_of_errno(errno), errno, "%s", path);
	give_beside(*fd, path);
	if (operation == 0)
		return RC_OK;
	while (flock(*fd, operation) != 0) {
		if (errno == EINTR)
			continue;
		if (errno == EWOULDBLOCK)
			return RC_OK;
		(void)close(*fd);
		*fd = -1;
		return err_errno(e, RC_SYSTEM, errno, "%s", path);
	}
	*locked = true;
	return RC_OK;
}

/* Tried again and again: flock() itself waits without limit, and nothing
 * but a signal takes it out of that.  0, or errno. */
static int
lock_within(int fd, int operation, int64_t ms)
{
	const struct timespec pause = { 0, GATE_PAUSE_NS };
	int64_t until_us = clock_tick_us() + ms * 1000;

	while (flock(fd, operation | LOCK_NB) != 0) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return errno;
		if (clock_tick_us() >= until_us)
			return EWOULDBLOCK;
		(void)nanosleep(&pause, NULL);
	}
	return 0;
}

enum rc
lite_gate_enter_within(int gate_fd, const char *path, int64_t ms, struct err *e)
{
	int reason = lock_within(gate_fd, LOCK_EX, ms);

	if (reason == EWOULDBLOCK)
		return err_set(e, RC_BUSY,
		    "%s-gate was held by others for %lld ms: one is at "
		    "work, stopped, or its disk does not answer; "
		    "fuser(1) tells which. End it, or try again",
		    path, (long long)ms);
	return reason == 0 ? RC_OK
			   : err_errno(e, RC_SYSTEM, reason, "%s-gate", path);
}

enum rc
lite_run_lock(const char *run_path, const char *path, int *fd, struct err *e)
{
	bool locked;
	int reason;
	enum rc rc = lite_file_lock(run_path, 0, &locked, fd, e);

	if (rc != RC_OK)
		return rc;
	reason = lock_within(*fd, LOCK_SH, RUN_MS);
	if (reason == EWOULDBLOCK)
		return err_set(e, RC_BUSY,
		    "%s is being upgraded or restored: try again later", path);
	return reason == 0 ? RC_OK
			   : err_errno(e, RC_SYSTEM, reason, "%s", run_path);
}

enum rc
lite_key_read(const char *key_file, uint8_t key[CRYPT_KEY_SIZE], struct err *e)
{
	if (key_file == NULL || *key_file == '\0')
		return err_set(e, RC_NOTFOUND, "no key file is configured");
	return file_read_key(key_file, key, e);
}

enum rc
lite_key_check_get(struct lite_conn *c, char **sealed, size_t *n, struct err *e)
{
	struct sqlite3_stmt *st = lite_stmt(c, LITE_META_GET);
	bool row;
	enum rc rc;

	*sealed = NULL;
	*n = 0;
	lite_text(st, 1, "key_check");
	rc = lite_step(c, st, &row, e);
	if (rc == RC_OK && row) {
		*sealed = lite_col_blob(st, 0, n);
		lite_reset(st);
	}
	return rc;
}

bool
lite_key_opens(const uint8_t key[CRYPT_KEY_SIZE], const char *check, size_t n)
{
	uint8_t *text = xmalloc(n + 1);
	struct err ignored;
	size_t textsz;
	enum rc rc;

	rc = crypt_open(key, KEY_CHECK_CONTEXT, check, n, text, &textsz,
	    &ignored);
	free(text);
	return rc == RC_OK;
}

enum rc
lite_key_check(struct lite_conn *c, const uint8_t key[CRYPT_KEY_SIZE],
    struct err *e)
{
	char *sealed;
	bool does;
	size_t n;
	enum rc rc;

	rc = lite_key_check_get(c, &sealed, &n, e);
	if (rc != RC_OK || sealed == NULL)
		return rc;
	does = lite_key_opens(key, sealed, n);
	free(sealed);
	if (!does)
		return err_set(e, RC_INVALID,
		    "the key file is not the one this store's secrets are "
		    "encrypted under: restore that one, or, if it is lost, "
		    "hlsctl key replace makes another");
	return RC_OK;
}

enum rc
lite_key_sign(struct lite_conn *c, const uint8_t key[CRYPT_KEY_SIZE],
    struct err *e)
{
	uint8_t sealed[CRYPT_SEAL_OVERHEAD + sizeof(KEY_CHECK_TEXT)];
	struct sqlite3_stmt *st;
	struct err not_it;
	char *old;
	size_t n;
	enum rc rc;

	rc = lite_key_check_get(c, &old, &n, e);
	free(old);
	if (rc != RC_OK)
		return rc;
	if (n > 0 && lite_key_check(c, key, &not_it) == RC_OK)
		return RC_OK;
	n = crypt_seal(key, KEY_CHECK_CONTEXT, KEY_CHECK_TEXT,
	    strlen(KEY_CHECK_TEXT), sealed);
	st = lite_stmt(c, LITE_META_PUT);
	lite_text(st, 1, "key_check");
	lite_blob(st, 2, sealed, n);
	return lite_run(c, st, e);
}

enum rc
lite_has_ciphertext(struct lite_conn *c, bool *out, struct err *e)
{
	struct sqlite3_stmt *st = lite_stmt(c, LITE_WEBHOOK_CIPHER);
	enum rc rc;

	rc = lite_step(c, st, out, e);
	if (rc == RC_OK && *out)
		lite_reset(st);
	return rc;
}
