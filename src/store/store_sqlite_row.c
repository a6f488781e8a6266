#include "config.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/js.h"
#include "base/xalloc.h"
#include "core/event.h"
#include "store/store_sqlite_int.h"

#define LIST_TEXT_MAX (256 * 1024)

void
lite_public_id(struct lite *l, const char *prefix, int64_t ms, int64_t row,
    char out[ID_PUBLIC_SIZE])
{
	const struct id_public id = { ms, l->salt, row };

	id_format(prefix, &id, out);
}

void
lite_strlist_of_row(struct sqlite3_stmt *st, int at, struct strlist *l)
{
	size_t n;
	const char *text = lite_col_bytes(st, at, &n);
	struct js_doc doc;
	struct err ignored;

	if (text == NULL || js_parse_any(&doc, text, n, &ignored) != RC_OK)
		return;
	(void)js_get_strlist(doc.root, l);
	js_doc_fini(&doc);
}

char *
lite_strlist_text(const struct strlist *l)
{
	struct js_writer w;
	struct buf b;
	size_t n;

	buf_init(&b, LIST_TEXT_MAX);
	js_writer_init(&w, &b);
	js_strlist(&w, NULL, l);
	return buf_take(&b, &n);
}

static char *
text_or_empty(struct sqlite3_stmt *st, int at)
{
	char *s = lite_col_text(st, at);

	return s != NULL ? s : xstrdup("");
}

/* Numbers with commas between, fewer where the rest is 0. */
static void
read_passed(const char *text, struct event *ev)
{
	size_t i;

	ev->has_passed = text != NULL;
	for (i = 0; i < EVENT_PASSED && text != NULL && *text != '\0'; i++) {
		ev->passed[i] = strtoll(text, NULL, 10);
		text = strchr(text, ',');
		text = text == NULL ? NULL : text + 1;
	}
}

struct event *
lite_event_of_row(struct lite *l, struct sqlite3_stmt *st, int at)
{
	struct event *ev = event_new();
	const void *digest;
	int suspect;

	assert(at + LITE_EVENT_COLUMNS <= lite_columns(st));
	ev->id = lite_col_int(st, at);
	ev->received_ms = lite_col_ms(st, at + 1);
	ev->scheduled_ms = lite_col_ms(st, at + 2);
	ev->source = text_or_empty(st, at + 3);
	ev->provider = text_or_empty(st, at + 4);
	ev->delivery_id = text_or_empty(st, at + 5);
	ev->type = text_or_empty(st, at + 6);
	ev->action = text_or_empty(st, at + 7);
	ev->repository = text_or_empty(st, at + 8);
	lite_strlist_of_row(st, at + 9, &ev->teams);
	ev->webhook_id = lite_col_text(st, at + 10);
	ev->content_type = text_or_empty(st, at + 11);
	ev->priority = (int)lite_col_int(st, at + 12);
	ev->hops = (int)lite_col_int(st, at + 13);
	suspect = lite_col_enum(st, at + 14, EVENT_WHYS + 1);
	ev->replay_suspect = suspect != 0;
	if (suspect != 0)
		ev->suspect_why = (enum event_why)(suspect - 1);
	ev->bodysz = (size_t)lite_col_int(st, at + 15);
	digest = lite_col_exact(st, at + 16, sizeof(ev->body_sha256));
	if (digest != NULL)
		memcpy(ev->body_sha256, digest, sizeof(ev->body_sha256));
	ev->status =
	    (enum event_status)lite_col_enum(st, at + 17, EVENT_STATUSES);
	ev->jobs_total = (unsigned int)lite_col_int(st, at + 18);
	ev->retry_count = (unsigned int)lite_col_int(st, at + 19);
	ev->error_message = lite_col_text(st, at + 20);
	ev->started_ms = lite_col_ms(st, at + 21);
	ev->completed_ms = lite_col_ms(st, at + 22);
	ev->sent_id = lite_col_text(st, at + 23);
	ev->is_round_alone = lite_col_int(st, at + 24) != 0;
	read_passed(lite_col_str(st, at + 25), ev);
	lite_public_id(l, "evt_", ev->received_ms, ev->id, ev->public_id);
	return ev;
}

void
lite_job_of_row(struct lite *l, struct sqlite3_stmt *st, struct store_job *out)
{
	memset(out, 0, sizeof(*out));
	out->id = lite_col_int(st, 0);
	out->event = lite_col_int(st, 1);
	out->kind = (enum store_kind)lite_col_enum(st, 2, STORE_KINDS);
	out->state = (enum store_state)lite_col_enum(st, 3, STORE_STATES);
	out->round = (unsigned int)lite_col_int(st, 4);
	out->attempt = (unsigned int)lite_col_int(st, 5);
	out->deaths = (unsigned int)lite_col_int(st, 6);
	out->priority = (int)lite_col_int(st, 7);
	out->target = text_or_empty(st, 8);
	out->order_key = lite_col_text(st, 9);
	out->created_ms = lite_col_ms(st, 10);
	out->due_ms = lite_col_ms(st, 11);
	out->ended_ms = lite_col_ms(st, 12);
	out->lease_owner = lite_col_text(st, 13);
	out->last_class =
	    (enum store_class)lite_col_enum(st, 14, STORE_CLASS_US + 1);
	out->last_code = (int)lite_col_int(st, 15);
	out->last_text = lite_col_text(st, 16);
	out->blocked_by = lite_col_int(st, 17);
	out->webhook_name = lite_col_text(st, 18);
	out->is_test = lite_col_int(st, 19) != 0;
	lite_public_id(l, "job_", out->created_ms, out->id, out->public_id);
}

enum rc
lite_one_int(struct lite_conn *c, struct sqlite3_stmt *st, int64_t other,
    int64_t *out, struct err *e)
{
	bool row;
	enum rc rc = lite_step(c, st, &row, e);

	*out = other;
	if (rc == RC_OK && row) {
		*out = lite_col_int(st, 0);
		lite_reset(st);
	}
	return rc;
}

static bool
mend(int64_t v, int64_t most, int64_t *out)
{
	bool is_bad = v < 0 || v > most;

	*out = is_bad ? 0 : v;
	return is_bad;
}

bool
lite_job_mend(struct lite_job *j)
{
	int64_t priority, attempt, tries, deaths, due_ms;
	bool is_bad;

	is_bad = mend(j->priority, EVENT_PRIORITY_MAX, &priority);
	is_bad = mend((int)j->attempt, INT32_MAX, &attempt) || is_bad;
	is_bad = mend((int)j->tries, INT32_MAX, &tries) || is_bad;
	is_bad = mend((int)j->deaths, INT32_MAX, &deaths) || is_bad;
	is_bad = mend(j->due_ms, INT64_MAX, &due_ms) || is_bad;
	if (j->token == INT64_MAX) {
		j->token = 0;
		is_bad = true;
	}
	if ((unsigned int)j->state >= STORE_STATES) {
		j->state = STORE_STATE_DEAD;
		is_bad = true;
	}
	j->priority = (int)priority;
	j->attempt = (unsigned int)attempt;
	j->tries = (unsigned int)tries;
	j->deaths = (unsigned int)deaths;
	j->due_ms = due_ms;
	return is_bad;
}

enum rc
lite_job_read(struct lite_tx *tx, int64_t id, struct lite_job *out, bool *found,
    struct err *e)
{
	struct sqlite3_stmt *st = lite_stmt(tx->conn, LITE_JOB_HELD);
	enum rc rc;

	memset(out, 0, sizeof(*out));
	lite_int(st, 1, id);
	rc = lite_step(tx->conn, st, found, e);
	if (rc != RC_OK || !*found)
		return rc;
	out->id = id;
	out->event = lite_col_int(st, 0);
	out->target = lite_col_int(st, 1);
	out->state = (enum store_state)lite_col_enum(st, 2, STORE_STATES);
	out->priority = (int)lite_col_int(st, 3);
	out->attempt = (unsigned int)lite_col_int(st, 4);
	out->tries = (unsigned int)lite_col_int(st, 5);
	out->deaths = (unsigned int)lite_col_int(st, 6);
	out->suspect = lite_col_int(st, 7) != 0;
	out->due_ms = lite_col_ms(st, 8);
	out->token = lite_col_int(st, 9);
	out->alone = lite_col_int(st, 10) != 0;
	out->ordered = lite_col_int(st, 11) != 0;
	out->behind = lite_col_int(st, 12) != 0;
	out->round = lite_col_int(st, 13);
	lite_reset(st);
	out->damaged = lite_job_mend(out);
	return RC_OK;
}

enum rc
lite_ids(struct lite_conn *c, struct sqlite3_stmt *st, struct lite_ids *out,
    struct err *e)
{
	bool row = true;
	enum rc rc;

	memset(out, 0, sizeof(*out));
	for (;;) {
		rc = lite_step(c, st, &row, e);
		if (rc != RC_OK || !row)
			break;
		if (out->n % 64 == 0)
			out->v =
			    xreallocarray(out->v, out->n + 64, sizeof(*out->v));
		out->v[out->n++] = lite_col_int(st, 0);
	}
	if (rc != RC_OK)
		lite_ids_fini(out);
	return rc;
}

void
lite_ids_fini(struct lite_ids *ids)
{
	free(ids->v);
	memset(ids, 0, sizeof(*ids));
}
