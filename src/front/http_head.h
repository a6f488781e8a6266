/*
 * http_head - the head of a FastCGI request, judged before libfcgi sees it
 *
 * libfcgi reads a request's parameters inside its accept, as many as come
 * and for as long as it takes.  So the records are looked at first where
 * they lie, in the socket's buffer, and only a head that is whole, of known
 * form and within bounds is handed on.  Pure.
 */
#ifndef FRONT_HTTP_HEAD_H
#define FRONT_HTTP_HEAD_H

#include <stddef.h>
#include <stdint.h>

struct buf;

#define HTTP_HEAD_PARAMS_MAX (256u << 10)
/* With the records' own headers, however thinly the parameters are cut. */
#define HTTP_HEAD_SIZE_MAX (2 * HTTP_HEAD_PARAMS_MAX)

enum http_head_state {
	HTTP_HEAD_PART,  /* good so far, more has to come */
	HTTP_HEAD_WHOLE, /* libfcgi may have it */
	HTTP_HEAD_BAD    /* refuse it: see status */
};

struct http_head {
	uint16_t request_id; /* 0 until the request has begun */
	int status;          /* of a bad one: 400, 431, or 0 to just close */
};

/* p holds the first n bytes that the peer has sent. */
enum http_head_state http_head_scan(const uint8_t *p, size_t n,
    struct http_head *out);

/* The records of a whole answer to such a request, added to out.  text is
 * what a CGI program would write, at most 60,000 bytes. */
void http_head_answer(const struct http_head *head, const char *text,
    struct buf *out);

#endif
