/* Query strings and percent escapes: what comes out fits where it goes. */
#include "config.h"

#include <string.h>

#include "fuzz.h"

#include "base/xalloc.h"
#include "core/http.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *params[] = { NULL };
	struct http_req req = { .method = "GET",
		.path = "/",
		.params = params,
		.body = "" };
	char *text, *out;
	size_t max;

	text = fuzz_text(data, size);
	req.query = text;
	max = size % 64 + 1;
	out = xmalloc(max + 1);
	if (http_query_find(&req, "limit", out, max))
		FUZZ_HOLDS(strlen(out) <= max);
	if (http_decode(text, strlen(text), true, out, max))
		FUZZ_HOLDS(strlen(out) < max);
	free(out);
	free(text);
	return 0;
}
