/*
 * utf8 - characters of outside text
 *
 * UTF-8 as Unicode defines it: no overlong form, no surrogate, nothing over
 * U+10FFFF.  Pure; any thread.
 */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>

#define UTF8_QUOTED_MAX 6

/* The size in bytes of the character at p, where n bytes can be read; 0 when
 * it is not valid. */
size_t utf8_size(const char *p, size_t n);

bool utf8_is_valid(const char *p, size_t n);

/*
 * Writes the character at p to out as it stands inside a JSON string, *outsz
 * bytes without a NUL.  Control characters, the C1 range, line separators
 * and the marks that change the direction of text are escaped, so that they
 * neither break a log line or a terminal nor disguise a text; a byte that is not UTF-8 becomes U+FFFD.  Returns the number of
 * bytes read from p; n is at least 1.
 */
size_t utf8_quote(const char *p, size_t n, char out[UTF8_QUOTED_MAX],
    size_t *outsz);

#endif
