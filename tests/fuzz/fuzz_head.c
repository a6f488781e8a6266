/*
 * The head of a FastCGI request: what is whole or bad stays so when more
 * comes, and what is not whole yet has no verdict that depends on how the
 * bytes were cut.
 */
#include "config.h"

#include "fuzz.h"

#include "front/http_head.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	enum http_head_state all, part;
	struct http_head head;
	size_t n;

	all = http_head_scan(data, size, &head);
	if (all == HTTP_HEAD_BAD)
		FUZZ_HOLDS(head.status == 0 || head.status == 400 ||
		    head.status == 431);
	for (n = 0; n < size; n += n < 64 ? 1 : size / 64 + 1) {
		part = http_head_scan(data, n, &head);
		if (part != HTTP_HEAD_PART)
			FUZZ_HOLDS(part == all);
	}
	return 0;
}
