#include "config.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/js.h"
#include "base/meter.h"
#include "core/event.h"
#include "core/sig.h"
#include "core/source.h"
#include "stats/posts.h"
#include "store/store_metrics.h"

#define LABELS_MAX 1024
#define OTHER_STATUS "other"

/* Where a status has two reasons, the first one is of posts whose signature
 * fits. */
static const struct {
	int status;
	const char *reason;
} reasons[] = {
	{ 400, "body" },
	{ 400, "headers" },
	{ 401, POSTS_TIME },
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

	for (i = 0; i < N_REASONS; i++)
		if (reasons[i].status == status)
			break;
	if (i == N_REASONS)
		return OTHER_STATUS;
	if (!is_signed && i + 1 < N_REASONS && reasons[i + 1].status == status)
		i++;
	return reasons[i].reason;
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

const char *
posts_reason_of(const struct store_metrics *m, const char *source, size_t i,
    int64_t *is_signed, int64_t *is_not)
{
	const struct store_figure *f;

	*is_signed = *is_not = 0;
	if (i >= N_REASONS)
		return NULL;
	f = find(m, POSTS_REFUSED, source, reasons[i].reason, true);
	if (f != NULL)
		*is_signed = f->n;
	f = find(m, POSTS_REFUSED, source, reasons[i].reason, false);
	if (f != NULL)
		*is_not = f->n;
	return reasons[i].reason;
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
posts_figures(const struct store_metrics *m, const char *source,
    struct posts_figures *out)
{
	const struct store_figure *f;
	int64_t is_signed, is_not;
	size_t i;

	memset(out, 0, sizeof(*out));
	f = find(m, POSTS_ACCEPTED, source, NULL, true);
	if (f != NULL) {
		out->accepted = f->n;
		out->last_accepted_ms = f->changed_ms;
	}
	for (i = 0; posts_reason_of(m, source, i, &is_signed, &is_not) != NULL;
	     i++) {
		out->refused += is_signed + is_not;
		out->refused_signed += is_signed;
	}
	out->last_refused_ms = last_refused_ms(m, source);
}

int64_t
posts_suspects(const struct store_metrics *m, const char *source, int why)
{
	const struct store_figure *found = NULL;
	struct buf labels;
	size_t i;

	buf_init(&labels, LABELS_MAX);
	meter_label(&labels, "source", source);
	meter_label(&labels, "reason", event_why_name((enum event_why)why));
	for (i = 0; found == NULL && i < m->nfigures; i++)
		if (strcmp(m->figures[i].name, STORE_SUSPECTS) == 0 &&
		    strcmp(m->figures[i].labels, buf_str(&labels)) == 0)
			found = &m->figures[i];
	buf_fini(&labels);
	return found == NULL ? 0 : found->n;
}

/* One object of refusals by reason: the signed ones, or all. */
static void
put_refused(struct js_writer *w, const char *member, const char *source,
    const struct store_metrics *m, bool signed_only)
{
	int64_t is_signed, is_not, n;
	const char *reason;
	size_t i;

	js_open_object(w, member);
	for (i = 0; (reason = posts_reason_of(m, source, i, &is_signed,
			 &is_not)) != NULL;
	     i++) {
		n = is_signed + (signed_only ? 0 : is_not);
		if (n > 0)
			js_int(w, reason, n);
	}
	js_close_object(w);
}

int64_t
posts_lost(const struct store_metrics *m, const char *source, int64_t *last_ms,
    int64_t *last_time_ms)
{
	const struct store_figure *f;
	int64_t n = 0;
	size_t i;

	*last_ms = *last_time_ms = 0;
	for (i = 0; i < N_REASONS; i++) {
		f = find(m, POSTS_REFUSED, source, reasons[i].reason, true);
		if (f == NULL)
			continue;
		n += f->n;
		if (f->changed_ms > *last_ms)
			*last_ms = f->changed_ms;
		if (strcmp(reasons[i].reason, POSTS_TIME) == 0)
			*last_time_ms = f->changed_ms;
	}
	return n;
}

/* How the sender signs, where the settings say so and not the provider. */
static void
put_hmac(struct js_writer *w, const struct source_hmac *h)
{
	js_open_object(w, "signature");
	js_str(w, "header", h->header);
	js_str(w, "algorithm", source_digest_name(h->algorithm));
	js_str(w, "encoding", source_encoding_name(h->encoding));
	js_str(w, "prefix", h->prefix);
	js_str(w, "template", h->template);
	js_str(w, "timestamp_header", h->timestamp_header);
	js_duration(w, "tolerance", h->tolerance_ms);
	js_close_object(w);
}

static void
put_facts(struct js_writer *w, const struct source_facts *f)
{
	size_t i;

	js_str(w, "id_header", f->id_header);
	js_str(w, "event_header", f->event_header);
	for (i = 0; i < SOURCE_POINTERS; i++)
		js_str(w, source_pointer_name((enum source_pointer)i),
		    f->pointers[i]);
}

void
posts_format_settings(const struct source *src, const char *base_path,
    struct js_writer *w)
{
	char path[512];
	size_t i;

	(void)snprintf(path, sizeof(path), "%s/hooks/%s", base_path, src->name);
	js_str(w, "name", src->name);
	js_str(w, "provider", sig_scheme_name(src->scheme));
	js_str(w, "path", path);
	js_strlist(w, "paths", &src->paths);
	js_strlist(w, "events", &src->events);
	js_int(w, "priority", src->priority);
	js_int(w, "secrets", (int64_t)src->nsecrets);
	js_duration(w, "replay_window", src->replay_window_ms);
	js_open_object(w, "replay_windows");
	for (i = 0; i < src->nwindows; i++)
		js_duration(w, src->windows[i].pattern, src->windows[i].ms);
	js_close_object(w);
	js_strlist(w, "team", &src->teams);
	js_strlist(w, "content_types", &src->content_types);
	if (src->hmac.header == NULL)
		js_null(w, "signature");
	else
		put_hmac(w, &src->hmac);
	put_facts(w, &src->facts);
}

void
posts_format(const struct source *src, const char *base_path,
    const struct store_metrics *m, struct js_writer *w)
{
	struct posts_figures n;
	int64_t suspects;
	int i;

	posts_figures(m, src->name, &n);
	js_open_object(w, NULL);
	posts_format_settings(src, base_path, w);
	js_int(w, "accepted", n.accepted);
	js_time(w, "last_accepted_at", n.last_accepted_ms);
	js_time(w, "last_refused_at", n.last_refused_ms);
	js_open_object(w, "suspects");
	for (i = 0; i < EVENT_WHYS; i++) {
		suspects = posts_suspects(m, src->name, i);
		if (suspects > 0)
			js_int(w, event_why_name((enum event_why)i), suspects);
	}
	js_close_object(w);
	put_refused(w, "refused", src->name, m, false);
	put_refused(w, "refused_signed", src->name, m, true);
	js_close_object(w);
}
