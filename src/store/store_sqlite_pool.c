#include "config.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/xalloc.h"
#include "store/store_sqlite_int.h"

#define READ_LIMIT_US (1000 * 1000)
#define TAKE_MS 2000 /* two reads that take all the time they have */

/*
 * A few connections for all threads: each has a cache and statements of its
 * own, so one a thread would cost more memory than they save time.  They are
 * opened when first needed.
 */
struct lite_pool {
	pthread_mutex_t lock;
	pthread_cond_t given;
	const char *path; /* the store's */
	struct lite_conn *v;
	struct lite_conn **idle; /* the last given first: its cache is warm */
	size_t nidle, nopen, max;
};

struct lite_pool *
lite_pool_new(const char *path, unsigned int n)
{
	struct lite_pool *p = xcalloc(1, sizeof(*p));

	p->path = path;
	p->max = n > 0 ? n : 1;
	p->v = xcalloc(p->max, sizeof(*p->v));
	p->idle = xcalloc(p->max, sizeof(struct lite_conn *));
	(void)pthread_mutex_init(&p->lock, NULL);
	clock_cond_init(&p->given);
	return p;
}

void
lite_pool_free(struct lite_pool *p)
{
	size_t i;

	if (p == NULL)
		return;
	for (i = 0; i < p->nopen; i++)
		if (p->v[i].db != NULL)
			lite_conn_close(&p->v[i]);
	(void)pthread_cond_destroy(&p->given);
	(void)pthread_mutex_destroy(&p->lock);
	free(p->idle);
	free(p->v);
	free(p);
}

enum rc
lite_reader_take(struct lite *l, struct lite_conn **out, struct err *e)
{
	struct lite_pool *p = l->pool;
	struct timespec until = clock_tick_in(TAKE_MS * INT64_C(1000));
	struct lite_conn *c;
	int reason = 0;
	enum rc rc = RC_OK;

	(void)pthread_mutex_lock(&p->lock);
	while (p->nidle == 0 && p->nopen == p->max && reason == 0)
		reason = pthread_cond_timedwait(&p->given, &p->lock, &until);
	if (p->nidle == 0 && p->nopen == p->max) {
		(void)pthread_mutex_unlock(&p->lock);
		*out = NULL;
		return err_set(e, RC_BUSY,
		    "all %zu connections for reading were in use for %d ms",
		    p->max, TAKE_MS);
	}
	c = p->nidle > 0 ? p->idle[--p->nidle] : &p->v[p->nopen++];
	(void)pthread_mutex_unlock(&p->lock);

	if (c->db == NULL)
		rc = lite_conn_open(p->path, LITE_READ, c, e);
	if (rc != RC_OK) {
		lite_reader_give(l, c);
		*out = NULL;
		return rc;
	}
	c->read_until_us = clock_tick_us() + READ_LIMIT_US;
	*out = c;
	return RC_OK;
}

void
lite_reader_give(struct lite *l, struct lite_conn *c)
{
	struct lite_pool *p = l->pool;

	if (c->fatal)
		atomic_store(&l->dead, true);
	(void)pthread_mutex_lock(&p->lock);
	p->idle[p->nidle++] = c;
	(void)pthread_cond_signal(&p->given);
	(void)pthread_mutex_unlock(&p->lock);
}

int64_t
lite_pool_steps(struct lite_pool *p)
{
	int64_t n = 0;
	size_t i;

	(void)pthread_mutex_lock(&p->lock);
	for (i = 0; i < p->nopen; i++)
		n += lite_conn_steps(&p->v[i]);
	(void)pthread_mutex_unlock(&p->lock);
	return n;
}
