#include "config.h"

#include <stdio.h>
#include <string.h>

#include "base/js.h"
#include "cmd/ctl.h"
#include "cmd/ctl_attempt.h"
#include "cmd/ctl_list.h"
#include "cmd/ctl_text.h"
#include "cmd/ctl_when.h"
#include "core/webhook.h"
#include "stats/show.h"
#include "store/store_admin.h"
#include "store/store_read.h"

/* Of what a receiver said; all of it is in --json. */
#define SAID_MAX 200

void
ctl_put_span(struct ctl *c, int64_t ms)
{
	if (ms < 0)
		ms = 0;
	if (ms < 1000)
		buf_addf(&c->out, "%lld ms", (long long)ms);
	else if (ms < 120000)
		buf_addf(&c->out, "%lld.%lld s", (long long)(ms / 1000),
		    (long long)(ms % 1000 / 100));
	else if (ms < 2 * 3600000)
		buf_addf(&c->out, "%lld min", (long long)(ms / 60000));
	else if (ms < 2 * 86400000)
		buf_addf(&c->out, "%lld h", (long long)(ms / 3600000));
	else
		buf_addf(&c->out, "%lld d", (long long)(ms / 86400000));
}

void
ctl_put_clock(struct ctl *c, int64_t wall_ms)
{
	char text[CTL_WHEN_SIZE];

	ctl_when_format(wall_ms, true, text);
	buf_add_str(&c->out, text);
}

void
ctl_put_target(struct ctl *c, const struct store_job *j)
{
	if (j->webhook_name == NULL) {
		ctl_put_text(c, j->target);
		return;
	}
	ctl_put_text(c, j->webhook_name);
	buf_add_str(&c->out, " (");
	ctl_put_text(c, j->target);
	buf_add_str(&c->out, ")");
}

/* Text from outside, wrapped behind the n bytes that the line has. */
static void
put_wrapped(struct ctl *c, size_t n, const char *text, size_t size)
{
	struct buf clean;

	buf_init(&clean, 65536);
	ctl_text_clean(&clean, text, size);
	ctl_text_wrap(&c->out, buf_str(&clean), n, CTL_ATTEMPT_INDENT,
	    CTL_ATTEMPT_WIDTH);
	buf_fini(&clean);
}

static void
put_part(struct buf *b, const char *name, int64_t us)
{
	if (us <= 0)
		return;
	if (b->len > 0)
		buf_add_str(b, b->data[b->len - 1] == ':' ? " " : ", ");
	if (us < 100)
		buf_addf(b, "%s <0.1 ms", name);
	else if (us < 10000)
		buf_addf(b, "%s %lld.%lld ms", name, (long long)(us / 1000),
		    (long long)(us % 1000 / 100));
	else
		buf_addf(b, "%s %lld ms", name, (long long)(us / 1000));
}

/* Where it went, and what its time went into. */
static void
tell_way(struct ctl *c, const struct store_attempt *a)
{
	const struct store_times *t = &a->request.times;
	bool was_open = t->connect_us == 0 && t->first_byte_us > 0;
	struct buf b;

	buf_init(&b, 4096);
	if (a->request.address[0] != '\0')
		buf_addf(&b, "to %s%s:", a->request.address,
		    was_open ? ", connected already" : "");
	put_part(&b, "name", t->name_us);
	put_part(&b, "connect", t->connect_us);
	put_part(&b, "TLS", t->tls_us);
	put_part(&b, "first byte", t->first_byte_us);
	if (b.len > 0) {
		if (b.data[b.len - 1] == ':')
			b.len--;
		buf_add_str(&c->out, "      ");
		put_wrapped(c, CTL_ATTEMPT_INDENT, b.data, b.len);
		buf_add_str(&c->out, "\n");
	}
	buf_fini(&b);
}

static void
tell_answer(struct ctl *c, const struct store_attempt *a)
{
	static const char said[] = "      it said: ";

	if (a->request.answersz == 0)
		return;
	buf_add_str(&c->out, said);
	put_wrapped(c, sizeof(said) - 1, a->request.answer,
	    a->request.answersz < SAID_MAX ? a->request.answersz : SAID_MAX);
	buf_add_str(&c->out, a->request.answersz > SAID_MAX ? " ...\n" : "\n");
}

void
ctl_attempt_tell(struct ctl *c, const struct store_attempt_row *row)
{
	const struct store_attempt *a = &row->a;
	size_t at = c->out.len;

	buf_add_str(&c->out, "  ");
	ctl_put_clock(c, a->started_ms);
	buf_addf(&c->out, "  attempt %u ", row->number);
	if (a->class == STORE_CLASS_NONE)
		buf_addf(&c->out, "delivered: %d", a->code);
	else if (a->code != 0)
		buf_addf(&c->out, "failed: %d", a->code);
	else
		buf_add_str(&c->out, "failed");
	buf_add_str(&c->out, " after ");
	ctl_put_span(c, a->took_ms);
	if (a->text[0] != '\0') {
		buf_add_str(&c->out, a->code != 0 ? ", " : ": ");
		put_wrapped(c, c->out.len - at, a->text, strlen(a->text));
	}
	buf_add_str(&c->out, "\n");
	tell_way(c, a);
	tell_answer(c, a);
	if (row->fenced)
		buf_add_str(&c->out,
		    "      its lease had lapsed, so it did not count\n");
}

static void
tell_held(struct ctl *c, const struct store_job *j, const struct webhook *w)
{
	if (!w->enabled) {
		buf_addf(&c->out,
		    "      held: the webhook is disabled: hlsctl webhook "
		    "enable %s\n",
		    w->id);
	} else if (w->damage != NULL && w->key_is_lost) {
		buf_add_str(&c->out,
		    "      held: the webhook's secret cannot be decrypted: ");
		ctl_put_text(c, w->damage);
		buf_add_str(&c->out, "\n");
	} else if (w->damage != NULL) {
		buf_addf(&c->out,
		    "      held: the webhook's secret cannot be decrypted: "
		    "hlsctl webhook rotate-secret %s\n",
		    w->id);
	} else if (w->breaker == BREAKER_HALF_OPEN) {
		buf_add_str(&c->out,
		    "      held: the webhook's breaker is half open, and one "
		    "probe is out\n");
	} else if (w->breaker == BREAKER_OPEN &&
	    w->breaker_until_ms > j->due_ms) {
		buf_add_str(&c->out,
		    "      held: the webhook's breaker is open until ");
		ctl_put_time(c, w->breaker_until_ms);
		buf_add_str(&c->out, "\n");
	}
}

/* A webhook that cannot be read is told of by those who ask for it. */
void
ctl_put_held(struct ctl *c, const struct store_job *j)
{
	struct webhook *w;
	struct err e;

	if (j->kind != STORE_DELIVER || j->state != STORE_WAITING ||
	    store_webhook_find(c->app.store, j->target, &w, &e) != RC_OK)
		return;
	tell_held(c, j, w);
	webhook_free(w);
}

bool
ctl_is_held(struct ctl *c, const char *webhook_id)
{
	struct webhook *w;
	struct err e;
	bool held;

	if (store_webhook_find(c->app.store, webhook_id, &w, &e) != RC_OK)
		return false;
	held = !w->enabled || w->damage != NULL || w->breaker != BREAKER_CLOSED;
	webhook_free(w);
	return held;
}

const struct ctl_option ctl_webhook_attempts_options[] = {
	CTL_LIST_OPTIONS,
	{ .name = NULL },
};

static void
put_row(struct ctl_list *l, const struct store_attempt_row *row)
{
	if (!l->ctl->json) {
		ctl_attempt_tell(l->ctl, row);
		buf_addf(&l->ctl->out, "      delivery %lld\n",
		    (long long)row->job);
		return;
	}
	js_open_object(&l->w, NULL);
	show_attempt(&l->w, row);
	js_close_object(&l->w);
}

static enum rc
each_attempt(struct ctl_list *l, int64_t before, struct err *e)
{
	struct ctl *c = l->ctl;
	struct store_attempts page;
	enum rc rc;
	size_t i;

	do {
		rc = store_webhook_attempts(c->app.store, c->args[0], before,
		    ctl_list_want(l), &page, &before, e);
		if (rc != RC_OK)
			return rc;
		for (i = 0; i < page.n; i++)
			put_row(l, &page.v[i]);
		rc = ctl_list_took(l, page.n, e);
		store_attempts_free(&page);
	} while (rc == RC_OK && ctl_list_want(l) > 0 && before != 0);
	return rc == RC_OK ? ctl_list_end_id(l, before, e) : rc;
}

enum rc
ctl_webhook_attempts(struct ctl *c, struct err *e)
{
	static const struct ctl_list_form form = { .noun = "webhook",
		.verb = "attempts",
		.member = "attempts",
		.none = "No attempts yet." };
	struct webhook *hook;
	struct ctl_list l;
	int64_t before = 0;
	enum rc rc;

	if ((rc = ctl_webhook_arg(c, e)) != RC_OK ||
	    (rc = ctl_number(c, "cursor", 1, INT64_MAX, &before, e)) != RC_OK)
		return rc;
	rc = store_webhook_find(c->app.store, c->args[0], &hook, e);
	if (rc == RC_NOTFOUND)
		return ctl_no_webhook(c->args[0], e);
	if (rc != RC_OK)
		return rc;
	webhook_free(hook);
	rc = ctl_list_begin(&l, c, &form, e);
	if (rc == RC_OK)
		rc = each_attempt(&l, before, e);
	ctl_list_fini(&l);
	return rc;
}
