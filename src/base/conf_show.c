#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/conf.h"
#include "base/js.h"
#include "base/units.h"

#define SHOW_MAX (4 << 20)
#define MASK "***"

/* Where the text goes, in either form. */
struct show {
	struct buf *out;
	struct js_writer js;
	bool json;
	unsigned int indent;
	bool dash; /* the next YAML line begins an entry of a list */
};

static void
yaml_key(struct show *s, const char *key, size_t n)
{
	unsigned int i;

	for (i = 0; i + (s->dash ? 2 : 0) < s->indent; i++)
		buf_add(s->out, " ", 1);
	if (s->dash)
		buf_add(s->out, "- ", 2);
	s->dash = false;
	buf_add(s->out, key, n);
	buf_add(s->out, ":", 1);
}

/* Plain where YAML reads the same back, else in quotes; a ${ is doubled so
 * that it stays one. */
static void
yaml_text(struct show *s, const char *text)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyz"
				    "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789_./+-";
	size_t n = strlen(text);
	const char *p, *at;
	struct buf doubled;

	if (n > 0 && strspn(text, plain) == n && *text != '-' &&
	    strcasecmp(text, "null") != 0) {
		buf_add(s->out, text, n);
		return;
	}
	buf_init(&doubled, SHOW_MAX);
	for (p = text; (at = strstr(p, "${")) != NULL; p = at + 2) {
		buf_add(&doubled, p, (size_t)(at - p));
		buf_add(&doubled, "$${", 3);
	}
	buf_add_str(&doubled, p);
	js_quote(s->out, buf_str(&doubled), doubled.len);
	buf_fini(&doubled);
}

static void
show_text(struct show *s, const char *key, const char *text)
{
	if (s->json) {
		js_str(&s->js, key, text);
		return;
	}
	yaml_key(s, key, strlen(key));
	buf_add(s->out, " ", 1);
	yaml_text(s, text);
	buf_add(s->out, "\n", 1);
}

/* As it stands, without quotes in either form. */
static void
show_bare(struct show *s, const char *key, const char *text)
{
	if (s->json) {
		js_raw(&s->js, key, text, strlen(text));
		return;
	}
	yaml_key(s, key, strlen(key));
	buf_addf(s->out, " %s\n", text);
}

static void
open_list(struct show *s, const char *key)
{
	if (s->json) {
		js_open_array(&s->js, key);
		return;
	}
	yaml_key(s, key, strlen(key));
	buf_add_str(s->out, " [");
}

static void
list_entry(struct show *s, size_t i, const char *text)
{
	if (s->json) {
		js_str(&s->js, NULL, text);
		return;
	}
	if (i > 0)
		buf_add_str(s->out, ", ");
	yaml_text(s, text);
}

static void
close_list(struct show *s)
{
	if (s->json)
		js_close_array(&s->js);
	else
		buf_add_str(s->out, "]\n");
}

/* A URL's user and password, and a query that names a password. */
static void
show_masked(struct show *s, const char *key, const char *url)
{
	const char *start = strstr(url, "://"), *at, *query;
	struct buf masked;

	buf_init(&masked, SHOW_MAX);
	if (start != NULL) {
		start += 3;
		at = memrchr(start, '@', strcspn(start, "/?"));
		buf_add(&masked, url, (size_t)(start - url));
		if (at != NULL)
			buf_add_str(&masked, MASK);
		url = at != NULL ? at : start;
	}
	query = strchr(url, '?');
	if (query != NULL && strstr(query, "password") != NULL) {
		buf_add(&masked, url, (size_t)(query - url));
		buf_add_str(&masked, "?" MASK);
	} else {
		buf_add_str(&masked, url);
	}
	show_text(s, key, buf_str(&masked));
	buf_fini(&masked);
}

static void
show_map(struct show *s, const char *key, const struct conf_map *map,
    const char *const *words)
{
	size_t i;

	if (s->json) {
		js_open_object(&s->js, key);
		for (i = 0; i < map->n; i++)
			js_str(&s->js, map->v[i].name, words[map->v[i].word]);
		js_close_object(&s->js);
		return;
	}
	yaml_key(s, key, strlen(key));
	buf_add_str(s->out, " {");
	for (i = 0; i < map->n; i++) {
		if (i > 0)
			buf_add_str(s->out, ", ");
		js_quote(s->out, map->v[i].name, strlen(map->v[i].name));
		buf_addf(s->out, ": %s", words[map->v[i].word]);
	}
	buf_add_str(s->out, "}\n");
}

/* As it may be written, where it is one duration alone. */
static void
show_times(struct show *s, const char *key, const struct conf_times *times)
{
	char text[UNITS_TEXT_SIZE] = "";
	size_t i;

	if (times->n == 0 ||
	    (times->n == 1 && strcmp(times->v[0].name, CONF_TIMES_ALL) == 0)) {
		if (times->n == 1)
			units_duration_format(times->v[0].ms, text);
		show_text(s, key, text);
		return;
	}
	if (s->json) {
		js_open_object(&s->js, key);
		for (i = 0; i < times->n; i++)
			js_duration(&s->js, times->v[i].name, times->v[i].ms);
		js_close_object(&s->js);
		return;
	}
	yaml_key(s, key, strlen(key));
	for (i = 0; i < times->n; i++) {
		units_duration_format(times->v[i].ms, text);
		buf_add_str(s->out, i == 0 ? " {" : ", ");
		js_quote(s->out, times->v[i].name, strlen(times->v[i].name));
		buf_addf(s->out, ": %s", text);
	}
	buf_add_str(s->out, "}\n");
}

static void show_rows(struct show *s, const struct conf_table *table,
    const char *values);

static void
show_objects(struct show *s, const char *key,
    const struct conf_objects *objects, const struct conf_table *sub)
{
	size_t i;

	if (s->json || objects->n == 0) {
		open_list(s, key);
	} else {
		yaml_key(s, key, strlen(key));
		buf_add(s->out, "\n", 1);
	}
	s->indent += 4;
	for (i = 0; i < objects->n; i++) {
		s->dash = true;
		if (s->json)
			js_open_object(&s->js, NULL);
		show_rows(s, sub, (const char *)objects->v + i * sub->size);
		if (s->json)
			js_close_object(&s->js);
	}
	s->dash = false;
	s->indent -= 4;
	if (s->json || objects->n == 0)
		close_list(s);
}

static void
show_list(struct show *s, const struct conf_key *row, const char *key,
    const void *value)
{
	const struct conf_durations *durations = value;
	const struct conf_secrets *secrets = value;
	const struct strlist *strings = value;
	char text[UNITS_TEXT_SIZE];
	size_t i;

	open_list(s, key);
	if (row->type == CONF_STRINGS)
		for (i = 0; i < strings->n; i++)
			list_entry(s, i, strings->v[i]);
	if (row->type == CONF_SECRETS)
		for (i = 0; i < secrets->n; i++)
			list_entry(s, i, MASK);
	if (row->type == CONF_DURATIONS)
		for (i = 0; i < durations->n; i++) {
			units_duration_format(durations->ms[i], text);
			list_entry(s, i, text);
		}
	close_list(s);
}

/* Without the zeros that say nothing. */
static void
format_real(double value, char out[UNITS_TEXT_SIZE])
{
	size_t n;

	(void)snprintf(out, UNITS_TEXT_SIZE, "%.6f", value);
	n = strlen(out);
	while (out[n - 1] == '0')
		n--;
	out[out[n - 1] == '.' ? n - 1 : n] = '\0';
}

static void
show_number(struct show *s, const struct conf_key *row, const char *key,
    const void *value)
{
	char text[UNITS_TEXT_SIZE];

	switch (row->type) {
	case CONF_DURATION:
		units_duration_format(*(const int64_t *)value, text);
		show_text(s, key, text);
		return;
	case CONF_SIZE:
		units_size_format(*(const int64_t *)value, text);
		show_text(s, key, text);
		return;
	case CONF_REAL:
		format_real(*(const double *)value, text);
		break;
	case CONF_MILLI:
		units_milli_format(*(const int64_t *)value, text);
		break;
	default:
		(void)snprintf(text, sizeof(text), "%lld",
		    (long long)*(const int64_t *)value);
		break;
	}
	show_bare(s, key, text);
}

static void
show_value(struct show *s, const struct conf_key *row, const char *key,
    const void *value)
{
	const char *text;

	switch (row->type) {
	case CONF_STRING:
		text = *(char *const *)value;
		if ((row->flags & CONF_MASK_USER) != 0)
			show_masked(s, key, text);
		else
			show_text(s, key, text);
		return;
	case CONF_BOOL:
		show_bare(s, key, *(const bool *)value ? "true" : "false");
		return;
	case CONF_ENUM:
		show_text(s, key, row->words[*(const int *)value]);
		return;
	case CONF_SECRET:
		show_text(s, key, secret_is_set(value) ? MASK : "");
		return;
	case CONF_MAP:
		show_map(s, key, value, row->words);
		return;
	case CONF_TIMES:
		show_times(s, key, value);
		return;
	case CONF_OBJECTS:
		show_objects(s, key, value, row->sub);
		return;
	case CONF_STRINGS:
	case CONF_DURATIONS:
	case CONF_SECRETS:
		show_list(s, row, key, value);
		return;
	default:
		show_number(s, row, key, value);
		return;
	}
}

/* The bytes that both names' groups have in common: "a.b." of "a.b.c" and
 * "a.b.d". */
static size_t
common_group(const char *a, const char *b)
{
	size_t i, n = 0;

	for (i = 0; a[i] != '\0' && a[i] == b[i]; i++)
		if (a[i] == '.')
			n = i + 1;
	return n;
}

static void
close_groups(struct show *s, const char *was, size_t from)
{
	const char *p = was + from;

	while ((p = strchr(p, '.')) != NULL) {
		p++;
		s->indent -= 2;
		if (s->json)
			js_close_object(&s->js);
	}
}

/* Returns the last word of the name. */
static const char *
open_groups(struct show *s, const char *name, size_t from)
{
	const char *p = name + from, *dot;
	char word[64];

	for (; (dot = strchr(p, '.')) != NULL; p = dot + 1) {
		if (s->json) {
			(void)snprintf(word, sizeof(word), "%.*s",
			    (int)(dot - p), p);
			js_open_object(&s->js, word);
		} else {
			yaml_key(s, p, (size_t)(dot - p));
			buf_add(s->out, "\n", 1);
		}
		s->indent += 2;
	}
	return p;
}

static void
show_rows(struct show *s, const struct conf_table *table, const char *values)
{
	const char *was = "", *key;
	const struct conf_key *row;
	size_t i, common;

	for (i = 0; i < table->n; i++) {
		row = &table->keys[i];
		if ((row->flags & (CONF_HIDDEN | CONF_LATER)) != 0)
			continue;
		common = common_group(was, row->name);
		close_groups(s, was, common);
		key = open_groups(s, row->name, common);
		show_value(s, row, key, values + row->offset);
		was = row->name;
	}
	close_groups(s, was, 0);
}

void
conf_show(const struct conf_table *table, const void *values, bool json,
    struct buf *out)
{
	struct show s = { out, { NULL, false }, json, 0, false };

	js_writer_init(&s.js, out);
	if (json)
		js_open_object(&s.js, NULL);
	show_rows(&s, table, values);
	if (json)
		js_close_object(&s.js);
}
