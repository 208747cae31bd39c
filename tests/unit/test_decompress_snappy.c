/* Bodies in snappy frames. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/encoded.h"

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(snappy_from_go),
		cmocka_unit_test(snappy_without_data),
		cmocka_unit_test(snappy_chunks_of_every_kind),
		cmocka_unit_test(snappy_of_an_exposition),
		cmocka_unit_test(snappy_that_is_cut_off),
		cmocka_unit_test(snappy_without_its_identifier),
		cmocka_unit_test(snappy_that_is_damaged),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
