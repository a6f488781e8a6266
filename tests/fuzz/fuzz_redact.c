/*
 * What a receiver said back: no secret of the registration is in what is
 * kept of it, and nothing grows.
 */
#include "config.h"

#include <string.h>

#include "fuzz.h"

#include "base/buf.h"
#include "base/xalloc.h"
#include "core/redact.h"
#include "core/webhook.h"

#define KEY "a/b+c\"d"
#define SECRET "whsec_" KEY
#define OLD "aab"
#define TOKEN "open/sesame"
#define HEADER "Bearer " TOKEN

static void
assert_absent(const struct buf *out, const char *secret)
{
	FUZZ_HOLDS(
	    memmem(buf_str(out), out->len, secret, strlen(secret)) == NULL);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct webhook *w = webhook_new();
	char *text = fuzz_text(data, size);
	struct buf out;

	w->url = xstrdup("https://example.com/?key=query-secret");
	secret_put_str(&w->secret, SECRET);
	secret_put_str(&w->olds[0].secret, OLD OLD);
	w->nolds = 1;
	webhook_header_put(w, "Authorization", HEADER, strlen(HEADER));
	buf_init(&out, size + 1);
	redact_answer(w, NULL, text, size, &out);
	FUZZ_HOLDS(!buf_is_over(&out));
	FUZZ_HOLDS(out.len <= size);
	assert_absent(&out, KEY);
	assert_absent(&out, OLD OLD);
	assert_absent(&out, TOKEN);
	assert_absent(&out, "query-secret");
	buf_fini(&out);
	free(text);
	webhook_free(w);
	return 0;
}
