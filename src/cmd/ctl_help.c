#include "config.h"

#include <stdio.h>

#include "base/buf.h"
#include "cmd/ctl_help.h"
#include "cmd/ctl_text.h"

/* The help is as wide everywhere: a pipe gets what a terminal gets. */
#define WIDTH 80
#define TEXT_MAX 65536

const struct ctl_option ctl_globals[] = {
	{ .name = "config",
	    .arg = "FILE",
	    .doc = "the file of settings (default: $HLS_CONFIG or " SYSCONFDIR
		   "/hls/hls.yaml)" },
	{ .name = "json", .doc = "print the objects of the API" },
	{ .name = "help", .doc = "print the usage" },
	{ .name = "version", .doc = "print the version" },
	{ .name = NULL },
};

size_t
ctl_options_count(const struct ctl_option *o)
{
	size_t n;

	for (n = 0; o != NULL && o[n].name != NULL; n++)
		continue;
	return n;
}

/* Three of the global ones have a letter too. */
static const char *
letter(const struct ctl_option *o)
{
	if (o == &ctl_globals[CTL_GLOBAL_CONFIG])
		return "-c, ";
	if (o == &ctl_globals[CTL_GLOBAL_HELP])
		return "-h, ";
	return o == &ctl_globals[CTL_GLOBAL_VERSION] ? "-V, " : "";
}

/* left, then text in lines that all begin at the column where the first line
 * of it does. */
static void
show_wrapped(const char *left, size_t indent, const char *text)
{
	size_t used = ctl_text_width(left);
	struct buf line;

	buf_init(&line, TEXT_MAX);
	buf_add_str(&line, left);
	for (; used < indent; used++)
		buf_add_str(&line, " ");
	ctl_text_wrap(&line, text, used, indent, WIDTH);
	printf("%s\n", buf_str(&line));
	buf_fini(&line);
}

static void
show_options(const struct ctl_option *o)
{
	char left[64], doc[256];

	for (; o != NULL && o->name != NULL; o++) {
		(void)snprintf(left, sizeof(left), "  %s--%s%s%s ", letter(o),
		    o->name, o->arg == NULL ? "" : " ",
		    o->arg == NULL ? "" : o->arg);
		(void)snprintf(doc, sizeof(doc), "%s%s", o->doc,
		    o->many ? " (may be repeated)" : "");
		show_wrapped(left, 27, doc);
	}
}

static void
show_synopsis(const struct ctl_noun *noun, const struct ctl_cmd *cmd)
{
	printf("hlsctl %s%s%s%s%s%s", noun->name,
	    cmd->verb[0] == '\0' ? "" : " ", cmd->verb,
	    ctl_options_count(cmd->options) > 0 ? " [options]" : "",
	    cmd->args[0] == '\0' ? "" : " ", cmd->args);
}

void
ctl_show_cmd(const struct ctl_noun *noun, const struct ctl_cmd *cmd)
{
	printf("usage: ");
	show_synopsis(noun, cmd);
	printf("\n\n");
	show_wrapped("", 0, cmd->doc);
	printf("\n");
	if (ctl_options_count(cmd->options) > 0) {
		show_options(cmd->options);
		printf("\n");
	}
	show_options(ctl_globals);
}

void
ctl_show_noun(const struct ctl_noun *noun)
{
	size_t i;

	printf("%s\n\n", noun->doc);
	for (i = 0; i < noun->ncmds; i++) {
		printf("  ");
		show_synopsis(noun, &noun->cmds[i]);
		printf("\n");
		show_wrapped("", 6, noun->cmds[i].doc);
	}
	printf("\nhlsctl %s VERB --help explains one of them.\n", noun->name);
}

void
ctl_show_help(const struct ctl_nouns *nouns)
{
	const struct ctl_noun *n;
	char left[16], verbs[256];
	size_t i, k, used;

	printf("usage: hlsctl [-c FILE] [--json] NOUN VERB [options] "
	       "[arguments]\n\n");
	for (i = 0; i < nouns->n; i++) {
		n = nouns->v[i];
		used = 0;
		verbs[0] = '\0';
		for (k = 0; k < n->ncmds && used < sizeof(verbs); k++)
			used +=
			    (size_t)snprintf(verbs + used, sizeof(verbs) - used,
				"%s%s", k == 0 ? "" : " | ", n->cmds[k].verb);
		(void)snprintf(left, sizeof(left), "  %-10s ", n->name);
		show_wrapped(left, 13, n->doc);
		if (n->cmds[0].verb[0] != '\0')
			show_wrapped("", 15, verbs);
	}
	printf("\n");
	show_options(ctl_globals);
	printf("\nhlsctl help NOUN and hlsctl help NOUN VERB explain a "
	       "command; hlsctl(8)\ndescribes all of them.\n");
}
