#include "config.h"

#include "tests/unit/unit.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sqlite3.h>

#include "base/xalloc.h"
#include "tests/store/raw.h"

void
raw_sql(const char *path, const char *text)
{
	sqlite3 *db;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, text, NULL, NULL, NULL), SQLITE_OK);
	(void)sqlite3_close(db);
}

int64_t
raw_count(const char *path, const char *text)
{
	return raw_count_with(path, text, NULL, 0);
}

int64_t
raw_count_with(const char *path, const char *text, const int64_t *v, int nv)
{
	sqlite3_stmt *st;
	sqlite3 *db;
	int64_t n;
	int i;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db, text, -1, &st, NULL),
	    SQLITE_OK);
	for (i = 0; i < nv; i++)
		assert_int_equal(sqlite3_bind_int64(st, i + 1, v[i]),
		    SQLITE_OK);
	assert_int_equal(sqlite3_step(st), SQLITE_ROW);
	n = sqlite3_column_int64(st, 0);
	(void)sqlite3_finalize(st);
	(void)sqlite3_close(db);
	return n;
}

char *
raw_read(const char *path, size_t *n)
{
	struct stat st;
	char *p;
	int fd = open(path, O_RDONLY);

	*n = 0;
	if (fd == -1)
		return NULL;
	assert_int_equal(fstat(fd, &st), 0);
	*n = (size_t)st.st_size;
	p = xmalloc(*n + 1);
	assert_int_equal(read(fd, p, *n), (ssize_t)*n);
	(void)close(fd);
	return p;
}

void
raw_write(const char *path, const void *p, size_t n)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, p, n), (ssize_t)n);
	(void)close(fd);
}
