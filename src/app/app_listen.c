#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "app/app_listen.h"
#include "base/units.h"
#include "base/xalloc.h"

#define BACKLOG 1024
#define SYSTEMD_FD 3

static enum rc
unix_address(const char *path, struct sockaddr_un *out, struct err *e)
{
	memset(out, 0, sizeof(*out));
	out->sun_family = AF_UNIX;
	if (*path == '\0' || strlen(path) >= sizeof(out->sun_path))
		return err_set(e, RC_INVALID,
		    "%s: a socket's path has 1 to %zu bytes", path,
		    sizeof(out->sun_path) - 1);
	memcpy(out->sun_path, path, strlen(path) + 1);
	return RC_OK;
}

/* RC_OK when path is free, or is a socket that nobody answers. */
static enum rc
check_stale(const char *path, struct err *e)
{
	struct sockaddr_un addr;
	struct stat st;
	int fd, status;

	if (lstat(path, &st) < 0)
		return errno == ENOENT
		    ? RC_OK
		    : err_errno(e, RC_SYSTEM, errno, "%s", path);
	if (!S_ISSOCK(st.st_mode))
		return err_set(e, RC_EXISTS, "%s: not a socket", path);
	if (unix_address(path, &addr, e) != RC_OK)
		return e->rc;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return err_errno(e, RC_SYSTEM, errno, "socket");
	status = connect(fd, (struct sockaddr *)&addr, sizeof(addr));
	if (status < 0 && errno != EAGAIN)
		status = -2;
	close(fd);
	return status == -2
	    ? RC_OK
	    : err_set(e, RC_EXISTS, "%s: another program listens there", path);
}

static enum rc
listen_unix(const char *path, struct app_listen *out, struct err *e)
{
	struct sockaddr_un addr;
	struct stat st;
	char *beside;
	enum rc rc;

	rc = check_stale(path, e);
	if (rc != RC_OK)
		return rc;
	beside = xasprintf("%s.%ld", path, (long)getpid());
	rc = unix_address(beside, &addr, e);
	if (rc != RC_OK)
		goto out;
	(void)unlink(beside);
	out->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (out->fd < 0 ||
	    bind(out->fd, (struct sockaddr *)&addr, sizeof(addr)) < 0 ||
	    chmod(beside, 0660) < 0 || listen(out->fd, BACKLOG) < 0 ||
	    lstat(beside, &st) < 0 || rename(beside, path) < 0) {
		rc = err_errno(e, RC_SYSTEM, errno, "listening on %s", path);
		(void)unlink(beside);
		goto out;
	}
	out->path = xstrdup(path);
	out->dev = st.st_dev;
	out->ino = st.st_ino;
	(void)snprintf(out->name, sizeof(out->name), "unix:%s", path);
out:
	free(beside);
	return rc;
}

/* "127.0.0.1:9000" or "[::1]:9000" in two. */
static bool
split_host(const char *where, char *host, size_t max, const char **port)
{
	const char *colon = strrchr(where, ':');
	size_t n = colon == NULL ? 0 : (size_t)(colon - where);
	int64_t number;

	if (n == 0 || !units_int_parse(colon + 1, &number) || number < 0 ||
	    number > 65535)
		return false;
	if (where[0] == '[') {
		if (n < 3 || where[n - 1] != ']')
			return false;
		where++;
		n -= 2;
	} else if (memchr(where, ':', n) != NULL) {
		return false;
	}
	if (n >= max)
		return false;
	memcpy(host, where, n);
	host[n] = '\0';
	*port = colon + 1;
	return true;
}

static int
bind_to(const struct addrinfo *a)
{
	const int on = 1;
	int fd, saved;

	fd = socket(a->ai_family, a->ai_socktype | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, a->ai_addr, a->ai_addrlen) < 0 ||
	    listen(fd, BACKLOG) < 0) {
		saved = errno;
		close(fd);
		errno = saved;
		return -1;
	}
	return fd;
}

static void
name_inet(struct app_listen *out)
{
	struct sockaddr_storage sa;
	socklen_t size = sizeof(sa);
	char host[64], port[8];

	if (getsockname(out->fd, (struct sockaddr *)&sa, &size) == 0 &&
	    getnameinfo((struct sockaddr *)&sa, size, host, sizeof(host), port,
		sizeof(port), NI_NUMERICHOST | NI_NUMERICSERV) == 0)
		(void)snprintf(out->name, sizeof(out->name),
		    sa.ss_family == AF_INET6 ? "[%s]:%s" : "%s:%s", host, port);
}

static enum rc
listen_inet(const char *where, struct app_listen *out, struct err *e)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM,
		.ai_flags = AI_PASSIVE | AI_NUMERICSERV };
	struct addrinfo *list, *a;
	const char *port;
	char host[256];
	int status;

	if (!split_host(where, host, sizeof(host), &port))
		return err_set(e, RC_INVALID,
		    "%s: neither unix:PATH nor HOST:PORT", where);
	status = getaddrinfo(host, port, &hints, &list);
	if (status != 0)
		return err_set(e, RC_SYSTEM, "%s: %s", where,
		    gai_strerror(status));
	errno = EADDRNOTAVAIL;
	for (a = list; a != NULL && out->fd < 0; a = a->ai_next)
		out->fd = bind_to(a);
	status = errno;
	freeaddrinfo(list);
	if (out->fd < 0)
		return err_errno(e, RC_SYSTEM, status, "listening on %s",
		    where);
	name_inet(out);
	return RC_OK;
}

enum rc
app_listen_open(const char *where, struct app_listen *out, struct err *e)
{
	static const char prefix[] = "unix:";
	enum rc rc;

	*out = (struct app_listen){ .fd = -1 };
	if (strncmp(where, prefix, sizeof(prefix) - 1) == 0)
		rc = listen_unix(where + sizeof(prefix) - 1, out, e);
	else
		rc = listen_inet(where, out, e);
	if (rc != RC_OK)
		app_listen_close(out);
	return rc;
}

static bool
is_listening(int fd)
{
	socklen_t size = sizeof(int);
	int is = 0;

	return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &is, &size) == 0 &&
	    is != 0;
}

/* Whether systemd left sockets for this very process (sd_listen_fds(3)). */
static bool
has_systemd_fd(void)
{
	const char *pid = getenv("LISTEN_PID");
	const char *fds = getenv("LISTEN_FDS");
	int64_t number, count;
	bool has;

	has = pid != NULL && fds != NULL && units_int_parse(pid, &number) &&
	    number == getpid() && units_int_parse(fds, &count) && count > 0;
	unsetenv("LISTEN_PID");
	unsetenv("LISTEN_FDS");
	unsetenv("LISTEN_FDNAMES");
	return has;
}

/* -1: no socket was left to the program. */
static int
inherited_fd(void)
{
	if (has_systemd_fd() && is_listening(SYSTEMD_FD))
		return SYSTEMD_FD;
	return is_listening(STDIN_FILENO) ? STDIN_FILENO : -1;
}

bool
app_listen_has_inherited(void)
{
	return inherited_fd() >= 0;
}

enum rc
app_listen_inherit(struct app_listen *out, struct err *e)
{
	struct sockaddr_un addr;
	socklen_t size = sizeof(addr);

	*out = (struct app_listen){ .fd = inherited_fd() };
	if (out->fd < 0)
		return err_set(e, RC_NOTFOUND,
		    "no socket: neither --listen, nor systemd's, nor fd 0");
	(void)fcntl(out->fd, F_SETFD, FD_CLOEXEC);
	(void)snprintf(out->name, sizeof(out->name), "fd %d", out->fd);
	memset(&addr, 0, sizeof(addr));
	if (getsockname(out->fd, (struct sockaddr *)&addr, &size) == 0 &&
	    addr.sun_family == AF_UNIX && addr.sun_path[0] == '/')
		(void)snprintf(out->name, sizeof(out->name), "unix:%.108s",
		    addr.sun_path);
	return RC_OK;
}

void
app_listen_close(struct app_listen *l)
{
	struct stat st;

	if (l->path != NULL && lstat(l->path, &st) == 0 &&
	    st.st_dev == l->dev && st.st_ino == l->ino)
		(void)unlink(l->path);
	if (l->fd >= 0)
		close(l->fd);
	free(l->path);
	l->path = NULL;
	l->fd = -1;
}

const char *
app_listen_path(const struct app_listen *l)
{
	static const char prefix[] = "unix:";

	if (strncmp(l->name, prefix, sizeof(prefix) - 1) != 0)
		return NULL;
	return l->name + sizeof(prefix) - 1;
}

bool
app_listen_is_port(const struct app_listen *l)
{
	int domain = AF_UNSPEC;
	socklen_t size = sizeof(domain);

	return l->fd >= 0 &&
	    getsockopt(l->fd, SOL_SOCKET, SO_DOMAIN, &domain, &size) == 0 &&
	    domain != AF_UNIX;
}

bool
app_listen_is_public(const struct app_listen *l)
{
	const char *path = app_listen_path(l);
	struct stat st;

	return path != NULL && stat(path, &st) == 0 &&
	    (st.st_mode & S_IWOTH) != 0;
}
