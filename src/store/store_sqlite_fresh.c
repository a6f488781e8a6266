#include "config.h"

#include <stdlib.h>

#include "base/xalloc.h"
#include "store/store_sqlite_fresh.h"

#define BUCKET_BITS 16

_Static_assert(1 << BUCKET_BITS == LITE_FRESH_BUCKETS, "buckets");

struct node {
	struct node *next;
	struct lite_sight sight;
};

struct lite_fresh {
	size_t n;
	struct node **heads; /* NULL until something is put: it is large */
};

struct lite_fresh *
lite_fresh_new(void)
{
	return xcalloc(1, sizeof(struct lite_fresh));
}

void
lite_fresh_clear(struct lite_fresh *f)
{
	struct lite_sight gone;
	size_t i;

	for (i = 0; f->n > 0; i++)
		while (lite_fresh_pop(f, i, &gone))
			;
}

void
lite_fresh_free(struct lite_fresh *f)
{
	if (f == NULL)
		return;
	lite_fresh_clear(f);
	free(f->heads);
	free(f);
}

size_t
lite_fresh_count(const struct lite_fresh *f)
{
	return f->n;
}

size_t
lite_fresh_bucket(uint64_t key)
{
	return (size_t)(key >> (64 - BUCKET_BITS));
}

static struct node *
find(const struct lite_fresh *f, uint64_t key, uint64_t rest)
{
	struct node *at =
	    f->heads == NULL ? NULL : f->heads[lite_fresh_bucket(key)];

	while (at != NULL && (at->sight.key != key || at->sight.rest != rest))
		at = at->next;
	return at;
}

const struct lite_sight *
lite_fresh_find(const struct lite_fresh *f, uint64_t key, uint64_t rest)
{
	const struct node *at = find(f, key, rest);

	return at == NULL ? NULL : &at->sight;
}

void
lite_fresh_put(struct lite_fresh *f, const struct lite_sight *s)
{
	struct node *at = find(f, s->key, s->rest), **head;

	if (f->heads == NULL)
		f->heads = xcalloc(LITE_FRESH_BUCKETS, sizeof(*f->heads));
	if (at == NULL) {
		head = &f->heads[lite_fresh_bucket(s->key)];
		at = xmalloc(sizeof(*at));
		at->next = *head;
		*head = at;
		f->n++;
	}
	at->sight = *s;
}

bool
lite_fresh_pop(struct lite_fresh *f, size_t bucket, struct lite_sight *out)
{
	struct node *at = f->heads == NULL ? NULL : f->heads[bucket];

	if (at == NULL)
		return false;
	f->heads[bucket] = at->next;
	f->n--;
	*out = at->sight;
	free(at);
	return true;
}
