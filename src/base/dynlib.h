/*
 * dynlib - libraries that are loaded when they are first needed
 *
 * A CGI program starts anew for each request, and loading a large library
 * takes longer than all that it does for one post.  So libcurl, libcrypto
 * and json-c are loaded by the code that calls them, the first time that it
 * does.
 */
#ifndef BASE_DYNLIB_H
#define BASE_DYNLIB_H

#include <stddef.h>

/*
 * Loads the library of this name and writes the address of each of the n
 * functions into into, which is an array of n pointers to functions, or a
 * struct of them.  A library or a function that is not there, though the
 * program was built with it, is fatal.  The library stays.
 */
void dynlib_load(const char *soname, const char *const *names, size_t n,
    void *into);

#endif
