#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "core/jsonptr.h"
#include "core/match.h"
#include "core/source.h"

static void
source_fini(struct source *src)
{
	size_t i;

	free(src->name);
	strlist_fini(&src->paths);
	for (i = 0; i < src->nsecrets; i++)
		secret_fini(&src->secrets[i]);
	free(src->secrets);
	free(src->public_keys);
	strlist_fini(&src->events);
	strlist_fini(&src->teams);
	strlist_fini(&src->content_types);
	free(src->hmac.header);
	free(src->hmac.prefix);
	free(src->hmac.template);
	free(src->hmac.timestamp_header);
	free(src->facts.id_header);
	free(src->facts.event_header);
	for (i = 0; i < SOURCE_POINTERS; i++)
		free(src->facts.pointers[i]);
	jsonptr_set_free(src->facts.set);
	for (i = 0; i < src->nwindows; i++)
		free(src->windows[i].pattern);
	free(src->windows);
}

void
sources_fini(struct sources *l)
{
	size_t i;

	for (i = 0; i < l->n; i++)
		source_fini(&l->v[i]);
	free(l->v);
	l->v = NULL;
	l->n = 0;
}

const char *
source_digest_name(enum crypt_digest d)
{
	return d == CRYPT_SHA1  ? "sha1"
	    : d == CRYPT_SHA256 ? "sha256"
				: "sha512";
}

const char *
source_encoding_name(enum source_encoding e)
{
	return e == SOURCE_HEX ? "hex" : "base64";
}

const char *
source_pointer_name(enum source_pointer p)
{
	static const char *const names[SOURCE_POINTERS] = {
		[SOURCE_ID_POINTER] = "id_pointer",
		[SOURCE_EVENT_POINTER] = "event_pointer",
		[SOURCE_ACTION_POINTER] = "action_pointer",
		[SOURCE_REPOSITORY_POINTER] = "repository_pointer",
	};

	return names[p];
}

int64_t
source_window_ms(const struct source *src, const char *type, const char *action)
{
	int64_t ms = src->replay_window_ms;
	size_t i, n, longest = 0;

	for (i = 0; i < src->nwindows; i++) {
		n = strlen(src->windows[i].pattern);
		if (n > longest &&
		    match_pattern(src->windows[i].pattern, type, action)) {
			longest = n;
			ms = src->windows[i].ms;
		}
	}
	return ms;
}

int64_t
source_memory_ms(const struct source *src)
{
	int64_t ms = src->replay_window_ms;
	size_t i;

	for (i = 0; i < src->nwindows; i++)
		if (src->windows[i].ms > ms)
			ms = src->windows[i].ms;
	return ms;
}

const struct source *
source_find(const struct sources *l, const char *name)
{
	size_t i;

	for (i = 0; i < l->n; i++)
		if (strcmp(l->v[i].name, name) == 0)
			return &l->v[i];
	return NULL;
}

const struct source *
source_find_path(const struct sources *l, const char *path)
{
	static const char *const prefixes[] = { "/hooks/", "/api/webhooks/" };
	const struct source *src;
	size_t i, n;

	for (i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
		n = strlen(prefixes[i]);
		if (strncmp(path, prefixes[i], n) != 0)
			continue;
		src = source_find(l, path + n);
		if (src != NULL)
			return src;
	}
	for (i = 0; i < l->n; i++)
		if (strlist_has(&l->v[i].paths, path))
			return &l->v[i];
	return NULL;
}
