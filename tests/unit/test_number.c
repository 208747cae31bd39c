/* Values against strtod(3) and printf(3), and against what the upstream writes. */
#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "number.h"

/* xorshift64: the same numbers in every run. */
static uint64_t random_state;

static uint64_t next_random(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state;
}

static uint64_t bits_of(double value)
{
	uint64_t bits;
	memcpy(&bits, &value, sizeof(bits));
	return bits;
}

static double double_of(uint64_t bits)
{
	double value;
	memcpy(&value, &bits, sizeof(value));
	return value;
}

static double random_double(void)
{
	double value;
	do
		value = double_of(next_random());
	while (!isfinite(value));
	return value;
}

/* number_format() into a string; beyond its end nothing may be written. */
static const char *format(double value)
{
	static char text[NUMBER_TEXT_SIZE + 1];
	text[NUMBER_TEXT_SIZE] = '#';
	size_t len = number_format(value, text);
	assert_in_range(len, 1, 24);
	assert_int_equal(text[NUMBER_TEXT_SIZE], '#');
	text[len] = '\0';
	return text;
}

static int parse(const char *text, double *value)
{
	return number_parse(slice_of(text), value);
}

/* Reads the same as strtod(3), or is refused where that overflows. */
static void assert_parses_as_strtod(const char *text)
{
	double expected = strtod(text, NULL), value = 42;
	if (isinf(expected)) {
		if (parse(text, &value) != -1)
			fail_msg("%s is not refused", text);
		return;
	}
	if (parse(text, &value) != 0)
		fail_msg("%s is refused", text);
	if (bits_of(value) != bits_of(expected))
		fail_msg("%s reads as %a, not %a", text, value, expected);
}

static unsigned count_digits(const char *text)
{
	unsigned digits = 0, zeros = 0;
	for (; *text != '\0' && *text != 'e'; text++) {
		if (*text == '0' && digits > 0)
			zeros++;
		if (*text >= '1' && *text <= '9') {
			digits += zeros + 1;
			zeros = 0;
		}
	}
	return digits;
}

static void assert_round_trip(double value)
{
	const char *text = format(value);
	double parsed;
	if (strtod(text, NULL) != value)
		fail_msg("%a is written as %s", value, text);
	if (parse(text, &parsed) != 0 || parsed != value)
		fail_msg("%s is not read back as %a", text, value);
}

/* The significant digits and the sign, without point and exponent. */
static void significant(const char *text, char digits[NUMBER_TEXT_SIZE + 1])
{
	size_t len = 0;
	for (; *text != '\0' && *text != 'e'; text++)
		if (*text != '.' && (*text != '0' || (len > 0 && digits[len - 1] != '-')))
			digits[len++] = *text;
	digits[len] = '\0';
}

/* No text with fewer digits reads back. Where the nearest text with as many does, which is what printf(3) makes, it
 * is that one; both take the even one of two that are equally near. */
static void assert_shortest(double value)
{
	char text[NUMBER_TEXT_SIZE + 1], other[64], digits[NUMBER_TEXT_SIZE + 1], other_digits[NUMBER_TEXT_SIZE + 1];
	strcpy(text, format(value));
	int count = (int)count_digits(text);
	snprintf(other, sizeof(other), "%.*e", count - 2, value);
	if (count > 1 && strtod(other, NULL) == value)
		fail_msg("%s is not the shortest, %s is shorter", text, other);
	snprintf(other, sizeof(other), "%.*e", count - 1, value);
	if (strtod(other, NULL) != value)
		return;
	significant(text, digits);
	significant(other, other_digits);
	digits[(value < 0) + count] = '\0';
	if (strcmp(digits, other_digits) != 0)
		fail_msg("%s is not the nearest, %s is nearer to %a", text, other, value);
}

static void assert_all(double value)
{
	char text[64];
	assert_round_trip(value);
	assert_round_trip(-value);
	assert_shortest(value);
	snprintf(text, sizeof(text), "%.17g", value);
	assert_parses_as_strtod(text);
}

/* The value and the three doubles on either side. */
static void assert_neighbourhood(double value)
{
	uint64_t bits = bits_of(value);
	for (uint64_t i = bits < 4 ? 1 : bits - 3; i <= bits + 3; i++)
		if (isfinite(double_of(i)))
			assert_all(double_of(i));
}

static void random_doubles_come_back(void **state)
{
	random_state = 88172645463325252;
	for (int i = 0; i < 1000000; i++) {
		double value = random_double();
		assert_round_trip(value);
		if (i % 4 == 0)
			assert_shortest(value);
	}
}

static void random_texts_read_as_strtod_reads_them(void **state)
{
	random_state = 2463534242;
	for (int i = 0; i < 100000; i++) {
		char text[64];
		double value = random_double();
		snprintf(text, sizeof(text), "%.17g", value);
		assert_parses_as_strtod(text);
		snprintf(text, sizeof(text), "%.*e", (int)(next_random() % 25), value);
		assert_parses_as_strtod(text);
	}
	for (int i = 0; i < 100000; i++) {
		char text[64];
		unsigned long long digits = next_random() >> next_random() % 64;
		snprintf(text, sizeof(text), "%llu%se%d", digits, i % 2 ? "" : ".5", (int)(next_random() % 700) - 360);
		assert_parses_as_strtod(text);
	}
}

static void values_of_everyday_come_back(void **state)
{
	random_state = 123456789;
	for (int i = 0; i < 100000; i++) {
		uint64_t integer = next_random() >> next_random() % 64;
		assert_round_trip((double)integer);
		double value = (double)(integer >> 11) / (double[]){10, 100, 1e3, 1e6, 1e9, 2, 1024, 3}[i % 8];
		assert_round_trip(value);
		if (i % 8 == 0 && value > 0)
			assert_shortest(value);
	}
	for (int i = 0; i <= 100000; i++) {
		char expected[32];
		snprintf(expected, sizeof(expected), "%d", i);
		assert_string_equal(format(i), expected);
	}
}

static void powers_and_their_neighbours(void **state)
{
	for (int exponent = -323; exponent <= 308; exponent++) {
		char text[16], expected[16];
		snprintf(text, sizeof(text), "1e%d", exponent);
		double power = strtod(text, NULL), value;
		assert_int_equal(parse(text, &value), 0);
		assert_true(value == power);
		if (exponent < -4 || exponent > 5)
			snprintf(expected, sizeof(expected), "1e%+03d", exponent);
		else
			snprintf(expected, sizeof(expected), "%.*f", exponent < 0 ? -exponent : 0, power);
		assert_string_equal(format(power), expected);
		assert_neighbourhood(power);
	}
	for (int exponent = -1074; exponent <= 1023; exponent++)
		assert_neighbourhood(ldexp(1, exponent));
	assert_neighbourhood(DBL_MAX);
	assert_neighbourhood(DBL_MIN);
}

static void integers_where_doubles_stop_being_exact(void **state)
{
	for (int64_t i = (INT64_C(1) << 53) - 1000; i <= (INT64_C(1) << 53) + 1000; i++) {
		char text[32];
		assert_all((double)i);
		snprintf(text, sizeof(text), "%lld", (long long)i);
		assert_parses_as_strtod(text);
		snprintf(text, sizeof(text), "%lld.0", (long long)i);
		assert_parses_as_strtod(text);
	}
}

/* What lies exactly between two doubles, a trifle below and a trifle above, in full length. */
static void assert_around_halfway(double value)
{
	enum { SIZE = 4096 };
	static char text[SIZE];

	/* 1074 places hold every double exactly, and half a unit in its last place too if that is not below the
	 * smallest double: halfway is the sum of the two texts. */
	double half_unit = (nextafter(value, INFINITY) - value) / 2;
	assert_true(half_unit > 0);
	char a[SIZE / 2], b[SIZE / 2];
	int len = snprintf(a, sizeof(a), "%.1074f", value);
	int other = snprintf(b, sizeof(b), "%.1074f", half_unit);
	int carry = 0;
	for (int i = len - 1, k = other - 1; i >= 0; i--, k--) {
		if (a[i] == '.')
			continue;
		int digit = a[i] - '0' + (k >= 0 ? b[k] - '0' : 0) + carry;
		carry = digit > 9;
		a[i] = (char)('0' + digit % 10);
	}
	assert_int_equal(carry, 0);
	assert_parses_as_strtod(a);
	snprintf(text, sizeof(text), "%s0000000000000000000000000001", a);
	assert_parses_as_strtod(text);
	assert_true(strtod(text, NULL) == nextafter(value, INFINITY));
	int last = len - 1;
	while (a[last] == '0' || a[last] == '.')
		last--;
	a[last]--;
	snprintf(text, sizeof(text), "%s9999999999999", a);
	assert_parses_as_strtod(text);
}

static void halfway_between_doubles(void **state)
{
	random_state = 362436069;
	for (int i = 0; i < 300; i++)
		assert_around_halfway(ldexp(1 + (double)(next_random() >> 12) / 4503599627370496.0, i * 6 - 1020));
	for (int i = 0; i < 200; i++)
		assert_around_halfway(ldexp(1 + (double)(next_random() >> 12) / 4503599627370496.0, i));
	static const char *const texts[] = {
		"9007199254740993",
		"9007199254740993.0",
		"9007199254740993.00000000000000000001",
		"9007199254740992.99999999999999999999",
		"90071992547409930e-1",
		"9007199254740995",
		"0.9007199254740993e16",
		"2.4703282292062327208e-324",
		"2.4703282292062327209e-324",
		"2.470328229206232720882843964341106861825e-324",
		"2.470328229206232720882843964341106861826e-324",
		"2.2250738585072011e-308",
		"2.2250738585072012e-308",
		"1.7976931348623157e308",
		"1.7976931348623158e308",
		"1.7976931348623159e308",
		"179769313486231580793728971405303415079934132710037826936173778980444968292764750946649017977587207096"
		"330286"
		"416692887910946555547851940402630657488671505820681908902000708383676273854845817711531764475730270069"
		"855571"
		"366959622842914819860834936475292719074168444365510704342711559699508093042880",
		"179769313486231580793728971405303415079934132710037826936173778980444968292764750946649017977587207096"
		"330286"
		"416692887910946555547851940402630657488671505820681908902000708383676273854845817711531764475730270069"
		"855571"
		"366959622842914819860834936475292719074168444365510704342711559699508093042879.99",
		"0.1000000000000000055511151231257827021181583404541015625",
		"0.3000000000000000166533453693773481063544750213623046875",
		"22.2500000000000000",
		"1.70000000000000000000",
		"8.5e-324",
		"1e23",
		"8.442911973260991817129021e-309",
		"6.9294956446009195e15",
		"9223372036854775808.5",
		"18446744073709551615",
		"18446744073709551616",
		"9999999999999999999",
		"99999999999999999999",
		"99999999999999999999e289",
		"9999999999999999999e-343",
		"1e-342",
		"1e-343",
		"9e-343",
		"1e-324",
		"3e-324",
	};
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		assert_parses_as_strtod(texts[i]);
}

/* Appends `count` bytes. */
static char *fill(char *p, char byte, size_t count)
{
	memset(p, byte, count);
	return p + count;
}

static void megabytes_of_digits(void **state)
{
	enum { LONG = 1000000 };
	char *text = malloc(2 * LONG + 100);
	assert_non_null(text);
	double value;

	strcpy(fill(text, '0', LONG), "1.5");
	assert_int_equal(parse(text, &value), 0);
	assert_true(value == 1.5);

	strcpy(text, "0.");
	strcpy(fill(text + 2, '0', LONG), "25e1000001");
	assert_int_equal(parse(text, &value), 0);
	assert_true(value == 2.5);

	strcpy(fill(fill(text, '7', 1), '0', LONG), "e-999999");
	assert_int_equal(parse(text, &value), 0);
	assert_true(value == 70);

	strcpy(fill(text, '9', LONG), "");
	value = 42;
	assert_int_equal(parse(text, &value), -1);
	assert_true(value == 42);

	strcpy(text, "1e-");
	strcpy(fill(text + 3, '9', LONG), "");
	assert_int_equal(parse(text, &value), 0);
	assert_true(value == 0 && !signbit(value));

	text[2] = '+';
	assert_int_equal(parse(text, &value), -1);
	text[0] = '0';
	assert_int_equal(parse(text, &value), 0);
	assert_true(value == 0);

	/* Exactly halfway but for the very last of a million digits. */
	strcpy(text, "9007199254740993.");
	strcpy(fill(text + 17, '0', LONG), "1");
	assert_int_equal(parse(text, &value), 0);
	assert_true(value == 9007199254740994);
	text[17 + LONG] = '0';
	assert_int_equal(parse(text, &value), 0);
	assert_true(value == 9007199254740992);
	free(text);
}

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
		if (parse(table[i].pushed, &value) != 0)
			fail_msg("%s is refused", table[i].pushed);
		assert_string_equal(format(value), table[i].scraped);
	}
	assert_string_equal(format(-NAN), "NaN");
	assert_string_equal(format(number_seconds(1700000000123456789)), "1.7000000001234567e+09");
}

static void zeros_keep_their_sign_when_read(void **state)
{
	double value;
	assert_int_equal(parse("-0", &value), 0);
	assert_true(value == 0 && signbit(value));
	assert_int_equal(parse("-0.000e9999", &value), 0);
	assert_true(value == 0 && signbit(value));
	assert_int_equal(parse("0", &value), 0);
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
		if (parse(texts[i], &value) != -1)
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
		cmocka_unit_test(random_doubles_come_back),
		cmocka_unit_test(random_texts_read_as_strtod_reads_them),
		cmocka_unit_test(values_of_everyday_come_back),
		cmocka_unit_test(powers_and_their_neighbours),
		cmocka_unit_test(integers_where_doubles_stop_being_exact),
		cmocka_unit_test(halfway_between_doubles),
		cmocka_unit_test(megabytes_of_digits),
		cmocka_unit_test(texts_of_the_upstream),
		cmocka_unit_test(zeros_keep_their_sign_when_read),
		cmocka_unit_test(what_is_not_a_number),
		cmocka_unit_test(every_byte),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
