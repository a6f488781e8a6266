#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <fastcgi.h>

#include "front/fcgi_conn.h"

#define UNAVAILABLE 503

void
fcgi_conn_init(struct fcgi_conn *c)
{
	memset(c, 0, sizeof(*c));
	buf_init(&c->values, FCGI_CONN_VALUES_MAX);
	buf_init(&c->out, FCGI_CONN_OUT_MAX);
}

void
fcgi_conn_fini(struct fcgi_conn *c)
{
	fcgi_request_free(c->request);
	c->request = NULL;
	buf_fini(&c->values);
	buf_fini(&c->out);
}

bool
fcgi_conn_is_between(const struct fcgi_conn *c)
{
	return c->request == NULL && fcgi_record_is_between(&c->reader);
}

bool
fcgi_conn_is_whole(const struct fcgi_conn *c)
{
	return c->request != NULL && !c->is_taken &&
	    c->request->state == FCGI_REQUEST_WHOLE;
}

void
fcgi_conn_forget(struct fcgi_conn *c)
{
	c->request = NULL;
	c->is_taken = c->is_aborted = false;
	c->has_past = true;
}

static enum rc
bad(struct err *e, const char *text)
{
	return err_set(e, RC_INVALID, "%s", text);
}

/* Section 5.1: a role, and whether the connection stays. */
static enum rc
take_begin(struct fcgi_conn *c, const struct fcgi_conn_limits *l,
    const struct fcgi_piece *part, struct err *e)
{
	int role;

	if (part->size != FCGI_CONN_BEGIN_SIZE || part->id == 0)
		return bad(e, "a malformed begin of a request");
	memcpy(c->begin + part->at, part->p, part->n);
	if (!part->is_end)
		return RC_OK;
	if (c->request != NULL && part->id == c->request->id)
		return bad(e, "a request began twice");
	role = c->begin[0] << 8 | c->begin[1];
	if (c->request == NULL)
		c->is_last = (c->begin[2] & FCGI_KEEP_CONN) == 0;
	if (c->request != NULL || role != FCGI_RESPONDER) {
		c->has_past = true;
		fcgi_record_add_end(&c->out, part->id,
		    role != FCGI_RESPONDER ? FCGI_UNKNOWN_ROLE
					   : FCGI_CANT_MPX_CONN);
		return RC_OK;
	}
	c->request = fcgi_request_new(part->id, &l->room);
	return RC_OK;
}

static enum rc
take_params(struct fcgi_conn *c, const struct fcgi_conn_limits *l,
    const struct fcgi_piece *part, int *status, struct err *e)
{
	if (c->is_taken)
		return RC_OK;
	if (c->request->state != FCGI_REQUEST_HEAD)
		return bad(e, "parameters behind their end");
	if (part->size == 0)
		return fcgi_request_begin_input(c->request, l->max_body, e);
	*status = fcgi_params_take(&c->request->params, part->p, part->n);
	if (*status != 0)
		return err_set(e, RC_DENIED,
		    *status == 431 ? "too many parameters"
				   : "a parameter has a NUL");
	return RC_OK;
}

static enum rc
take_input(struct fcgi_conn *c, const struct fcgi_piece *part, int *status,
    struct err *e)
{
	struct fcgi_request *r = c->request;
	enum rc rc;

	/* Behind an answer that was given early, what comes is read away. */
	if (c->is_taken) {
		r->is_input_open &= part->size > 0;
		return RC_OK;
	}
	if (r->state == FCGI_REQUEST_HEAD)
		return bad(e, "a body before the end of the parameters");
	if (part->size == 0) {
		fcgi_request_end_input(r);
		return RC_OK;
	}
	rc = fcgi_request_add_input(r, part->p, part->n, e);
	if (rc != RC_OK)
		*status = UNAVAILABLE;
	return rc;
}

static void
add_value(struct buf *out, const char *name, unsigned int value)
{
	char text[16];
	int n = snprintf(text, sizeof(text), "%u", value);
	uint8_t sizes[2] = { (uint8_t)strlen(name), (uint8_t)n };

	buf_add(out, sizes, sizeof(sizes));
	buf_add_str(out, name);
	buf_add(out, text, (size_t)n);
}

/* Section 4.1: the names are those of pairs without values. */
static void
answer_values(struct fcgi_conn *c, const struct fcgi_conn_limits *l)
{
	const struct {
		const char *name;
		unsigned int value;
	} known[] = {
		{ FCGI_MAX_CONNS, l->max_requests },
		{ FCGI_MAX_REQS, l->max_requests },
		{ FCGI_MPXS_CONNS, 0 },
	};
	struct fcgi_params asked;
	const char *const *names;
	struct buf text;
	size_t i, j;

	buf_init(&text, FCGI_CONN_VALUES_MAX);
	fcgi_params_init(&asked);
	if (fcgi_params_take(&asked, (const uint8_t *)buf_str(&c->values),
		c->values.len) == 0 &&
	    (names = fcgi_params_end(&asked)) != NULL)
		for (i = 0; names[i] != NULL; i++)
			for (j = 0; j < sizeof(known) / sizeof(known[0]); j++)
				if (strncmp(names[i], known[j].name,
					strlen(known[j].name)) == 0 &&
				    names[i][strlen(known[j].name)] == '=')
					add_value(&text, known[j].name,
					    known[j].value);
	fcgi_record_add(&c->out, FCGI_GET_VALUES_RESULT, FCGI_NULL_REQUEST_ID,
	    buf_str(&text), text.len);
	fcgi_params_fini(&asked);
	buf_fini(&text);
}

/* Records of the connection itself, not of a request (section 3.3). */
static enum rc
take_management(struct fcgi_conn *c, const struct fcgi_conn_limits *l,
    const struct fcgi_piece *part, struct err *e)
{
	const uint8_t unknown[8] = { part->type };

	if (part->type != FCGI_GET_VALUES) {
		if (part->type <= FCGI_MAXTYPE)
			return bad(e, "a record without a request");
		if (part->is_end)
			fcgi_record_add(&c->out, FCGI_UNKNOWN_TYPE,
			    FCGI_NULL_REQUEST_ID, unknown, sizeof(unknown));
		return RC_OK;
	}
	if (part->at == 0)
		buf_clear(&c->values);
	buf_add(&c->values, part->p, part->n);
	if (buf_is_over(&c->values))
		return bad(e, "a question that is too long");
	if (part->is_end)
		answer_values(c, l);
	return RC_OK;
}

static enum rc
take_piece(struct fcgi_conn *c, const struct fcgi_conn_limits *l,
    const struct fcgi_piece *part, int *status, struct err *e)
{
	if (part->id == FCGI_NULL_REQUEST_ID)
		return take_management(c, l, part, e);
	switch (part->type) {
	case FCGI_BEGIN_REQUEST:
		return take_begin(c, l, part, e);
	case FCGI_PARAMS:
	case FCGI_STDIN:
	case FCGI_ABORT_REQUEST:
	case FCGI_DATA:
		break;
	default:
		return bad(e, "a record of an unknown type");
	}
	/* It may be of a request that was refused, or that has ended. */
	if (c->request == NULL || part->id != c->request->id)
		return c->has_past ? RC_OK : bad(e, "a record of no request");
	if (part->type == FCGI_PARAMS)
		return take_params(c, l, part, status, e);
	if (part->type == FCGI_STDIN)
		return take_input(c, part, status, e);
	/* Section 5.4.  The caller ends it. */
	if (part->type == FCGI_ABORT_REQUEST)
		c->is_aborted = c->is_taken = true;
	return RC_OK;
}

enum rc
fcgi_conn_take(struct fcgi_conn *c, const struct fcgi_conn_limits *l,
    const uint8_t *p, size_t n, int *status, struct err *e)
{
	struct fcgi_piece part;
	enum fcgi_read read;
	enum rc rc = RC_OK;

	*status = 0;
	while (rc == RC_OK) {
		read = fcgi_record_read(&c->reader, &p, &n, &part);
		if (read == FCGI_READ_MORE)
			break;
		if (read == FCGI_READ_BAD)
			return bad(e, "no FastCGI of version 1");
		rc = take_piece(c, l, &part, status, e);
		if (buf_is_over(&c->out))
			rc = bad(e, "a peer that does not read its answers");
	}
	return rc;
}
