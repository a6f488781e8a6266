/*
 * A FastCGI connection: however the bytes are cut, the same requests, answers
 * and refusals come of them, and a request that is whole has parameters.
 */
#include "config.h"

#include <string.h>

#include "fuzz.h"

#include "front/budget.h"
#include "front/fcgi_conn.h"

#define WORKED_MAX 64 /* requests of one input */

/* What came of one stream. */
struct result {
	enum rc rc;
	int status;
	size_t whole, bodies;
	struct buf out;
};

static struct budget memory, disk;

static void
end_request(struct fcgi_conn *c, struct result *r)
{
	struct fcgi_request *req = c->request;

	FUZZ_HOLDS(req->list != NULL);
	FUZZ_HOLDS(req->body.size <= req->announced);
	r->whole++;
	r->bodies += req->body.size;
	fcgi_record_add_end(&c->out, req->id, 0);
	fcgi_request_free(req);
	fcgi_conn_forget(c);
}

static void
play(const uint8_t *data, size_t size, size_t step, struct result *r)
{
	const struct fcgi_conn_limits limits = { .max_body = 1 << 20,
		.max_requests = 7,
		.room = { &memory, &disk, "/tmp", 0 } };
	struct fcgi_conn c;
	struct err e;
	size_t n;

	memset(r, 0, sizeof(*r));
	fcgi_conn_init(&c);
	while (size > 0 && r->rc == RC_OK && r->whole < WORKED_MAX) {
		n = step < size ? step : size;
		r->rc = fcgi_conn_take(&c, &limits, data, n, &r->status, &e);
		data += n;
		size -= n;
		/* An end behind which more has come already is not told apart
		 * from one that was seen at once. */
		if (step == 1 && fcgi_conn_is_whole(&c))
			end_request(&c, r);
	}
	r->out = c.out;
	buf_init(&c.out, 1);
	fcgi_conn_fini(&c);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct result a, b;

	budget_init(&memory, 1 << 20);
	budget_init(&disk, 1 << 20);
	play(data, size, 3, &a);
	play(data, size, 4096, &b);
	FUZZ_HOLDS(a.rc == b.rc && a.status == b.status);
	FUZZ_HOLDS(a.rc != RC_DENIED || a.status == 400 || a.status == 431);
	FUZZ_HOLDS(a.rc != RC_OK ||
	    (a.out.len == b.out.len &&
		(a.out.len == 0 ||
		    memcmp(a.out.data, b.out.data, a.out.len) == 0)));
	buf_fini(&a.out);
	buf_fini(&b.out);
	play(data, size, 1, &a);
	buf_fini(&a.out);
	FUZZ_HOLDS(
	    budget_take(&memory, 1 << 20, 0, &(struct err){ 0 }) == RC_OK);
	budget_fini(&memory);
	budget_fini(&disk);
	return 0;
}
