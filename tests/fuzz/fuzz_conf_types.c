/*
 * A file that is taken can be shown; what is shown as JSON is JSON, and
 * what is shown as YAML, where no secret was masked, is taken again and
 * shown the same.
 */
#include "config.h"

#include <string.h>

#include "fuzz.h"

#include "base/conf.h"
#include "base/conf_marks.h"
#include "base/jsscan.h"

struct entry {
	char *name;
	struct conf_secrets secrets;
	struct strlist events;
};

struct settings {
	char *url;
	int64_t number;
	int64_t size;
	int64_t duration;
	double real;
	bool flag;
	int word;
	struct strlist strings;
	struct conf_durations durations;
	struct secret secret;
	struct conf_map map;
	struct conf_objects objects;
};

static const char *const words[] = { "one", "two", NULL };

#define ROW(k, t, m, ...)                                            \
	{                                                            \
		.name = k, .type = t, .offset = offsetof(STRUCT, m), \
		__VA_ARGS__                                          \
	}
#define STRUCT struct entry
static const struct conf_key entry_keys[] = {
	ROW("name", CONF_STRING, name, .flags = CONF_REQUIRED),
	ROW("secrets", CONF_SECRETS, secrets, .most = "64"),
	ROW("deep.events", CONF_STRINGS, events, .most = "32"),
};
#undef STRUCT
static const struct conf_table entry_table = { entry_keys,
	sizeof(entry_keys) / sizeof(entry_keys[0]), sizeof(struct entry) };

#define STRUCT struct settings
static const struct conf_key keys[] = {
	ROW("group.url", CONF_STRING, url, .flags = CONF_RESTART),
	ROW("group.number", CONF_INT, number, .least = "1", .most = "9",
	    .fallback = "5"),
	ROW("group.size", CONF_SIZE, size, .least = "1k", .fallback = "1m"),
	ROW("group.deep.duration", CONF_DURATION, duration, .most = "1h"),
	ROW("real", CONF_REAL, real, .most = "10"),
	ROW("flag", CONF_BOOL, flag, .fallback = "true"),
	ROW("word", CONF_ENUM, word, .words = words),
	ROW("strings", CONF_STRINGS, strings, .entries_max = 9),
	ROW("durations", CONF_DURATIONS, durations, .fallback = "[1s, 2s]"),
	ROW("secret", CONF_SECRET, secret, .flags = CONF_RESTART),
	ROW("map", CONF_MAP, map, .words = words),
	ROW("objects", CONF_OBJECTS, objects, .sub = &entry_table),
};
static const struct conf_table table = { keys, sizeof(keys) / sizeof(keys[0]),
	sizeof(struct settings) };

static void
check_shown(const struct settings *s, struct conf_vars *vars)
{
	struct conf_marks *marks;
	struct settings again;
	struct buf yaml, second, json;
	enum jsscan_type root;
	struct err e;

	buf_init(&yaml, 32 << 20);
	buf_init(&second, 32 << 20);
	buf_init(&json, 32 << 20);
	conf_show(&table, s, true, &json);
	/* A map with one name twice cannot be: the reader refuses it. */
	FUZZ_HOLDS(jsscan(json.data, json.len, &root, NULL, 0, &e) == RC_OK);
	conf_show(&table, s, false, &yaml);
	/* Escapes and indents may carry it over a limit that it kept to. */
	if (strstr(buf_str(&yaml), "***") == NULL && yaml.len < 4096) {
		FUZZ_HOLDS(conf_read_text("again", yaml.data, yaml.len, &table,
			       vars, &again, &e) == RC_OK);
		conf_show(&table, &again, false, &second);
		FUZZ_HOLDS(strcmp(buf_str(&yaml), buf_str(&second)) == 0);
		marks = conf_marks_new(&table, s);
		FUZZ_HOLDS(conf_marks_find(marks, &again) == NULL);
		conf_marks_free(marks);
		conf_fini(&table, &again);
	}
	buf_fini(&yaml);
	buf_fini(&second);
	buf_fini(&json);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct conf_vars *vars = conf_vars_new();
	char *text = fuzz_text(data, size);
	struct settings s;
	struct err e;

	if (conf_read_text("f", text, size, &table, vars, &s, &e) == RC_OK) {
		check_shown(&s, vars);
		conf_fini(&table, &s);
	} else {
		FUZZ_HOLDS(e.text[0] == 'f');
	}
	conf_vars_free(vars);
	free(text);
	return 0;
}
