#include "config.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/js.h"
#include "intake/intake.h"
#include "intake/intake_int.h"

void
intake_problem(struct intake_problems *p, const char *field,
    const char *message)
{
	if (p->n == INTAKE_PROBLEMS_MAX)
		return;
	(void)snprintf(p->v[p->n].field, sizeof(p->v[p->n].field), "%s", field);
	(void)snprintf(p->v[p->n].message, sizeof(p->v[p->n].message), "%s",
	    message);
	p->n++;
}

bool
intake_get_text(struct json_object *value, char *out, size_t max)
{
	const char *text;
	size_t n;

	if (!js_get_str(value, &text, &n) || n == 0 || n >= max ||
	    strlen(text) != n)
		return false;
	memcpy(out, text, n + 1);
	return true;
}

bool
intake_get_time(struct json_object *value, int64_t *out)
{
	char text[CLOCK_TEXT_SIZE * 2];

	return intake_get_text(value, text, sizeof(text)) &&
	    clock_parse(text, out) && *out > 0;
}
