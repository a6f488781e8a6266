#include "config.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/conf_int.h"
#include "base/crypt.h"

void
conf_node_free(struct conf_node *node)
{
	struct conf_node *child, *next;

	if (node == NULL)
		return;
	for (child = node->first; child != NULL; child = next) {
		next = child->next;
		conf_node_free(child);
	}
	if (node->text != NULL)
		crypt_wipe(node->text, strlen(node->text));
	free(node->key);
	free(node->text);
	free(node->fault);
	free(node);
}

/* Keys come from the file, and the message goes to a terminal. */
static void
clean(char *text)
{
	for (; *text != '\0'; text++)
		if (*text < ' ' || *text > '~')
			*text = '?';
}

enum rc
conf_complain(const struct conf_reader *r, size_t line, const char *path,
    const char *fmt, ...)
{
	char what[sizeof(r->e->text)], where[CONF_PATH_SIZE];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	(void)snprintf(where, sizeof(where), "%s%s", path,
	    *path == '\0' ? "" : ": ");
	clean(where);
	return err_set(r->e, RC_INVALID, "%s:%zu: %s%s", r->name, line, where,
	    what);
}
