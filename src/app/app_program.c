#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/app_conf.h"
#include "app/app_program.h"
#include "base/buf.h"
#include "base/file.h"
#include "base/strlist.h"
#include "base/xalloc.h"
#include "core/source.h"

/* A record is two texts with a NUL behind each: name, pid, time, digests, key
 * and path; and the id of a drain, which earlier versions do not write.  A
 * record begins at a multiple of its size, and the lock is on its first
 * byte. */
#define RECORD_SIZE 4608
#define SLOTS 512
#define FILE_MAX (4u << 20)

static int
open_run_file(const struct app_conf *conf, int flags)
{
	const char *colon = strchr(conf->database.url, ':');
	char *path;
	int fd;

	path =
	    xasprintf("%s-run", colon == NULL ? conf->database.url : colon + 1);
	fd = open(path, flags | O_CLOEXEC | O_NOFOLLOW);
	free(path);
	return fd;
}

/* These locks are not those of flock(2), by which the store knows that a
 * program runs. */
static bool
lock_slot(int fd, size_t slot)
{
	struct flock lock = { .l_type = F_WRLCK,
		.l_whence = SEEK_SET,
		.l_start = (off_t)(slot * RECORD_SIZE),
		.l_len = 1 };

	return fcntl(fd, F_OFD_SETLK, &lock) == 0;
}

/* Whether one of n slots is locked; 1, 0, or -1 where the file system has no
 * such locks. */
static int
has_lock(int fd, size_t slot, size_t n)
{
	struct flock lock = { .l_type = F_WRLCK,
		.l_whence = SEEK_SET,
		.l_start = (off_t)(slot * RECORD_SIZE),
		.l_len = (off_t)(n * RECORD_SIZE) };

	if (n == 0)
		return 0;
	if (fcntl(fd, F_OFD_GETLK, &lock) != 0)
		return -1;
	return lock.l_type != F_UNLCK;
}

/* Adds the digest of a secret, so that the buffer never holds the secret. */
static void
digest(struct buf *b, const struct app_conf *conf, char out[APP_DIGEST_SIZE])
{
	uint8_t hash[CRYPT_SHA256_SIZE];
	const struct source *s;
	size_t i, k;

	for (i = 0; i < conf->sources.n; i++) {
		s = &conf->sources.v[i];
		buf_addf(b, "\n%s", s->name);
		for (k = 0; k < s->nsecrets; k++) {
			crypt_sha256(s->secrets[k].bytes, s->secrets[k].size,
			    hash);
			buf_add(b, hash, sizeof(hash));
		}
	}
	crypt_sha256(b->data == NULL ? "" : b->data, b->len, hash);
	crypt_hex_format(hash, sizeof(hash), out);
	if (b->len > 0)
		crypt_wipe(b->data, b->len);
	buf_clear(b);
}

static void
digests(const struct app_conf *conf, char values[APP_DIGEST_SIZE],
    char file[APP_DIGEST_SIZE])
{
	static const struct file_rules any = { .forbid = 0 };
	struct err ignored;
	struct buf b;

	buf_init(&b, FILE_MAX);
	app_conf_show(conf, true, &b);
	digest(&b, conf, values);
	if (file_read(conf->file, &any, &b, &ignored) != RC_OK)
		buf_clear(&b);
	digest(&b, conf, file);
	buf_fini(&b);
}

/* A name that is the same for every program; out has PATH_MAX bytes. */
static const char *
settings_path(const struct app_conf *conf, char *out)
{
	return realpath(conf->file, out) == NULL ? conf->file : out;
}

static enum rc
take_slot(struct app_program_place *at, const struct app_conf *conf,
    struct err *e)
{
	enum rc rc;

	at->fd = open_run_file(conf, O_RDWR);
	if (at->fd == -1)
		return err_errno(e, RC_SYSTEM, errno, "the run file");
	for (at->slot = 0; at->slot < SLOTS; at->slot++)
		if (lock_slot(at->fd, at->slot))
			return RC_OK;
	rc = err_errno(e, RC_SYSTEM, errno, "the run file");
	app_program_end(at);
	return rc;
}

enum rc
app_program_put(struct app_program_place *at, const char *name,
    const char *worker, const struct app_conf *conf, const char *restart,
    int64_t now_ms, struct err *e)
{
	char record[RECORD_SIZE], values[APP_DIGEST_SIZE];
	char file[APP_DIGEST_SIZE], path[PATH_MAX];
	ssize_t done;
	size_t n;

	if (at->fd == -1 && take_slot(at, conf, e) != RC_OK)
		return RC_SYSTEM;
	digests(conf, values, file);
	memset(record, 0, sizeof(record));
	(void)snprintf(record, sizeof(record), "%s %ld %lld %s %s %s %s", name,
	    (long)getpid(), (long long)now_ms, values, file,
	    restart == NULL ? "-" : restart, settings_path(conf, path));
	n = strlen(record) + 1;
	if (worker != NULL && n < sizeof(record))
		(void)snprintf(record + n, sizeof(record) - n, "%s", worker);
	done = pwrite(at->fd, record, sizeof(record),
	    (off_t)(at->slot * RECORD_SIZE));
	if (done != (ssize_t)sizeof(record))
		return err_errno(e, RC_SYSTEM, done < 0 ? errno : ENOSPC,
		    "the run file");
	return RC_OK;
}

void
app_program_end(struct app_program_place *at)
{
	if (at->fd != -1)
		(void)close(at->fd);
	at->fd = -1;
}

static bool
read_record(int fd, size_t slot, struct app_program *p)
{
	char record[RECORD_SIZE + 2] = "";
	long long since_ms;
	int at = 0;

	if (pread(fd, record, RECORD_SIZE, (off_t)(slot * RECORD_SIZE)) <= 0 ||
	    sscanf(record, "%15s %ld %lld %64s %64s %63s %n", p->name, &p->pid,
		&since_ms, p->values, p->file, p->restart, &at) != 6 ||
	    at == 0)
		return false;
	p->since_ms = since_ms;
	(void)snprintf(p->path, sizeof(p->path), "%s", record + at);
	(void)snprintf(p->worker, sizeof(p->worker), "%s",
	    record + strlen(record) + 1);
	return true;
}

/* Slots that somebody had a record in. */
static size_t
count_slots(int fd)
{
	struct stat st;
	size_t n;

	if (fstat(fd, &st) != 0)
		return SLOTS;
	n = ((size_t)st.st_size + RECORD_SIZE - 1) / RECORD_SIZE;
	return n < SLOTS ? n : SLOTS;
}

bool
app_program_drains(const struct app_conf *conf, struct strlist *out)
{
	int fd = open_run_file(conf, O_RDONLY);
	struct app_program p;
	bool known = fd != -1;
	size_t i, n, taken = 0;
	int locked;

	n = known ? count_slots(fd) : 0;
	for (i = 0; i < n && known; i++) {
		locked = has_lock(fd, i, 1);
		known = locked >= 0;
		if (locked <= 0)
			continue;
		taken++;
		/* A record may be written just now. */
		known = read_record(fd, i, &p) &&
		    (strcmp(p.name, "hls-drain") != 0 || p.worker[0] != '\0');
		if (known && p.worker[0] != '\0')
			strlist_put(out, p.worker);
	}
	/* A full disk takes the lock of a slot and not the record. */
	known = known && has_lock(fd, n, SLOTS - n) == 0;
	if (fd != -1)
		(void)close(fd);
	return known && taken < SLOTS;
}

size_t
app_program_list(const struct app_conf *conf, struct app_program **out)
{
	struct app_program *v = xcalloc(SLOTS, sizeof(*v));
	int fd = open_run_file(conf, O_RDONLY);
	size_t i, n = 0, slots = fd == -1 ? 0 : count_slots(fd);

	for (i = 0; i < slots; i++)
		if (has_lock(fd, i, 1) > 0 && read_record(fd, i, &v[n]))
			n++;
	if (fd != -1)
		(void)close(fd);
	*out = v;
	return n;
}

bool
app_program_is_elsewhere(const struct app_program *p,
    const struct app_conf *conf)
{
	char path[PATH_MAX];

	return strcmp(p->path, settings_path(conf, path)) != 0;
}

bool
app_program_differs(const struct app_program *p, const struct app_conf *conf)
{
	char values[APP_DIGEST_SIZE], file[APP_DIGEST_SIZE];

	digests(conf, values, file);
	return strcmp(p->values, values) != 0 && strcmp(p->file, file) != 0;
}
