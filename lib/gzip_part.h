/*
 * gzip_part: pieces of a gzip member that are compressed apart and put together in any order.
 *
 *	struct gzip_compressor *compressor = gzip_compressor_new(&error);
 *	struct gzip_part *part = gzip_part_new(compressor, text, &error);	for each part
 *	struct gzip_member member = {0};
 *	...write GZIP_HEADER
 *	gzip_member_add(&member, part);		and write part->data, for each part
 *	gzip_member_end(&member, end);		and write that
 *
 * A part is raw deflate (RFC 1951) that ends at a byte and refers to nothing before it. A member of many parts is as
 * valid as any other (RFC 1952): its checksum is computed from those of the parts.
 */
#ifndef PGW_GZIP_PART_H
#define PGW_GZIP_PART_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"
#include "slice.h"

/* The longest text of a part. */
#define GZIP_PART_TEXT_MAX ((size_t)1 << 30)

#define GZIP_HEADER	 "\x1f\x8b\x08\0\0\0\0\0\0\xff"
#define GZIP_HEADER_SIZE (sizeof(GZIP_HEADER) - 1)

/* An empty last block, the checksum and the length. */
#define GZIP_END_SIZE 10

struct gzip_part {
	uint32_t checksum; /* CRC-32 of the text */
	uint32_t shift;	   /* what moves another checksum past this text */
	size_t text_len;
	size_t len; /* of data */
	char data[];
};

/* What the parts of a member come to; one of zeros has none. */
struct gzip_member {
	uint32_t checksum;
	uint32_t text_len; /* modulo 2^32, as the format has it */
	size_t len;	   /* of the parts as compressed */
};

struct gzip_compressor;

/* Memory to work in, for any number of parts. NULL with ERROR_MEMORY. */
struct gzip_compressor *gzip_compressor_new(struct error *error);
void gzip_compressor_free(struct gzip_compressor *compressor);

/* Parts are small, and a Huffman code made for each of them would cost more than compressing with it. So the code of
 * all parts to come is made from samples of the text, some 64 kB of it: gzip_compressor_learn() takes those since the
 * last time. It is due before the first part, and after so many bytes of text have been compressed. */
bool gzip_compressor_due(const struct gzip_compressor *compressor, size_t text_len);
void gzip_compressor_sample(struct gzip_compressor *compressor, struct slice text);
void gzip_compressor_learn(struct gzip_compressor *compressor);

/* Compresses a text of at most GZIP_PART_TEXT_MAX bytes. The caller frees the part with free(3). NULL with
 * ERROR_MEMORY. */
struct gzip_part *gzip_part_new(struct gzip_compressor *compressor, struct slice text, struct error *error);

void gzip_member_add(struct gzip_member *member, const struct gzip_part *part);
void gzip_member_end(const struct gzip_member *member, char end[GZIP_END_SIZE]);

#endif
