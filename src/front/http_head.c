#include "config.h"

#include <assert.h>
#include <stdbool.h>
#include <string.h>

#include "base/buf.h"
#include "front/http_head.h"

/* FastCGI specification 1.0, section 8. */
#define RECORD_SIZE 8
#define RECORD_VERSION 1
#define BEGIN_REQUEST 1
#define END_REQUEST 3
#define PARAMS 4
#define STDOUT 6
#define RESPONDER 1

struct record {
	uint8_t type;
	uint16_t id;
	size_t size;    /* of the content */
	size_t padding; /* behind it */
};

/* Where in the parameters' name-value pairs the reading is; they run on
 * from one record into the next. */
struct pairs {
	uint8_t sizes[8]; /* a pair's two lengths, as far as they are here */
	size_t nsizes;
	size_t text; /* bytes of name and value still to come */
	size_t total;
};

static bool
record_parse(const uint8_t *p, struct record *r)
{
	if (p[0] != RECORD_VERSION)
		return false;
	r->type = p[1];
	r->id = (uint16_t)(p[2] << 8 | p[3]);
	r->size = (size_t)p[4] << 8 | p[5];
	r->padding = p[6];
	return true;
}

/* A length takes one byte, or four when its top bit is set. */
static size_t
length_size(uint8_t first)
{
	return first & 0x80 ? 4 : 1;
}

static size_t
length_value(const uint8_t *p)
{
	if (length_size(p[0]) == 1)
		return p[0];
	return (size_t)(p[0] & 0x7f) << 24 | (size_t)p[1] << 16 |
	    (size_t)p[2] << 8 | p[3];
}

/* True when both lengths of a pair are here; *text is then their sum. */
static bool
pairs_sizes(const struct pairs *q, size_t *text)
{
	size_t name;

	if (q->nsizes == 0)
		return false;
	name = length_size(q->sizes[0]);
	if (q->nsizes <= name || q->nsizes < name + length_size(q->sizes[name]))
		return false;
	*text = length_value(q->sizes) + length_value(q->sizes + name);
	return true;
}

/* Takes n bytes of parameters.  Returns 0, or the status to refuse with. */
static int
pairs_take(struct pairs *q, const uint8_t *p, size_t n)
{
	size_t k;

	while (n > 0) {
		if (q->text > 0) {
			k = q->text < n ? q->text : n;
			/* It would cut the value short for whoever reads it. */
			if (memchr(p, '\0', k) != NULL)
				return 400;
			q->text -= k;
			p += k;
			n -= k;
			continue;
		}
		q->sizes[q->nsizes++] = *p++;
		n--;
		if (!pairs_sizes(q, &q->text))
			continue;
		q->nsizes = 0;
		if (q->text > HTTP_HEAD_PARAMS_MAX)
			return 431;
	}
	return 0;
}

static enum http_head_state
bad(struct http_head *out, int status)
{
	out->status = status;
	return HTTP_HEAD_BAD;
}

/* libfcgi does not skip padding behind the first record and behind the empty
 * one that ends the parameters.  It would take the padding for a record and
 * wait for the rest of that, so such a request is refused. */
static bool
is_begin(const struct record *r, const uint8_t *content)
{
	return r->padding == 0 && r->type == BEGIN_REQUEST && r->id != 0 &&
	    r->size == 8 && (content[0] << 8 | content[1]) == RESPONDER;
}

enum http_head_state
http_head_scan(const uint8_t *p, size_t n, struct http_head *out)
{
	struct pairs q = { .nsizes = 0 };
	struct record r;
	size_t have;
	int status;

	*out = (struct http_head){ 0 };
	if (n > 0 && p[0] != RECORD_VERSION)
		return bad(out, 0);
	while (n >= RECORD_SIZE) {
		if (!record_parse(p, &r))
			return bad(out, 0);
		p += RECORD_SIZE;
		n -= RECORD_SIZE;
		have = r.size < n ? r.size : n;
		if (out->request_id == 0) {
			if (have < r.size && r.size == 8)
				return HTTP_HEAD_PART;
			if (!is_begin(&r, p))
				return bad(out, 0);
			out->request_id = r.id;
		} else if (r.type != PARAMS || r.id != out->request_id) {
			return bad(out, 0);
		} else if (r.size == 0) {
			if (q.text > 0 || q.nsizes > 0 || r.padding != 0)
				return bad(out, 0);
			return HTTP_HEAD_WHOLE;
		} else {
			q.total += r.size;
			if (q.total > HTTP_HEAD_PARAMS_MAX)
				return bad(out, 431);
			status = pairs_take(&q, p, have);
			if (status != 0)
				return bad(out, status);
		}
		if (n < r.size + r.padding)
			return HTTP_HEAD_PART;
		p += r.size + r.padding;
		n -= r.size + r.padding;
	}
	return HTTP_HEAD_PART;
}

static void
add_record(struct buf *out, uint8_t type, uint16_t id, const void *content,
    size_t size)
{
	uint8_t head[RECORD_SIZE] = { RECORD_VERSION, type, (uint8_t)(id >> 8),
		(uint8_t)id, (uint8_t)(size >> 8), (uint8_t)size, 0, 0 };

	buf_add(out, head, sizeof(head));
	buf_add(out, content, size);
}

void
http_head_answer(const struct http_head *head, const char *text,
    struct buf *out)
{
	static const uint8_t complete[8] = { 0 };
	size_t size = strlen(text);

	assert(size <= 60000);
	add_record(out, STDOUT, head->request_id, text, size);
	add_record(out, STDOUT, head->request_id, "", 0);
	add_record(out, END_REQUEST, head->request_id, complete,
	    sizeof(complete));
}
