#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "unit.h"

#include "app/app_conf.h"
#include "base/buf.h"
#include "base/conf_marks.h"
#include "core/sig.h"

#define SECRET "'it is a secret to us'"
#define GITHUB "name: g, provider: github, secrets: [" SECRET "]"
#define HMAC "name: h, provider: hmac, secrets: [" SECRET "]"

static char folder[] = "/tmp/hls-unit-XXXXXX";
static char file[64];

/* Line 1 is a comment, so that places are seen to be counted. */
static void
put_file(const char *text, mode_t mode)
{
	FILE *f;

	f = fopen(file, "w");
	assert_non_null(f);
	assert_true(fprintf(f, "# settings\n%s\n", text) > 0);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(chmod(file, mode), 0);
}

static enum rc
read_text(const char *text, struct app_conf **out, struct err *e)
{
	struct conf_vars *vars;
	enum rc rc;

	put_file(text, 0600);
	vars = conf_vars_new();
	rc = app_conf_read(file, vars, out, e);
	conf_vars_free(vars);
	return rc;
}

static struct app_conf *
must_read(const char *text)
{
	struct app_conf *c;
	struct err e;

	if (read_text(text, &c, &e) != RC_OK)
		fail_msg("%s\nrefused: %s", text, e.text);
	return c;
}

static const struct {
	const char *text;
	const char *want; /* in the message; NULL: taken */
} rows[] = {
	/* B68 to B70, as far as our keys are concerned. */
	{ "sources: []", NULL },
	{ "sources: [{" GITHUB "}]", NULL },
	{ "servers: {}", ":2: servers: " },
	{ "server: {thread: 3}", ":2: server.thread: " },
	{ "server:\n  threads: 4\n  threads: 5", ":4: " },
	{ "server: {threads: 513}", ":2: server.threads: " },
	{ "server: {threads: -1}", ":2: server.threads: " },
	{ "server: {threads: 2147483648}", ":2: server.threads: " },
	{ "server: {threads: 9223372036854775808}", ":2: server.threads: " },
	{ "server: {threads: 5m}", ":2: server.threads: " },
	{ "server: {threads: ''}", ":2: server.threads: " },
	{ "server: {deadline: 5 m}", ":2: server.deadline: " },
	{ "server: {deadline: 1e3}", ":2: server.deadline: " },
	{ "server: {deadline: 0}", ":2: server.deadline: " },
	{ "server: {deadline: 2.5}", NULL },
	{ "server: {max_body: 31m}", NULL },
	{ "server: {max_body: 32m}", ":2: server.max_body: " },
	{ "server: {max_body: 31m, body_memory: 30m}",
	    ":2: server.body_memory: " },
	{ "server: {base_path: hls}", "base_path: " },
	{ "server: {base_path: /hls/}", "base_path: " },
	{ "server: {base_path: /a/../b}", "base_path: " },
	{ "server: {base_path: /hls}", NULL },
	{ "sources: [{name: g, provider: github}]", "sources[0].secrets: " },
	{ "sources: [{name: g, provider: github, secrets: []}]",
	    "sources[0].secrets: " },
	{ "sources: [{name: g, provider: github, secrets: ['']}]",
	    "sources[0].secrets" },
	{ "sources: [{name: g, provider: github, secrets: "
	  "['fifteen letters']}]",
	    "sources[0].secrets" },
	{ "sources: [{name: g, provider: github, secrets: "
	  "[\"it is a secret to us\\n\"]}]",
	    "sources[0].secrets: " },
	{ "sources: [{name: g, provider: github, secrets: "
	  "['it is a secret to us ']}]",
	    "sources[0].secrets[0]: " },
	{ "sources: [{name: g, provider: github, secrets: "
	  "[replace-with-32-random-bytes]}]",
	    "everybody knows" },
	{ "sources: [{name: s, provider: standard, secrets: "
	  "['whsec_this is no base64!']}]",
	    "base64" },
	{ "sources: [{name: s, provider: standard, secrets: "
	  "['v1,whsec_MTIzNDU2NzgxMjM0NTY3OA==']}]",
	    "begins with v1," },
	{ "sources: [{name: s, provider: standard, secrets: "
	  "['v1,MTIzNDU2NzgxMjM0NTY3OA==']}]",
	    "begins with v1," },
	{ "sources: [{name: s, provider: standard, secrets: "
	  "[whpk_Y2xlYXIgZW5vdWdoIG5vdCB0byBiZSBhIGtleSAhISE=]}]",
	    "belongs to public_keys" },
	{ "sources: [{name: g, provider: github, secrets: "
	  "[whsk_Y2xlYXIgZW5vdWdoIG5vdCB0byBiZSBhIGtleSAhISE=]}]",
	    "belongs to public_keys" },
	{ "sources: [{name: s, provider: standard, secrets: "
	  "['whsec_MTIzNDU2NzgxMjM=']}]",
	    "16 to 256 bytes" },
	{ "sources: [{name: s, provider: standard, secrets: "
	  "['whsec_MTIzNDU2NzgxMjM0NTY3OA']}]",
	    NULL },
	{ "sources: [{name: h, provider: hmac, header: X-S, key: hex, "
	  "secrets: ['a secret that is no hex']}]",
	    "is not hex" },
	{ "sources: [{name: s, provider: standard, public_keys: "
	  "[whpk_Y2xlYXIgZW5vdWdoIG5vdCB0byBiZSBhIGtleSAhISE=]}]",
	    NULL },
	{ "sources: [{name: s, provider: standard, public_keys: [whpk_YQ==]}]",
	    "public_keys[0]: " },
	{ "sources: [{" GITHUB ", public_keys: "
	  "[whpk_Y2xlYXIgZW5vdWdoIG5vdCB0byBiZSBhIGtleSAhISE=]}]",
	    "public_keys[0]: " },
	{ "sources: [{name: api, provider: github, secrets: [" SECRET "]}]",
	    "sources[0].name: " },
	{ "sources: [{name: cli, provider: github, secrets: [" SECRET "]}]",
	    "sources[0].name: " },
	{ "sources: [{name: Ping, provider: github, secrets: [" SECRET "]}]",
	    "sources[0].name: " },
	{ "sources: [{" GITHUB ", id_pointer: data/id}]", "id_pointer: " },
	{ "sources: [{" GITHUB ", event_header: X-Gitlab-Event, "
	  "repository_pointer: /project/path}]",
	    NULL },

	/* B73 */
	{ "sources: [{" GITHUB "}, {" GITHUB "}]", "sources[1].name: " },
	{ "sources: [{" GITHUB "}, {name: k, provider: github, secrets: "
	  "[" SECRET "]}]",
	    NULL },

	/* B74 */
	{ "outbound: {allow_networks: [0.0.0.0/0]}", "allow_networks" },
	{ "outbound: {allow_networks: ['::/0']}", "allow_networks" },
	{ "outbound: {allow_networks: [10.0.0.0/33]}", "allow_networks" },
	{ "outbound: {allow_networks: [example.org]}", "allow_networks" },
	{ "outbound: {allow_networks: [10.0.0.0/8, 127.0.0.0/8]}", NULL },

	{ "outbound: {rate_limit: 0, breaker: {failures: 0}}", NULL },
	{ "outbound: {breaker: {failures: 3, open_for: 2s}}", NULL },
	{ "outbound: {rate_limit: 10.0}", NULL },
	{ "outbound: {rate_limit: 10.5}", NULL },
	{ "outbound: {rate_limit: 0.125}", NULL },
	{ "outbound: {rate_limit: 0.0001}", "rate_limit" },
	{ "outbound: {rate_limit: 5s}", "rate_limit" },
	{ "outbound: {rate_limit: .0}", "rate_limit" },
	{ "outbound: {rate_limit: 100001}", "rate_limit" },
	{ "outbound: {breaker: {failures: -1}}", "breaker.failures" },
	{ "outbound:\n  breaker: {open_for: 1ms}",
	    ":3: outbound.breaker.open_for" },
	{ "outbound: {breaker: 5}", "breaker" },

	/* Keys of features that are not there yet. */
	{ "repositories: []", ":2: repositories: not in this version" },
	{ "retention: {events: 90d}", "not in this version" },
	{ "claude: {model: x}", "not in this version" },
	{ "github: {}", "not in this version" },
	{ "monitor: {max_pending: 100}", "not in this version" },

	{ "outbound: {disable_after: 366d}", ":2: outbound.disable_after: " },
	{ "outbound: {disable_after: 0}", NULL },
	{ "database: {path: /x/hls.db}", NULL },
	{ "database: {url: 'sqlite:/x/hls.db'}", NULL },
	{ "database: {url: 'sqlite:/x/hls.db', path: /x/hls.db}",
	    "database.path: " },
	{ "database: {url: 'postgresql://h/db'}", "not in this version" },
	{ "database: {url: 'mysql://h/db'}", "database.url: " },
	{ "database: {url: 'sqlite:'}", "database.url: " },

	{ "sources: [{name: '', provider: github}]", "sources[0].name: " },
	{ "sources: [{name: hls, provider: github, secrets: [" SECRET "]}]",
	    "sources[0].name: " },
	{ "sources: [{name: a/b, provider: github, secrets: [" SECRET "]}]",
	    "sources[0].name: " },
	{ "sources: [{name: g, provider: gitlab, secrets: [" SECRET "]}]",
	    "sources[0].provider: " },
	{ "sources: [{" GITHUB ", priority: 10}]", "priority: " },
	{ "sources: [{" GITHUB ", paths: [webhook]}]", "paths[0]: " },
	{ "sources: [{" GITHUB ", paths: [/webhook/]}]", "paths[0]: " },
	{ "sources: [{" GITHUB ", paths: [/api/v1/events]}]", "the API" },
	{ "sources: [{" GITHUB ", paths: [/stats]}]", "the API" },
	{ "sources: [{" GITHUB ", paths: [/webhook, /status]}]", NULL },
	{ "sources: [{" GITHUB ", paths: [/hooks/k]}, {name: k, provider: "
	  "github, secrets: [" SECRET "]}]",
	    "answers at /hooks/k" },
	{ "sources: [{" GITHUB ", events: ['*.opened']}]", "events[0]: " },
	{ "sources: [{" GITHUB ", events: [issues.opened, pull_request.*]}]",
	    NULL },
	{ "sources: [{" GITHUB ", replay_window: soon}]", "replay_window: " },
	{ "sources: [{" GITHUB ", replay_window: 400d}]", "replay_window: " },

	{ "sources: [{" HMAC "}]", "sources[0].header: " },
	{ "sources: [{" HMAC ", header: X_Sig}]", "sources[0].header: " },
	{ "sources: [{" GITHUB ", header: X-Sig}]", "sources[0].header: " },
	{ "sources: [{" HMAC ", header: X-Sig, algorithm: md5}]",
	    "algorithm: " },
	{ "sources: [{" HMAC ", header: X-Sig, template: '{timestamp}'}]",
	    "timestamp_header" },
	{ "sources: [{" HMAC ", header: X-Sig, template: '{id}{body}'}]",
	    "id_header" },
	{ "sources: [{" HMAC ", header: X-Sig, template: 'x'}]", "{body}" },
	{ "sources: [{" HMAC ", header: X-Sig, template: '{body'}]", "brace" },
	{ "sources: [{" HMAC ", header: X-Sig, template: '{body}{url}'}]",
	    "template: " },
	{ "sources: [{" HMAC ", header: X-Sig, timestamp_header: X-Time, "
	  "template: '{timestamp}.{body}'}]",
	    NULL },

	{ "auth: {remote_users: {alice: king}}", "remote_users" },
	{ "auth: {remote_users: {alice: reviewer}, open: [/stats]}", NULL },
	{ "auth: {open: [/stats, /queue/stats, /metrics, /api/stats]}", NULL },
	{ "auth: {open: [stats]}", "auth.open[0]: " },
	{ "auth: {open: [/stats, /api/v1/events]}", "auth.open[1]: " },
	{ "logging: {level: loud}", "logging.level: " },
	{ "logging: {level: WARNING}", NULL },
	{ "drain: {lease: 999ms}", "drain.lease: " },
	{ "drain: {poll: 2}", NULL },
	{ "outbound: {retry_schedule: [5s, 8d]}", "retry_schedule" },
};

static void
files_are_judged_by_their_rules(void **state)
{
	struct app_conf *c;
	struct err e;
	enum rc rc;
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(rows); i++) {
		rc = read_text(rows[i].text, &c, &e);
		if (rows[i].want == NULL) {
			if (rc != RC_OK)
				fail_msg("%s\nrefused: %s", rows[i].text,
				    e.text);
			app_conf_free(c);
			continue;
		}
		if (rc == RC_OK)
			fail_msg("%s\nwas taken", rows[i].text);
		assert_null(c);
		if (strstr(e.text, rows[i].want) == NULL)
			fail_msg("%s\nsays: %s\nwithout: %s", rows[i].text,
			    e.text, rows[i].want);
		/* No message holds a secret. */
		assert_null(strstr(e.text, "it is a secret"));
	}
}

static void
defaults_are_those_of_the_manual(void **state)
{
	struct app_conf *c;

	(void)state;
	c = must_read("sources: [{" GITHUB "}]");
	assert_string_equal(c->database.url,
	    "sqlite:" LOCALSTATEDIR "/lib/hls/hls.db");
	assert_string_equal(c->database.key_file, SYSCONFDIR "/hls/hls.key");
	assert_int_equal(c->database.min_free, 64 << 20);
	assert_int_equal(c->server.threads, 0);
	assert_int_equal(c->server.max_body, 26 << 20);
	assert_int_equal(c->server.deadline_ms, 5000);
	assert_string_equal(c->server.base_path, "");
	assert_int_equal(c->outbound.retry_schedule.n, 12);
	assert_int_equal(c->outbound.retry_schedule.ms[11], 86400000);
	assert_int_equal(c->drain.retry_schedule.n, 3);
	assert_int_equal(c->drain.lease_ms, 60000);
	assert_int_equal(c->monitor.drain_seen_ms, 300000);
	assert_int_equal(c->logging.level, LOG_LEVEL_INFO);
	assert_string_equal(c->logging.target, "stderr");
	assert_int_equal(c->sources.n, 1);
	assert_string_equal(c->sources.v[0].name, "g");
	assert_int_equal(c->sources.v[0].priority, 5);
	assert_int_equal(c->sources.v[0].replay_window_ms,
	    INT64_C(7) * 86400 * 1000);
	assert_int_equal(c->sources.v[0].nsecrets, 1);
	assert_true(secret_is_equal(&c->sources.v[0].secrets[0],
	    "it is a secret to us", 20));
	app_conf_free(c);
}

static void
names_of_files_are_taken_from_the_folder_of_the_settings(void **state)
{
	struct app_conf *c;
	char want[128];

	(void)state;
	c = must_read("database: {path: state/hls.db, key_file: k}\n"
		      "logging: {target: log/hls}");
	(void)snprintf(want, sizeof(want), "sqlite:%s/state/hls.db", folder);
	assert_string_equal(c->database.url, want);
	(void)snprintf(want, sizeof(want), "%s/k", folder);
	assert_string_equal(c->database.key_file, want);
	(void)snprintf(want, sizeof(want), "%s/log/hls", folder);
	assert_string_equal(c->logging.target, want);
	app_conf_free(c);
}

/* B73 */
static void
two_sources_with_one_secret_are_warned_of(void **state)
{
	struct app_conf *c;

	(void)state;
	c = must_read("sources: [{" GITHUB "}, {name: k, provider: github, "
		      "secrets: [another secret of ours, " SECRET "]}]");
	assert_int_equal(c->warnings.n, 1);
	assert_non_null(strstr(c->warnings.v[0], "g and k"));
	app_conf_free(c);
}

static void
a_sender_of_another_kind_is_described(void **state)
{
	const struct source *s;
	struct app_conf *c;

	(void)state;
	c = must_read("sources: [{" HMAC ", header: X-Sig, algorithm: sha512, "
		      "encoding: base64, prefix: 'v0=', id_header: X-Id, "
		      "tolerance: 30s, timestamp_header: X-Time, "
		      "template: '{timestamp}.{body}'}]");
	s = &c->sources.v[0];
	assert_string_equal(sig_scheme_name(s->scheme), "hmac");
	assert_string_equal(s->hmac.header, "X-Sig");
	assert_int_equal(s->hmac.algorithm, CRYPT_SHA512);
	assert_int_equal(s->hmac.encoding, SOURCE_BASE64);
	assert_string_equal(s->hmac.prefix, "v0=");
	assert_string_equal(s->hmac.template, "{timestamp}.{body}");
	assert_string_equal(s->facts.id_header, "X-Id");
	assert_null(s->facts.event_header);
	assert_int_equal(s->hmac.tolerance_ms, 30000);
	app_conf_free(c);
}

/* B70: no secret, and what is shown can be read again. */
static void
shown_settings_are_effective_and_masked(void **state)
{
	struct app_conf *c;
	struct buf out;

	(void)state;
	c = must_read("database: {path: hls.db}\nsources: [{" GITHUB "}]");
	buf_init(&out, 1 << 20);
	app_conf_show(c, false, &out);
	assert_null(strstr(buf_str(&out), "it is a secret"));
	assert_non_null(strstr(buf_str(&out), "***"));
	assert_non_null(strstr(buf_str(&out), "/hls.db"));
	assert_non_null(strstr(buf_str(&out), "replay_window: 7d"));
	assert_null(strstr(buf_str(&out), "claude"));
	assert_non_null(strstr(buf_str(&out), "open_for: 1m"));
	buf_clear(&out);
	app_conf_show(c, true, &out);
	assert_int_equal(buf_str(&out)[0], '{');
	assert_null(strstr(buf_str(&out), "it is a secret"));
	buf_fini(&out);
	app_conf_free(c);
}

/* What limits deliveries where nobody has said anything, by name: a key that
 * is shown says what is in force. */
static void
defaults_are_shown_as_documented(void **state)
{
	static const char *const want[] = { "\n  rate_limit: 10\n",
		"\n  max_in_flight: 8\n", "\n    failures: 5\n",
		"\n    open_for: 1m\n", "\n  disable_after: 5d\n",
		"\n  timeout: 15s\n", "\n  connect_timeout: 10s\n" };
	struct app_conf *c;
	struct buf out;
	size_t i;

	(void)state;
	c = must_read("sources: []");
	buf_init(&out, 1 << 20);
	app_conf_show(c, false, &out);
	for (i = 0; i < NELEM(want); i++)
		if (strstr(buf_str(&out), want[i]) == NULL)
			fail_msg("without%sin:\n%s", want[i], buf_str(&out));
	buf_fini(&out);
	assert_int_equal(c->outbound.rate_limit, 10000);
	assert_int_equal(c->outbound.max_in_flight, 8);
	assert_int_equal(c->outbound.breaker_failures, 5);
	assert_int_equal(c->outbound.disable_after_ms,
	    INT64_C(5) * 86400 * 1000);
	app_conf_free(c);
}

static void
a_key_that_needs_a_restart_is_named(void **state)
{
	struct app_conf *is = must_read("server: {threads: 4, deadline: 5s}");
	struct conf_marks *m = conf_marks_new(app_conf_table(), is);

	(void)state;
	app_conf_free(is);
	is = must_read("server: {threads: 4, deadline: 6s}");
	assert_null(conf_marks_find(m, is));
	app_conf_free(is);
	is = must_read("server: {threads: 5}");
	assert_string_equal(conf_marks_find(m, is), "server.threads");
	app_conf_free(is);
	conf_marks_free(m);
}

/* B66, B67 */
static void
a_settings_file_that_others_may_write_is_refused(void **state)
{
	struct conf_vars *vars;
	struct app_conf *c;
	struct err e;

	(void)state;
	vars = conf_vars_new();
	put_file("sources: []", 0666);
	assert_int_equal(app_conf_read(file, vars, &c, &e), RC_DENIED);
	put_file("sources: []", 0644);
	assert_int_equal(app_conf_read(file, vars, &c, &e), RC_OK);
	app_conf_free(c);
	assert_int_equal(unlink(file), 0);
	assert_int_equal(app_conf_read(file, vars, &c, &e), RC_NOTFOUND);
	assert_non_null(strstr(e.text, file));
	assert_int_equal(app_conf_read(folder, vars, &c, &e), RC_INVALID);
	conf_vars_free(vars);
}

/* The variables of product.md, and a second reading after their wiping. */
static void
the_shipped_file_loads_unchanged(void **state)
{
	struct conf_vars *vars;
	struct app_conf *c;
	char path[512], shipped[16384] = "";
	struct err e;
	FILE *f;
	int i;

	(void)state;
	if (getenv("srcdir") == NULL)
		return;
	(void)snprintf(path, sizeof(path), "%s/etc/hls.yaml", getenv("srcdir"));
	f = fopen(path, "r");
	assert_non_null(f);
	assert_true(fread(shipped, 1, sizeof(shipped) - 1, f) > 0);
	(void)fclose(f);
	put_file(shipped, 0644);
	vars = conf_vars_new();
	assert_int_not_equal(app_conf_read(file, vars, &c, &e), RC_OK);
	if (strstr(e.text, "github.secrets") == NULL)
		fail_msg("%s", e.text);
	conf_vars_free(vars);

	(void)snprintf(path, sizeof(path), "%s/github.secrets", folder);
	f = fopen(path, "w");
	assert_non_null(f);
	assert_int_equal(fchmod(fileno(f), 0600), 0);
	assert_true(fputs("it is a secret to us\n", f) >= 0);
	(void)fclose(f);
	(void)setenv("DATABASE_URL", "sqlite:/x/y.db", 1);
	(void)setenv("WORKER_ID", "w7", 1);
	(void)setenv("BATCH_SIZE", "5", 1);
	(void)setenv("POLL_INTERVAL", "2", 1);
	(void)setenv("HTTP_TIMEOUT", "30", 1);
	(void)setenv("LOG_LEVEL", "DEBUG", 1);
	vars = conf_vars_new();
	for (i = 0; i < 2; i++) {
		if (app_conf_read(file, vars, &c, &e) != RC_OK)
			fail_msg("%s", e.text);
		assert_string_equal(c->database.url, "sqlite:/x/y.db");
		assert_string_equal(c->drain.worker_id, "w7");
		assert_int_equal(c->drain.batch, 5);
		assert_int_equal(c->drain.poll_ms, 2000);
		assert_int_equal(c->outbound.timeout_ms, 30000);
		assert_int_equal(c->logging.level, LOG_LEVEL_DEBUG);
		assert_true(secret_is_equal(&c->sources.v[0].secrets[0],
		    "it is a secret to us", 20));
		app_conf_free(c);
	}
	conf_vars_free(vars);
	assert_int_equal(unlink(path), 0);
}

/* A header "Timeout: 1ms" arrives as HTTP_TIMEOUT under plain CGI. */
static void
a_request_header_is_no_setting_under_cgi(void **state)
{
	static const char text[] = "outbound: {timeout: \"${%s:-15s}\"}\n"
				   "sources: [{" GITHUB "}]";
	static const struct {
		const char *gateway, *set, *read;
		int64_t timeout_ms;
	} cases[] = {
		{ NULL, "HTTP_TIMEOUT", "HTTP_TIMEOUT", 7000 },
		{ NULL, "HTTP_TIMEOUT", "HLS_HTTP_TIMEOUT", 7000 },
		{ NULL, "HLS_HTTP_TIMEOUT", "HLS_HTTP_TIMEOUT", 7000 },
		{ "CGI/1.1", "HTTP_TIMEOUT", "HTTP_TIMEOUT", 15000 },
		{ "CGI/1.1", "HTTP_TIMEOUT", "HLS_HTTP_TIMEOUT", 15000 },
		{ "CGI/1.1", "HLS_HTTP_TIMEOUT", "HLS_HTTP_TIMEOUT", 7000 },
	};
	struct app_conf *c;
	char yaml[256];
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(cases); i++) {
		(void)unsetenv("HTTP_TIMEOUT");
		(void)unsetenv("HLS_HTTP_TIMEOUT");
		(void)unsetenv("GATEWAY_INTERFACE");
		if (cases[i].gateway != NULL)
			(void)setenv("GATEWAY_INTERFACE", cases[i].gateway, 1);
		(void)setenv(cases[i].set, "7s", 1);
		(void)snprintf(yaml, sizeof(yaml), text, cases[i].read);
		c = must_read(yaml);
		if (c->outbound.timeout_ms != cases[i].timeout_ms)
			fail_msg("row %zu: %lld", i,
			    (long long)c->outbound.timeout_ms);
		app_conf_free(c);
	}
	(void)unsetenv("GATEWAY_INTERFACE");
	(void)unsetenv("HLS_HTTP_TIMEOUT");
}

static int
set_up(void **state)
{
	(void)state;
	if (mkdtemp(folder) == NULL)
		return -1;
	(void)snprintf(file, sizeof(file), "%s/hls.yaml", folder);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	(void)unlink(file);
	return rmdir(folder);
}

/* Each with its line, whatever the others are; and nothing that is wrong only
 * because of another. */
static void
all_faults_are_reported_at_once(void **state)
{
	static const char text[] =
	    "database: {url: \"mysql:x\", min_free: 3q}\n"
	    "server:\n"
	    "  threads: 513\n"
	    "  thread: 4\n"
	    "  base_path: /hls\n"
	    "  base_path: /hls\n"
	    "sources:\n"
	    "  - name: github\n"
	    "    provider: githug\n"
	    "    secrets: [short, \"${HLS_TEST_NOT_SET}\"]\n"
	    "  - provider: hmac\n"
	    "    secrets: [\"another good secret\"]\n"
	    "  - name: third\n"
	    "    provider: hmac\n"
	    "    secrets: [\"another good secret\"]\n"
	    "    events: [\"***\", push, \"**\"]\n"
	    "  - name: fourth\n"
	    "    provider: github\n"
	    "    secrets_file: /nowhere/at/all\n"
	    "outbound: {timeout: 1x, allow_networks: [foo, 10.0.0.0/8]}\n"
	    "logging: {level: loud}\n"
	    "bogus: 1";
	static const char *const want[] = {
		":2: database.min_free: ",
		":2: database.url: ",
		":4: server.threads: ",
		":5: server.thread: ",
		":7: server.base_path: given twice",
		":10: sources[0].provider: ",
		":11: sources[0].secrets: a secret has less",
		":11: sources[0].secrets: ${HLS_TEST_NOT_SET} is not set",
		":12: sources[1].name: has to be given",
		":14: sources[2].header: missing",
		":17: sources[2].events[0]: ",
		":17: sources[2].events[2]: ",
		":20: sources[3].secrets_file: /nowhere/at/all: ",
		":21: outbound.timeout: ",
		":21: outbound.allow_networks[0]: ",
		":22: logging.level: ",
		":23: bogus: no such key",
	};
	struct strlist faults = { 0 };
	struct conf_vars *vars;
	size_t i;

	(void)state;
	put_file(text, 0600);
	vars = conf_vars_new();
	app_conf_faults(file, vars, &faults);
	for (i = 0; i < faults.n && i < NELEM(want); i++)
		if (strstr(faults.v[i], want[i]) == NULL)
			fail_msg("%s is not %s", faults.v[i], want[i]);
	assert_int_equal(faults.n, NELEM(want));
	strlist_fini(&faults);
	put_file("sources: []", 0600);
	app_conf_faults(file, vars, &faults);
	assert_int_equal(faults.n, 0);
	put_file("sources: [", 0600);
	app_conf_faults(file, vars, &faults);
	assert_int_equal(faults.n, 1);
	strlist_fini(&faults);
	conf_vars_free(vars);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_faults_are_reported_at_once),
		cmocka_unit_test(files_are_judged_by_their_rules),
		cmocka_unit_test(defaults_are_those_of_the_manual),
		cmocka_unit_test(
		    names_of_files_are_taken_from_the_folder_of_the_settings),
		cmocka_unit_test(two_sources_with_one_secret_are_warned_of),
		cmocka_unit_test(a_sender_of_another_kind_is_described),
		cmocka_unit_test(shown_settings_are_effective_and_masked),
		cmocka_unit_test(defaults_are_shown_as_documented),
		cmocka_unit_test(a_key_that_needs_a_restart_is_named),
		cmocka_unit_test(
		    a_settings_file_that_others_may_write_is_refused),
		cmocka_unit_test(the_shipped_file_loads_unchanged),
		cmocka_unit_test(a_request_header_is_no_setting_under_cgi),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
