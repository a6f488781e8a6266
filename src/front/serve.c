#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/strlist.h"
#include "base/xalloc.h"
#include "core/http.h"
#include "core/media.h"
#include "core/source.h"
#include "front/budget.h"
#include "front/count.h"
#include "front/http_conn.h"
#include "front/http_in.h"
#include "front/log_limit.h"
#include "front/page.h"
#include "front/query.h"
#include "front/reply.h"
#include "front/router.h"
#include "front/serve.h"
#include "front/signin.h"

#define NO_METHOD "-"
#define NO_ANSWER 499 /* as web servers note a peer that left */

/* One request in hand; it owns everything made on its behalf. */
struct serve_call {
	struct serve s;
	struct http_conn *conn;
	struct http_req req;
	struct http_resp resp;
	struct router_match match;
	struct page page;
	char request_id[REPLY_ID_SIZE];
	char path[HTTP_IN_PATH_MAX + 1];
	struct intake_body body; /* its hold is of the bodies' memory */
	bool is_read;
	bool is_broken; /* nobody is there to be answered */
	int64_t began_us;
	size_t answersz;
	enum rc rc; /* of the page */
	struct err err;
};

static int64_t
left_ms(const struct serve_call *c)
{
	int64_t left =
	    c->req.deadline_ms - clock_boot_ms(c->s.set->intake.clock);

	return left < 0 ? 0 : left;
}

static enum rc
problem(struct serve_call *c, int status, const char *code, enum rc rc,
    struct err *e)
{
	reply_problem(&c->resp, c->request_id, status, code, e->text);
	return rc;
}

/* A source may have paths of its own besides /hooks/NAME. */
static enum rc
find_route(struct serve_call *c, struct err *e)
{
	struct router_match *m = &c->match;

	router_find(c->req.method, c->path, m);
	if (m->allow[0] == '\0' &&
	    source_find_path(c->s.set->intake.sources, c->path) != NULL) {
		(void)snprintf(m->allow, sizeof(m->allow), "%s",
		    router_hook()->method);
		if (strcmp(c->req.method, router_hook()->method) == 0)
			m->route = router_hook();
	}
	if (m->allow[0] == '\0')
		return err_set(e, RC_NOTFOUND, "no such path");
	if (m->route != NULL)
		return RC_OK;
	http_resp_header(&c->resp, "Allow", m->allow);
	err_set(e, RC_INVALID, "the method is not allowed here");
	return problem(c, 405, NULL, RC_INVALID, e);
}

static bool
is_open(const struct serve_call *c)
{
	const struct router_route *r = c->match.route;

	return r->open == ROUTER_EVERYBODY ||
	    (r->right == TOKEN_READ && c->s.set->open != NULL &&
		(strlist_has(c->s.set->open, r->path) ||
		    strlist_has(c->s.set->open, c->path)));
}

/* Counts a wrong token; true when there were too many. */
static bool
is_over_failures(struct serve_call *c, struct err *e)
{
	const char *address = http_param_find(&c->req, "REMOTE_ADDR");
	unsigned int wait_s;
	char text[16];

	if (c->s.signin == NULL)
		return false;
	wait_s = signin_failed(c->s.signin, address,
	    clock_boot_ms(c->s.set->intake.clock));
	if (wait_s == 0)
		return false;
	(void)snprintf(text, sizeof(text), "%u", wait_s);
	http_resp_header(&c->resp, "Retry-After", text);
	err_set(e, RC_DENIED, "too many wrong tokens; try again in %u s",
	    wait_s);
	return true;
}

static enum rc
let_in(struct serve_call *c, struct err *e)
{
	struct auth_who *who = &c->page.who;
	enum rc rc;

	if (is_open(c))
		return RC_OK;
	rc = auth_find(c->s.set, &c->req, who, e);
	if (rc == RC_DENIED && is_over_failures(c, e))
		return problem(c, 429, NULL, rc, e);
	if (rc == RC_OK && !who->is_known)
		rc = err_set(e, RC_DENIED, "a token is needed");
	if (rc == RC_DENIED) {
		http_resp_header(&c->resp, "WWW-Authenticate",
		    "Bearer realm=\"hls\"");
		return problem(c, 401, NULL, rc, e);
	}
	if (rc != RC_OK)
		return rc;
	if (!token_role_may(who->role, c->match.route->right))
		return err_set(e, RC_DENIED, "the role %s may not do this",
		    token_role_name(who->role));
	if (auth_is_cross_site(who, &c->req))
		return err_set(e, RC_DENIED,
		    "a page of another site sent the request");
	return RC_OK;
}

static bool
is_post(const struct serve_call *c)
{
	return c->match.route != NULL &&
	    c->match.route->page == router_hook()->page;
}

static enum rc
judge_length(struct serve_call *c, size_t *n, struct err *e)
{
	int64_t max = c->s.set->max_body;

	switch (http_in_length(&c->req, max, n)) {
	case HTTP_IN_LENGTH_OK:
		return RC_OK;
	case HTTP_IN_LENGTH_NONE:
		if (c->match.route->body == ROUTER_MAY_BODY)
			return RC_OK;
		err_set(e, RC_INVALID, "the length of the body is required");
		return problem(c, 411, NULL, RC_INVALID, e);
	case HTTP_IN_LENGTH_BAD:
		return err_set(e, RC_INVALID, "the length is malformed");
	case HTTP_IN_LENGTH_OVER:
		break;
	}
	return err_set(e, RC_TOOBIG, "a body may have %" PRId64 " bytes", max);
}

/*
 * A page of another site can make a browser send text/plain, a form, or no
 * type at all without asking us first; application/json it cannot (Fetch,
 * section 2.2.2, CORS-safelisted request-header).  A request without a body may
 * leave its type out.  Posts to a hook are judged by their signature, and their
 * type by intake.
 */
static enum rc
judge_type(struct serve_call *c, size_t bodysz, struct err *e)
{
	const char *type = http_param_find(&c->req, "CONTENT_TYPE");
	struct media m;

	if (is_post(c) || (bodysz == 0 && (type == NULL || *type == '\0')))
		return RC_OK;
	media_parse(type, &m);
	if (strcmp(m.type, "application/json") == 0)
		return RC_OK;
	err_set(e, RC_INVALID,
	    "the API accepts only Content-Type: application/json");
	return problem(c, 415, NULL, RC_INVALID, e);
}

static void
give(void *arg, size_t n)
{
	budget_give(arg, n);
}

static size_t
at_most(size_t n, size_t max)
{
	return n < max ? n : max;
}

/*
 * A signed post's bytes become the event's; of a form the JSON is decoded
 * beside them.  The API makes a copy, and a tree.  One body that needs more
 * than there is has all of it.
 */
static size_t
cost_of(const struct serve_call *c, size_t n)
{
	size_t all = budget_size(c->s.bodies), want;
	struct media m;

	media_parse(http_param_find(&c->req, "CONTENT_TYPE"), &m);
	if (!is_post(c))
		want = 2 * n + at_most(n * JS_TREE_FACTOR, JS_TREE_MAX);
	else
		want = m.kind == MEDIA_FORM ? 2 * n : n;
	return n > all ? n : at_most(want, all);
}

static enum rc
take_memory(struct serve_call *c, size_t n, struct err *e)
{
	size_t want = cost_of(c, n);
	enum rc rc;

	if (c->body.hold.give != NULL)
		return RC_OK;
	/* Where a post may be handed on, its thread waits for nothing. */
	rc = budget_take(c->s.bodies, want,
	    c->s.waiter != NULL ? 0 : left_ms(c), e);
	if (rc == RC_OK)
		c->body.hold = (struct event_hold){ give, c->s.bodies, want };
	return rc;
}

static enum rc
read_body(struct serve_call *c, struct err *e)
{
	size_t n = 0;
	enum rc rc;

	/* Not even an end is waited for: Apache sends it late, and the
	 * transport reads away what comes. */
	if (c->match.route->body == ROUTER_NO_BODY)
		return RC_OK;
	rc = judge_length(c, &n, e);
	if (rc == RC_OK)
		rc = judge_type(c, n, e);
	if (rc != RC_OK)
		return rc;
	rc = http_in_begin(c->conn, n, c->s.came, e);
	c->is_broken = rc == RC_PEER;
	if (rc == RC_OK)
		rc = take_memory(c, n, e);
	if (rc != RC_OK)
		return rc;
	c->body.bytes = xmalloc(n + 1);
	rc = http_in_body(c->conn, c->body.bytes, n, e);
	if (rc == RC_OK) {
		c->is_read = true;
		c->req.body = c->body.bytes;
		c->req.bodysz = n;
	}
	c->is_broken = rc == RC_PEER;
	return rc;
}

/* 422 names every parameter that the route does not take. */
static enum rc
judge_query(struct serve_call *c, struct err *e)
{
	struct reply_field fields[QUERY_FAULTS_MAX];
	struct query_faults f;
	size_t i;

	query_judge(c->match.route->page, c->req.query, &f);
	if (f.n == 0)
		return RC_OK;
	for (i = 0; i < f.n; i++) {
		fields[i].field = f.v[i].name;
		fields[i].message = f.v[i].message;
	}
	reply_invalid(&c->resp, c->request_id, fields, f.n);
	return err_set(e, RC_INVALID, "%s: %s", f.v[0].name, f.v[0].message);
}

static enum rc
work(struct serve_call *c, struct err *e)
{
	enum rc rc;

	rc = http_in_path(&c->req, c->s.set->base_path, c->path,
	    sizeof(c->path), e);
	if (rc != RC_OK)
		return rc;
	rc = find_route(c, e);
	if (rc != RC_OK)
		return rc;
	rc = let_in(c, e);
	if (rc != RC_OK)
		return rc;
	rc = judge_query(c, e);
	if (rc != RC_OK)
		return rc;
	rc = read_body(c, e);
	if (rc != RC_OK)
		return rc;
	return c->match.route->page(&c->page, e);
}

/* Half an answer is none, and the same again would be no longer. */
static enum rc
refuse_half(struct serve_call *c, struct err *e)
{
	reply_problem(&c->resp, c->request_id, 500, NULL,
	    "the answer is too long; use a smaller limit");
	return err_set(e, RC_TOOBIG, "the answer is over %u bytes",
	    HTTP_RESP_BODY_MAX);
}

/* Whether the same request again would do the same once more. */
static bool
is_done_twice(const struct serve_call *c)
{
	static enum rc (*const pages[])(struct page * pg, struct err * e) = {
		page_webhooks_register,
		page_webhooks_rotate,
		page_test_send,
		page_replay_event,
	};
	size_t i;

	for (i = 0; i < sizeof(pages) / sizeof(pages[0]); i++)
		if (c->match.route != NULL && c->match.route->page == pages[i])
			return true;
	return false;
}

/* A signed post that is lost to its sender's mistake, or to ours. */
static bool
is_signed_refusal(const struct serve_call *c)
{
	return is_post(c) && c->page.note.is_signed && c->resp.status >= 400;
}

static enum log_level
level_of(const struct serve_call *c, enum rc rc)
{
	if (c->resp.status >= 500)
		return rc == RC_BUSY ? LOG_LEVEL_WARN : LOG_LEVEL_ERROR;
	return is_signed_refusal(c) ? LOG_LEVEL_WARN : LOG_LEVEL_INFO;
}

/* A peer that has proved nothing gets one line a second for each status. */
static bool
may_log(const struct serve_call *c, uint64_t *left_out)
{
	if (c->s.log_limit == NULL || c->page.who.is_known ||
	    c->page.note.is_signed)
		return true;
	return log_limit_take(c->s.log_limit,
	    c->is_broken ? NO_ANSWER : c->resp.status,
	    clock_boot_ms(c->s.set->intake.clock), left_out);
}

/* What a request looked like.  Its query and its other headers may hold
 * secrets. */
static void
log_details(const struct serve_call *c)
{
	struct log_line l;

	log_begin(&l, LOG_LEVEL_DEBUG, "request details");
	log_str(&l, "request_id", c->request_id);
	log_str(&l, "address", http_param_find(&c->req, "REMOTE_ADDR"));
	log_str(&l, "content_type", http_param_find(&c->req, "CONTENT_TYPE"));
	log_str(&l, "content_length",
	    http_param_find(&c->req, "CONTENT_LENGTH"));
	log_int(&l, "body_bytes", (int64_t)c->req.bodysz);
	log_int(&l, "answer_bytes", (int64_t)c->answersz);
	log_end(&l);
}

static void
log_call(const struct serve_call *c, enum rc rc, int64_t took_us,
    const struct err *e)
{
	const struct page_note *note = &c->page.note;
	uint64_t left_out = 0;
	struct log_line l;

	if (!may_log(c, &left_out))
		return;
	log_details(c);
	log_begin(&l, level_of(c, rc), "request");
	log_str(&l, "request_id", c->request_id);
	log_str(&l, "method", c->req.method);
	log_str(&l, "path", c->path);
	if (c->is_broken)
		log_str(&l, "status", "none");
	else
		log_int(&l, "status", c->resp.status);
	log_str(&l, "outcome", note->outcome);
	if (is_signed_refusal(c))
		log_str(&l, "address", http_param_find(&c->req, "REMOTE_ADDR"));
	log_str(&l, "event_id", note->event_id);
	log_str(&l, "delivery_id", note->delivery_id);
	log_str(&l, "sent_delivery_id", note->sent_delivery_id);
	log_str(&l, "event_type", note->event_type);
	log_str(&l, "repository", note->repository);
	log_str(&l, "webhook_id", note->webhook_id);
	if (c->page.who.is_known)
		log_str(&l, "user", c->page.who.name);
	log_int(&l, "processing_time_ms", took_us / 1000);
	if (left_out > 0)
		log_int(&l, "left_out", (int64_t)left_out);
	if (rc != RC_OK)
		log_str(&l, "error", e->text);
	log_end(&l);
}

/* A sender that left without an answer was neither accepted nor refused. */
static void
count_call(const struct serve_call *c, int64_t took_us)
{
	const struct source *src;

	if (c->s.count == NULL)
		return;
	count_request(c->s.count, c->match.route,
	    c->is_broken ? 0 : c->resp.status, took_us);
	if (!is_post(c) || c->is_broken)
		return;
	src = source_find_path(c->s.set->intake.sources, c->path);
	count_post(c->s.count, src == NULL ? NULL : src->name, c->resp.status,
	    c->page.note.is_signed);
}

/* As far as its parameters tell. */
static void
call_init_request(struct serve_call *c, const struct serve *s,
    const char *const *params)
{
	const char *method, *query;

	memset(c, 0, sizeof(*c));
	c->s = *s;
	c->req.params = params;
	method = http_param_find(&c->req, "REQUEST_METHOD");
	query = http_param_find(&c->req, "QUERY_STRING");
	c->req.method = method == NULL || *method == '\0' ? NO_METHOD : method;
	c->req.query = query == NULL ? "" : query;
	c->req.path = c->path;
	c->req.body = "";
}

static void
call_init(struct serve_call *c, const struct serve *s, struct http_conn *conn)
{
	call_init_request(c, s, conn->ops->params(conn));
	c->conn = conn;
	c->body.hold = s->hold;
	reply_make_id(c->request_id);
	http_resp_init(&c->resp);
	c->req.request_id = c->request_id;
	c->req.deadline_ms = s->deadline_ms;
	c->page.set = s->set;
	c->page.req = &c->req;
	c->page.resp = &c->resp;
	c->page.arg = c->match.arg;
	c->page.body = &c->body;
	c->page.bodies = s->bodies;
	c->page.resend = s->resend;
	c->page.waiter = s->waiter;
}

static void
call_fini(struct serve_call *c)
{
	free(c->body.bytes);
	event_hold_end(&c->body.hold);
	http_resp_fini(&c->resp);
}

static bool
takes_body(const struct serve_call *c)
{
	return c->match.route != NULL && c->match.route->body != ROUTER_NO_BODY;
}

void
serve_plan(const struct serve *s, const char *const *params, size_t n,
    struct serve_plan *out)
{
	struct serve_call c;
	struct err ignored;

	call_init_request(&c, s, params);
	if (http_in_path(&c.req, s->set->base_path, c.path, sizeof(c.path),
		&ignored) == RC_OK) {
		http_resp_init(&c.resp);
		(void)find_route(&c, &ignored);
		http_resp_fini(&c.resp);
	}
	out->is_post = is_post(&c);
	out->memory = n == 0 || !takes_body(&c) ? 0 : cost_of(&c, n);
}

/* Makes the answer from the result of the page. */
static void
make_answer(struct serve_call *c)
{
	if (c->rc == RC_OK && buf_is_over(&c->resp.body))
		c->rc = refuse_half(c, &c->err);
	if (c->rc == RC_BUSY && c->resp.status < 400 && is_done_twice(c))
		reply_unsure(&c->resp, c->request_id, NULL);
	else if (c->rc != RC_OK && c->resp.status < 400)
		reply_failure(&c->resp, c->request_id, c->rc, &c->err);
	else if (c->resp.status == 0)
		c->resp.status = 200;
}

struct serve_call *
serve_begin(const struct serve *s, struct http_conn *conn)
{
	struct serve_call *c = xmalloc(sizeof(*c));

	call_init(c, s, conn);
	c->began_us = clock_tick_us();
	c->rc = work(c, &c->err);
	return c;
}

bool
serve_is_pending(const struct serve_call *c)
{
	return c->page.pending.op != NULL;
}

bool
serve_leave(struct serve_call *c)
{
	enum rc rc;

	if (!intake_accept_leave(&c->s.set->intake, &c->page.pending,
		&c->page.post, &rc, &c->err))
		return false;
	c->rc = page_hooks_end(&c->page, rc, &c->err);
	return true;
}

void
serve_end(struct serve_call *c, struct serve_end *end)
{
	struct err lost;
	int64_t took_us;

	if (serve_is_pending(c)) {
		c->rc = intake_accept_end(&c->s.set->intake, &c->page.pending,
		    &c->page.post, &c->err);
		c->rc = page_hooks_end(&c->page, c->rc, &c->err);
	}
	make_answer(c);
	c->answersz = c->resp.body.len;
	if (!c->is_broken &&
	    reply_send(c->conn, &c->resp, c->request_id,
		strcmp(c->req.method, "HEAD") == 0, &lost) != RC_OK)
		c->is_broken = true;
	end->is_answered = !c->is_broken;
	end->is_read = c->is_read;
	end->held = c->page.held;
	took_us = clock_tick_us() - c->began_us;
	log_call(c, c->rc, took_us, &c->err);
	count_call(c, took_us);
	call_fini(c);
	free(c);
}

void
serve(const struct serve *s, struct http_conn *conn, struct serve_end *end)
{
	serve_end(serve_begin(s, conn), end);
}
