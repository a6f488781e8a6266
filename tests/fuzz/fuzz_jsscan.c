/*
 * What the strict scanner takes, json-c takes too, and sees the same in it.
 * The other way round nothing is promised: the scanner is stricter.  What it
 * takes the other scanner takes too, with the same members, and a text that
 * this one takes is still JSON once its strings are repaired.
 */
#include "config.h"

#include <string.h>

#include <json-c/json.h>

#include "fuzz.h"

#include "base/err.h"
#include "base/jsscan.h"
#include "base/xalloc.h"

static enum jsscan_type
type_of(struct json_object *o)
{
	switch (json_object_get_type(o)) {
	case json_type_null:
		return JSSCAN_NULL;
	case json_type_boolean:
		return JSSCAN_BOOL;
	case json_type_int:
	case json_type_double:
		return JSSCAN_NUMBER;
	case json_type_string:
		return JSSCAN_STRING;
	case json_type_array:
		return JSSCAN_ARRAY;
	default:
		return JSSCAN_OBJECT;
	}
}

static struct json_object *
parse(const char *text, size_t n)
{
	struct json_tokener *tok;
	struct json_object *o;

	tok = json_tokener_new_ex(JSSCAN_DEPTH_MAX + 2);
	FUZZ_HOLDS(tok != NULL);
	json_tokener_set_flags(tok,
	    JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
	o = json_tokener_parse_ex(tok, text, (int)n);
	/* A number could go on: its end is the end of the text. */
	if (json_tokener_get_error(tok) == json_tokener_continue)
		o = json_tokener_parse_ex(tok, " ", 1);
	FUZZ_HOLDS(json_tokener_get_error(tok) == json_tokener_success);
	json_tokener_free(tok);
	return o;
}

static void
compare(const struct jsscan_want *w, struct json_object *root)
{
	struct json_object *o;
	char *out;

	if (!json_object_object_get_ex(root, w->key, &o)) {
		FUZZ_HOLDS(w->type == JSSCAN_ABSENT);
		return;
	}
	if (w->subkey != NULL &&
	    (!json_object_is_type(o, json_type_object) ||
		!json_object_object_get_ex(o, w->subkey, &o))) {
		FUZZ_HOLDS(w->type == JSSCAN_ABSENT);
		return;
	}
	FUZZ_HOLDS(w->type == type_of(o));
	if (w->type != JSSCAN_STRING)
		return;
	out = xmalloc(w->n + 1);
	if (jsscan_decode(w->text, w->n, out, w->n))
		FUZZ_HOLDS(
		    strlen(out) == (size_t)json_object_get_string_len(o) &&
		    strcmp(out, json_object_get_string(o)) == 0);
	free(out);
}

static void
compare_scans(char *text, size_t size, bool is_strict,
    const struct jsscan_want *strict)
{
	struct jsscan_want wants[] = {
		{ .key = "action" },
		{ .key = "repository" },
		{ .key = "repository", .subkey = "full_name" },
		{ .key = "type" },
	};
	enum jsscan_type type;
	struct err e;
	size_t i;
	bool is_any;

	is_any = jsscan_any(text, size, JSSCAN_ANY_DEPTH_MAX, &type, wants, 4,
		     &e) == RC_OK;
	FUZZ_HOLDS(is_any || !is_strict);
	for (i = 0; i < 4 && is_strict; i++)
		FUZZ_HOLDS(wants[i].type == strict[i].type &&
		    wants[i].text == strict[i].text &&
		    wants[i].n == strict[i].n);
	if (!is_any)
		return;
	(void)jsscan_repair(text, size);
	FUZZ_HOLDS(jsscan_is_exact(JSSCAN_STRING, text, size));
	FUZZ_HOLDS(jsscan_any(text, size, JSSCAN_ANY_DEPTH_MAX, &type, NULL, 0,
		       &e) == RC_OK);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct jsscan_want wants[] = {
		{ .key = "action" },
		{ .key = "repository" },
		{ .key = "repository", .subkey = "full_name" },
		{ .key = "type" },
	};
	struct json_object *root;
	enum jsscan_type type;
	struct err e;
	size_t i;
	bool is_strict;
	char *text;

	text = fuzz_text(data, size);
	is_strict = jsscan(text, size, &type, wants, 4, &e) == RC_OK;
	if (is_strict) {
		root = parse(text, size);
		FUZZ_HOLDS(type == type_of(root));
		for (i = 0; i < 4 && type == JSSCAN_OBJECT; i++)
			compare(&wants[i], root);
		json_object_put(root);
	}
	compare_scans(text, size, is_strict, wants);
	free(text);
	return 0;
}
