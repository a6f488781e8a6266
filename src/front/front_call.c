#include "config.h"

#include "front/front_int.h"
#include "front/http_conn.h"
#include "front/settings.h"

int64_t
front_call_time_ms(const struct front *f)
{
	return f->now->set->deadline_ms;
}

static void
give(void *arg, size_t n)
{
	budget_give(arg, n);
}

/* RC_BUSY: none is free now. */
static enum rc
take_memory(struct front_conn *c, size_t n)
{
	struct budget *b = c->front->opt->bodies;
	struct err e;
	enum rc rc;

	if (n == 0)
		return RC_OK;
	rc = budget_take(b, n, 0, &e);
	if (rc == RC_OK)
		c->serve.hold = (struct event_hold){ give, b, n };
	return rc;
}

/* By the committer. */
static void
stored(void *arg)
{
	struct front_conn *c = arg;

	front_inbox_put(&c->front->stored, &c->stored);
}

static void
prepare(struct front_conn *c)
{
	struct front *f = c->front;
	struct front_set *now = f->now;
	int64_t time_ms = front_call_time_ms(f);
	int64_t whole_ms =
	    c->state == FRONT_CONN_MEMORY ? c->since_ms : loop_now_ms(f->loop);

	c->waiter = (struct store_waiter){ stored, c };
	c->serve = (struct serve){ .set = now->set,
		.bodies = f->opt->bodies,
		.count = f->count,
		.log_limit = &f->log_limit,
		.resend = &f->resend,
		.signin = &f->signin,
		.waiter = &c->waiter };
	/* The answer itself takes time too. */
	c->serve.deadline_ms = whole_ms + time_ms - time_ms / 10;
	if (c->serve.deadline_ms > f->until_ms)
		c->serve.deadline_ms = f->until_ms;
	c->serve.came = c->fcgi.request->body.size;
}

/* A body in a file is read from it, and a slow disk would delay the loop. */
static void
hand_over(struct front_conn *c, bool is_post)
{
	struct front *f = c->front;

	if (!is_post)
		front_pool_put(f->pages, &c->task);
	else if (c->fcgi.request->body.size > SPOOL_MEMORY)
		front_pool_put(f->posts, &c->task);
	else
		front_items_put(&f->small, &c->task);
}

bool
front_call_begin(struct front_conn *c, bool is_late)
{
	const struct fcgi_request *r = c->fcgi.request;
	struct front *f = c->front;
	struct serve_plan plan;

	prepare(c);
	serve_plan(&c->serve, r->list, r->broken != NULL ? 0 : r->body.size,
	    &plan);
	if (take_memory(c, plan.memory) == RC_BUSY && !is_late)
		return false;
	c->set = f->now;
	c->set->uses++;
	c->call = NULL;
	c->is_worked = c->is_stored = false;
	c->fcgi.is_taken = true;
	hand_over(c, plan.is_post);
	return true;
}

void
front_call_run(struct front_item *task)
{
	struct front_conn *c = (struct front_conn *)task;
	struct serve_call *call;

	call = serve_begin(&c->serve, &c->fcgi.request->conn);
	if (serve_is_pending(call))
		c->call = call;
	else
		serve_end(call, &c->end);
}

bool
front_call_leave(struct front_conn *c)
{
	return serve_leave(c->call);
}

void
front_call_end(struct front_conn *c)
{
	if (c->call != NULL)
		serve_end(c->call, &c->end);
	c->call = NULL;
	c->set->uses--;
	c->set = NULL;
}
