#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/conf.h"
#include "base/conf_marks.h"
#include "base/crypt.h"
#include "base/secret.h"
#include "base/xalloc.h"

#define SHOW_MAX (4 << 20)

struct conf_marks {
	const struct conf_table *table;
	uint8_t (*v)[CRYPT_SHA256_SIZE]; /* one for each key of the table */
};

/* The digest of the digests, so that two secrets are not one longer one. */
static void
secrets_mark(const struct secret *v, size_t n, uint8_t out[CRYPT_SHA256_SIZE])
{
	uint8_t *each = xcalloc(n + 1, CRYPT_SHA256_SIZE);
	size_t i;

	for (i = 0; i < n; i++)
		crypt_sha256(v[i].bytes == NULL ? "" : v[i].bytes, v[i].size,
		    each + i * CRYPT_SHA256_SIZE);
	crypt_sha256(each, n * CRYPT_SHA256_SIZE, out);
	free(each);
}

/* What is shown, without a mask. */
static void
text_mark(const struct conf_key *row, const void *value,
    uint8_t out[CRYPT_SHA256_SIZE])
{
	struct conf_key alone = *row;
	const struct conf_table table = { &alone, 1, 0 };
	struct buf text;

	alone.offset = 0;
	alone.flags = 0;
	buf_init(&text, SHOW_MAX);
	conf_show(&table, value, false, &text);
	crypt_sha256(buf_str(&text), text.len, out);
	buf_fini(&text);
}

static void
mark(const struct conf_key *row, const void *values,
    uint8_t out[CRYPT_SHA256_SIZE])
{
	const void *value = (const char *)values + row->offset;
	const struct conf_secrets *several = value;

	if (row->type == CONF_SECRET)
		secrets_mark(value, 1, out);
	else if (row->type == CONF_SECRETS)
		secrets_mark(several->v, several->n, out);
	else
		text_mark(row, value, out);
}

struct conf_marks *
conf_marks_new(const struct conf_table *table, const void *values)
{
	struct conf_marks *m = xcalloc(1, sizeof(*m));
	size_t i;

	m->table = table;
	m->v = xcalloc(table->n, sizeof(*m->v));
	for (i = 0; i < table->n; i++)
		if ((table->keys[i].flags & CONF_RESTART) != 0)
			mark(&table->keys[i], values, m->v[i]);
	return m;
}

void
conf_marks_free(struct conf_marks *m)
{
	if (m == NULL)
		return;
	free(m->v);
	free(m);
}

const char *
conf_marks_find(const struct conf_marks *m, const void *values)
{
	uint8_t now[CRYPT_SHA256_SIZE];
	const struct conf_key *row;
	size_t i;

	for (i = 0; i < m->table->n; i++) {
		row = &m->table->keys[i];
		if ((row->flags & CONF_RESTART) == 0)
			continue;
		mark(row, values, now);
		if (memcmp(now, m->v[i], sizeof(now)) != 0)
			return row->name;
	}
	return NULL;
}
