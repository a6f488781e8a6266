#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/crypt.h"
#include "base/js.h"
#include "base/units.h"
#include "base/xalloc.h"
#include "cmd/ctl.h"
#include "cmd/ctl_list.h"
#include "cmd/ctl_table.h"
#include "core/token.h"
#include "stats/show.h"
#include "store/store_admin.h"

#define EXPIRES "365d" /* of a token that is given no other end */
#define EXPIRES_MAX_DAYS 36500
#define EXPIRES_MAX_MS (INT64_C(86400) * 1000 * EXPIRES_MAX_DAYS)

static const struct ctl_option create_options[] = {
	{ .name = "name",
	    .arg = "NAME",
	    .doc = "the person or program that uses it" },
	{ .name = "role",
	    .arg = "ROLE",
	    .values = "viewer publisher operator reviewer lead_reviewer admin",
	    .doc = "viewer, publisher, operator, reviewer, lead_reviewer or "
		   "admin" },
	{ .name = "expires",
	    .arg = "DURATION",
	    .doc = "how long it is valid, such as 30d (default: 365d)" },
	{ .name = "no-expiry", .doc = "valid until it is revoked" },
	{ .name = NULL },
};

/* How long a token is valid; 0: without end. */
static enum rc
read_expiry(struct ctl *c, const char *expires, int64_t *ms, struct err *e)
{
	bool is_endless = ctl_has_option(c, "no-expiry");
	enum rc rc;

	*ms = 0;
	if (expires != NULL && is_endless)
		return ctl_usage(c, e,
		    "--expires and --no-expiry exclude each other.");
	if (is_endless)
		return RC_OK;
	rc = ctl_duration(c, "expires", expires == NULL ? EXPIRES : expires, ms,
	    e);
	if (rc == RC_OK && (*ms < 1000 || *ms > EXPIRES_MAX_MS))
		return ctl_usage(c, e,
		    "--expires takes a duration from 1s to %dd.",
		    EXPIRES_MAX_DAYS);
	return rc;
}

static enum rc
read_create(struct ctl *c, struct store_token *t, struct err *e)
{
	const char *name, *role, *expires;
	enum token_role r;
	int64_t ms;

	name = ctl_option_find(c, "name");
	role = ctl_option_find(c, "role");
	expires = ctl_option_find(c, "expires");
	if (name == NULL || role == NULL)
		return ctl_usage(c, e,
		    "token create wants --name NAME and --role ROLE.");
	if (!token_name_is_valid(name))
		return ctl_usage(c, e,
		    "A token's name has 1 to 64 of the characters "
		    "A-Z a-z 0-9 . _ - @.");
	if (!token_role_parse(role, &r))
		return ctl_usage(c, e,
		    "\"%.40s\" is no role; there are viewer, publisher, "
		    "operator, reviewer, lead_reviewer and admin.",
		    role);
	t->created_ms = clock_wall_ms(c->app.clock);
	if (read_expiry(c, expires, &ms, e) != RC_OK)
		return e->rc;
	if (ms > 0)
		t->expires_ms = t->created_ms + ms;
	t->name = xstrdup(name);
	t->role = xstrdup(role);
	return RC_OK;
}

static void
print_created(struct ctl *c, const struct store_token *t, const char *text)
{
	struct js_writer w;

	if (c->json) {
		js_writer_init(&w, &c->out);
		js_open_object(&w, NULL);
		show_token(&w, t);
		js_str(&w, "token", text);
		js_close_object(&w);
		buf_add_str(&c->out, "\n");
		return;
	}
	buf_addf(&c->out, "Token %s has the role %s", t->name, t->role);
	if (t->expires_ms != 0) {
		buf_add_str(&c->out, " until ");
		ctl_put_time(c, t->expires_ms);
	}
	buf_addf(&c->out, ". It is shown once:\n%s\n", text);
}

static enum rc
run_create(struct ctl *c, struct err *e)
{
	uint8_t random[TOKEN_RANDOM_SIZE];
	char text[TOKEN_TEXT_SIZE];
	struct store_token t;
	enum rc rc;

	memset(&t, 0, sizeof(t));
	rc = read_create(c, &t, e);
	if (rc == RC_OK) {
		crypt_random(random, sizeof(random));
		token_format(random, text);
		crypt_sha256(text, strlen(text), t.hash);
		rc = store_token_put(c->app.store, &t, e);
	}
	if (rc == RC_EXISTS)
		rc = err_set(e, rc,
		    "There is a token called %s already; hlsctl token revoke "
		    "%s makes room for a new one.",
		    t.name, t.name);
	if (rc == RC_OK)
		print_created(c, &t, text);
	crypt_wipe(random, sizeof(random));
	crypt_wipe(text, sizeof(text));
	free(t.name);
	free(t.role);
	return rc;
}

static const struct ctl_column columns[] = {
	{ .title = "NAME", .keep = true },
	{ .title = "ROLE", .whole = true },
	{ .title = "STATE", .whole = true },
	{ .title = "CREATED", .whole = true, .rank = 3 },
	{ .title = "EXPIRES", .whole = true, .rank = 1 },
	{ .title = "LAST USED", .whole = true, .rank = 2 },
};

static const char *
state(const struct store_token *t, int64_t now_ms)
{
	if (t->revoked)
		return "revoked";
	return t->expires_ms != 0 && t->expires_ms <= now_ms ? "expired"
							     : "live";
}

static const struct ctl_option list_options[] = {
	CTL_LIST_OPTIONS,
	{ .name = NULL },
};

/* A name may be taken again once its token is revoked: the name and when the
 * token was made are the cursor. */
static const char *
cursor_of(const void *arg, size_t i)
{
	static char text[TOKEN_NAME_MAX + 32];
	const struct store_token *v = arg;

	(void)snprintf(text, sizeof(text), "%lld-%s",
	    (long long)v[i].created_ms, v[i].name);
	return text;
}

static void
put_row(struct ctl_table *t, const struct store_token *v, int64_t now_ms)
{
	ctl_table_put(t, v->name);
	ctl_table_put(t, v->role);
	ctl_table_put(t, state(v, now_ms));
	ctl_table_put_time(t, v->created_ms);
	ctl_table_put_time(t, v->expires_ms);
	ctl_table_put_time(t, v->last_used_ms);
}

static enum rc
put_all(struct ctl_list *l, const struct store_token *v, size_t n,
    struct err *e)
{
	int64_t now_ms = clock_wall_ms(l->ctl->app.clock);
	size_t i, first, end;
	enum rc rc;

	rc = ctl_list_from(l, n, cursor_of, v, &first, &end, e);
	if (rc != RC_OK)
		return rc;
	for (i = first; i < end; i++) {
		if (l->has_table) {
			put_row(&l->table, &v[i], now_ms);
			continue;
		}
		js_open_object(&l->w, NULL);
		show_token(&l->w, &v[i]);
		js_close_object(&l->w);
	}
	rc = ctl_list_took(l, end - first, e);
	return rc == RC_OK
	    ? ctl_list_end(l, end < n ? cursor_of(v, end - 1) : NULL, e)
	    : rc;
}

static enum rc
run_list(struct ctl *c, struct err *e)
{
	static const struct ctl_list_form form = { "token", "list", "tokens",
		"No tokens yet; hlsctl token create makes one.", columns,
		sizeof(columns) / sizeof(columns[0]) };
	struct store_tokens tokens;
	struct ctl_list l;
	enum rc rc;

	rc = store_token_list(c->app.store, &tokens, e);
	if (rc != RC_OK)
		return rc;
	rc = ctl_list_begin(&l, c, &form, e);
	if (rc == RC_OK)
		rc = put_all(&l, tokens.v, tokens.n, e);
	ctl_list_fini(&l);
	store_tokens_free(&tokens);
	return rc;
}

static const struct ctl_option revoke_options[] = {
	CTL_YES_OPTION,
	{ .name = NULL },
};

static enum rc
run_revoke(struct ctl *c, struct err *e)
{
	enum rc rc;

	if (!token_name_is_valid(c->args[0]))
		return ctl_usage(c, e, "That is no token's name.");
	rc = ctl_confirm(c, e,
	    "Requests with the token %s will be refused from now on.",
	    c->args[0]);
	if (rc != RC_OK)
		return rc;
	rc = store_token_revoke(c->app.store, c->args[0], e);
	if (rc == RC_NOTFOUND)
		return err_set(e, rc,
		    "There is no live token called %s; hlsctl token list "
		    "shows them.",
		    c->args[0]);
	if (rc == RC_OK)
		buf_addf(&c->out, "Token %s is revoked.\n", c->args[0]);
	return rc;
}

static const struct ctl_cmd cmds[] = {
	{ .verb = "create",
	    .args = "",
	    .options = create_options,
	    .needs = CTL_CONF | CTL_STORE,
	    .run = run_create,
	    .doc = "Makes a token for the API and prints it once, alone on "
		   "the last line." },
	{ .verb = "list",
	    .args = "",
	    .options = list_options,
	    .needs = CTL_CONF | CTL_STORE,
	    .run = run_list,
	    .doc = "Lists the tokens by name, never the secret texts." },
	{ .verb = "revoke",
	    .args = "NAME",
	    .min_args = 1,
	    .max_args = 1,
	    .options = revoke_options,
	    .needs = CTL_CONF | CTL_STORE,
	    .run = run_revoke,
	    .doc = "Ends a token; the next request with it is refused." },
};

const struct ctl_noun ctl_token = { "token", "manage the tokens of the API",
	cmds, sizeof(cmds) / sizeof(cmds[0]) };
