/*
 * store_sqlite_int - what the files of the SQLite engine share
 *
 * Names of the engine that cross its files begin with lite_.
 *
 *	store_sqlite.c		open and close; the engine's table
 *	store_sqlite_file.c	folder, files, locks, key
 *	store_sqlite_init.c	making and upgrading
 *	store_sqlite_decode.c	decodes the forms of an older store
 *	store_sqlite_conn.c	one connection and its statements
 *	store_sqlite_col.c	columns of a row
 *	store_sqlite_stmt.c	the SQL
 *	store_sqlite_pool.c	read connections
 *	store_sqlite_commit.c	the committer: every write goes through it
 *	store_sqlite_op.c	one write, between its waiter and the committer
 *	store_sqlite_stmt_list.c	the SQL of the conditions of lists
 *	store_sqlite_pick.c	rows that several conditions share
 *	store_sqlite_webhook_list.c	the same for webhooks
 *	store_sqlite_ckpt.c	checkpoints
 *	store_sqlite_vfs.c	the log is written in few pieces
 *	store_sqlite_key.c	which key secrets are sealed under
 *	store_sqlite_note.c	whose log it is
 *	store_sqlite_figures.c	what gathers in memory rides along
 *	store_sqlite_metric.c	figures, and who has a label
 *	store_sqlite_seen.c	which posts were seen before
 *	store_sqlite_fresh.c	those of late, in memory
 *	store_sqlite_same.c	the events of one delivery id
 *	store_sqlite_span.c	which ids hold events of a type or a source
 *	store_sqlite_tally.c	sums that a transaction writes once, at its end
 *	store_sqlite_flow.c	what bounds the deliveries to one target
 *	store_sqlite_notice.c	hls's own events
 *	store_sqlite_tell.c	the notices that a drain makes events of
 *	store_sqlite_health.c	the health of webhooks, and reports of it
 *	store_sqlite_source.c	reports of sources, once an hour
 *	store_sqlite_sum.c	the sums by name
 *	store_sqlite_gate.c	the gate
 *	store_sqlite_disk.c	whether the disk is nearly full
 *	store_sqlite_row.c	rows to our structs
 *	store_sqlite_owe.c	the one place where a job is made
 *	the others		the operations
 */
#ifndef STORE_STORE_SQLITE_INT_H
#define STORE_STORE_SQLITE_INT_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/crypt.h"
#include "base/err.h"
#include "core/event.h"
#include "core/event_state.h"
#include "core/flow.h"
#include "core/health.h"
#include "core/job.h"
#include "core/order.h"
#include "store/store_int.h"
#include "store/store_sqlite_stmt.h"

struct meter;
struct sqlite3;
struct sqlite3_stmt;
struct secret;
struct strlist;

#define LITE_APPLICATION_ID 0x686c7331 /* "hls1" */
#define LITE_FAR INT64_MAX             /* a due time that never comes */
#define LITE_ATTEMPTS_MAX 4095         /* numbers of attempts in attempt.id */

/* Connections. */

enum lite_mode {
	LITE_READ,  /* query_only, a small cache, statements end after 1 s */
	LITE_WRITE, /* the committer's */
	LITE_MAKE   /* creates; journal and sync as a first start needs them */
};

struct lite_conn {
	struct sqlite3 *db;
	struct sqlite3_stmt *stmts[LITE_STMTS];
	int failed; /* SQLite's code of the last failure */
	bool fatal; /* a failure after which nothing may be acknowledged */
	int64_t busy_until_us;
	int64_t read_until_us; /* 0: statements may run on */
	unsigned int wal_frames;
};

enum rc lite_conn_open(const char *path, enum lite_mode mode,
    struct lite_conn *out, struct err *e);
/* Opens the file alone: for what its header says, before any statement. */
enum rc lite_conn_peek(const char *path, struct lite_conn *out, struct err *e);
void lite_conn_close(struct lite_conn *c);
/* SQLite found a database file of this process under another name. */
bool lite_file_is_moved(void);

/* Application id, schema number and file form are ours; RC_INVALID. */
enum rc lite_conn_identify(struct lite_conn *c, const char *path, int *version,
    struct err *e);

/* A pragma with one integer as its answer. */
enum rc lite_conn_pragma(struct lite_conn *c, enum lite_stmt pragma,
    int64_t *out, struct err *e);

/* The statement, prepared on first use; NULL when that failed, which the
 * functions below take and lite_step() reports. */
struct sqlite3_stmt *lite_stmt(struct lite_conn *c, enum lite_stmt s);
void lite_int(struct sqlite3_stmt *st, int at, int64_t v);
/* Text and bytes are borrowed until the statement is reset.  NULL is NULL,
 * no bytes from elsewhere an empty blob. */
void lite_text(struct sqlite3_stmt *st, int at, const char *s);
void lite_blob(struct sqlite3_stmt *st, int at, const void *p, size_t n);

/* One step: *row tells whether there is a row; when there is none the
 * statement is reset.  lite_reset() ends one early. */
enum rc lite_step(struct lite_conn *c, struct sqlite3_stmt *st, bool *row,
    struct err *e);
void lite_reset(struct sqlite3_stmt *st);
/* To its end, rows dropped. */
enum rc lite_run(struct lite_conn *c, struct sqlite3_stmt *st, struct err *e);
enum rc lite_run_stmt(struct lite_conn *c, enum lite_stmt s, struct err *e);
int lite_changes(struct lite_conn *c);
/* Of the row that was inserted last. */
int64_t lite_new_id(struct lite_conn *c);

/* One condition of a list: the statement gives the highest id not above ?1
 * of a row that it takes, by an index; ?2 is the text or the number. */
struct lite_condition {
	enum lite_stmt stmt;
	const char *text;
	int64_t number;
	bool has_number;
};
#define LITE_CONDITIONS 6
struct lite_pick {
	struct lite_condition by[LITE_CONDITIONS];
	size_t n;
	bool up;        /* from low ids to high ones */
	int64_t before; /* ids from here on, or up to here, were judged */
	size_t looks;   /* looks into an index that are left */
	bool is_over;   /* there is no further row */
};
/* The next row, from high ids to low ones or up, that all conditions take; 0 when
 * there is none or looks is used up.  In one transaction of the caller's. */
enum rc lite_pick(struct lite_conn *c, struct lite_pick *p, int64_t *id,
    struct err *e);

/* Where the events of a time are.  They are within the ids (low, high], but for
 * late ones, see LITE_EVENT_LATE, which may have higher ids. */
struct lite_bounds {
	int64_t low, high;
};
/* A time of 0 is open.  In one transaction of the caller's. */
enum rc lite_event_bounds(struct lite_conn *c, int64_t since_ms,
    int64_t until_ms, struct lite_bounds *out, struct err *e);

/* Steps of its statements since the last question. */
int64_t lite_conn_steps(struct lite_conn *c);

/* The columns of the row that a step gave. */
int lite_columns(struct sqlite3_stmt *st);
bool lite_col_is_null(struct sqlite3_stmt *st, int at);
int64_t lite_col_int(struct sqlite3_stmt *st, int at);
/* Lent until the next step or reset; NULL for NULL. */
const char *lite_col_str(struct sqlite3_stmt *st, int at);
/* ...and NULL for no bytes too. */
const void *lite_col_bytes(struct sqlite3_stmt *st, int at, size_t *n);
/* The same, or NULL where they are not n bytes. */
const void *lite_col_exact(struct sqlite3_stmt *st, int at, size_t n);
/* Steps st and resets it: the first column of its first row, or other when
 * there is no row. */
enum rc lite_one_int(struct lite_conn *c, struct sqlite3_stmt *st,
    int64_t other, int64_t *out, struct err *e);
/*
 * For a file that somebody crafted, where STRICT and CHECK need not hold: a
 * time from 1970 to the end of the year 9999, so that sums and differences of
 * times cannot overflow, and a member of an enum of n, 0 for any other value.
 */
int64_t lite_col_ms(struct sqlite3_stmt *st, int at);
int lite_col_enum(struct sqlite3_stmt *st, int at, int n);
/* A copy; NULL for NULL. */
char *lite_col_text(struct sqlite3_stmt *st, int at);
/* A copy with a NUL behind; NULL for NULL. */
char *lite_col_blob(struct sqlite3_stmt *st, int at, size_t *n);

/* What the connection's last failure means; fills e, marks c->fatal. */
enum rc lite_failed(struct lite_conn *c, struct err *e);

/* RC_BUSY for what passes when others let go of descriptors or memory, else
 * RC_SYSTEM. */
enum rc lite_rc_of_errno(int reason);

/* Transactions. */

enum lite_sum {
	LITE_SUM_ACCEPTED,
	LITE_SUM_DUPLICATES,
	LITE_SUM_SUSPECTS, /* ever */
	LITE_SUM_SUSPECTS_HELD,
	LITE_SUM_IGNORED_BODIES, /* rows that are remembered */
	LITE_SUM_UNEXPANDED,
	LITE_SUM_EVENT, /* and the next ones, by status */
	LITE_SUM_EVENTS_PURGED = LITE_SUM_EVENT + EVENT_STATUSES,
	LITE_SUM_FAILED_OPEN, /* failed ones of which jobs are open */
	LITE_SUM_JOB,         /* and the next ones, by state */
	LITE_SUM_JOBS_PURGED = LITE_SUM_JOB + STORE_STATES,
	LITE_SUM_JOBS_OWED,
	LITE_SUM_RETRYING,
	LITE_SUM_LEASES, /* these five ever, not now */
	LITE_SUM_LAPSES,
	LITE_SUM_FENCED,
	LITE_SUM_RETRIES,
	LITE_SUM_DEAD_LETTERS,
	LITE_SUM_PROCESSED,
	LITE_SUM_PROCESSING_MS,
	LITE_SUM_WEBHOOKS_VERSION,
	LITE_SUM_BLOCKED_VERSION,
	LITE_SUM_EVENT_ID,
	LITE_SUM_JOB_ID
};
#define LITE_SUMS (LITE_SUM_JOB_ID + 1)
const char *lite_sum_name(enum lite_sum s);

/* What one operation changes of one event's row. */
struct lite_event_change {
	int64_t id;
	struct event_change jobs;
	bool has_passed;
	int64_t passed[EVENT_PASSED];
	char *error;
};

/* ...of one target's row, and of its webhook's. */
struct lite_target_change {
	int64_t id;
	int waiting, leased;
	int64_t due_ms;    /* a new waiting job's; LITE_FAR: none */
	bool due_is_first; /* due_ms is the first of all that wait */
	/* A lease asked it for jobs, got taken, and it has more due. */
	bool was_asked, has_more;
	int taken;
	int unused; /* of the leased ones, given back unsent */
	struct breaker_news news;
	struct health_news health;
	int64_t answers[STORE_ANSWER_BOUNDS], answers_ms;
	bool gone;
};

struct lite_named {
	char *key;
	int64_t n;
};

struct lite_day_change {
	int64_t day; /* since 1970 */
	int64_t total, succeeded, failed, processing_ms;
};

/* Enough for most exchanges; a slot holds 255. */
#define LITE_EVENTS_MAX 192
#define LITE_TARGETS_MAX 64
#define LITE_NAMED_MAX 128
#define LITE_DAYS_MAX 8

struct lite_tally {
	int64_t sums[LITE_SUMS];
	struct lite_event_change events[LITE_EVENTS_MAX];
	size_t nevents;
	uint8_t event_slot[LITE_EVENTS_MAX * 2];
	struct lite_target_change targets[LITE_TARGETS_MAX];
	size_t ntargets;
	struct lite_named types[LITE_NAMED_MAX];
	size_t ntypes;
	struct lite_named repos[LITE_NAMED_MAX];
	size_t nrepos;
	struct lite_day_change days[LITE_DAYS_MAX];
	size_t ndays;
	uint64_t additions; /* ever; tells whether an operation added */
};

/* How far the search for waits that nothing explains has come. */
struct lite_plan {
	bool goes_on, in_lane;
	int64_t target, behind, lane; /* the last that was looked at */
	int64_t due_ms, job;          /* ...and in it */
};

struct lite;
struct lite_seen;
struct lite_spans;

/* The open write transaction; there is one in a process at a time. */
struct lite_tx {
	struct lite *lite;
	struct lite_conn *conn;
	struct lite_tally tally;
	int64_t last_event_id, last_job_id; /* 0: not read yet */
	int64_t load;   /* waiting jobs and unexpanded events; -1: not read */
	int64_t now_ms; /* of the operation that runs, set by it */
	struct store_flow flow; /* ...and this, by one that leases or settles */
	bool new_work;          /* a drain should look */
	struct lite_seen *seen;
	bool has_seen; /* seen is up to date */
	struct lite_spans *spans;
	bool is_calm; /* one operation alone, after a rest */
};

void lite_tally_clear(struct lite_tally *t);
void lite_tally_sum(struct lite_tx *tx, enum lite_sum s, int64_t n);
/* Either may write what has gathered when its table is full. */
enum rc lite_tally_event(struct lite_tx *tx, int64_t id,
    struct lite_event_change **out, struct err *e);
enum rc lite_tally_target(struct lite_tx *tx, int64_t id,
    struct lite_target_change **out, struct err *e);
enum rc lite_tally_accepted(struct lite_tx *tx, const char *type,
    const char *repository, int64_t received_ms, bool owes, struct err *e);
/* Writes what has gathered for rows of targets: one that will look at them
 * does before it ends... */
enum rc lite_tally_targets(struct lite_tx *tx, int64_t now_ms, struct err *e);
/* ...and of events too, at the end of each operation... */
enum rc lite_tally_rows(struct lite_tx *tx, int64_t now_ms, struct err *e);
/* ...and the sums, before COMMIT. */
enum rc lite_tally_sums(struct lite_tx *tx, struct err *e);
enum rc lite_sum_read(struct lite_conn *c, enum lite_sum s, int64_t *out,
    struct err *e);
enum rc lite_next_id(struct lite_tx *tx, enum lite_sum which, int64_t *last,
    int64_t *out, struct err *e);

/* The committer. */

/*
 * One operation inside a transaction.  When it fails having changed rows
 * it is rolled back alone; when it fails having changed none, its code is
 * an answer like any other and its neighbours stay.  It may be run twice.
 */
typedef enum rc lite_op_run(struct lite_tx *tx, void *arg, struct err *e);

/*
 * Runs op in a group commit and returns once it is on disk, or with RC_BUSY
 * and *left when it has not begun after turn_ms or is not on disk after
 * wait_ms.  Then, with drop, the committer keeps arg, goes on with it and
 * frees it with drop; without, what has not begun never will, what has may
 * yet come on disk, and arg is not touched any more.  Where *left is not
 * set arg stays the caller's.
 */
struct lite_write {
	lite_op_run *run;
	void *arg;
	size_t bytes; /* counted against queue_bytes */
	int64_t turn_ms, wait_ms;
	void (*drop)(void *arg);
	void (*done)(void *arg); /* of lite_commit_begin() alone */
};
enum rc lite_commit(struct lite *l, const struct lite_write *w, bool *left,
    struct err *e);
/*
 * The same for a caller who does not wait: done(arg) is called as soon as the
 * result is known, as the committer's last touch of arg, and lite_commit_end()
 * takes it.  w has drop.  True of lite_commit_leave(): done() is not called
 * any more, and arg is the committer's.
 */
struct lite_op;
enum rc lite_commit_begin(struct lite *l, const struct lite_write *w,
    struct lite_op **out, struct err *e);
enum rc lite_commit_end(struct lite_op *op, void **arg, struct err *e);
bool lite_commit_leave(struct lite_op *op);
/* The same for an argument on the caller's stack, in the store's time. */
enum rc lite_commit_now(struct lite *l, lite_op_run *run, void *arg,
    struct err *e);

struct lite_commit_state;
struct lite_commit_state *lite_commit_new(struct lite *l);
/* Opens the connection that writes before the first write, which opens it
 * otherwise.  Until then it is the caller's to read with. */
enum rc lite_commit_open(struct lite_commit_state *c, struct lite_conn **out,
    struct err *e);
/* Ends the committer's thread after the writes in hand; false when it could
 * not be ended within a second, and goes on using the store. */
bool lite_commit_free(struct lite_commit_state *c);
/* It has written, and so has left the file whole if it was the last. */
bool lite_commit_has_begun(struct lite_commit_state *c);

/* What this process counts, and what the committer itself has to tell. */
struct lite_figures;
struct lite_figures *lite_figures_new(void);
void lite_figures_free(struct lite_figures *f);
/* From then on they are written down. */
struct meter *lite_figures_want(struct lite_figures *f);
bool lite_figures_are_wanted(const struct lite_figures *f);
/* There are some for a transaction of their own. */
bool lite_figures_wait(const struct lite_figures *f);
/* In a transaction with nops operations, if it is time for it... */
enum rc lite_figures_write(struct lite_figures *f, struct lite_tx *tx,
    size_t nops, struct err *e);
/* ...and when it is on disk. */
void lite_figures_written(struct lite_figures *f);
/* A group that began to wait for the gate, was let in, and is done. */
void lite_figures_observe(struct lite_figures *f, size_t nops, int64_t began_us,
    int64_t entered_us);

/* Where this process's figures gather; from the first call on the committer
 * writes them down. */
struct meter *lite_commit_meter(struct lite_commit_state *c);

/* When a checkpoint is asked for. */
enum lite_load {
	LITE_QUEUED, /* after a group: more may follow at once */
	LITE_IDLE    /* when nothing was written for a second */
};

/* Called by the committer between groups; true when the WAL still wants a
 * checkpoint. */
bool lite_checkpoint(struct lite *l, struct lite_conn *c, enum lite_load load);

/* The locks that a program has open on a store. */
struct lite_locks {
	const char *path; /* of the database */
	int run_fd, gate_fd, ckpt_fd;
};
/* The last thing that a program does with c, which writes: when no other
 * program has the store open, all of it is in the database's file. */
void lite_leave_whole(const struct lite_locks *locks, struct lite_conn *c);

/* The gate that every writer of every process goes through. */
enum rc lite_gate_enter(struct lite *l, struct err *e);
void lite_gate_leave(struct lite *l);

/* The store. */

struct lite_pool;

struct lite {
	char *path; /* of the database, resolved */
	char *gate_path, *ckpt_path, *run_path, *wake_path, *key_path;
	int gate_fd, ckpt_fd, run_fd, wake_fd;
	const struct clock *clock;
	int64_t min_free, max_waiting, queue_bytes, turn_ms;
	uint32_t salt;
	int64_t boot;   /* the boot id as a number */
	bool was_whole; /* when it was opened, the file alone had everything */
	pthread_mutex_t key_lock; /* of what follows */
	bool has_key;
	uint8_t key[CRYPT_KEY_SIZE];
	char *key_check; /* what the key was judged by */
	size_t key_checksz;
	char key_why[256];      /* there is none */
	const uint8_t *sealing; /* the committer's: the next one, or NULL */
	atomic_bool dead;
	atomic_llong free_checked_us;
	atomic_bool disk_low;
	int64_t checkpoint_from_us; /* these two are the committer's own */
	bool log_is_uncut;          /* emptied, and as long as it was */
	struct lite_pool *pool;
	struct lite_commit_state *commit;
	/* Told by one thread while another may lease. */
	atomic_llong flow_rate, flow_max_in_flight, flow_failures, flow_open_ms;
	/* Of the leases, one at a time. */
	bool flow_seen;
	int64_t flow_drift_ms; /* wall over boot time, at its last lease */
	int64_t flow_mend_at;  /* boot time: the waits are looked at again */
	struct lite_plan plan;
	/* As flow_rate: a job that is judged in the middle of a change is
	 * judged again.  -1: nobody has told. */
	atomic_llong flow_schedule[WEBHOOK_RETRIES_MAX], flow_retries;
};

/* The JSON beside a payload that is not JSON itself. */
enum rc lite_put_json(struct lite_conn *c, int64_t event, const char *json,
    size_t n, struct err *e);
/* Adds the decoded JSON to the payloads of an older schema. */
enum rc lite_decode_payloads(struct lite_conn *c, struct err *e);
enum rc lite_init(const struct store_options *opt, bool *made, char **says,
    struct err *e);
bool lite_disk_is_low(struct lite *l);

/* Files. */
struct lite_files {
	char *path;
	char *folder;
};
enum rc lite_files_find(const char *url_path, bool make_folder,
    struct lite_files *out, struct err *e);
void lite_files_fini(struct lite_files *f);
enum rc lite_files_judge(const struct lite_files *f, struct err *e);
enum rc lite_file_lock(const char *path, int operation, bool *locked, int *fd,
    struct err *e);
/* The run file's lock, shared: RC_BUSY when a change of the schema or a
 * restore has it for longer than a program takes to end. */
enum rc lite_run_lock(const char *run_path, const char *path, int *fd,
    struct err *e);
/* The gate of the database at path, RC_BUSY after ms; flock() leaves it. */
enum rc lite_gate_enter_within(int gate_fd, const char *path, int64_t ms,
    struct err *e);
/* RC_NOTFOUND: there is no key file. */
enum rc lite_key_read(const char *key_file, uint8_t key[CRYPT_KEY_SIZE],
    struct err *e);
/* The check value that lite_key_sign() left; NULL and 0: none yet. */
enum rc lite_key_check_get(struct lite_conn *c, char **sealed, size_t *n,
    struct err *e);
bool lite_key_opens(const uint8_t key[CRYPT_KEY_SIZE], const char *check,
    size_t n);
/* The key belongs to this store: RC_INVALID otherwise. */
enum rc lite_key_check(struct lite_conn *c, const uint8_t key[CRYPT_KEY_SIZE],
    struct err *e);
/*
 * l->has_key and l->key are as the store, as c sees it, and the key files
 * have it.  Only a failure to read the store is one; *how, if wanted, is
 * what became of the key file, and e says it then.
 */
enum rc lite_key_settle(struct lite *l, struct lite_conn *c, enum rc *how,
    struct err *e);
/* RC_INVALID: there is none, and why. */
enum rc lite_key_copy(struct lite *l, uint8_t out[CRYPT_KEY_SIZE],
    struct err *e);
enum rc lite_key_change(void *impl, bool rotate, struct store_key_change *out,
    struct err *e);
/* Seals the secrets of every webhook under l->sealing; those that do not open
 * stay as they are. */
enum rc lite_webhook_reseal(struct lite_tx *tx, size_t *sealed, size_t *lost,
    struct err *e);
/* Marks every webhook that has something sealed: its key is lost. */
enum rc lite_webhook_mark_sealed(struct lite_tx *tx, struct err *e);
/* A row of WEBHOOK_COLUMNS; where its secrets do not open the webhook has the
 * reason in damage. */
enum rc lite_webhook_of_row(struct lite *l, struct lite_conn *c,
    struct sqlite3_stmt *st, struct webhook **out, struct err *e);
/* RC_NOTFOUND. */
enum rc lite_webhook_read(struct lite *l, struct lite_conn *c, const char *id,
    struct webhook **out, struct err *e);
/* Leaves in the store what lite_key_check() will judge the key by. */
enum rc lite_key_sign(struct lite_conn *c, const uint8_t key[CRYPT_KEY_SIZE],
    struct err *e);
enum rc lite_has_ciphertext(struct lite_conn *c, bool *out, struct err *e);

/* Readers. */
struct lite_pool *lite_pool_new(const char *path, unsigned int n);
void lite_pool_free(struct lite_pool *p);
int64_t lite_pool_steps(struct lite_pool *p);
enum rc lite_reader_take(struct lite *l, struct lite_conn **out, struct err *e);
void lite_reader_give(struct lite *l, struct lite_conn *c);

enum rc lite_resolve(struct lite *l, const char *prefix, enum lite_stmt time_of,
    const char *text, int64_t *id, struct err *e);
enum rc lite_sums_read(struct lite_conn *c, int64_t sums[LITE_SUMS],
    struct err *e);

/* Rows. */
#define LITE_EVENT_COLUMNS 26
struct event *lite_event_of_row(struct lite *l, struct sqlite3_stmt *st,
    int at);
void lite_job_of_row(struct lite *l, struct sqlite3_stmt *st,
    struct store_job *out);
void lite_strlist_of_row(struct sqlite3_stmt *st, int at, struct strlist *l);
char *lite_strlist_text(const struct strlist *l);
void lite_public_id(struct lite *l, const char *prefix, int64_t ms, int64_t row,
    char out[ID_PUBLIC_SIZE]);

/* A job as far as its place in the queue goes. */
struct lite_job {
	int64_t id, event, round, target;
	enum store_state state;
	int priority;
	unsigned int attempt, tries, deaths;
	bool suspect; /* a worker died over it */
	bool again;   /* a person's wish: beside repeats, behind what is new */
	bool ordered; /* has an order key */
	bool behind;  /* see core/order.h */
	bool damaged; /* held what cannot be, and was mended for counting */
	int64_t due_ms, ended_ms;
	int64_t token;
	int64_t until_ms; /* these three while it is leased */
	bool alone;
	const char *owner;
};

/* The job as core/job.h judges it, and what it becomes by that. */
struct job lite_job_rules(const struct lite_job *j);
void lite_job_become(const struct lite_job *was, const struct job *j,
    struct lite_job *is);
/* Brings what no row of ours holds into range; true when there was any. */
bool lite_job_mend(struct lite_job *j);
enum rc lite_job_read(struct lite_tx *tx, int64_t id, struct lite_job *out,
    bool *found, struct err *e);
/*
 * The one way in which a job changes its state: writes the row and moves
 * every count with it.  a, with its class, code and text, may be NULL.
 */
enum rc lite_job_move(struct lite_tx *tx, const struct lite_job *was,
    const struct lite_job *is, const struct store_attempt *a, struct err *e);
/* Counts a job in, or with -1 out, where it stands. */
enum rc lite_job_count(struct lite_tx *tx, const struct lite_job *j, int n,
    struct err *e);
/* An ended or waiting job waits again from now as if it were new, but that
 * what is new goes before it. */
enum rc lite_job_requeue(struct lite_tx *tx, const struct lite_job *was,
    int64_t now_ms, struct err *e);
/* A waiting job is due now; its attempts are what they were. */
enum rc lite_job_hasten(struct lite_tx *tx, const struct lite_job *was,
    int64_t now_ms, struct err *e);
enum rc lite_job_end(struct lite_tx *tx, const struct lite_job *was,
    enum store_state state, const struct store_attempt *a, int64_t now_ms,
    struct err *e);

/* What became of attempts, from the at-th parameter on. */
void lite_bind_answers(struct sqlite3_stmt *st, int at,
    const struct lite_target_change *ch);
/* Adds to a row of metric; a meter_take_fn, arg the transaction. */
enum rc lite_metric_add(void *arg, const char *name, const char *labels,
    int64_t bound, int64_t n, struct err *e);
/* A worker's figures go a day after it was last heard of. */
enum rc lite_metric_forget(struct lite_tx *tx, int64_t before_ms,
    struct err *e);

/* What a statement with one column of ids gives. */
struct lite_ids {
	int64_t *v;
	size_t n;
};
enum rc lite_ids(struct lite_conn *c, struct sqlite3_stmt *st,
    struct lite_ids *out, struct err *e);
void lite_ids_fini(struct lite_ids *ids);

/*
 * The ids below before of the events of a delivery id, from high to low:
 * store_sqlite_same.c.  source is NULL for any.  The most highest ones of each
 * source are among them, others may be.  In one transaction of the caller's.
 */
enum rc lite_events_of_id(struct lite_conn *c, const char *delivery_id,
    const char *source, int64_t before, size_t most, struct lite_ids *out,
    struct err *e);

/* Order: store_sqlite_order.c. */

/* The first in the line of a key. */
enum rc lite_order_first(struct lite_tx *tx, int64_t target,
    const char *order_key, struct order_place *out, bool *found, struct err *e);
/* The new job's event is earlier than that of the one that was first;
 * *behind: it must wait for one that is leased. */
enum rc lite_order_overtake(struct lite_tx *tx, const struct order_place *first,
    int64_t job, bool *behind, struct err *e);
/* An ended job is about to wait again: *behind tells whether for others. */
enum rc lite_order_enter(struct lite_tx *tx, int64_t job, int64_t event,
    bool *behind, struct err *e);
/* A dead job of the target lets the others pass. */
enum rc lite_order_dies(struct lite_tx *tx, int64_t target, bool *passes,
    struct err *e);
/* Of its key, the first dead job of the range that was passed by; the job
 * itself where there is none before it. */
enum rc lite_order_passed(struct lite_tx *tx, int64_t job,
    const struct store_dead *d, int64_t *first, struct err *e);
/* An earlier job of the leased one's key has come and waits. */
enum rc lite_order_is_overtaken(struct lite_tx *tx, const struct lite_job *job,
    bool *out, struct err *e);
/* Where a dead job is the first in the job's line and others wait for it, a
 * notice of that is put down. */
enum rc lite_order_blocked(struct lite_tx *tx, int64_t job, struct err *e);
/* Dead jobs that hold up others though their webhook has on_dead: skip, because
 * it had hold when they died, leave their lines; a transaction's worth at a
 * time.  Outside a transaction. */
enum rc lite_order_skip(struct lite *l, struct err *e);
/* What waits behind dead jobs: of the webhook, or of all for NULL. */
enum rc lite_order_held(struct lite_conn *c, const char *webhook,
    struct store_held *out, struct err *e);
enum rc lite_held(void *impl, const char *webhook, struct store_held *out,
    struct err *e);
enum rc lite_held_page(void *impl, const char *const *webhooks, size_t n,
    struct store_held *out, struct err *e);
enum rc lite_event_owes(void *impl, const char *webhook_id,
    const int64_t *events, size_t n, enum store_owes *out, struct err *e);
/* was, which has an order key, is not leased any more, or has left the line:
 * the first may go. */
enum rc lite_order_let_go(struct lite_tx *tx, const struct lite_job *was,
    struct err *e);

/* Replays. */

/* Begins a round of each of the events that has ended; to one webhook, whose
 * own deliveries have.  *done: how many were looked at, up to the first that
 * has to be expanded for another webhook before. */
enum rc lite_replay_ended(struct lite_tx *tx, const int64_t *ids, size_t n,
    const char *webhook_id, size_t *done, struct err *e);
/* Goes on with what replays have put down, a transaction's worth; *more: it
 * was not nothing. */
enum rc lite_replay_carry(struct lite *l, bool *more, struct err *e);

/* Inside a transaction, shared by operations. */
enum rc lite_target_get(struct lite_tx *tx, enum store_kind kind,
    const char *name, int64_t *id, struct err *e);
/* RC_BUSY: most jobs wait, or events for theirs; without max_waiting there
 * are never too many. */
enum rc lite_load_judge(struct lite_tx *tx, int64_t most, struct err *e);
/* The same, and how many more may. */
enum rc lite_load_room(struct lite_tx *tx, int64_t most, int64_t *room,
    struct err *e);
enum rc lite_requeue_dead(struct lite_tx *tx, int64_t event, int64_t now_ms,
    size_t max, size_t *jobs, struct err *e);

/* A target's row, whole. */
#define LITE_TARGET_COLUMNS 17
struct lite_target {
	int64_t id;
	enum store_kind kind;
	char *name;
	struct flow flow;
	enum breaker_state was; /* when it was read */
	bool has_webhook;       /* these two: lite_target_read_called() */
	struct health health;
};
void lite_target_of_row(struct sqlite3_stmt *st, int at, struct lite_target *t);
/* lite_target_fini() ends one that was found. */
enum rc lite_target_read(struct lite_tx *tx, int64_t id, struct lite_target *t,
    bool *found, struct err *e);
/* The same, with the webhook's health. */
enum rc lite_target_read_called(struct lite_tx *tx, int64_t id,
    struct lite_target *t, bool *found, struct err *e);
/* ch, where attempts ended, is counted with it; or NULL. */
enum rc lite_target_write(struct lite_tx *tx, const struct lite_target *t,
    const struct lite_target_change *ch, struct err *e);
void lite_target_fini(struct lite_target *t);

/* The drains that deliver, this one too; none where no want is of deliveries. */
enum rc lite_flow_drains(struct lite_tx *tx,
    const struct store_lease_want *wants, size_t n, struct flow_drains *out,
    struct err *e);
/* Those of hls.yaml, as the operation found them. */
struct flow_limits lite_flow_limits(const struct lite_tx *tx);
size_t lite_flow_room(const struct lite_tx *tx, const struct lite_target *t,
    size_t room, const struct flow_drains *d);
/* What the change does to limits and breaker. */
void lite_flow_change(const struct lite_tx *tx, struct lite_target *t,
    const struct lite_target_change *ch);
/* The target is what the registration says now. */
enum rc lite_flow_follow(struct lite_tx *tx, const struct webhook *w,
    struct err *e);
/* The wall clock was, or may have been, set back since the last lease: what
 * rests until a time may rest too long, until it is mended. */
bool lite_flow_is_set_back(struct lite *l, int64_t now_ms);
enum rc lite_flow_mend(struct lite_tx *tx, struct err *e);
/* The waits of webhooks without a schedule of their own; false: unknown. */
bool lite_flow_schedule(struct lite *l, int64_t out[WEBHOOK_RETRIES_MAX],
    size_t *n);

/* Waits that are planned anew: store_sqlite_plan.c. */
#define LITE_PLAN_JOBS_MAX 250
#define LITE_OLD_SECRET_MS (24 * 3600 * INT64_C(1000)) /* signs for at most */
struct lite_plan_jobs {
	struct lite_plan_job {
		int64_t id, target;
		int64_t due_ms; /* anew */
		bool is_behind;
	} v[LITE_PLAN_JOBS_MAX];
	size_t n;
};
void lite_plan_begin(struct lite_plan *p);
/* One step: those of the next few hundred waiting jobs that wait for longer
 * than their schedules explain. */
enum rc lite_plan_read(struct lite *l, struct lite_conn *c, struct lite_plan *p,
    int64_t now_ms, struct lite_plan_jobs *out, struct err *e);
/* The same, and plans them anew.  For a transaction whose now_ms is set. */
enum rc lite_plan_step(struct lite_tx *tx, struct lite_plan *p, struct err *e);
/* The waits of a schedule column, and how many. */
size_t lite_schedule_parse(const char *text, int64_t out[WEBHOOK_RETRIES_MAX]);

/* The event goes in as any other, by the engine's own wish: it is not bounded
 * by what waits.  The event stays the caller's. */
enum rc lite_accept_in(struct lite_tx *tx, struct event *ev,
    struct store_receipt *out, struct err *e);
/* A target's calls go into its webhook's row; *is_off: it is disabled for
 * what they brought. */
enum rc lite_webhook_fares(struct lite_tx *tx,
    const struct lite_target_change *ch, struct lite_target *t, int64_t now_ms,
    bool *is_off, struct err *e);
/* Writes an event of hls's own, in the transaction of the operation that has
 * something to report.  No operation reports in any other way. */
enum rc lite_notice_put(struct lite_tx *tx, const struct notice *n,
    struct err *e);
/* A job has died: its row says so already. */
enum rc lite_notice_dead(struct lite_tx *tx, int64_t job, struct err *e);
/* The dead job is the first of its order key.  A notice is written where at
 * least 1 and at most held_max (1 or 2; 2 is any number) wait behind it. */
enum rc lite_notice_blocked(struct lite_tx *tx, int64_t head, int64_t held_max,
    struct err *e);

/* Secrets at rest; p is NULL when there is nothing to seal. */
struct lite_bytes {
	uint8_t *p;
	size_t n;
};
enum rc lite_seal_secret(struct lite *l, const char *column, const char *id,
    const struct secret *s, struct lite_bytes *out, struct err *e);
enum rc lite_unseal_secret(struct lite *l, const char *column, const char *id,
    struct sqlite3_stmt *st, int at, struct secret *out, struct err *e);
enum rc lite_seal_headers(struct lite *l, const struct webhook *w,
    struct lite_bytes *out, struct err *e);
enum rc lite_unseal_headers(struct lite *l, struct webhook *w,
    struct sqlite3_stmt *st, int at, struct err *e);
/* The old secrets of a webhook: w's take the place of those in the store; w
 * gets those in the store, and *opened is not RC_OK where one of them cannot
 * be decrypted, with the reason in e; the store's go. */
enum rc lite_olds_write(struct lite_tx *tx, const struct webhook *w,
    struct err *e);
enum rc lite_olds_read(struct lite *l, struct lite_conn *c, struct webhook *w,
    enum rc *opened, struct err *e);
/* Deletes those whose end is past, some at a time; whoever keeps webhooks in
 * memory reads them anew and wipes its copies. */
enum rc lite_olds_end(struct lite_tx *tx, int64_t now_ms, struct err *e);
enum rc lite_olds_delete(struct lite_tx *tx, const char *id, struct err *e);

/* All expansions, or results, in the transaction at hand; *expanded: how many
 * of the events were not. */
enum rc lite_expand_in(struct lite_tx *tx, const struct store_expansion *v,
    size_t n, int64_t now_ms, size_t *expanded, struct err *e);
enum rc lite_settle_in(struct lite_tx *tx, struct store_result *v, size_t n,
    const char *worker, int64_t now_ms, struct err *e);
/* Runs an operation that settles v, once more without each product that the
 * store refuses. */
enum rc lite_settle_commit(struct lite *l, lite_op_run *run, void *arg,
    const struct store_result *v, size_t n, struct err *e);

/* Operations, with the contracts of their namesakes. */
enum rc lite_accept(void *impl, struct event *ev, int64_t wait_ms,
    struct store_receipt *out, struct err *e);
enum rc lite_accept_begin(void *impl, struct event *ev, int64_t wait_ms,
    const struct store_waiter *waiter, void **op, struct err *e);
enum rc lite_accept_end(void *impl, void *op, struct store_receipt *out,
    struct err *e);
bool lite_accept_leave(void *impl, void *op);
enum rc lite_unexpanded(void *impl, size_t max, struct store_events *out,
    struct err *e);
enum rc lite_expand(void *impl, const struct store_expansion *v, size_t n,
    int64_t now_ms, struct err *e);
enum rc lite_lease_due(void *impl, int64_t now_ms,
    const struct store_lease_want *want, struct store_leases *out,
    int64_t *next_due_ms, struct err *e);
enum rc lite_recover(void *impl, int64_t now_ms, size_t *n, struct err *e);
/* store_sqlite_source.c: writes the notices of sources that are due.  Outside
 * a transaction. */
enum rc lite_source_report(struct lite *l, struct err *e);
/* An event was held back. */
enum rc lite_source_suspect(struct lite_tx *tx, const struct event *ev,
    struct err *e);
enum rc lite_notices(void *impl, size_t max, struct store_notices *out,
    struct err *e);
enum rc lite_tell(void *impl, struct store_telling *v, size_t n, struct err *e);
enum rc lite_renew(void *impl, const struct store_lease *const *v, size_t n,
    int64_t hold_ms, bool *ok, struct err *e);
enum rc lite_settle(void *impl, struct store_result *v, size_t n,
    const char *worker, int64_t now_ms, struct err *e);
enum rc lite_exchange(void *impl, struct store_exchange *x, struct err *e);
enum rc lite_payloads(void *impl, struct store_body *v, size_t n,
    struct err *e);
enum rc lite_worker_seen(void *impl, const struct store_worker *w,
    struct err *e);
enum rc lite_webhooks_version(void *impl, int64_t *out, struct err *e);
void lite_flow(void *impl, const struct store_flow *f);
struct store_flow lite_flow_now(struct lite *l);
enum rc lite_blocked(void *impl, int64_t *version, struct strlist *out,
    bool *changed, struct err *e);
enum rc lite_event_resolve(void *impl, const char *text, int64_t *id,
    struct err *e);
enum rc lite_event_find(void *impl, int64_t id, struct event **out,
    struct err *e);
enum rc lite_event_list(void *impl, const struct store_event_filter *f,
    struct store_events *out, int64_t *next_before, struct err *e);
enum rc lite_job_resolve(void *impl, const char *text, int64_t *id,
    struct err *e);
enum rc lite_job_find(void *impl, int64_t id, struct store_job **out,
    struct err *e);
enum rc lite_job_list(void *impl, const struct store_job_filter *f,
    struct store_jobs *out, int64_t *next_before, struct err *e);
enum rc lite_attempt_list(void *impl, int64_t job, struct store_attempts *out,
    struct err *e);
enum rc lite_webhook_attempts(void *impl, const char *webhook_id,
    int64_t before_id, size_t limit, struct store_attempts *out,
    int64_t *next_before, struct err *e);
enum rc lite_stats(void *impl, int64_t now_ms, int64_t overdue_ms,
    struct store_stats *out, struct err *e);
enum rc lite_counts(void *impl, const char *family,
    int (*f)(void *arg, const char *key, int64_t n), void *arg, struct err *e);
enum rc lite_days(void *impl, size_t max, struct store_day *out, size_t *n,
    struct err *e);
enum rc lite_worker_list(void *impl, struct store_workers *out, struct err *e);
struct meter *lite_meter(void *impl);
enum rc lite_metrics(void *impl, int64_t now_ms, struct store_metrics *out,
    struct err *e);
enum rc lite_webhook_put_all(void *impl, const struct webhook *const *v,
    size_t n, bool replace, struct err *e);
enum rc lite_webhook_change(void *impl, const char *id,
    enum rc (*change)(void *arg, struct webhook *w, struct err *e), void *arg,
    struct webhook **out, struct err *e);
enum rc lite_webhook_delete(void *impl, const char *id, int64_t now_ms,
    size_t *cancelled, struct err *e);
enum rc lite_webhook_find(void *impl, const char *id, struct webhook **out,
    struct err *e);
enum rc lite_webhook_resolve(void *impl, const char *text,
    char id[WEBHOOK_ID_MAX + 1], struct err *e);
enum rc lite_webhook_list(void *impl, const struct store_webhook_filter *f,
    struct store_webhooks *out, struct err *e);
enum rc lite_webhook_mark(void *impl, const struct store_webhooks *l,
    struct err *e);
enum rc lite_event_retry(void *impl, int64_t id, int64_t now_ms, size_t *jobs,
    struct err *e);
enum rc lite_event_cancel(void *impl, int64_t id, int64_t now_ms, size_t *jobs,
    struct err *e);
enum rc lite_event_replay(void *impl, int64_t id, const char *webhook_id,
    int64_t now_ms, struct err *e);
enum rc lite_event_release(void *impl, const int64_t *ids, size_t n,
    int64_t now_ms, size_t *released, struct err *e);
/* Cancels a suspect event: it is no longer held back, and makes no jobs. */
enum rc lite_suspect_drop(struct lite_tx *tx, int64_t id, struct err *e);
enum rc lite_event_replay_all(void *impl, const struct store_replay *r,
    int64_t now_ms, size_t *replayed, struct err *e);
enum rc lite_dead_count(void *impl, const struct store_dead *d, int64_t *n,
    struct err *e);
enum rc lite_dead_retry(void *impl, const struct store_dead *d, size_t max,
    int64_t now_ms, size_t *n, struct err *e);
enum rc lite_job_bulk(void *impl, const struct store_bulk *b, size_t max,
    int64_t now_ms, size_t *n, struct store_bulk_place *next, struct err *e);
enum rc lite_job_retry(void *impl, int64_t id, int64_t now_ms, struct err *e);
enum rc lite_job_cancel(void *impl, int64_t id, int64_t now_ms, struct err *e);
enum rc lite_token_put(void *impl, const struct store_token *t, struct err *e);
enum rc lite_token_find(void *impl, const uint8_t hash[CRYPT_SHA256_SIZE],
    struct store_token **out, struct err *e);
enum rc lite_token_list(void *impl, struct store_tokens *out, struct err *e);
enum rc lite_token_used(void *impl, const uint8_t hash[CRYPT_SHA256_SIZE],
    int64_t now_ms, struct err *e);
enum rc lite_token_revoke(void *impl, const char *name, struct err *e);
enum rc lite_sql(void *impl, const char *sql, size_t max_rows, int64_t limit_ms,
    int (
	*row)(void *arg, bool header, size_t n, const struct store_cell *cells),
    void *arg, struct err *e);
enum rc lite_doctor(void *impl,
    void (*f)(void *arg, const char *check, const char *finding), void *arg,
    struct err *e);

#endif
