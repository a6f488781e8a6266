#include "config.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "front/http_cgi.h"

#define PAUSE_MS 100 /* after so long without a byte nothing more is read */
#define DISCARD_SIZE 16384

static struct http_cgi *
cgi_get(struct http_conn *c)
{
	return (struct http_cgi *)c;
}

static const char *const *
cgi_params(struct http_conn *c)
{
	return (const char *const *)cgi_get(c)->params;
}

/* False once time is up or the descriptor is no good. */
static bool
wait_for(const struct http_cgi *c, int fd, short events)
{
	struct pollfd p = { .fd = fd, .events = events };
	int64_t left;
	int n;

	do {
		left = c->deadline_ms - clock_boot_ms(c->clock);
		n = left > 0 ? poll(&p, 1, (int)left) : 0;
	} while (n < 0 && errno == EINTR);
	return n > 0;
}

static enum rc
cgi_read(struct http_conn *conn, void *p, size_t n, size_t *got, struct err *e)
{
	const struct http_cgi *c = cgi_get(conn);
	char *at = p;
	ssize_t part;

	*got = 0;
	while (*got < n) {
		if (!wait_for(c, c->in, POLLIN))
			return err_set(e, RC_PEER, "the body is too slow");
		part = read(c->in, at + *got, n - *got);
		if (part < 0 && errno == EINTR)
			continue;
		if (part < 0)
			return err_errno(e, RC_PEER, errno, "reading");
		if (part == 0)
			break;
		*got += (size_t)part;
	}
	return RC_OK;
}

/* Servers may leave the pipe open behind the body, and a program must not
 * wait there (RFC 3875, 4.2): the rest, if any, is the server's business. */
static enum rc
cgi_read_end(struct http_conn *conn, struct err *e)
{
	(void)conn;
	(void)e;
	return RC_OK;
}

static enum rc
cgi_write(struct http_conn *conn, const void *p, size_t n, struct err *e)
{
	const struct http_cgi *c = cgi_get(conn);
	const char *at = p;
	ssize_t part;

	while (n > 0) {
		part = write(c->out, at, n);
		if (part < 0 && errno == EINTR)
			continue;
		if (part < 0)
			return err_errno(e, RC_PEER, errno, "writing");
		at += part;
		n -= (size_t)part;
	}
	return RC_OK;
}

static enum rc
cgi_write_text(struct http_conn *conn, struct buf *text, struct err *e)
{
	return cgi_write(conn, text->data, text->len, e);
}

static const struct http_conn_ops cgi_ops = { cgi_params, cgi_read,
	cgi_read_end, cgi_write, cgi_write_text };

void
http_cgi_init(struct http_cgi *c, int in, int out, char *const *environ_,
    const struct clock *clock, int64_t deadline_ms)
{
	c->conn.ops = &cgi_ops;
	c->clock = clock;
	c->deadline_ms = deadline_ms;
	c->in = in;
	c->out = out;
	c->params = environ_;
}

void
http_cgi_discard(const struct http_cgi *c)
{
	struct pollfd p = { .fd = c->in, .events = POLLIN };
	char unread[DISCARD_SIZE];

	while (clock_boot_ms(c->clock) < c->deadline_ms &&
	    poll(&p, 1, PAUSE_MS) > 0 &&
	    read(c->in, unread, sizeof(unread)) > 0)
		;
}
