#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/crypt.h"
#include "base/secret.h"
#include "base/xalloc.h"

void
secret_fini(struct secret *s)
{
	if (s->bytes != NULL)
		crypt_wipe(s->bytes, s->size);
	free(s->bytes);
	s->bytes = NULL;
	s->size = 0;
}

void
secret_put(struct secret *s, const void *bytes, size_t size)
{
	char *copy = xmemdup0(bytes, size);

	secret_fini(s);
	s->bytes = copy;
	s->size = size;
}

void
secret_put_str(struct secret *s, const char *text)
{
	secret_put(s, text, strlen(text));
}

bool
secret_is_set(const struct secret *s)
{
	return s->size > 0;
}

bool
secret_is_equal(const struct secret *s, const void *bytes, size_t size)
{
	return s->size == size && crypt_is_equal(s->bytes, bytes, size);
}
