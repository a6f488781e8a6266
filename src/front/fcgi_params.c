#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "front/fcgi_params.h"

#define BAD_REQUEST 400
#define TOO_LARGE 431

void
fcgi_params_init(struct fcgi_params *q)
{
	memset(q, 0, sizeof(*q));
	/* A pair needs two bytes more here than as it came, at most. */
	buf_init(&q->text, FCGI_PARAMS_MAX + 2 * FCGI_PARAMS_COUNT_MAX);
}

void
fcgi_params_fini(struct fcgi_params *q)
{
	buf_fini(&q->text);
	free(q->list);
	q->list = NULL;
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

/* True once both lengths of a pair are here. */
static bool
take_sizes(struct fcgi_params *q, uint8_t byte)
{
	size_t first;

	q->sizes[q->nsizes++] = byte;
	first = length_size(q->sizes[0]);
	if (q->nsizes <= first ||
	    q->nsizes < first + length_size(q->sizes[first]))
		return false;
	q->name = length_value(q->sizes);
	q->value = length_value(q->sizes + first);
	q->nsizes = 0;
	q->is_open = true;
	return true;
}

/* Copies what belongs to one part of the pair; *left is what that lacks. */
static size_t
take_text(struct fcgi_params *q, size_t *left, const uint8_t *p, size_t n)
{
	size_t some = *left < n ? *left : n;

	buf_add(&q->text, p, some);
	*left -= some;
	return some;
}

/* Takes bytes of the open pair and ends it when it is whole. */
static size_t
take_pair(struct fcgi_params *q, const uint8_t *p, size_t n)
{
	size_t taken = 0;

	if (q->name > 0) {
		taken = take_text(q, &q->name, p, n);
		if (q->name == 0)
			buf_add(&q->text, "=", 1);
	}
	if (q->name == 0)
		taken += take_text(q, &q->value, p + taken, n - taken);
	if (q->name == 0 && q->value == 0) {
		buf_add(&q->text, "", 1);
		q->is_open = false;
		q->count++;
	}
	return taken;
}

static int
judge_pair(struct fcgi_params *q)
{
	if (q->name + q->value > FCGI_PARAMS_MAX ||
	    q->count == FCGI_PARAMS_COUNT_MAX)
		return TOO_LARGE;
	/* A parameter without a name is none, but its value must be taken. */
	if (q->name == 0)
		buf_add(&q->text, "=", 1);
	return 0;
}

int
fcgi_params_take(struct fcgi_params *q, const uint8_t *p, size_t n)
{
	size_t taken;
	int status;

	q->total += n;
	if (q->total > FCGI_PARAMS_MAX)
		return TOO_LARGE;
	while (n > 0 || (q->is_open && q->name + q->value == 0)) {
		if (!q->is_open) {
			if (take_sizes(q, *p++)) {
				status = judge_pair(q);
				if (status != 0)
					return status;
			}
			n--;
			continue;
		}
		taken = take_pair(q, p, n);
		/* It would cut the value short for whoever reads it. */
		if (taken > 0 && memchr(p, '\0', taken) != NULL)
			return BAD_REQUEST;
		p += taken;
		n -= taken;
	}
	return 0;
}

const char *const *
fcgi_params_end(struct fcgi_params *q)
{
	const char *at = buf_str(&q->text);
	size_t i;

	if (q->is_open || q->nsizes > 0 || buf_is_over(&q->text))
		return NULL;
	q->list = xcalloc(q->count + 1, sizeof(*q->list));
	for (i = 0; i < q->count; i++) {
		q->list[i] = at;
		at += strlen(at) + 1;
	}
	return q->list;
}
