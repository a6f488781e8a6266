/*
 * whsec - the secrets of Standard Webhooks
 *
 * "whsec_" and the base64 of the key's bytes.  Pure.
 */
#ifndef CORE_WHSEC_H
#define CORE_WHSEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/secret.h"

#define WHSEC_PREFIX "whsec_"
#define WHSEC_KEY_MIN 16
#define WHSEC_KEY_MAX 256
#define WHSEC_RANDOM_SIZE 32

bool whsec_has_prefix(const struct secret *s);

/* "v1,whsec_...", as some pages show a secret: "v1," is no part of it. */
bool whsec_has_version(const struct secret *s);

/* The key behind the prefix, or of the whole text where there is none.
 * False when that is not base64, with padding or without, of 1 to
 * WHSEC_KEY_MAX bytes.  A new secret's has WHSEC_KEY_MIN at least. */
bool whsec_parse(const struct secret *s, uint8_t out[WHSEC_KEY_MAX], size_t *n);

void whsec_format(const uint8_t random[WHSEC_RANDOM_SIZE], struct secret *out);

#endif
