#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/xalloc.h"
#include "core/http.h"
#include "core/sigtry_form.h"

#define FIELDS_MAX 1000

/* One decoded field: the name, a NUL, the value. */
struct field {
	char *text;
	const char *value;
};

static int
compare(const void *a, const void *b)
{
	const struct field *x = a, *y = b;
	int order = strcmp(x->text, y->text);

	return order != 0 ? order : strcmp(x->value, y->value);
}

/* False where the pair cannot be decoded. */
static bool
take(const struct http_pair *pair, struct field *f)
{
	size_t namesz = pair->namesz + 1, valuesz = pair->valuesz + 1;
	char *value;

	f->text = xmalloc(namesz + valuesz);
	if (!http_decode(pair->name, pair->namesz, true, f->text, namesz)) {
		free(f->text);
		return false;
	}
	value = f->text + strlen(f->text) + 1;
	f->value = value;
	if (!http_decode(pair->value, pair->valuesz, true, value, valuesz)) {
		free(f->text);
		return false;
	}
	return true;
}

void
sigtry_form(const char *body, size_t n, struct buf *out)
{
	struct field *v;
	struct http_pair pair;
	size_t i, count = 0;
	bool ok = memchr(body, '=', n) != NULL && strlen(body) == n;

	buf_clear(out);
	v = xcalloc(FIELDS_MAX, sizeof(*v));
	while (ok && http_query_next(&body, &pair)) {
		ok = count < FIELDS_MAX && take(&pair, &v[count]);
		count += ok;
	}
	qsort(v, count, sizeof(*v), compare);
	for (i = 0; i < count; i++) {
		if (ok) {
			buf_add_str(out, v[i].text);
			buf_add_str(out, v[i].value);
		}
		free(v[i].text);
	}
	free(v);
}
