/*
 * js - checked getters and a writer over json-c
 *
 * The writer appends JSON text to a buf and cares for commas and escapes.
 * The reader parses a whole text strictly, by the rules of jsscan.h and then
 * with json-c.  Its getters return copies, or borrowed strings that are valid
 * as long as the document.  One thread at a time per
 * object.
 */
#ifndef BASE_JS_H
#define BASE_JS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/strlist.h"

struct json_object;

/* Writer.  key is NULL inside an array or for the outermost value. */
struct js_writer {
	struct buf *out;
	bool comma;
};

void js_writer_init(struct js_writer *w, struct buf *out);
void js_open_object(struct js_writer *w, const char *key);
void js_close_object(struct js_writer *w);
void js_open_array(struct js_writer *w, const char *key);
void js_close_array(struct js_writer *w);
void js_str(struct js_writer *w, const char *key, const char *value);
void js_strn(struct js_writer *w, const char *key, const char *p, size_t n);
/* null for a NULL value; js_str() writes null too. */
void js_null(struct js_writer *w, const char *key);
void js_int(struct js_writer *w, const char *key, int64_t value);
void js_real(struct js_writer *w, const char *key, double value);
void js_bool(struct js_writer *w, const char *key, bool value);
/* RFC 3339 UTC with milliseconds; null for 0. */
void js_time(struct js_writer *w, const char *key, int64_t wall_ms);
/* "250ms", "5s", "2m", "1h", "30d": the largest unit that divides. */
void js_duration(struct js_writer *w, const char *key, int64_t ms);
void js_strlist(struct js_writer *w, const char *key, const struct strlist *l);
/* text is JSON already; null when NULL. */
void js_raw(struct js_writer *w, const char *key, const char *text, size_t n);

/* The same for JSON from outside: what utf8_quote() escapes is escaped, and what
 * is no JSON is a string. */
void js_json(struct js_writer *w, const char *key, const char *text, size_t n);

/* s as a JSON string with its quotes.  Invalid UTF-8 becomes U+FFFD. */
void js_quote(struct buf *out, const char *s, size_t n);

/* Loads json-c, which is fatal where it is not there.  The first document does
 * that too; a program that runs for long calls this at its start. */
void js_load(void);

/* Reader. */
struct js_doc {
	struct json_object *root;
};

/* js_parse() makes a tree of about this size at most, beside its strings; a
 * byte of text makes at most JS_TREE_FACTOR bytes of it. */
#define JS_TREE_MAX (1u << 20)
#define JS_TREE_FACTOR 500

/* RC_INVALID: not JSON by the rules of jsscan.h, with the place, or a tree of
 * thousands of values. */
enum rc js_parse(struct js_doc *doc, const char *text, size_t n, struct err *e);
/* The same without a limit. */
enum rc js_parse_any(struct js_doc *doc, const char *text, size_t n,
    struct err *e);
void js_doc_fini(struct js_doc *doc);

/* Members of an object; borrowed, NULL when absent.  o may be NULL. */
struct json_object *js_find(struct json_object *o, const char *key);
bool js_is_object(struct json_object *o);
bool js_is_array(struct json_object *o);
/* absent or null */
bool js_is_null(struct json_object *o);

/* False when the value is of another type; *out is then untouched. */
bool js_get_str(struct json_object *o, const char **out, size_t *n);
bool js_get_int(struct json_object *o, int64_t *out);
bool js_get_bool(struct json_object *o, bool *out);
/* An array of strings only; adds to out.  A NUL in one is false too. */
bool js_get_strlist(struct json_object *o, struct strlist *out);

size_t js_array_size(struct json_object *o);
struct json_object *js_array_at(struct json_object *o, size_t i);

/* Calls f for each member in order until it returns false. */
void js_each(struct json_object *o,
    bool (*f)(void *arg, const char *key, struct json_object *value),
    void *arg);

/* The value as compact JSON text. */
void js_write(struct json_object *o, struct buf *out);

#endif
