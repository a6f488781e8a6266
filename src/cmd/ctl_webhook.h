/*
 * ctl_webhook - the longer verbs of webhook: register, update, import, health,
 * recover, test
 */
#ifndef CMD_CTL_WEBHOOK_H
#define CMD_CTL_WEBHOOK_H

#include "cmd/ctl.h"

struct registry_problems;
struct store_held;

extern const struct ctl_option ctl_webhook_register_options[];
extern const struct ctl_option ctl_webhook_update_options[];
extern const struct ctl_option ctl_webhook_import_options[];
extern const struct ctl_option ctl_webhook_recover_options[];
extern const struct ctl_option ctl_webhook_test_options[];

/* The API's JSON of the options that register and update share.  url may be
 * NULL. */
enum rc ctl_webhook_json(struct ctl *c, const char *url, bool is_new,
    struct buf *out, struct err *e);
/* Where rc is RC_INVALID, the fields that are wrong as one sentence that begins
 * with what; returns rc. */
enum rc ctl_webhook_problems(enum rc rc, const char *what,
    const struct registry_problems *p, struct err *e);

enum rc ctl_webhook_register(struct ctl *c, struct err *e);
enum rc ctl_webhook_update(struct ctl *c, struct err *e);
enum rc ctl_webhook_import(struct ctl *c, struct err *e);
/* The health of one webhook, or of all, the worst first. */
extern const struct ctl_option ctl_webhook_health_options[];
enum rc ctl_webhook_health(struct ctl *c, struct err *e);
/* Adds a line when dead deliveries hold others back. */
void ctl_webhook_put_held(struct ctl *c, const struct store_held *held);
enum rc ctl_webhook_recover(struct ctl *c, struct err *e);
enum rc ctl_webhook_test(struct ctl *c, struct err *e);
/* Explains whether the webhook args[0] gets the event; exit status 1 when it
 * does not. */
enum rc ctl_webhook_explain(struct ctl *c, const char *event, struct err *e);

#endif
