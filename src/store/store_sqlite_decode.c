#include "config.h"

#include <stdlib.h>

#include "base/buf.h"
#include "core/event.h"
#include "store/store_sqlite_int.h"

/*
 * Before schema 5 a form had no decoded JSON beside it.  The upgrade adds the
 * JSON, because no SQL statement can decode a form.
 */

enum rc
lite_put_json(struct lite_conn *c, int64_t event, const char *json, size_t n,
    struct err *e)
{
	struct sqlite3_stmt *st = lite_stmt(c, LITE_PAYLOAD_JSON_PUT);

	lite_int(st, 1, event);
	lite_blob(st, 2, json, n);
	return lite_run(c, st, e);
}

static enum rc
decode_row(struct lite_conn *c, struct sqlite3_stmt *st, int64_t *event,
    struct err *e)
{
	struct buf json;
	char *type, *body;
	size_t n;
	enum rc rc = RC_OK;

	*event = lite_col_int(st, 0);
	type = lite_col_text(st, 1);
	body = lite_col_blob(st, 2, &n);
	lite_reset(st);
	if (body == NULL)
		n = 0;
	switch (event_json_make(type, body == NULL ? "" : body, n, &json)) {
	case EVENT_JSON_NONE:
		rc = lite_put_json(c, *event, "", 0, e);
		break;
	case EVENT_JSON_BODY:
		break;
	case EVENT_JSON_MADE:
		rc = lite_put_json(c, *event, json.data, json.len, e);
		buf_fini(&json);
		break;
	}
	free(type);
	free(body);
	return rc;
}

enum rc
lite_decode_payloads(struct lite_conn *c, struct err *e)
{
	struct sqlite3_stmt *st;
	int64_t event = 0;
	bool row;
	enum rc rc;

	do {
		st = lite_stmt(c, LITE_PAYLOAD_TO_DECODE);
		lite_int(st, 1, event);
		rc = lite_step(c, st, &row, e);
		if (rc == RC_OK && row)
			rc = decode_row(c, st, &event, e);
	} while (rc == RC_OK && row);
	return rc;
}
