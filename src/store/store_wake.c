#include "config.h"

#include <stddef.h>
#include <unistd.h>

#ifdef HAVE_SYS_INOTIFY_H
#include <sys/inotify.h>
#endif

#include "store/store_wake.h"
#include "store/store_work.h"

#ifdef HAVE_SYS_INOTIFY_H

static int
watch_file(const char *path)
{
	int fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);

	if (fd < 0)
		return -1;
	if (inotify_add_watch(fd, path, IN_ATTRIB | IN_MODIFY) < 0) {
		close(fd);
		return -1;
	}

	return fd;
}

#else

static int
watch_file(const char *path)
{
	(void)path;
	return -1;
}

#endif

int
store_wake_open(struct store *s)
{
	const char *path = store_wake_path(s);

	return path == NULL ? -1 : watch_file(path);
}

void
store_wake_clear(int fd)
{
	char events[4096];

	while (read(fd, events, sizeof(events)) == (ssize_t)sizeof(events))
		continue;
}
