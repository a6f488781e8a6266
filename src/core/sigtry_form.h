/*
 * sigtry_form - the fields of a form, as Twilio signs them
 *
 * Names and values are decoded, sorted by name, and put one behind the other
 * without separators.  Pure.
 */
#ifndef CORE_SIGTRY_FORM_H
#define CORE_SIGTRY_FORM_H

#include <stddef.h>

struct buf;

/* Empty for a body that is no form, or one of too many fields. */
void sigtry_form(const char *body, size_t n, struct buf *out);

#endif
