#include "config.h"

#include <arpa/inet.h>
#include <string.h>

#include "base/crypt.h"
#include "front/signin.h"

void
signin_init(struct signin *s)
{
	memset(s, 0, sizeof(*s));
	pthread_mutex_init(&s->lock, NULL);
	crypt_random(&s->salt, sizeof(s->salt));
}

void
signin_fini(struct signin *s)
{
	pthread_mutex_destroy(&s->lock);
}

/* What counts as one peer: an address, or of IPv6 the /64 that a site has. */
static uint64_t
key_of(const struct signin *s, const char *address)
{
	uint8_t hash[CRYPT_SHA256_SIZE], bytes[sizeof(s->salt) + 64] = { 0 };
	uint8_t *peer = bytes + sizeof(s->salt);
	struct in6_addr six;
	uint64_t key;

	memcpy(bytes, &s->salt, sizeof(s->salt));
	if (address != NULL && inet_pton(AF_INET6, address, &six) == 1)
		memcpy(peer, &six, sizeof(six) / 2);
	else if (address != NULL)
		memcpy(peer, address, strnlen(address, 63));
	crypt_sha256(bytes, sizeof(bytes), hash);
	memcpy(&key, hash, sizeof(key));
	return key == 0 ? 1 : key;
}

/* Returns the seconds to wait, 0 within the limit. */
static unsigned int
count(struct signin_count *c, uint64_t key, unsigned int limit, int64_t now_ms)
{
	if (c->key != key || now_ms >= c->until_ms)
		*c = (struct signin_count){ .key = key,
			.until_ms = now_ms + SIGNIN_WINDOW_MS };
	if (c->failed < limit) {
		c->failed++;
		return 0;
	}
	return (unsigned int)((c->until_ms - now_ms + 999) / 1000);
}

unsigned int
signin_failed(struct signin *s, const char *address, int64_t now_ms)
{
	uint64_t key = key_of(s, address);
	unsigned int wait, wait_all;

	pthread_mutex_lock(&s->lock);
	wait =
	    count(&s->v[key % SIGNIN_PLACES], key, SIGNIN_PER_ADDRESS, now_ms);
	wait_all = count(&s->all, 1, SIGNIN_IN_ALL, now_ms);
	pthread_mutex_unlock(&s->lock);
	return wait > wait_all ? wait : wait_all;
}
