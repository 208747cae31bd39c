#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "compress.h"
#include "support/encoded.h"

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
		cmocka_unit_test(compressed_is_one_member),
		cmocka_unit_test(compressed_keeps_to_the_maximum),
		cmocka_unit_test(what_does_not_compress_comes_back),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
