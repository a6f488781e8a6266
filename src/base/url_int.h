/*
 * url_int - the functions of libcurl that url.c calls
 *
 * libcurl brings some thirty other libraries.  It is loaded when the first URL
 * is parsed (see dynlib.h), and a post has none.
 */
#ifndef BASE_URL_INT_H
#define BASE_URL_INT_H

#include <curl/curl.h>

struct url_curl {
	__typeof__(curl_url) *make;
	__typeof__(curl_url_set) *set;
	__typeof__(curl_url_get) *get;
	__typeof__(curl_url_strerror) *reason;
	__typeof__(curl_url_cleanup) *drop;
	__typeof__(curl_free) *free;
};

/* Loads the library once in a process.  A library that is not there, though
 * the program was built with it, is fatal. */
const struct url_curl *url_curl_get(void);

#endif
