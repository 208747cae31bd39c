#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <snappy-c.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compress.h"
#include "decompress.h"

#define BODY_MAX (64u << 20)

#define BYTES(...) (const unsigned char[]){__VA_ARGS__}, sizeof((const unsigned char[]){__VA_ARGS__})

/* Feeds the input in pieces of this size, each on the heap without a byte more, so that a sanitizer sees a read past
 * its end. */
static int decompress(
	enum encoding encoding, struct slice input, size_t piece_size, struct buffer *out, struct error *error)
{
	int status = 0;
	struct decompress *decompress = decompress_new(encoding, error);
	assert_non_null(decompress);
	buffer_clear(out);
	*error = (struct error){0};
	for (size_t i = 0; i < input.len && status == 0; i += piece_size) {
		size_t len = input.len - i < piece_size ? input.len - i : piece_size;
		char *piece = malloc(len);
		assert_non_null(piece);
		memcpy(piece, input.data + i, len);
		status = decompress_feed(decompress, slice_make(piece, len), out, error);
		free(piece);
	}
	if (status == 0)
		status = decompress_finish(decompress, error);
	decompress_free(decompress);
	return status;
}

static const size_t piece_sizes[] = {SIZE_MAX, 65536, 4096, 13, 7, 2, 1};

static void assert_becomes(enum encoding encoding, struct slice input, struct slice expected)
{
	struct buffer out;
	struct error error;
	buffer_init(&out, BODY_MAX);
	for (size_t i = 0; i < sizeof(piece_sizes) / sizeof(piece_sizes[0]); i++) {
		size_t piece_size = piece_sizes[i] < input.len ? piece_sizes[i] : input.len;
		if (decompress(encoding, input, piece_size, &out, &error) == -1)
			fail_msg("in pieces of %zu: %s", piece_size, error.message);
		assert_int_equal(out.len, expected.len);
		assert_true(slice_equal(buffer_slice(&out), expected));
	}
	buffer_release(&out);
}

static void assert_fails(enum encoding encoding, struct slice input, enum error_kind kind, const char *message)
{
	struct buffer out;
	struct error error;
	buffer_init(&out, BODY_MAX);
	for (size_t i = 0; i < sizeof(piece_sizes) / sizeof(piece_sizes[0]); i++) {
		size_t piece_size = piece_sizes[i] < input.len ? piece_sizes[i] : input.len;
		if (decompress(encoding, input, piece_size, &out, &error) == 0)
			fail_msg("taken, but not: %s", message);
		assert_string_equal(error.message, message);
		assert_int_equal(error.kind, kind);
		assert_int_equal(error.line, 0);
	}
	buffer_release(&out);
}

/* Lines that compress like an exposition, with enough of what does not. */
static void make_exposition(struct buffer *text, size_t lines)
{
	uint32_t random = 1;
	buffer_init(text, BODY_MAX);
	for (size_t i = 0; i < lines; i++) {
		random = random * 1664525 + 1013904223;
		assert_int_equal(buffer_printf(text, "metric_%zu{instance=\"db%zu.example.org\",job=\"backup\"} %u\n",
					 i % 20, i / 20, (unsigned)random),
			0);
	}
}

/* ---- names ---- */

static void encodings_have_names(void **state)
{
	static const struct {
		const char *name;
		enum encoding encoding;
	} cases[] = {
		{"", ENCODING_IDENTITY},
		{"identity", ENCODING_IDENTITY},
		{"Identity", ENCODING_IDENTITY},
		{"gzip", ENCODING_GZIP},
		{"GZIP", ENCODING_GZIP},
		{"x-gzip", ENCODING_GZIP},
		{"snappy", ENCODING_SNAPPY},
		{"Snappy", ENCODING_SNAPPY},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		enum encoding encoding = ENCODING_IDENTITY;
		assert_int_equal(encoding_parse(slice_of(cases[i].name), &encoding), 0);
		assert_int_equal(encoding, cases[i].encoding);
	}
	enum encoding encoding;
	assert_int_equal(encoding_parse(slice_make(NULL, 0), &encoding), 0);
	assert_int_equal(encoding, ENCODING_IDENTITY);
}

static void unknown_encodings_are_refused(void **state)
{
	static const char *const names[] = {
		"br", "deflate", "zstd", "compress", "gzip ", "gzi", "gzipp", "gzip, gzip", "snappy\n", "*"};
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		enum encoding encoding = ENCODING_SNAPPY;
		if (encoding_parse(slice_of(names[i]), &encoding) == 0)
			fail_msg("taken: %s", names[i]);
		assert_int_equal(encoding, ENCODING_SNAPPY);
	}
}

static void identity_stays(void **state)
{
	assert_becomes(ENCODING_IDENTITY, slice_of("a 1\n"), slice_of("a 1\n"));
	assert_becomes(ENCODING_IDENTITY, slice_of(""), slice_of(""));
}

/* ---- gzip ---- */

#define GZIP_HEADER_SIZE  10
#define GZIP_TRAILER_SIZE 8

/* printf '# TYPE a gauge\na 1\na{b="c"} 2\n' | gzip -n -9 */
static const unsigned char gzip_program[] = {0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x03, 0x53, 0x56,
	0x08, 0x89, 0x0c, 0x70, 0x55, 0x48, 0x54, 0x48, 0x4f, 0x2c, 0x4d, 0x4f, 0xe5, 0x4a, 0x54, 0x30, 0xe4, 0x4a,
	0xac, 0x4e, 0xb2, 0x55, 0x4a, 0x56, 0xaa, 0x55, 0x30, 0xe2, 0x02, 0x00, 0xc9, 0xbc, 0xe8, 0x75, 0x1e, 0x00,
	0x00, 0x00};

static const char gzip_program_text[] = "# TYPE a gauge\na 1\na{b=\"c\"} 2\n";

static struct slice gzip_program_slice(void)
{
	return slice_make((const char *)gzip_program, sizeof(gzip_program));
}

static void append_program_data(struct buffer *out)
{
	buffer_append(out, gzip_program + GZIP_HEADER_SIZE, sizeof(gzip_program) - GZIP_HEADER_SIZE);
}

/* CRC-32 by its definition (RFC 1952, section 8), or CRC-32C: an independent witness for the checksums. */
static uint32_t checksum(uint32_t polynomial, const void *data, size_t len)
{
	const unsigned char *bytes = data;
	uint32_t crc = 0xffffffff;
	for (size_t i = 0; i < len; i++) {
		crc ^= bytes[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (polynomial & -(crc & 1));
	}
	return ~crc;
}

#define CRC_32	0xedb88320u
#define CRC_32C 0x82f63b78u

static void gzip_from_the_program(void **state)
{
	assert_becomes(ENCODING_GZIP, gzip_program_slice(), slice_of(gzip_program_text));
}

static void gzip_members_in_a_row(void **state)
{
	struct buffer input, expected;
	struct error error;
	buffer_init(&input, BODY_MAX);
	buffer_init(&expected, BODY_MAX);
	buffer_append_slice(&input, gzip_program_slice());
	buffer_append_string(&expected, gzip_program_text);
	assert_int_equal(compress_gzip(slice_make(NULL, 0), &input, &error), 0);
	assert_int_equal(compress_gzip(slice_of("b 1\n"), &input, &error), 0);
	buffer_append_string(&expected, "b 1\n");
	buffer_append_slice(&input, gzip_program_slice());
	buffer_append_string(&expected, gzip_program_text);
	assert_becomes(ENCODING_GZIP, buffer_slice(&input), buffer_slice(&expected));
	buffer_release(&input);
	buffer_release(&expected);
}

#define FLAG_TEXT    0x01
#define FLAG_HCRC    0x02
#define FLAG_EXTRA   0x04
#define FLAG_NAME    0x08
#define FLAG_COMMENT 0x10

static void append_header(struct buffer *out, unsigned char flags, size_t field_size)
{
	const size_t start = out->len;
	const unsigned char header[GZIP_HEADER_SIZE] = {0x1f, 0x8b, 8, flags, 1, 2, 3, 4, 0, 3};
	buffer_append(out, header, sizeof(header));
	if (flags & FLAG_EXTRA) {
		buffer_append_byte(out, (char)(field_size & 0xff));
		buffer_append_byte(out, (char)(field_size >> 8));
		for (size_t i = 0; i < field_size; i++)
			buffer_append_byte(out, (char)i);
	}
	for (int i = 0; i < !!(flags & FLAG_NAME) + !!(flags & FLAG_COMMENT); i++) {
		for (size_t k = 0; k < field_size; k++)
			buffer_append_byte(out, 'n');
		buffer_append_byte(out, '\0');
	}
	if (flags & FLAG_HCRC) {
		uint32_t crc = checksum(CRC_32, out->data + start, out->len - start);
		buffer_append_byte(out, (char)(crc & 0xff));
		buffer_append_byte(out, (char)(crc >> 8 & 0xff));
	}
}

static void gzip_headers_of_every_kind(void **state)
{
	static const size_t field_sizes[] = {0, 1, 9, 300};
	struct buffer input;
	buffer_init(&input, BODY_MAX);
	for (unsigned flags = 0; flags < 0x20; flags++) {
		for (size_t i = 0; i < sizeof(field_sizes) / sizeof(field_sizes[0]); i++) {
			buffer_clear(&input);
			append_header(&input, (unsigned char)flags, field_sizes[i]);
			append_program_data(&input);
			assert_becomes(ENCODING_GZIP, buffer_slice(&input), slice_of(gzip_program_text));
		}
	}
	buffer_release(&input);
}

static void gzip_header_checksums_are_checked(void **state)
{
	struct buffer input;
	buffer_init(&input, BODY_MAX);
	append_header(&input, FLAG_HCRC | FLAG_NAME, 5);
	input.data[GZIP_HEADER_SIZE] ^= 1;
	append_program_data(&input);
	assert_fails(ENCODING_GZIP, buffer_slice(&input), ERROR_SYNTAX, "damaged gzip header: its checksum is wrong");
	buffer_release(&input);
}

static void gzip_of_an_exposition(void **state)
{
	struct buffer text, input;
	struct error error;
	make_exposition(&text, 10000);
	buffer_init(&input, BODY_MAX);
	assert_true(text.len > 500000);
	assert_int_equal(compress_gzip(buffer_slice(&text), &input, &error), 0);
	assert_true(input.len < text.len / 3);
	assert_becomes(ENCODING_GZIP, buffer_slice(&input), buffer_slice(&text));
	buffer_release(&text);
	buffer_release(&input);
}

/* All of it is there when the data has come, before the trailer. */
static void gzip_of_one_byte_repeated(void **state)
{
	struct buffer text, input, out;
	struct error error;
	buffer_init(&text, BODY_MAX);
	buffer_init(&input, BODY_MAX);
	buffer_init(&out, BODY_MAX);
	for (int i = 0; i < 50000; i++)
		buffer_append_byte(&text, 'a');
	assert_int_equal(compress_gzip(buffer_slice(&text), &input, &error), 0);
	assert_true(input.len < text.len / 100);
	assert_becomes(ENCODING_GZIP, buffer_slice(&input), buffer_slice(&text));

	struct slice data = slice_make(input.data, input.len - GZIP_TRAILER_SIZE);
	assert_int_equal(decompress(ENCODING_GZIP, data, data.len, &out, &error), -1);
	assert_string_equal(error.message, "the gzip data is cut off");
	assert_true(slice_equal(buffer_slice(&out), buffer_slice(&text)));
	buffer_release(&text);
	buffer_release(&input);
	buffer_release(&out);
}

static void gzip_that_is_cut_off(void **state)
{
	struct slice whole = gzip_program_slice();
	assert_fails(
		ENCODING_GZIP, slice_make(NULL, 0), ERROR_SYNTAX, "the body is empty where gzip data is announced");
	for (size_t len = 1; len < whole.len; len++)
		assert_fails(ENCODING_GZIP, slice_make(whole.data, len), ERROR_SYNTAX, "the gzip data is cut off");
}

/* The program's output with one byte replaced. */
static const struct {
	size_t place;
	unsigned char byte;
	const char *message;
} gzip_damages[] = {
	{0, '#', "the body is not gzip"},
	{1, 0x8c, "the body is not gzip"},
	{2, 7, "gzip data of an unknown compression method"},
	{10, 0x07, "damaged gzip data"}, /* a block of the reserved type */
	{sizeof(gzip_program) - 8, 0xc8, "damaged gzip data: its checksum or length is wrong"},
	{sizeof(gzip_program) - 5, 0x74, "damaged gzip data: its checksum or length is wrong"},
	{sizeof(gzip_program) - 4, 0x1d, "damaged gzip data: its checksum or length is wrong"},
	{sizeof(gzip_program) - 1, 0x01, "damaged gzip data: its checksum or length is wrong"},
};

static void gzip_that_is_damaged(void **state)
{
	for (size_t i = 0; i < sizeof(gzip_damages) / sizeof(gzip_damages[0]); i++) {
		unsigned char bytes[sizeof(gzip_program)];
		memcpy(bytes, gzip_program, sizeof(bytes));
		assert_int_not_equal(bytes[gzip_damages[i].place], gzip_damages[i].byte);
		bytes[gzip_damages[i].place] = gzip_damages[i].byte;
		assert_fails(ENCODING_GZIP, slice_make((const char *)bytes, sizeof(bytes)), ERROR_SYNTAX,
			gzip_damages[i].message);
	}
}

/* A match that reaches before the first byte: fixed codes, length 3, distance 1. */
static void gzip_that_looks_back_too_far(void **state)
{
	struct buffer input;
	buffer_init(&input, BODY_MAX);
	append_header(&input, 0, 0);
	buffer_append(&input, BYTES(0x03, 0x02, 0x00, 0, 0, 0, 0, 0, 0, 0, 0));
	assert_fails(ENCODING_GZIP, buffer_slice(&input), ERROR_SYNTAX, "damaged gzip data");
	buffer_release(&input);
}

static void gzip_with_something_behind_it(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
		const char *message;
	} cases[] = {
		{"\0", 1, "the gzip data is followed by something else"},
		{"\0\0\0\0\0\0\0\0\0\0\0\0", 12, "the gzip data is followed by something else"},
		{"\n", 1, "the gzip data is followed by something else"},
		{"a 1\n", 4, "the gzip data is followed by something else"},
		{"\x1f\x8c garbage", 10, "the gzip data is followed by something else"},
		{"\x1f\x8b", 2, "the gzip data is cut off"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buffer input;
		buffer_init(&input, BODY_MAX);
		buffer_append_slice(&input, gzip_program_slice());
		buffer_append(&input, cases[i].bytes, cases[i].len);
		assert_fails(ENCODING_GZIP, buffer_slice(&input), ERROR_SYNTAX, cases[i].message);
		buffer_release(&input);
	}
}

/* ---- snappy ---- */

static const unsigned char stream_identifier[] = {0xff, 6, 0, 0, 's', 'N', 'a', 'P', 'p', 'Y'};

static void append_little_endian(struct buffer *out, uint32_t value, size_t len)
{
	for (size_t i = 0; i < len; i++)
		buffer_append_byte(out, (char)(value >> (8 * i) & 0xff));
}

static void append_chunk(struct buffer *out, unsigned char type, const void *data, size_t len)
{
	buffer_append_byte(out, (char)type);
	append_little_endian(out, (uint32_t)len, 3);
	buffer_append(out, data, len);
}

static uint32_t masked_crc(const void *data, size_t len)
{
	uint32_t crc = checksum(CRC_32C, data, len);
	return (crc >> 15 | crc << 17) + 0xa282ead8;
}

static void append_uncompressed(struct buffer *out, const char *data, size_t len)
{
	buffer_append_byte(out, 0x01);
	append_little_endian(out, (uint32_t)len + 4, 3);
	append_little_endian(out, masked_crc(data, len), 4);
	buffer_append(out, data, len);
}

static void append_compressed(struct buffer *out, const char *data, size_t len)
{
	size_t size = snappy_max_compressed_length(len);
	char *compressed = malloc(size);
	assert_non_null(compressed);
	assert_int_equal(snappy_compress(data, len, compressed, &size), SNAPPY_OK);
	buffer_append_byte(out, 0x00);
	append_little_endian(out, (uint32_t)size + 4, 3);
	append_little_endian(out, masked_crc(data, len), 4);
	buffer_append(out, compressed, size);
	free(compressed);
}

static void start_snappy(struct buffer *out)
{
	buffer_init(out, BODY_MAX);
	buffer_append(out, stream_identifier, sizeof(stream_identifier));
}

/* What a writer in Go makes of nine lines "a 1" and of one. */
static void snappy_from_go(void **state)
{
	static const unsigned char compressed[] = {0xff, 0x06, 0x00, 0x00, 0x73, 0x4e, 0x61, 0x50, 0x70, 0x59, 0x00,
		0x0d, 0x00, 0x00, 0xcc, 0xff, 0xc9, 0x84, 0x24, 0x0c, 0x61, 0x20, 0x31, 0x0a, 0x7e, 0x04, 0x00};
	static const unsigned char uncompressed[] = {0xff, 0x06, 0x00, 0x00, 0x73, 0x4e, 0x61, 0x50, 0x70, 0x59, 0x01,
		0x08, 0x00, 0x00, 0xaf, 0x4c, 0x19, 0x8a, 0x61, 0x20, 0x31, 0x0a};
	assert_becomes(ENCODING_SNAPPY, slice_make((const char *)compressed, sizeof(compressed)),
		slice_of("a 1\na 1\na 1\na 1\na 1\na 1\na 1\na 1\na 1\n"));
	assert_becomes(
		ENCODING_SNAPPY, slice_make((const char *)uncompressed, sizeof(uncompressed)), slice_of("a 1\n"));
}

static void snappy_without_data(void **state)
{
	assert_becomes(ENCODING_SNAPPY, slice_make(NULL, 0), slice_of(""));
	assert_becomes(
		ENCODING_SNAPPY, slice_make((const char *)stream_identifier, sizeof(stream_identifier)), slice_of(""));
}

static void snappy_chunks_of_every_kind(void **state)
{
	struct buffer input;
	start_snappy(&input);
	append_compressed(&input, "a 1\na 1\na 1\n", 12);
	append_chunk(&input, 0xfe, "\0\0\0\0\0", 5);
	append_chunk(&input, 0xfe, "", 0);
	append_uncompressed(&input, "b 1\n", 4);
	append_chunk(&input, 0x80, "skipped", 7);
	append_compressed(&input, "", 0);
	append_uncompressed(&input, "", 0);
	buffer_append(&input, stream_identifier, sizeof(stream_identifier));
	append_chunk(&input, 0xfd, "", 0);
	append_compressed(&input, "c 1\n", 4);
	assert_becomes(ENCODING_SNAPPY, buffer_slice(&input), slice_of("a 1\na 1\na 1\nb 1\nc 1\n"));
	buffer_release(&input);
}

static void snappy_of_an_exposition(void **state)
{
	struct buffer text, input;
	make_exposition(&text, 10000);
	start_snappy(&input);
	for (size_t i = 0; i < text.len; i += 65536) {
		size_t len = text.len - i < 65536 ? text.len - i : 65536;
		if (i / 65536 % 4 == 3)
			append_uncompressed(&input, text.data + i, len);
		else
			append_compressed(&input, text.data + i, len);
	}
	assert_becomes(ENCODING_SNAPPY, buffer_slice(&input), buffer_slice(&text));
	buffer_release(&text);
	buffer_release(&input);
}

static void snappy_that_is_cut_off(void **state)
{
	struct buffer input;
	start_snappy(&input);
	const size_t first_end = input.len;
	append_compressed(&input, "a 1\na 1\na 1\n", 12);
	const size_t second_end = input.len;
	append_chunk(&input, 0xfe, "\0\0\0\0\0", 5);
	for (size_t len = 1; len < input.len; len++)
		if (len != first_end && len != second_end)
			assert_fails(ENCODING_SNAPPY, slice_make(input.data, len), ERROR_SYNTAX,
				"the snappy data is cut off");
	buffer_release(&input);
}

static void snappy_without_its_identifier(void **state)
{
	static const char message[] = "the body is not snappy in its framing format: the stream identifier is missing";
	struct buffer input;
	buffer_init(&input, BODY_MAX);
	append_uncompressed(&input, "a 1\n", 4);
	assert_fails(ENCODING_SNAPPY, buffer_slice(&input), ERROR_SYNTAX, message);
	buffer_clear(&input);
	append_chunk(&input, 0xfe, "", 0);
	assert_fails(ENCODING_SNAPPY, buffer_slice(&input), ERROR_SYNTAX, message);
	assert_fails(ENCODING_SNAPPY, slice_of("a 1\n"), ERROR_SYNTAX, message);
	assert_fails(ENCODING_SNAPPY, slice_of("a"), ERROR_SYNTAX, message);
	assert_fails(ENCODING_SNAPPY, gzip_program_slice(), ERROR_SYNTAX, message);
	buffer_release(&input);
}

/* What follows the stream identifier. */
static const struct {
	const unsigned char *bytes;
	size_t len;
	const char *message;
} snappy_damages[] = {
	{BYTES(0x02, 0, 0, 0), "snappy data with a chunk of the unknown type 0x02"},
	{BYTES(0x7f, 1, 0, 0, 0), "snappy data with a chunk of the unknown type 0x7f"},
	{BYTES(0x00, 3, 0, 0, 0, 0, 0), "damaged snappy data: a chunk of type 0x00 can't have 3 bytes"},
	{BYTES(0x01, 3, 0, 0, 0, 0, 0), "damaged snappy data: a chunk of type 0x01 can't have 3 bytes"},
	{BYTES(0x01, 5, 0, 1), "damaged snappy data: a chunk of type 0x01 can't have 65541 bytes"},
	{BYTES(0x00, 0xff, 0xff, 0xff), "damaged snappy data: a chunk of type 0x00 can't have 16777215 bytes"},
	{BYTES(0xff, 5, 0, 0, 's', 'N', 'a', 'P', 'p'), "damaged snappy data: a chunk of type 0xff can't have 5 bytes"},
	{BYTES(0xff, 6, 0, 0, 's', 'N', 'a', 'P', 'p', 'y'), "damaged snappy data: the stream identifier is wrong"},
	{BYTES(0x01, 8, 0, 0, 0xae, 0x4c, 0x19, 0x8a, 'a', ' ', '1', '\n'),
		"damaged snappy data: the checksum of a chunk is wrong"},
	{BYTES(0x01, 8, 0, 0, 0xaf, 0x4c, 0x19, 0x8a, 'a', ' ', '2', '\n'),
		"damaged snappy data: the checksum of a chunk is wrong"},
	{BYTES(0x00, 13, 0, 0, 0xcc, 0xff, 0xc9, 0x85, 0x24, 0x0c, 0x61, 0x20, 0x31, 0x0a, 0x7e, 0x04, 0x00),
		"damaged snappy data: the checksum of a chunk is wrong"},
	/* No length, a length without end, 65537 bytes. */
	{BYTES(0x00, 4, 0, 0, 0, 0, 0, 0), "damaged snappy data: the length of a chunk is wrong"},
	{BYTES(0x00, 7, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff), "damaged snappy data: the length of a chunk is wrong"},
	{BYTES(0x00, 7, 0, 0, 0, 0, 0, 0, 0x81, 0x80, 0x04), "damaged snappy data: the length of a chunk is wrong"},
	/* More data than its length says, less, a copy from before the start. */
	{BYTES(0x00, 7, 0, 0, 0, 0, 0, 0, 1, 0x04, 'a', 'b'), "damaged snappy data: a chunk does not decompress"},
	{BYTES(0x00, 7, 0, 0, 0, 0, 0, 0, 2, 0x00, 'a'), "damaged snappy data: a chunk does not decompress"},
	{BYTES(0x00, 7, 0, 0, 0, 0, 0, 0, 4, 0x01, 0x01), "damaged snappy data: a chunk does not decompress"},
};

static void snappy_that_is_damaged(void **state)
{
	for (size_t i = 0; i < sizeof(snappy_damages) / sizeof(snappy_damages[0]); i++) {
		struct buffer input;
		start_snappy(&input);
		buffer_append(&input, snappy_damages[i].bytes, snappy_damages[i].len);
		/* What comes behind is never reached. */
		for (int k = 0; k < 8; k++)
			buffer_append_byte(&input, '\0');
		assert_fails(ENCODING_SNAPPY, buffer_slice(&input), ERROR_SYNTAX, snappy_damages[i].message);
		buffer_release(&input);
	}
}

/* ---- limits ---- */

static void assert_limit(enum encoding encoding, struct slice input, size_t len)
{
	for (size_t i = 0; i < sizeof(piece_sizes) / sizeof(piece_sizes[0]); i++) {
		size_t piece_size = piece_sizes[i] < input.len ? piece_sizes[i] : input.len;
		struct buffer out;
		struct error error;
		char message[100];
		buffer_init(&out, len);
		assert_int_equal(decompress(encoding, input, piece_size, &out, &error), 0);
		assert_int_equal(out.len, len);
		buffer_release(&out);

		buffer_init(&out, len - 1);
		assert_int_equal(decompress(encoding, input, piece_size, &out, &error), -1);
		assert_int_equal(error.kind, ERROR_TOO_LARGE);
		snprintf(message, sizeof(message), "the body is larger than %zu bytes when decompressed", len - 1);
		assert_string_equal(error.message, message);
		assert_true(out.len <= len - 1);
		buffer_release(&out);
	}
}

static void the_maximum_is_kept(void **state)
{
	struct buffer text, gzip, snappy;
	struct error error;
	make_exposition(&text, 2000);
	buffer_init(&gzip, BODY_MAX);
	assert_int_equal(compress_gzip(buffer_slice(&text), &gzip, &error), 0);
	start_snappy(&snappy);
	for (size_t i = 0; i < text.len; i += 65536)
		append_compressed(&snappy, text.data + i, text.len - i < 65536 ? text.len - i : 65536);
	assert_limit(ENCODING_IDENTITY, buffer_slice(&text), text.len);
	assert_limit(ENCODING_GZIP, buffer_slice(&gzip), text.len);
	assert_limit(ENCODING_SNAPPY, buffer_slice(&snappy), text.len);
	assert_limit(ENCODING_GZIP, gzip_program_slice(), strlen(gzip_program_text));
	buffer_release(&text);
	buffer_release(&gzip);
	buffer_release(&snappy);
}

static void a_buffer_without_room_takes_an_empty_body(void **state)
{
	struct buffer input, out;
	struct error error;
	buffer_init(&input, BODY_MAX);
	buffer_init(&out, 0);
	assert_int_equal(compress_gzip(slice_of(""), &input, &error), 0);
	assert_int_equal(decompress(ENCODING_GZIP, buffer_slice(&input), input.len, &out, &error), 0);
	assert_int_equal(out.len, 0);
	buffer_release(&input);
	buffer_release(&out);
}

/* Codes of one bit for a length of 258 and for its distance, after which each byte of 0 is 1032 bytes. */
static void a_bomb_is_refused(void **state)
{
	struct buffer input, out;
	struct error error;
	buffer_init(&input, BODY_MAX);
	buffer_init(&out, SIZE_MAX);
	append_header(&input, 0, 0);
	buffer_append(&input, BYTES(0xec, 0xc1, 0x01, 0x01, 0, 0, 0, 0x80, 0x90, 0xfe, 0xaf, 0xee, 0x08, 0x0a));
	for (int i = 0; i < 100000; i++)
		buffer_append_byte(&input, '\0');
	assert_int_equal(decompress(ENCODING_GZIP, buffer_slice(&input), input.len, &out, &error), -1);
	assert_int_equal(error.kind, ERROR_TOO_LARGE);
	assert_string_equal(error.message, "the body is more than 1000 times larger when decompressed");
	assert_in_range(out.len, 1 << 20, 40 << 20);
	buffer_release(&input);
	buffer_release(&out);
}

static void nothing_goes_on_for_ever(void **state)
{
	static const char message[] = "the compressed body is larger than 100 bytes";
	struct buffer input, out;
	struct error error;
	buffer_init(&input, BODY_MAX);
	buffer_init(&out, 100);
	assert_int_equal(compress_gzip(slice_of(""), &input, &error), 0);
	const size_t member_size = input.len;
	assert_int_equal(buffer_reserve(&input, 2 << 20), 0);
	while (input.len < 2 << 20)
		buffer_append(&input, input.data, member_size);
	assert_int_equal(decompress(ENCODING_GZIP, buffer_slice(&input), input.len, &out, &error), -1);
	assert_int_equal(error.kind, ERROR_TOO_LARGE);
	assert_string_equal(error.message, message);

	buffer_release(&input);
	start_snappy(&input);
	while (input.len < 2 << 20)
		append_chunk(&input, 0xfe, stream_identifier, sizeof(stream_identifier));
	assert_int_equal(decompress(ENCODING_SNAPPY, buffer_slice(&input), 4096, &out, &error), -1);
	assert_int_equal(error.kind, ERROR_TOO_LARGE);
	assert_string_equal(error.message, message);
	buffer_release(&input);
	buffer_release(&out);
}

/* ---- compress ---- */

static void compressed_is_one_member(void **state)
{
	struct buffer out;
	struct error error;
	buffer_init(&out, BODY_MAX);
	buffer_append_string(&out, "kept");
	assert_int_equal(compress_gzip(slice_of(gzip_program_text), &out, &error), 0);
	assert_memory_equal(out.data, "kept\x1f\x8b\x08\0", 8);
	const char *trailer = out.data + out.len - GZIP_TRAILER_SIZE;
	assert_memory_equal(trailer, gzip_program + sizeof(gzip_program) - GZIP_TRAILER_SIZE, GZIP_TRAILER_SIZE);
	assert_becomes(ENCODING_GZIP, slice_make(out.data + 4, out.len - 4), slice_of(gzip_program_text));
	buffer_release(&out);
}

static void compressed_keeps_to_the_maximum(void **state)
{
	struct buffer text, out;
	struct error error;
	make_exposition(&text, 2000);
	buffer_init(&out, 10000);
	buffer_append_string(&out, "kept");
	assert_int_equal(compress_gzip(buffer_slice(&text), &out, &error), -1);
	assert_int_equal(error.kind, ERROR_TOO_LARGE);
	assert_string_equal(error.message, "the answer is larger than 10000 bytes when compressed");
	assert_true(slice_is(buffer_slice(&out), "kept"));
	buffer_release(&text);
	buffer_release(&out);
}

static void what_does_not_compress_comes_back(void **state)
{
	struct buffer text, out;
	struct error error;
	uint32_t random = 1;
	buffer_init(&text, BODY_MAX);
	buffer_init(&out, BODY_MAX);
	for (int i = 0; i < 300000; i++) {
		random = random * 1664525 + 1013904223;
		buffer_append_byte(&text, (char)(random >> 24));
	}
	assert_int_equal(compress_gzip(buffer_slice(&text), &out, &error), 0);
	assert_in_range(out.len, text.len, text.len + 1000);
	assert_becomes(ENCODING_GZIP, buffer_slice(&out), buffer_slice(&text));
	buffer_release(&text);
	buffer_release(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(encodings_have_names),
		cmocka_unit_test(unknown_encodings_are_refused),
		cmocka_unit_test(identity_stays),
		cmocka_unit_test(gzip_from_the_program),
		cmocka_unit_test(gzip_members_in_a_row),
		cmocka_unit_test(gzip_headers_of_every_kind),
		cmocka_unit_test(gzip_header_checksums_are_checked),
		cmocka_unit_test(gzip_of_an_exposition),
		cmocka_unit_test(gzip_of_one_byte_repeated),
		cmocka_unit_test(gzip_that_is_cut_off),
		cmocka_unit_test(gzip_that_is_damaged),
		cmocka_unit_test(gzip_that_looks_back_too_far),
		cmocka_unit_test(gzip_with_something_behind_it),
		cmocka_unit_test(snappy_from_go),
		cmocka_unit_test(snappy_without_data),
		cmocka_unit_test(snappy_chunks_of_every_kind),
		cmocka_unit_test(snappy_of_an_exposition),
		cmocka_unit_test(snappy_that_is_cut_off),
		cmocka_unit_test(snappy_without_its_identifier),
		cmocka_unit_test(snappy_that_is_damaged),
		cmocka_unit_test(the_maximum_is_kept),
		cmocka_unit_test(a_buffer_without_room_takes_an_empty_body),
		cmocka_unit_test(a_bomb_is_refused),
		cmocka_unit_test(nothing_goes_on_for_ever),
		cmocka_unit_test(compressed_is_one_member),
		cmocka_unit_test(compressed_keeps_to_the_maximum),
		cmocka_unit_test(what_does_not_compress_comes_back),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
