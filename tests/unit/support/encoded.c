#include "encoded.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <snappy-c.h>
#include <stdlib.h>
#include <string.h>

const size_t piece_sizes[PIECE_SIZES] = {SIZE_MAX, 65536, 4096, 13, 7, 2, 1};

int decompress(enum encoding encoding, struct slice input, size_t piece_size, struct buffer *out, struct error *error)
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

void assert_becomes(enum encoding encoding, struct slice input, struct slice expected)
{
	struct buffer out;
	struct error error;
	buffer_init(&out, BODY_MAX);
	for (size_t i = 0; i < PIECE_SIZES; i++) {
		size_t piece_size = piece_sizes[i] < input.len ? piece_sizes[i] : input.len;
		if (decompress(encoding, input, piece_size, &out, &error) == -1)
			fail_msg("in pieces of %zu: %s", piece_size, error.message);
		assert_int_equal(out.len, expected.len);
		assert_true(slice_equal(buffer_slice(&out), expected));
	}
	buffer_release(&out);
}

void assert_fails(enum encoding encoding, struct slice input, enum error_kind kind, const char *message)
{
	struct buffer out;
	struct error error;
	buffer_init(&out, BODY_MAX);
	for (size_t i = 0; i < PIECE_SIZES; i++) {
		size_t piece_size = piece_sizes[i] < input.len ? piece_sizes[i] : input.len;
		if (decompress(encoding, input, piece_size, &out, &error) == 0)
			fail_msg("taken, but not: %s", message);
		assert_string_equal(error.message, message);
		assert_int_equal(error.kind, kind);
		assert_int_equal(error.line, 0);
	}
	buffer_release(&out);
}

void make_exposition(struct buffer *text, size_t lines)
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

uint32_t checksum(uint32_t polynomial, const void *data, size_t len)
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

/* printf '# TYPE a gauge\na 1\na{b="c"} 2\n' | gzip -n -9 */
const unsigned char gzip_program[GZIP_PROGRAM_SIZE] = {0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x03, 0x53,
	0x56, 0x08, 0x89, 0x0c, 0x70, 0x55, 0x48, 0x54, 0x48, 0x4f, 0x2c, 0x4d, 0x4f, 0xe5, 0x4a, 0x54, 0x30, 0xe4,
	0x4a, 0xac, 0x4e, 0xb2, 0x55, 0x4a, 0x56, 0xaa, 0x55, 0x30, 0xe2, 0x02, 0x00, 0xc9, 0xbc, 0xe8, 0x75, 0x1e,
	0x00, 0x00, 0x00};

const char gzip_program_text[] = "# TYPE a gauge\na 1\na{b=\"c\"} 2\n";

struct slice gzip_program_slice(void)
{
	return slice_make((const char *)gzip_program, sizeof(gzip_program));
}

const unsigned char stream_identifier[STREAM_IDENTIFIER_SIZE] = {0xff, 6, 0, 0, 's', 'N', 'a', 'P', 'p', 'Y'};

void start_snappy(struct buffer *out)
{
	buffer_init(out, BODY_MAX);
	buffer_append(out, stream_identifier, sizeof(stream_identifier));
}

static void append_little_endian(struct buffer *out, uint32_t value, size_t len)
{
	for (size_t i = 0; i < len; i++)
		buffer_append_byte(out, (char)(value >> (8 * i) & 0xff));
}

void append_chunk(struct buffer *out, unsigned char type, const void *data, size_t len)
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

void append_uncompressed(struct buffer *out, const char *data, size_t len)
{
	buffer_append_byte(out, 0x01);
	append_little_endian(out, (uint32_t)len + 4, 3);
	append_little_endian(out, masked_crc(data, len), 4);
	buffer_append(out, data, len);
}

void append_compressed(struct buffer *out, const char *data, size_t len)
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
