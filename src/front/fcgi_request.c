#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "core/http.h"
#include "front/fcgi_request.h"
#include "front/http_in.h"

#define HEAD_MAX 65536

static struct fcgi_request *
request_get(struct http_conn *c)
{
	return (struct fcgi_request *)c;
}

static const char *const *
fcgi_params(struct http_conn *c)
{
	return request_get(c)->list;
}

static enum rc
fcgi_read(struct http_conn *c, void *p, size_t n, size_t *got, struct err *e)
{
	struct fcgi_request *r = request_get(c);
	size_t left = r->body.size - r->read;
	enum rc rc;

	*got = 0;
	if (r->broken != NULL)
		return err_set(e, RC_PEER, "%s", r->broken);
	if (n > left)
		n = left;
	rc = spool_read(&r->body, r->read, p, n, e);
	if (rc == RC_OK) {
		r->read += n;
		*got = n;
	}
	return rc;
}

static enum rc
fcgi_read_end(struct http_conn *c, struct err *e)
{
	if (request_get(c)->is_overlong)
		return err_set(e, RC_INVALID,
		    "the body is longer than announced");
	return RC_OK;
}

static enum rc
fcgi_write(struct http_conn *c, const void *p, size_t n, struct err *e)
{
	struct fcgi_request *r = request_get(c);

	buf_add(&r->head, p, n);
	if (buf_is_over(&r->head))
		return err_set(e, RC_PEER,
		    "the head of the answer is too long");
	return RC_OK;
}

static enum rc
fcgi_write_text(struct http_conn *c, struct buf *text, struct err *e)
{
	struct fcgi_request *r = request_get(c);

	(void)e;
	free(r->text);
	r->text = buf_take(text, &r->textsz);
	return RC_OK;
}

static const struct http_conn_ops fcgi_ops = { fcgi_params, fcgi_read,
	fcgi_read_end, fcgi_write, fcgi_write_text };

struct fcgi_request *
fcgi_request_new(uint16_t id, const struct spool_room *room)
{
	struct fcgi_request *r = xcalloc(1, sizeof(*r));

	r->conn.ops = &fcgi_ops;
	r->id = id;
	r->is_input_open = true;
	fcgi_params_init(&r->params);
	spool_init(&r->body, room);
	buf_init(&r->head, HEAD_MAX);
	return r;
}

void
fcgi_request_free(struct fcgi_request *r)
{
	if (r == NULL)
		return;
	fcgi_params_fini(&r->params);
	spool_fini(&r->body);
	buf_fini(&r->head);
	free(r->text);
	free(r);
}

/* Whether the answer can be found without the end of the input: nothing is
 * announced that would be read, or what is announced will be refused. */
static bool
is_known_early(const struct http_req *req, enum http_in_length length)
{
	const char *method = http_param_find(req, "REQUEST_METHOD");

	if (length == HTTP_IN_LENGTH_OVER || length == HTTP_IN_LENGTH_BAD)
		return true;
	return method == NULL || strcmp(method, "GET") == 0 ||
	    strcmp(method, "HEAD") == 0;
}

enum rc
fcgi_request_begin_input(struct fcgi_request *r, int64_t max_body,
    struct err *e)
{
	enum http_in_length length;
	struct http_req req;

	r->list = fcgi_params_end(&r->params);
	if (r->list == NULL)
		return err_set(e, RC_INVALID, "the parameters are cut off");
	memset(&req, 0, sizeof(req));
	req.params = r->list;
	length = http_in_length(&req, max_body, &r->announced);
	r->state = is_known_early(&req, length) ? FCGI_REQUEST_WHOLE
						: FCGI_REQUEST_INPUT;
	return RC_OK;
}

enum rc
fcgi_request_add_input(struct fcgi_request *r, const void *p, size_t n,
    struct err *e)
{
	enum rc rc;

	if (r->state != FCGI_REQUEST_INPUT)
		return RC_OK;
	if (n > r->announced - r->body.size) {
		n = r->announced - r->body.size;
		r->is_overlong = true;
	}
	rc = spool_add(&r->body, p, n, e);
	if (rc == RC_OK && r->is_overlong)
		r->state = FCGI_REQUEST_WHOLE;
	return rc;
}

void
fcgi_request_end_input(struct fcgi_request *r)
{
	r->is_input_open = false;
	r->state = FCGI_REQUEST_WHOLE;
}

void
fcgi_request_break(struct fcgi_request *r, const char *why)
{
	r->broken = why;
	r->state = FCGI_REQUEST_WHOLE;
}
