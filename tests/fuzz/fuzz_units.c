/*
 * The small texts that people write: durations, sizes, numbers, times, hex,
 * base64, ids, tokens.  What is taken is written back the same.
 */
#include "config.h"

#include <string.h>

#include "fuzz.h"

#include "base/clock.h"
#include "base/crypt.h"
#include "base/id.h"
#include "base/units.h"
#include "base/xalloc.h"
#include "core/token.h"

static void
judge_units(const char *text)
{
	char out[UNITS_TEXT_SIZE];
	int64_t n, again;

	if (units_duration_parse(text, &n)) {
		FUZZ_HOLDS(n >= 0);
		units_duration_format(n, out);
		FUZZ_HOLDS(units_duration_parse(out, &again) && again == n);
	}
	if (units_size_parse(text, &n)) {
		FUZZ_HOLDS(n >= 0);
		units_size_format(n, out);
		FUZZ_HOLDS(units_size_parse(out, &again) && again == n);
	}
	(void)units_int_parse(text, &n);
}

static void
judge_time(const char *text)
{
	char out[CLOCK_TEXT_SIZE];
	int64_t ms, again;

	if (!clock_parse(text, &ms))
		return;
	clock_format(ms, out);
	FUZZ_HOLDS(clock_parse(out, &again) && again == ms);
}

static void
judge_base64(const char *text, size_t n)
{
	uint8_t *bytes;
	char *out;
	size_t size;

	bytes = xmalloc(n + 1);
	if (crypt_base64_parse(text, n, bytes, n, &size)) {
		out = xmalloc(4 * ((size + 2) / 3) + 1);
		crypt_base64_format(bytes, size, out);
		/* Padding may have been left out. */
		FUZZ_HOLDS(strlen(out) >= n && strncmp(out, text, n) == 0);
		free(out);
	}
	(void)crypt_hex_parse(text, n, bytes, n / 2);
	free(bytes);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct id_public id;
	uint8_t hash[TOKEN_HASH_SIZE];
	char *text;

	text = fuzz_text(data, size);
	judge_units(text);
	judge_time(text);
	judge_base64(text, size);
	(void)id_parse("evt_", text, &id);
	(void)token_parse(text, hash);
	free(text);
	return 0;
}
