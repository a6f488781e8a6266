#include "config.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/units.h"
#include "core/http.h"
#include "core/token.h"
#include "front/budget.h"
#include "front/page.h"
#include "front/reply.h"
#include "stats/show.h"
#include "store/store_admin.h"
#include "store/store_read.h"

#define TEXT_MAX 256
#define LINGERING_MAX 4

static atomic_uint lingering;

void
page_json_begin(struct page *pg, struct js_writer *w)
{
	pg->resp->status = 200;
	pg->resp->content_type = "application/json";
	js_writer_init(w, &pg->resp->body);
	js_open_object(w, NULL);
}

void
page_json_end(struct page *pg, struct js_writer *w)
{
	js_close_object(w);
	buf_add_str(&pg->resp->body, "\n");
}

void
page_job(struct page *pg, struct js_writer *w, const struct store_job *j)
{
	static char masked[] = "***";
	struct store_job shown = *j;

	if (shown.order_key != NULL && shown.order_key[0] != '\0' &&
	    !token_role_may(pg->who.role, TOKEN_OPERATE))
		shown.order_key = masked;
	show_job(w, &shown);
}

void
page_attempt(struct page *pg, struct js_writer *w,
    const struct store_attempt_row *row)
{
	struct store_attempt_row shown = *row;

	if (!token_role_may(pg->who.role, TOKEN_ADMINISTER)) {
		shown.a.request.address = "";
		shown.a.request.answer = NULL;
		shown.a.request.answersz = 0;
	}
	js_open_object(w, NULL);
	show_attempt(w, &shown);
	js_close_object(w);
}

enum rc
page_attempts(struct page *pg, struct js_writer *w, int64_t job, size_t max,
    struct err *e)
{
	struct store_attempts attempts;
	size_t i, left_out;
	enum rc rc;

	rc = store_attempt_list(pg->set->intake.store, job, &attempts, e);
	if (rc != RC_OK)
		return rc;
	js_open_array(w, "attempts");
	left_out = attempts.n > max ? attempts.n - max : 0;
	for (i = left_out; i < attempts.n; i++)
		page_attempt(pg, w, &attempts.v[i]);
	js_close_array(w);
	if (left_out > 0)
		js_int(w, "attempts_left_out", (int64_t)left_out);
	store_attempts_free(&attempts);
	return RC_OK;
}

void
page_invalid(struct page *pg, const struct intake_problems *p)
{
	struct reply_field fields[INTAKE_PROBLEMS_MAX];
	size_t i;

	for (i = 0; i < p->n; i++) {
		fields[i].field = p->v[i].field;
		fields[i].message = p->v[i].message;
	}
	reply_invalid(pg->resp, pg->req->request_id, fields, p->n);
}

enum rc
page_unread(struct page *pg, enum rc rc, const struct intake_problems *p)
{
	if (rc == RC_INVALID && p->n > 0)
		page_invalid(pg, p);
	return rc;
}

void
page_query_text(struct page_query *q, const char *name, char *out, size_t max)
{
	out[0] = '\0';
	if (http_query_has(q->pg->req, name) &&
	    !http_query_find(q->pg->req, name, out, max)) {
		out[0] = '\0';
		q->wrong = name;
	}
}

int64_t
page_query_int(struct page_query *q, const char *name, int64_t least)
{
	char text[TEXT_MAX];
	int64_t value;

	page_query_text(q, name, text, sizeof(text));
	if (text[0] == '\0')
		return 0;
	if (!units_int_parse(text, &value) || value < least) {
		q->wrong = name;
		return 0;
	}
	return value;
}

int
page_query_flag(struct page_query *q, const char *name)
{
	char text[16];

	page_query_text(q, name, text, sizeof(text));
	if (text[0] == '\0')
		return -1;
	if (strcmp(text, "true") == 0 || strcmp(text, "1") == 0)
		return 1;
	if (strcmp(text, "false") != 0 && strcmp(text, "0") != 0)
		q->wrong = name;
	return 0;
}

size_t
page_query_limit(struct page_query *q, size_t fallback, size_t max)
{
	int64_t value = page_query_int(q, "limit", 1);

	if (value > (int64_t)max) {
		q->wrong = "limit";
		return fallback;
	}
	return value == 0 ? fallback : (size_t)value;
}

int64_t
page_query_time(struct page_query *q, const char *name)
{
	char text[TEXT_MAX];
	int64_t value = 0;

	page_query_text(q, name, text, sizeof(text));
	if (text[0] != '\0' && !clock_parse(text, &value))
		q->wrong = name;
	return value;
}

bool
page_query_is_good(struct page_query *q)
{
	struct reply_field field;

	if (q->wrong == NULL)
		return true;
	field.field = q->wrong;
	field.message = "malformed or out of range";
	reply_invalid(q->pg->resp, q->pg->req->request_id, &field, 1);
	return false;
}

void
page_cursor(struct js_writer *w, int64_t next)
{
	char text[UNITS_TEXT_SIZE];

	if (next == 0) {
		js_null(w, "next_cursor");
		return;
	}
	(void)snprintf(text, sizeof(text), "%lld", (long long)next);
	js_str(w, "next_cursor", text);
}

int64_t
page_wait_ms(const struct page *pg)
{
	int64_t left =
	    pg->req->deadline_ms - clock_boot_ms(pg->set->intake.clock);

	return left < 0 ? 0 : left;
}

enum rc
page_hold(struct page *pg, size_t n, struct err *e)
{
	size_t all = budget_size(pg->bodies);
	size_t some = n < all ? n : all;
	enum rc rc;

	rc = budget_take(pg->bodies, some, page_wait_ms(pg), e);
	if (rc == RC_OK)
		pg->held += some;
	return rc;
}

void
page_let_go(struct page *pg)
{
	budget_give(pg->bodies, pg->held);
	pg->held = 0;
}

struct registry
page_registry(const struct page *pg)
{
	struct registry r = pg->set->registry;

	r.is_admin = token_role_may(pg->who.role, TOKEN_ADMINISTER);
	r.masks_urls = !token_role_may(pg->who.role, TOKEN_OPERATE);
	return r;
}

/* A body that needs more than there is has all of it. */
static enum rc
take_memory(void *arg, size_t n, size_t *got, struct err *e)
{
	struct page *pg = arg;
	size_t all = budget_size(pg->bodies);

	*got = n < all ? n : all;
	return budget_take(pg->bodies, *got, page_wait_ms(pg), e);
}

static void
give_memory(void *arg, size_t n)
{
	struct page *pg = arg;

	budget_give(pg->bodies, n);
}

struct intake
page_intake(struct page *pg)
{
	struct intake in = pg->set->intake;

	pg->memory = (struct intake_memory){ take_memory, give_memory, pg };
	in.memory = &pg->memory;
	return in;
}

bool
page_linger(const struct page *pg)
{
	unsigned int most = (pg->set->threads + 2) / 4;

	if (most > LINGERING_MAX)
		most = LINGERING_MAX;
	if (atomic_fetch_add(&lingering, 1) < most)
		return true;
	page_linger_end();
	return false;
}

void
page_linger_end(void)
{
	atomic_fetch_sub(&lingering, 1);
}

enum rc
page_refuse(struct page *pg, const char *field, const char *message,
    struct err *e)
{
	struct reply_field wrong = { field, message };

	reply_invalid(pg->resp, pg->req->request_id, &wrong, 1);
	return err_set(e, RC_INVALID, "%s: %s", field, message);
}

enum rc
page_webhook_arg(struct page *pg, struct err *e)
{
	enum rc rc;

	rc = store_webhook_resolve(pg->set->registry.store, pg->arg,
	    pg->webhook_id, e);
	if (rc == RC_OK)
		pg->arg = pg->webhook_id;
	return rc;
}

enum rc
page_webhook_field(struct page *pg, const char *field, const char *text,
    char id[WEBHOOK_ID_MAX + 1], struct err *e)
{
	enum rc rc;

	rc = store_webhook_resolve(pg->set->registry.store, text, id, e);
	if (rc == RC_NOTFOUND)
		return err_set(e, rc, "%s: no such webhook", field);
	if (rc == RC_EXISTS)
		return page_refuse(pg, field,
		    "it is the beginning of several ids", e);
	return rc;
}

/* What is looked for in a body of one member. */
struct body_text {
	struct page *pg;
	const char *name;
	char *out;
	size_t max;
	bool *flag; /* instead of out */
	enum rc rc;
	struct err *e;
};

static bool
read_body_member(void *arg, const char *key, struct json_object *value)
{
	struct body_text *t = arg;
	const char *text;
	size_t n;

	if (t->name == NULL || strcmp(key, t->name) != 0)
		t->rc = page_refuse(t->pg, key, "unknown field", t->e);
	else if (t->flag != NULL && js_get_bool(value, t->flag))
		;
	else if (js_get_str(value, &text, &n) && n > 0 && n < t->max &&
	    strlen(text) == n)
		memcpy(t->out, text, n + 1);
	else if (!js_is_null(value))
		t->rc = page_refuse(t->pg, key, "malformed", t->e);
	return t->rc == RC_OK;
}

static enum rc
read_body(struct body_text *t)
{
	struct page *pg = t->pg;
	struct js_doc doc;
	enum rc rc;

	if (pg->req->bodysz == 0)
		return RC_OK;
	rc = js_parse(&doc, pg->req->body, pg->req->bodysz, t->e);
	if (rc != RC_OK)
		return rc;
	if (js_is_object(doc.root))
		js_each(doc.root, read_body_member, t);
	else
		t->rc =
		    err_set(t->e, RC_INVALID, "the body is not a JSON object");
	js_doc_fini(&doc);
	return t->rc;
}

enum rc
page_body_text(struct page *pg, const char *name, char *out, size_t max,
    struct err *e)
{
	struct body_text t = { pg, name, out, max, NULL, RC_OK, e };

	out[0] = '\0';
	return read_body(&t);
}

enum rc
page_body_flag(struct page *pg, const char *name, bool *out, struct err *e)
{
	struct body_text t = { pg, name, NULL, 0, out, RC_OK, e };

	*out = false;
	return read_body(&t);
}

enum rc
page_body_none(struct page *pg, struct err *e)
{
	char none[1];

	return page_body_text(pg, NULL, none, sizeof(none), e);
}
