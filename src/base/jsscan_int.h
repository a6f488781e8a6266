/*
 * jsscan_int - the parts that jsscan is made of
 *
 * Strings, numbers and the set of keys that objects have so far.  Each part
 * reports what is wrong, and where, through a struct jsscan_fault.
 */
#ifndef BASE_JSSCAN_INT_H
#define BASE_JSSCAN_INT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct jsscan_fault {
	const char *what; /* a constant text */
	const char *at;
};

/*
 * p is behind an opening quote.  Returns the place of the closing one, or
 * NULL with *fault filled.  is_strict refuses half a surrogate pair.
 */
const char *jsscan_string(const char *p, const char *end, bool is_strict,
    bool *is_escaped, struct jsscan_fault *fault);

/* p is at a digit or a sign.  Returns the place behind the number, or NULL
 * with *fault filled.  is_strict refuses a number out of range. */
const char *jsscan_number(const char *p, const char *end, bool is_strict,
    struct jsscan_fault *fault);

struct jsscan_key {
	const char *p;
	size_t n;
	uint64_t hash;
	uint32_t slot;
	bool is_escaped;
};

#define JSSCAN_KEYS_HERE 128

/*
 * The keys of all objects that are open, the innermost one's last.  As keys
 * leave in the reverse of the order in which they came, a slot is emptied
 * again without a trace, and the table never holds more than what is open.
 */
struct jsscan_keys {
	struct jsscan_key *v;
	size_t n;
	size_t cap;
	size_t base;     /* the first of the innermost object */
	uint32_t *table; /* place in v plus one, 0 when empty; 2 * cap slots */
	struct jsscan_key v_here[JSSCAN_KEYS_HERE];
	uint32_t table_here[2 * JSSCAN_KEYS_HERE];
};

void jsscan_keys_init(struct jsscan_keys *k);
void jsscan_keys_fini(struct jsscan_keys *k);

/* A new innermost object; the result goes to jsscan_keys_close(). */
size_t jsscan_keys_open(struct jsscan_keys *k);
void jsscan_keys_close(struct jsscan_keys *k, size_t outer);

/* A key of the innermost object, a scanned string.  False when it has that
 * key already, or the key holds a NUL, with *what set. */
bool jsscan_keys_add(struct jsscan_keys *k, const char *p, size_t n,
    bool is_escaped, const char **what);

#endif
