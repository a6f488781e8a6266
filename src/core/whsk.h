/*
 * whsk - the key pairs of Standard Webhooks
 *
 * "whsk_" and the base64 of an Ed25519 seed with its public key behind it;
 * "whpk_" and the base64 of the public key alone, which is what a receiver
 * gets.  Pure.
 */
#ifndef CORE_WHSK_H
#define CORE_WHSK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/crypt.h"
#include "base/secret.h"

#define WHSK_PREFIX "whsk_"
#define WHSK_PUBLIC_PREFIX "whpk_"
#define WHSK_PUBLIC_SIZE (5 + 4 * ((CRYPT_ED25519_SIZE + 2) / 3) + 1)

/* The pair that random bytes, which are its seed, make. */
void whsk_format(const uint8_t seed[CRYPT_ED25519_SIZE], struct secret *out);

/* False, and seed wiped, when s is no pair of the form above. */
bool whsk_parse(const struct secret *s, uint8_t seed[CRYPT_ED25519_SIZE]);

/* The key that "whpk_" and its base64 name, with padding or without. */
bool whsk_public_parse(const char *text, uint8_t out[CRYPT_ED25519_SIZE]);

/* Whether a text that stands for a secret is a key of such a pair: the public
 * one is no secret, and no sender makes a MAC with either. */
bool whsk_is_key(const struct secret *s);

/* What a receiver verifies with; false when s is no pair. */
bool whsk_public(const struct secret *s, char out[WHSK_PUBLIC_SIZE]);

#endif
