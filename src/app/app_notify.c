#include "config.h"

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "app/app_notify.h"
#include "base/clock.h"
#include "base/units.h"

static struct sockaddr_un manager;
static socklen_t manager_size;
static int64_t alive_every_ms; /* 0: nobody waits for it */
static int64_t alive_next_ms;

static int64_t
number_of(const char *name)
{
	const char *text = getenv(name);
	int64_t value;

	return text != NULL && units_int_parse(text, &value) ? value : 0;
}

void
app_notify_open(void)
{
	const char *path = getenv("NOTIFY_SOCKET");
	int64_t pid = number_of("WATCHDOG_PID");
	size_t n = path == NULL ? 0 : strlen(path);

	if (n > 1 && n < sizeof(manager.sun_path) &&
	    (*path == '/' || *path == '@')) {
		manager.sun_family = AF_UNIX;
		memcpy(manager.sun_path, path, n);
		if (*path == '@')
			manager.sun_path[0] = '\0';
		manager_size =
		    (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n);
	}
	/* Twice within the time, as sd_watchdog_enabled(3) advises. */
	if (pid == 0 || pid == getpid())
		alive_every_ms = number_of("WATCHDOG_USEC") / 2000;
	unsetenv("NOTIFY_SOCKET");
	unsetenv("WATCHDOG_PID");
	unsetenv("WATCHDOG_USEC");
}

/* A manager that does not listen is not our trouble. */
static void
say(const char *text)
{
	int fd;

	if (manager_size == 0)
		return;
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return;
	(void)sendto(fd, text, strlen(text), MSG_NOSIGNAL | MSG_DONTWAIT,
	    (const struct sockaddr *)&manager, manager_size);
	close(fd);
}

void
app_notify_ready(void)
{
	say("READY=1");
}

void
app_notify_reloading(void)
{
	say("RELOADING=1");
}

void
app_notify_stopping(void)
{
	say("STOPPING=1");
}

void
app_notify_alive(const struct clock *clock)
{
	int64_t now_ms = clock_boot_ms(clock);

	if (alive_every_ms == 0 || now_ms < alive_next_ms)
		return;
	alive_next_ms = now_ms + alive_every_ms;
	say("WATCHDOG=1");
}
