#include "config.h"

#include <stdint.h>
#include <string.h>

#include "base/js.h"
#include "base/js_int.h"
#include "base/jsscan.h"
#include "base/xalloc.h"

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
	const struct js_lib *lib;
	struct json_tokener *tok;
	enum jsscan_type type;
	enum rc rc;

	doc->root = NULL;
	rc = jsscan(text, n, &type, NULL, 0, e);
	if (rc != RC_OK)
		return rc;
	if (n > INT32_MAX)
		return err_set(e, RC_INVALID, "JSON of over 2 GiB");

	lib = js_lib_get();
	/* json-c counts a scalar inside the innermost array as a level. */
	tok = lib->json_tokener_new_ex(JSSCAN_DEPTH_MAX + 2);
	if (tok == NULL)
		fatal("out of memory for a JSON parser");
	lib->json_tokener_set_flags(tok,
	    JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
	doc->root = lib->json_tokener_parse_ex(tok, text, (int)n);
	/* A number at the very end could go on, so json-c waits for more. */
	if (lib->json_tokener_get_error(tok) == json_tokener_continue)
		doc->root = lib->json_tokener_parse_ex(tok, " ", 1);
	if (lib->json_tokener_get_error(tok) != json_tokener_success)
		rc = err_set(e, RC_INVALID, "not JSON: %s",
		    lib->json_tokener_error_desc(
			lib->json_tokener_get_error(tok)));
	lib->json_tokener_free(tok);
	return rc;
}

void
js_doc_fini(struct js_doc *doc)
{
	if (doc->root != NULL)
		(void)js_lib_get()->json_object_put(doc->root);
	doc->root = NULL;
}

static bool
is_type(const struct json_object *o, enum json_type type)
{
	return o != NULL && js_lib_get()->json_object_is_type(o, type);
}

struct json_object *
js_find(struct json_object *o, const char *key)
{
	struct json_object *value;

	if (!js_is_object(o) ||
	    !js_lib_get()->json_object_object_get_ex(o, key, &value))
		return NULL;
	return value;
}

bool
js_is_object(struct json_object *o)
{
	return is_type(o, json_type_object);
}

bool
js_is_array(struct json_object *o)
{
	return is_type(o, json_type_array);
}

bool
js_is_null(struct json_object *o)
{
	return o == NULL;
}

bool
js_get_str(struct json_object *o, const char **out, size_t *n)
{
	if (!is_type(o, json_type_string))
		return false;
	*out = js_lib_get()->json_object_get_string(o);
	*n = (size_t)js_lib_get()->json_object_get_string_len(o);
	return true;
}

bool
js_get_int(struct json_object *o, int64_t *out)
{
	if (!is_type(o, json_type_int))
		return false;
	/* json-c clamps what is over int64_t; only the unsigned view tells. */
	if (js_lib_get()->json_object_get_int64(o) == INT64_MAX &&
	    js_lib_get()->json_object_get_uint64(o) != INT64_MAX)
		return false;
	*out = js_lib_get()->json_object_get_int64(o);
	return true;
}

bool
js_get_bool(struct json_object *o, bool *out)
{
	if (!is_type(o, json_type_boolean))
		return false;
	*out = js_lib_get()->json_object_get_boolean(o) != 0;
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
		strlist_put(out,
		    js_lib_get()->json_object_get_string(js_array_at(o, i)));
	return true;
}

size_t
js_array_size(struct json_object *o)
{
	return js_is_array(o) ? js_lib_get()->json_object_array_length(o) : 0;
}

struct json_object *
js_array_at(struct json_object *o, size_t i)
{
	return i < js_array_size(o)
	    ? js_lib_get()->json_object_array_get_idx(o, i)
	    : NULL;
}

void
js_each(struct json_object *o,
    bool (*f)(void *arg, const char *key, struct json_object *value), void *arg)
{
	struct json_object_iterator it, end;
	const struct js_lib *lib;

	if (!js_is_object(o))
		return;
	lib = js_lib_get();
	it = lib->json_object_iter_begin(o);
	end = lib->json_object_iter_end(o);
	for (; !lib->json_object_iter_equal(&it, &end);
	     lib->json_object_iter_next(&it))
		if (!f(arg, lib->json_object_iter_peek_name(&it),
			lib->json_object_iter_peek_value(&it)))
			return;
}

void
js_write(struct json_object *o, struct buf *out)
{
	const char *text;
	size_t n;

	text = js_lib_get()->json_object_to_json_string_length(o,
	    JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE, &n);
	buf_add(out, text, n);
}
