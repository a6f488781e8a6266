#include "config.h"

#include "cmd/ctl.h"
#include "cmd/ctl_doctor.h"

void
ctl_doctor_report(struct examination *x, enum doctor_level level,
    const char *check, const char *finding)
{
	static const char *const names[] = { "ok", "note", "FAULT" };
	static const char *const words[] = { "ok", "note", "fault" };

	x->notes += level == DOCTOR_NOTE;
	x->faults += level == DOCTOR_FAULT;
	if (x->quiet && level == DOCTOR_OK)
		return;
	if (x->ctl->json) {
		js_open_object(&x->w, NULL);
		js_str(&x->w, "check", check);
		js_str(&x->w, "level", words[level]);
		js_str(&x->w, "finding", finding);
		js_close_object(&x->w);
		return;
	}
	buf_addf(&x->ctl->out, "%-6s %s", names[level], check);
	if (finding != NULL) {
		buf_add_str(&x->ctl->out, ": ");
		ctl_put_text(x->ctl, finding);
	}
	buf_add_str(&x->ctl->out, "\n");
}
