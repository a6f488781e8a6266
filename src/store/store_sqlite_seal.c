#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/crypt.h"
#include "base/secret.h"
#include "base/xalloc.h"
#include "core/webhook.h"
#include "store/store_sqlite_int.h"

/* Beyond any header set that registration lets by. */
#define HEADERS_MAX 256

/* Bound into the ciphertext, so that one moved to another row or column does
 * not open. */
static char *
context_of(const char *column, const char *id)
{
	return xasprintf("webhook/%s/%s", column, id);
}

static enum rc
seal(struct lite *l, const char *column, const char *id, const void *p,
    size_t n, struct lite_bytes *out, struct err *e)
{
	uint8_t key[CRYPT_KEY_SIZE];
	char *context;
	enum rc rc = RC_OK;

	memset(out, 0, sizeof(*out));
	if (l->sealing != NULL)
		memcpy(key, l->sealing, sizeof(key));
	else
		rc = lite_key_copy(l, key, e);
	if (rc != RC_OK)
		return rc;
	context = context_of(column, id);
	out->p = xmalloc(n + CRYPT_SEAL_OVERHEAD);
	out->n = crypt_seal(key, context, p, n, out->p);
	crypt_wipe(key, sizeof(key));
	free(context);
	return RC_OK;
}

/* out->p is NULL for NULL; the caller wipes and frees it. */
static enum rc
unseal(struct lite *l, const char *column, const char *id,
    struct sqlite3_stmt *st, int at, struct lite_bytes *out, struct err *e)
{
	size_t size;
	const void *p = lite_col_bytes(st, at, &size);
	uint8_t key[CRYPT_KEY_SIZE];
	char *context;
	enum rc rc;

	memset(out, 0, sizeof(*out));
	/* An empty one is not none: it was cut. */
	if (lite_col_is_null(st, at))
		return RC_OK;
	rc = lite_key_copy(l, key, e);
	if (rc != RC_OK)
		return rc;
	context = context_of(column, id);
	out->p = xmalloc(size + 1);
	rc = crypt_open(key, context, p, size, out->p, &out->n, e);
	crypt_wipe(key, sizeof(key));
	free(context);
	if (rc != RC_OK) {
		free(out->p);
		memset(out, 0, sizeof(*out));
		(void)err_prefix(e, "%s", column);
	}
	return rc;
}

static void
wipe_free(uint8_t *p, size_t n)
{
	if (p == NULL)
		return;
	crypt_wipe(p, n);
	free(p);
}

enum rc
lite_seal_secret(struct lite *l, const char *column, const char *id,
    const struct secret *s, struct lite_bytes *out, struct err *e)
{
	memset(out, 0, sizeof(*out));
	if (!secret_is_set(s))
		return RC_OK;
	return seal(l, column, id, s->bytes, s->size, out, e);
}

enum rc
lite_unseal_secret(struct lite *l, const char *column, const char *id,
    struct sqlite3_stmt *st, int at, struct secret *out, struct err *e)
{
	struct lite_bytes text;
	enum rc rc;

	rc = unseal(l, column, id, st, at, &text, e);
	if (rc == RC_OK && text.p != NULL)
		secret_put(out, text.p, text.n);
	wipe_free(text.p, text.n);
	return rc;
}

/* Name, NUL, value, NUL, one after the other: neither may hold a NUL. */
enum rc
lite_seal_headers(struct lite *l, const struct webhook *w,
    struct lite_bytes *out, struct err *e)
{
	const struct webhook_header *h;
	size_t i, n = 0, namesz;
	uint8_t *text;
	enum rc rc;

	memset(out, 0, sizeof(*out));
	if (w->nheaders == 0)
		return RC_OK;
	for (i = 0; i < w->nheaders; i++)
		n += strlen(w->headers[i].name) + w->headers[i].value.size + 2;
	text = xcalloc(n, 1);
	for (i = 0, n = 0; i < w->nheaders; i++) {
		h = &w->headers[i];
		namesz = strlen(h->name) + 1;
		memcpy(text + n, h->name, namesz);
		n += namesz;
		if (h->value.size > 0)
			memcpy(text + n, h->value.bytes, h->value.size);
		n += h->value.size + 1;
	}
	rc = seal(l, "headers", w->id, text, n, out, e);
	wipe_free(text, n);
	return rc;
}

enum rc
lite_unseal_headers(struct lite *l, struct webhook *w, struct sqlite3_stmt *st,
    int at, struct err *e)
{
	struct webhook_header *h;
	const char *name, *value;
	struct lite_bytes text;
	size_t i = 0;
	enum rc rc;

	rc = unseal(l, "headers", w->id, st, at, &text, e);
	if (rc != RC_OK || text.p == NULL)
		return rc;
	text.p[text.n] = '\0';
	while (i < text.n && w->nheaders < HEADERS_MAX) {
		name = (const char *)text.p + i;
		i += strlen(name) + 1;
		value = i < text.n ? (const char *)text.p + i : "";
		i += strlen(value) + 1;
		w->headers = xreallocarray(w->headers, w->nheaders + 1,
		    sizeof(*w->headers));
		h = &w->headers[w->nheaders++];
		memset(h, 0, sizeof(*h));
		h->name = xstrdup(name);
		secret_put_str(&h->value, value);
	}
	wipe_free(text.p, text.n);
	return RC_OK;
}
