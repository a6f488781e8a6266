#include "config.h"

#include <assert.h>

#include <fastcgi.h>

#include "base/buf.h"
#include "front/fcgi_record.h"

/* False for what is no record. */
static bool
begin_record(struct fcgi_reader *r)
{
	r->at = 0;
	r->size = (size_t)r->head[4] << 8 | r->head[5];
	r->padding = r->head[6];
	return r->head[0] == FCGI_VERSION_1;
}

static void
skip(const uint8_t **p, size_t *n, size_t size)
{
	*p += size;
	*n -= size;
}

/* True once the head is whole. */
static bool
read_head(struct fcgi_reader *r, const uint8_t **p, size_t *n)
{
	while (r->nhead<FCGI_RECORD_HEAD_SIZE && * n> 0) {
		r->head[r->nhead++] = **p;
		skip(p, n, 1);
	}
	return r->nhead == FCGI_RECORD_HEAD_SIZE;
}

/* False while padding is still to come. */
static bool
skip_padding(struct fcgi_reader *r, const uint8_t **p, size_t *n)
{
	size_t some = r->padding < *n ? r->padding : *n;

	skip(p, n, some);
	r->padding -= some;
	return r->padding == 0;
}

enum fcgi_read
fcgi_record_read(struct fcgi_reader *r, const uint8_t **p, size_t *n,
    struct fcgi_piece *out)
{
	bool is_new = false;

	/* Padding of the record before may be left. */
	if (r->nhead == FCGI_RECORD_HEAD_SIZE && r->at == r->size) {
		if (!skip_padding(r, p, n))
			return FCGI_READ_MORE;
		r->nhead = 0;
	}
	if (r->nhead < FCGI_RECORD_HEAD_SIZE) {
		/* A peer that speaks another protocol is not waited for. */
		if (r->nhead == 0 && *n > 0 && **p != FCGI_VERSION_1)
			return FCGI_READ_BAD;
		if (!read_head(r, p, n))
			return FCGI_READ_MORE;
		if (!begin_record(r))
			return FCGI_READ_BAD;
		is_new = true;
	}
	if (*n == 0 && !(is_new && r->size == 0))
		return FCGI_READ_MORE;
	out->type = r->head[1];
	out->id = (uint16_t)(r->head[2] << 8 | r->head[3]);
	out->size = r->size;
	out->at = r->at;
	out->p = *p;
	out->n = r->size - r->at < *n ? r->size - r->at : *n;
	skip(p, n, out->n);
	r->at += out->n;
	out->is_end = r->at == r->size;
	return FCGI_READ_PIECE;
}

bool
fcgi_record_is_between(const struct fcgi_reader *r)
{
	return r->nhead == 0 ||
	    (r->nhead == FCGI_RECORD_HEAD_SIZE && r->at == r->size &&
		r->padding == 0);
}

/* Without padding. */
static void
make_head(uint8_t out[FCGI_RECORD_HEAD_SIZE], uint8_t type, uint16_t id,
    size_t size)
{
	assert(size <= FCGI_MAX_LENGTH);
	out[0] = FCGI_VERSION_1;
	out[1] = type;
	out[2] = (uint8_t)(id >> 8);
	out[3] = (uint8_t)id;
	out[4] = (uint8_t)(size >> 8);
	out[5] = (uint8_t)size;
	out[6] = 0;
	out[7] = 0;
}

void
fcgi_record_add(struct buf *out, uint8_t type, uint16_t id, const void *content,
    size_t size)
{
	uint8_t head[FCGI_RECORD_HEAD_SIZE];

	/* Half a record would make what follows it unreadable. */
	if (out->max - out->len < sizeof(head) + size) {
		out->over = true;
		return;
	}
	make_head(head, type, id, size);
	buf_add(out, head, sizeof(head));
	buf_add(out, content, size);
}

void
fcgi_record_add_output(struct buf *out, uint16_t id, const void *p, size_t n)
{
	const uint8_t *at = p;
	size_t some;

	while (n > 0) {
		some = n < FCGI_RECORD_FULL ? n : FCGI_RECORD_FULL;
		fcgi_record_add(out, FCGI_STDOUT, id, at, some);
		at += some;
		n -= some;
	}
}

void
fcgi_record_add_output_end(struct buf *out, uint16_t id)
{
	fcgi_record_add(out, FCGI_STDOUT, id, "", 0);
}

void
fcgi_record_add_end(struct buf *out, uint16_t id, uint8_t status)
{
	const uint8_t body[8] = { 0, 0, 0, 0, status, 0, 0, 0 };

	fcgi_record_add(out, FCGI_END_REQUEST, id, body, sizeof(body));
}
