#include "config.h"

#include <string.h>
#include <unistd.h>

#include "base/crypt.h"
#include "base/xalloc.h"

#define RANDOM_MAX 256 /* getentropy() gives no more at a time */

bool
crypt_is_equal(const void *a, const void *b, size_t n)
{
	const volatile uint8_t *x = a, *y = b;
	uint8_t differs = 0;
	size_t i;

	for (i = 0; i < n; i++)
		differs |= x[i] ^ y[i];
	return differs == 0;
}

void
crypt_random(void *p, size_t n)
{
	uint8_t *at = p;
	size_t part;

	for (; n > 0; n -= part, at += part) {
		part = n < RANDOM_MAX ? n : RANDOM_MAX;
		if (getentropy(at, part) != 0)
			fatal("the system has no random bytes");
	}
}

uint32_t
crypt_random_u32(void)
{
	uint32_t value;

	crypt_random(&value, sizeof(value));
	return value;
}

void
crypt_wipe(void *p, size_t n)
{
	if (n > 0)
		explicit_bzero(p, n);
}
