#include "config.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <json-c/json.h>

#include "base/clock.h"
#include "base/js.h"
#include "base/jsscan.h"
#include "base/units.h"
#include "base/utf8.h"
#include "base/xalloc.h"

void
js_writer_init(struct js_writer *w, struct buf *out)
{
	w->out = out;
	w->comma = false;
}

/* The comma before a value, and its key. */
static void
begin(struct js_writer *w, const char *key)
{
	if (w->comma)
		buf_add(w->out, ",", 1);
	w->comma = true;
	if (key != NULL) {
		js_quote(w->out, key, strlen(key));
		buf_add(w->out, ":", 1);
	}
}

static void
open_with(struct js_writer *w, const char *key, const char *bracket)
{
	begin(w, key);
	buf_add(w->out, bracket, 1);
	w->comma = false;
}

static void
close_with(struct js_writer *w, const char *bracket)
{
	buf_add(w->out, bracket, 1);
	w->comma = true;
}

void
js_open_object(struct js_writer *w, const char *key)
{
	open_with(w, key, "{");
}

void
js_close_object(struct js_writer *w)
{
	close_with(w, "}");
}

void
js_open_array(struct js_writer *w, const char *key)
{
	open_with(w, key, "[");
}

void
js_close_array(struct js_writer *w)
{
	close_with(w, "]");
}

/* How many bytes from p stand for themselves inside a JSON string. */
static size_t
plain_prefix(const char *p, size_t n)
{
	size_t i = 0;

	while (
	    i < n && p[i] >= 0x20 && p[i] < 0x7f && p[i] != '"' && p[i] != '\\')
		i++;
	return i;
}

void
js_quote(struct buf *out, const char *s, size_t n)
{
	char one[UTF8_QUOTED_MAX];
	size_t used, onesz;

	buf_add(out, "\"", 1);
	while (n > 0) {
		used = plain_prefix(s, n);
		buf_add(out, s, used);
		if (used == 0) {
			used = utf8_quote(s, n, one, &onesz);
			buf_add(out, one, onesz);
		}
		s += used;
		n -= used;
	}
	buf_add(out, "\"", 1);
}

void
js_str(struct js_writer *w, const char *key, const char *value)
{
	if (value == NULL)
		js_null(w, key);
	else
		js_strn(w, key, value, strlen(value));
}

void
js_strn(struct js_writer *w, const char *key, const char *p, size_t n)
{
	begin(w, key);
	js_quote(w->out, p, n);
}

void
js_null(struct js_writer *w, const char *key)
{
	begin(w, key);
	buf_add_str(w->out, "null");
}

void
js_int(struct js_writer *w, const char *key, int64_t value)
{
	begin(w, key);
	buf_addf(w->out, "%" PRId64, value);
}

/* The shortest of the two texts that reads back as the same number; JSON
 * has no other word for what is not finite than null. */
void
js_real(struct js_writer *w, const char *key, double value)
{
	char text[40];

	if (!isfinite(value)) {
		js_null(w, key);
		return;
	}
	(void)snprintf(text, sizeof(text), "%.15g", value);
	if (strtod(text, NULL) != value)
		(void)snprintf(text, sizeof(text), "%.17g", value);
	begin(w, key);
	buf_add_str(w->out, text);
}

void
js_bool(struct js_writer *w, const char *key, bool value)
{
	begin(w, key);
	buf_add_str(w->out, value ? "true" : "false");
}

void
js_time(struct js_writer *w, const char *key, int64_t wall_ms)
{
	char text[CLOCK_TEXT_SIZE];

	if (wall_ms == 0) {
		js_null(w, key);
		return;
	}
	clock_format(wall_ms, text);
	js_str(w, key, text);
}

void
js_duration(struct js_writer *w, const char *key, int64_t ms)
{
	char text[UNITS_TEXT_SIZE];

	units_duration_format(ms, text);
	js_str(w, key, text);
}

void
js_strlist(struct js_writer *w, const char *key, const struct strlist *l)
{
	size_t i;

	js_open_array(w, key);
	for (i = 0; i < l->n; i++)
		js_str(w, NULL, l->v[i]);
	js_close_array(w);
}

void
js_raw(struct js_writer *w, const char *key, const char *text, size_t n)
{
	if (text == NULL) {
		js_null(w, key);
		return;
	}
	begin(w, key);
	buf_add(w->out, text, n);
}

/* Outside of its strings JSON is ASCII. */
void
js_json(struct js_writer *w, const char *key, const char *text, size_t n)
{
	char one[UTF8_QUOTED_MAX];
	size_t used, onesz;
	enum jsscan_type type;
	struct err ignored;

	if (text == NULL) {
		js_null(w, key);
		return;
	}
	if (jsscan(text, n, &type, NULL, 0, &ignored) != RC_OK) {
		js_strn(w, key, text, n);
		return;
	}
	begin(w, key);
	while (n > 0) {
		for (used = 0; used < n && (signed char)text[used] > 0 &&
		     text[used] < 0x7f;)
			used++;
		buf_add(w->out, text, used);
		if (used == 0) {
			used = utf8_quote(text, n, one, &onesz);
			buf_add(w->out, one, onesz);
		}
		text += used;
		n -= used;
	}
}

/* A value has at least a byte and a comma before the next one. */
#define CONTAINER_BYTES 1000 /* of memory, for an object or a list */
#define VALUE_BYTES 400      /* with its key, as tables grow */

/* About how much memory the tree of a text takes beside its strings. */
static size_t
weigh(const char *text, size_t n)
{
	bool in_string = false;
	size_t i, size = 0;

	for (i = 0; i < n; i++) {
		if (text[i] == '"')
			in_string = !in_string;
		else if (in_string && text[i] == '\\')
			i++;
		else if (in_string)
			continue;
		else if (text[i] == '{' || text[i] == '[')
			size += CONTAINER_BYTES;
		else if (text[i] == ',')
			size += VALUE_BYTES;
	}
	return size;
}

enum rc
js_parse(struct js_doc *doc, const char *text, size_t n, struct err *e)
{
	doc->root = NULL;
	if (weigh(text, n) > JS_TREE_MAX)
		return err_set(e, RC_INVALID, "JSON of too many values");
	return js_parse_any(doc, text, n, e);
}

enum rc
js_parse_any(struct js_doc *doc, const char *text, size_t n, struct err *e)
{
	struct json_tokener *tok;
	enum jsscan_type type;
	enum rc rc;

	doc->root = NULL;
	rc = jsscan(text, n, &type, NULL, 0, e);
	if (rc != RC_OK)
		return rc;
	if (n > INT32_MAX)
		return err_set(e, RC_INVALID, "JSON of over 2 GiB");

	/* json-c counts a scalar inside the innermost array as a level. */
	tok = json_tokener_new_ex(JSSCAN_DEPTH_MAX + 2);
	if (tok == NULL)
		fatal("out of memory for a JSON parser");
	json_tokener_set_flags(tok,
	    JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
	doc->root = json_tokener_parse_ex(tok, text, (int)n);
	/* A number at the very end could go on, so json-c waits for more. */
	if (json_tokener_get_error(tok) == json_tokener_continue)
		doc->root = json_tokener_parse_ex(tok, " ", 1);
	if (json_tokener_get_error(tok) != json_tokener_success)
		rc = err_set(e, RC_INVALID, "not JSON: %s",
		    json_tokener_error_desc(json_tokener_get_error(tok)));
	json_tokener_free(tok);
	return rc;
}

void
js_doc_fini(struct js_doc *doc)
{
	(void)json_object_put(doc->root);
	doc->root = NULL;
}

struct json_object *
js_find(struct json_object *o, const char *key)
{
	struct json_object *value;

	if (!js_is_object(o) || !json_object_object_get_ex(o, key, &value))
		return NULL;
	return value;
}

bool
js_is_object(struct json_object *o)
{
	return json_object_is_type(o, json_type_object);
}

bool
js_is_array(struct json_object *o)
{
	return json_object_is_type(o, json_type_array);
}

bool
js_is_null(struct json_object *o)
{
	return o == NULL;
}

bool
js_get_str(struct json_object *o, const char **out, size_t *n)
{
	if (!json_object_is_type(o, json_type_string))
		return false;
	*out = json_object_get_string(o);
	*n = (size_t)json_object_get_string_len(o);
	return true;
}

bool
js_get_int(struct json_object *o, int64_t *out)
{
	if (!json_object_is_type(o, json_type_int))
		return false;
	/* json-c clamps what is over int64_t; only the unsigned view tells. */
	if (json_object_get_int64(o) == INT64_MAX &&
	    json_object_get_uint64(o) != INT64_MAX)
		return false;
	*out = json_object_get_int64(o);
	return true;
}

bool
js_get_bool(struct json_object *o, bool *out)
{
	if (!json_object_is_type(o, json_type_boolean))
		return false;
	*out = json_object_get_boolean(o) != 0;
	return true;
}

bool
js_get_strlist(struct json_object *o, struct strlist *out)
{
	size_t i, n = js_array_size(o), size;
	const char *text;

	if (!js_is_array(o))
		return false;
	for (i = 0; i < n; i++)
		if (!js_get_str(js_array_at(o, i), &text, &size) ||
		    strlen(text) != size)
			return false;
	for (i = 0; i < n; i++)
		strlist_put(out, json_object_get_string(js_array_at(o, i)));
	return true;
}

size_t
js_array_size(struct json_object *o)
{
	return js_is_array(o) ? json_object_array_length(o) : 0;
}

struct json_object *
js_array_at(struct json_object *o, size_t i)
{
	return i < js_array_size(o) ? json_object_array_get_idx(o, i) : NULL;
}

void
js_each(struct json_object *o,
    bool (*f)(void *arg, const char *key, struct json_object *value), void *arg)
{
	struct json_object_iterator it, end;

	if (!js_is_object(o))
		return;
	it = json_object_iter_begin(o);
	end = json_object_iter_end(o);
	for (; !json_object_iter_equal(&it, &end); json_object_iter_next(&it))
		if (!f(arg, json_object_iter_peek_name(&it),
			json_object_iter_peek_value(&it)))
			return;
}

void
js_write(struct json_object *o, struct buf *out)
{
	const char *text;
	size_t n;

	text = json_object_to_json_string_length(o,
	    JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE, &n);
	buf_add(out, text, n);
}
