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

/* The bytes of the character at p, of which n can be read; 0 when it is
 * not valid. */
size_t utf8_size(const char *p, size_t n);

bool utf8_is_valid(const char *p, size_t n);

/*
 * The character at p as it stands inside a JSON string; *outsz of out are
 * written, without a NUL.  Control characters, the C1 range and the line
 * separators are escaped, so that neither a log line nor a terminal is
 * broken by them; a byte that is not UTF-8 becomes U+FFFD.  Returns how many
 * bytes were used; n is at least 1.
 */
size_t utf8_quote(const char *p, size_t n, char out[UTF8_QUOTED_MAX],
    size_t *outsz);

#endif
