#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/app_conf.h"
#include "base/clock.h"
#include "base/id.h"
#include "base/js.h"
#include "base/loop.h"
#include "base/url.h"
#include "base/xalloc.h"
#include "cmd/ctl.h"
#include "cmd/ctl_source.h"
#include "cmd/ctl_text.h"
#include "core/event.h"
#include "core/jsonptr.h"
#include "core/sample.h"
#include "core/sig.h"
#include "core/source.h"
#include "net/httpc.h"

#define DEFAULT_URL "http://127.0.0.1:8000"
#define JSON_TYPE "Content-Type: application/json"
#define SEND_MS 30000
#define HEADERS_MAX 16
#define REPOSITORY "octo/sample"

const struct ctl_option ctl_source_sample_options[] = {
	{ .name = "event-type",
	    .arg = "TYPE",
	    .doc = "a type, or for GitHub type.action (default: issues)" },
	{ .name = "delivery-id",
	    .arg = "ID",
	    .doc = "the delivery id (default: a random one)" },
	{ .name = "url",
	    .arg = "URL",
	    .doc = "the URL of the server (default: " DEFAULT_URL ")" },
	{ .name = "send", .doc = "send the post instead of printing it" },
	{ .name = NULL },
};

struct signed_post {
	const struct source *source;
	const char *type;
	char short_type[EVENT_TYPE_MAX + 1]; /* without the action */
	char delivery_id[EVENT_DELIVERY_ID_MAX + 1];
	char *url;
	struct buf body, headers; /* a header a line */
};

static bool
is_github(const struct signed_post *s)
{
	return strcmp(sig_scheme_name(s->source->scheme), "github") == 0;
}

/* A value of the example body, where the source's settings look for it. */
struct place {
	const char *at; /* a JSON pointer from here on, without its "/" */
	const char *value;
};

/* The name before the next "/" of a pointer, decoded. */
static size_t
take_name(const char *at, char *name, size_t size)
{
	size_t i, n = strcspn(at, "/"), k = 0;

	for (i = 0; i < n && k + 1 < size; i++) {
		name[k++] = at[i];
		if (at[i] == '~' && i + 1 < n)
			name[k - 1] = at[++i] == '1' ? '/' : '~';
	}
	name[k] = '\0';
	return n;
}

/* Each name once: the places below one name go into one object. */
static void
put_places(struct js_writer *w, const struct place *v, size_t n)
{
	char name[JSONPTR_MAX + 1], other[JSONPTR_MAX + 1];
	struct place below[SOURCE_POINTERS];
	bool is_done[SOURCE_POINTERS] = { false };
	size_t i, k, nbelow, len, klen;

	for (i = 0; i < n; i++) {
		if (is_done[i])
			continue;
		len = take_name(v[i].at, name, sizeof(name));
		nbelow = 0;
		for (k = i; k < n; k++) {
			klen = take_name(v[k].at, other, sizeof(other));
			if (strcmp(name, other) != 0)
				continue;
			is_done[k] = true;
			if (v[k].at[klen] == '/') {
				below[nbelow].at = v[k].at + klen + 1;
				below[nbelow++].value = v[k].value;
			}
		}
		if (nbelow == 0 && v[i].at[len] == '\0') {
			js_str(w, name, v[i].value);
			continue;
		}
		js_open_object(w, name);
		put_places(w, below, nbelow);
		js_close_object(w);
	}
}

/* Is the first name of one of the places this one? */
static bool
has_name(const struct place *v, size_t n, const char *name)
{
	char first[JSONPTR_MAX + 1];
	size_t i;

	for (i = 0; i < n; i++) {
		(void)take_name(v[i].at, first, sizeof(first));
		if (strcmp(first, name) == 0)
			return true;
	}
	return false;
}

/* The facts that the settings look for in the body. */
static size_t
find_places(const struct signed_post *s, struct place v[SOURCE_POINTERS])
{
	const char *values[SOURCE_POINTERS] = {
		[SOURCE_ID_POINTER] = s->delivery_id,
		[SOURCE_EVENT_POINTER] = s->type,
		[SOURCE_REPOSITORY_POINTER] = REPOSITORY,
	};
	const char *pointer;
	size_t i, n = 0;

	for (i = 0; i < SOURCE_POINTERS; i++) {
		pointer = s->source->facts.pointers[i];
		if (pointer == NULL || pointer[0] != '/' || values[i] == NULL)
			continue;
		v[n].at = pointer + 1;
		v[n++].value = values[i];
	}
	return n;
}

/* The id makes each sample another one: the same bytes under a second
 * delivery id would be taken for a replay. */
static void
make_body(struct signed_post *s, int64_t now_ms)
{
	struct js_writer w;
	char unique[ID_UUID_SIZE];
	struct place places[SOURCE_POINTERS];
	size_t n = find_places(s, places);
	bool is_standard;

	id_uuid4(unique);
	is_standard =
	    strcmp(sig_scheme_name(s->source->scheme), "standard") == 0;
	js_writer_init(&w, &s->body);
	js_open_object(&w, NULL);
	put_places(&w, places, n);
	if (n > 0) {
		if (!has_name(places, n, "sample"))
			js_str(&w, "sample", unique);
		if (is_standard && !has_name(places, n, "type"))
			js_str(&w, "type", s->type);
		js_close_object(&w);
		return;
	}
	if (is_standard) {
		js_str(&w, "type", s->type);
		js_time(&w, "timestamp", now_ms);
		js_open_object(&w, "data");
		js_str(&w, "sample", unique);
		js_close_object(&w);
		js_close_object(&w);
		return;
	}
	js_str(&w, "message", "A sample of hlsctl");
	js_open_object(&w, "repository");
	js_str(&w, "full_name", REPOSITORY);
	js_close_object(&w);
	js_str(&w, "sample", unique);
	js_close_object(&w);
}

/* GitHub sends the action in the body and the rest of the name in a header. */
static bool
make_github(struct signed_post *s, int64_t now_ms)
{
	const char *dot = strchr(s->type, '.');
	struct sample sample;
	char unique[ID_UUID_SIZE];

	if (!sample_make(s->type, now_ms, &sample, &s->body))
		return false;
	(void)snprintf(s->short_type, sizeof(s->short_type), "%s", sample.type);
	if (!sample.is_github && dot != NULL)
		(void)snprintf(s->short_type, sizeof(s->short_type), "%.*s",
		    (int)(dot - s->type), s->type);
	/* Behind the last member. */
	s->body.len--;
	if (!sample.is_github && dot != NULL)
		buf_addf(&s->body, ",\"action\":\"%s\"", dot + 1);
	id_uuid4(unique);
	buf_addf(&s->body, ",\"sample\":\"%s\"}", unique);
	s->type = s->short_type;
	return true;
}

/* With a payload of the person's own: its action stands in it. */
static void
split_type(struct signed_post *s)
{
	const char *dot = strchr(s->type, '.');

	if (!is_github(s) || dot == NULL || dot == s->type)
		return;
	(void)snprintf(s->short_type, sizeof(s->short_type), "%.*s",
	    (int)(dot - s->type), s->type);
	s->type = s->short_type;
}

/* Where it goes: the server, the base path, the source. */
static enum rc
make_url(struct ctl *c, struct signed_post *s, struct err *e)
{
	const char *server, *base = c->app.conf->server.base_path;
	struct url u;
	size_t n, basesz = strlen(base);
	enum rc rc;

	server = ctl_option_find(c, "url");
	if (server == NULL)
		server = DEFAULT_URL;
	n = strlen(server);
	while (n > 0 && server[n - 1] == '/')
		n--;
	/* The base path is added below, and some have it in the URL. */
	if (basesz > 0 && n > basesz &&
	    memcmp(server + n - basesz, base, basesz) == 0)
		n -= basesz;
	s->url =
	    xasprintf("%.*s%s/hooks/%s", (int)n, server, base, s->source->name);
	rc = url_parse(s->url, &u, e);
	if (rc != RC_OK)
		return ctl_usage(c, e, "--url: %.200s", e->text);
	url_fini(&u);
	return RC_OK;
}

static enum rc
make_sample(struct ctl *c, struct signed_post *s, struct err *e)
{
	const char *id;
	int64_t now_ms;
	enum rc rc;

	rc = ctl_source_find(c, c->args[0], &s->source, e);
	if (rc != RC_OK)
		return rc;
	if (s->source->nsecrets == 0)
		return err_set(e, RC_INVALID,
		    "Source %.64s has public keys only; nothing can be signed "
		    "with those",
		    s->source->name);
	s->type = ctl_option_find(c, "event-type");
	if (s->type == NULL)
		s->type = "issues";
	if (is_github(s) &&
	    (!event_type_is_valid(s->type) || s->type[0] == '.'))
		return ctl_usage(c, e,
		    "--event-type has 1 to 100 of the characters "
		    "A-Z a-z 0-9 _ . -.");
	/* Other senders write orders/create, which hls respells. */
	if (!event_delivery_id_is_valid(s->type))
		return ctl_usage(c, e,
		    "--event-type has 1 to %d visible ASCII characters.",
		    EVENT_DELIVERY_ID_MAX);
	id = ctl_option_find(c, "delivery-id");
	if (id != NULL && !event_delivery_id_is_valid(id))
		return ctl_usage(c, e,
		    "--delivery-id has 1 to 256 visible ASCII "
		    "characters.");
	if (id != NULL)
		(void)snprintf(s->delivery_id, sizeof(s->delivery_id), "%s",
		    id);
	else
		id_uuid4(s->delivery_id);
	if ((rc = make_url(c, s, e)) != RC_OK)
		return rc;
	now_ms = clock_wall_ms(c->app.clock);
	if (c->nargs == 2)
		rc = ctl_read_input(c->args[1], &s->body, e);
	else if (!is_github(s) || !make_github(s, now_ms))
		make_body(s, now_ms);
	if (rc == RC_OK)
		split_type(s);
	if (rc == RC_OK)
		sig_sample(s->source, s->type, s->delivery_id,
		    buf_str(&s->body), s->body.len, now_ms, &s->headers);
	return rc;
}

/* One word of a POSIX shell. */
static void
put_quoted(struct buf *out, const char *p, size_t n)
{
	size_t i;

	buf_add(out, "'", 1);
	for (i = 0; i < n; i++) {
		if (p[i] == '\'')
			buf_add_str(out, "'\\''");
		else
			buf_add(out, &p[i], 1);
	}
	buf_add(out, "'", 1);
}

static enum rc
print(struct ctl *c, const struct signed_post *s, struct err *e)
{
	const char *line, *file;
	size_t n;

	file =
	    c->nargs == 2 && strcmp(c->args[1], "-") != 0 ? c->args[1] : NULL;
	if (file == NULL &&
	    memchr(buf_str(&s->body), '\0', s->body.len) != NULL)
		return err_set(e, RC_INVALID,
		    "The payload holds a NUL byte, which no command line "
		    "can; put it into a file, or use --send.");
	buf_add_str(&c->out, "curl -sS -X POST ");
	put_quoted(&c->out, s->url, strlen(s->url));
	buf_add_str(&c->out, " \\\n  -H '" JSON_TYPE "'");
	for (line = buf_str(&s->headers); *line != '\0'; line += n + 1) {
		n = strcspn(line, "\n");
		buf_add_str(&c->out, " \\\n  -H ");
		put_quoted(&c->out, line, n);
	}
	buf_add_str(&c->out, " \\\n  ");
	if (file != NULL) {
		buf_add_str(&c->out, "--data-binary @");
		put_quoted(&c->out, file, strlen(file));
	} else {
		buf_add_str(&c->out, "--data-raw ");
		put_quoted(&c->out, buf_str(&s->body), s->body.len);
	}
	buf_add_str(&c->out, "\n");
	return RC_OK;
}

struct answer {
	bool done;
	enum httpc_end end;
	int status;
	struct buf text, body;
};

static void
take_answer(void *arg, const struct httpc_answer *answer)
{
	struct answer *a;

	a = arg;
	a->done = true;
	a->end = answer->end;
	a->status = answer->status;
	buf_add_str(&a->text, answer->text);
	buf_add(&a->body, answer->body, answer->bodysz);
}

/* The operator names the server: every address is allowed. */
static enum rc
allow_any(void *arg, const struct sockaddr *sa, bool is_https, struct err *e)
{
	(void)arg;
	(void)sa;
	(void)is_https;
	(void)e;
	return RC_OK;
}

static enum rc
post(const struct signed_post *s, struct answer *a, struct err *e)
{
	const struct httpc_policy policy = { allow_any, NULL };
	struct httpc_options opt = { .user_agent = "hlsctl/" PACKAGE_VERSION };
	const char *headers[HEADERS_MAX];
	struct httpc_request req;
	struct httpc_pool *pool;
	struct httpc *http;
	char *lines, *line;
	enum rc rc;

	rc = loop_new(clock_system(), LOOP_BEST, &opt.loop, e);
	if (rc != RC_OK)
		return rc;
	rc = httpc_new(&opt, &http, e);
	if (rc != RC_OK) {
		loop_free(opt.loop);
		return rc;
	}
	memset(&req, 0, sizeof(req));
	lines = xstrdup(buf_str(&s->headers));
	headers[req.nheaders++] = JSON_TYPE;
	for (line = lines; *line != '\0' && req.nheaders < HEADERS_MAX;) {
		headers[req.nheaders++] = line;
		line += strcspn(line, "\n");
		if (*line != '\0')
			*line++ = '\0';
	}
	req.url = s->url;
	req.method = "POST";
	req.headers = headers;
	req.body = buf_str(&s->body);
	req.bodysz = s->body.len;
	req.connect_timeout_ms = SEND_MS;
	req.timeout_ms = SEND_MS;
	req.keep = req.body_max = 65536;
	req.done = take_answer;
	req.arg = a;
	pool = httpc_pool_new(http, &policy, NULL);
	(void)httpc_start(pool, &req);
	while (!a->done)
		loop_turn(opt.loop, SEND_MS);
	httpc_pool_free(pool);
	httpc_free(http);
	loop_free(opt.loop);
	free(lines);
	return RC_OK;
}

static enum rc
send_it(struct ctl *c, const struct signed_post *s, struct err *e)
{
	struct answer a;
	enum rc rc;

	memset(&a, 0, sizeof(a));
	buf_init(&a.text, 1024);
	buf_init(&a.body, 65536);
	rc = post(s, &a, e);
	if (rc == RC_OK && a.end != HTTPC_COMPLETE)
		rc = err_set(e, RC_PEER, "%s: %s", s->url, buf_str(&a.text));
	if (rc == RC_OK) {
		if (!c->json)
			buf_addf(&c->out, "%d ", a.status);
		ctl_text_clean(&c->out, buf_str(&a.body),
		    a.body.len > 0 && a.body.data[a.body.len - 1] == '\n'
			? a.body.len - 1
			: a.body.len);
		buf_add_str(&c->out, "\n");
		if (a.status < 200 || a.status > 299)
			rc = err_set(e, RC_PEER,
			    "%s did not take it: status %d", s->url, a.status);
	}
	buf_fini(&a.text);
	buf_fini(&a.body);
	return rc;
}

enum rc
ctl_source_sample(struct ctl *c, struct err *e)
{
	struct signed_post s;
	enum rc rc;

	memset(&s, 0, sizeof(s));
	buf_init(&s.body, (size_t)c->app.conf->server.max_body);
	buf_init(&s.headers, 65536);
	rc = make_sample(c, &s, e);
	if (rc == RC_OK)
		rc = ctl_has_option(c, "send") ? send_it(c, &s, e)
					       : print(c, &s, e);
	buf_fini(&s.body);
	buf_fini(&s.headers);
	free(s.url);
	return rc;
}
