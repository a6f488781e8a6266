/*
 * ctl - what the commands of hlsctl share
 *
 * A noun is a file ctl_NOUN.c that exports one const struct ctl_noun; its
 * verbs are rows of a table, from which arguments are checked and help is
 * written.  A verb ends with RC_OK or with a sentence in the error: what
 * went wrong, where, and what to do.  One thread.
 */
#ifndef CMD_CTL_H
#define CMD_CTL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "app/app_ctl.h"
#include "base/buf.h"
#include "base/err.h"
#include "core/webhook.h"

struct ctl;
struct ctl_table;

/* The most that is printed by one command from memory. */
#define CTL_OUTPUT_MAX (256u << 20)

struct ctl_option {
	const char *name; /* --name; NULL ends a table */
	const char *arg;  /* what it takes, "URL"; NULL: nothing */
	const char *doc;
	const char
	    *values;    /* the words that it takes, "yes no"; NULL: others */
	bool many;      /* may be given again and again */
	bool may_empty; /* "" is a value */
};

enum {
	CTL_CONF = 1, /* the settings are read before the verb runs */
	CTL_STORE = 2 /* and the store is open */
};

struct ctl_cmd {
	const char *verb; /* "" when the noun is all of the command */
	const char *args; /* as usage shows them, "ID" */
	int min_args, max_args;
	const struct ctl_option *options;
	unsigned int needs;
	enum rc (*run)(struct ctl *c, struct err *e);
	const char *doc;
};

struct ctl_noun {
	const char *name;
	const char *doc;
	const struct ctl_cmd *cmds;
	size_t ncmds;
};

struct ctl_given {
	const struct ctl_option *option;
	const char *value; /* "" for one that takes nothing */
};

struct ctl {
	struct app_ctl app;
	const char *config; /* -c FILE, or NULL */
	bool json;
	char **args; /* of the verb */
	int nargs;
	struct ctl_given *given;
	size_t ngiven;
	struct buf out; /* written to stdout by ctl_flush() or at the end */
	int status;     /* exit status, when not the error code's own */
	char webhook_id[WEBHOOK_ID_MAX + 1];
	bool is_lost; /* the output cannot be written, as was reported */
};

/* The value of an option, NULL when it was not given. */
const char *ctl_option_find(const struct ctl *c, const char *name);
bool ctl_has_option(const struct ctl *c, const char *name);

/* What was typed is wrong: exit status 2.  Returns RC_INVALID. */
enum rc ctl_usage(struct ctl *c, struct err *e, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* Reads the settings, for a command that does not need them from the start;
 * sets the exit status when that fails. */
enum rc ctl_configure(struct ctl *c, struct err *e);

/* A sentence on standard error, as that of a command that fails. */
void ctl_complain(const char *text);

/* Opens the store, for a command that does not need it from the start; sets
 * the exit status when that fails. */
enum rc ctl_open_store(struct ctl *c, struct err *e);

/* The option of commands that ask. */
#define CTL_YES_OPTION                                           \
	{                                                        \
		.name = "yes", .doc = "do not ask on a terminal" \
	}

/* Before what cannot be undone: asks on a terminal, unless --yes is given.  A
 * script is not asked.  RC_INVALID: the answer was no. */
enum rc ctl_confirm(struct ctl *c, struct err *e, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* The value of an option as a whole number from least to most; *out stays
 * as it is when the option was not given. */
enum rc ctl_number(struct ctl *c, const char *name, int64_t least, int64_t most,
    int64_t *out, struct err *e);

/* As a time: RFC 3339, unix seconds, a time as hlsctl prints them, or a
 * duration with its unit, that long ago (ago) or from now. */
enum rc ctl_time(struct ctl *c, const char *name, bool ago, int64_t *out,
    struct err *e);

/* args[0] as the id of an event or a job: a positive integer, or prefix and
 * 26 characters. */
enum rc ctl_check_id(struct ctl *c, const char *prefix, const char *text,
    struct err *e);

/* All bytes of a file, or of standard input for NULL and "-". */
enum rc ctl_read_input(const char *file, struct buf *out, struct err *e);

/* One secret from a file, or from standard input for "-": its first line,
 * without the line end.  A file that others may read is refused. */
enum rc ctl_read_secret(const char *file, struct buf *out, struct err *e);

/* Adds the table to c->out, or the sentence when it has no row, and ends
 * it. */
void ctl_put_table(struct ctl *c, struct ctl_table *t, const char *none);

/* Text from outside, cleaned, into c->out; NULL is "-". */
void ctl_put_text(struct ctl *c, const char *text);
/* RC_NOTFOUND, and where a person can look. */
enum rc ctl_no_webhook(const char *id, struct err *e);
/*
 * The id of the webhook that people call so; what says what takes it,
 * "--webhook".  RC_NOTFOUND as above, RC_EXISTS when several ids begin so.
 */
enum rc ctl_webhook_id(struct ctl *c, const char *what, const char *text,
    char id[WEBHOOK_ID_MAX + 1], struct err *e);
/* How a table names a webhook.  On a terminal: the start of the id, of 8
 * characters or as many more as it takes to mean no other webhook; elsewhere
 * the id.  out has room for it and is returned. */
const char *ctl_webhook_short(struct ctl *c, const char *id,
    char out[WEBHOOK_ID_MAX + 1]);
/* On a terminal its name, where it has one, or else as above. */
const char *ctl_webhook_label(struct ctl *c, const char *id, const char *name,
    char out[WEBHOOK_ID_MAX + 1]);
/* ctl_webhook_id() of args[0], which is that id afterwards. */
enum rc ctl_webhook_arg(struct ctl *c, struct err *e);
/* To the second, as ctl_when_format() has it; "never" for 0. */
void ctl_put_time(struct ctl *c, int64_t wall_ms);
/* Writes c->out to standard output and clears it.  RC_SYSTEM once: the rest
 * of the output is dropped, the exit status is 1. */
enum rc ctl_flush(struct ctl *c, struct err *e);
/* The cells of the terminal that the output goes to; 0 when it goes
 * elsewhere. */
size_t ctl_terminal_width(void);

/* The nouns; ctl_nouns[] has their order in the help. */
extern const struct ctl_noun ctl_init;
extern const struct ctl_noun ctl_config;
extern const struct ctl_noun ctl_source;
extern const struct ctl_noun ctl_webhook;
extern const struct ctl_noun ctl_event;
extern const struct ctl_noun ctl_delivery;
extern const struct ctl_noun ctl_queue;
extern const struct ctl_noun ctl_worker;
extern const struct ctl_noun ctl_stats;
extern const struct ctl_noun ctl_token;
extern const struct ctl_noun ctl_doctor;
extern const struct ctl_noun ctl_key;
extern const struct ctl_noun ctl_sql;
extern const struct ctl_noun ctl_completion;

#endif
