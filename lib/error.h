/*
 * error: what went wrong, where, and what kind of failure that is.
 *
 * The library fails in one way: a function returns -1 (or NULL) and has filled the caller's struct error, once,
 * where the cause is known. Nothing is printed and nobody exits below cmd/. A caller that adds where it happened
 * uses error_prefix(). A struct error needs no release.
 *
 *	struct error error;
 *	if (spool_open(&spool, path, &options, &error) == -1)
 *		errx(error_exit_status(error.kind), "%s", error.message);
 */
#ifndef PGW_ERROR_H
#define PGW_ERROR_H

#include <stddef.h>

enum error_kind {
	ERROR_USAGE,	    /* an option or an argument is wrong: EX_USAGE, HTTP 400 */
	ERROR_SYNTAX,	    /* an exposition or a grouping key does not parse: EX_DATAERR, 400 */
	ERROR_INCONSISTENT, /* it parses, but a rule refuses it: EX_DATAERR, 400 */
	ERROR_TOO_LARGE,    /* over a limit: EX_DATAERR, 413 */
	ERROR_REFUSED,	    /* the gateway answered 4xx: EX_DATAERR */
	ERROR_NO_INPUT,	    /* input can't be read: EX_NOINPUT */
	ERROR_UNAVAILABLE,  /* the gateway can't be reached or answered 5xx: EX_UNAVAILABLE */
	ERROR_CREATE,	    /* the spool can't be created or opened: EX_CANTCREAT, 500 */
	ERROR_IO,	    /* reading or writing the spool failed: EX_IOERR, 500 */
	ERROR_FULL,	    /* disk, quota or the spool's own limits are exhausted: EX_TEMPFAIL, 507 */
	ERROR_BUSY,	    /* somebody else holds the spool's lock: EX_TEMPFAIL, 503 */
	ERROR_PERMISSION,   /* not permitted: EX_NOPERM, 500 (the gateway's 401 and 403 on the client's side) */
	ERROR_MEMORY,	    /* out of memory: EX_OSERR, 500 */
};

#define ERROR_MESSAGE_SIZE 1024

struct error {
	enum error_kind kind;
	unsigned line;			  /* in the input, from 1; 0 where there is none */
	unsigned column;		  /* byte in that line, from 1; 0 where there is none */
	char message[ERROR_MESSAGE_SIZE]; /* one line without control characters; cut with "..." when too long */
};

/* Fills *error, without a place, and returns -1, so that a caller can `return error_set(...)`. */
int error_set(struct error *error, enum error_kind kind, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* The same with a place in the input. */
int error_set_at(struct error *error, enum error_kind kind, unsigned line, unsigned column, const char *format, ...)
	__attribute__((format(printf, 5, 6)));

/* Fills *error from errno: the text of errno follows the formatted one and a colon. The kind is ERROR_FULL for
 * ENOSPC, EDQUOT and EFBIG, ERROR_PERMISSION for EACCES, EPERM and EROFS, ERROR_MEMORY for ENOMEM, otherwise
 * `otherwise`. Returns -1. */
int error_set_errno(struct error *error, enum error_kind otherwise, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Fills *error where a buffer (buffer.h) did not grow: ERROR_TOO_LARGE with the text where errno is EMSGSIZE, otherwise
 * out of memory. Returns -1. */
int error_set_growth(struct error *error, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Out of memory. Returns -1. */
int error_set_memory(struct error *error);

/* Puts text before the message. Returns -1. */
int error_prefix(struct error *error, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The exit status of sysexits.h for a kind. */
int error_exit_status(enum error_kind kind);

/* The HTTP status that answers a request which failed like this. */
unsigned error_http_status(enum error_kind kind);

#endif
