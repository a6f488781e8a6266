#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/crypt.h"
#include "base/xalloc.h"
#include "core/event.h"
#include "core/facts.h"
#include "core/hops.h"
#include "core/http.h"
#include "core/match.h"
#include "core/media.h"
#include "core/sig.h"
#include "core/source.h"
#include "intake/intake.h"
#include "intake/intake_int.h"

#define UNSUPPORTED 415
#define EMPTY 2          /* bytes of a body that tells nothing: {} */
#define REMEMBER_MS 1000 /* of waiting, for the body of an ignored post */

static void
copy(char *out, size_t size, const char *text)
{
	(void)snprintf(out, size, "%s", text == NULL ? "" : text);
}

void
intake_tell(struct intake_outcome *out, const struct event *ev)
{
	copy(out->delivery_id, sizeof(out->delivery_id), ev->delivery_id);
	copy(out->sent_delivery_id, sizeof(out->sent_delivery_id), ev->sent_id);
	copy(out->event_type, sizeof(out->event_type), ev->type);
	copy(out->repository, sizeof(out->repository), ev->repository);
}

void
intake_take_hold(struct event *ev, struct intake_body *body)
{
	ev->hold = body->hold;
	body->hold.give = NULL;
}

bool
intake_is_ignored(const struct strlist *filter, const struct event *ev,
    struct intake_outcome *out)
{
	if (strcmp(ev->type, "ping") == 0)
		out->reason = "ping";
	else if (!match_patterns(filter, ev->type, ev->action))
		out->reason = "filter";
	else if (ev->hops >= EVENT_HOPS_MAX)
		out->reason = "loop";
	if (out->reason == NULL)
		return false;
	out->result = INTAKE_IGNORED;
	return true;
}

/* What became of an event that is the store's. */
static enum rc
stored(enum rc rc, struct intake_outcome *out, struct err *e)
{
	/* What the store refuses was judged here before, so it is our fault
	 * and its words are for the log. */
	if (rc == RC_INVALID) {
		e->rc = RC_SYSTEM;
		return RC_SYSTEM;
	}
	if (rc == RC_OK)
		out->result =
		    out->receipt.duplicate ? INTAKE_DUPLICATE : INTAKE_QUEUED;
	return rc;
}

static void
tell_how(const struct event *ev, struct intake_outcome *out)
{
	out->is_new_each_time = ev->id_is_derived && ev->dedupe_ms <= 0;
}

enum rc
intake_store(const struct intake *in, struct event *ev, int64_t wait_ms,
    struct intake_outcome *out, struct err *e)
{
	tell_how(ev, out);
	return stored(store_accept(in->store, ev, wait_ms, &out->receipt, e),
	    out, e);
}

/* A Content-Encoding that leaves the body as it is: identity (RFC 9110,
 * 8.4.1), and names that senders put there which are no encodings. */
static bool
is_plain(const char *encoding)
{
	static const char *const plain[] = { "identity", "none", "utf-8",
		"utf8", NULL };
	size_t n, i;

	if (encoding == NULL)
		return true;
	for (encoding += strspn(encoding, ", \t"); *encoding != '\0';
	     encoding += strspn(encoding, ", \t")) {
		n = strcspn(encoding, ", \t");
		for (i = 0; plain[i] != NULL; i++)
			if (strlen(plain[i]) == n &&
			    strncasecmp(encoding, plain[i], n) == 0)
				break;
		if (plain[i] == NULL)
			return false;
		encoding += n;
	}
	return true;
}

/* Nothing here is signed, so it says how to read the body and no more. */
static enum rc
read_media(const struct source *src, const struct http_req *req,
    struct media *m, struct intake_outcome *out, struct err *e)
{
	bool is_encoded = !is_plain(http_header_find(req, "Content-Encoding"));

	media_parse(http_param_find(req, "CONTENT_TYPE"), m);
	if (!is_encoded &&
	    (m->kind != MEDIA_OTHER ||
		strlist_has(&src->content_types, m->type)))
		return RC_OK;
	out->status = UNSUPPORTED;
	return err_set(e, RC_INVALID,
	    is_encoded ? "encoded bodies are not accepted"
		       : "the content type is not JSON");
}

/* A body of a content type that the source has listed may be anything; if it
 * is JSON, or a form that holds some, it is read as that. */
static enum rc
read_body(const struct source *src, const struct http_req *req,
    struct event *ev, struct err *e)
{
	bool may_be_other = strlist_has(&src->content_types, ev->content_type);
	struct event_json j;
	struct media m;
	enum rc rc;

	event_json_init(&j, ev->content_type, ev->body, ev->bodysz);
	rc = facts_read(src, req, j.text == NULL ? "" : j.text, j.n, ev, e);
	media_parse(ev->content_type, &m);
	if (rc != RC_OK && j.text == NULL && m.kind == MEDIA_FORM)
		rc = err_set(e, rc,
		    "a form whose one field is not payload; see content_types "
		    "in hls.yaml(5)");
	if (rc != RC_OK && !may_be_other) {
		event_json_fini(&j);
		return rc;
	}
	event_take_json(ev, &j, rc == RC_OK);
	event_fill(ev);
	return RC_OK;
}

/* A post of many megabytes is in memory once. */
static void
take_body(struct event *ev, const struct http_req *req,
    struct intake_body *body)
{
	if (body == NULL || body->bytes == NULL) {
		ev->body = xmemdup0(req->body, req->bodysz);
	} else {
		ev->body = body->bytes;
		body->bytes = NULL;
		intake_take_hold(ev, body);
	}
	ev->bodysz = req->bodysz;
	crypt_sha256(ev->body, ev->bodysz, ev->body_sha256);
}

/* ev has its body. */
static enum rc
read_event(const struct intake *in, const struct source *src,
    const struct http_req *req, struct event *ev, struct intake_outcome *out,
    struct err *e)
{
	struct media m;
	enum rc rc;

	rc = read_media(src, req, &m, out, e);
	ev->source = xstrdup(src->name);
	ev->provider = xstrdup(sig_scheme_name(src->scheme));
	ev->content_type = xstrdup(m.type);
	ev->priority = src->priority;
	ev->is_watched = source_memory_ms(src) > 0;
	ev->dedupe_ms = src->dedupe_ms;
	ev->received_ms = clock_wall_ms(in->clock);
	ev->hops = hops_read(src, req, ev->body_sha256);
	strlist_put_all(&ev->teams, &src->teams);

	if (rc == RC_OK)
		rc = read_body(src, req, ev, e);
	else
		facts_read_headers(src, req, ev);
	if (rc == RC_OK)
		ev->replay_window_ms =
		    source_window_ms(src, ev->type, ev->action);
	intake_tell(out, ev);
	return rc;
}

/* What is left of the request's own time, the store's share at most. */
static int64_t
wait_for(const struct intake *in, const struct http_req *req)
{
	int64_t left = in->wait_ms;

	if (req->deadline_ms > 0)
		left = req->deadline_ms - clock_boot_ms(in->clock);
	return left < in->wait_ms ? left : in->wait_ms;
}

/*
 * The body of a post that is not stored is remembered, so that it is a
 * suspect under another id or type later.  One that may have been captured on
 * its way is not: it would make a suspect of the real one, which comes after
 * it.  A body of GitHub's under a type that it is not of is such a body, and a
 * ping without the members of a ping.  One that comes from us is known
 * already.  Whether it can be remembered changes nothing for the sender.
 * Takes ev, and returns
 * it when it is to be remembered.
 */
static struct event *
remember(const struct source *src, struct event *ev, int64_t wait_ms)
{
	ev->replay_window_ms = source_memory_ms(src);
	if (ev->replay_window_ms <= 0 || ev->bodysz <= EMPTY ||
	    ev->hops >= EVENT_HOPS_MAX || ev->shape == SHAPE_ODD ||
	    ev->shape == SHAPE_FOREIGN ||
	    (ev->shape == SHAPE_LOOSE && strcmp(ev->type, "ping") == 0) ||
	    wait_ms <= 0) {
		event_free(ev);
		return NULL;
	}
	ev->is_ignored = true;
	return ev;
}

/* The ids in the headers of a post whose body is not read. */
static void
tell_headers(const struct source *src, const struct http_req *req,
    struct intake_outcome *out)
{
	struct event *ev = event_new();

	crypt_sha256(req->body, req->bodysz, ev->body_sha256);
	facts_read_headers(src, req, ev);
	intake_tell(out, ev);
	event_free(ev);
}

/* Up to the store.  *event is NULL where nothing is to be stored, and the
 * caller's otherwise, who has *wait_ms for it. */
static enum rc
accept_post(const struct intake *in, const struct http_req *req,
    struct event **event, int64_t *wait_ms, struct intake_outcome *out,
    struct err *e)
{
	const struct source *src;
	struct event *ev;
	enum rc rc;

	*event = NULL;
	memset(out, 0, sizeof(*out));
	rc = sig_check_headers(req, e);
	if (rc != RC_OK)
		return rc;
	src = source_find_path(in->sources, req->path);
	if (src != NULL)
		out->source = src->name;

	/* Until this holds, the body is bytes to hash and nothing more.  A
	 * source that is not there takes the same work and the same answer:
	 * nobody learns which ones there are. */
	rc = sig_verify(in->sources, src, req, clock_wall_ms(in->clock),
	    &out->is_signed, e);
	if (rc == RC_DENIED && src == NULL)
		return err_set(e, RC_DENIED, "no source has this path");
	if (rc != RC_OK && out->is_signed)
		tell_headers(src, req, out);
	if (rc != RC_OK)
		return rc;

	ev = event_new();
	take_body(ev, req, in->body);
	rc = read_event(in, src, req, ev, out, e);
	if (rc != RC_OK) {
		event_free(ev);
		return rc;
	}
	*wait_ms = wait_for(in, req);
	if (intake_is_ignored(&src->events, ev, out)) {
		*event = remember(src, ev, *wait_ms);
		return RC_OK;
	}
	if (*wait_ms <= 0) {
		event_free(ev);
		return err_set(e, RC_BUSY,
		    "no time is left to store the event");
	}
	*event = ev;
	return RC_OK;
}

enum rc
intake_accept(const struct intake *in, const struct http_req *req,
    struct intake_outcome *out, struct err *e)
{
	struct event *ev;
	int64_t wait_ms;
	enum rc rc;

	rc = accept_post(in, req, &ev, &wait_ms, out, e);
	if (rc != RC_OK || ev == NULL)
		return rc;
	if (!ev->is_ignored)
		return intake_store(in, ev, wait_ms, out, e);
	(void)store_accept(in->store, ev,
	    wait_ms < REMEMBER_MS ? wait_ms : REMEMBER_MS, &out->receipt, e);
	return RC_OK;
}

/* Whether an ignored post could be remembered changes nothing. */
static enum rc
ended(enum rc rc, struct intake_outcome *out, struct err *e)
{
	return out->reason != NULL ? RC_OK : stored(rc, out, e);
}

enum rc
intake_accept_begin(const struct intake *in, const struct http_req *req,
    const struct store_waiter *waiter, struct store_pending *p,
    struct intake_outcome *out, struct err *e)
{
	struct event *ev;
	int64_t wait_ms;
	enum rc rc;

	p->op = NULL;
	rc = accept_post(in, req, &ev, &wait_ms, out, e);
	if (rc != RC_OK || ev == NULL)
		return rc;
	tell_how(ev, out);
	rc = store_accept_begin(in->store, ev, wait_ms, waiter, p, e);
	return ended(rc, out, e);
}

enum rc
intake_accept_end(const struct intake *in, struct store_pending *p,
    struct intake_outcome *out, struct err *e)
{
	return ended(store_accept_end(in->store, p, &out->receipt, e), out, e);
}

bool
intake_accept_leave(const struct intake *in, struct store_pending *p,
    struct intake_outcome *out, enum rc *rc, struct err *e)
{
	if (!store_accept_leave(in->store, p))
		return false;
	*rc = err_set(e, RC_BUSY, "the event was not on disk in time");
	*rc = ended(*rc, out, e);
	return true;
}
