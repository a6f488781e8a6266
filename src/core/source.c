#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "core/jsonptr.h"
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
