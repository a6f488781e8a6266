#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/xalloc.h"
#include "core/event.h"
#include "core/jsonptr.h"
#include "core/webhook.h"

#define ALLOCATION 16 /* bytes of the allocator, beside those asked for */

static const char *const health_names[WEBHOOK_HEALTHS] = {
	[WEBHOOK_UNKNOWN] = "unknown",
	[WEBHOOK_HEALTHY] = "healthy",
	[WEBHOOK_DEGRADED] = "degraded",
	[WEBHOOK_UNAVAILABLE] = "unavailable",
};

/* What libcurl, HTTP itself or the delivery writes. */
static const char *const reserved_headers[] = {
	"connection",
	"content-encoding",
	"content-length",
	"content-type",
	"expect",
	"host",
	"http2-settings",
	"keep-alive",
	"te",
	"trailer",
	"transfer-encoding",
	"upgrade",
	"user-agent",
};
static const char *const reserved_prefixes[] = {
	"ce-",
	"proxy-",
	"svix-",
	"webhook-",
	"x-github-",
	"x-hls-",
	"x-hub-signature",
	"x-webhook-",
};

struct webhook *
webhook_new(void)
{
	struct webhook *w = xcalloc(1, sizeof(*w));

	w->rate_limit = -1;
	w->max_in_flight = -1;
	w->timeout_ms = -1;
	w->enabled = true;
	return w;
}

void
webhook_headers_clear(struct webhook *w)
{
	size_t i;

	for (i = 0; i < w->nheaders; i++) {
		free(w->headers[i].name);
		secret_fini(&w->headers[i].value);
	}
	free(w->headers);
	w->headers = NULL;
	w->nheaders = 0;
}

void
webhook_tls_clear(struct webhook *w)
{
	free(w->tls.ca_file);
	free(w->tls.cert_file);
	free(w->tls.key_file);
	memset(&w->tls, 0, sizeof(w->tls));
}

void
webhook_free(struct webhook *w)
{
	if (w == NULL)
		return;
	free(w->damage);
	free(w->id);
	free(w->name);
	free(w->url);
	strlist_fini(&w->events);
	secret_fini(&w->secret);
	secret_fini(&w->sign_key);
	webhook_olds_end(w, INT64_MAX);
	free(w->team);
	free(w->description);
	webhook_headers_clear(w);
	strlist_fini(&w->signatures);
	free(w->retry_schedule);
	free(w->order_by);
	free(w->filter);
	webhook_tls_clear(w);
	free(w);
}

static size_t
text_size(const char *text)
{
	return text == NULL ? 0 : strlen(text) + ALLOCATION;
}

static size_t
list_size(const struct strlist *l)
{
	size_t i, n = 0;

	for (i = 0; i < l->n; i++)
		n += text_size(l->v[i]) + sizeof(l->v[i]);
	return n;
}

size_t
webhook_size(const struct webhook *w)
{
	size_t i, n = sizeof(*w) + ALLOCATION;

	n += text_size(w->id) + text_size(w->name) + text_size(w->url) +
	    text_size(w->team) + text_size(w->description) +
	    text_size(w->order_by) + text_size(w->filter) +
	    text_size(w->damage) + text_size(w->tls.ca_file) +
	    text_size(w->tls.cert_file) + text_size(w->tls.key_file);
	n += list_size(&w->events) + list_size(&w->signatures);
	n += w->nretries * sizeof(w->retry_schedule[0]);
	for (i = 0; i < w->nheaders; i++)
		n += sizeof(w->headers[i]) + text_size(w->headers[i].name) +
		    w->headers[i].value.size + ALLOCATION;
	return n;
}

static void
old_fini(struct webhook_old *old)
{
	secret_fini(&old->secret);
	secret_fini(&old->sign_key);
}

void
webhook_old_take(struct webhook *w, struct webhook_old *old)
{
	if (w->nolds == WEBHOOK_OLDS_MAX)
		old_fini(&w->olds[--w->nolds]);
	memmove(w->olds + 1, w->olds, w->nolds * sizeof(w->olds[0]));
	w->olds[0] = *old;
	w->nolds++;
	memset(old, 0, sizeof(*old));
}

void
webhook_olds_end(struct webhook *w, int64_t now_ms)
{
	size_t i, kept = 0;

	for (i = 0; i < w->nolds; i++) {
		if (w->olds[i].until_ms <= now_ms)
			old_fini(&w->olds[i]);
		else
			w->olds[kept++] = w->olds[i];
	}
	memset(w->olds + kept, 0, (w->nolds - kept) * sizeof(w->olds[0]));
	w->nolds = kept;
}

void
webhook_header_put(struct webhook *w, const char *name, const char *value,
    size_t valuesz)
{
	struct webhook_header *h;

	w->headers =
	    xreallocarray(w->headers, w->nheaders + 1, sizeof(*w->headers));
	h = &w->headers[w->nheaders++];
	memset(h, 0, sizeof(*h));
	h->name = xstrdup(name);
	secret_put(&h->value, value, valuesz);
}

bool
webhook_id_is_valid(const char *text)
{
	size_t n = strlen(text);

	return n >= 1 && n <= WEBHOOK_ID_MAX &&
	    strspn(text, EVENT_ALNUM "_-") == n;
}

bool
webhook_name_is_valid(const char *text)
{
	size_t i, n = strlen(text);

	if (n < 1 || n > WEBHOOK_NAME_MAX || text[0] == '-' || text[0] == ' ' ||
	    text[n - 1] == ' ' || strcmp(text, ".") == 0 ||
	    strcmp(text, "..") == 0 || strcasecmp(text, "list") == 0 ||
	    strcasecmp(text, "register") == 0)
		return false;
	for (i = 0; i < n; i++)
		if ((unsigned char)text[i] < ' ' || text[i] == 0x7f ||
		    text[i] == '/')
			return false;
	return true;
}

bool
webhook_ref_is_valid(const char *text)
{
	return webhook_id_is_valid(text) || webhook_name_is_valid(text);
}

bool
webhook_file_is_valid(const char *text)
{
	size_t i;

	if (text[0] != '/' || strlen(text) > WEBHOOK_FILE_MAX)
		return false;
	for (i = 0; text[i] != '\0'; i++)
		if ((unsigned char)text[i] < ' ' || text[i] == 0x7f)
			return false;
	return true;
}

const char *
webhook_health_name(enum webhook_health h)
{
	return health_names[h];
}

bool
webhook_health_parse(const char *text, enum webhook_health *out)
{
	size_t i;

	for (i = 0; i < sizeof(health_names) / sizeof(health_names[0]); i++) {
		if (strcmp(text, health_names[i]) == 0) {
			*out = (enum webhook_health)i;
			return true;
		}
	}
	return false;
}

double
webhook_success_percent(const struct webhook *w)
{
	double went_well = (double)(w->total_calls - w->failed_calls);

	/* An import may claim more failures than calls. */
	if (w->total_calls <= 0 || went_well < 0)
		return -1;
	/* Halves go up, as in SQLite's round(); printf has its own mind. */
	return (double)(int64_t)(1000 * went_well / (double)w->total_calls +
		   0.5) /
	    10;
}

const char *
webhook_freshness_name(const struct webhook *w, int64_t now_ms)
{
	static const struct {
		int64_t within_s;
		const char *name;
	} rows[] = { { INT64_C(15) * 60, "healthy_recent" },
		{ INT64_C(60) * 60, "healthy_hour" },
		{ INT64_C(24) * 60 * 60, "healthy_day" } };
	/* The views know of seconds alone. */
	int64_t ago_s = now_ms / 1000 - w->last_success_ms / 1000;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (w->last_success_ms > 0 && ago_s < rows[i].within_s)
			return rows[i].name;
	return "no_recent_success";
}

static const char *const body_names[WEBHOOK_BODIES] = {
	[WEBHOOK_RAW] = "raw",
	[WEBHOOK_ENVELOPE] = "envelope",
	[WEBHOOK_JSON] = "json",
};

const char *
webhook_body_name(enum webhook_body b)
{
	return body_names[b];
}

bool
webhook_body_parse(const char *text, enum webhook_body *out)
{
	size_t i;

	for (i = 0; i < WEBHOOK_BODIES; i++) {
		if (strcmp(text, body_names[i]) == 0) {
			*out = (enum webhook_body)i;
			return true;
		}
	}
	return false;
}

const char *
webhook_on_dead_name(enum webhook_on_dead d)
{
	return d == WEBHOOK_SKIP ? "skip" : "hold";
}

bool
webhook_on_dead_parse(const char *text, enum webhook_on_dead *out)
{
	*out = strcmp(text, "skip") == 0 ? WEBHOOK_SKIP : WEBHOOK_HOLD;
	return strcmp(text, webhook_on_dead_name(*out)) == 0;
}

const char *
webhook_why_name(enum webhook_why y)
{
	static const char *const names[WEBHOOK_WHYS] = { "person", "gone",
		"failing" };

	return names[y];
}

bool
webhook_pattern_is_valid(const char *text)
{
	size_t n = strlen(text);

	if (strcmp(text, "*") == 0)
		return true;
	if (n > 2 && strcmp(text + n - 2, ".*") == 0)
		n -= 2;
	return n >= 1 && n <= WEBHOOK_PATTERN_MAX &&
	    strspn(text, EVENT_ALNUM "_.-") >= n;
}

bool
webhook_order_by_is_valid(const char *text)
{
	return strcmp(text, "webhook") == 0 ||
	    strcmp(text, "repository") == 0 ||
	    (*text != '\0' && jsonptr_is_valid(text));
}

/* RFC 9110, 5.6.2. */
static bool
is_token(const char *text)
{
	static const char token[] = "!#$%&'*+-.^_`|~0123456789"
				    "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "abcdefghijklmnopqrstuvwxyz";
	size_t n = strlen(text);

	return n >= 1 && n <= WEBHOOK_HEADER_NAME_MAX &&
	    strspn(text, token) == n;
}

/* CGI and its kin have one name for webhook-id, Webhook_Id and webhook.id
 * (RFC 3875, 4.1.18), so a receiver may read either for the other. */
static bool
is_same_to_cgi(const char *name, const char *folded, size_t n)
{
	size_t i;
	char c;

	for (i = 0; i < n; i++) {
		c = name[i];
		if (c >= 'A' && c <= 'Z')
			c = (char)(c - 'A' + 'a');
		else if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') &&
		    c != '\0')
			c = '-';
		if (c != folded[i])
			return false;
	}
	return true;
}

static bool
is_reserved(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(reserved_headers) / sizeof(char *); i++)
		if (is_same_to_cgi(name, reserved_headers[i],
			strlen(reserved_headers[i]) + 1))
			return true;
	for (i = 0; i < sizeof(reserved_prefixes) / sizeof(char *); i++)
		if (is_same_to_cgi(name, reserved_prefixes[i],
			strlen(reserved_prefixes[i])))
			return true;
	return false;
}

bool
webhook_header_is_valid(const char *name, const char *value, size_t valuesz)
{
	size_t i;

	if (!is_token(name) || is_reserved(name) ||
	    valuesz > WEBHOOK_HEADER_VALUE_MAX)
		return false;
	for (i = 0; i < valuesz; i++)
		if (value[i] < 0x20 || value[i] > 0x7e)
			return false;
	return true;
}
