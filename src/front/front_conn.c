#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <fastcgi.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "core/http.h"
#include "front/count.h"
#include "front/front_int.h"
#include "front/reply.h"
#include "front/settings.h"

#define HEAD_MS 5000        /* for a request's head to come whole */
#define KEPT_MS 600000      /* between requests; web servers end it sooner */
#define INPUT_MS 120000     /* for a body, however large */
#define INPUT_RATE 16384    /* bytes a second, at least, after the deadline */
#define INPUT_STALL_MS 5000 /* and the deadline, without a byte of it */
#define ANSWER_MS 60000     /* for an answer, however large */
#define STALL_MS 5000       /* without a byte of it being taken */
#define FIRST_MS 1000       /* for a first byte, when the front ends */
#define LINGER_MS 1000      /* for the rest of a request that was refused */
#define OUT_KEPT 4096       /* bytes of memory of an idle connection */

/* Nothing has time beyond the front's own end. */
static void
set_timer(struct front_conn *c, int64_t at_ms)
{
	struct front *f = c->front;

	loop_timer_set(f->loop, &c->timer,
	    at_ms < f->until_ms ? at_ms : f->until_ms);
}

static struct front_conn_list *
list_of(struct front *f, enum front_conn_state state)
{
	switch (state) {
	case FRONT_CONN_IDLE:
	case FRONT_CONN_HEAD:
		return &f->early;
	case FRONT_CONN_INPUT:
		return &f->input;
	case FRONT_CONN_MEMORY:
		return &f->waiting;
	case FRONT_CONN_WORK:
	case FRONT_CONN_ANSWER:
	case FRONT_CONN_LINGER:
		break;
	}
	return &f->others;
}

/* The connection is in this list from now on. */
static void
move(struct front_conn *c, struct front_conn_list *to)
{
	if (c->list != NULL)
		TAILQ_REMOVE(c->list, c, link);
	if (to != NULL)
		TAILQ_INSERT_TAIL(to, c, link);
	c->list = to;
}

static void
enter(struct front_conn *c, enum front_conn_state state, int64_t limit_ms)
{
	struct front *f = c->front;

	c->state = state;
	c->since_ms = loop_now_ms(f->loop);
	if (limit_ms < 0)
		loop_timer_stop(f->loop, &c->timer);
	else
		set_timer(c, c->since_ms + limit_ms);
	move(c, list_of(f, state));
}

/* The memory of the answer. */
static void
give_back(struct front_conn *c)
{
	budget_give(c->front->opt->bodies, c->end.held);
	c->end.held = 0;
}

/* A request that is with the pool keeps the connection until it is back. */
void
front_conn_close(struct front_conn *c)
{
	struct front *f = c->front;

	if (c->state != FRONT_CONN_WORK)
		loop_timer_stop(f->loop, &c->timer);
	if (c->watch.fd >= 0) {
		loop_unwatch(f->loop, &c->watch);
		close(c->watch.fd);
		c->watch.fd = -1;
	}
	c->is_gone = true;
	if (c->state == FRONT_CONN_WORK)
		return;
	move(c, NULL);
	give_back(c);
	fcgi_conn_fini(&c->fcgi);
	f->nconns--;
	free(c);
}

static void
want(struct front_conn *c, unsigned int events)
{
	struct err e;

	if (c->is_at_end)
		events &= ~LOOP_READ;
	if (loop_watch(c->front->loop, &c->watch, events, &e) != RC_OK)
		c->is_gone = true;
}

/* Makes what is left of the answer into records, a part at a time. */
static void
add_answer(struct front_conn *c)
{
	struct fcgi_request *r = c->fcgi.request;
	size_t some;

	if (c->is_ended || c->sent < c->fcgi.out.len)
		return;
	some = r->textsz - c->text_at;
	if (some > FCGI_RECORD_FULL)
		some = FCGI_RECORD_FULL;
	buf_clear(&c->fcgi.out);
	c->sent = 0;
	if (!c->fcgi.is_aborted && r->broken == NULL) {
		if (c->text_at == 0)
			fcgi_record_add_output(&c->fcgi.out, r->id,
			    buf_str(&r->head), r->head.len);
		if (some > 0)
			fcgi_record_add_output(&c->fcgi.out, r->id,
			    r->text + c->text_at, some);
		c->text_at += some;
		if (c->text_at < r->textsz)
			return;
		fcgi_record_add_output_end(&c->fcgi.out, r->id);
	}
	fcgi_record_add_end(&c->fcgi.out, r->id, FCGI_REQUEST_COMPLETE);
	c->is_ended = true;
}

/* A peer that takes a byte now and then comes to its end too. */
static void
allow_more_time(struct front_conn *c)
{
	int64_t until_ms = loop_now_ms(c->front->loop) + STALL_MS;

	if (until_ms > c->since_ms + ANSWER_MS)
		until_ms = c->since_ms + ANSWER_MS;
	set_timer(c, until_ms);
}

enum sent {
	SENT_ALL,
	SENT_SOME,
	SENT_NEVER
};

static enum sent
send_out(struct front_conn *c)
{
	ssize_t n;

	for (;;) {
		if (c->state == FRONT_CONN_ANSWER)
			add_answer(c);
		if (c->sent == c->fcgi.out.len)
			return SENT_ALL;
		n = send(c->watch.fd, c->fcgi.out.data + c->sent,
		    c->fcgi.out.len - c->sent, MSG_NOSIGNAL);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN || errno == EWOULDBLOCK
			    ? SENT_SOME
			    : SENT_NEVER;
		c->sent += (size_t)n;
		if (c->state == FRONT_CONN_ANSWER)
			allow_more_time(c);
	}
}

/* Nothing that was sent is kept; memory of a large answer goes. */
static void
out_clear(struct front_conn *c)
{
	size_t max = c->fcgi.out.max;

	c->sent = 0;
	if (c->fcgi.out.cap <= OUT_KEPT) {
		buf_clear(&c->fcgi.out);
		return;
	}
	buf_fini(&c->fcgi.out);
	buf_init(&c->fcgi.out, max);
}

/* Bytes that a peer still sends after its answer are read away: closing over
 * them would turn the answer into a reset. */
static void
linger(struct front_conn *c)
{
	shutdown(c->watch.fd, SHUT_WR);
	enter(c, FRONT_CONN_LINGER, LINGER_MS);
	if (c->is_at_end || c->front->is_stopping)
		c->is_gone = true;
	else
		want(c, LOOP_READ);
}

/* The answer is out. */
static void
end_request(struct front_conn *c)
{
	struct fcgi_request *r = c->fcgi.request;
	bool lingers = c->is_deaf || (r != NULL && r->is_input_open);

	give_back(c);
	fcgi_request_free(r);
	fcgi_conn_forget(&c->fcgi);
	out_clear(c);
	if (!c->fcgi.is_last && !c->front->is_stopping && !c->is_at_end &&
	    !c->is_deaf) {
		enter(c, FRONT_CONN_IDLE, KEPT_MS);
		want(c, LOOP_READ);
	} else if (lingers) {
		linger(c);
	} else {
		c->is_gone = true;
	}
}

/* The whole request is worked, once there is memory for it. */
static void
begin_work(struct front_conn *c, bool is_late)
{
	if (front_call_begin(c, is_late))
		enter(c, FRONT_CONN_WORK, -1);
	else if (c->state != FRONT_CONN_MEMORY)
		enter(c, FRONT_CONN_MEMORY, front_call_time_ms(c->front));
}

void
front_conn_try_memory(struct front_conn *c)
{
	begin_work(c, false);
}

static void
begin_answer(struct front_conn *c)
{
	c->text_at = 0;
	c->is_ended = c->fcgi.request == NULL;
	c->fcgi.is_taken = true;
	enter(c, FRONT_CONN_ANSWER, STALL_MS);
}

/* Requests that prove nothing cannot fill the log. */
static void
log_refusal(struct front *f, const char *request_id, int status,
    const char *why)
{
	uint64_t left_out = 0;
	struct log_line l;

	if (!log_limit_take(&f->log_limit, status, loop_now_ms(f->loop),
		&left_out))
		return;
	log_begin(&l, LOG_LEVEL_INFO, "head refused");
	log_str(&l, "request_id", request_id);
	if (status != 0)
		log_int(&l, "status", status);
	log_str(&l, "error", why);
	if (left_out > 0)
		log_int(&l, "left_out", (int64_t)left_out);
	log_end(&l);
}

/* Ends a request that does not come whole.  The peer is answered if it has
 * begun one. */
static void
refuse(struct front_conn *c, int status, const char *why)
{
	struct fcgi_request *r = c->fcgi.request;
	char request_id[REPLY_ID_SIZE];
	struct http_resp resp;
	struct err e;

	reply_make_id(request_id);
	log_refusal(c->front, request_id, status, why);
	if (r == NULL || status == 0) {
		c->is_gone = true;
		return;
	}
	count_request(c->front->count, NULL, status, 0);
	http_resp_init(&resp);
	reply_problem(&resp, request_id, status, NULL, NULL);
	(void)reply_send(&r->conn, &resp, request_id, false, &e);
	http_resp_fini(&resp);
	c->fcgi.is_last = c->is_deaf = true;
	begin_answer(c);
}

/* Moves the connection on after bytes were taken. */
static void
follow(struct front_conn *c)
{
	const struct fcgi_request *r = c->fcgi.request;
	int64_t idle_ms = c->fcgi.has_past ? KEPT_MS : HEAD_MS;

	if (c->state != FRONT_CONN_HEAD && c->state != FRONT_CONN_INPUT &&
	    c->state != FRONT_CONN_MEMORY)
		return;
	if (c->fcgi.is_aborted || (r == NULL && c->fcgi.is_last))
		/* Its end alone is to be written, or is already. */
		begin_answer(c);
	else if (r == NULL && fcgi_conn_is_between(&c->fcgi))
		enter(c, FRONT_CONN_IDLE, idle_ms);
	else if (c->state == FRONT_CONN_HEAD && r != NULL &&
	    r->state != FCGI_REQUEST_HEAD)
		enter(c, FRONT_CONN_INPUT, front_call_time_ms(c->front));
}

static void
take_bytes(struct front_conn *c, size_t n)
{
	struct front *f = c->front;
	int status;
	struct err e;
	enum rc rc;

	c->came_ms = loop_now_ms(f->loop);
	if (c->state == FRONT_CONN_IDLE)
		enter(c, FRONT_CONN_HEAD, HEAD_MS);
	f->limits.max_body = f->now->set->max_body;
	rc = fcgi_conn_take(&c->fcgi, &f->limits, f->scratch, n, &status, &e);
	if (rc == RC_OK)
		follow(c);
	else if ((c->state == FRONT_CONN_HEAD ||
		     c->state == FRONT_CONN_INPUT) &&
	    !fcgi_conn_is_whole(&c->fcgi))
		refuse(c, status, e.text);
	else
		/* The answer goes out, and with it the connection ends. */
		c->is_deaf = true;
}

/* The peer sends no more; n is 0, or below it when the connection broke. */
static void
end_input(struct front_conn *c, ssize_t n)
{
	c->is_at_end = true;
	if (n < 0 || c->state == FRONT_CONN_IDLE ||
	    c->state == FRONT_CONN_HEAD || c->state == FRONT_CONN_LINGER)
		c->is_gone = true;
	else if (c->state == FRONT_CONN_INPUT)
		fcgi_request_break(c->fcgi.request,
		    "the web server ended the request early");
}

static void
receive(struct front_conn *c)
{
	ssize_t n;

	do
		n = recv(c->watch.fd, c->front->scratch, FRONT_SCRATCH_SIZE,
		    MSG_DONTWAIT);
	while (n < 0 && errno == EINTR);
	if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
		return;
	if (n <= 0)
		end_input(c, n);
	else if (c->state != FRONT_CONN_LINGER && !c->is_deaf)
		take_bytes(c, (size_t)n);
}

/* A connection that came with its only request need not be watched at all. */
static bool
is_answered_soon(const struct front_conn *c)
{
	return c->state == FRONT_CONN_WORK && c->watch.wanted == 0 &&
	    c->fcgi.is_last;
}

/* Everything that can be done without waiting.  c may be gone afterwards. */
static void
go_on(struct front_conn *c)
{
	enum sent sent;

	if (!c->is_gone && fcgi_conn_is_whole(&c->fcgi) &&
	    (c->state == FRONT_CONN_HEAD || c->state == FRONT_CONN_INPUT))
		begin_work(c, false);
	if (!c->is_gone) {
		sent = send_out(c);
		if (sent == SENT_NEVER)
			c->is_gone = true;
		else if (sent == SENT_SOME)
			want(c, LOOP_READ | LOOP_WRITE);
		else if (c->state == FRONT_CONN_ANSWER)
			end_request(c);
		else
			out_clear(c);
	}
	if (!c->is_gone && c->sent == c->fcgi.out.len && !is_answered_soon(c))
		want(c, LOOP_READ);
	if (c->is_gone)
		front_conn_close(c);
}

static void
answer(struct front_conn *c)
{
	front_call_end(c);
	begin_answer(c);
	if (!c->end.is_answered)
		c->is_gone = true;
	go_on(c);
}

void
front_conn_worked(struct front_conn *c)
{
	c->is_worked = true;
	/* Its bytes are read, or the store's, by now. */
	spool_fini(&c->fcgi.request->body);
	if (c->call == NULL || c->is_stored)
		answer(c);
	else
		set_timer(c, c->serve.deadline_ms);
}

void
front_conn_stored(struct front_conn *c)
{
	c->is_stored = true;
	if (c->is_worked)
		answer(c);
}

static void
ready(void *arg, unsigned int found)
{
	struct front_conn *c = arg;

	/* At work: it is told of the end afterwards. */
	if (found & LOOP_GONE && c->state == FRONT_CONN_WORK) {
		front_conn_close(c);
		return;
	}
	if (found & (LOOP_READ | LOOP_GONE))
		receive(c);
	go_on(c);
}

/* Until when a body must be whole: later the more of it has come, but not
 * long after its last byte. */
static int64_t
input_until_ms(const struct front_conn *c)
{
	int64_t came = (int64_t)c->fcgi.request->body.size;
	int64_t time_ms = front_call_time_ms(c->front);
	int64_t limit_ms = time_ms + came * 1000 / INPUT_RATE;
	int64_t until_ms;

	if (limit_ms > INPUT_MS)
		limit_ms = INPUT_MS;
	until_ms = c->since_ms + limit_ms;
	if (until_ms > c->came_ms + time_ms + INPUT_STALL_MS)
		until_ms = c->came_ms + time_ms + INPUT_STALL_MS;
	return until_ms;
}

static bool
is_input_slow(struct front_conn *c)
{
	int64_t until_ms = input_until_ms(c);

	if (c->front->is_stopping || loop_now_ms(c->front->loop) >= until_ms)
		return true;
	set_timer(c, until_ms);
	return false;
}

static void
late(void *arg)
{
	struct front_conn *c = arg;

	switch (c->state) {
	case FRONT_CONN_HEAD:
		refuse(c, 408, "the head is too slow");
		break;
	case FRONT_CONN_INPUT:
		if (is_input_slow(c))
			fcgi_request_break(c->fcgi.request,
			    "the body is too slow");
		break;
	case FRONT_CONN_MEMORY:
		begin_work(c, true);
		break;
	case FRONT_CONN_WORK:
		if (front_call_leave(c))
			answer(c);
		return;
	case FRONT_CONN_IDLE:
	case FRONT_CONN_ANSWER:
	case FRONT_CONN_LINGER:
		c->is_gone = true;
		break;
	}
	go_on(c);
}

void
front_conn_new(struct front *f, int fd)
{
	struct front_conn *c = xcalloc(1, sizeof(*c));

	c->front = f;
	c->watch.fd = fd;
	c->watch.call = ready;
	c->watch.arg = c;
	c->timer.call = late;
	c->timer.arg = c;
	fcgi_conn_init(&c->fcgi);
	f->nconns++;
	enter(c, FRONT_CONN_IDLE, HEAD_MS);
	/* The request is here already, most of the time. */
	receive(c);
	go_on(c);
}

void
front_conn_hurry(struct front_conn *c)
{
	/* A request may be here that nobody has looked at. */
	if (c->state == FRONT_CONN_IDLE)
		receive(c);
	if (c->state == FRONT_CONN_LINGER ||
	    (c->state == FRONT_CONN_IDLE && c->fcgi.has_past))
		c->is_gone = true;
	else if (c->state == FRONT_CONN_IDLE)
		set_timer(c, c->since_ms + FIRST_MS);
	else if (c->state != FRONT_CONN_WORK || c->is_worked)
		set_timer(c, c->timer.at_ms);
	go_on(c);
}
