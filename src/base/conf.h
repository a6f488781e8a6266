/*
 * conf - a YAML file read against a table of keys
 *
 * The layers above state what may be configured as plain data: a row for
 * each key with its type, where the value goes in a struct of theirs, the
 * default, the least and the most.  Reading fills that struct or refuses
 * the file with "file:line: key: what is wrong"; an unknown key, a doubled
 * key, a wrong type and a value out of range are refused, as are anchors,
 * aliases, tags, a second document, a byte-order mark, carriage returns,
 * control bytes and invalid UTF-8.  The file is a regular one of at most
 * 1 MiB with lines of at most 64 KiB, owned by root or by us, that neither
 * group nor others may write.
 *
 * A scalar may hold ${NAME} or ${NAME:-default} anywhere, $${ is a literal
 * ${.  The default counts when the variable is unset or empty.  What a
 * variable holds is never read as YAML.
 *
 * Start-up and reload code, one thread at a time.
 */
#ifndef BASE_CONF_H
#define BASE_CONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/secret.h"
#include "base/strlist.h"

/* What a key takes, and the member that its row's offset points at. */
enum conf_type {
	CONF_STRING,    /* char *, never NULL after reading */
	CONF_BOOL,      /* bool: true false yes no on off */
	CONF_INT,       /* int64_t */
	CONF_REAL,      /* double; nine digits, and six behind a point */
	CONF_MILLI,     /* int64_t thousandths, as units.h */
	CONF_DURATION,  /* int64_t milliseconds, as units.h */
	CONF_SIZE,      /* int64_t bytes, as units.h */
	CONF_ENUM,      /* int, the index of the word in words */
	CONF_STRINGS,   /* struct strlist: a list, or one scalar */
	CONF_DURATIONS, /* struct conf_durations: a list */
	CONF_SECRET,    /* struct secret; also KEY_file; empty is unset */
	CONF_SECRETS,   /* struct conf_secrets: a list; also KEY_file */
	CONF_MAP,       /* struct conf_map: any names, values from words */
	CONF_TIMES,     /* struct conf_times: any names with a duration each;
			   one duration alone has the name CONF_TIMES_ALL */
	CONF_OBJECTS    /* struct conf_objects: a list of maps, by sub */
};

struct conf_durations {
	int64_t *ms;
	size_t n;
};

#define CONF_TIMES_ALL "default"
struct conf_time {
	char *name;
	int64_t ms;
};
struct conf_times {
	struct conf_time *v;
	size_t n;
};

struct conf_secrets {
	struct secret *v;
	size_t n;
};

struct conf_map_entry {
	char *name;
	int word; /* index in words */
};

struct conf_map {
	struct conf_map_entry *v;
	size_t n;
};

/* v is an array of n of the sub table's structs: assign it to a pointer of
 * that type. */
struct conf_objects {
	void *v;
	size_t n;
};

enum conf_flag {
	CONF_REQUIRED = 1,  /* must be given, and not empty */
	CONF_RESTART = 2,   /* a change takes effect with a restart only */
	CONF_MASK_USER = 4, /* a URL whose user:password@ is not shown */
	CONF_HIDDEN = 8,    /* accepted, not shown */
	CONF_LATER = 16     /* refused, whatever it holds: "not in this
	                       version"; the row's type is not read */
};

struct conf_table;

/*
 * One key.  Rows of one first word stand together.  fallback, least and
 * most are written as in the file; NULL is no bound, and the type's zero
 * for fallback (a list's fallback is "[5s, 10s]").  The bounds hold for
 * the value of numbers, durations and sizes, for each entry of a list of
 * durations, and for the length in bytes of strings and secrets and of each
 * entry of a list of them.  A secret given must have 16 bytes unless least
 * says otherwise.
 */
struct conf_key {
	const char *name; /* dotted: "database.url" is url in database */
	enum conf_type type;
	size_t offset;
	const char *fallback;
	const char *least;
	const char *most;
	const char *const *words;     /* CONF_ENUM, CONF_MAP; NULL-ended */
	const struct conf_table *sub; /* CONF_OBJECTS */
	size_t entries_max;           /* of lists and maps; 0: 1,000 */
	unsigned int flags;
	const char *doc; /* one line, for people */
};

struct conf_table {
	const struct conf_key *keys;
	size_t n;
	size_t size; /* of the struct that the offsets are in */
};

/*
 * The variables that files have named so far.  Their bytes in the
 * environment are overwritten once a file is read to its end, so they are
 * kept here for the next reading.  Whoever wants a variable for another
 * purpose asks here too, or before conf_read().  CREDENTIALS_DIRECTORY is
 * no secret and stays.
 */
struct conf_vars;

struct conf_vars *conf_vars_new(void);
void conf_vars_free(struct conf_vars *v); /* wipes */
/* The names of the variables with a value that files have used, sorted. */
void conf_vars_names(const struct conf_vars *v, struct strlist *out);
/* NULL when unset; borrowed from v or the environment. */
const char *conf_vars_find(const struct conf_vars *v, const char *name);

/* Where each key stood, for conf_refuse(). */
struct conf_places;
void conf_places_free(struct conf_places *p);
/* Whether a secret that was read stands in the file itself, not in a variable
 * or in a file of its own. */
bool conf_holds_secret(const struct conf_places *p);

/*
 * Reads path into values, a struct of table->size bytes whose contents do
 * not matter before.  A path in a ..._file key is taken from the
 * configuration file's folder unless absolute.  Blocks on the disk only.
 *
 * RC_OK	values is filled, conf_fini() ends it; *places, unless places
 *		is NULL, is the caller's.
 * RC_NOTFOUND	there is no such file.
 * RC_INVALID	refused, and the text says where and why; values is empty.
 * RC_DENIED	the file, or a secret's file, is not ours, or others may
 *		write it (or read it, for a secret's).
 */
enum rc conf_read(const char *path, const struct conf_table *table,
    struct conf_vars *vars, void *values, struct conf_places **places,
    struct err *e);

/*
 * conf_read() in parts, for a program that says all that is wrong: load once,
 * then take, and apply the rules between keys, until nothing is refused,
 * passing over what was refused each time.  conf_load() returns as
 * conf_read() does; *places is the caller's.  conf_take() fills values, or
 * leaves them empty.
 */
enum rc conf_load(const char *path, struct conf_vars *vars,
    struct conf_places **places, struct err *e);
enum rc conf_take(struct conf_places *p, const struct conf_table *table,
    void *values, struct err *e);
/* From here on what was refused last is not there.  false: it cannot be passed
 * over.  *is_echo: it was refused only because of an earlier one. */
bool conf_pass_over(struct conf_places *p, bool *is_echo);

/* As conf_read() of a text already in memory; name stands for the file in
 * messages, and relative paths are taken from the current folder. */
enum rc conf_read_text(const char *name, const char *text, size_t n,
    const struct conf_table *table, struct conf_vars *vars, void *values,
    struct err *e);

/* All defaults; required keys are left empty. */
void conf_defaults(const struct conf_table *table, void *values);
void conf_fini(const struct conf_table *table, void *values);

/*
 * For rules between keys, which the table cannot state: fills e with
 * "file:line: key: text" and returns RC_INVALID.  key may name an entry,
 * "sources[2].name"; the place is that of the nearest thing given.
 */
enum rc conf_refuse(struct conf_places *p, const char *key, struct err *e,
    const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/* The effective values, secrets as "***", as YAML of the form that
 * conf_read() takes, or as one JSON object. */
void conf_show(const struct conf_table *table, const void *values, bool json,
    struct buf *out);

#endif
