#include "config.h"

#include <stdbool.h>
#include <string.h>

#include "base/crypt_int.h"

#define BLOCK 64
#define ROUNDS 64
#define SIZE_AT (BLOCK - 8) /* the size in bits ends the last block */

static const uint32_t constants[ROUNDS] = { 0x428a2f98, 0x71374491, 0xb5c0fbcf,
	0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5, 0xd807aa98,
	0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7,
	0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f,
	0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8,
	0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85,
	0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e,
	0x92722c85, 0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819,
	0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116, 0x1e376c08, 0x2748774c,
	0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3, 0x748f82ee,
	0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7,
	0xc67178f2 };

void
crypt_sha256_init(struct crypt_sha256_state *s)
{
	static const uint32_t first[8] = { 0x6a09e667, 0xbb67ae85, 0x3c6ef372,
		0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19 };

	memcpy(s->h, first, sizeof(s->h));
	s->size = 0;
}

static inline uint32_t
rotate(uint32_t x, int by)
{
	return x >> by | x << (32 - by);
}

static inline uint32_t
load_be(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
	    (uint32_t)p[2] << 8 | p[3];
}

static inline void
store_be(uint32_t v, uint8_t *p)
{
	p[0] = (uint8_t)(v >> 24);
	p[1] = (uint8_t)(v >> 16);
	p[2] = (uint8_t)(v >> 8);
	p[3] = (uint8_t)v;
}

/* The message schedule: FIPS 180-4, 6.2.2, step 1. */
static void
spread(const uint8_t block[BLOCK], uint32_t w[ROUNDS])
{
	uint32_t a, b;
	int i;

	for (i = 0; i < 16; i++)
		w[i] = load_be(block + 4 * i);
	for (; i < ROUNDS; i++) {
		a = rotate(w[i - 15], 7) ^ rotate(w[i - 15], 18) ^
		    w[i - 15] >> 3;
		b = rotate(w[i - 2], 17) ^ rotate(w[i - 2], 19) ^
		    w[i - 2] >> 10;
		w[i] = w[i - 16] + a + w[i - 7] + b;
	}
}

/* The rest of 6.2.2; v has the working variables a to h. */
static void
compress(uint32_t h[8], const uint8_t block[BLOCK])
{
	uint32_t w[ROUNDS], v[8], one, two;
	int i;

	spread(block, w);
	memcpy(v, h, sizeof(v));
	for (i = 0; i < ROUNDS; i++) {
		one = v[7] +
		    (rotate(v[4], 6) ^ rotate(v[4], 11) ^ rotate(v[4], 25)) +
		    ((v[4] & v[5]) ^ (~v[4] & v[6])) + constants[i] + w[i];
		two = (rotate(v[0], 2) ^ rotate(v[0], 13) ^ rotate(v[0], 22)) +
		    ((v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]));
		v[7] = v[6];
		v[6] = v[5];
		v[5] = v[4];
		v[4] = v[3] + one;
		v[3] = v[2];
		v[2] = v[1];
		v[1] = v[0];
		v[0] = one + two;
	}
	for (i = 0; i < 8; i++)
		h[i] += v[i];
}

void
crypt_sha256_add(struct crypt_sha256_state *s, const void *p, size_t n)
{
	size_t part, used = (size_t)(s->size % BLOCK);
	const uint8_t *at = p;

	s->size += n;
	while (n > 0) {
		if (used == 0 && n >= BLOCK) {
			part = BLOCK;
			compress(s->h, at);
		} else {
			part = n < BLOCK - used ? n : BLOCK - used;
			memcpy(s->block + used, at, part);
			used += part;
			if (used == BLOCK) {
				compress(s->h, s->block);
				used = 0;
			}
		}
		at += part;
		n -= part;
	}
}

void
crypt_sha256_end(struct crypt_sha256_state *s, uint8_t out[CRYPT_SHA256_SIZE])
{
	uint64_t bits = s->size * 8;
	size_t i, used = (size_t)(s->size % BLOCK);

	s->block[used++] = 0x80;
	if (used > SIZE_AT) {
		memset(s->block + used, 0, BLOCK - used);
		compress(s->h, s->block);
		used = 0;
	}
	memset(s->block + used, 0, SIZE_AT - used);
	store_be((uint32_t)(bits >> 32), s->block + SIZE_AT);
	store_be((uint32_t)bits, s->block + SIZE_AT + 4);
	compress(s->h, s->block);
	for (i = 0; i < 8; i++)
		store_be(s->h[i], out + 4 * i);
	crypt_wipe(s, sizeof(*s));
}
