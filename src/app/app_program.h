/*
 * app_program - which programs run on a store, and with which settings
 *
 * A program that keeps running writes a record into the store's run file and
 * holds a lock on it as long as it lives; the kernel gives the lock back
 * whatever way the program ends, so no record outlives its program.  Another
 * program that reads the same file of settings can say whether that one runs
 * with other settings.  One thread.
 */
#ifndef APP_APP_PROGRAM_H
#define APP_APP_PROGRAM_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/crypt.h"
#include "base/err.h"

struct app_conf;
struct strlist;

#define APP_DIGEST_SIZE (2 * CRYPT_SHA256_SIZE + 1)

#define APP_WORKER_SIZE 129

struct app_program {
	char name[16]; /* "hls.fcgi" */
	long pid;
	int64_t since_ms;             /* when it read these settings */
	char values[APP_DIGEST_SIZE]; /* digest of the effective values */
	char file[APP_DIGEST_SIZE];   /* of the file's bytes and the secrets */
	char restart[64];    /* a changed key that waits for a restart; "-" */
	char path[PATH_MAX]; /* of the file */
	char worker[APP_WORKER_SIZE]; /* of a drain, its id; else "" */
};

/* Where a program's record is; fd -1: nowhere. */
struct app_program_place {
	int fd;
	size_t slot;
};

/* Writes the record, for the first time or once more.  worker is the id of a
 * drain, NULL for other programs.  RC_SYSTEM: it cannot be written; the program
 * works as well without, but other programs may not see that it runs. */
enum rc app_program_put(struct app_program_place *at, const char *name,
    const char *worker, const struct app_conf *conf, const char *restart,
    int64_t now_ms, struct err *e);
void app_program_end(struct app_program_place *at);

/* The programs that run now; *out is the caller's, free(3).  0 also where the
 * run file cannot be read. */
size_t app_program_list(const struct app_conf *conf, struct app_program **out);

/* The worker ids of the drains that run now, of any thread's asking; out is
 * the caller's, strlist_fini().  false: not known, as the run file cannot be
 * read, or a program has no record in it, or a drain of an earlier version
 * runs, or too many programs do. */
bool app_program_drains(const struct app_conf *conf, struct strlist *out);

/* Whether its settings are in another file than conf. */
bool app_program_is_elsewhere(const struct app_program *p,
    const struct app_conf *conf);

/* Whether neither its values nor its file are those of conf.  The values
 * alone may differ because the programs have other variables. */
bool app_program_differs(const struct app_program *p,
    const struct app_conf *conf);

#endif
