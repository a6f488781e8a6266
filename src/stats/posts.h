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
#include <stdint.h>

#include "store/store_metrics.h"

struct buf;
struct js_writer;
struct source;

#define POSTS_ACCEPTED "hls_accepted_total"
#define POSTS_REFUSED STORE_REFUSED

/* The source of a post to a path that no source has; no source's name may
 * have parentheses, so all these posts share one series. */
#define POSTS_NO_SOURCE "(unknown)"

/* The reason of posts whose signature fits and whose time is off. */
#define POSTS_TIME "time"

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
/* What became of the posts to a source; a time is 0 where there was none. */
struct posts_figures {
	int64_t accepted, refused;
	int64_t refused_signed; /* though the signature matched */
	int64_t last_accepted_ms, last_refused_ms;
};
void posts_figures(const struct store_metrics *m, const char *source,
    struct posts_figures *out);
/* How many of its events were ever held back, by an enum event_why. */
int64_t posts_suspects(const struct store_metrics *m, const char *source,
    int why);
/* How many posts were refused for the i-th reason, with a signature that
 * matched and without; NULL at the end of the reasons. */
const char *posts_reason_of(const struct store_metrics *m, const char *source,
    size_t i, int64_t *is_signed, int64_t *is_not);

/* How many posts to a source were refused though their signature matched, when
 * the last one was, and when the last one because of its time was, or 0. */
int64_t posts_lost(const struct store_metrics *m, const char *source,
    int64_t *last_ms, int64_t *last_time_ms);
/* Its settings only, as members of an open object. */
void posts_format_settings(const struct source *src, const char *base_path,
    struct js_writer *w);

#endif
