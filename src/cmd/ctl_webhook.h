/*
 * ctl_webhook - the verbs of webhook that have much to read: register,
 * update, import
 */
#ifndef CMD_CTL_WEBHOOK_H
#define CMD_CTL_WEBHOOK_H

#include "cmd/ctl.h"

extern const struct ctl_option ctl_webhook_register_options[];
extern const struct ctl_option ctl_webhook_update_options[];
extern const struct ctl_option ctl_webhook_import_options[];

enum rc ctl_webhook_register(struct ctl *c, struct err *e);
enum rc ctl_webhook_update(struct ctl *c, struct err *e);
enum rc ctl_webhook_import(struct ctl *c, struct err *e);

#endif
