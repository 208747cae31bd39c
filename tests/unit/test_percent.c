#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>

#include "percent.h"

static void assert_holds(const struct buffer *buffer, const char *bytes, size_t len)
{
	assert_int_equal(buffer->len, len);
	assert_memory_equal(buffer->data, bytes, len);
}

static void what_is_not_plain_is_encoded(void **state)
{
	static const struct {
		struct slice bytes;
		const char *plain, *encoded;
	} cases[] = {
		{SLICE_LITERAL("azAZ09"), "", "azAZ09"},
		{SLICE_LITERAL("@[`{/:"), "", "%40%5B%60%7B%2F%3A"}, /* beside the letters and digits */
		{SLICE_LITERAL("-._~"), "-._", "-._%7E"},
		{SLICE_LITERAL("a b+%"), "+", "a%20b+%25"},
		{SLICE_LITERAL("\xc3\xa4\xff"), "", "%C3%A4%FF"},
		{SLICE_LITERAL("\0\x1f\x7f"), "-", "%00%1F%7F"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buffer out;
		buffer_init(&out, 100);
		assert_int_equal(buffer_append_string(&out, "x"), 0);
		assert_int_equal(percent_encode(&out, cases[i].bytes, cases[i].plain), 0);
		assert_int_equal(out.data[0], 'x');
		assert_true(slice_is(slice_make(out.data + 1, out.len - 1), cases[i].encoded));
		buffer_release(&out);
	}
}

static void digits_of_both_cases_are_decoded(void **state)
{
	struct buffer out;
	buffer_init(&out, 100);
	assert_int_equal(percent_decode(&out, slice_of("a%2F%2f+%00%aF%Fa%25")), 0);
	assert_holds(&out, "a//+\0\xaf\xfa%", 8);
	/* An escape is decoded once. */
	assert_int_equal(percent_decode(&out, slice_of("%2541")), 0);
	assert_holds(&out, "a//+\0\xaf\xfa%%41", 11);
	buffer_release(&out);
}

static void every_byte_comes_back(void **state)
{
	char bytes[256];
	struct buffer encoded, decoded;
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (char)i;
	buffer_init(&encoded, sizeof(bytes) * 3);
	buffer_init(&decoded, sizeof(bytes) * 3);
	assert_int_equal(percent_encode(&encoded, slice_make(bytes, sizeof(bytes)), ""), 0);
	assert_int_equal(encoded.len, 62 + 3 * (256 - 62));
	assert_int_equal(percent_decode(&decoded, buffer_slice(&encoded)), 0);
	assert_holds(&decoded, bytes, sizeof(bytes));
	buffer_release(&encoded);
	buffer_release(&decoded);
}

static void a_malformed_escape_is_refused(void **state)
{
	static const char *const malformed[] = {
		"%", "a%", "%4", "a%4", "%g0", "%0g", "%G0", "%/0", "%:0", "%0@", "%0`", "%%41", "% 1", "%+1", "%41%4"};
	struct buffer out;
	buffer_init(&out, 100);
	assert_int_equal(buffer_append_string(&out, "x"), 0);
	for (size_t i = 0; i < sizeof(malformed) / sizeof(malformed[0]); i++) {
		errno = 0;
		if (percent_decode(&out, slice_of(malformed[i])) == 0)
			fail_msg("%s is taken", malformed[i]);
		assert_int_equal(errno, EINVAL);
		assert_holds(&out, "x", 1);
	}
	/* The digits stand behind the end. */
	assert_int_equal(percent_decode(&out, slice_make("%41", 2)), -1);
	assert_int_equal(errno, EINVAL);
	buffer_release(&out);
}

static void a_full_buffer_stays_as_it_was(void **state)
{
	struct buffer out;
	buffer_init(&out, 4);
	assert_int_equal(percent_encode(&out, slice_of("a//"), ""), -1);
	assert_int_equal(errno, EMSGSIZE);
	assert_int_equal(out.len, 0);
	assert_int_equal(percent_encode(&out, slice_of("a/"), ""), 0);
	assert_int_equal(percent_decode(&out, slice_of("b")), -1);
	assert_int_equal(errno, EMSGSIZE);
	assert_holds(&out, "a%2F", 4);
	buffer_release(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_not_plain_is_encoded),
		cmocka_unit_test(digits_of_both_cases_are_decoded),
		cmocka_unit_test(every_byte_comes_back),
		cmocka_unit_test(a_malformed_escape_is_refused),
		cmocka_unit_test(a_full_buffer_stays_as_it_was),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
