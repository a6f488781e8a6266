#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/crypt.h"
#include "base/file.h"
#include "base/js.h"
#include "base/strlist.h"
#include "base/xalloc.h"
#include "cmd/ctl.h"
#include "cmd/ctl_webhook.h"

/* A dump of many thousand registrations; over it something is wrong. */
#define IMPORT_MAX (64u << 20)

const struct ctl_option ctl_webhook_import_options[] = {
	{ .name = "dry-run",
	    .doc = "say what would be imported, change nothing" },
	{ .name = "replace", .doc = "overwrite webhooks that exist" },
	{ .name = NULL },
};

/* Complete and on disk before it gets its name. */
static enum rc
back_up(const char *file, const struct buf *bytes, struct err *e)
{
	char *name, *beside;
	size_t done;
	ssize_t n;
	enum rc rc;
	int fd;

	name = xasprintf("%s.backup", file);
	beside = xasprintf("%s.backup.%ld", file, (long)getpid());
	rc = RC_OK;
	fd = open(beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd == -1) {
		rc = err_errno(e, RC_SYSTEM, errno,
		    "A copy of the file cannot be written beside it (%.100s)",
		    name);
		goto out;
	}
	for (done = 0; done < bytes->len; done += (size_t)n) {
		n = write(fd, bytes->data + done, bytes->len - done);
		if (n == -1 && errno == EINTR)
			n = 0;
		if (n == -1)
			break;
	}
	if (done < bytes->len || fsync(fd) == -1 ||
	    rename(beside, name) == -1) {
		rc = err_errno(e, RC_SYSTEM, errno,
		    "A copy of the file cannot be written beside it (%.100s)",
		    name);
		(void)unlink(beside);
	}
	(void)close(fd);
	if (rc == RC_OK)
		rc = file_sync_folder_of(name, e);
out:
	free(beside);
	free(name);
	return rc;
}

static void
put_imported(struct ctl *c, bool dry_run, size_t count,
    const struct strlist *disabled)
{
	struct js_writer w;
	size_t i;

	if (c->json) {
		js_writer_init(&w, &c->out);
		js_open_object(&w, NULL);
		js_bool(&w, "dry_run", dry_run);
		js_int(&w, "migrated", (int64_t)count);
		js_strlist(&w, "disabled", disabled);
		js_close_object(&w);
		buf_add_str(&c->out, "\n");
		return;
	}
	for (i = 0; i < disabled->n; i++)
		buf_addf(&c->out,
		    "Webhook %s names no events and %s disabled.\n",
		    disabled->v[i], dry_run ? "would be" : "is");
	/* Scripts of older systems look for this line. */
	buf_addf(&c->out, "%s %zu webhooks\n",
	    dry_run ? "Would migrate" : "Migrated", count);
}

enum rc
ctl_webhook_import(struct ctl *c, struct err *e)
{
	struct registry_import_options opt;
	struct registry_imported done;
	struct buf json;
	enum rc rc;

	opt.dry_run = ctl_has_option(c, "dry-run");
	opt.replace = ctl_has_option(c, "replace");
	memset(&done, 0, sizeof(done));
	buf_init(&json, IMPORT_MAX);
	rc = ctl_read_input(c->args[0], &json, e);
	if (rc == RC_OK && !opt.dry_run && strcmp(c->args[0], "-") != 0)
		rc = back_up(c->args[0], &json, e);
	if (rc == RC_OK) {
		rc = registry_import(&c->app.registry, buf_str(&json), json.len,
		    &opt, &done, e);
		rc = ctl_webhook_problems(rc, "Nothing was migrated",
		    &done.problems, e);
	}
	if (rc == RC_OK)
		put_imported(c, opt.dry_run, done.count, &done.disabled);
	strlist_fini(&done.disabled);
	if (json.data != NULL)
		crypt_wipe(json.data, json.len);
	buf_fini(&json);
	return rc;
}
