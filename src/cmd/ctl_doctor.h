/*
 * ctl_doctor - shared by the parts of hlsctl doctor
 *
 * One thread.
 */
#ifndef CMD_CTL_DOCTOR_H
#define CMD_CTL_DOCTOR_H

#include <stdbool.h>
#include <stddef.h>

#include "base/js.h"
#include "cmd/ctl.h"

/* An operator should look at a note, and must repair a fault: with faults the
 * exit status is 1. */
enum doctor_level {
	DOCTOR_OK,
	DOCTOR_NOTE,
	DOCTOR_FAULT
};

struct examination {
	struct ctl *ctl;
	struct js_writer w;
	bool quiet;
	size_t notes, faults;
};

/* finding says what is wrong and how to repair it; NULL: all is well. */
void ctl_doctor_report(struct examination *x, enum doctor_level level,
    const char *check, const char *finding);

/* Examines the settings and the files that they name. */
void ctl_doctor_files(struct examination *x);

/* Examines the running programs and their settings. */
void ctl_doctor_programs(struct examination *x);

/* Examines drains, dead deliveries, breakers and order keys.  The store is
 * open. */
void ctl_doctor_queue(struct examination *x);

#endif
