/*
 * log - one JSON line per event
 *
 * A line is built field by field on the stack and written with one write(2),
 * so lines of several threads do not mix.  Control bytes and invalid UTF-8
 * are escaped.  A line over 4 KiB loses its last fields, gets "cut":true and
 * stays valid JSON.  A line that cannot be written at once, because a pipe's
 * reader stopped or a disk is full, is dropped and counted.  Callers must not
 * log secrets, bodies or signature headers.  Any thread; before log_open()
 * lines go to stderr.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

enum log_level {
	LOG_LEVEL_DEBUG,
	LOG_LEVEL_INFO,
	LOG_LEVEL_WARN,
	LOG_LEVEL_ERROR
};

#define LOG_LINE_SIZE 4096

struct log_line {
	bool off; /* below the level: fields are dropped */
	bool cut; /* full: further fields are dropped */
	enum log_level level;
	unsigned int len;
	char text[LOG_LINE_SIZE];
};

struct clock;

/*
 * target is "stderr", "syslog" (or "syslog:" and another socket's path), or
 * a file's path, made 0640 if missing.  component names the program in every
 * line.  clock outlives the log.  May be called again.  RC_SYSTEM: it could
 * not be opened; the log stays as it was.
 */
enum rc log_open(const char *target, enum log_level level,
    const char *component, const struct clock *clock, struct err *e);

/* Checks, without making the file, whether log_open() could open a file
 * target; other targets are not checked.  RC_SYSTEM: it could not, and the
 * text says why. */
enum rc log_try(const char *target, struct err *e);

/* Opens a file target again, after the file was renamed. */
enum rc log_reopen(struct err *e);
void log_close(void);

/* Every line from now on has this field too.  key is a literal, or NULL for
 * none again; value is copied, at most LOG_TAG_SIZE - 1 bytes of it. */
#define LOG_TAG_SIZE 136
void log_tag(const char *key, const char *value);

/* "debug", "info", "warn" or "warning", "error", in any case. */
bool log_level_parse(const char *text, enum log_level *out);

/* Lines that could not be written since log_open(). */
uint64_t log_dropped(void);

void log_begin(struct log_line *l, enum log_level level, const char *msg);
/* A NULL or empty value adds no field. */
void log_str(struct log_line *l, const char *key, const char *value);
void log_int(struct log_line *l, const char *key, int64_t value);
void log_end(struct log_line *l);

/* A whole line with a formatted message and no other field. */
void log_say(enum log_level level, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

#endif
