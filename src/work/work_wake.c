#include "config.h"

#include <stddef.h>
#include <unistd.h>

#ifdef HAVE_SYS_INOTIFY_H
#include <sys/inotify.h>
#endif

#include "work/work_wake.h"

int
work_wake_open(const char *path)
{
#ifdef HAVE_SYS_INOTIFY_H
	int fd;

	if (path == NULL)
		return -1;
	fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (fd < 0)
		return -1;
	if (inotify_add_watch(fd, path, IN_ATTRIB | IN_MODIFY) < 0) {
		close(fd);
		return -1;
	}

	return fd;
#else
	(void)path;
	return -1;
#endif
}

void
work_wake_drain(int fd)
{
	char events[4096];

	while (read(fd, events, sizeof(events)) == (ssize_t)sizeof(events))
		continue;
}
