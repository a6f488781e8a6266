/*
 * jsscan - JSON judged in one pass, without a tree
 *
 * Decides whether a text is JSON and finds a few members on the way.  There
 * are two judges.
 *
 * jsscan_any() takes what senders sign: whatever the grammar of RFC 8259
 * allows in valid UTF-8, also behind a byte-order mark, down to a given
 * number of levels.  A key may stand twice, a number may have any size, and
 * "\ud83d" may stand alone.
 *
 * jsscan() takes what hls's own documents may hold, where two readers must
 * not understand a text differently: no byte-order mark, no duplicate key in
 * any object (escapes decoded before comparing), no NUL in a key, no half of
 * a surrogate pair, at most 32 levels, integers within int64_t or uint64_t
 * exactly, no number out of the range of a double.
 *
 * Both need nothing but white space behind the value.  Time is linear.
 * jsscan_any() needs the same few hundred bytes whatever the text;
 * jsscan() remembers the keys of open objects, in a table that is keyed per
 * process, so names chosen to collide do not.  Neither recurses.  Pure; any
 * thread.
 */
#ifndef BASE_JSSCAN_H
#define BASE_JSSCAN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

#define JSSCAN_DEPTH_MAX 32
#define JSSCAN_ANY_DEPTH_MAX 512
#define JSSCAN_WANTS_MAX 64

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
	bool is_doubled; /* result: absent because a key stands twice */
};

/*
 * Of at most JSSCAN_WANTS_MAX wants, each that the text holds is filled.  A
 * member whose key stands twice, or whose parent's does, is absent.
 *
 * RC_OK	valid; root is the type of the outermost value.
 * RC_INVALID	not; the text says what and at which byte.
 */
enum rc jsscan(const char *text, size_t n, enum jsscan_type *root,
    struct jsscan_want *wants, size_t nwants, struct err *e);

/* The same by the rules for what senders sign.  levels is at most
 * JSSCAN_ANY_DEPTH_MAX + 1. */
enum rc jsscan_any(const char *text, size_t n, unsigned int levels,
    enum jsscan_type *root, struct jsscan_want *wants, size_t nwants,
    struct err *e);

/* The bytes of the byte-order mark at the start of a text: 3 or 0. */
size_t jsscan_mark_size(const char *text, size_t n);

/*
 * Decodes the inside of a scanned string into out with a NUL behind it.
 * False when it needs more than max bytes or holds a NUL or half a surrogate
 * pair.
 */
bool jsscan_decode(const char *text, size_t n, char *out, size_t max);
/*
 * The same for people's eyes: U+FFFD stands for a NUL and for half a pair,
 * and what does not fit is cut between characters.  Returns the bytes in
 * out.
 */
size_t jsscan_decode_cut(const char *text, size_t n, char *out, size_t max);

/* Is a scanned value one that jsscan() would take?  A string must have no
 * half of a pair, a number must be within range. */
bool jsscan_is_exact(enum jsscan_type type, const char *text, size_t n);

/* Writes \ufffd over each half of a surrogate pair in a scanned text, which
 * keeps its size.  Returns how many there were. */
size_t jsscan_repair(char *text, size_t n);

#endif
