/*
 * decompress: the body of a request, whatever Content-Encoding it came in.
 *
 *	struct decompress *decompress = decompress_new(ENCODING_GZIP, &error);
 *	decompress_feed(decompress, piece, &body, &error);	for each piece, in order
 *	decompress_finish(decompress, &error);			at the end of the input
 *	decompress_free(decompress);
 *
 * The only decompressor of the project. gzip (RFC 1952, also several members in a row, checksums and length checked) by
 * ISA-L; snappy in its framing format (framing_format.txt: stream identifier, compressed and uncompressed chunks with
 * masked CRC-32C, padding and skippable chunks) by libsnappy. What is taken is what the upstream takes through Go's
 * compress/gzip and golang/snappy: anything but another member behind a gzip member is an error, zeros too; no input at
 * all is an error in gzip and an empty body in snappy.
 *
 * After an error nothing more may be fed, and what was appended so far is worth nothing.
 */
#ifndef PGW_DECOMPRESS_H
#define PGW_DECOMPRESS_H

#include "buffer.h"
#include "error.h"
#include "slice.h"

enum encoding {
	ENCODING_IDENTITY,
	ENCODING_GZIP,
	ENCODING_SNAPPY,
};

/* So much may come out for each byte that went in, above the first megabyte: what a real exposition reaches is below
 * 100. A bomb is ERROR_TOO_LARGE. */
#define DECOMPRESS_RATIO_MAX 1000

/* So many bytes more than the maximum of the body may go in: what stands around data that does not compress. Empty
 * members and chunks to skip can't go on for ever. */
#define DECOMPRESS_OVERHEAD_MAX (1u << 20)

struct decompress;

/* The coding of that name in a Content-Encoding header ("", "identity", "gzip", "x-gzip", "snappy", in any case). 0, or
 * -1 for any other. */
int encoding_parse(struct slice name, enum encoding *encoding);

/* NULL with ERROR_MEMORY. */
struct decompress *decompress_new(enum encoding encoding, struct error *error);

/* How many bytes of memory each takes, of any coding. */
size_t decompress_size(void);

/* NULL is fine. */
void decompress_free(struct decompress *decompress);

/* Appends what comes out of a piece of any size to `out`, whose maximum is the limit of the body. 0, or -1 with
 * ERROR_SYNTAX (not of that coding, damaged), ERROR_TOO_LARGE (the buffer's maximum, the ratio) or ERROR_MEMORY. */
int decompress_feed(struct decompress *decompress, struct slice piece, struct buffer *out, struct error *error);

/* Whether the input ended where its coding says. 0, or -1 with ERROR_SYNTAX. */
int decompress_finish(struct decompress *decompress, struct error *error);

#endif
