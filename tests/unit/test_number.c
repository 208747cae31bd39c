/* Values against strtod(3) and printf(3). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/numbers.h"

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

/* Reads the same as strtod(3), or is refused where that overflows. */
static void assert_parses_as_strtod(const char *text)
{
	double expected = strtod(text, NULL), value = 42;
	if (isinf(expected)) {
		if (parse_number(text, &value) != -1)
			fail_msg("%s is not refused", text);
		return;
	}
	if (parse_number(text, &value) != 0)
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
	const char *text = format_number(value);
	double parsed;
	if (strtod(text, NULL) != value)
		fail_msg("%a is written as %s", value, text);
	if (parse_number(text, &parsed) != 0 || parsed != value)
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
	strcpy(text, format_number(value));
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
		assert_string_equal(format_number(i), expected);
	}
}

static void powers_and_their_neighbours(void **state)
{
	for (int exponent = -323; exponent <= 308; exponent++) {
		char text[16], expected[16];
		snprintf(text, sizeof(text), "1e%d", exponent);
		double power = strtod(text, NULL), value;
		assert_int_equal(parse_number(text, &value), 0);
		assert_true(value == power);
		if (exponent < -4 || exponent > 5)
			snprintf(expected, sizeof(expected), "1e%+03d", exponent);
		else
			snprintf(expected, sizeof(expected), "%.*f", exponent < 0 ? -exponent : 0, power);
		assert_string_equal(format_number(power), expected);
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
	assert_int_equal(parse_number(text, &value), 0);
	assert_true(value == 1.5);

	strcpy(text, "0.");
	strcpy(fill(text + 2, '0', LONG), "25e1000001");
	assert_int_equal(parse_number(text, &value), 0);
	assert_true(value == 2.5);

	strcpy(fill(fill(text, '7', 1), '0', LONG), "e-999999");
	assert_int_equal(parse_number(text, &value), 0);
	assert_true(value == 70);

	strcpy(fill(text, '9', LONG), "");
	value = 42;
	assert_int_equal(parse_number(text, &value), -1);
	assert_true(value == 42);

	strcpy(text, "1e-");
	strcpy(fill(text + 3, '9', LONG), "");
	assert_int_equal(parse_number(text, &value), 0);
	assert_true(value == 0 && !signbit(value));

	text[2] = '+';
	assert_int_equal(parse_number(text, &value), -1);
	text[0] = '0';
	assert_int_equal(parse_number(text, &value), 0);
	assert_true(value == 0);

	/* Exactly halfway but for the very last of a million digits. */
	strcpy(text, "9007199254740993.");
	strcpy(fill(text + 17, '0', LONG), "1");
	assert_int_equal(parse_number(text, &value), 0);
	assert_true(value == 9007199254740994);
	text[17 + LONG] = '0';
	assert_int_equal(parse_number(text, &value), 0);
	assert_true(value == 9007199254740992);
	free(text);
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
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
