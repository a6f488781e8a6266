#include "config.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sqlite3.h>

#include "base/xalloc.h"
#include "tests/store/shim.h"

enum kind {
	WRITE,
	CUT,
	SYNC,
	DELETE,
	MAKE
};

struct step {
	enum kind kind;
	size_t file;
	sqlite3_int64 at; /* the offset, or the size cut to */
	char *bytes;
	size_t n;
};

#define FILES_MAX 32
#define NONE FILES_MAX

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char *names[FILES_MAX];
static size_t nnames;
static struct step *steps;
static size_t nsteps;
static size_t renamed_at; /* steps before the name without ".new" came up */
static bool recording, ignore_log;
static atomic_int sync_left, write_left;
static atomic_bool failed, log_written;
static int write_code;

struct shim_file {
	sqlite3_file base;
	size_t file;
	bool is_log;
	sqlite3_file *real;
};

static sqlite3_vfs *system_vfs;

/* A database is made under a name with ".new" and renamed when it is whole:
 * both are one file here.  Called locked; files opened while nothing is
 * recorded have no number. */
static size_t
number_of(const char *path)
{
	char *name = xstrdup(path == NULL ? "" : path);
	char *new = strstr(name, ".new");
	size_t i;

	if (new != NULL)
		memmove(new, new + 4, strlen(new + 4) + 1);
	for (i = 0; recording && i < nnames; i++)
		if (strcmp(names[i], name) == 0)
			break;
	if (recording && i == nnames && nnames < FILES_MAX)
		names[nnames++] = xstrdup(name);
	free(name);
	return recording && i < nnames ? i : NONE;
}

static void
record(enum kind kind, size_t file, sqlite3_int64 at, const void *p, size_t n)
{
	struct step *s;

	(void)pthread_mutex_lock(&lock);
	if (recording && file != NONE) {
		if (nsteps % 256 == 0)
			steps =
			    xreallocarray(steps, nsteps + 256, sizeof(*steps));
		s = &steps[nsteps++];
		s->kind = kind;
		s->file = file;
		s->at = at;
		s->bytes = p == NULL ? NULL : xmemdup0(p, n);
		s->n = n;
	}
	(void)pthread_mutex_unlock(&lock);
}

#define SELF(f) struct shim_file *s = (struct shim_file *)(f)
#define REAL(call, ...) s->real->pMethods->call(s->real, ##__VA_ARGS__)

static int
x_close(sqlite3_file *f)
{
	SELF(f);
	int rc = REAL(xClose);

	free(s->real);
	return rc;
}

static int
x_read(sqlite3_file *f, void *p, int n, sqlite3_int64 at)
{
	SELF(f);

	return REAL(xRead, p, n, at);
}

static int
x_write(sqlite3_file *f, const void *p, int n, sqlite3_int64 at)
{
	SELF(f);

	if (atomic_load(&write_left) > 0 &&
	    atomic_fetch_sub(&write_left, 1) == 1) {
		atomic_store(&failed, true);
		return write_code;
	}
	record(WRITE, s->file, at, p, (size_t)n);
	if (s->is_log)
		atomic_store(&log_written, true);
	return REAL(xWrite, p, n, at);
}

static int
x_truncate(sqlite3_file *f, sqlite3_int64 size)
{
	SELF(f);

	record(CUT, s->file, size, NULL, 0);
	return REAL(xTruncate, size);
}

static int
x_sync(sqlite3_file *f, int flags)
{
	SELF(f);

	if (atomic_load(&sync_left) > 0 &&
	    atomic_fetch_sub(&sync_left, 1) == 1) {
		atomic_store(&failed, true);
		return SQLITE_IOERR_FSYNC;
	}
	/* A commit's sync follows its writes; a checkpoint's follows that. */
	if (!(ignore_log && s->is_log && atomic_exchange(&log_written, false)))
		record(SYNC, s->file, 0, NULL, 0);
	(void)flags;
	/* The disk of the test need not turn: what counts is recorded. */
	return SQLITE_OK;
}

static int
x_size(sqlite3_file *f, sqlite3_int64 *size)
{
	SELF(f);

	return REAL(xFileSize, size);
}

static int
x_lock(sqlite3_file *f, int level)
{
	SELF(f);

	return REAL(xLock, level);
}

static int
x_unlock(sqlite3_file *f, int level)
{
	SELF(f);

	return REAL(xUnlock, level);
}

static int
x_check_lock(sqlite3_file *f, int *out)
{
	SELF(f);

	return REAL(xCheckReservedLock, out);
}

static int
x_control(sqlite3_file *f, int op, void *arg)
{
	SELF(f);

	return REAL(xFileControl, op, arg);
}

static int
x_sector(sqlite3_file *f)
{
	SELF(f);

	return REAL(xSectorSize);
}

/* The system's own, so that what runs here is what runs elsewhere. */
static int
x_traits(sqlite3_file *f)
{
	SELF(f);

	return REAL(xDeviceCharacteristics);
}

static int
x_shm_map(sqlite3_file *f, int page, int size, int extend, void volatile **p)
{
	SELF(f);

	return REAL(xShmMap, page, size, extend, p);
}

static int
x_shm_lock(sqlite3_file *f, int at, int n, int flags)
{
	SELF(f);

	return REAL(xShmLock, at, n, flags);
}

static void
x_shm_barrier(sqlite3_file *f)
{
	SELF(f);

	REAL(xShmBarrier);
}

static int
x_shm_unmap(sqlite3_file *f, int drop)
{
	SELF(f);

	return REAL(xShmUnmap, drop);
}

static const sqlite3_io_methods methods = {
	.iVersion = 2,
	.xClose = x_close,
	.xRead = x_read,
	.xWrite = x_write,
	.xTruncate = x_truncate,
	.xSync = x_sync,
	.xFileSize = x_size,
	.xLock = x_lock,
	.xUnlock = x_unlock,
	.xCheckReservedLock = x_check_lock,
	.xFileControl = x_control,
	.xSectorSize = x_sector,
	.xDeviceCharacteristics = x_traits,
	.xShmMap = x_shm_map,
	.xShmLock = x_shm_lock,
	.xShmBarrier = x_shm_barrier,
	.xShmUnmap = x_shm_unmap,
};

static int
x_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *f, int flags,
    int *out_flags)
{
	struct shim_file *s = (struct shim_file *)f;
	int rc;

	(void)vfs;
	memset(s, 0, sizeof(*s));
	s->real = xcalloc(1, (size_t)system_vfs->szOsFile);
	rc = system_vfs->xOpen(system_vfs, name, s->real, flags, out_flags);
	if (rc != SQLITE_OK) {
		free(s->real);
		return rc;
	}
	(void)pthread_mutex_lock(&lock);
	s->file = number_of(name);
	(void)pthread_mutex_unlock(&lock);
	if ((flags & SQLITE_OPEN_MAIN_DB) && renamed_at == 0 && name != NULL &&
	    strstr(name, ".new") == NULL)
		renamed_at = nsteps;
	s->is_log = (flags & SQLITE_OPEN_WAL) != 0;
	if (s->is_log)
		record(MAKE, s->file, 0, NULL, 0);
	s->base.pMethods = &methods;
	return rc;
}

static int
x_delete(sqlite3_vfs *vfs, const char *name, int sync_folder)
{
	size_t file;

	(void)vfs;
	(void)pthread_mutex_lock(&lock);
	file = number_of(name);
	(void)pthread_mutex_unlock(&lock);
	/* A deletion whose folder was synced does not come undone. */
	record(DELETE, file, 0, NULL, 0);
	if (sync_folder)
		record(SYNC, file, 0, NULL, 0);
	return system_vfs->xDelete(system_vfs, name, sync_folder);
}

void
shim_install(void)
{
	static sqlite3_vfs shim;

	if (system_vfs != NULL)
		return;
	system_vfs = sqlite3_vfs_find(NULL);
	shim = *system_vfs;
	shim.zName = "shim";
	shim.pNext = NULL;
	shim.szOsFile = (int)sizeof(struct shim_file);
	shim.xOpen = x_open;
	shim.xDelete = x_delete;
	(void)sqlite3_vfs_register(&shim, 1);
}

void
shim_record(bool on)
{
	size_t i;

	(void)pthread_mutex_lock(&lock);
	recording = on;
	for (i = 0; on && i < nsteps; i++)
		free(steps[i].bytes);
	for (i = 0; on && i < nnames; i++)
		free(names[i]);
	if (on) {
		free(steps);
		steps = NULL;
		nsteps = nnames = renamed_at = 0;
	}
	(void)pthread_mutex_unlock(&lock);
}

void
shim_ignore_log_syncs(bool on)
{
	ignore_log = on;
}

size_t
shim_steps(void)
{
	size_t n;

	(void)pthread_mutex_lock(&lock);
	n = nsteps;
	(void)pthread_mutex_unlock(&lock);
	return n;
}

void
shim_fail(enum shim_fault what, int n)
{
	atomic_store(&failed, false);
	atomic_store(&sync_left, what == SHIM_SYNC_EIO ? n : 0);
	write_code = what == SHIM_WRITE_FULL ? SQLITE_FULL : SQLITE_IOERR_WRITE;
	atomic_store(&write_left, what == SHIM_SYNC_EIO ? 0 : n);
}

bool
shim_has_failed(void)
{
	return atomic_load(&failed);
}

/* A file as it comes out of the power cut. */
struct image {
	char *bytes;
	size_t size, cap;
	bool there;
};

static void
put(struct image *m, size_t at, const char *p, size_t n)
{
	if (at + n > m->cap) {
		m->bytes = xreallocarray(m->bytes, (at + n) * 2, 1);
		m->cap = (at + n) * 2;
	}
	if (at > m->size)
		memset(m->bytes + m->size, 0, at - m->size);
	memcpy(m->bytes + at, p, n);
	if (at + n > m->size)
		m->size = at + n;
	m->there = true;
}

static unsigned int
next_random(unsigned int *seed)
{
	*seed = *seed * 1103515245u + 12345u;
	return *seed >> 16;
}

static void
apply(struct image *m, const struct step *s, bool synced, enum shim_damage d,
    unsigned int *seed)
{
	size_t from, n;

	/* The folder's sync is none of SQLite's, and so not seen here. */
	if (s->kind == MAKE) {
		m->there = true;
		return;
	}
	if (!synced && (d == SHIM_LOST || next_random(seed) % 2 == 0))
		return;
	switch (s->kind) {
	case WRITE:
		if (synced || d != SHIM_TORN) {
			put(m, (size_t)s->at, s->bytes, s->n);
			break;
		}
		for (from = 0; from < s->n; from += 512) {
			n = s->n - from < 512 ? s->n - from : 512;
			if (next_random(seed) % 2 == 0)
				put(m, (size_t)s->at + from, s->bytes + from,
				    n);
		}
		break;
	case CUT:
		if ((size_t)s->at < m->size)
			m->size = (size_t)s->at;
		break;
	case DELETE:
		m->size = 0;
		m->there = false;
		break;
	case SYNC:
	case MAKE:
		break;
	}
}

static void
write_image(const struct image *m, const char *name, bool unfinished,
    const char *folder)
{
	const char *base = strrchr(name, '/'), *end;
	char path[512];
	size_t done = 0;
	ssize_t n = 1;
	int fd;

	base = base == NULL ? name : base + 1;
	end = strchr(base, '-');
	if (end == NULL)
		end = base + strlen(base);
	(void)snprintf(path, sizeof(path), "%s/%.*s%s%s", folder,
	    (int)(end - base), base, unfinished ? ".new" : "", end);
	(void)unlink(path);
	if (!m->there)
		return;
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	while (done < m->size && n > 0) {
		n = write(fd, m->bytes + done, m->size - done);
		done += n > 0 ? (size_t)n : 0;
	}
	(void)close(fd);
}

void
shim_lay_out(size_t n, enum shim_damage d, unsigned int seed,
    const char *folder)
{
	struct image images[FILES_MAX];
	size_t synced_to[FILES_MAX] = { 0 };
	size_t i;

	memset(images, 0, sizeof(images));
	for (i = 0; i < n; i++)
		if (steps[i].kind == SYNC)
			synced_to[steps[i].file] = i;
	for (i = 0; i < n; i++)
		apply(&images[steps[i].file], &steps[i],
		    i < synced_to[steps[i].file], d, &seed);
	for (i = 0; i < nnames; i++) {
		write_image(&images[i], names[i], n < renamed_at, folder);
		free(images[i].bytes);
	}
}
