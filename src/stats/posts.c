#include "config.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/js.h"
#include "base/meter.h"
#include "core/sig.h"
#include "core/source.h"
#include "stats/posts.h"
#include "store/store_metrics.h"

#define LABELS_MAX 1024
#define OTHER_STATUS "other"

/* is_signed matters for 400 only: before the signature the headers are
 * judged, after it the body. */
static const struct {
	int status;
	const char *reason;
} reasons[] = {
	{ 400, "body" },
	{ 400, "headers" },
	{ 401, "signature" },
	{ 408, "incomplete" },
	{ 411, "length" },
	{ 413, "too_large" },
	{ 415, "content_type" },
	{ 500, "error" },
	{ 503, "busy" },
	{ 0, OTHER_STATUS },
};
#define N_REASONS (sizeof(reasons) / sizeof(reasons[0]))

const char *
posts_reason(int status, bool is_signed)
{
	size_t i;

	if (status == 400)
		return is_signed ? reasons[0].reason : reasons[1].reason;
	for (i = 0; i < N_REASONS; i++)
		if (reasons[i].status == status)
			return reasons[i].reason;
	return OTHER_STATUS;
}

void
posts_label(struct buf *labels, const char *source, const char *reason,
    bool is_signed)
{
	meter_label(labels, "source", source);
	if (reason == NULL)
		return;
	meter_label(labels, "reason", reason);
	meter_label(labels, "signed", is_signed ? "yes" : "no");
}

static const struct store_figure *
find(const struct store_metrics *m, const char *name, const char *source,
    const char *reason, bool is_signed)
{
	const struct store_figure *found = NULL;
	struct buf labels;
	size_t i;

	buf_init(&labels, LABELS_MAX);
	posts_label(&labels, source, reason, is_signed);
	for (i = 0; found == NULL && i < m->nfigures; i++)
		if (strcmp(m->figures[i].name, name) == 0 &&
		    strcmp(m->figures[i].labels, buf_str(&labels)) == 0)
			found = &m->figures[i];
	buf_fini(&labels);
	return found;
}

/* One object of refusals by reason: the signed ones, or all. */
static void
put_refused(struct js_writer *w, const char *member, const char *source,
    const struct store_metrics *m, bool signed_only)
{
	const struct store_figure *f;
	int64_t n;
	size_t i;
	int is_signed;

	js_open_object(w, member);
	for (i = 0; i < N_REASONS; i++) {
		n = 0;
		for (is_signed = signed_only; is_signed <= 1; is_signed++) {
			f = find(m, POSTS_REFUSED, source, reasons[i].reason,
			    is_signed != 0);
			if (f != NULL)
				n += f->n;
		}
		if (n > 0)
			js_int(w, reasons[i].reason, n);
	}
	js_close_object(w);
}

static int64_t
last_refused_ms(const struct store_metrics *m, const char *source)
{
	const struct store_figure *f;
	int64_t last_ms = 0;
	size_t i;
	int is_signed;

	for (i = 0; i < N_REASONS; i++)
		for (is_signed = 0; is_signed <= 1; is_signed++) {
			f = find(m, POSTS_REFUSED, source, reasons[i].reason,
			    is_signed != 0);
			if (f != NULL && f->changed_ms > last_ms)
				last_ms = f->changed_ms;
		}
	return last_ms;
}

void
posts_format_settings(const struct source *src, const char *base_path,
    struct js_writer *w)
{
	char path[512];

	(void)snprintf(path, sizeof(path), "%s/hooks/%s", base_path, src->name);
	js_str(w, "name", src->name);
	js_str(w, "provider", sig_scheme_name(src->scheme));
	js_str(w, "path", path);
	js_strlist(w, "paths", &src->paths);
	js_strlist(w, "events", &src->events);
	js_int(w, "priority", src->priority);
	js_int(w, "secrets", (int64_t)src->nsecrets);
	js_duration(w, "replay_window", src->replay_window_ms);
	js_strlist(w, "team", &src->teams);
}

void
posts_format(const struct source *src, const char *base_path,
    const struct store_metrics *m, struct js_writer *w)
{
	const struct store_figure *f;

	f = find(m, POSTS_ACCEPTED, src->name, NULL, true);
	js_open_object(w, NULL);
	posts_format_settings(src, base_path, w);
	js_int(w, "accepted", f == NULL ? 0 : f->n);
	js_time(w, "last_accepted_at", f == NULL ? 0 : f->changed_ms);
	js_time(w, "last_refused_at", last_refused_ms(m, src->name));
	put_refused(w, "refused", src->name, m, false);
	put_refused(w, "refused_signed", src->name, m, true);
	js_close_object(w);
}
