#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "compress.h"
#include "support/encoded.h"

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

static void append_program_data(struct buffer *out)
{
	buffer_append(out, gzip_program + GZIP_HEADER_SIZE, sizeof(gzip_program) - GZIP_HEADER_SIZE);
}

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

/* ---- limits ---- */

static void assert_limit(enum encoding encoding, struct slice input, size_t len)
{
	for (size_t i = 0; i < PIECE_SIZES; i++) {
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
		cmocka_unit_test(the_maximum_is_kept),
		cmocka_unit_test(a_buffer_without_room_takes_an_empty_body),
		cmocka_unit_test(a_bomb_is_refused),
		cmocka_unit_test(nothing_goes_on_for_ever),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
