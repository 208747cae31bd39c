/*
 * base64: bytes in the URL-safe alphabet of RFC 4648, section 5.
 */
#ifndef PGW_BASE64_H
#define PGW_BASE64_H

#include "arena.h"
#include "buffer.h"
#include "error.h"
#include "slice.h"

/* Appends the encoded bytes, without padding. 0, or -1 with errno. */
int base64_append(struct buffer *out, struct slice bytes);

/* Decodes as Go's RawURLEncoding does, which the upstream uses, after the padding was cut off: line ends are skipped,
 * bits left over need not be zero. The bytes live in the arena. 0, or -1 with ERROR_SYNTAX or ERROR_MEMORY. */
int base64_decode(struct arena *arena, struct slice encoded, struct slice *bytes, struct error *error);

#endif
