#include "config.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/app_conf.h"
#include "app/app_program.h"
#include "base/clock.h"
#include "cmd/ctl.h"
#include "cmd/ctl_doctor.h"
#include "cmd/ctl_when.h"

/* As the person who runs it may send it. */
static void
put_signal(const struct app_program *p, char *out, size_t size)
{
	bool is_ours = kill((pid_t)p->pid, 0) == 0 || errno != EPERM;

	(void)snprintf(out, size, "%skill -HUP %ld", is_ours ? "" : "sudo ",
	    p->pid);
}

static bool
examine_program(struct examination *x, const struct app_program *p)
{
	const struct app_conf *conf = x->ctl->app.conf;
	char text[2 * PATH_MAX + 400], since[CTL_WHEN_SIZE], command[64];

	ctl_when_format(p->since_ms, false, since);
	put_signal(p, command, sizeof(command));
	if (app_program_is_elsewhere(p, conf))
		(void)snprintf(text, sizeof(text),
		    "%s (process %ld) has run since %s with the settings of "
		    "another file, %s, on this database: start it with -c %s, "
		    "or examine it with hlsctl -c %s doctor",
		    p->name, p->pid, since, p->path, conf->file, p->path);
	else if (app_program_differs(p, conf))
		(void)snprintf(text, sizeof(text),
		    "%s (process %ld) runs with other settings: it read them "
		    "at %s, and %s, a file it names or a variable changed "
		    "since: %s, or systemctl reload its unit",
		    p->name, p->pid, since, conf->file, command);
	else if (strcmp(p->restart, "-") != 0)
		(void)snprintf(text, sizeof(text),
		    "%s (process %ld) runs with another %s, which only a "
		    "restart changes: restart it",
		    p->name, p->pid, p->restart);
	else
		return false;
	ctl_doctor_report(x, DOCTOR_NOTE, "programs", text);
	return true;
}

void
ctl_doctor_programs(struct examination *x)
{
	struct app_program *v;
	size_t i, n, found = 0;

	n = app_program_list(x->ctl->app.conf, &v);
	for (i = 0; i < n; i++)
		found += examine_program(x, &v[i]);
	if (found == 0)
		ctl_doctor_report(x, DOCTOR_OK, "programs", NULL);
	free(v);
}
