#include "config.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/utf8.h"
#include "base/xalloc.h"

#define SYSLOG_SOCKET "/dev/log"
#define SYSLOG_DAEMON (3 << 3)

/* Kept free in every line for its end. */
static const char cut_end[] = ",\"cut\":true}\n";
#define END_SIZE (sizeof(cut_end) - 1)

enum kind {
	KIND_STDERR,
	KIND_FILE,
	KIND_SYSLOG
};

/* The lock covers all but the counters: reopening moves fd. */
static struct {
	pthread_mutex_t lock;
	enum kind kind;
	int fd;
	bool is_socket;
	bool is_torn; /* the last write ended inside a line */
	char *path;
	char component[32];
	const struct clock *clock;
	const char *tag; /* NULL: none */
	char tag_value[LOG_TAG_SIZE];
} sink = { PTHREAD_MUTEX_INITIALIZER, KIND_STDERR, STDERR_FILENO, false, false,
	NULL, "hls", NULL, NULL, "" };
static atomic_int threshold = LOG_LEVEL_INFO;
static atomic_uint_fast64_t dropped;

static const struct {
	const char *name;
	int severity; /* RFC 5424 */
} levels[] = {
	[LOG_LEVEL_DEBUG] = { "debug", 7 },
	[LOG_LEVEL_INFO] = { "info", 6 },
	[LOG_LEVEL_WARN] = { "warn", 4 },
	[LOG_LEVEL_ERROR] = { "error", 3 },
};

bool
log_level_parse(const char *text, enum log_level *out)
{
	size_t i;

	if (strcasecmp(text, "warning") == 0)
		text = "warn";
	for (i = 0; i < sizeof(levels) / sizeof(levels[0]); i++)
		if (strcasecmp(text, levels[i].name) == 0) {
			*out = (enum log_level)i;
			return true;
		}
	return false;
}

uint64_t
log_dropped(void)
{
	return atomic_load(&dropped);
}

/*
 * A descriptor for stderr that never waits.  A pipe or terminal is opened a
 * second time, since O_NONBLOCK on the descriptor itself would reach every
 * process that shares it.
 */
static int
open_stderr(void)
{
	struct stat st;
	int fd = -1;

	if (fstat(STDERR_FILENO, &st) == -1)
		return -1;
	if (S_ISFIFO(st.st_mode) || S_ISCHR(st.st_mode))
		fd = open("/proc/self/fd/2",
		    O_WRONLY | O_APPEND | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	return fd != -1 ? fd : fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
}

static int
open_syslog(const char *path)
{
	struct sockaddr_un to;
	int fd;

	memset(&to, 0, sizeof(to));
	to.sun_family = AF_UNIX;
	if (strlen(path) >= sizeof(to.sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(to.sun_path, path, strlen(path));
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd != -1 && connect(fd, (struct sockaddr *)&to, sizeof(to)) == -1) {
		(void)close(fd);
		fd = -1;
	}
	return fd;
}

/*
 * The owner of a folder chooses what a name in it leads to.  So in a folder of
 * another user root follows no link, appends to no file with a second name,
 * and gives away only a file that it has just made; such a file shall not lock
 * out the program that is started later as that user.
 */
static int
open_file(const char *path)
{
	int flags = O_WRONLY | O_APPEND | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
	char *folder = file_folder_of(path);
	bool is_foreign;
	struct stat st;
	int fd;

	is_foreign = geteuid() == 0 && stat(folder, &st) == 0 && st.st_uid != 0;
	flags |= is_foreign ? O_NOFOLLOW : 0;
	fd = open(path, flags | O_CREAT | O_EXCL, 0640);
	if (fd != -1)
		file_give(fd, path, folder);
	else if (errno == EEXIST)
		fd = open(path, flags | (is_foreign ? 0 : O_CREAT), 0640);
	free(folder);
	if (fd != -1 && is_foreign && fstat(fd, &st) == 0 && st.st_nlink > 1) {
		(void)close(fd);
		errno = EMLINK;
		fd = -1;
	}
	return fd;
}

static int
open_target(enum kind kind, const char *path)
{
	switch (kind) {
	case KIND_STDERR:
		return open_stderr();
	case KIND_SYSLOG:
		return open_syslog(path);
	case KIND_FILE:
		break;
	}
	return open_file(path);
}

/* The lock is held. */
static void
use_fd(int fd)
{
	struct stat st;

	if (sink.fd > STDERR_FILENO)
		(void)close(sink.fd);
	sink.fd = fd;
	sink.is_socket = fstat(fd, &st) == 0 && S_ISSOCK(st.st_mode);
	sink.is_torn = false;
}

enum rc
log_open(const char *target, enum log_level level, const char *component,
    const struct clock *clock, struct err *e)
{
	enum kind kind = KIND_FILE;
	const char *path = target;
	int fd;

	if (strcmp(target, "stderr") == 0) {
		kind = KIND_STDERR;
	} else if (strcmp(target, "syslog") == 0) {
		kind = KIND_SYSLOG;
		path = SYSLOG_SOCKET;
	} else if (strncmp(target, "syslog:", 7) == 0) {
		kind = KIND_SYSLOG;
		path = target + 7;
	}
	fd = open_target(kind, path);
	if (fd == -1)
		return err_errno(e, RC_SYSTEM, errno,
		    "the log %s cannot be opened", target);

	(void)pthread_mutex_lock(&sink.lock);
	use_fd(fd);
	sink.kind = kind;
	free(sink.path);
	sink.path = xstrdup(path);
	(void)snprintf(sink.component, sizeof(sink.component), "%s", component);
	sink.clock = clock;
	(void)pthread_mutex_unlock(&sink.lock);
	atomic_store(&threshold, (int)level);
	atomic_store(&dropped, 0);
	return RC_OK;
}

enum rc
log_try(const char *target, struct err *e)
{
	char *folder;
	int error = 0;

	if (strcmp(target, "stderr") == 0 || strcmp(target, "syslog") == 0 ||
	    strncmp(target, "syslog:", 7) == 0)
		return RC_OK;
	if (access(target, W_OK) != 0)
		error = errno;
	if (error == ENOENT) {
		folder = file_folder_of(target);
		error = access(folder, W_OK | X_OK) == 0 ? 0 : errno;
		free(folder);
	}
	return error == 0 ? RC_OK
			  : err_errno(e, RC_SYSTEM, error,
				"the log %s cannot be opened", target);
}

enum rc
log_reopen(struct err *e)
{
	enum rc rc = RC_OK;
	int fd;

	(void)pthread_mutex_lock(&sink.lock);
	if (sink.path != NULL && sink.kind != KIND_STDERR) {
		fd = open_target(sink.kind, sink.path);
		if (fd != -1)
			use_fd(fd);
		else
			rc = err_errno(e, RC_SYSTEM, errno,
			    "the log %s cannot be opened anew", sink.path);
	}
	(void)pthread_mutex_unlock(&sink.lock);
	return rc;
}

void
log_tag(const char *key, const char *value)
{
	(void)pthread_mutex_lock(&sink.lock);
	sink.tag = key;
	(void)snprintf(sink.tag_value, sizeof(sink.tag_value), "%s", value);
	(void)pthread_mutex_unlock(&sink.lock);
}

void
log_close(void)
{
	(void)pthread_mutex_lock(&sink.lock);
	use_fd(STDERR_FILENO);
	sink.kind = KIND_STDERR;
	free(sink.path);
	sink.path = NULL;
	sink.clock = NULL;
	(void)pthread_mutex_unlock(&sink.lock);
}

/* False, and nothing added, when n bytes would take the line's end. */
static bool
add(struct log_line *l, const char *p, size_t n)
{
	if (l->len + n > sizeof(l->text) - END_SIZE)
		return false;
	memcpy(l->text + l->len, p, n);
	l->len += (unsigned int)n;
	return true;
}

/* Adds ,"key": and keeps room for an empty string behind it. */
static bool
add_key(struct log_line *l, const char *key)
{
	size_t n = strlen(key);

	if (l->off || l->cut)
		return false;
	if (l->len + n + 6 > sizeof(l->text) - END_SIZE) {
		l->cut = true;
		return false;
	}
	(void)add(l, l->len == 0 ? "{" : ",", 1);
	(void)add(l, "\"", 1);
	(void)add(l, key, n);
	return add(l, "\":", 2);
}

/* As much of the text as leaves room for its quote. */
static void
add_quoted(struct log_line *l, const char *p, size_t n)
{
	char out[UTF8_QUOTED_MAX];
	size_t used, outsz;

	(void)add(l, "\"", 1);
	while (n > 0) {
		used = utf8_quote(p, n, out, &outsz);
		if (l->len + outsz + 1 > sizeof(l->text) - END_SIZE) {
			l->cut = true;
			break;
		}
		(void)add(l, out, outsz);
		p += used;
		n -= used;
	}
	(void)add(l, "\"", 1);
}

void
log_str(struct log_line *l, const char *key, const char *value)
{
	if (value == NULL || *value == '\0' || !add_key(l, key))
		return;
	/* add_quoted() stops where the line is full. */
	add_quoted(l, value, strlen(value));
}

void
log_int(struct log_line *l, const char *key, int64_t value)
{
	char text[24];
	int n;

	if (!add_key(l, key))
		return;
	n = snprintf(text, sizeof(text), "%" PRId64, value);
	if (!add(l, text, (size_t)n)) {
		(void)add(l, "0", 1);
		l->cut = true;
	}
}

void
log_begin(struct log_line *l, enum log_level level, const char *msg)
{
	const struct clock *clock;
	char ts[CLOCK_TEXT_SIZE], component[sizeof(sink.component)];
	char tag_value[LOG_TAG_SIZE];
	const char *tag;

	l->len = 0;
	l->level = level;
	l->cut = false;
	l->off = (int)level < atomic_load(&threshold);
	if (l->off)
		return;
	(void)pthread_mutex_lock(&sink.lock);
	clock = sink.clock != NULL ? sink.clock : clock_system();
	memcpy(component, sink.component, sizeof(component));
	tag = sink.tag;
	memcpy(tag_value, sink.tag_value, sizeof(tag_value));
	(void)pthread_mutex_unlock(&sink.lock);

	clock_format(clock_wall_ms(clock), ts);
	log_str(l, "ts", ts);
	log_str(l, "level", levels[level].name);
	/* A message that fills the line leaves none for what follows. */
	if (add_key(l, "msg"))
		add_quoted(l, msg, strnlen(msg, LOG_LINE_SIZE / 2));
	log_str(l, "component", component);
	log_int(l, "pid", getpid());
	if (tag != NULL)
		log_str(l, tag, tag_value);
}

/* The lock is held.  True when all of it went out. */
static bool
write_line(const char *p, size_t n)
{
	ssize_t done;

	if (sink.is_torn && !sink.is_socket && write(sink.fd, "\n", 1) != 1)
		return false;
	do {
		done = sink.is_socket
		    ? send(sink.fd, p, n, MSG_DONTWAIT | MSG_NOSIGNAL)
		    : write(sink.fd, p, n);
	} while (done == -1 && errno == EINTR);
	sink.is_torn = done > 0 && (size_t)done < n;
	return done == (ssize_t)n;
}

/* The lock is held.  The local syslog takes datagrams of "<priority>tag[pid]:
 * text"; its daemon may have been restarted since the last one. */
static bool
send_syslog(const struct log_line *l)
{
	char datagram[LOG_LINE_SIZE + 64];
	int n, fd;

	n = snprintf(datagram, sizeof(datagram), "<%d>%s[%ld]: %.*s",
	    SYSLOG_DAEMON | levels[l->level].severity, sink.component,
	    (long)getpid(), (int)l->len - 1, l->text);
	if (n > 0 && write_line(datagram, (size_t)n))
		return true;
	if (errno == EAGAIN)
		return false;
	fd = open_syslog(sink.path);
	if (fd == -1)
		return false;
	use_fd(fd);
	return write_line(datagram, (size_t)n);
}

void
log_end(struct log_line *l)
{
	int saved = errno;
	bool is_written;

	if (l->off)
		return;
	if (l->cut)
		memcpy(l->text + l->len, cut_end, END_SIZE);
	else
		memcpy(l->text + l->len, "}\n", 2);
	l->len += l->cut ? (unsigned int)END_SIZE : 2;

	(void)pthread_mutex_lock(&sink.lock);
	is_written = sink.kind == KIND_SYSLOG ? send_syslog(l)
					      : write_line(l->text, l->len);
	(void)pthread_mutex_unlock(&sink.lock);
	if (!is_written)
		atomic_fetch_add(&dropped, 1);
	l->off = true;
	errno = saved;
}

void
log_say(enum log_level level, const char *fmt, ...)
{
	struct log_line l;
	char msg[LOG_LINE_SIZE / 2];
	va_list ap;

	if ((int)level < atomic_load(&threshold))
		return;
	va_start(ap, fmt);
	(void)vsnprintf(msg, sizeof(msg), fmt, ap);
	va_end(ap);
	log_begin(&l, level, msg);
	log_end(&l);
}
