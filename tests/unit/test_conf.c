#include "config.h"

#include <sys/stat.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "unit.h"

#include "base/conf.h"
#include "base/conf_marks.h"
#include "base/xalloc.h"

struct source {
	char *name;
	struct conf_secrets secrets;
	struct strlist events;
	bool auto_apply;
	int64_t priority;
};

struct settings {
	char *url;
	int64_t threads;
	int64_t max_body;
	int64_t lease_ms;
	bool enabled;
	double budget;
	int level;
	struct strlist paths;
	struct conf_durations schedule;
	struct secret key;
	struct conf_map users;
	struct conf_objects sources;
};

static const char *const levels[] = { "debug", "info", "warn", NULL };
static const char *const roles[] = { "viewer", "admin", NULL };

#define AT(m) offsetof(struct source, m)
static const struct conf_key source_keys[] = {
	{ .name = "name",
	    .type = CONF_STRING,
	    .offset = AT(name),
	    .most = "8",
	    .flags = CONF_REQUIRED },
	{ .name = "secrets", .type = CONF_SECRETS, .offset = AT(secrets) },
	{ .name = "events", .type = CONF_STRINGS, .offset = AT(events) },
	{ .name = "labels.auto_apply",
	    .type = CONF_BOOL,
	    .offset = AT(auto_apply) },
	{ .name = "priority",
	    .type = CONF_INT,
	    .offset = AT(priority),
	    .fallback = "5",
	    .least = "0",
	    .most = "9" },
};
#undef AT
static const struct conf_table source_table = { source_keys, NELEM(source_keys),
	sizeof(struct source) };

#define AT(m) offsetof(struct settings, m)
static const struct conf_key keys[] = {
	{ .name = "database.url",
	    .type = CONF_STRING,
	    .offset = AT(url),
	    .fallback = "sqlite:/x",
	    .flags = CONF_RESTART | CONF_MASK_USER },
	{ .name = "server.later", .flags = CONF_LATER },
	{ .name = "server.threads",
	    .type = CONF_INT,
	    .offset = AT(threads),
	    .fallback = "32",
	    .least = "1",
	    .most = "512",
	    .flags = CONF_RESTART },
	{ .name = "server.max_body",
	    .type = CONF_SIZE,
	    .offset = AT(max_body),
	    .fallback = "26m",
	    .least = "1k" },
	{ .name = "drain.lease",
	    .type = CONF_DURATION,
	    .offset = AT(lease_ms),
	    .fallback = "60s",
	    .least = "1s",
	    .most = "1h" },
	{ .name = "drain.deep.enabled",
	    .type = CONF_BOOL,
	    .offset = AT(enabled),
	    .fallback = "true" },
	{ .name = "claude.budget",
	    .type = CONF_REAL,
	    .offset = AT(budget),
	    .fallback = "0.05",
	    .most = "10" },
	{ .name = "level",
	    .type = CONF_ENUM,
	    .offset = AT(level),
	    .fallback = "info",
	    .words = levels },
	{ .name = "paths", .type = CONF_STRINGS, .offset = AT(paths) },
	{ .name = "schedule",
	    .type = CONF_DURATIONS,
	    .offset = AT(schedule),
	    .fallback = "[5s, 10s, 2m]",
	    .least = "100ms",
	    .entries_max = 4 },
	{ .name = "key",
	    .type = CONF_SECRET,
	    .offset = AT(key),
	    .flags = CONF_RESTART },
	{ .name = "users",
	    .type = CONF_MAP,
	    .offset = AT(users),
	    .words = roles },
	{ .name = "sources",
	    .type = CONF_OBJECTS,
	    .offset = AT(sources),
	    .sub = &source_table },
};
#undef AT
static const struct conf_table table = { keys, NELEM(keys),
	sizeof(struct settings) };

static char folder[] = "/tmp/hls-conf-XXXXXX";

static enum rc
read_text(const char *text, size_t n, struct settings *s, struct err *e)
{
	struct conf_vars *vars = conf_vars_new();
	enum rc rc;

	rc = conf_read_text("f", text, n, &table, vars, s, e);
	conf_vars_free(vars);
	return rc;
}

/* B68, B69, B70 and B76 are among them. */
static const struct {
	const char *text;
	const char *wrong; /* NULL: taken */
} rows[] = {
	{ "level: warn\n", NULL },
	{ "server: {threads: 5}\n", NULL },
	{ "level: \"warn\"", NULL },
	{ "paths: [a, b]", NULL },
	{ "paths: a", NULL },
	{ "paths:\n- a\n- b\n", NULL },
	{ "schedule: []", NULL },
	{ "key: \"\"", NULL },
	{ "", "f:1: holds no settings" },
	{ "# nothing\n", "f:1: holds no settings" },
	{ "[a]", "f:1: holds no settings" },
	{ "text", "f:1: holds no settings" },
	{ "level: info\nsurver: {threads: 5}\n", "f:2: surver: no such key" },
	{ "server:\n  thread: 5\n", "f:2: server.thread: no such key" },
	{ "server:\n  later: 5\n", "f:2: server.later: not in this version" },
	{ "server:\n  later: {a: [b]}\n",
	    "f:2: server.later: not in this version" },
	{ "server.threads: 5", "f:1: server.threads: no such key" },
	{ "servr:\n  threads: 5\n", "f:1: servr: no such key" },
	{ "server:\n\n  max_body:\n    big\n",
	    "f:3: server.max_body: not a size; sizes are written 512, 64k, "
	    "26m or 1g" },
	{ "\"\\e[1m\": 5", "f:1: a key that is no name" },
	{ "\"\\u009b1m\": 5", "f:1: ??1m: no such key" },
	{ "\"\": 5", "f:1: a key that is no name" },
	{ "level: info\n\nlevel: warn\n",
	    "f:3: level: given twice, in line 1 already" },
	{ "server: {threads: 5}\nserver: {max_body: 5m}\n",
	    "f:2: server: given twice, in line 1 already" },
	{ "server: 5", "f:1: server: takes keys of its own" },
	{ "server: [5]", "f:1: server: takes keys of its own" },
	{ "level: [info]", "f:1: level: takes one value" },
	{ "level: {a: b}", "f:1: level: takes one value" },
	{ "level: INFO", "f:1: level: is none of debug, info, warn" },
	{ "level:", "f:1: level: has no value; leave it out, or write \"\"" },
	{ "level: ~", "f:1: level: has no value; leave it out, or write \"\"" },
	{ "server: {threads: many}",
	    "f:1: server.threads: not a whole number" },
	{ "server: {threads: -1}", "f:1: server.threads: is less than 1" },
	{ "server: {threads: 0}", "f:1: server.threads: is less than 1" },
	{ "server: {threads: 2147483648}",
	    "f:1: server.threads: is more than 512" },
	{ "server: {threads: 9223372036854775808}",
	    "f:1: server.threads: not a whole number" },
	{ "server: {threads: 5m}", "f:1: server.threads: not a whole number" },
	{ "server: {threads: 1e3}", "f:1: server.threads: not a whole number" },
	{ "server: {threads: \" 5\"}",
	    "f:1: server.threads: not a whole number" },
	{ "server: {threads: \"\"}",
	    "f:1: server.threads: not a whole number" },
	{ "server: {max_body: 5 m}",
	    "f:1: server.max_body: not a size; sizes are written 512, 64k, "
	    "26m or 1g" },
	{ "server: {max_body: 1023}", "f:1: server.max_body: is less than 1k" },
	{ "drain: {lease: 0.5}", "f:1: drain.lease: is less than 1s" },
	{ "drain: {lease: 2h}", "f:1: drain.lease: is more than 1h" },
	{ "drain: {deep: {enabled: maybe}}",
	    "f:1: drain.deep.enabled: neither true nor false" },
	{ "drain: {deep: {enabled: 1}}",
	    "f:1: drain.deep.enabled: neither true nor false" },
	{ "claude: {budget: -1}", "f:1: claude.budget: not a number" },
	{ "claude: {budget: 1e3}", "f:1: claude.budget: not a number" },
	{ "claude: {budget: 0.0000001}", "f:1: claude.budget: not a number" },
	{ "claude: {budget: .nan}", "f:1: claude.budget: not a number" },
	{ "claude: {budget: 10.5}", "f:1: claude.budget: is more than 10" },
	{ "paths: {a: b}", "f:1: paths: takes a list" },
	{ "paths: [[a]]", "f:1: paths: takes a list of single values" },
	{ "paths:\n- a\n- \"\"\n", "f:3: paths: an empty entry" },
	{ "schedule:\n- 5s\n- 50ms\n", "f:3: schedule: is less than 100ms" },
	{ "schedule: [1, 1, 1, 1, 1]", "f:1: schedule: too many entries" },
	{ "key: short", "f:1: key: a secret has less than 16 bytes" },
	{ "key: \"0123456789abcdef\\n\"",
	    "f:1: key: a secret holds a newline or another control "
	    "character" },
	{ "key: \"0123456789abcdef\\0\"", "f:1: key: invalid UTF-8 or a NUL" },
	{ "key: |\n  0123456789abcdef\n",
	    "f:1: key: a secret holds a newline or another control "
	    "character" },
	{ "key_file: /nonexistent",
	    "f:1: key_file: /nonexistent: No such file or directory" },
	{ "key_file: \"\"", "f:1: key_file: takes the name of a file" },
	{ "key: 0123456789abcdef\nkey_file: /x",
	    "f:2: key_file: given both here and in a file" },
	{ "users: {alice: root}", "f:1: users: is none of viewer, admin" },
	{ "users: [alice]", "f:1: users: takes names with a value each" },
	{ "sources: {}", "f:1: sources: takes a list of maps" },
	{ "sources: [github]", "f:1: sources: takes a list of maps" },
	{ "sources:\n- name: a\n- events: [b]\n",
	    "f:3: sources[1].name: has to be given" },
	{ "sources:\n- name: a\n- name: \"\"\n",
	    "f:3: sources[1].name: is empty" },
	{ "sources:\n- name: a\n- {name: b, labels: {auto_apply: x}}\n",
	    "f:3: sources[1].labels.auto_apply: neither true nor false" },
	{ "sources: [{name: a, nome: b}]",
	    "f:1: sources[0].nome: no such key" },
	{ "sources: [{name: nineletters}]",
	    "f:1: sources[0].name: has more than 8 bytes" },
	{ "sources: [{name: a, priority: 10}]",
	    "f:1: sources[0].priority: is more than 9" },
	{ "sources: [{name: a, secrets: [\"${HLS_TEST_EMPTY:-}\"]}]",
	    "f:1: sources[0].secrets: an empty entry" },
	{ "level: &a info\n",
	    "f:1: level: an anchor or a tag, which are not taken" },
	{ "paths: &a [x]\n",
	    "f:1: paths: an anchor or a tag, which are not taken" },
	{ "level: *a\n", "f:1: level: an alias, which is not taken" },
	{ "level: !!str info\n",
	    "f:1: level: an anchor or a tag, which are not taken" },
	{ "? [a, b]\n: c\n", "f:1: a key that is no name" },
	{ "level: info\n---\nlevel: warn\n", "f:2: a second document" },
	{ "level: info\n...\nrubbish\n",
	    "f:3: not YAML: did not find expected <document start>" },
	{ "paths: [[[[[[[[[[[[[[[[", "f:1: nested too deeply" },
	{ "level: \"info\n", "f:2: not YAML: found unexpected end of stream" },
	{ "level: info\n\tpaths: x\n",
	    "f:2: not YAML: a tab; indent with spaces" },
	{ "a:\n\tlevel: info\n", "f:2: not YAML: a tab; indent with spaces" },
	{ "\xc3\xa4: @x\n",
	    "f:1: not YAML: a value that begins with @ must be in quotes" },
	{ "\xef\xbb\xbflevel: info\n", "f:1: a byte-order mark" },
	{ "level: info\r\n",
	    "f:1: a carriage return; lines end with a newline" },
	{ "level: info\n# \xff\n", "f:2: invalid UTF-8" },
	{ "level: info\n# \x1b\n", "f:2: a control character" },
	{ "level: ${HLS_TEST_UNSET}\n",
	    "f:1: level: ${HLS_TEST_UNSET} is not set and has no default" },
	{ "level: ${HLS_TEST_UNSET\n", "f:1: level: ${ without its }" },
	{ "level: ${}\n",
	    "f:1: level: ${ without a variable's name; $${ is a literal ${" },
	{ "level: ${1X}\n",
	    "f:1: level: ${ without a variable's name; $${ is a literal ${" },
	{ "level: ${A:-${B}}\n", "f:1: level: a variable inside a variable" },
};

static void
files_are_taken_or_refused_with_the_place(void **state)
{
	struct settings s;
	struct err e;
	enum rc rc;
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(rows); i++) {
		rc = read_text(rows[i].text, strlen(rows[i].text), &s, &e);
		if (rows[i].wrong == NULL) {
			if (rc != RC_OK)
				fail_msg("%s: %s", rows[i].text, e.text);
			conf_fini(&table, &s);
			continue;
		}
		if (rc != RC_INVALID || strcmp(e.text, rows[i].wrong) != 0)
			fail_msg("%s: %d %s", rows[i].text, (int)rc, e.text);
		assert_null(s.url);
		assert_null(s.sources.v);
	}
}

static void
every_type_is_filled(void **state)
{
	static const char text[] =
	    "database: {url: 'postgresql://u:pw@h/db'}\n"
	    "server: {threads: 7, max_body: 1m}\n"
	    "drain: {lease: 90, deep: {enabled: off}}\n"
	    "claude: {budget: 1.25}\n"
	    "level: debug\n"
	    "paths: [/a, '/b c']\n"
	    "schedule: [1, 250ms]\n"
	    "key: 0123456789abcdef\n"
	    "users: {alice: admin, bob@example.org: viewer}\n"
	    "sources:\n"
	    "- name: github\n"
	    "  secrets: [0123456789abcdef, fedcba9876543210]\n"
	    "  events: [issues.opened]\n"
	    "  labels: {auto_apply: yes}\n"
	    "- {name: b, priority: 0}\n";
	const struct source *sources;
	struct settings s;
	struct err e;

	(void)state;
	assert_int_equal(read_text(text, strlen(text), &s, &e), RC_OK);
	assert_string_equal(s.url, "postgresql://u:pw@h/db");
	assert_int_equal(s.threads, 7);
	assert_int_equal(s.max_body, 1048576);
	assert_int_equal(s.lease_ms, 90000);
	assert_false(s.enabled);
	assert_true(s.budget > 1.24 && s.budget < 1.26);
	assert_int_equal(s.level, 0);
	assert_int_equal(s.paths.n, 2);
	assert_string_equal(s.paths.v[1], "/b c");
	assert_int_equal(s.schedule.n, 2);
	assert_int_equal(s.schedule.ms[1], 250);
	assert_true(secret_is_equal(&s.key, "0123456789abcdef", 16));
	assert_int_equal(s.users.n, 2);
	assert_string_equal(s.users.v[1].name, "bob@example.org");
	assert_int_equal(s.users.v[1].word, 0);
	sources = s.sources.v;
	assert_int_equal(s.sources.n, 2);
	assert_int_equal(sources[0].secrets.n, 2);
	assert_true(sources[0].auto_apply);
	assert_int_equal(sources[0].priority, 5);
	assert_string_equal(sources[1].name, "b");
	assert_int_equal(sources[1].priority, 0);
	assert_int_equal(sources[1].events.n, 0);
	conf_fini(&table, &s);
}

static void
defaults_fill_what_is_not_given(void **state)
{
	struct settings s;

	(void)state;
	conf_defaults(&table, &s);
	assert_string_equal(s.url, "sqlite:/x");
	assert_int_equal(s.threads, 32);
	assert_int_equal(s.lease_ms, 60000);
	assert_true(s.enabled);
	assert_int_equal(s.level, 1);
	assert_int_equal(s.schedule.n, 3);
	assert_int_equal(s.schedule.ms[2], 120000);
	assert_int_equal(s.sources.n, 0);
	conf_fini(&table, &s);
}

static void
variables_stand_anywhere_and_are_wiped(void **state)
{
	static const char text[] =
	    "database: {url: \"a${HLS_TEST_X}b${HLS_TEST_X}\"}\n"
	    "paths: ['${HLS_TEST_NONE:-none}', '$${HLS_TEST_X}', 'a$b$',"
	    " '${HLS_TEST_EMPTY:-empty}', '$$${HLS_TEST_X}', '${HLS_TEST_YAML}']\n"
	    "server: {threads: \"${HLS_TEST_N:-12}\"}\n";
	static const char again[] = "database: {url: '${HLS_TEST_X}'}\n"
				    "paths: '${CREDENTIALS_DIRECTORY}'\n";
	struct conf_vars *vars = conf_vars_new();
	char *entry = xstrdup("HLS_TEST_X=top secret");
	struct settings s;
	struct err e;
	int i;

	(void)state;
	assert_int_equal(putenv(entry), 0);
	assert_int_equal(setenv("HLS_TEST_EMPTY", "", 1), 0);
	assert_int_equal(setenv("HLS_TEST_YAML", "[x]: *y", 1), 0);
	assert_int_equal(setenv("CREDENTIALS_DIRECTORY", "/tmp/c", 1), 0);
	/* The second time is a reload: the environment holds none by then. */
	for (i = 0; i < 2; i++) {
		assert_int_equal(conf_read_text("f", text, strlen(text), &table,
				     vars, &s, &e),
		    RC_OK);
		assert_string_equal(s.url, "atop secretbtop secret");
		assert_string_equal(s.paths.v[0], "none");
		assert_string_equal(s.paths.v[1], "${HLS_TEST_X}");
		assert_string_equal(s.paths.v[2], "a$b$");
		assert_string_equal(s.paths.v[3], "empty");
		assert_string_equal(s.paths.v[4], "$${HLS_TEST_X}");
		assert_string_equal(s.paths.v[5], "[x]: *y");
		assert_int_equal(s.threads, 12);
		conf_fini(&table, &s);
		assert_memory_equal(entry, "HLS_TEST_X=\0\0\0\0\0\0\0\0\0\0",
		    22);
		assert_string_equal(getenv("HLS_TEST_X"), "");
		assert_string_equal(conf_vars_find(vars, "HLS_TEST_X"),
		    "top secret");
	}
	assert_null(conf_vars_find(vars, "HLS_TEST_NONE"));
	assert_int_equal(setenv("HLS_TEST_X", "new", 1), 0);
	assert_string_equal(conf_vars_find(vars, "HLS_TEST_X"), "new");
	assert_int_equal(
	    conf_read_text("f", again, strlen(again), &table, vars, &s, &e),
	    RC_OK);
	assert_string_equal(s.url, "new");
	assert_string_equal(getenv("CREDENTIALS_DIRECTORY"), "/tmp/c");
	conf_fini(&table, &s);
	(void)unsetenv("HLS_TEST_X");
	(void)unsetenv("CREDENTIALS_DIRECTORY");
	conf_vars_free(vars);
	free(entry);
}

static const char *
at(const char *name)
{
	static char paths[4][96];
	static unsigned int next;
	char *path = paths[next++ % 4];

	(void)snprintf(path, sizeof(paths[0]), "%s/%s", folder, name);
	return path;
}

static void
put(const char *name, const char *text, mode_t mode)
{
	int fd = open(at(name), O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_int_not_equal(fd, -1);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	assert_int_equal(fchmod(fd, mode), 0);
	(void)close(fd);
}

static enum rc
read_file(const char *name, struct settings *s, struct err *e)
{
	struct conf_vars *vars = conf_vars_new();
	enum rc rc;

	rc = conf_read(at(name), &table, vars, s, NULL, e);
	conf_vars_free(vars);
	return rc;
}

/* B66 and B67. */
static void
only_proper_files_are_read(void **state)
{
	struct settings s;
	struct err e;

	(void)state;
	put("good", "level: warn\n", 0644);
	assert_int_equal(read_file("good", &s, &e), RC_OK);
	conf_fini(&table, &s);
	assert_int_equal(read_file("none", &s, &e), RC_NOTFOUND);
	assert_int_equal(read_file("", &s, &e), RC_INVALID);
	put("empty", "", 0644);
	assert_int_equal(read_file("empty", &s, &e), RC_INVALID);
	assert_int_equal(mkfifo(at("fifo"), 0600), 0);
	assert_int_equal(read_file("fifo", &s, &e), RC_INVALID);
	put("open", "level: warn\n", 0666);
	assert_int_equal(read_file("open", &s, &e), RC_DENIED);
	assert_int_equal(symlink(at("open"), at("link")), 0);
	assert_int_equal(read_file("link", &s, &e), RC_DENIED);
	put("large", "level: warn\n", 0600);
	assert_int_equal(truncate(at("large"), 100 << 20), 0);
	assert_int_equal(read_file("large", &s, &e), RC_INVALID);
	assert_non_null(strstr(e.text, "over 1 MiB"));
	if (geteuid() == 0) {
		put("theirs", "level: warn\n", 0644);
		assert_int_equal(chown(at("theirs"), 65534, 65534), 0);
		assert_int_equal(read_file("theirs", &s, &e), RC_DENIED);
	}
}

static void
secrets_come_from_files(void **state)
{
	const struct source *sources;
	struct settings s;
	struct err e;

	(void)state;
	put("one", "0123456789abcdef\n", 0400);
	put("list", "0123456789abcdef\n\nfedcba9876543210", 0400);
	put("conf", "key_file: one\nsources: [{name: a, secrets_file: list}]\n",
	    0644);
	assert_int_equal(read_file("conf", &s, &e), RC_OK);
	assert_true(secret_is_equal(&s.key, "0123456789abcdef", 16));
	sources = s.sources.v;
	assert_int_equal(sources[0].secrets.n, 2);
	assert_true(
	    secret_is_equal(&sources[0].secrets.v[1], "fedcba9876543210", 16));
	conf_fini(&table, &s);

	put("conf", "level: info\nkey_file: good\n", 0644);
	put("good", "0123456789abcdef\n", 0644);
	assert_int_equal(read_file("conf", &s, &e), RC_DENIED);
	assert_non_null(strstr(e.text, "conf:2: key_file: "));
	put("good", "0123456789abcdef\n\n", 0600);
	assert_int_equal(read_file("conf", &s, &e), RC_INVALID);
	put("good", "0123456789abcdef\r\n", 0600);
	assert_int_equal(read_file("conf", &s, &e), RC_INVALID);
	put("good", "\n", 0600);
	assert_int_equal(read_file("conf", &s, &e), RC_INVALID);
	put("good", "short\n", 0600);
	assert_int_equal(read_file("conf", &s, &e), RC_INVALID);
	assert_null(strstr(e.text, "short"));
}

static void
rules_between_keys_name_the_place(void **state)
{
	struct conf_vars *vars = conf_vars_new();
	struct conf_places *places;
	char expected[160];
	struct settings s;
	struct err e;

	(void)state;
	put("conf",
	    "level: info\nsources:\n- name: a\n- priority: 1\n  name: a\n",
	    0644);
	assert_int_equal(conf_read(at("conf"), &table, vars, &s, &places, &e),
	    RC_OK);
	assert_int_equal(conf_refuse(places, "sources[1].name", &e, "is %s too",
			     "the first"),
	    RC_INVALID);
	(void)snprintf(expected, sizeof(expected),
	    "%s:5: sources[1].name: is the first too", at("conf"));
	assert_string_equal(e.text, expected);
	(void)conf_refuse(places, "sources[1].events", &e, "x");
	assert_non_null(strstr(e.text, "conf:4: sources[1].events: x"));
	(void)conf_refuse(places, "server.threads", &e, "x");
	assert_non_null(strstr(e.text, "conf:1: server.threads: x"));
	conf_places_free(places);
	conf_fini(&table, &s);
	conf_vars_free(vars);
}

static void
shown_settings_hold_no_secret(void **state)
{
	static const char text[] =
	    "database: {url: 'postgresql://u:pw@h/db?x=1'}\n"
	    "paths: [/a, 'b c', '$${X}', \"null\"]\n"
	    "key: 0123456789abcdef\n"
	    "users: {alice: admin}\n"
	    "sources:\n"
	    "- {name: a, secrets: [0123456789abcdef]}\n"
	    "- {name: b, labels: {auto_apply: true}}\n";
	static const char yaml[] = "database:\n"
				   "  url: \"postgresql://***@h/db?x=1\"\n"
				   "server:\n"
				   "  threads: 32\n"
				   "  max_body: 26m\n"
				   "drain:\n"
				   "  lease: 1m\n"
				   "  deep:\n"
				   "    enabled: true\n"
				   "claude:\n"
				   "  budget: 0.05\n"
				   "level: info\n"
				   "paths: [/a, \"b c\", \"$${X}\", \"null\"]\n"
				   "schedule: [5s, 10s, 2m]\n"
				   "key: \"***\"\n"
				   "users: {\"alice\": admin}\n"
				   "sources:\n"
				   "  - name: a\n"
				   "    secrets: [\"***\"]\n"
				   "    events: []\n"
				   "    labels:\n"
				   "      auto_apply: false\n"
				   "    priority: 5\n"
				   "  - name: b\n"
				   "    secrets: []\n"
				   "    events: []\n"
				   "    labels:\n"
				   "      auto_apply: true\n"
				   "    priority: 5\n";
	static const char json[] =
	    "{\"database\":{\"url\":\"postgresql://***@h/db?x=1\"},"
	    "\"server\":{\"threads\":32,\"max_body\":\"26m\"},"
	    "\"drain\":{\"lease\":\"1m\",\"deep\":{\"enabled\":true}},"
	    "\"claude\":{\"budget\":0.05},\"level\":\"info\","
	    "\"paths\":[\"/a\",\"b c\",\"${X}\",\"null\"],"
	    "\"schedule\":[\"5s\",\"10s\",\"2m\"],\"key\":\"***\","
	    "\"users\":{\"alice\":\"admin\"},\"sources\":["
	    "{\"name\":\"a\",\"secrets\":[\"***\"],\"events\":[],"
	    "\"labels\":{\"auto_apply\":false},\"priority\":5},"
	    "{\"name\":\"b\",\"secrets\":[],\"events\":[],"
	    "\"labels\":{\"auto_apply\":true},\"priority\":5}]}";
	struct settings s;
	struct buf b;
	struct err e;

	(void)state;
	buf_init(&b, 1 << 16);
	assert_int_equal(read_text(text, strlen(text), &s, &e), RC_OK);
	conf_show(&table, &s, false, &b);
	assert_string_equal(buf_str(&b), yaml);
	buf_clear(&b);
	conf_show(&table, &s, true, &b);
	assert_string_equal(buf_str(&b), json);
	conf_fini(&table, &s);

	/* Without secrets it reads back as itself. */
	conf_defaults(&table, &s);
	buf_clear(&b);
	conf_show(&table, &s, false, &b);
	conf_fini(&table, &s);
	assert_int_equal(read_text(b.data, b.len, &s, &e), RC_OK);
	conf_fini(&table, &s);
	buf_fini(&b);
}

static const char *
changed(const struct conf_marks *m, const char *text)
{
	struct settings s;
	const char *key;
	struct err e;

	assert_int_equal(read_text(text, strlen(text), &s, &e), RC_OK);
	key = conf_marks_find(m, &s);
	conf_fini(&table, &s);
	return key;
}

static void
settings_that_need_a_restart_are_named(void **state)
{
	static const char *const texts[] = { "key: 0123456789abcdef",
		"key: 0123456789abcdeg", "server: {threads: 31}",
		"level: debug" };
	struct conf_marks *m;
	struct settings s;
	struct err e;

	(void)state;
	conf_defaults(&table, &s);
	m = conf_marks_new(&table, &s);
	conf_fini(&table, &s);
	assert_null(changed(m, texts[3]));
	assert_string_equal(changed(m, texts[2]), "server.threads");
	/* Its old value needs no restart. */
	assert_null(changed(m, texts[3]));
	conf_marks_free(m);
	assert_int_equal(read_text(texts[0], strlen(texts[0]), &s, &e), RC_OK);
	m = conf_marks_new(&table, &s);
	conf_fini(&table, &s);
	assert_string_equal(changed(m, texts[1]), "key");
	assert_null(changed(m, texts[0]));
	conf_marks_free(m);
}

/* B76. */
static void
long_lines_and_many_entries_are_refused(void **state)
{
	struct settings s;
	struct buf b;
	struct err e;
	int i;

	(void)state;
	buf_init(&b, 2 << 20);
	buf_add_str(&b, "level: info\n# ");
	for (i = 0; i < (64 << 10); i++)
		buf_add(&b, "x", 1);
	assert_int_equal(read_text(b.data, b.len, &s, &e), RC_INVALID);
	assert_string_equal(e.text, "f:2: a line of over 64 KiB");
	buf_clear(&b);
	buf_add_str(&b, "paths:\n");
	for (i = 0; i < 1001; i++)
		buf_add_str(&b, "- x\n");
	assert_int_equal(read_text(b.data, b.len, &s, &e), RC_INVALID);
	assert_string_equal(e.text, "f:1002: paths: over 1,000 entries");
	buf_clear(&b);
	while (b.len <= 1 << 20)
		buf_add_str(&b, "# x\n");
	assert_int_equal(read_text(b.data, b.len, &s, &e), RC_INVALID);
	assert_string_equal(e.text, "f:1: over 1 MiB");
	assert_int_equal(read_text("level: \0info", 12, &s, &e), RC_INVALID);
	assert_string_equal(e.text, "f:1: a control character");
	buf_fini(&b);
}

static int
set_up(void **state)
{
	(void)state;
	return mkdtemp(folder) == NULL ? -1 : 0;
}

static int
tear_down(void **state)
{
	static const char *const files[] = { "good", "empty", "fifo", "open",
		"link", "large", "theirs", "one", "list", "conf" };
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(files); i++)
		(void)unlink(at(files[i]));
	return rmdir(folder);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(files_are_taken_or_refused_with_the_place),
		cmocka_unit_test(every_type_is_filled),
		cmocka_unit_test(defaults_fill_what_is_not_given),
		cmocka_unit_test(variables_stand_anywhere_and_are_wiped),
		cmocka_unit_test(only_proper_files_are_read),
		cmocka_unit_test(secrets_come_from_files),
		cmocka_unit_test(rules_between_keys_name_the_place),
		cmocka_unit_test(shown_settings_hold_no_secret),
		cmocka_unit_test(settings_that_need_a_restart_are_named),
		cmocka_unit_test(long_lines_and_many_entries_are_refused),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
