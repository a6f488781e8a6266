#include "config.h"

#include <string.h>

#include "base/crypt.h"
#include "base/secret.h"
#include "core/webhook.h"
#include "core/whsec.h"
#include "core/whsk.h"
#include "registry/registry_int.h"

#define OLD_SIGNS_MS (24 * 3600 * INT64_C(1000))

void
registry_make_secret(struct webhook *w)
{
	uint8_t random[WHSEC_RANDOM_SIZE];

	crypt_random(random, sizeof(random));
	whsec_format(random, &w->secret);
	crypt_wipe(random, sizeof(random));
}

void
registry_need_sign_key(struct webhook *w)
{
	uint8_t seed[CRYPT_ED25519_SIZE];

	if (secret_is_set(&w->sign_key))
		return;
	crypt_random(seed, sizeof(seed));
	whsk_format(seed, &w->sign_key);
	crypt_wipe(seed, sizeof(seed));
}

void
registry_retire_secret(struct webhook *w, bool and_key, int64_t now_ms)
{
	struct webhook_old old = { .until_ms = now_ms + OLD_SIGNS_MS };

	webhook_olds_end(w, now_ms);
	old.secret = w->secret;
	memset(&w->secret, 0, sizeof(w->secret));
	if (and_key) {
		old.sign_key = w->sign_key;
		memset(&w->sign_key, 0, sizeof(w->sign_key));
	}
	if (secret_is_set(&old.secret) || secret_is_set(&old.sign_key))
		webhook_old_take(w, &old);
}
