#include "config.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cmd/ctl_list.h"

/* What a terminal gets that asked for no number. */
#define TERMINAL_PAGE 50
/* Rows of which the first widths of the columns are made. */
#define FIRST_ROWS 1000
#define LIMIT_MAX 1000000000

enum rc
ctl_list_begin(struct ctl_list *l, struct ctl *c,
    const struct ctl_list_form *form, struct err *e)
{
	int64_t limit = isatty(STDOUT_FILENO) ? TERMINAL_PAGE : LIMIT_MAX;
	enum rc rc;

	memset(l, 0, sizeof(*l));
	l->ctl = c;
	l->noun = form->noun;
	l->verb = form->verb;
	l->none = form->none;
	rc = ctl_number(c, "limit", 1, LIMIT_MAX, &limit, e);
	if (rc != RC_OK)
		return rc;
	l->left = (size_t)limit;
	if (c->json) {
		js_writer_init(&l->w, &c->out);
		js_open_object(&l->w, NULL);
		if (form->member != NULL)
			js_open_array(&l->w, form->member);
	} else if (form->columns != NULL) {
		l->has_table = true;
		ctl_table_init(&l->table, form->columns, form->ncolumns);
	}
	return RC_OK;
}

enum rc
ctl_list_from(struct ctl_list *l, size_t n,
    const char *(*key)(const void *arg, size_t i), const void *arg,
    size_t *first, size_t *end, struct err *e)
{
	const char *cursor = ctl_option_find(l->ctl, "cursor");
	size_t i = 0;

	if (cursor != NULL) {
		while (i < n && strcmp(key(arg, i), cursor) != 0)
			i++;
		if (i == n)
			return ctl_usage(l->ctl, e,
			    "--cursor takes the next_cursor of an earlier "
			    "list; nothing here is called \"%.64s\".",
			    cursor);
		i++;
	}
	*first = i;
	*end = n - i > l->left ? i + l->left : n;
	return RC_OK;
}

size_t
ctl_list_want(const struct ctl_list *l)
{
	return l->left < CTL_LIST_PAGE ? l->left : CTL_LIST_PAGE;
}

enum rc
ctl_list_took(struct ctl_list *l, size_t n, struct err *e)
{
	l->rows += n;
	l->left -= n < l->left ? n : l->left;
	if (l->has_table) {
		if (l->table.ncells < FIRST_ROWS * l->table.ncolumns)
			return RC_OK;
		ctl_table_format(&l->table, ctl_terminal_width(), &l->ctl->out);
	}
	return ctl_flush(l->ctl, e);
}

/* In single quotes where a shell would see more than text. */
static void
put_word(struct buf *out, const char *word)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "abcdefghijklmnopqrstuvwxyz"
				    "0123456789_-./:+@,%=";

	if (word[0] != '\0' && word[strspn(word, plain)] == '\0') {
		buf_add_str(out, word);
		return;
	}
	buf_add_str(out, "'");
	for (; *word != '\0'; word++)
		if (*word == '\'')
			buf_add_str(out, "'\\''");
		else
			buf_add(out, word, 1);
	buf_add_str(out, "'");
}

/* The command that was typed, with another cursor. */
static void
put_next(const struct ctl_list *l, const char *cursor)
{
	const struct ctl *c = l->ctl;
	const struct ctl_given *g;
	struct buf text;
	size_t i;

	buf_init(&text, 65536);
	buf_addf(&text, "hlsctl %s%s%s", l->noun, l->verb[0] == '\0' ? "" : " ",
	    l->verb);
	for (i = 0; i < c->ngiven; i++) {
		g = &c->given[i];
		if (strcmp(g->option->name, "cursor") == 0)
			continue;
		buf_addf(&text, " --%s", g->option->name);
		if (g->option->arg == NULL)
			continue;
		buf_add_str(&text, " ");
		put_word(&text, g->value);
	}
	buf_addf(&text, " --cursor %s", cursor);
	for (i = 0; i < (size_t)c->nargs; i++) {
		buf_add_str(&text, " ");
		put_word(&text, c->args[i]);
	}
	buf_addf(&l->ctl->out, "%zu shown; more: ", l->rows);
	ctl_put_text(l->ctl, buf_str(&text));
	buf_add_str(&l->ctl->out, "\n");
	buf_fini(&text);
}

enum rc
ctl_list_end(struct ctl_list *l, const char *cursor, struct err *e)
{
	struct ctl *c = l->ctl;

	if (c->json) {
		js_close_array(&l->w);
		js_str(&l->w, "next_cursor", cursor);
		js_close_object(&l->w);
		buf_add_str(&c->out, "\n");
		return ctl_flush(c, e);
	}
	if (l->rows == 0)
		buf_addf(&c->out, "%s\n", l->none);
	else if (l->has_table && l->table.ncells > 0)
		ctl_table_format(&l->table, ctl_terminal_width(), &c->out);
	if (cursor != NULL && isatty(STDOUT_FILENO))
		put_next(l, cursor);
	ctl_list_fini(l);
	return ctl_flush(c, e);
}

enum rc
ctl_list_end_id(struct ctl_list *l, int64_t cursor, struct err *e)
{
	char text[24];

	(void)snprintf(text, sizeof(text), "%lld", (long long)cursor);
	return ctl_list_end(l, cursor == 0 ? NULL : text, e);
}

void
ctl_list_fini(struct ctl_list *l)
{
	if (l->has_table)
		ctl_table_fini(&l->table);
	l->has_table = false;
}
