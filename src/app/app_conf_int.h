/*
 * app_conf_int - what the table of keys and its rules share
 */
#ifndef APP_APP_CONF_INT_H
#define APP_APP_CONF_INT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/conf.h"
#include "base/err.h"
#include "base/strlist.h"

struct app_conf;

/* Room for the name of a key of one entry, "sources[2].name". */
#define APP_CONF_KEY_SIZE 64

/* One reading. */
struct app_conf_reader {
	struct app_conf *conf;
	struct conf_places *places;
	char *folder; /* of the file */
};

/* One entry of sources, as the file has it. */
struct app_source {
	char *name;
	struct strlist paths;
	char *provider;
	struct conf_secrets secrets;
	int key; /* enum source_key */
	struct strlist public_keys;
	struct strlist events;
	int64_t priority;
	struct conf_times replay_window; /* by pattern of the event */
	int64_t dedupe_ms;
	struct strlist team;
	struct strlist content_types;

	/* Where facts stand, for every provider; "": the provider's place. */
	char *id_header;
	char *event_header;
	char *id_pointer;
	char *event_pointer;
	char *action_pointer;
	char *repository_pointer;

	/* Provider hmac. */
	char *header;
	int algorithm; /* enum crypt_digest */
	int encoding;  /* enum source_encoding */
	char *prefix;
	char *template;
	char *timestamp_header;
	int64_t tolerance_ms;
};

/* The roles of auth.remote_users, weakest first, NULL-ended. */
extern const char *const app_conf_roles[];

/* A path of URLs as requests are compared with: no empty and no dot parts,
 * no trailing slash, nothing that would need an escape. */
bool app_conf_is_path(const char *s);

/* Judges raw.sources and fills sources and warnings. */
enum rc app_conf_sources(struct app_conf_reader *r, struct err *e);

#endif
