/*
 * store_sqlite_schema - the numbered SQL files of sql/sqlite, compiled in
 *
 * The .c is made by the build from the files; migration n brings schema n
 * to n + 1.
 */
#ifndef STORE_STORE_SQLITE_SCHEMA_H
#define STORE_STORE_SQLITE_SCHEMA_H

extern const char *const store_sqlite_migrations[];
extern const int store_sqlite_nmigrations;

#endif
