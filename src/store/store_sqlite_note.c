#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/crypt.h"
#include "base/xalloc.h"
#include "store/store_sqlite_int.h"
#include "store/store_sqlite_note.h"

/*
 * SQLite's log does not say whose it is: one of another store, put beside
 * ours, is played over it.  So whoever starts the log anew first notes, in
 * the file of the gate that it holds, which salts the log has now, which
 * ones it is about to have, and how the database file looks.
 *
 * 1. The note is on disk before the new header is written, and the header
 *    it replaces was on disk before the note: so whatever a cut leaves of
 *    our own log has one of the two.
 * 2. The log is started anew after a checkpoint alone, which writes to the
 *    database file.  So the note speaks of this log only while that file is
 *    as noted; where it is not (a checkpoint that was cut short, a backup
 *    put back, a copy) or there is no note, any log is taken.
 */
struct note {
	char magic[8];
	uint8_t was[NOTE_SALTS_SIZE], is[NOTE_SALTS_SIZE];
	int64_t size, changed_s, changed_ns;
	uint8_t check[8];
};

#define HEADER_SIZE 32
#define SALTS_AT 16
#define CHECKED_SIZE 24
#define JUDGE_MS 5000

static const char magic[8] = "hlslog1";

static void
check_of(const struct note *n, uint8_t out[8])
{
	uint8_t digest[CRYPT_SHA256_SIZE];

	crypt_sha256(n, offsetof(struct note, check), digest);
	memcpy(out, digest, 8);
}

static char *
beside_log(const char *log_path, const char *suffix)
{
	size_t n = strlen(log_path) - strlen("-wal");

	return xasprintf("%.*s%s", (int)n, log_path, suffix);
}

/* False when the database file cannot be looked at. */
static bool
look(const char *path, struct note *n)
{
	struct stat st;

	if (stat(path, &st) != 0)
		return false;
	n->size = (int64_t)st.st_size;
	n->changed_s = (int64_t)st.st_mtim.tv_sec;
	n->changed_ns = (int64_t)st.st_mtim.tv_nsec;
	return true;
}

static int
put(const char *gate_path, const struct note *n)
{
	int fd = open(gate_path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
	ssize_t done;
	int reason;

	/* Who writes without a gate is no program of ours, and has no note
	 * that could be wrong. */
	if (fd == -1)
		return errno == ENOENT ? 0 : errno;
	errno = EIO;
	done = pwrite(fd, n, sizeof(*n), 0);
	reason = done == (ssize_t)sizeof(*n) && fdatasync(fd) == 0 ? 0 : errno;
	(void)close(fd);
	return reason;
}

int
lite_note_log(const char *log_path, const uint8_t was[NOTE_SALTS_SIZE],
    const uint8_t is[NOTE_SALTS_SIZE])
{
	char *path = beside_log(log_path, "");
	char *gate = beside_log(log_path, "-gate");
	struct note n;
	int reason;

	memset(&n, 0, sizeof(n));
	memcpy(n.magic, magic, sizeof(n.magic));
	memcpy(n.was, was, sizeof(n.was));
	memcpy(n.is, is, sizeof(n.is));
	if (!look(path, &n))
		reason = errno;
	else {
		check_of(&n, n.check);
		reason = put(gate, &n);
	}
	free(path);
	free(gate);
	return reason;
}

static uint32_t
word_at(const uint8_t *p, bool big)
{
	return big ? (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
		(uint32_t)p[2] << 8 | p[3]
		   : (uint32_t)p[3] << 24 | (uint32_t)p[2] << 16 |
		(uint32_t)p[1] << 8 | p[0];
}

/* As SQLite does, which begins at zero with a log whose header is torn
 * (its file format document, section 4.2). */
static bool
is_header(const uint8_t h[HEADER_SIZE])
{
	uint32_t magic_number = word_at(h, true), a = 0, b = 0;
	bool big = (magic_number & 1) != 0;
	size_t i;

	if ((magic_number & ~1U) != 0x377f0682)
		return false;
	for (i = 0; i < CHECKED_SIZE; i += 8) {
		a += word_at(h + i, big) + b;
		b += word_at(h + i + 4, big) + a;
	}
	return word_at(h + CHECKED_SIZE, true) == a &&
	    word_at(h + CHECKED_SIZE + 4, true) == b;
}

/* The log may be opened and closed beside SQLite, whose locks are all on
 * the other two files. */
static bool
read_salts(const char *log_path, uint8_t out[NOTE_SALTS_SIZE])
{
	uint8_t header[HEADER_SIZE];
	int fd = open(log_path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	ssize_t n;

	if (fd == -1)
		return false;
	n = pread(fd, header, sizeof(header), 0);
	(void)close(fd);
	if (n != (ssize_t)sizeof(header) || !is_header(header))
		return false;
	memcpy(out, header + SALTS_AT, NOTE_SALTS_SIZE);
	return true;
}

static bool
is_ours(const char *path, int gate_fd)
{
	char *log_path = xasprintf("%s-wal", path);
	uint8_t salts[NOTE_SALTS_SIZE], check[8];
	struct note n, now;
	bool has_salts = read_salts(log_path, salts);

	free(log_path);
	if (!has_salts || !look(path, &now) ||
	    pread(gate_fd, &n, sizeof(n), 0) != (ssize_t)sizeof(n))
		return true;
	check_of(&n, check);
	if (memcmp(n.magic, magic, sizeof(magic)) != 0 ||
	    memcmp(n.check, check, sizeof(check)) != 0)
		return true;
	return n.size != now.size || n.changed_s != now.changed_s ||
	    n.changed_ns != now.changed_ns ||
	    memcmp(salts, n.was, sizeof(salts)) == 0 ||
	    memcmp(salts, n.is, sizeof(salts)) == 0;
}

enum rc
lite_note_judge(const char *path, int gate_fd, struct err *e)
{
	bool ours = is_ours(path, gate_fd);
	enum rc rc;

	if (ours)
		return RC_OK;
	/* Or somebody started it anew while we looked. */
	rc = lite_gate_enter_within(gate_fd, path, JUDGE_MS, e);
	if (rc != RC_OK)
		return rc;
	ours = is_ours(path, gate_fd);
	(void)flock(gate_fd, LOCK_UN);
	if (ours)
		return RC_OK;
	return err_set(e, RC_INVALID,
	    "%s-wal is not the log that this database was last written with, "
	    "but another store's or an old one; nothing was changed: put the "
	    "right one in its place, or move this one away",
	    path);
}
