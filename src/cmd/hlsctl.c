/*
 * hlsctl - everything an operator does
 *
 *	hlsctl [-c FILE] [--json] NOUN [VERB] [options] [arguments]
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "app/app_conf.h"
#include "app/app_guard.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "cmd/ctl.h"
#include "cmd/ctl_help.h"

#define LENGTH(a) (sizeof(a) / sizeof((a)[0]))
#define CTL_STDOUT_SIZE 65536

static const struct ctl_noun *const all_nouns[] = { &ctl_init, &ctl_config,
	&ctl_source, &ctl_webhook, &ctl_event, &ctl_delivery, &ctl_queue,
	&ctl_worker, &ctl_stats, &ctl_token, &ctl_doctor, &ctl_key, &ctl_sql,
	&ctl_completion };
static const struct ctl_nouns nouns = { all_nouns, LENGTH(all_nouns) };

/* Words that later versions know, so that nobody looks for a slip. */
static const char *const later[] = { "monitor", "top", "backup", "restore",
	"prune", "review", "document", "analysis", "github", "store" };
static const struct {
	const char *noun, *verb;
} later_verbs[] = { { "config", "import" }, { "source", "import" },
	{ "webhook", "health" }, { "event", "import" }, { "event", "export" } };

static const struct ctl_noun *
find_noun(struct ctl *c, const char *name, struct err *e)
{
	size_t i;

	for (i = 0; i < nouns.n; i++)
		if (strcmp(nouns.v[i]->name, name) == 0)
			return nouns.v[i];
	for (i = 0; i < LENGTH(later); i++)
		if (strcmp(later[i], name) == 0) {
			(void)ctl_usage(c, e, "%s is not in this version.",
			    name);
			return NULL;
		}
	(void)ctl_usage(c, e,
	    "There is no command \"%.40s\"; hlsctl --help lists them.", name);
	return NULL;
}

static const struct ctl_cmd *
find_cmd(struct ctl *c, const struct ctl_noun *noun, const char *verb,
    struct err *e)
{
	size_t i;

	for (i = 0; i < noun->ncmds; i++)
		if (strcmp(noun->cmds[i].verb, verb) == 0)
			return &noun->cmds[i];
	for (i = 0; i < LENGTH(later_verbs); i++)
		if (strcmp(later_verbs[i].noun, noun->name) == 0 &&
		    strcmp(later_verbs[i].verb, verb) == 0) {
			(void)ctl_usage(c, e, "%s %s is not in this version.",
			    noun->name, verb);
			return NULL;
		}
	(void)ctl_usage(c, e,
	    "%s has no verb \"%.40s\"; hlsctl %s --help lists its verbs.",
	    noun->name, verb, noun->name);
	return NULL;
}

/* Notes one option with its value; some are ours already. */
static enum rc
take_option(struct ctl *c, const struct ctl_option *o, const char *value,
    struct err *e)
{
	size_t i;

	for (i = 0; i < c->ngiven && !o->many; i++)
		if (strcmp(c->given[i].option->name, o->name) == 0)
			return ctl_usage(c, e, "--%s is given twice.", o->name);
	if (o->arg != NULL && value[0] == '\0' && !o->may_empty)
		return ctl_usage(c, e, "--%s is given without a value.",
		    o->name);
	c->given[c->ngiven].option = o;
	c->given[c->ngiven].value = value;
	c->ngiven++;
	if (strcmp(o->name, "config") == 0)
		c->config = value;
	if (strcmp(o->name, "json") == 0)
		c->json = true;
	return RC_OK;
}

/* The options that count in one place, as getopt(3) wants them. */
struct grammar {
	const struct ctl_option *options[64];
	struct option longs[64];
};

static void
make_grammar(struct grammar *g, const struct ctl_option *table)
{
	const struct ctl_option *o;
	size_t i, n, own;

	memset(g, 0, sizeof(*g));
	own = ctl_options_count(table);
	n = own + ctl_options_count(ctl_globals);
	for (i = 0; i < n; i++) {
		o = i < own ? &table[i] : &ctl_globals[i - own];
		g->options[i] = o;
		g->longs[i].name = o->name;
		g->longs[i].has_arg =
		    o->arg == NULL ? no_argument : required_argument;
		g->longs[i].val = (int)i + 256;
	}
}

/* The option that getopt(3) has just found; NULL when only a part of its
 * name was typed: --secret for --secret-file, and with it what must not be
 * an argument. */
static const struct ctl_option *
found_option(const struct grammar *g, int ch, const char *word)
{
	const struct ctl_option *o;

	if (ch == 'c')
		return &ctl_globals[CTL_GLOBAL_CONFIG];
	if (ch == 'h')
		return &ctl_globals[CTL_GLOBAL_HELP];
	if (ch == 'V')
		return &ctl_globals[CTL_GLOBAL_VERSION];
	if (ch < 256)
		return NULL;
	o = g->options[ch - 256];
	return strncmp(word, "--", 2) == 0 &&
		strcspn(word + 2, "=") == strlen(o->name)
	    ? o
	    : NULL;
}

/* What follows "=" may be a secret and is not repeated. */
static enum rc
refuse_option(struct ctl *c, const char *word, struct err *e)
{
	size_t n;

	n = strcspn(word, "=");
	return ctl_usage(c, e, "There is no option %.*s here.",
	    (int)(n > 60 ? 60 : n), word);
}

/*
 * Reads options from argv[1] on, those of the table and the global ones, up
 * to the first argument (stop) or among all arguments.  *at is then the
 * first argument.
 */
static enum rc
read_options(struct ctl *c, int argc, char **argv, bool stop,
    const struct ctl_option *table, int *at, struct err *e)
{
	const struct ctl_option *o;
	struct grammar g;
	char letter_word[3];
	const char *word;
	enum rc rc;
	int ch;

	make_grammar(&g, table);
	opterr = 0;
	optind = 0; /* glibc: start afresh */
	while ((ch = getopt_long(argc, argv, stop ? "+:c:hV" : ":c:hV", g.longs,
		    NULL)) != -1) {
		word = argv[optind - 1];
		if (optind > 1 && optarg == word)
			word = argv[optind - 2];
		if (ch == ':')
			return ctl_usage(c, e, "%.60s wants a value.", word);
		if (ch == '?' && optopt > 0 && optopt < 256) {
			(void)snprintf(letter_word, sizeof(letter_word), "-%c",
			    optopt);
			word = letter_word;
		}
		o = found_option(&g, ch, word);
		if (o == NULL)
			return refuse_option(c, word, e);
		rc = take_option(c, o, optarg == NULL ? "" : optarg, e);
		if (rc != RC_OK)
			return rc;
	}
	*at = optind;
	return RC_OK;
}

static enum rc
check_args(struct ctl *c, const struct ctl_noun *noun,
    const struct ctl_cmd *cmd, struct err *e)
{
	int i;

	for (i = 0; i < c->nargs; i++)
		if (c->args[i][0] == '\0')
			return ctl_usage(c, e, "An argument is empty.");
	if (c->nargs < cmd->min_args)
		return ctl_usage(c, e, "%s%s%s wants %s.", noun->name,
		    cmd->verb[0] == '\0' ? "" : " ", cmd->verb, cmd->args);
	if (c->nargs > cmd->max_args)
		return ctl_usage(c, e, "\"%.60s\" is one argument too many.",
		    c->args[cmd->max_args]);
	return RC_OK;
}

static enum rc
run(struct ctl *c, const struct ctl_cmd *cmd, struct err *e)
{
	enum rc rc;

	if (cmd->needs & (CTL_CONF | CTL_STORE)) {
		rc = ctl_configure(c, e);
		if (rc != RC_OK)
			return rc;
	}
	if (cmd->needs & CTL_STORE) {
		rc = ctl_open_store(c, e);
		if (rc != RC_OK)
			return rc;
	}
	return cmd->run(c, e);
}

/* The noun at argv[*at], and the verb behind it where the noun has verbs
 * and one is there; *at moves on to the last of them. */
static enum rc
find_words(struct ctl *c, int argc, char **argv, int *at,
    const struct ctl_noun **noun, const struct ctl_cmd **cmd, struct err *e)
{
	if (*at == argc)
		return ctl_usage(c, e,
		    "A command is missing; hlsctl --help lists them.");
	*cmd = NULL;
	*noun = find_noun(c, argv[*at], e);
	if (*noun == NULL)
		return RC_INVALID;
	if ((*noun)->cmds[0].verb[0] == '\0') {
		*cmd = &(*noun)->cmds[0];
		return RC_OK;
	}
	if (*at + 1 == argc || argv[*at + 1][0] == '-')
		return RC_OK;
	++*at;
	*cmd = find_cmd(c, *noun, argv[*at], e);
	return *cmd == NULL ? RC_INVALID : RC_OK;
}

/* From the words to the verb.  Help and version are done here: help in front
 * of the words is --help behind them. */
static enum rc
dispatch(struct ctl *c, int argc, char **argv, struct err *e)
{
	const struct ctl_noun *noun = NULL;
	const struct ctl_cmd *cmd = NULL;
	bool is_help;
	enum rc rc;
	int at;

	rc = read_options(c, argc, argv, true, NULL, &at, e);
	if (rc != RC_OK)
		return rc;
	if (ctl_has_option(c, "version")) {
		printf("hlsctl %s\n", PACKAGE_VERSION);
		return RC_OK;
	}
	is_help = at < argc && strcmp(argv[at], "help") == 0;
	at += is_help;
	is_help = is_help || ctl_has_option(c, "help");
	if (at == argc && is_help) {
		ctl_show_help(&nouns);
		return RC_OK;
	}
	if ((rc = find_words(c, argc, argv, &at, &noun, &cmd, e)) != RC_OK)
		return rc;
	/* The last word stands where getopt(3) has the program's name. */
	argc -= at;
	argv += at;
	rc = read_options(c, argc, argv, false,
	    cmd == NULL ? NULL : cmd->options, &at, e);
	if (rc != RC_OK)
		return rc;
	if (is_help || ctl_has_option(c, "help")) {
		if (cmd == NULL)
			ctl_show_noun(noun);
		else
			ctl_show_cmd(noun, cmd);
		return RC_OK;
	}
	if (cmd == NULL)
		return ctl_usage(c, e,
		    "%s wants a verb; hlsctl %s --help lists them.", noun->name,
		    noun->name);
	c->args = argv + at;
	c->nargs = argc - at;
	rc = check_args(c, noun, cmd, e);
	return rc == RC_OK ? run(c, cmd, e) : rc;
}

/* A database opened as descriptor 1 or 2 would be written into by the next
 * message: what was closed is taken first.  Standard output stays useless,
 * so that the loss of it is noticed. */
static void
hold_standard_descriptors(void)
{
	int fd;

	do {
		fd = open("/dev/null", O_RDONLY);
		if (fd == -1)
			fatal("/dev/null cannot be opened");
	} while (fd <= STDERR_FILENO);
	(void)close(fd);
}

int
main(int argc, char **argv)
{
	struct ctl c;
	struct err e;
	enum rc rc;
	int status;

	hold_standard_descriptors();
	/* The help is not written before ctl_flush(), which sees the errors. */
	(void)setvbuf(stdout, NULL, _IOFBF, CTL_STDOUT_SIZE);
	(void)signal(SIGPIPE, SIG_IGN);
	app_guard();

	memset(&c, 0, sizeof(c));
	c.nouns = &nouns;
	c.given = xcalloc((size_t)argc + 2 * ctl_options_count(ctl_globals),
	    sizeof(*c.given));
	buf_init(&c.out, CTL_OUTPUT_MAX);
	app_ctl_init(&c.app);
	/* People are told in sentences; lines of a log would be in the way. */
	(void)log_open("/dev/null", LOG_LEVEL_ERROR, "hlsctl", c.app.clock, &e);
	rc = dispatch(&c, argc, argv, &e);
	status = c.status;
	if (rc != RC_OK) {
		if (status == 0)
			status = err_exit_status(rc);
		if (e.text[0] != '\0')
			ctl_complain(e.text);
	}
	/* Also of a command that failed: what it did say is true. */
	if (ctl_flush(&c, &e) != RC_OK) {
		if (e.text[0] != '\0')
			ctl_complain(e.text);
		if (status == 0)
			status = EXIT_FAILURE;
	}
	app_ctl_fini(&c.app);
	buf_fini(&c.out);
	free(c.given);
	return status;
}
