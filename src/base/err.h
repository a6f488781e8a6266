/*
 * err - return codes and the error object
 *
 * A function that can fail returns an enum rc and takes a struct err as its
 * last parameter.  The code tells the caller what it can do; the text tells
 * the person who reads the log what happened.  Pure; any thread.
 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

enum rc {
	RC_OK,
	RC_INVALID,  /* the input is wrong; the same input fails again */
	RC_DENIED,   /* the caller may not */
	RC_NOTFOUND, /* there is no such thing */
	RC_EXISTS,   /* it is there already */
	RC_TOOBIG,   /* over a limit */
	RC_BUSY,     /* not now; trying again later is safe */
	RC_PEER,     /* the other side failed or broke the protocol */
	RC_SYSTEM    /* the disk, the memory or the kernel failed us */
};

/* Lives on the stack of the function that will report it.  Its contents are
 * defined only after a code other than RC_OK. */
struct err {
	enum rc rc;
	char text[256];
};

/* Both return the code, so that a failing branch is a single statement. */
enum rc err_set(struct err *e, enum rc rc, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
enum rc err_prefix(struct err *e, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* err_set() followed by ": " and the system's text for errno_value. */
enum rc err_errno(struct err *e, enum rc rc, int errno_value, const char *fmt,
    ...) __attribute__((format(printf, 4, 5)));

/* The code's name in lower case, "invalid"; never NULL. */
const char *err_name(enum rc rc);

/* The sysexits(3) status with which a program ends on this code. */
int err_exit_status(enum rc rc);

#endif
