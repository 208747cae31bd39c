/* Texts of numbers: what the upstream makes of them, and which are none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdlib.h>

#include "support/numbers.h"

static void texts_of_the_upstream(void **state)
{
	static const struct {
		const char *pushed, *scraped;
	} table[] = {
		{"0", "0"},
		{"-0", "0"},
		{"1", "1"},
		{"-1", "-1"},
		{"00001", "1"},
		{".5", "0.5"},
		{"-.5", "-0.5"},
		{"5.", "5"},
		{"+5", "5"},
		{"5.e1", "50"},
		{"1E5", "100000"},
		{"100000", "100000"},
		{"123456", "123456"},
		{"999999", "999999"},
		{"1000000", "1e+06"},
		{"1234567", "1.234567e+06"},
		{"12345678", "1.2345678e+07"},
		{"999999.5", "999999.5"},
		{"100000.5", "100000.5"},
		{"-123456.789", "-123456.789"},
		{"12345.678", "12345.678"},
		{"1700000000", "1.7e+09"},
		{"1700000000.123", "1.700000000123e+09"},
		{"1e15", "1e+15"},
		{"123456789012345680000", "1.2345678901234568e+20"},
		{"1e20", "1e+20"},
		{"1e21", "1e+21"},
		{"1e22", "1e+22"},
		{"1e23", "1e+23"},
		{"1e100", "1e+100"},
		{"1e-100", "1e-100"},
		{"0.0001", "0.0001"},
		{"0.00001", "1e-05"},
		{"0.00009999", "9.999e-05"},
		{"0.000123456", "0.000123456"},
		{"0.00012345678901234567", "0.00012345678901234567"},
		{"1e-7", "1e-07"},
		{"9.5367431640625e-07", "9.5367431640625e-07"},
		{"0.1", "0.1"},
		{"0.3", "0.3"},
		{"1.7000000000000000", "1.7"},
		{"562949953421312.25", "5.629499534213122e+14"},
		{"562949953421312.75", "5.629499534213128e+14"},
		{"562949953421313.25", "5.629499534213132e+14"},
		{"70368744177664.125", "7.036874417766412e+13"},
		{"1125899906842624.25", "1.1258999068426242e+15"},
		{"4503599627370497.5", "4.503599627370498e+15"},
		{"9007199254740991", "9.007199254740991e+15"},
		{"9007199254740992", "9.007199254740992e+15"},
		{"9007199254740993", "9.007199254740992e+15"},
		{"18014398509481984", "1.8014398509481984e+16"},
		{"36028797018963968", "3.602879701896397e+16"},
		{"72057594037927936", "7.205759403792794e+16"},
		{"5e-324", "5e-324"},
		{"1e-323", "1e-323"},
		{"2e-323", "2e-323"},
		{"2.2250738585072011e-308", "2.225073858507201e-308"},
		{"2.2250738585072014e-308", "2.2250738585072014e-308"},
		{"1.7976931348623157e308", "1.7976931348623157e+308"},
		{"-1.7976931348623157e308", "-1.7976931348623157e+308"},
		{"1e-400", "0"},
		{"-1e-400", "0"},
		{"inf", "+Inf"},
		{"+inf", "+Inf"},
		{"-inf", "-Inf"},
		{"Infinity", "+Inf"},
		{"-iNfInItY", "-Inf"},
		{"nan", "NaN"},
		{"NaN", "NaN"},
	};
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		double value;
		if (parse_number(table[i].pushed, &value) != 0)
			fail_msg("%s is refused", table[i].pushed);
		assert_string_equal(format_number(value), table[i].scraped);
	}
	assert_string_equal(format_number(-NAN), "NaN");
	assert_string_equal(format_number(number_seconds(1700000000123456789)), "1.7000000001234567e+09");
}

static void zeros_keep_their_sign_when_read(void **state)
{
	double value;
	assert_int_equal(parse_number("-0", &value), 0);
	assert_true(value == 0 && signbit(value));
	assert_int_equal(parse_number("-0.000e9999", &value), 0);
	assert_true(value == 0 && signbit(value));
	assert_int_equal(parse_number("0", &value), 0);
	assert_true(value == 0 && !signbit(value));
}

static void what_is_not_a_number(void **state)
{
	static const char *const texts[] = {"", "+", "-", ".", "+.", "-.", "e5", ".e1", "1e", "1e+", "1e-", "1e+-5",
		"1e5.0", " 1", "1 ", "\t1", "1\r", "1\n", "--1", "+-1", "1..2", "1.2.3", "1,5", "0x10", "0x1p4",
		"1_000", "1e1_0", "1f", "1d", "+nan", "-nan", "nan(1)", "nano", "na", "n", "in", "infinit", "infinityx",
		"inf1", "++inf", "i", "\xef\xbc\x91", "1e400", "-1e400", "1e309", "1.7976931348623159e308",
		"1e99999999999999999999", "INF ", "1e 5"};
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		double value = 42;
		if (parse_number(texts[i], &value) != -1)
			fail_msg("\"%s\" is not refused", texts[i]);
		assert_true(value == 42);
	}
	double value = 42;
	assert_int_equal(number_parse(slice_make("1\0", 2), &value), -1);
	assert_int_equal(number_parse(slice_make(NULL, 0), &value), -1);
	assert_true(value == 42);
}

/* Every text of one byte, and of two that start with a digit; in memory that ends with the text. */
static void every_byte(void **state)
{
	for (int byte = 0; byte < 256; byte++) {
		char *text = malloc(2), *one = malloc(1);
		assert_non_null(text);
		assert_non_null(one);
		double value;
		one[0] = (char)byte;
		text[0] = '7';
		text[1] = (char)byte;
		bool digit = byte >= '0' && byte <= '9';
		assert_int_equal(number_parse(slice_make(one, 1), &value), digit ? 0 : -1);
		if (digit)
			assert_true(value == byte - '0');
		assert_int_equal(number_parse(slice_make(text, 2), &value), digit || byte == '.' ? 0 : -1);
		if (digit)
			assert_true(value == 70 + byte - '0');
		free(text);
		free(one);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(texts_of_the_upstream),
		cmocka_unit_test(zeros_keep_their_sign_when_read),
		cmocka_unit_test(what_is_not_a_number),
		cmocka_unit_test(every_byte),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
