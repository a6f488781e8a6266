#include "config.h"

#include <endian.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/crypt.h"
#include "base/jsscan.h"
#include "base/jsscan_int.h"
#include "base/xalloc.h"

static uint64_t process_key[2];
static pthread_once_t process_key_once = PTHREAD_ONCE_INIT;

static void
make_process_key(void)
{
	crypt_random(process_key, sizeof(process_key));
}

static inline uint64_t
rotate(uint64_t x, int by)
{
	return x << by | x >> (64 - by);
}

static inline void
sip_round(uint64_t v[4])
{
	v[0] += v[1];
	v[2] += v[3];
	v[1] = rotate(v[1], 13) ^ v[0];
	v[3] = rotate(v[3], 16) ^ v[2];
	v[0] = rotate(v[0], 32);
	v[2] += v[1];
	v[0] += v[3];
	v[1] = rotate(v[1], 17) ^ v[2];
	v[3] = rotate(v[3], 21) ^ v[0];
	v[2] = rotate(v[2], 32);
}

/* SipHash-1-3: nobody who does not know the key can make names collide. */
static uint64_t
hash_of(const char *p, size_t n)
{
	uint64_t v[4] = { process_key[0] ^ UINT64_C(0x736f6d6570736575),
		process_key[1] ^ UINT64_C(0x646f72616e646f6d),
		process_key[0] ^ UINT64_C(0x6c7967656e657261),
		process_key[1] ^ UINT64_C(0x7465646279746573) };
	uint64_t word, last = (uint64_t)n << 56;

	for (; n >= 8; p += 8, n -= 8) {
		memcpy(&word, p, sizeof(word));
		word = le64toh(word);
		v[3] ^= word;
		sip_round(v);
		v[0] ^= word;
	}
	while (n > 0) {
		n--;
		last |= (uint64_t)(unsigned char)p[n] << (8 * n);
	}
	v[3] ^= last;
	sip_round(v);
	v[0] ^= last;
	v[2] ^= 0xff;
	sip_round(v);
	sip_round(v);
	sip_round(v);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

void
jsscan_keys_init(struct jsscan_keys *k)
{
	(void)pthread_once(&process_key_once, make_process_key);
	k->v = k->v_here;
	k->n = 0;
	k->cap = JSSCAN_KEYS_HERE;
	k->base = 0;
	k->table = k->table_here;
	memset(k->table_here, 0, sizeof(k->table_here));
}

void
jsscan_keys_fini(struct jsscan_keys *k)
{
	if (k->v == k->v_here)
		return;
	free(k->v);
	free(k->table);
}

size_t
jsscan_keys_open(struct jsscan_keys *k)
{
	size_t outer = k->base;

	k->base = k->n;
	return outer;
}

void
jsscan_keys_close(struct jsscan_keys *k, size_t outer)
{
	while (k->n > k->base)
		k->table[k->v[--k->n].slot] = 0;
	k->base = outer;
}

/* Twice the room.  All keys go in again in their order, so that they can
 * leave in the reverse of it. */
static void
grow(struct jsscan_keys *k)
{
	size_t cap = k->cap * 2, mask = 2 * cap - 1, slot, i;
	struct jsscan_key *v = xreallocarray(NULL, cap, sizeof(*v));
	uint32_t *table = xcalloc(2 * cap, sizeof(*table));

	memcpy(v, k->v, k->n * sizeof(*v));
	for (i = 0; i < k->n; i++) {
		slot = v[i].hash & mask;
		while (table[slot] != 0)
			slot = (slot + 1) & mask;
		table[slot] = (uint32_t)i + 1;
		v[i].slot = (uint32_t)slot;
	}
	jsscan_keys_fini(k);
	k->v = v;
	k->table = table;
	k->cap = cap;
}

/* The decoded key; NULL when it holds a NUL.  free(3) it. */
static char *
decoded(const char *p, size_t n)
{
	char *text = xmalloc(n + 1);

	if (!jsscan_decode(p, n, text, n)) {
		free(text);
		return NULL;
	}
	return text;
}

static bool
is_same(const struct jsscan_key *a, const struct jsscan_key *b)
{
	char *x, *y;
	bool is_equal;

	if (a->hash != b->hash)
		return false;
	if (!a->is_escaped && !b->is_escaped)
		return a->n == b->n && memcmp(a->p, b->p, a->n) == 0;
	x = decoded(a->p, a->n);
	y = decoded(b->p, b->n);
	is_equal = x != NULL && y != NULL && strcmp(x, y) == 0;
	free(x);
	free(y);
	return is_equal;
}

bool
jsscan_keys_add(struct jsscan_keys *k, const char *p, size_t n, bool is_escaped,
    const char **what)
{
	struct jsscan_key *key;
	char *text = NULL;
	size_t mask, slot;

	if (k->n == k->cap)
		grow(k);
	if (is_escaped) {
		text = decoded(p, n);
		if (text == NULL) {
			*what = "a key with a NUL";
			return false;
		}
	}
	key = &k->v[k->n];
	key->p = p;
	key->n = n;
	key->is_escaped = is_escaped;
	/* An inner object's "id" has a chain apart from the outer one's. */
	key->hash =
	    (text != NULL ? hash_of(text, strlen(text)) : hash_of(p, n)) +
	    k->base;
	free(text);

	mask = 2 * k->cap - 1;
	slot = key->hash & mask;
	while (k->table[slot] != 0) {
		if (k->table[slot] > k->base &&
		    is_same(&k->v[k->table[slot] - 1], key)) {
			*what = "a key for the second time";
			return false;
		}
		slot = (slot + 1) & mask;
	}
	k->table[slot] = (uint32_t)++k->n;
	key->slot = (uint32_t)slot;
	return true;
}
