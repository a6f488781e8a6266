#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/crypt.h"
#include "base/xalloc.h"
#include "core/event.h"
#include "core/facts.h"
#include "core/http.h"
#include "core/jsonptr.h"
#include "core/sig_int.h"
#include "core/source.h"

/* Longer ones than are kept, so that their digest can be. */
#define ID_READ_MAX 4096

void
facts_prepare(struct source *src)
{
	struct source_facts *f = &src->facts;
	size_t i;

	for (i = 0; i < SOURCE_POINTERS; i++) {
		if (f->pointers[i] == NULL)
			continue;
		if (f->set == NULL)
			f->set = jsonptr_set_new();
		f->places[i] = jsonptr_add(f->set, f->pointers[i]);
	}
}

/* The string or the number at one of the source's pointers; false when the
 * body holds neither there. */
static bool
read_pointer(const struct source *src, const struct jsonptr_value *values,
    enum source_pointer which, char *out, size_t max)
{
	const struct source_facts *f = &src->facts;
	const struct jsonptr_value *v;

	if (f->set == NULL || f->pointers[which] == NULL)
		return false;
	v = &values[f->places[which]];
	if (v->type == JSSCAN_STRING)
		return jsscan_decode(v->text, v->n, out, max) && *out != '\0';
	if (v->type != JSSCAN_NUMBER || v->n > max)
		return false;
	memcpy(out, v->text, v->n);
	out[v->n] = '\0';
	return true;
}

static const char *
header_or_null(const struct http_req *req, const char *name)
{
	const char *text = name == NULL ? NULL : http_header_find(req, name);

	return text == NULL || *text == '\0' ? NULL : text;
}

static void
read_type(const struct source *src, const struct http_req *req,
    const struct jsonptr_value *values, struct event *ev)
{
	const char *text = header_or_null(req, src->facts.event_header);
	char pointed[EVENT_TYPE_MAX * 4 + 1], type[EVENT_TYPE_MAX + 1];

	if (text == NULL &&
	    read_pointer(src, values, SOURCE_EVENT_POINTER, pointed,
		sizeof(pointed) - 1))
		text = pointed;
	if (text == NULL)
		text = header_or_null(req, src->scheme->type_header);
	ev->type_is_header = text != NULL && text != pointed;
	ev->type_is_unsigned = src->scheme->has_shapes && ev->type_is_header;
	free(ev->type);
	ev->type = NULL;
	if (text == NULL && !src->scheme->is_type_in_body)
		text = src->name;
	if (text != NULL && event_type_respell(text, type))
		ev->type = xstrdup(type);
}

void
facts_derive_id(struct event *ev)
{
	char text[EVENT_TYPE_MAX + 1 + CRYPT_SHA256_SIZE];
	char hex[2 * CRYPT_SHA256_SIZE + 1];
	uint8_t hash[CRYPT_SHA256_SIZE];
	size_t n = strlen(ev->type) + 1;

	memcpy(text, ev->type, n);
	memcpy(text + n, ev->body_sha256, CRYPT_SHA256_SIZE);
	crypt_sha256(text, n + CRYPT_SHA256_SIZE, hash);
	crypt_hex_format(hash, sizeof(hash), hex);
	free(ev->delivery_id);
	ev->delivery_id = xstrdup(hex);
	ev->id_is_derived = true;
}

static void
read_id(const struct source *src, const struct http_req *req,
    const struct jsonptr_value *values, struct event *ev)
{
	const char *text = header_or_null(req, src->facts.id_header), *hook;
	char pointed[ID_READ_MAX + 1];

	if (text == NULL &&
	    read_pointer(src, values, SOURCE_ID_POINTER, pointed, ID_READ_MAX))
		text = pointed;
	if (text == NULL && src->scheme->id_header_of != NULL)
		text = header_or_null(req, src->scheme->id_header_of(req));
	else if (text == NULL)
		text = header_or_null(req, src->scheme->id_header);
	ev->is_of_hook = src->scheme->hook_header != NULL;
	hook = header_or_null(req, src->scheme->hook_header);
	if (hook != NULL && event_delivery_id_is_valid(hook)) {
		free(ev->hook_id);
		ev->hook_id = xstrdup(hook);
	}
	free(ev->delivery_id);
	ev->delivery_id = NULL;
	ev->id_is_derived = false;
	if (text == NULL)
		facts_derive_id(ev);
	else
		event_put_delivery_id(ev, text);
}

static void
read_rest(const struct source *src, const struct jsonptr_value *values,
    struct event *ev)
{
	char text[EVENT_REPOSITORY_MAX + 1], action[EVENT_TYPE_MAX + 1];

	if (src->facts.pointers[SOURCE_ACTION_POINTER] != NULL) {
		if (!read_pointer(src, values, SOURCE_ACTION_POINTER, text,
			EVENT_ACTION_MAX) ||
		    !event_type_respell(text, action))
			action[0] = '\0';
		free(ev->action);
		ev->action = xstrdup(action);
	}
	if (read_pointer(src, values, SOURCE_REPOSITORY_POINTER, text,
		EVENT_REPOSITORY_MAX) &&
	    event_repository_is_valid(text)) {
		free(ev->repository);
		ev->repository = xstrdup(text);
	}
}

enum rc
facts_read(const struct source *src, const struct http_req *req,
    const char *json, size_t n, struct event *ev, struct err *e)
{
	struct jsonptr_value values[SOURCE_POINTERS];
	enum rc rc;

	memset(values, 0, sizeof(values));
	if (src->facts.set != NULL)
		(void)jsonptr_scan(src->facts.set, json, n, values);
	read_type(src, req, values, ev);
	rc = event_read_json(ev, json, n, e);
	if (rc == RC_OK)
		read_rest(src, values, ev);
	if (ev->type == NULL)
		ev->type = xstrdup(src->name);
	event_reserve_type(ev);
	read_id(src, req, values, ev);
	return rc;
}

void
facts_read_headers(const struct source *src, const struct http_req *req,
    struct event *ev)
{
	struct jsonptr_value values[SOURCE_POINTERS];

	memset(values, 0, sizeof(values));
	read_type(src, req, values, ev);
	if (ev->type == NULL)
		ev->type = xstrdup(src->name);
	event_reserve_type(ev);
	read_id(src, req, values, ev);
}
