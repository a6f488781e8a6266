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

/* The maximum output of one command that is kept in memory. */
#define CTL_OUTPUT_MAX (256u << 20)

struct ctl_option {
	const char *name; /* --name; NULL ends a table */
	const char *arg;  /* the name of its value, "URL"; NULL: no value */
	const char *doc;
	const char *values; /* the words allowed, "yes no"; NULL: any value */
	bool many;          /* may be given several times */
	bool may_empty;     /* "" is a value */
};

enum {
	CTL_CONF = 1, /* the settings are read before the verb runs */
	CTL_STORE = 2 /* and the store is open */
};

struct ctl_cmd {
	const char *verb; /* "" for a noun without verbs */
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

/* All of them, in the order of help. */
struct ctl_nouns {
	const struct ctl_noun *const *v;
	size_t n;
};

struct ctl_given {
	const struct ctl_option *option;
	const char *value; /* "" for an option without a value */
};

struct ctl {
	struct app_ctl app;
	const char *config; /* -c FILE, or NULL */
	bool json;
	const struct ctl_nouns *nouns;
	char **args; /* of the verb */
	int nargs;
	struct ctl_given *given;
	size_t ngiven;
	struct buf out; /* written to stdout by ctl_flush() or at the end */
	int status;     /* exit status, when not the error code's own */
	char webhook_id[WEBHOOK_ID_MAX + 1];
	bool is_lost; /* writing the output failed, and was reported */
};

/* The value of an option, NULL when it was not given. */
const char *ctl_option_find(const struct ctl *c, const char *name);
bool ctl_has_option(const struct ctl *c, const char *name);

/* A usage error: exit status 2.  Returns RC_INVALID. */
enum rc ctl_usage(struct ctl *c, struct err *e, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* Reads the settings, for a command that does not need them from the start;
 * sets the exit status when that fails. */
enum rc ctl_configure(struct ctl *c, struct err *e);

/* Prints a sentence on standard error, as a failing command does. */
void ctl_complain(const char *text);

/* Opens the store, for a command that does not need it from the start; sets
 * the exit status when that fails. */
enum rc ctl_open_store(struct ctl *c, struct err *e);

/* The option of commands that ask. */
#define CTL_YES_OPTION                                           \
	{                                                        \
		.name = "yes", .doc = "do not ask on a terminal" \
	}

/* Asks before an act that cannot be undone: on a terminal, unless --yes is
 * given.  A script is not asked.  RC_INVALID: the answer was no. */
enum rc ctl_confirm(struct ctl *c, struct err *e, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* The value of an option as a whole number from least to most; *out stays
 * as it is when the option was not given. */
enum rc ctl_number(struct ctl *c, const char *name, int64_t least, int64_t most,
    int64_t *out, struct err *e);

/* The value of an option as a time: RFC 3339, unix seconds, a time as hlsctl
 * prints it, or a duration with its unit, counted back (ago) or on from now. */
enum rc ctl_time(struct ctl *c, const char *name, bool ago, int64_t *out,
    struct err *e);

/* Checks the form of an event's or a job's id: a positive integer, or prefix
 * and 26 characters. */
/* A duration as a bare number is refused, unless it is 0. */
enum rc ctl_unit(struct ctl *c, const char *name, const char *text,
    struct err *e);
/* The duration that text says, with its unit. */
enum rc ctl_duration(struct ctl *c, const char *name, const char *text,
    int64_t *out, struct err *e);
enum rc ctl_check_id(struct ctl *c, const char *prefix, const char *text,
    struct err *e);

/* All bytes of a file, or of standard input for NULL and "-". */
enum rc ctl_read_input(const char *file, struct buf *out, struct err *e);

/* One secret from a file, or from standard input for "-": its first line,
 * without the line end.  A file that others may read is refused. */
enum rc ctl_read_secret(const char *file, struct buf *out, struct err *e);

/* Adds the table, or the sentence none for a table without rows, to c->out,
 * and ends the table. */
void ctl_put_table(struct ctl *c, struct ctl_table *t, const char *none);

/* Adds text from outside to c->out, cleaned; NULL is "-". */
void ctl_put_text(struct ctl *c, const char *text);
/* RC_NOTFOUND, with a sentence that names the list to look at. */
enum rc ctl_no_webhook(const char *id, struct err *e);
/*
 * Finds a webhook by id, id prefix or name.  what is the option or argument
 * that takes it, "--webhook", for the error text.  RC_NOTFOUND as above,
 * RC_EXISTS when the prefix fits several ids.
 */
enum rc ctl_webhook_id(struct ctl *c, const char *what, const char *text,
    char id[WEBHOOK_ID_MAX + 1], struct err *e);
/* A webhook's id as a table shows it: on a terminal its first 8 characters, or
 * as many as make it unique; elsewhere the whole id.  Returns out. */
const char *ctl_webhook_short(struct ctl *c, const char *id,
    char out[WEBHOOK_ID_MAX + 1]);
/* On a terminal the webhook's name; without a name as above. */
const char *ctl_webhook_label(struct ctl *c, const char *id, const char *name,
    char out[WEBHOOK_ID_MAX + 1]);
/* Replaces args[0] by the id that ctl_webhook_id() finds for it. */
enum rc ctl_webhook_arg(struct ctl *c, struct err *e);
/* To the second, as ctl_when_format() has it; "never" for 0. */
void ctl_put_time(struct ctl *c, int64_t wall_ms);
/* Writes c->out to standard output and clears it.  RC_SYSTEM once: the rest
 * of the output is dropped, the exit status is 1. */
enum rc ctl_flush(struct ctl *c, struct err *e);
/* The width of the terminal that standard output is, in cells; else 0. */
size_t ctl_terminal_width(void);

/* The nouns; hlsctl.c has their order in the help. */
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
