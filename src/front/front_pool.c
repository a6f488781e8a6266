#include "config.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "base/xalloc.h"
#include "front/front_pool.h"

#define STEP_MS 2       /* between looks at threads that are to end */
#define FAILED_MS 10000 /* for threads that have done nothing yet */
#define STACK_SIZE (512 << 10)
#define STACK_SIZE_SANITIZED (4 << 20)

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define IS_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define IS_SANITIZED 1
#endif
#endif
#ifndef IS_SANITIZED
#define IS_SANITIZED 0
#endif

struct front_pool {
	struct front_pool_options opt;
	pthread_mutex_t lock; /* over what follows */
	pthread_cond_t more;  /* a task, or the end */
	struct front_items todo;
	pthread_t *threads;
	unsigned int started, running;
	bool is_ending;
};

static void *
work(void *arg)
{
	struct front_pool *p = arg;
	struct front_item *task;

	pthread_mutex_lock(&p->lock);
	for (;;) {
		while (p->todo.first == NULL && !p->is_ending)
			pthread_cond_wait(&p->more, &p->lock);
		if (p->todo.first == NULL)
			break;
		task = front_items_take(&p->todo);
		pthread_mutex_unlock(&p->lock);
		p->opt.run(task);
		front_inbox_put(p->opt.done, task);
		pthread_mutex_lock(&p->lock);
	}
	p->running--;
	pthread_mutex_unlock(&p->lock);
	return NULL;
}

static int
start(struct front_pool *p)
{
	pthread_attr_t attr;
	int status = 0;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr,
	    IS_SANITIZED ? STACK_SIZE_SANITIZED : STACK_SIZE);
	pthread_mutex_lock(&p->lock);
	while (p->started < p->opt.threads && status == 0) {
		status =
		    pthread_create(&p->threads[p->started], &attr, work, p);
		p->started += status == 0;
	}
	p->running = p->started;
	pthread_mutex_unlock(&p->lock);
	pthread_attr_destroy(&attr);
	return status;
}

enum rc
front_pool_new(const struct front_pool_options *opt, struct front_pool **out,
    struct err *e)
{
	struct front_pool *p = xcalloc(1, sizeof(*p));
	struct err late;
	int status;

	*out = NULL;
	p->opt = *opt;
	pthread_mutex_init(&p->lock, NULL);
	pthread_cond_init(&p->more, NULL);
	front_items_init(&p->todo);
	p->threads = xcalloc(opt->threads, sizeof(*p->threads));
	status = start(p);
	if (status != 0) {
		(void)front_pool_free(p, FAILED_MS, &late);
		return err_errno(e, RC_SYSTEM, status, "making threads");
	}
	*out = p;
	return RC_OK;
}

void
front_pool_put(struct front_pool *p, struct front_item *task)
{
	pthread_mutex_lock(&p->lock);
	front_items_put(&p->todo, task);
	pthread_cond_signal(&p->more);
	pthread_mutex_unlock(&p->lock);
}

static unsigned int
count_running(struct front_pool *p)
{
	unsigned int n;

	pthread_mutex_lock(&p->lock);
	n = p->running;
	pthread_mutex_unlock(&p->lock);
	return n;
}

enum rc
front_pool_free(struct front_pool *p, int64_t wait_ms, struct err *e)
{
	const struct timespec step = { 0, STEP_MS * 1000000L };
	int64_t until_us = clock_tick_us() + wait_ms * 1000;
	unsigned int i, left;

	if (p == NULL)
		return RC_OK;
	pthread_mutex_lock(&p->lock);
	p->is_ending = true;
	pthread_cond_broadcast(&p->more);
	pthread_mutex_unlock(&p->lock);
	while ((left = count_running(p)) > 0 && clock_tick_us() < until_us)
		nanosleep(&step, NULL);
	if (left > 0)
		return err_set(e, RC_BUSY, "%u threads still work", left);
	for (i = 0; i < p->started; i++)
		pthread_join(p->threads[i], NULL);
	pthread_cond_destroy(&p->more);
	pthread_mutex_destroy(&p->lock);
	free(p->threads);
	free(p);
	return RC_OK;
}
