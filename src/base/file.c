#include "config.h"

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/crypt.h"
#include "base/file.h"
#include "base/xalloc.h"

static enum rc
open_for_reading(const char *path, bool no_link, int *fd, struct err *e)
{
	/* O_NONBLOCK: the name may be that of a FIFO. */
	*fd = open(path,
	    O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY |
		(no_link ? O_NOFOLLOW : 0));
	if (*fd != -1)
		return RC_OK;
	switch (errno) {
	case ENOENT:
	case ENOTDIR:
		return err_errno(e, RC_NOTFOUND, errno, "%s", path);
	case ELOOP:
		return err_set(e, RC_DENIED, "%s: is a symbolic link", path);
	case EACCES:
	case EPERM:
		return err_errno(e, RC_DENIED, errno, "%s", path);
	case ENXIO:
	case ENODEV:
		return err_set(e, RC_INVALID, "%s: not a regular file", path);
	default:
		return err_errno(e, RC_SYSTEM, errno, "%s", path);
	}
}

static enum rc
refuse_owner(const char *path, uid_t uid, struct err *e)
{
	char owner[FILE_USER_SIZE], us[FILE_USER_SIZE];

	file_user_name(uid, owner);
	if (geteuid() == 0)
		return err_set(e, RC_DENIED,
		    "%s: belongs to the user %s, and root reads only its own; "
		    "run this as %s, with sudo -u %s",
		    path, owner, owner, owner);
	return err_set(e, RC_DENIED,
	    "%s: belongs to the user %s; it must belong to root or to %s, the "
	    "user that runs this",
	    path, owner, file_user_name(geteuid(), us));
}

static enum rc
check_rules(const char *path, const struct stat *st,
    const struct file_rules *rules, struct err *e)
{
	if (!S_ISREG(st->st_mode))
		return err_set(e, RC_INVALID, "%s: not a regular file", path);
	if ((st->st_mode & rules->forbid) != 0)
		return err_set(e, RC_DENIED,
		    "%s: mode %04o lets others %s it; chmod %04o", path,
		    (unsigned int)st->st_mode & 07777,
		    (st->st_mode & rules->forbid & 022) != 0 ? "write" : "read",
		    (unsigned int)(st->st_mode & 0777 & ~rules->forbid));
	if (rules->forbid != 0 && st->st_uid != 0 && st->st_uid != geteuid() &&
	    !(rules->is_data && geteuid() == 0))
		return refuse_owner(path, st->st_uid, e);
	return RC_OK;
}

/* To the end or out's limit, whichever comes first. */
static enum rc
read_all(int fd, const char *path, struct buf *out, struct err *e)
{
	char block[4096];
	ssize_t n;

	for (;;) {
		n = read(fd, block, sizeof(block));
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			break;
		buf_add(out, block, (size_t)n);
		if (n == 0 || buf_is_over(out))
			break;
	}
	crypt_wipe(block, sizeof(block));
	if (n == -1)
		return err_errno(e, RC_SYSTEM, errno, "%s", path);
	if (buf_is_over(out))
		return err_set(e, RC_TOOBIG, "%s: has over %zu bytes", path,
		    out->max);
	return RC_OK;
}

enum rc
file_read(const char *path, const struct file_rules *rules, struct buf *out,
    struct err *e)
{
	struct stat st;
	enum rc rc;
	int fd;

	rc = open_for_reading(path, rules->no_link, &fd, e);
	if (rc != RC_OK)
		return rc;
	if (fstat(fd, &st) == -1)
		rc = err_errno(e, RC_SYSTEM, errno, "%s", path);
	else
		rc = check_rules(path, &st, rules, e);
	if (rc == RC_OK)
		rc = read_all(fd, path, out, e);
	(void)close(fd);
	return rc;
}

/* systemd hands credentials over in a folder that only the service can
 * enter, with modes of its own. */
static bool
is_credential(const char *path)
{
	const char *folder = getenv("CREDENTIALS_DIRECTORY");
	size_t n = folder == NULL ? 0 : strlen(folder);

	while (n > 1 && folder[n - 1] == '/')
		n--;
	return n > 1 && folder[0] == '/' && strncmp(path, folder, n) == 0 &&
	    path[n] == '/' && strstr(path + n, "/../") == NULL;
}

enum rc
file_read_secret(const char *path, struct buf *out, struct err *e)
{
	struct file_rules rules = { .forbid = 077, .is_data = true };

	if (is_credential(path))
		rules.forbid = 0;
	return file_read(path, &rules, out, e);
}

static bool
is_all_zero(const uint8_t *p, size_t n)
{
	uint8_t any = 0;
	size_t i;

	for (i = 0; i < n; i++)
		any |= p[i];
	return any == 0;
}

enum rc
file_read_key(const char *path, uint8_t key[FILE_KEY_SIZE], struct err *e)
{
	struct file_rules rules = { .forbid = 077,
		.no_link = true,
		.is_data = true };
	struct buf b;
	enum rc rc;

	memset(key, 0, FILE_KEY_SIZE);
	if (is_credential(path))
		rules.forbid = 0;
	buf_init(&b, FILE_KEY_SIZE);
	rc = file_read(path, &rules, &b, e);
	if (rc == RC_TOOBIG || (rc == RC_OK && b.len != FILE_KEY_SIZE))
		rc = err_set(e, RC_INVALID,
		    "%s: a key file has exactly %d bytes", path, FILE_KEY_SIZE);
	else if (rc == RC_OK &&
	    is_all_zero((const uint8_t *)b.data, FILE_KEY_SIZE))
		rc = err_set(e, RC_INVALID, "%s: the key is all zeros", path);
	if (rc == RC_OK)
		memcpy(key, b.data, FILE_KEY_SIZE);
	if (b.data != NULL)
		crypt_wipe(b.data, b.len);
	buf_fini(&b);
	return rc;
}

static enum rc
write_key(int fd, const char *path, struct err *e)
{
	uint8_t key[FILE_KEY_SIZE];
	ssize_t n;

	crypt_random(key, sizeof(key));
	n = write(fd, key, sizeof(key));
	crypt_wipe(key, sizeof(key));
	if (n != (ssize_t)sizeof(key) || fchmod(fd, 0400) == -1 ||
	    fsync(fd) == -1)
		return err_errno(e, RC_SYSTEM, errno, "%s: cannot be written",
		    path);
	return RC_OK;
}

/* Written under another name and linked into place: a link fails where a
 * rename would replace a key that someone else made meanwhile. */
enum rc
file_make_key(const char *path, struct err *e)
{
	char *beside;
	enum rc rc;
	int fd;

	beside = xasprintf("%s.new-%08x", path, crypt_random_u32());
	fd = open(beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0400);
	if (fd == -1) {
		rc = err_errno(e, RC_SYSTEM, errno, "%s: cannot be made",
		    beside);
		free(beside);
		return rc;
	}
	rc = write_key(fd, beside, e);
	(void)close(fd);
	if (rc == RC_OK && link(beside, path) == -1)
		rc = err_errno(e, errno == EEXIST ? RC_EXISTS : RC_SYSTEM,
		    errno, "%s: cannot be made", path);
	(void)unlink(beside);
	free(beside);
	return rc == RC_OK ? file_sync_folder_of(path, e) : rc;
}

void
file_give(int fd, const char *path, const char *like)
{
	struct stat from, to;
	int own = -1;

	if (geteuid() != 0 || stat(like, &to) != 0 || to.st_uid == 0)
		return;
	if (fd == -1)
		fd = own = open(path,
		    O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW | O_NOCTTY);
	/* A second name might be of a file that is not ours to give. */
	if (fd != -1 && fstat(fd, &from) == 0 && S_ISREG(from.st_mode) &&
	    from.st_uid == 0 && from.st_nlink == 1 &&
	    fchown(fd, to.st_uid, to.st_gid) != 0)
		errno = 0;
	if (own != -1)
		(void)close(own);
}

const char *
file_user_name(uid_t uid, char out[FILE_USER_SIZE])
{
	struct passwd entry, *found = NULL;
	char text[4096];

	if (getpwuid_r(uid, &entry, text, sizeof(text), &found) == 0 &&
	    found != NULL && strlen(found->pw_name) < FILE_USER_SIZE)
		(void)snprintf(out, FILE_USER_SIZE, "%s", found->pw_name);
	else
		(void)snprintf(out, FILE_USER_SIZE, "%lu", (unsigned long)uid);
	return out;
}

gid_t
file_group_of(uid_t uid, char out[FILE_USER_SIZE])
{
	struct passwd user, *found = NULL;
	struct group entry, *group = NULL;
	char text[4096];
	gid_t gid = (gid_t)uid;

	if (getpwuid_r(uid, &user, text, sizeof(text), &found) == 0 &&
	    found != NULL)
		gid = user.pw_gid;
	if (getgrgid_r(gid, &entry, text, sizeof(text), &group) == 0 &&
	    group != NULL && strlen(group->gr_name) < FILE_USER_SIZE)
		(void)snprintf(out, FILE_USER_SIZE, "%s", group->gr_name);
	else
		(void)snprintf(out, FILE_USER_SIZE, "%lu", (unsigned long)gid);
	return gid;
}

char *
file_folder_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	if (slash == NULL)
		return xstrdup(".");
	return slash == path ? xstrdup("/")
			     : xmemdup0(path, (size_t)(slash - path));
}

enum rc
file_sync_folder_of(const char *path, struct err *e)
{
	char *folder = file_folder_of(path);
	enum rc rc = RC_OK;
	int fd;

	fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd == -1 || fsync(fd) == -1)
		rc = err_errno(e, RC_SYSTEM, errno, "%s: cannot be synced",
		    folder);
	if (fd != -1)
		(void)close(fd);
	free(folder);
	return rc;
}

/* One folder; one that is there already stays as it is. */
static enum rc
make_one(const char *path, mode_t mode, struct err *e)
{
	struct stat st;

	if (mkdir(path, mode) == -1) {
		if (errno != EEXIST)
			return err_errno(e, RC_SYSTEM, errno,
			    "%s: cannot be made", path);
		if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
			return RC_OK;
		return err_set(e, RC_SYSTEM, "%s: is not a folder", path);
	}
	if (chmod(path, mode) == -1)
		return err_errno(e, RC_SYSTEM, errno, "%s: cannot be made",
		    path);
	return file_sync_folder_of(path, e);
}

enum rc
file_make_folder(const char *path, mode_t mode, struct err *e)
{
	char *copy = xstrdup(path), *p;
	size_t n = strlen(copy);
	enum rc rc = RC_OK;

	while (n > 1 && copy[n - 1] == '/')
		copy[--n] = '\0';
	for (p = copy + 1; rc == RC_OK && n > 0 && *p != '\0'; p++) {
		if (*p != '/')
			continue;
		*p = '\0';
		rc = make_one(copy, 0755, e);
		*p = '/';
	}
	if (rc == RC_OK)
		rc = make_one(copy, mode, e);
	free(copy);
	return rc;
}
