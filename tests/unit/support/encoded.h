/*
 * encoded: bodies as clients encode them, made without the library, and how its decoder is fed with them.
 */
#ifndef PGW_TEST_ENCODED_H
#define PGW_TEST_ENCODED_H

#include <stdint.h>

#include "buffer.h"
#include "decompress.h"

#define BODY_MAX (64u << 20)

#define BYTES(...) (const unsigned char[]){__VA_ARGS__}, sizeof((const unsigned char[]){__VA_ARGS__})

/* How long the pieces of a body may be. */
#define PIECE_SIZES 7
extern const size_t piece_sizes[PIECE_SIZES];

/* Feeds the input in pieces of this size, each on the heap without a byte more, so that a sanitizer sees a read past
 * its end. 0, or -1 with the error. */
int decompress(enum encoding encoding, struct slice input, size_t piece_size, struct buffer *out, struct error *error);

/* What comes of an input in pieces of all sizes. */
void assert_becomes(enum encoding encoding, struct slice input, struct slice expected);
void assert_fails(enum encoding encoding, struct slice input, enum error_kind kind, const char *message);

/* Lines that compress like an exposition, with enough of what does not. */
void make_exposition(struct buffer *text, size_t lines);

/* CRC-32 by its definition (RFC 1952, section 8), or CRC-32C: an independent witness for the checksums. */
#define CRC_32	0xedb88320u
#define CRC_32C 0x82f63b78u
uint32_t checksum(uint32_t polynomial, const void *data, size_t len);

/* What the program gzip made of a text. */
#define GZIP_HEADER_SIZE  10
#define GZIP_TRAILER_SIZE 8
#define GZIP_PROGRAM_SIZE 50
extern const unsigned char gzip_program[GZIP_PROGRAM_SIZE];
extern const char gzip_program_text[];
struct slice gzip_program_slice(void);

/* A snappy stream: its start, and chunks of any type, with data as it is, and with data that is compressed. */
#define STREAM_IDENTIFIER_SIZE 10
extern const unsigned char stream_identifier[STREAM_IDENTIFIER_SIZE];
void start_snappy(struct buffer *out);
void append_chunk(struct buffer *out, unsigned char type, const void *data, size_t len);
void append_uncompressed(struct buffer *out, const char *data, size_t len);
void append_compressed(struct buffer *out, const char *data, size_t len);

#endif
