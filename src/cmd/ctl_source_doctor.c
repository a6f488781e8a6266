#include "config.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/app_conf.h"
#include "base/clock.h"
#include "base/js.h"
#include "base/strlist.h"
#include "base/units.h"
#include "base/xalloc.h"
#include "cmd/ctl_source_doctor.h"
#include "core/http.h"
#include "core/sig.h"
#include "core/sigtry.h"
#include "core/source.h"

#define HEADERS_MAX 200
#define HEADERS_SIZE_MAX (256u << 10)

/* A post that somebody kept. */
struct post {
	char *params[HEADERS_MAX + 1]; /* as CGI has headers */
	size_t nparams;
	struct http_req req;
	struct buf headers, body;
};

/* What there is to say. */
struct verdict {
	bool is_good;      /* the post would be taken now */
	bool is_late;      /* only its time is off */
	size_t signatures; /* that its headers may hold */
	int64_t sent_ms;   /* with is_late */
	char lack[256];    /* of what the settings ask of a post; or "" */
	bool has_match;
	struct sigtry_match match;
};

/* "X-Hub-Signature: a" to HTTP_X_HUB_SIGNATURE=a.  Lines that are no header
 * are passed over, such as a request line; curl -v begins each with "> ". */
static void
take_header(struct post *p, const char *line, size_t n)
{
	const char *colon;
	char *param, *to;
	size_t i, namesz;

	if (n > 2 && line[0] == '>' && line[1] == ' ') {
		line += 2;
		n -= 2;
	}
	colon = memchr(line, ':', n);
	if (colon == NULL || colon == line || p->nparams == HEADERS_MAX)
		return;
	namesz = (size_t)(colon - line);
	if (memchr(line, ' ', namesz) != NULL)
		return;
	param = xmalloc(n + 8);
	memcpy(param, "HTTP_", 5);
	to = param + 5;
	for (i = 0; i < namesz; i++)
		*to++ = line[i] == '-' ? '_'
				       : (char)toupper((unsigned char)line[i]);
	*to++ = '=';
	for (i = namesz + 1; i < n && (line[i] == ' ' || line[i] == '\t'); i++)
		continue;
	while (n > i && strchr(" \t\r", line[n - 1]) != NULL)
		n--;
	memcpy(to, line + i, n - i);
	to[n - i] = '\0';
	p->params[p->nparams++] = param;
}

static enum rc
read_post(struct ctl *c, const char *headers, const char *body, struct post *p,
    struct err *e)
{
	const char *line;
	size_t n;
	enum rc rc;

	buf_init(&p->headers, HEADERS_SIZE_MAX);
	buf_init(&p->body, (size_t)c->app.conf->server.max_body);
	if (strcmp(headers, "-") == 0 && strcmp(body, "-") == 0)
		return ctl_usage(c, e,
		    "Standard input holds either the headers or the body.");
	if ((rc = ctl_read_input(headers, &p->headers, e)) != RC_OK ||
	    (rc = ctl_read_input(body, &p->body, e)) != RC_OK)
		return rc;
	for (line = buf_str(&p->headers); *line != '\0'; line += n) {
		n = strcspn(line, "\n");
		take_header(p, line, n);
		n += line[n] == '\n';
	}
	p->req.method = "POST";
	p->req.query = "";
	p->req.params = (const char *const *)p->params;
	p->req.body = buf_str(&p->body);
	p->req.bodysz = p->body.len;
	return RC_OK;
}

static void
free_post(struct post *p)
{
	size_t i;

	for (i = 0; i < p->nparams; i++)
		free(p->params[i]);
	buf_fini(&p->headers);
	buf_fini(&p->body);
}

/* A number in a header that is a time not far from any post's: the signature
 * fits with the clock set to it. */
static bool
is_late(struct ctl *c, const struct source *src, const struct post *p,
    int64_t *sent_ms)
{
	const char *value;
	struct err e;
	int64_t n;
	bool fits;
	size_t i;

	for (i = 0; i < p->nparams; i++) {
		value = strchr(p->params[i], '=') + 1;
		if (!units_int_parse(value, &n) || n < 1000000000)
			continue;
		*sent_ms = n < 100000000000 ? n * 1000 : n;
		if (sig_verify(&c->app.conf->sources, src, &p->req, *sent_ms,
			&fits, &e) == RC_OK)
			return true;
	}
	return false;
}

/* What the source's settings name and the post has not. */
static void
find_lack(const struct source *src, const struct http_req *req,
    char out[sizeof(((struct verdict *)NULL)->lack)])
{
	const struct source_hmac *h = &src->hmac;
	size_t size = sizeof(((struct verdict *)NULL)->lack);
	const struct {
		const char *key, *name;
	} headers[] = {
		{ "header", h->header },
		{ "timestamp_header", h->timestamp_header },
		{ "id_header",
		    h->template != NULL && strstr(h->template, "{id}") != NULL
			? src->facts.id_header
			: NULL },
	};
	const char *value;
	size_t i;

	out[0] = '\0';
	for (i = 0; i < sizeof(headers) / sizeof(headers[0]); i++)
		if (headers[i].name != NULL &&
		    http_header_find(req, headers[i].name) == NULL) {
			(void)snprintf(out, size,
			    "The post has no header %.100s, which is the "
			    "source's %s.",
			    headers[i].name, headers[i].key);
			return;
		}
	value = h->header == NULL ? NULL : http_header_find(req, h->header);
	if (value != NULL && strncmp(value, h->prefix, strlen(h->prefix)) != 0)
		(void)snprintf(out, size,
		    "The value of header %.100s does not begin with %.64s, "
		    "which is the source's prefix.",
		    h->header, h->prefix);
}

static void
judge(struct ctl *c, const struct source *src, const struct post *p,
    int64_t now_ms, struct verdict *v)
{
	struct err e;
	bool fits;

	memset(v, 0, sizeof(*v));
	v->signatures = sigtry_count(&p->req);
	v->is_good = sig_verify(&c->app.conf->sources, src, &p->req, now_ms,
			 &fits, &e) == RC_OK;
	if (!v->is_good)
		v->is_late = is_late(c, src, p, &v->sent_ms);
	if (!v->is_good && !v->is_late)
		find_lack(src, &p->req, v->lack);
	v->has_match =
	    sigtry(src, &p->req, ctl_option_find(c, "url"), &v->match);
}

static const char *
summary(const struct verdict *v)
{
	if (v->is_good)
		return "The signature fits: the post would be taken.";
	if (v->is_late)
		return "The signature fits, but the time of the post is too "
		       "far from this machine's clock.";
	if (v->lack[0] != '\0')
		return v->lack;
	if (v->has_match)
		return "The signature does not fit the source as it is set; "
		       "it would fit so:";
	if (v->signatures == 0)
		return "No header holds a signature.";
	return "The signature fits no secret of the source, in no encoding "
	       "and with no change of the body that was tried.";
}

static void
put_json(struct ctl *c, const struct source *src, const struct verdict *v)
{
	const struct sigtry_match *m = &v->match;
	struct js_writer w;

	js_writer_init(&w, &c->out);
	js_open_object(&w, NULL);
	js_str(&w, "source", src->name);
	js_bool(&w, "fits", v->is_good);
	js_str(&w, "summary", summary(v));
	js_bool(&w, "time_is_off", v->is_late);
	js_time(&w, "sent_at", v->is_late ? v->sent_ms : 0);
	js_int(&w, "signatures", (int64_t)v->signatures);
	if (!v->has_match) {
		js_null(&w, "match");
	} else {
		js_open_object(&w, "match");
		js_int(&w, "secret", (int64_t)m->secret);
		js_str(&w, "key", m->key);
		js_str(&w, "header", m->header);
		js_str(&w, "digest", m->digest);
		js_str(&w, "encoding", m->encoding);
		js_str(&w, "signed", m->signed_text);
		js_str(&w, "body", m->body);
		js_bool(&w, "can_be_set", !sigtry_is_foreign(m));
		js_close_object(&w);
	}
	js_close_object(&w);
	buf_add_str(&c->out, "\n");
}

static void
put_text(struct ctl *c, const struct source *src, const struct verdict *v)
{
	const struct sigtry_match *m = &v->match;

	buf_addf(&c->out, "%s\n", summary(v));
	if (v->is_late) {
		buf_add_str(&c->out, "  sent       ");
		ctl_put_time(c, v->sent_ms);
		buf_add_str(&c->out, "\n");
	}
	if (!v->has_match)
		return;
	if (v->lack[0] != '\0')
		buf_add_str(&c->out, "Apart from that, it would fit so:\n");
	if (strcmp(m->digest, "ed25519") == 0)
		buf_addf(&c->out,
		    "  key        public key %zu of %zu\n"
		    "  header     %s\n"
		    "  signature  Ed25519, in %s\n",
		    m->secret, src->npublic_keys, m->header, m->encoding);
	else
		buf_addf(&c->out,
		    "  secret     number %zu of %zu\n"
		    "  key        the secret's %s\n"
		    "  header     %s\n"
		    "  signature  HMAC with %s, in %s\n",
		    m->secret, src->nsecrets, m->key, m->header, m->digest,
		    m->encoding);
	buf_addf(&c->out, "  signed     %s\n  body       %s\n", m->signed_text,
	    m->body);
	if (sigtry_is_foreign(m))
		buf_add_str(&c->out,
		    "No source can be set so: a template holds no {url}, "
		    "{method} or {form}.\n");
}

enum rc
ctl_source_doctor(struct ctl *c, const struct source *src, const char *headers,
    const char *body, struct err *e)
{
	struct post *p = xcalloc(1, sizeof(*p));
	const char *method = ctl_option_find(c, "method");
	int64_t now_ms = clock_wall_ms(c->app.clock);
	struct verdict v;
	enum rc rc;

	rc = ctl_time(c, "at", true, &now_ms, e);
	if (rc == RC_OK)
		rc = read_post(c, headers, body, p, e);
	if (method != NULL)
		p->req.method = method;
	if (rc == RC_OK) {
		judge(c, src, p, now_ms, &v);
		if (c->json)
			put_json(c, src, &v);
		else
			put_text(c, src, &v);
		if (!v.is_good)
			c->status = EXIT_FAILURE;
	}
	free_post(p);
	free(p);
	return rc;
}
