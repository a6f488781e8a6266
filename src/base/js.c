#include "config.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
