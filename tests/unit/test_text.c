#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "text.h"

/* In memory that ends with the text, so that the address sanitizer sees a read past it. */
static bool valid(const void *bytes, size_t len)
{
	char *copy = malloc(len + (len == 0));
	assert_non_null(copy);
	memcpy(copy, bytes, len);
	bool result = utf8_valid(slice_make(copy, len));
	free(copy);
	return result;
}

static size_t encode(uint32_t character, char bytes[4])
{
	if (character < 0x80) {
		bytes[0] = (char)character;
		return 1;
	}
	size_t length = character < 0x800 ? 2 : character < 0x10000 ? 3 : 4;
	for (size_t i = length - 1; i > 0; i--) {
		bytes[i] = (char)(0x80 | (character & 0x3f));
		character >>= 6;
	}
	bytes[0] = (char)((length == 2 ? 0xc0 : length == 3 ? 0xe0 : 0xf0) | character);
	return length;
}

static void every_character_is_valid_but_surrogates(void **state)
{
	for (uint32_t character = 0; character <= 0x1fffff; character++) {
		char bytes[4];
		size_t length = encode(character, bytes);
		bool expected = character <= 0x10ffff && (character < 0xd800 || character > 0xdfff);
		if (utf8_valid(slice_make(bytes, length)) != expected)
			fail_msg("U+%04X is %svalid", character, expected ? "not " : "");
		if (utf8_length(slice_make(bytes, length)) != (expected ? length : 0))
			fail_msg("the length of U+%04X is wrong", character);
	}
}

static void every_pair_of_bytes(void **state)
{
	for (unsigned first = 0; first < 256; first++)
		for (unsigned second = 0; second < 256; second++) {
			char bytes[] = {(char)first, (char)second};
			bool expected = (first < 0x80 && second < 0x80) ||
					(first >= 0xc2 && first <= 0xdf && second >= 0x80 && second <= 0xbf);
			if (utf8_valid(slice_make(bytes, 2)) != expected)
				fail_msg("%02x %02x is %svalid", first, second, expected ? "not " : "");
		}
}

static void what_is_not_utf8(void **state)
{
	static const char *const texts[] = {
		"\x80",
		"\xbf",
		"\xc0",
		"\xc1\xbf",
		"\xc0\x80", /* stray, overlong */
		"\xc3",
		"\xc3(",
		"\xe2\x82",
		"\xe2(\xac",
		"\xe2\x82(", /* cut, not continued */
		"\xe0\x80\x80",
		"\xe0\x9f\xbf", /* overlong */
		"\xed\xa0\x80",
		"\xed\xbf\xbf",
		"\xed\xa0\xbd\xed\xb8\x80", /* surrogates */
		"\xf0\x80\x80\x80",
		"\xf0\x8f\xbf\xbf", /* overlong */
		"\xf0\x9f\x98",
		"\xf0\x9f",
		"\xf0",
		"\xf0\x9f\x98(",
		"\xf0(\x98\x80",
		"\xf4\x90\x80\x80",
		"\xf5\x80\x80\x80",
		"\xf8\x88\x80\x80\x80",
		"\xfe",
		"\xff",
	};
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		/* At every place in and around the words of eight bytes, alone and among others. */
		for (size_t before = 0; before <= 17; before++)
			for (size_t after = 0; after <= 9; after += 3) {
				char text[64];
				memset(text, 'a', sizeof(text));
				memcpy(text + before, texts[i], strlen(texts[i]));
				if (valid(text, before + strlen(texts[i]) + after))
					fail_msg("text %zu is valid after %zu bytes, before %zu", i, before, after);
			}
}

static void what_is_utf8(void **state)
{
	static const char *const texts[] = {"", "a", "abcdefgh", "abcdefghi", "gr\xc3\xbc\xc3\x9f", "\xe2\x82\xac",
		"\xf0\x9f\x98\x80", "\xef\xbf\xbd", "\xf4\x8f\xbf\xbf", "1234567\xc3\xbc", "12345678\xc3\xbc",
		"123456\xe2\x82\xac_2345678"};
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		assert_true(valid(texts[i], strlen(texts[i])));
	assert_true(valid("\0\0", 2));
	assert_true(utf8_valid(slice_make(NULL, 0)));
	assert_int_equal(utf8_length(slice_make(NULL, 0)), 0);
	assert_int_equal(utf8_length(slice_of("\xe2\x82\xac"
					      "abc")),
		3);
}

#define assert_quoted(literal, expected)                                                                               \
	assert_string_equal(quote(slice_make("" literal, sizeof(literal) - 1)).text, expected)

static void quotes_as_go_does(void **state)
{
	assert_quoted("", "\"\"");
	assert_quoted("up", "\"up\"");
	assert_quoted("1\r", "\"1\\r\"");
	assert_quoted("\"\\\a\b\f\n\r\t\v", "\"\\\"\\\\\\a\\b\\f\\n\\r\\t\\v\"");
	assert_quoted("\0\1\x1b[31m\x1f\x7f", "\"\\x00\\x01\\x1b[31m\\x1f\\x7f\"");
	assert_quoted("gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x98\x80",
		"\"gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x98\x80\"");
	assert_quoted("\xff\xc3", "\"\\xff\\xc3\"");
	assert_quoted("\xed\xa0\x80", "\"\\xed\\xa0\\x80\"");
	assert_quoted("\xe2\x82", "\"\\xe2\\x82\"");
	assert_quoted("\xc2\x80\xc2\x9b\xc2\xa0\xc2\xa1\xc2\xad", "\"\\u0080\\u009b\\u00a0\xc2\xa1\\u00ad\"");
	assert_quoted("\xe2\x80\xae"
		      "gpj.exe",
		"\"\\u202egpj.exe\"");
	assert_quoted("\xe2\x80\x8b\xe2\x80\xa8\xef\xbb\xbf", "\"\\u200b\\u2028\\ufeff\"");
	assert_quoted("\xf3\xa0\x80\x81", "\"\\U000e0001\"");
	assert_quoted("\xf4\x8f\xbf\xbf", "\"\\U0010ffff\"");
	assert_string_equal(quote(slice_make(NULL, 0)).text, "\"\"");
}

static void every_byte_is_quoted(void **state)
{
	for (int byte = 0; byte < 256; byte++) {
		char c = (char)byte;
		const struct quoted quoted = quote(slice_make(&c, 1));
		size_t len = strlen(quoted.text);
		assert_int_equal(quoted.text[0], '"');
		assert_int_equal(quoted.text[len - 1], '"');
		for (size_t i = 0; i < len; i++)
			assert_in_range((unsigned char)quoted.text[i], 0x20, 0x7e);
		if (byte >= 0x80) {
			char expected[8];
			snprintf(expected, sizeof(expected), "\"\\x%02x\"", byte);
			assert_string_equal(quoted.text, expected);
		}
	}
}

/* `count` times `unit`, quoted, is `shown` times `shown_unit`, then "..." if `cut`. */
static void assert_cut(const char *unit, size_t count, const char *shown_unit, size_t shown, bool cut)
{
	char text[4096] = "", expected[4096] = "\"";
	assert_true(strlen(unit) * count < sizeof(text));
	for (size_t i = 0; i < count; i++)
		strcat(text, unit);
	for (size_t i = 0; i < shown; i++)
		strcat(expected, shown_unit);
	strcat(expected, cut ? "...\"" : "\"");
	assert_string_equal(quote(slice_of(text)).text, expected);
}

static void long_ones_are_cut_between_characters(void **state)
{
	assert_cut("a", 197, "a", 197, false);
	assert_cut("a", 198, "a", 194, true);
	assert_cut("a", 4000, "a", 194, true);
	assert_cut("\n", 98, "\\n", 98, false);
	assert_cut("\n", 99, "\\n", 97, true);
	assert_cut("\xff", 49, "\\xff", 49, false);
	assert_cut("\xff", 50, "\\xff", 48, true);
	assert_cut("\xe2\x82\xac", 65, "\xe2\x82\xac", 65, false);
	assert_cut("\xe2\x82\xac", 66, "\xe2\x82\xac", 64, true);
	assert_cut("\xf0\x9f\x98\x80", 1000, "\xf0\x9f\x98\x80", 48, true);
}

static void assert_escapes(struct slice value, const char *escaped)
{
	struct buffer out;
	buffer_init(&out, 4096);
	assert_int_equal(buffer_append_string(&out, "before "), 0);
	assert_int_equal(text_escape(&out, value), 0);
	assert_int_equal(out.len, 7 + strlen(escaped));
	assert_memory_equal(out.data, "before ", 7);
	if (*escaped != '\0')
		assert_memory_equal(out.data + 7, escaped, strlen(escaped));
	buffer_clear(&out);
	assert_int_equal(text_unescape(&out, slice_of(escaped)), 0);
	assert_true(slice_equal(buffer_slice(&out), value));
	buffer_release(&out);
}

static void label_values_are_escaped(void **state)
{
	assert_escapes(slice_of(""), "");
	assert_escapes(slice_make(NULL, 0), "");
	assert_escapes(slice_of("plain, with {everything} = else\t\r'"), "plain, with {everything} = else\t\r'");
	assert_escapes(slice_of("\\"), "\\\\");
	assert_escapes(slice_of("\""), "\\\"");
	assert_escapes(slice_of("\n"), "\\n");
	assert_escapes(slice_of("\\n"), "\\\\n");
	assert_escapes(slice_of("\\\\\"\n\n"), "\\\\\\\\\\\"\\n\\n");
	assert_escapes(slice_of("C:\\dir\\\"a b\"\nnext"), "C:\\\\dir\\\\\\\"a b\\\"\\nnext");
	assert_escapes(slice_of("\xe2\x82\xac\n\xf0\x9f\x98\x80"), "\xe2\x82\xac\\n\xf0\x9f\x98\x80");
}

static void every_byte_comes_back(void **state)
{
	char all[256];
	for (int byte = 0; byte < 256; byte++)
		all[byte] = (char)byte;
	struct buffer escaped, plain;
	buffer_init(&escaped, 4096);
	buffer_init(&plain, 4096);
	assert_int_equal(text_escape(&escaped, slice_make(all, sizeof(all))), 0);
	assert_int_equal(escaped.len, 259);
	assert_int_equal(text_unescape(&plain, buffer_slice(&escaped)), 0);
	assert_true(slice_equal(buffer_slice(&plain), slice_make(all, sizeof(all))));
	buffer_release(&escaped);
	buffer_release(&plain);
}

static void a_full_buffer_stays_as_it_was(void **state)
{
	struct buffer out;
	buffer_init(&out, 8);
	assert_int_equal(buffer_append_string(&out, "1234"), 0);
	errno = 0;
	assert_int_equal(text_escape(&out, slice_of("a\nbc")), -1);
	assert_int_equal(errno, EMSGSIZE);
	assert_true(slice_is(buffer_slice(&out), "1234"));
	errno = 0;
	assert_int_equal(text_unescape(&out, slice_of("a\\nbcd")), -1);
	assert_int_equal(errno, EMSGSIZE);
	assert_true(slice_is(buffer_slice(&out), "1234"));
	assert_int_equal(text_unescape(&out, slice_of("a\\nbc")), 0);
	assert_true(slice_is(buffer_slice(&out), "1234a\nbc"));
	buffer_clear(&out);
	assert_int_equal(text_escape(&out, slice_of("\\\\\\\\")), 0);
	assert_true(slice_is(buffer_slice(&out), "\\\\\\\\\\\\\\\\"));
	buffer_release(&out);
}

/* A parser has refused these; all the same nothing is read past their end. */
static void a_lone_backslash_at_the_end(void **state)
{
	char *text = malloc(2);
	assert_non_null(text);
	memcpy(text, "a\\", 2);
	struct buffer out;
	buffer_init(&out, 16);
	assert_int_equal(text_unescape(&out, slice_make(text, 2)), 0);
	assert_true(slice_is(buffer_slice(&out), "a"));
	buffer_release(&out);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_character_is_valid_but_surrogates),
		cmocka_unit_test(every_pair_of_bytes),
		cmocka_unit_test(what_is_not_utf8),
		cmocka_unit_test(what_is_utf8),
		cmocka_unit_test(quotes_as_go_does),
		cmocka_unit_test(every_byte_is_quoted),
		cmocka_unit_test(long_ones_are_cut_between_characters),
		cmocka_unit_test(label_values_are_escaped),
		cmocka_unit_test(every_byte_comes_back),
		cmocka_unit_test(a_full_buffer_stays_as_it_was),
		cmocka_unit_test(a_lone_backslash_at_the_end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
