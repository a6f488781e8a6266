/*
 * token - the form and the roles of an API token
 *
 * A token is "hls_", 64 hex digits of 32 random bytes, and 8 check digits.
 * The check digits reveal a mistyped token without a query to the store.  The
 * store keeps only the SHA-256 of the whole text.  Pure.
 */
#ifndef CORE_TOKEN_H
#define CORE_TOKEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TOKEN_RANDOM_SIZE 32
#define TOKEN_HASH_SIZE 32
#define TOKEN_TEXT_SIZE 77 /* with its NUL */
#define TOKEN_NAME_MAX 64

void token_format(const uint8_t random[TOKEN_RANDOM_SIZE],
    char out[TOKEN_TEXT_SIZE]);

/* True when text has the form and its check digits fit; hash then identifies
 * the token in the store. */
bool token_parse(const char *text, uint8_t hash[TOKEN_HASH_SIZE]);

/* 1-64 of A-Za-z0-9._- and "@". */
bool token_name_is_valid(const char *text);

enum token_role {
	TOKEN_VIEWER,
	TOKEN_PUBLISHER,
	TOKEN_OPERATOR,
	TOKEN_REVIEWER,
	TOKEN_LEAD_REVIEWER,
	TOKEN_ADMIN
};
#define TOKEN_ROLES 6

enum token_right {
	TOKEN_READ,
	TOKEN_PUBLISH,   /* events */
	TOKEN_OPERATE,   /* webhooks and the queue */
	TOKEN_REVIEW,    /* decide reviews */
	TOKEN_ADMINISTER /* settings, headers that carry authority */
};
#define TOKEN_RIGHTS 5

const char *token_role_name(enum token_role r); /* "lead_reviewer" */
bool token_role_parse(const char *text, enum token_role *out);
bool token_role_may(enum token_role r, enum token_right right);

#endif
