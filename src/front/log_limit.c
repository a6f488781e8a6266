#include "config.h"

#include <string.h>

#include "base/log.h"
#include "front/log_limit.h"

#define EVERY_MS 1000

void
log_limit_init(struct log_limit *l)
{
	memset(l, 0, sizeof(*l));
	pthread_mutex_init(&l->lock, NULL);
}

void
log_limit_fini(struct log_limit *l)
{
	pthread_mutex_destroy(&l->lock);
}

/* The lock is held.  Statuses are few, so a place is never given back. */
static size_t
find(struct log_limit *l, int status)
{
	size_t i;

	for (i = 0; i + 1 < LOG_LIMIT_STATUSES; i++) {
		if (l->v[i].status == 0)
			l->v[i].status = status;
		if (l->v[i].status == status)
			break;
	}
	return i;
}

bool
log_limit_take(struct log_limit *l, int status, int64_t now_ms,
    uint64_t *left_out)
{
	bool may;
	size_t i;

	*left_out = 0;
	pthread_mutex_lock(&l->lock);
	i = find(l, status);
	may = now_ms >= l->v[i].next_ms;
	if (may) {
		*left_out = l->v[i].left_out;
		l->v[i].left_out = 0;
		l->v[i].next_ms = now_ms + EVERY_MS;
	} else {
		l->v[i].left_out++;
	}
	pthread_mutex_unlock(&l->lock);
	return may;
}

static void
report(int status, uint64_t left_out)
{
	struct log_line line;

	log_begin(&line, LOG_LEVEL_INFO, "requests not logged");
	log_int(&line, "status", status);
	log_int(&line, "left_out", (int64_t)left_out);
	log_end(&line);
}

void
log_limit_flush(struct log_limit *l, int64_t now_ms)
{
	size_t i;

	pthread_mutex_lock(&l->lock);
	for (i = 0; i < LOG_LIMIT_STATUSES; i++)
		if (l->v[i].left_out > 0 &&
		    now_ms >= l->v[i].next_ms + EVERY_MS) {
			report(l->v[i].status, l->v[i].left_out);
			l->v[i].left_out = 0;
		}
	pthread_mutex_unlock(&l->lock);
}
