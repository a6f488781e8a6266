#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/crypt.h"
#include "base/file.h"
#include "base/js.h"
#include "base/strlist.h"
#include "base/units.h"
#include "base/xalloc.h"
#include "cmd/ctl.h"
#include "cmd/ctl_webhook.h"
#include "core/bucket.h"
#include "core/webhook.h"
#include "core/whsk.h"

#define EVENT_OPTION                                                 \
	{                                                            \
		.name = "event", .arg = "PATTERN",                   \
		.doc = "issues, issues.opened, pull_request.* or *", \
		.many = true                                         \
	}
#define OTHER_OPTIONS(empty)                                                   \
	{ .name = "name",                                                      \
		.arg = "NAME",                                                 \
		.doc = "a name that no other webhook has",                     \
		.may_empty = (empty) },                                        \
	    { .name = "team",                                                  \
		    .arg = "TEAM",                                             \
		    .doc = "only events of this team",                         \
		    .may_empty = (empty) },                                    \
	    { .name = "description",                                           \
		    .arg = "TEXT",                                             \
		    .doc = "a text for people",                                \
		    .may_empty = (empty) },                                    \
	    { .name = "header-file",                                           \
		    .arg = "FILE",                                             \
		    .doc =                                                     \
			"more headers, one Name: value a line; - is stdin" },  \
	    { .name = "secret-file",                                           \
		    .arg = "FILE",                                             \
		    .doc = "the secret in one line; - is standard input" },    \
	    { .name = "order-by",                                              \
		    .arg = "KEY",                                              \
		    .doc = "keep order by JSON pointer, "                      \
			   "repository or webhook",                            \
		    .may_empty = (empty) },                                    \
	    { .name = "on-dead",                                               \
		    .arg = "hold|skip",                                        \
		    .values = "hold skip",                                     \
		    .doc = "whether a dead delivery holds up later ones "      \
			   "in order" },                                       \
	    { .name = "tls-ca-file",                                           \
		    .arg = "FILE",                                             \
		    .doc = "certificate authorities trusted for the receiver", \
		    .may_empty = (empty) },                                    \
	    { .name = "tls-cert-file",                                         \
		    .arg = "FILE",                                             \
		    .doc = "client certificate for the receiver",              \
		    .may_empty = (empty) },                                    \
	    { .name = "tls-key-file",                                          \
		    .arg = "FILE",                                             \
		    .doc = "its key; default: in the certificate's file",      \
		    .may_empty = (empty) },                                    \
	    { .name = "filter",                                                \
		    .arg = "JSON",                                             \
		    .doc = "condition on events, see hls-api(7)",              \
		    .may_empty = (empty) },                                    \
	    { .name = "body",                                                  \
		    .arg = "FORM",                                             \
		    .values = "raw envelope json",                             \
		    .doc = "raw, envelope or json" },                          \
	    { .name = "signatures",                                            \
		    .arg = "FORM,...",                                         \
		    .values = "standard standard-ed25519 github homeiq svix",  \
		    .doc = "standard, standard-ed25519, github, homeiq, "      \
			   "svix",                                             \
		    .may_empty = (empty) },                                    \
	    { .name = "cloudevents",                                           \
		    .arg = "yes|no",                                           \
		    .values = "yes no",                                        \
		    .doc = "whether the headers of CloudEvents are sent" },    \
	    { .name = "rate-limit",                                            \
		    .arg = "N",                                                \
		    .doc = "requests a second; 0 for no limit" },              \
	    { .name = "max-in-flight",                                         \
		    .arg = "N",                                                \
		    .doc = "the maximum number of open requests" },            \
	    { .name = "timeout",                                               \
		    .arg = "DURATION",                                         \
		    .doc = "the time limit of one attempt" },                  \
	{                                                                      \
		.name = "retry-schedule", .arg = "T,T,...",                    \
		.doc = "waits between attempts, such as 5s,1m,1h"              \
	}

const struct ctl_option ctl_webhook_register_options[] = {
	EVENT_OPTION,
	OTHER_OPTIONS(false),
	{ .name = NULL },
};

const struct ctl_option ctl_webhook_update_options[] = {
	{ .name = "url", .arg = "URL", .doc = "the new URL" },
	EVENT_OPTION,
	OTHER_OPTIONS(true),
	{ .name = "unset",
	    .arg = "KEY",
	    .doc = "reset one of the options above to its default",
	    .many = true },
	{ .name = NULL },
};

/* A new one without patterns gets every event; a change without them leaves
 * those that are there. */
static void
put_events(const struct ctl *c, bool is_new, struct js_writer *w)
{
	size_t i;

	if (!is_new && !ctl_has_option(c, "event"))
		return;
	js_open_array(w, "events");
	for (i = 0; i < c->ngiven; i++)
		if (strcmp(c->given[i].option->name, "event") == 0)
			js_str(w, NULL, c->given[i].value);
	js_close_array(w);
}

/* An empty value takes away what was there. */
static void
put_text(const struct ctl *c, struct js_writer *w, const char *option,
    const char *member)
{
	const char *value;

	value = ctl_option_find(c, option);
	if (value != NULL && value[0] == '\0')
		js_null(w, member);
	else if (value != NULL)
		js_str(w, member, value);
}

/* It becomes part of a request, and so has to be one value. */
static enum rc
put_filter(struct ctl *c, struct js_writer *w, struct err *e)
{
	const char *text = ctl_option_find(c, "filter");
	struct js_doc doc;
	enum rc rc;

	if (text == NULL || text[0] == '\0') {
		put_text(c, w, "filter", "filter");
		return RC_OK;
	}
	rc = js_parse(&doc, text, strlen(text), e);
	if (rc != RC_OK)
		return err_prefix(e, "--filter");
	js_doc_fini(&doc);
	js_raw(w, "filter", text, strlen(text));
	return RC_OK;
}

static enum rc
put_numbers(struct ctl *c, struct js_writer *w, struct err *e)
{
	char text[UNITS_TEXT_SIZE];
	const char *rate;
	int64_t n;
	enum rc rc;

	rate = ctl_option_find(c, "rate-limit");
	if (rate != NULL &&
	    (!units_milli_parse(rate, &n) || n > BUCKET_RATE_MAX))
		return ctl_usage(c, e,
		    "--rate-limit takes a number from 0 to %d with at most "
		    "three digits behind the point.",
		    BUCKET_PER_SECOND_MAX);
	if (rate != NULL) {
		units_milli_format(n, text);
		js_raw(w, "rate_limit", text, strlen(text));
	}
	n = -1;
	rc = ctl_number(c, "max-in-flight", 1, WEBHOOK_IN_FLIGHT_MAX, &n, e);
	if (rc == RC_OK && n >= 0)
		js_int(w, "max_in_flight", n);
	return rc;
}

/* Words with commas between; an empty value takes away what was there. */
static void
put_list(const struct ctl *c, struct js_writer *w, const char *option,
    const char *member)
{
	const char *p;
	size_t n;

	p = ctl_option_find(c, option);
	if (p == NULL)
		return;
	js_open_array(w, member);
	for (; *p != '\0'; p += n + (p[n] != '\0')) {
		n = strcspn(p, ",");
		js_strn(w, NULL, p, n);
	}
	js_close_array(w);
}

/* The API takes a bare number as seconds; on a command line the unit may have
 * been forgotten. */
static enum rc
put_durations(struct ctl *c, struct js_writer *w, struct err *e)
{
	static const char *const names[] = { "timeout", "retry-schedule" };
	const char *p;
	char *one;
	enum rc rc;
	size_t i, n;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		p = ctl_option_find(c, names[i]);
		for (; p != NULL && *p != '\0'; p += n + (p[n] != '\0')) {
			n = strcspn(p, ",");
			one = xmemdup0(p, n);
			rc = ctl_unit(c, names[i], one, e);
			free(one);
			if (rc != RC_OK)
				return rc;
		}
	}
	put_text(c, w, "timeout", "timeout");
	put_list(c, w, "retry-schedule", "retry_schedule");
	return RC_OK;
}

static enum rc
put_cloudevents(struct ctl *c, struct js_writer *w, struct err *e)
{
	const char *value;

	value = ctl_option_find(c, "cloudevents");
	if (value == NULL)
		return RC_OK;
	if (strcmp(value, "yes") != 0 && strcmp(value, "no") != 0)
		return ctl_usage(c, e, "--cloudevents is yes or no.");
	js_bool(w, "cloudevents", strcmp(value, "yes") == 0);
	return RC_OK;
}

static bool
is_unset(const struct ctl *c, const char *key)
{
	size_t i;

	for (i = 0; i < c->ngiven; i++)
		if (strcmp(c->given[i].option->name, "unset") == 0 &&
		    strcmp(c->given[i].value, key) == 0)
			return true;
	return false;
}

/* The files are members of one object, with --unset as without. */
static void
put_tls(const struct ctl *c, struct js_writer *w)
{
	static const char *const files[][2] = { { "tls-ca-file", "ca_file" },
		{ "tls-cert-file", "cert_file" },
		{ "tls-key-file", "key_file" } };
	bool is_open = false;
	size_t i;

	for (i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		if (!ctl_has_option(c, files[i][0]) &&
		    !is_unset(c, files[i][0]))
			continue;
		if (!is_open)
			js_open_object(w, "tls");
		is_open = true;
		if (is_unset(c, files[i][0]))
			js_null(w, files[i][1]);
		else
			put_text(c, w, files[i][0], files[i][1]);
	}
	if (is_open)
		js_close_object(w);
}

static enum rc
put_secret(struct ctl *c, struct js_writer *w, struct err *e)
{
	const char *file;
	struct buf secret;
	enum rc rc;

	file = ctl_option_find(c, "secret-file");
	if (file == NULL)
		return RC_OK;
	buf_init(&secret, 4096);
	rc = ctl_read_secret(file, &secret, e);
	if (rc == RC_OK)
		js_strn(w, "secret", secret.data, secret.len);
	if (secret.data != NULL)
		crypt_wipe(secret.data, secret.len);
	buf_fini(&secret);
	return rc;
}

/* One "Name: value". */
static enum rc
put_header(struct js_writer *w, const char *file, const char *line, size_t n,
    struct err *e)
{
	const char *colon;
	char *name;
	size_t skip;

	colon = memchr(line, ':', n);
	if (colon == NULL || colon == line)
		return err_set(e, RC_INVALID,
		    "%s: a line is not of the form Name: value", file);
	name = xmemdup0(line, (size_t)(colon - line));
	skip = (size_t)(colon - line) + 1;
	while (skip < n && line[skip] == ' ')
		skip++;
	js_strn(w, name, line + skip, n - skip);
	free(name);
	return RC_OK;
}

static enum rc
put_headers(struct ctl *c, struct js_writer *w, struct err *e)
{
	const char *file, *p;
	struct buf text;
	enum rc rc;
	size_t n, len;

	file = ctl_option_find(c, "header-file");
	if (file == NULL)
		return RC_OK;
	buf_init(&text, 65536);
	rc = strcmp(file, "-") == 0 ? ctl_read_input(file, &text, e)
				    : file_read_secret(file, &text, e);
	if (rc == RC_OK) {
		js_open_object(w, "headers");
		for (p = buf_str(&text); *p != '\0' && rc == RC_OK;
		     p += n + (p[n] != '\0')) {
			n = strcspn(p, "\n");
			len = n > 0 && p[n - 1] == '\r' ? n - 1 : n;
			if (len > 0)
				rc = put_header(w, file, p, len, e);
		}
		js_close_object(w);
	}
	if (text.data != NULL)
		crypt_wipe(text.data, text.len);
	buf_fini(&text);
	return rc;
}

/* What an option is in the API's object, where that is another word. */
static const struct {
	const char *option, *member;
} members[] = {
	{ "event", "events" },
	{ "header-file", "headers" },
	{ "secret-file", "secret" },
	{ "order-by", "order_by" },
	{ "on-dead", "on_dead" },
	{ "rate-limit", "rate_limit" },
	{ "max-in-flight", "max_in_flight" },
	{ "retry-schedule", "retry_schedule" },
};

/* KEY is an option's name or a member's: "rate-limit" or "rate_limit".  NULL:
 * there is none of that name. */
static const struct ctl_option *
find_key(const char *key, const char **member)
{
	const struct ctl_option *o;
	size_t i;

	for (o = ctl_webhook_register_options; o->name != NULL; o++) {
		*member = o->name;
		for (i = 0; i < sizeof(members) / sizeof(members[0]); i++)
			if (strcmp(o->name, members[i].option) == 0)
				*member = members[i].member;
		if (strcmp(key, o->name) == 0 || strcmp(key, *member) == 0)
			return o;
	}
	return NULL;
}

/* The member goes back to its default by null. */
static enum rc
put_unset_one(struct ctl *c, struct js_writer *w, const char *key,
    struct err *e)
{
	static const char tls[] = "tls-";
	const struct ctl_option *option;
	const char *member;

	if (strcmp(key, "tls") == 0) {
		js_null(w, "tls");
		return RC_OK;
	}
	option = find_key(key, &member);
	if (option == NULL)
		return ctl_usage(c, e,
		    "--unset takes the name of an option of register, such as "
		    "rate-limit.");
	if (ctl_has_option(c, option->name))
		return ctl_usage(c, e, "--%s and --unset %s contradict.",
		    option->name, key);
	if (strncmp(member, tls, sizeof(tls) - 1) != 0) {
		js_null(w, member);
		return RC_OK;
	}
	return RC_OK;
}

static enum rc
put_unset(struct ctl *c, struct js_writer *w, struct err *e)
{
	enum rc rc = RC_OK;
	size_t i;

	for (i = 0; i < c->ngiven && rc == RC_OK; i++)
		if (strcmp(c->given[i].option->name, "unset") == 0)
			rc = put_unset_one(c, w, c->given[i].value, e);
	return rc;
}

enum rc
ctl_webhook_json(struct ctl *c, const char *url, bool is_new, struct buf *out,
    struct err *e)
{
	struct js_writer w;
	enum rc rc;

	if (ctl_has_option(c, "secret-file") &&
	    ctl_has_option(c, "header-file") &&
	    strcmp(ctl_option_find(c, "secret-file"), "-") == 0 &&
	    strcmp(ctl_option_find(c, "header-file"), "-") == 0)
		return ctl_usage(c, e,
		    "Standard input is the secret or the headers, not both.");
	js_writer_init(&w, out);
	js_open_object(&w, NULL);
	if (url != NULL)
		js_str(&w, "url", url);
	put_events(c, is_new, &w);
	put_text(c, &w, "name", "name");
	put_text(c, &w, "team", "team");
	put_text(c, &w, "description", "description");
	put_text(c, &w, "order-by", "order_by");
	put_text(c, &w, "on-dead", "on_dead");
	put_text(c, &w, "body", "body");
	put_tls(c, &w);
	put_list(c, &w, "signatures", "signatures");
	rc = put_durations(c, &w, e);
	if (rc == RC_OK)
		rc = put_cloudevents(c, &w, e);
	if (rc == RC_OK)
		rc = put_numbers(c, &w, e);
	if (rc == RC_OK)
		rc = put_filter(c, &w, e);
	if (rc == RC_OK)
		rc = put_secret(c, &w, e);
	if (rc == RC_OK)
		rc = put_headers(c, &w, e);
	if (rc == RC_OK)
		rc = put_unset(c, &w, e);
	js_close_object(&w);
	return rc;
}
