/*
 * jsscan - JSON judged in one pass, without a tree
 *
 * Decides whether a text is JSON as hls takes it and lifts a few string
 * members out on the way.  Stricter than RFC 8259 where that leaves room:
 * valid UTF-8 without a byte-order mark, no duplicate key in any object
 * (escapes decoded before comparing), no NUL in a key, no lone surrogate,
 * at most 32 levels, integers within int64_t or uint64_t exactly, no number
 * out of the range of a double, nothing but white space behind the value.
 * Time is linear and memory bounded whatever the text: keys are compared
 * through a table that is keyed per process, so names chosen to collide do
 * not.  Pure; any thread.
 */
#ifndef BASE_JSSCAN_H
#define BASE_JSSCAN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

#define JSSCAN_DEPTH_MAX 32

enum jsscan_type {
	JSSCAN_ABSENT,
	JSSCAN_NULL,
	JSSCAN_BOOL,
	JSSCAN_NUMBER,
	JSSCAN_STRING,
	JSSCAN_ARRAY,
	JSSCAN_OBJECT
};

/* A member wanted: path of one or two keys from the outermost object. */
struct jsscan_want {
	const char *key;
	const char *subkey;    /* NULL for a member of the outermost object */
	enum jsscan_type type; /* result */
	const char *text;      /* result: the raw value, in the scanned text */
	size_t n; /* for strings without their quotes, escapes not decoded */
};

/*
 * RC_OK	valid; root is the type of the outermost value and each want
 *		is filled.
 * RC_INVALID	not; the text says what and at which byte.
 */
enum rc jsscan(const char *text, size_t n, enum jsscan_type *root,
    struct jsscan_want *wants, size_t nwants, struct err *e);

/*
 * Decodes the inside of a scanned string into out with a NUL behind it.
 * False when it needs more than max bytes or holds a NUL.
 */
bool jsscan_decode(const char *text, size_t n, char *out, size_t max);

#endif
