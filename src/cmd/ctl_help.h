/*
 * ctl_help - the table of all commands, and the help that is written from it
 *
 * One thread.
 */
#ifndef CMD_CTL_HELP_H
#define CMD_CTL_HELP_H

#include <stddef.h>

#include "cmd/ctl.h"

/* In the order of help. */
extern const struct ctl_noun *const ctl_nouns[];
extern const size_t ctl_nnouns;

/* The options that every command takes; their places in the table. */
enum {
	CTL_GLOBAL_CONFIG,
	CTL_GLOBAL_JSON,
	CTL_GLOBAL_HELP,
	CTL_GLOBAL_VERSION
};
extern const struct ctl_option ctl_globals[];

/* The length of a table that ends with a NULL name; 0 for NULL. */
size_t ctl_options_count(const struct ctl_option *o);

/* Print help on standard output: for hlsctl, a noun, a verb. */
void ctl_show_help(void);
void ctl_show_noun(const struct ctl_noun *noun);
void ctl_show_cmd(const struct ctl_noun *noun, const struct ctl_cmd *cmd);

#endif
