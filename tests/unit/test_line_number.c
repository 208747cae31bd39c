#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "line_number.h"
#include "number.h"

/* Reads the number of a line in memory that ends where it may be read. */
static const char *parse(const char *line, double *value, bool *canonical)
{
	size_t len = strlen(line);
	char *copy = malloc(len + LINE_NUMBER_AHEAD);
	assert_non_null(copy);
	memset(copy + len, '5', LINE_NUMBER_AHEAD);
	memcpy(copy, line, len);
	const char *newline = line_number_parse(copy, value, canonical);
	size_t end = newline == NULL ? 0 : (size_t)(newline - copy);
	free(copy);
	return newline == NULL ? NULL : line + end;
}

static void numbers_of_lines(void **state)
{
	static const struct {
		const char *line;
		double value;
		bool canonical;
	} cases[] = {
		{"10\n", 10, true},
		{"999999\n", 999999, true},
		{"1000000\n", 1000000, false},
		{"1e+06\n", 1e6, true},
		{"1e+05\n", 1e5, false},
		{"1.0e+06\n", 1e6, false},
		{"12e+06\n", 12e6, false},
		{"0e+06\n", 0, false},
		{"0.1\n", 0.1, true},
		{".1\n", 0.1, false},
		{"1.\n", 1, false},
		{"1.0\n", 1, false},
		{"01\n", 1, false},
		{"01.5\n", 1.5, false},
		{"00.5\n", 0.5, false},
		{"-0.5\n", -0.5, true},
		{"-0\n", -0.0, false},
		{"0.0001\n", 0.0001, true},
		{"0.00001\n", 0.00001, false},
		{"1e-05\n", 1e-5, true},
		{"1.5e-04\n", 1.5e-4, false},
		{"123456.789012345\n", 123456.789012345, true},
		{"0.12345678901234\n", 0.12345678901234, true},
		{"1.23456789012345e+09\n", 1.23456789012345e9, true},
		{"-1.23456789012345e-08\n", -1.23456789012345e-8, true},
		{"123456789012345\n", 123456789012345, false},
		{"1.5e+23\n", 1.5e23, true},
		{"1e+22\n", 1e22, true},
		{"1e-22\n", 1e-22, true},
		{"1e+99\n", 1e99, true},
		{"-1.5e-99\n", -1.5e-99, true},
		{"0.123456789012345\n", 0.123456789012345, false},
		{"0.1234567890123456\n", 0.1234567890123456, false},
		{"0.123456789012345678\n", 0.123456789012345678, false},
		{"1.738270000123456789e+09\n", 1.738270000123456789e+09, false},
		{"1234567890123456789\n", 1234567890123456789.0, false},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		double value = 4711;
		bool canonical = !cases[i].canonical;
		if (parse(cases[i].line, &value, &canonical) != strchr(cases[i].line, '\n'))
			fail_msg("%s is left to others", cases[i].line);
		if (memcmp(&value, &cases[i].value, sizeof(value)) != 0 || canonical != cases[i].canonical)
			fail_msg("%s is %.17g, canonical: %d", cases[i].line, value, canonical);
	}
}

static void left_to_others(void **state)
{
	static const char *const lines[] = {"\n", "-\n", ".\n", "-.\n", "+1\n", "NaN\n", "+Inf\n", "e+05\n", "1e\n",
		"1e+\n", "1e+5\n", "1e5\n", "1E+05\n", "1e+005\n", "1e+100\n", "1 \n", "1 5\n", "1..5\n", "1.5.5\n",
		"--1\n", "1e+05x\n", "1x\n", "x\n", "12345678901234567890\n", "9007199254740993\n",
		"0.1234567890123456789\n", "0e+99\n", "12345678901234567890123456789012345678901234567890\n",
		"1.1234567890123456789\n", "0x1p4\n", "1_0\n"};
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		double value;
		bool canonical;
		if (parse(lines[i], &value, &canonical) != NULL)
			fail_msg("%s is read as %.17g", lines[i], value);
	}
}

/* Xorshift, the same numbers in each run. */
static uint64_t random_bits(void)
{
	static uint64_t state = 88172645463325252;
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

/* What is read is what number_parse() reads; what is canonical is what number_format() writes. */
static void check_line(const char *line, bool *canonical)
{
	double value, expected;
	char text[NUMBER_TEXT_SIZE];
	*canonical = false;
	if (parse(line, &value, canonical) == NULL)
		return;
	struct slice number = slice_make(line, strlen(line) - 1);
	if (number_parse(number, &expected) == -1 || memcmp(&value, &expected, sizeof(value)) != 0)
		fail_msg("%s is read as %.17g", line, value);
	if (*canonical && !slice_equal(number, slice_make(text, number_format(value, text))))
		fail_msg("%s is taken to be canonical", line);
}

static void random_texts(void **state)
{
	for (size_t i = 0; i < 500000; i++) {
		char line[32];
		bool unused;
		size_t len = 1 + random_bits() % 24;
		/* Digits mostly. */
		for (size_t k = 0; k < len; k++)
			line[k] = "0123456789012345678901234567890123456789.e+-0."[random_bits() % 46];
		strcpy(line + len, "\n");
		check_line(line, &unused);
	}
}

/* Of the canonical texts of so few digits and not far from 1, each is taken for one. */
static void random_numbers(void **state)
{
	for (size_t i = 0; i < 500000; i++) {
		char line[NUMBER_TEXT_SIZE + 1], decimal[32];
		double value;
		bool canonical;
		int digits = 1 + (int)(random_bits() % 15);
		snprintf(decimal, sizeof(decimal), "%s%.*fe%d", random_bits() % 2 == 0 ? "" : "-", digits - 1,
			1 + (double)(random_bits() % 9000000) / 1e6, (int)(random_bits() % 15) - 7);
		assert_int_equal(number_parse(slice_of(decimal), &value), 0);
		strcpy(line + number_format(value, line), "\n");
		check_line(line, &canonical);
		if (!canonical)
			fail_msg("%s is not taken to be canonical", line);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_of_lines),
		cmocka_unit_test(left_to_others),
		cmocka_unit_test(random_texts),
		cmocka_unit_test(random_numbers),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
