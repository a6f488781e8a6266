/*
 * app_listen - a listening socket of our own, or one handed to us
 *
 * Start-up code, one thread.
 */
#ifndef APP_APP_LISTEN_H
#define APP_APP_LISTEN_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/err.h"

struct app_listen {
	int fd;
	char *path; /* of the socket that we made, or NULL */
	dev_t dev;
	ino_t ino;
	char name[128]; /* for people */
};

/*
 * "unix:PATH", "HOST:PORT", "[ADDRESS]:PORT".  A Unix socket is bound beside
 * its path and renamed onto it once it listens, mode 0660, so whoever sees
 * it is answered; one that nobody answers is replaced.
 *
 * RC_INVALID	no such form.
 * RC_EXISTS	the path is in use, or is no socket.
 * RC_SYSTEM	the kernel refuses.
 */
enum rc app_listen_open(const char *where, struct app_listen *out,
    struct err *e);

/*
 * The socket that systemd or a spawner left us: fd 3 by LISTEN_FDS, else
 * fd 0 when it listens.  RC_NOTFOUND: neither.
 */
enum rc app_listen_inherit(struct app_listen *out, struct err *e);
bool app_listen_has_inherited(void);

/* Takes the path away if it is still ours. */
void app_listen_close(struct app_listen *l);

/* Of the Unix socket's file, as long as l; NULL: a port, or not known. */
const char *app_listen_path(const struct app_listen *l);

/* True when it listens on a port, where nobody says who connects. */
bool app_listen_is_port(const struct app_listen *l);

/* True when every local user may connect: the socket's mode says so. */
bool app_listen_is_public(const struct app_listen *l);

#endif
