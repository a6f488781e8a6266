#include "config.h"

#include <stdio.h>
#include <string.h>

#include "front/resend.h"

void
resend_init(struct resend *r)
{
	memset(r, 0, sizeof(*r));
	(void)pthread_mutex_init(&r->lock, NULL);
}

void
resend_fini(struct resend *r)
{
	(void)pthread_mutex_destroy(&r->lock);
}

static void
digest_of(const struct resend_request *req, uint8_t out[CRYPT_SHA256_SIZE])
{
	uint8_t both[2 * CRYPT_SHA256_SIZE];

	crypt_sha256(req->user, strlen(req->user), both);
	crypt_sha256(req->body, req->bodysz, both + CRYPT_SHA256_SIZE);
	crypt_sha256(both, sizeof(both), out);
}

/* Nearly always, so that a request costs no digest. */
static bool
is_empty(struct resend *r, int64_t now_ms)
{
	bool is;

	(void)pthread_mutex_lock(&r->lock);
	is = now_ms >= r->last_end_ms;
	(void)pthread_mutex_unlock(&r->lock);
	return is;
}

bool
resend_take(struct resend *r, const struct resend_request *req, int64_t now_ms,
    char id[ID_UUID_SIZE])
{
	uint8_t digest[CRYPT_SHA256_SIZE];
	bool found = false;
	size_t i, at;

	if (is_empty(r, now_ms))
		return false;
	digest_of(req, digest);
	(void)pthread_mutex_lock(&r->lock);
	for (i = 0; i < RESEND_KEPT && !found; i++) {
		at = (r->next + i) % RESEND_KEPT;
		found = r->v[at].end_ms > now_ms &&
		    memcmp(r->v[at].digest, digest, sizeof(digest)) == 0;
		if (found) {
			memcpy(id, r->v[at].id, ID_UUID_SIZE);
			r->v[at].end_ms = 0;
		}
	}
	(void)pthread_mutex_unlock(&r->lock);
	return found;
}

void
resend_put(struct resend *r, const struct resend_request *req, const char *id,
    int64_t now_ms)
{
	uint8_t digest[CRYPT_SHA256_SIZE];
	size_t at;

	digest_of(req, digest);
	(void)pthread_mutex_lock(&r->lock);
	at = r->next;
	memcpy(r->v[at].digest, digest, sizeof(digest));
	(void)snprintf(r->v[at].id, ID_UUID_SIZE, "%s", id);
	r->v[at].end_ms = r->last_end_ms = now_ms + RESEND_MS;
	r->next = (at + 1) % RESEND_KEPT;
	(void)pthread_mutex_unlock(&r->lock);
}
