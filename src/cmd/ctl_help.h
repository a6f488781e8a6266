/*
 * ctl_help - the help, which is written from the tables of the commands
 *
 * One thread.
 */
#ifndef CMD_CTL_HELP_H
#define CMD_CTL_HELP_H

#include <stddef.h>

#include "cmd/ctl.h"

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
void ctl_show_help(const struct ctl_nouns *nouns);
void ctl_show_noun(const struct ctl_noun *noun);
void ctl_show_cmd(const struct ctl_noun *noun, const struct ctl_cmd *cmd);

#endif
