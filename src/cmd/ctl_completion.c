#include "config.h"

#include <string.h>

#include "app/app_conf.h"
#include "cmd/ctl.h"
#include "cmd/ctl_help.h"
#include "core/source.h"
#include "core/webhook.h"
#include "store/store_admin.h"

/*
 * A script has two functions made of the tables: one sets what may follow a
 * command (words: nouns or verbs; options; args: the kind of each argument),
 * one the kind of an option's value, which is empty for an option without a
 * value.  A kind is FILE, WEBHOOK, SOURCE, the words to choose from, or "-".
 * The rest is the same for any table.
 */

static const char bash_rest[] =
    "# Those of the commands' arguments that hlsctl itself knows.\n"
    "_hlsctl_names()\n"
    "{\n"
    "	if [[ -n $config ]]; then\n"
    "		command hlsctl -c \"${config/#\\~\\//$HOME/}\" "
    "completion \"$1\"\n"
    "	else\n"
    "		command hlsctl completion \"$1\"\n"
    "	fi 2>/dev/null </dev/null\n"
    "}\n"
    "\n"
    "_hlsctl_reply()\n"
    "{\n"
    "	case $1 in\n"
    "	FILE)\n"
    "		compopt -o filenames 2>/dev/null\n"
    "		mapfile -t COMPREPLY < <(compgen -f -- \"$cur\") ;;\n"
    "	WEBHOOK | SOURCE)\n"
    "		mapfile -t COMPREPLY < <(compgen -W \\\n"
    "		    \"$(_hlsctl_names \"${1,,}s\")\" -- \"$cur\") ;;\n"
    "	-) ;;\n"
    "	*) mapfile -t COMPREPLY < <(compgen -W \"$1\" -- \"$cur\") ;;\n"
    "	esac\n"
    "}\n"
    "\n"
    "_hlsctl()\n"
    "{\n"
    "	local cur=${COMP_WORDS[COMP_CWORD]} cmd= config= option= only=\n"
    "	local word words options args kind i n=0\n"
    "\n"
    "	COMPREPLY=()\n"
    "	# Readline makes words of = and : too.\n"
    "	for ((i = 1; i < COMP_CWORD; i++)); do\n"
    "		word=${COMP_WORDS[i]}\n"
    "		case $word in\n"
    "		=) continue ;;\n"
    "		:*)\n"
    "			i=$((i + 1))\n"
    "			continue ;;\n"
    "		esac\n"
    "		_hlsctl_kind \"$cmd $option\"\n"
    "		if [[ -n $kind ]]; then\n"
    "			[[ $option != --config ]] || config=$word\n"
    "			option=\n"
    "			continue\n"
    "		fi\n"
    "		option=\n"
    "		_hlsctl_words \"$cmd\"\n"
    "		case $only$word in\n"
    "		--) only=only ;;\n"
    "		-c) option=--config ;;\n"
    "		-*) option=$word ;;\n"
    "		help) [[ -n $cmd ]] || continue ;;&\n"
    "		*)\n"
    "			if [[ -n $words ]]; then\n"
    "				cmd=${cmd:+$cmd }$word\n"
    "			else\n"
    "				n=$((n + 1))\n"
    "			fi ;;\n"
    "		esac\n"
    "	done\n"
    "	[[ $cur != = ]] || cur=\n"
    "	_hlsctl_kind \"$cmd $option\"\n"
    "	_hlsctl_words \"$cmd\"\n"
    "	if [[ -n $kind ]]; then\n"
    "		_hlsctl_reply \"$kind\"\n"
    "	elif [[ $only$cur == -* ]]; then\n"
    "		_hlsctl_reply \"$options\"\n"
    "	elif [[ -n $words ]]; then\n"
    "		_hlsctl_reply \"$words\"\n"
    "	else\n"
    "		set -- $args\n"
    "		((n >= $#)) || _hlsctl_reply \"${@:n + 1:1}\"\n"
    "	fi\n"
    "}\n"
    "\n"
    "complete -F _hlsctl hlsctl\n";

static const char zsh_rest[] =
    "# Those of the commands' arguments that hlsctl itself knows.\n"
    "_hlsctl_names()\n"
    "{\n"
    "	local -a call=(hlsctl)\n"
    "	[[ -z $config ]] || call+=(-c ${config/#\\~\\//$HOME/})\n"
    "	command $call completion $1 2>/dev/null </dev/null\n"
    "}\n"
    "\n"
    "_hlsctl_reply()\n"
    "{\n"
    "	case $1 in\n"
    "	(FILE) _files ;;\n"
    "	(WEBHOOK|SOURCE) compadd -- ${(f)\"$(_hlsctl_names ${(L)1}s)\"} ;;\n"
    "	(-) _message 'no completion' ;;\n"
    "	(*) compadd -- ${=1} ;;\n"
    "	esac\n"
    "}\n"
    "\n"
    "_hlsctl()\n"
    "{\n"
    "	local cmd config option only word kind\n"
    "	local -a verbs options args\n"
    "	local -i i n=1\n"
    "\n"
    "	for ((i = 2; i < CURRENT; i++)); do\n"
    "		word=${(Q)words[i]}\n"
    "		_hlsctl_kind \"$cmd $option\"\n"
    "		if [[ -n $kind ]]; then\n"
    "			[[ $option != --config ]] || config=$word\n"
    "			option=\n"
    "			continue\n"
    "		fi\n"
    "		option=\n"
    "		_hlsctl_words \"$cmd\"\n"
    "		case $only$word in\n"
    "		(--) only=only ;;\n"
    "		(-c) option=--config ;;\n"
    "		(--config=*) config=${word#*=} ;;\n"
    "		(--*=*) ;;\n"
    "		(-*) option=$word ;;\n"
    "		(*)\n"
    "			if [[ -z $cmd && $word == help ]]; then\n"
    "				continue\n"
    "			elif (($#verbs)); then\n"
    "				cmd=${cmd:+$cmd }$word\n"
    "			else\n"
    "				n+=1\n"
    "			fi ;;\n"
    "		esac\n"
    "	done\n"
    "	if [[ $only$PREFIX == --*=* ]]; then\n"
    "		option=${PREFIX%%=*}\n"
    "		compset -P '*='\n"
    "	fi\n"
    "	_hlsctl_kind \"$cmd $option\"\n"
    "	_hlsctl_words \"$cmd\"\n"
    "	if [[ -n $kind ]]; then\n"
    "		_hlsctl_reply $kind\n"
    "	elif [[ $only$PREFIX == -* ]]; then\n"
    "		_describe -o option options\n"
    "	elif (($#verbs)); then\n"
    "		_describe command verbs\n"
    "	elif ((n <= $#args)); then\n"
    "		_hlsctl_reply $args[n]\n"
    "	fi\n"
    "}\n"
    "\n"
    "# The first use loads this file; else it was read by hand.\n"
    "if [[ $funcstack[1] == _hlsctl ]]; then\n"
    "	_hlsctl \"$@\"\n"
    "else\n"
    "	compdef _hlsctl hlsctl\n"
    "fi\n";

/* What both shells have for words with a description: zsh shows it. */
struct script {
	struct buf *out;
	bool zsh;
};

static void
put_quoted(struct buf *out, const char *text)
{
	for (; *text != '\0'; text++)
		if (*text == '\'')
			buf_add_str(out, "'\\''");
		else
			buf_add(out, *text == '\n' ? " " : text, 1);
}

/* One word of a list, with dashes in front of an option. */
static void
put_word(const struct script *s, const char *dashes, const char *word,
    const char *doc)
{
	if (!s->zsh) {
		buf_addf(s->out, " %s%s", dashes, word);
		return;
	}
	buf_addf(s->out, "\n	    '%s%s:", dashes, word);
	put_quoted(s->out, doc);
	buf_add_str(s->out, "'");
}

static void
open_list(const struct script *s, const char *name)
{
	buf_addf(s->out, "	%s=%s", name, s->zsh ? "(" : "'");
}

static void
close_list(const struct script *s)
{
	buf_add_str(s->out, s->zsh ? ")\n" : "'\n");
}

/* Of a word of the usage. */
static const char *
kind_of_arg(const struct ctl_noun *noun, const char *word, size_t n)
{
	static const struct {
		const char *noun, *word, *kind;
	} kinds[] = { { "webhook", "ID", "WEBHOOK" },
		{ "source", "NAME", "SOURCE" }, { NULL, "FILE", "FILE" },
		{ NULL, "BODY", "FILE" } };
	size_t i;

	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if ((kinds[i].noun == NULL ||
			strcmp(kinds[i].noun, noun->name) == 0) &&
		    n == strlen(kinds[i].word) &&
		    strncmp(word, kinds[i].word, n) == 0)
			return kinds[i].kind;
	return "-";
}

/* "[NAME [BODY]]" and "[FILE|-]" are words between brackets and bars. */
static void
put_args(const struct script *s, const struct ctl_noun *noun, const char *args)
{
	size_t n;

	open_list(s, "args");
	while (*(args += strspn(args, " []")) != '\0') {
		n = strcspn(args, " []|");
		buf_addf(s->out, " %s", kind_of_arg(noun, args, n));
		args += strcspn(args, " []");
	}
	close_list(s);
}

static const char *
kind_of_option(const struct ctl_option *o)
{
	if (o->values != NULL)
		return o->values;
	if (strcmp(o->name, "webhook") == 0)
		return "WEBHOOK";
	if (strcmp(o->name, "source") == 0)
		return "SOURCE";
	return strcmp(o->arg, "FILE") == 0 ? "FILE" : "-";
}

/* Of the global options and a command's own. */
static void
put_options(const struct script *s, const struct ctl_option *own)
{
	const struct ctl_option *o;

	open_list(s, "options");
	for (o = own; o != NULL && o->name != NULL; o++)
		put_word(s, "--", o->name, o->doc);
	for (o = ctl_globals; o->name != NULL; o++)
		put_word(s, "--", o->name, o->doc);
	close_list(s);
}

static void
put_cmd(const struct script *s, const struct ctl_noun *noun,
    const struct ctl_cmd *cmd)
{
	buf_addf(s->out, "	('%s%s%s')\n", noun->name,
	    cmd->verb[0] == '\0' ? "" : " ", cmd->verb);
	put_options(s, cmd->options);
	put_args(s, noun, cmd->args);
	buf_add_str(s->out, "	;;\n");
}

static void
put_noun(const struct script *s, const struct ctl_noun *noun)
{
	size_t i;

	if (noun->cmds[0].verb[0] != '\0') {
		buf_addf(s->out, "	('%s')\n", noun->name);
		open_list(s, s->zsh ? "verbs" : "words");
		for (i = 0; i < noun->ncmds; i++)
			put_word(s, "", noun->cmds[i].verb, noun->cmds[i].doc);
		close_list(s);
		put_options(s, NULL);
		buf_add_str(s->out, "	;;\n");
	}
	for (i = 0; i < noun->ncmds; i++)
		put_cmd(s, noun, &noun->cmds[i]);
}

static void
put_words_function(const struct script *s, const struct ctl_nouns *nouns)
{
	size_t i;

	buf_add_str(s->out, "_hlsctl_words()\n{\n");
	buf_add_str(s->out,
	    s->zsh ? "	verbs=() options=() args=()\n"
		   : "	words= options= args=\n");
	buf_add_str(s->out, "	case $1 in\n	('')\n");
	open_list(s, s->zsh ? "verbs" : "words");
	for (i = 0; i < nouns->n; i++)
		put_word(s, "", nouns->v[i]->name, nouns->v[i]->doc);
	put_word(s, "", "help", "explain a command");
	close_list(s);
	put_options(s, NULL);
	buf_add_str(s->out, "	;;\n");
	for (i = 0; i < nouns->n; i++)
		put_noun(s, nouns->v[i]);
	buf_add_str(s->out, "	esac\n}\n\n");
}

static void
put_kinds(const struct script *s, const char *noun, const char *verb,
    const struct ctl_option *o)
{
	for (; o != NULL && o->name != NULL; o++) {
		if (o->arg == NULL)
			continue;
		if (noun == NULL)
			buf_add_str(s->out, "	(*'");
		else
			buf_addf(s->out, "	('%s%s%s", noun,
			    verb[0] == '\0' ? "" : " ", verb);
		buf_addf(s->out, " --%s') kind='%s' ;;\n", o->name,
		    kind_of_option(o));
	}
}

static void
put_kind_function(const struct script *s, const struct ctl_nouns *nouns)
{
	const struct ctl_noun *noun;
	size_t i, k;

	buf_add_str(s->out, "_hlsctl_kind()\n{\n	kind=\n	case $1 in\n");
	put_kinds(s, NULL, "", ctl_globals);
	for (i = 0; i < nouns->n; i++) {
		noun = nouns->v[i];
		for (k = 0; k < noun->ncmds; k++)
			put_kinds(s, noun->name, noun->cmds[k].verb,
			    noun->cmds[k].options);
	}
	buf_add_str(s->out, "	esac\n}\n\n");
}

static enum rc
put_script(struct ctl *c, bool zsh)
{
	const struct script s = { &c->out, zsh };

	buf_addf(&c->out,
	    "%s# Completion of hlsctl(8), made by hlsctl completion %s.\n\n",
	    zsh ? "#compdef hlsctl\n" : "", zsh ? "zsh" : "bash");
	put_words_function(&s, c->nouns);
	put_kind_function(&s, c->nouns);
	buf_add_str(&c->out, zsh ? zsh_rest : bash_rest);
	return RC_OK;
}

static enum rc
run_bash(struct ctl *c, struct err *e)
{
	(void)e;
	return put_script(c, false);
}

static enum rc
run_zsh(struct ctl *c, struct err *e)
{
	(void)e;
	return put_script(c, true);
}

/* A name that a shell would have to quote is left to its id. */
static bool
is_plain(const char *name)
{
	return name[strspn(name,
		   "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
		   "0123456789_-.")] == '\0';
}

static enum rc
run_webhooks(struct ctl *c, struct err *e)
{
	const struct store_webhook_filter all = { .enabled = -1, .health = -1 };
	struct store_webhooks l;
	enum rc rc;
	size_t i;

	rc = store_webhook_list(c->app.store, &all, &l, e);
	if (rc != RC_OK)
		return rc;
	for (i = 0; i < l.n; i++)
		buf_addf(&c->out, "%s\n",
		    l.v[i]->name != NULL && is_plain(l.v[i]->name)
			? l.v[i]->name
			: l.v[i]->id);
	store_webhooks_free(&l);
	return RC_OK;
}

static enum rc
run_sources(struct ctl *c, struct err *e)
{
	const struct sources *l = &c->app.conf->sources;
	size_t i;

	(void)e;
	for (i = 0; i < l->n; i++)
		buf_addf(&c->out, "%s\n", l->v[i].name);
	return RC_OK;
}

static const struct ctl_cmd cmds[] = {
	{ .verb = "bash",
	    .args = "",
	    .run = run_bash,
	    .doc = "Prints the script for bash, which make install installs." },
	{ .verb = "zsh",
	    .args = "",
	    .run = run_zsh,
	    .doc = "Prints the script for zsh, which make install installs." },
	{ .verb = "webhooks",
	    .args = "",
	    .needs = CTL_CONF | CTL_STORE,
	    .run = run_webhooks,
	    .doc = "Prints the name or id of each webhook, for the scripts." },
	{ .verb = "sources",
	    .args = "",
	    .needs = CTL_CONF,
	    .run = run_sources,
	    .doc = "Prints the name of each source, for the scripts." },
};

const struct ctl_noun ctl_completion = { "completion",
	"print scripts that complete hlsctl's words in a shell", cmds,
	sizeof(cmds) / sizeof(cmds[0]) };
