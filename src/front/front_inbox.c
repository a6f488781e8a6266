#include "config.h"

#include <stdbool.h>
#include <stddef.h>

#include "base/loop.h"
#include "front/front_inbox.h"

void
front_items_init(struct front_items *l)
{
	l->first = NULL;
	l->last = &l->first;
}

void
front_items_put(struct front_items *l, struct front_item *item)
{
	item->next = NULL;
	*l->last = item;
	l->last = &item->next;
}

struct front_item *
front_items_take(struct front_items *l)
{
	struct front_item *item = l->first;

	l->first = item->next;
	if (l->first == NULL)
		l->last = &l->first;
	return item;
}

void
front_inbox_init(struct front_inbox *b, struct loop *loop)
{
	b->loop = loop;
	pthread_mutex_init(&b->lock, NULL);
	front_items_init(&b->items);
}

void
front_inbox_fini(struct front_inbox *b)
{
	pthread_mutex_destroy(&b->lock);
}

void
front_inbox_put(struct front_inbox *b, struct front_item *item)
{
	bool is_first;

	pthread_mutex_lock(&b->lock);
	is_first = b->items.first == NULL;
	front_items_put(&b->items, item);
	/* Under the lock: with its last item the box may go. */
	if (is_first)
		loop_wake(b->loop);
	pthread_mutex_unlock(&b->lock);
}

struct front_item *
front_inbox_take(struct front_inbox *b)
{
	struct front_item *first;

	pthread_mutex_lock(&b->lock);
	first = b->items.first;
	front_items_init(&b->items);
	pthread_mutex_unlock(&b->lock);
	return first;
}
