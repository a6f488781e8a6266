/*
 * Settings: what is taken is shown again as settings that are taken.  The
 * environment and the files that a text may name are left empty.
 */
#include "config.h"

#include <string.h>

#include "fuzz.h"

#include "app/app_conf.h"
#include "base/buf.h"
#include "base/conf.h"
#include "base/xalloc.h"

/* Reading wipes the variables that a text names, and opens its files. */
static bool
is_harmless(const char *text)
{
	return strstr(text, "${") == NULL && strstr(text, "_file") == NULL;
}

static void
show(const void *values)
{
	struct buf out;

	buf_init(&out, 16u << 20);
	conf_show(app_conf_table(), values, false, &out);
	conf_show(app_conf_table(), values, true, &out);
	FUZZ_HOLDS(!buf_is_over(&out));
	buf_fini(&out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct conf_table *table = app_conf_table();
	struct conf_vars *vars;
	struct app_conf conf;
	struct err e;
	char *text;

	text = fuzz_text(data, size);
	if (is_harmless(text)) {
		vars = conf_vars_new();
		if (conf_read_text("fuzz", text, size, table, vars, &conf,
			&e) == RC_OK) {
			show(&conf);
			conf_fini(table, &conf);
		} else
			FUZZ_HOLDS(e.text[0] != '\0');
		conf_vars_free(vars);
	}
	free(text);
	return 0;
}
