/*
 * reply - from what happened to what is answered
 *
 * The one table from code to status, problem documents (RFC 9457), and the
 * response's way onto the connection.  Any thread.
 */
#ifndef FRONT_REPLY_H
#define FRONT_REPLY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

struct http_conn;
struct http_resp;

/* An id for a request: unlike any of another process, and in order within
 * this one. */
#define REPLY_ID_SIZE 34
void reply_make_id(char out[REPLY_ID_SIZE]);

/* 200 for RC_OK. */
int reply_status(enum rc rc);

/* "Not Found"; "Error" for a status that is not ours. */
const char *reply_title(int status);

/* A problem in place of whatever resp held.  code names it for programs,
 * NULL: after the status; detail is for people, NULL: none. */
void reply_problem(struct http_resp *resp, const char *request_id, int status,
    const char *code, const char *detail);

/* The problem that a code makes.  What is wrong with us is not told. */
void reply_failure(struct http_resp *resp, const char *request_id, enum rc rc,
    const struct err *e);

/* 503 for what may have been done or not, and would be done twice if it came
 * again.  With delivery_id, the same request with that member is safe. */
void reply_unsure(struct http_resp *resp, const char *request_id,
    const char *delivery_id);

/* 422 with each field that is wrong. */
struct reply_field {
	const char *field;
	const char *message;
};
void reply_invalid(struct http_resp *resp, const char *request_id,
    const struct reply_field *fields, size_t n);

/* Writes status, headers, and the body unless head_only, which may take the
 * body's memory.  RC_PEER: nobody reads it. */
enum rc reply_send(struct http_conn *conn, struct http_resp *resp,
    const char *request_id, bool head_only, struct err *e);

#endif
