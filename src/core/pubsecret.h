/*
 * pubsecret - secrets that everybody can read somewhere
 *
 * The one list of secrets that stand in documents: our own files, the
 * documents of older systems, and the examples of vendors and of
 * specifications.  A secret of a source or of a webhook that is on it
 * proves nothing.  Pure.
 */
#ifndef CORE_PUBSECRET_H
#define CORE_PUBSECRET_H

#include <stdbool.h>

#include "base/secret.h"

/* On the list, whatever its case, with or without "v1," and "whsec_", with
 * "_", "." or a space for "-"; or made of the words of a placeholder, such
 * as "your-webhook-secret-here". */
bool pubsecret_has(const struct secret *s);

#endif
