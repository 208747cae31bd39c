/*
 * percent: percent-encoding, RFC 3986, section 2.1.
 */
#ifndef PGW_PERCENT_H
#define PGW_PERCENT_H

#include "buffer.h"
#include "slice.h"

/* Appends the bytes. Those other than ASCII letters, digits and what stands in `plain` become %XX with upper-case
 * digits. 0, or -1 with errno and the buffer as it was. */
int percent_encode(struct buffer *out, struct slice bytes, const char *plain);

/* Appends the bytes with each %XX decoded, digits of both cases; "+" stays "+". 0, or -1 with EINVAL for a malformed
 * escape, or with what a buffer reports, and the buffer as it was. */
int percent_decode(struct buffer *out, struct slice encoded);

#endif
