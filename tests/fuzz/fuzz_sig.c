/*
 * A post as its sender wants it: header lines, an empty line, a body.  Nobody
 * without the secret is let in, whatever it says, and identities that are
 * taken are well formed.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "fuzz.h"

#include "base/err.h"
#include "base/xalloc.h"
#include "core/event.h"
#include "core/facts.h"
#include "core/hops.h"
#include "core/http.h"
#include "core/sig.h"
#include "core/source.h"

#define PARAMS_MAX 32
#define NOW_MS (1614265330 * INT64_C(1000))

/* "X-Name: value" becomes "HTTP_X_NAME=value", as a web server has it. */
static char *
param_of(const char *line, size_t n)
{
	char *p;
	size_t i;

	p = xcalloc(n + 8, 1);
	memcpy(p, "HTTP_", 5);
	memcpy(p + 5, line, n);
	for (i = 5; p[i] != '\0' && p[i] != ':'; i++) {
		if (p[i] == '-')
			p[i] = '_';
		else if (p[i] >= 'a' && p[i] <= 'z')
			p[i] = (char)(p[i] - 'a' + 'A');
	}
	if (p[i] == ':')
		p[i] = '=';
	if (strncmp(p, "HTTP_CONTENT_TYPE=", 18) == 0)
		memmove(p, p + 5, strlen(p + 5) + 1);
	return p;
}

static void
judge(struct source *src, const struct http_req *req)
{
	const struct sources all = { src, 1 };
	struct event *ev;
	struct err e;
	bool proved;

	if (sig_check_headers(req, &e) != RC_OK)
		return;
	FUZZ_HOLDS(
	    sig_verify(&all, src, req, NOW_MS, &proved, &e) == RC_DENIED);
	FUZZ_HOLDS(!proved);
	ev = event_new();
	if (facts_read(src, req, req->body, req->bodysz, ev, &e) == RC_OK)
		FUZZ_HOLDS(ev->action != NULL && ev->repository != NULL);
	FUZZ_HOLDS(event_delivery_id_is_valid(ev->delivery_id));
	FUZZ_HOLDS(hops_read(src, req, ev->body_sha256) == 0);
	FUZZ_HOLDS(event_type_is_valid(ev->type));
	FUZZ_HOLDS(ev->sent_id == NULL ||
	    (ev->sent_id[0] != '\0' &&
		strlen(ev->sent_id) <= EVENT_SENT_ID_MAX));
	event_free(ev);
}

static void
judge_by_all(const struct http_req *req)
{
	static const char *const providers[] = { "github", "standard", "hmac" };
	struct secret secret = { 0 };
	struct source src;
	size_t i;

	secret_put_str(&secret, "a secret that no input of a fuzzer knows");
	for (i = 0; i < 3; i++) {
		memset(&src, 0, sizeof(src));
		src.name = xstrdup("fuzz");
		src.scheme = sig_scheme_find(providers[i]);
		src.secrets = &secret;
		src.nsecrets = 1;
		src.hmac.header = xstrdup("X-Signature");
		src.hmac.algorithm = CRYPT_SHA256;
		src.hmac.prefix = xstrdup("v0=");
		src.hmac.template = xstrdup("v0:{timestamp}:{body}");
		src.hmac.timestamp_header = xstrdup("X-Time");
		src.hmac.tolerance_ms = 300000;
		judge(&src, req);
		free(src.name);
		free(src.hmac.header);
		free(src.hmac.prefix);
		free(src.hmac.template);
		free(src.hmac.timestamp_header);
	}
	secret_fini(&secret);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *params[PARAMS_MAX + 1];
	struct http_req req = { .method = "POST",
		.path = "/hooks/fuzz",
		.query = "",
		.params = params,
		.request_id = "fuzz" };
	char *text, *line, *end;
	size_t n;

	if (memchr(data, '\0', size) != NULL)
		return 0;
	text = fuzz_text(data, size);
	n = 0;
	for (line = text; n < PARAMS_MAX; line = end + 1) {
		end = strchr(line, '\n');
		if (end == NULL || end == line)
			break;
		params[n++] = param_of(line, (size_t)(end - line));
	}
	params[n] = NULL;
	req.body = *line == '\n' ? line + 1 : line;
	req.bodysz = (size_t)(text + size - req.body);
	judge_by_all(&req);
	while (n > 0)
		free((char *)params[--n]);
	free(text);
	return 0;
}
