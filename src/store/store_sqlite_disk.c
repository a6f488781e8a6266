#include "config.h"

#include <sys/statvfs.h>

#include "base/clock.h"
#include "store/store_sqlite_int.h"

#define FREE_CHECK_US (250 * 1000)

bool
lite_disk_is_low(struct lite *l)
{
	int64_t now_us = clock_tick_us();
	long long last_us = atomic_load(&l->free_checked_us);
	struct statvfs fs;

	if (l->min_free <= 0)
		return false;
	if (last_us != 0 && now_us - last_us < FREE_CHECK_US)
		return atomic_load(&l->disk_low);
	atomic_store(&l->free_checked_us, now_us);
	if (statvfs(l->path, &fs) == 0)
		atomic_store(&l->disk_low,
		    (int64_t)fs.f_bavail * (int64_t)fs.f_frsize < l->min_free);
	return atomic_load(&l->disk_low);
}
