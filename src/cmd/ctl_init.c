#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/app_conf.h"
#include "app/app_exit.h"
#include "base/js.h"
#include "cmd/ctl.h"

/* Made by root in a folder of root's: nobody else's programs are known. */
static bool
is_root_s(const struct store_options *opt)
{
	const char *colon = strchr(opt->url, ':');
	struct stat st;

	return geteuid() == 0 &&
	    stat(colon == NULL ? opt->url : colon + 1, &st) == 0 &&
	    st.st_uid == 0;
}

static enum rc
run_init(struct ctl *c, struct err *e)
{
	struct store_options opt;
	struct js_writer w;
	char *says;
	bool made;
	enum rc rc;

	app_ctl_store_options(&c->app, &opt);
	says = NULL;
	rc = store_init(&opt, &made, &says, e);
	if (rc != RC_OK) {
		c->status = app_exit_store(rc);
		return rc;
	}
	if (c->json) {
		js_writer_init(&w, &c->out);
		js_open_object(&w, NULL);
		js_bool(&w, "made", made);
		js_str(&w, "database", opt.url);
		js_str(&w, "key_file", opt.key_file);
		js_str(&w, "says", says);
		js_close_object(&w);
		buf_add_str(&c->out, "\n");
	} else if (says != NULL && says[0] != '\0') {
		buf_addf(&c->out, "%s%s", says,
		    says[strlen(says) - 1] == '\n' ? "" : "\n");
	} else {
		buf_add_str(&c->out,
		    "The store is there and up to date; nothing to do.\n");
	}
	if (made && !c->json && is_root_s(&opt))
		buf_add_str(&c->out,
		    "Made as root: programs of another user cannot open it. "
		    "Run sudo -u hls hlsctl init,\nif hls is that user, or "
		    "give the folder and the key to that user with chown.\n");
	free(says);
	return RC_OK;
}

static const struct ctl_cmd cmds[] = {
	{ .verb = "",
	    .args = "",
	    .needs = CTL_CONF,
	    .run = run_init,
	    .doc = "Makes the database and its key, or upgrades an older "
		   "database after a backup. It is safe to repeat." },
};

const struct ctl_noun ctl_init = { "init",
	"make the store, or bring it up to date", cmds, 1 };
