#include "config.h"

#include <limits.h>
#include <stdlib.h>

#include <fcgiapp.h>

#include "base/xalloc.h"
#include "front/http_fcgi.h"

struct http_fcgi {
	struct http_conn conn; /* first: a conn is cast back to this */
	FCGX_Request request;
};

static FCGX_Request *
request_get(struct http_conn *c)
{
	return &((struct http_fcgi *)c)->request;
}

static const char *const *
fcgi_params(struct http_conn *c)
{
	return (const char *const *)request_get(c)->envp;
}

static enum rc
fcgi_read(struct http_conn *c, void *p, size_t n, size_t *got, struct err *e)
{
	FCGX_Stream *in = request_get(c)->in;
	char *at = p;
	int part;

	*got = 0;
	while (*got < n) {
		part = n - *got > INT_MAX / 2 ? INT_MAX / 2 : (int)(n - *got);
		part = FCGX_GetStr(at + *got, part, in);
		if (part <= 0)
			break;
		*got += (size_t)part;
	}
	/* An abort and a connection that ends early look alike: error -3. */
	if (FCGX_GetError(in) != 0)
		return err_set(e, RC_PEER,
		    "the web server ended the request early");
	return RC_OK;
}

/* One read more tells the end from a body that runs on. */
static enum rc
fcgi_read_end(struct http_conn *c, struct err *e)
{
	size_t got;
	char rest;
	enum rc rc;

	rc = fcgi_read(c, &rest, 1, &got, e);
	if (rc == RC_OK && got > 0)
		rc =
		    err_set(e, RC_INVALID, "the body is longer than announced");
	return rc;
}

static enum rc
fcgi_write(struct http_conn *c, const void *p, size_t n, struct err *e)
{
	FCGX_Stream *out = request_get(c)->out;
	const char *at = p;
	int part;

	while (n > 0) {
		part = n > INT_MAX / 2 ? INT_MAX / 2 : (int)n;
		if (FCGX_PutStr(at, part, out) != part)
			return err_set(e, RC_PEER,
			    "the web server did not read the answer");
		at += part;
		n -= (size_t)part;
	}
	return RC_OK;
}

static const struct http_conn_ops fcgi_ops = { fcgi_params, fcgi_read,
	fcgi_read_end, fcgi_write };

void
http_fcgi_setup(void)
{
	if (FCGX_Init() != 0)
		fatal("libfcgi cannot be initialised");
}

struct http_fcgi *
http_fcgi_new(void)
{
	struct http_fcgi *f = xcalloc(1, sizeof(*f));

	f->conn.ops = &fcgi_ops;
	return f;
}

void
http_fcgi_free(struct http_fcgi *f)
{
	free(f);
}

enum rc
http_fcgi_begin(struct http_fcgi *f, int fd, struct http_conn **out,
    struct err *e)
{
	FCGX_Request *r = &f->request;

	*out = NULL;
	if (FCGX_InitRequest(r, -1, 0) != 0)
		fatal("libfcgi is not initialised");

	/*
	 * Seen to work on 2.4.2, and in no manual: with a descriptor in ipcFd
	 * the accept reads the request from it, and with no listening socket
	 * it fails instead of taking the next one when it dislikes it.
	 * Detached: it then closes without waiting for the peer.
	 */
	r->ipcFd = fd;
	r->keepConnection = 1;
	r->detached = 1;
	if (FCGX_Accept_r(r) != 0)
		return err_set(e, RC_PEER, "libfcgi refused the request");
	*out = &f->conn;
	return RC_OK;
}

bool
http_fcgi_end(struct http_fcgi *f, bool is_answered)
{
	FCGX_Request *r = &f->request;
	bool is_out = is_answered;

	/* The order is FCGX_Finish_r()'s: the last one ends the request. */
	if (is_answered) {
		is_out &= FCGX_FClose(r->err) == 0;
		is_out &= FCGX_FClose(r->out) == 0;
	}
	FCGX_Free(r, 0);
	r->ipcFd = -1;
	return is_out;
}
