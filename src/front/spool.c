#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/xalloc.h"
#include "front/budget.h"
#include "front/spool.h"

void
spool_init(struct spool *s, const struct spool_room *room)
{
	memset(s, 0, sizeof(*s));
	s->room = room;
	s->fd = -1;
	buf_init(&s->bytes, SPOOL_MEMORY);
}

static void
free_memory(struct spool *s)
{
	budget_give(s->room->memory, s->bytes.len);
	buf_fini(&s->bytes);
	buf_init(&s->bytes, SPOOL_MEMORY);
}

void
spool_fini(struct spool *s)
{
	free_memory(s);
	if (s->fd < 0)
		return;
	close(s->fd);
	s->fd = -1;
	budget_give(s->room->disk, s->size);
}

/* A file without a name; not every file system can make one at once. */
static int
open_file(const char *folder)
{
	char *path;
	int fd = -1;

#ifdef O_TMPFILE
	fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (fd >= 0)
		return fd;
#endif
	path = xasprintf("%s/.hls-body-XXXXXX", folder);
	fd = mkostemp(path, O_CLOEXEC);
	if (fd >= 0)
		(void)unlink(path);
	free(path);
	return fd;
}

static enum rc
write_all(int fd, const char *p, size_t n, size_t at, struct err *e)
{
	ssize_t some;

	while (n > 0) {
		some = pwrite(fd, p, n, (off_t)at);
		if (some < 0 && errno == EINTR)
			continue;
		if (some <= 0)
			return err_errno(e, RC_SYSTEM, some < 0 ? errno : EIO,
			    "storing a body that comes");
		p += some;
		at += (size_t)some;
		n -= (size_t)some;
	}
	return RC_OK;
}

static bool
is_disk_low(const struct spool_room *room)
{
	struct statvfs v;

	return statvfs(room->folder, &v) == 0 &&
	    (int64_t)v.f_bavail * (int64_t)v.f_frsize < room->min_free;
}

/* From memory into a file. */
static enum rc
move_out(struct spool *s, struct err *e)
{
	enum rc rc;

	if (is_disk_low(s->room))
		return err_set(e, RC_BUSY,
		    "less disk is free than database.min_free");
	rc = budget_take(s->room->disk, s->size, 0, e);
	if (rc != RC_OK)
		return rc;
	s->fd = open_file(s->room->folder);
	if (s->fd < 0) {
		budget_give(s->room->disk, s->size);
		return err_errno(e, RC_SYSTEM, errno, "a file for a body in %s",
		    s->room->folder);
	}
	rc = write_all(s->fd, buf_str(&s->bytes), s->bytes.len, 0, e);
	free_memory(s);
	return rc;
}

enum rc
spool_add(struct spool *s, const void *p, size_t n, struct err *e)
{
	struct err no_memory;
	enum rc rc;

	if (n == 0)
		return RC_OK;
	if (s->fd < 0 && s->size + n <= SPOOL_MEMORY &&
	    budget_take(s->room->memory, n, 0, &no_memory) == RC_OK) {
		buf_add(&s->bytes, p, n);
		s->size += n;
		return RC_OK;
	}
	if (s->fd < 0) {
		rc = move_out(s, e);
		if (rc != RC_OK)
			return rc;
	}
	rc = budget_take(s->room->disk, n, 0, e);
	if (rc != RC_OK)
		return rc;
	rc = write_all(s->fd, p, n, s->size, e);
	s->size += n;
	return rc;
}

enum rc
spool_read(const struct spool *s, size_t at, void *p, size_t n, struct err *e)
{
	char *to = p;
	ssize_t some;

	if (s->fd < 0) {
		if (n > 0)
			memcpy(to, s->bytes.data + at, n);
		return RC_OK;
	}
	while (n > 0) {
		some = pread(s->fd, to, n, (off_t)at);
		if (some < 0 && errno == EINTR)
			continue;
		if (some <= 0)
			return err_errno(e, RC_SYSTEM, some < 0 ? errno : EIO,
			    "reading a body that came");
		to += some;
		at += (size_t)some;
		n -= (size_t)some;
	}
	return RC_OK;
}
