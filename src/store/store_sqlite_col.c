#include "config.h"

#include <sqlite3.h>

#include "base/xalloc.h"
#include "store/store_sqlite_int.h"

int
lite_columns(struct sqlite3_stmt *st)
{
	return sqlite3_column_count(st);
}

bool
lite_col_is_null(struct sqlite3_stmt *st, int at)
{
	return sqlite3_column_type(st, at) == SQLITE_NULL;
}

const char *
lite_col_str(struct sqlite3_stmt *st, int at)
{
	return (const char *)sqlite3_column_text(st, at);
}

const void *
lite_col_bytes(struct sqlite3_stmt *st, int at, size_t *n)
{
	const void *p = sqlite3_column_blob(st, at);

	*n = (size_t)sqlite3_column_bytes(st, at);
	return p;
}

const void *
lite_col_exact(struct sqlite3_stmt *st, int at, size_t n)
{
	size_t size;
	const void *p = lite_col_bytes(st, at, &size);

	return size == n ? p : NULL;
}

int64_t
lite_col_int(struct sqlite3_stmt *st, int at)
{
	return sqlite3_column_int64(st, at);
}

int64_t
lite_col_ms(struct sqlite3_stmt *st, int at)
{
	static const int64_t latest = INT64_C(253402300799999);
	int64_t ms = lite_col_int(st, at);

	return ms < 0 ? 0 : ms > latest ? latest : ms;
}

int
lite_col_enum(struct sqlite3_stmt *st, int at, int n)
{
	int64_t v = lite_col_int(st, at);

	return v < 0 || v >= n ? 0 : (int)v;
}

char *
lite_col_text(struct sqlite3_stmt *st, int at)
{
	const void *p = sqlite3_column_text(st, at);

	if (p == NULL)
		return NULL;
	return xmemdup0(p, (size_t)sqlite3_column_bytes(st, at));
}

char *
lite_col_blob(struct sqlite3_stmt *st, int at, size_t *n)
{
	const void *p = sqlite3_column_blob(st, at);

	*n = (size_t)sqlite3_column_bytes(st, at);
	if (sqlite3_column_type(st, at) == SQLITE_NULL)
		return NULL;
	return xmemdup0(p, *n);
}
