/*
 * posts - what became of the posts to each source
 *
 * Accepted and refused posts are counted by source, refused ones also by
 * reason and by whether the signature matched.  The figures gather in the
 * store's meter; this module names their labels and reads them back.  Any
 * thread.
 */
#ifndef STATS_POSTS_H
#define STATS_POSTS_H

#include <stdbool.h>
#include <stddef.h>

struct buf;
struct js_writer;
struct source;
struct store_metrics;

#define POSTS_ACCEPTED "hls_accepted_total"
#define POSTS_REFUSED "hls_refused_total"

/* The source of a post to a path that no source has; no source's name may
 * have parentheses, so all these posts share one series. */
#define POSTS_NO_SOURCE "(unknown)"

/* The reason of a refusal, from the status of its answer: a literal of a
 * short fixed list. */
const char *posts_reason(int status, bool is_signed);

/* Appends the labels of a figure; reason is NULL for accepted posts. */
void posts_label(struct buf *labels, const char *source, const char *reason,
    bool is_signed);

/*
 * Writes one source as an object: its settings without secrets, how many
 * posts were accepted and refused, by reason, and when the last ones came.
 */
void posts_format(const struct source *src, const char *base_path,
    const struct store_metrics *m, struct js_writer *w);
/* Its settings only, as members of an open object. */
void posts_format_settings(const struct source *src, const char *base_path,
    struct js_writer *w);

#endif
