/*
 * conf_marks - whether keys that need a restart differ from the start
 *
 * Holds a digest of the value that each key with CONF_RESTART had when a
 * program started, and so no secret.  A value that was changed and then put
 * back needs no restart.
 */
#ifndef BASE_CONF_MARKS_H
#define BASE_CONF_MARKS_H

struct conf_marks;
struct conf_table;

/* The table outlives the marks, the values need not. */
struct conf_marks *conf_marks_new(const struct conf_table *table,
    const void *values);
void conf_marks_free(struct conf_marks *m);

/* The name of the first key whose value differs from its mark, or NULL. */
const char *conf_marks_find(const struct conf_marks *m, const void *values);

#endif
