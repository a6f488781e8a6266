#include "config.h"

#include "tests/unit/unit.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include <sqlite3.h>

#include "base/clock.h"
#include "base/xalloc.h"
#include "core/event.h"
#include "tests/store/log.h"

int64_t
log_size(const struct fix *f)
{
	char *path = fix_beside(f, "-wal");
	struct stat st;
	int64_t n = stat(path, &st) == 0 ? (int64_t)st.st_size : 0;

	free(path);
	return n;
}

sqlite3 *
log_reader(const struct fix *f)
{
	sqlite3 *db;

	assert_int_equal(sqlite3_open(f->path, &db), SQLITE_OK);
	(void)sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
	return db;
}

/* No waiting but for a condition, here one that never comes. */
void
log_until_us(int64_t when_us)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	pthread_condattr_t attr;
	pthread_cond_t never;
	struct timespec ts;
	int64_t left_us = when_us - clock_tick_us();

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	if (left_us <= 0)
		return;
	ts.tv_sec += (time_t)(left_us / SECOND_US);
	ts.tv_nsec += (long)(left_us % SECOND_US) * 1000;
	if (ts.tv_nsec >= 1000 * 1000 * 1000) {
		ts.tv_nsec -= 1000 * 1000 * 1000;
		ts.tv_sec++;
	}
	(void)pthread_condattr_init(&attr);
	(void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	(void)pthread_cond_init(&never, &attr);
	(void)pthread_mutex_lock(&lock);
	while (pthread_cond_timedwait(&never, &lock, &ts) == 0)
		continue;
	(void)pthread_mutex_unlock(&lock);
	(void)pthread_cond_destroy(&never);
	(void)pthread_condattr_destroy(&attr);
}

void
log_wait_until_short(const struct fix *f)
{
	int64_t end_us = clock_tick_us() + PATIENCE_US;

	while (log_size(f) >= 4 * MIB) {
		if (clock_tick_us() > end_us)
			fail_msg("the log still has %lld bytes",
			    (long long)log_size(f));
		log_until_us(clock_tick_us() + 5000);
	}
}

void
log_put_large(struct fix *f, size_t i, size_t bytes)
{
	struct event *ev;
	char id[32];

	(void)snprintf(id, sizeof(id), "large-%zu", i);
	ev = fix_event(f, id);
	free(ev->body);
	ev->body = xmalloc(bytes + 1);
	memset(ev->body, 'a' + (int)(i % 26), bytes);
	ev->body[bytes] = '\0';
	ev->bodysz = bytes;
	assert_int_equal(fix_accept(f, ev, NULL), RC_OK);
}
