/*
 * ctl_doctor - what the parts of hlsctl doctor share
 *
 * One thread.
 */
#ifndef CMD_CTL_DOCTOR_H
#define CMD_CTL_DOCTOR_H

#include <stdbool.h>
#include <stddef.h>

#include "base/js.h"
#include "cmd/ctl.h"

/* A note should be looked at; a fault must be repaired, and the exit status
 * is 1. */
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

/* finding: what is wrong and how to repair it; NULL for nothing. */
void ctl_doctor_report(struct examination *x, enum doctor_level level,
    const char *check, const char *finding);

/* The programs that run, and the settings they run with. */
void ctl_doctor_programs(struct examination *x);

/* Drains, dead deliveries, breakers and order keys.  The store is open. */
void ctl_doctor_queue(struct examination *x);

#endif
