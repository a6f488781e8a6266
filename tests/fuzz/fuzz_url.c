/*
 * A URL that is taken has a normal form that is taken again and stays as it
 * is; and the policy judges it without looking past its end.
 */
#include "config.h"

#include <string.h>

#include "fuzz.h"

#include "base/err.h"
#include "base/url.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct url u, again;
	struct err e;
	char *text;

	text = fuzz_text(data, size);
	if (url_parse(text, &u, &e) == RC_OK) {
		FUZZ_HOLDS(u.port != 0);
		FUZZ_HOLDS(strpbrk(u.text, "\\ \t\r\n#@") == NULL ||
		    strchr(u.target, '@') != NULL);
		FUZZ_HOLDS(url_parse(u.text, &again, &e) == RC_OK);
		FUZZ_HOLDS(strcmp(u.text, again.text) == 0);
		FUZZ_HOLDS(strcmp(u.host, again.host) == 0);
		url_fini(&again);
		url_fini(&u);
	}
	free(text);
	return 0;
}
