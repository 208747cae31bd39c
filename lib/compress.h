/*
 * compress: gzip for answers and pushes, by ISA-L.
 */
#ifndef PGW_COMPRESS_H
#define PGW_COMPRESS_H

#include "buffer.h"
#include "error.h"
#include "slice.h"

/* Appends the text as one gzip member. 0, or -1 with ERROR_MEMORY, ERROR_TOO_LARGE (the buffer's maximum) or
 * ERROR_UNAVAILABLE (ISA-L is missing) and nothing appended. */
int compress_gzip(struct slice text, struct buffer *out, struct error *error);

#endif
