#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <math.h>

#include "number.h"
#include "summary.h"

#define NOW ((time_t)1800000000)

static struct summary_total total;
static struct summary_recent recent;

static int set_up(void **state)
{
	memset(&total, 0, sizeof(total));
	memset(&recent, 0, sizeof(recent));
	return 0;
}

/* The quantiles as text, as they come out in the end. */
static void assert_quantiles_at(time_t now, enum summary_unit unit, const char *expected)
{
	double values[SUMMARY_QUANTILES];
	char text[SUMMARY_QUANTILES * NUMBER_TEXT_SIZE];
	size_t length = 0;
	assert_int_equal(summary_quantiles(&recent, unit, now, values), 0);
	for (size_t i = 0; i < SUMMARY_QUANTILES; i++) {
		length += number_format(values[i], text + length);
		text[length++] = ' ';
	}
	text[length - 1] = '\0';
	assert_string_equal(text, expected);
}

static void assert_quantiles(enum summary_unit unit, const char *expected)
{
	assert_quantiles_at(NOW, unit, expected);
}

static void assert_total(double sum, uint64_t count)
{
	assert_true(total.sum == sum);
	assert_true(total.count == count);
}

static void add_sizes(unsigned first, unsigned last)
{
	for (unsigned i = first; i <= last; i++)
		summary_add(&total, &recent, i, SUMMARY_SIZE, NOW);
}

static void test_zeros_are_empty(void **state)
{
	assert_total(0, 0);
	assert_quantiles(SUMMARY_SIZE, "NaN NaN NaN");
	/* When the clock's lower 30 bits are zeros. */
	assert_quantiles_at((time_t)1 << 31, SUMMARY_SIZE, "NaN NaN NaN");
}

/* The smallest observation that is not below the share. */
static void test_quantiles(void **state)
{
	add_sizes(7, 7);
	assert_quantiles(SUMMARY_SIZE, "7 7 7");
	add_sizes(8, 8);
	assert_quantiles(SUMMARY_SIZE, "7 7 8");
	set_up(NULL);
	add_sizes(1, 10);
	assert_quantiles(SUMMARY_SIZE, "1 5 9");
	add_sizes(11, 11);
	assert_quantiles(SUMMARY_SIZE, "2 6 10");
	set_up(NULL);
	/* In any order. */
	for (unsigned i = 0; i < 1000; i++)
		summary_add(&total, &recent, i * 7 % 1000 + 1, SUMMARY_SIZE, NOW);
	assert_quantiles(SUMMARY_SIZE, "100 500 900");
	assert_total(500500, 1000);
}

static void test_units(void **state)
{
	summary_add(&total, &recent, 0.00044397849, SUMMARY_DURATION, NOW);
	assert_quantiles(SUMMARY_DURATION, "0.000444 0.000444 0.000444");
	assert_total(0.00044397849, 1);
	summary_add(&total, &recent, 1e-9, SUMMARY_DURATION, NOW);
	summary_add(&total, &recent, 1e9, SUMMARY_DURATION, NOW);
	assert_quantiles(SUMMARY_DURATION, "0 0.000444 1717.9869183");
	set_up(NULL);
	summary_add(&total, &recent, 64u << 20, SUMMARY_SIZE, NOW);
	summary_add(&total, &recent, 1e300, SUMMARY_SIZE, NOW);
	assert_quantiles(SUMMARY_SIZE, "6.7108864e+07 6.7108864e+07 1.7179869183e+10");
	assert_total(1e300, 2);
}

/* What a clock that goes back may give. */
static void test_odd_values_count_as_zero(void **state)
{
	summary_add(&total, &recent, -1, SUMMARY_DURATION, NOW);
	summary_add(&total, &recent, NAN, SUMMARY_DURATION, NOW);
	summary_add(&total, &recent, -INFINITY, SUMMARY_DURATION, NOW);
	assert_total(0, 3);
	assert_quantiles(SUMMARY_DURATION, "0 0 0");
}

static void test_age(void **state)
{
	summary_add(&total, &recent, 1, SUMMARY_SIZE, NOW - 600);
	assert_quantiles(SUMMARY_SIZE, "NaN NaN NaN");
	summary_add(&total, &recent, 2, SUMMARY_SIZE, NOW - 599);
	assert_quantiles(SUMMARY_SIZE, "2 2 2");
	/* The clock was set back since. */
	summary_add(&total, &recent, 3, SUMMARY_SIZE, NOW + 1);
	assert_quantiles(SUMMARY_SIZE, "2 2 2");
	assert_quantiles_at(NOW + 1, SUMMARY_SIZE, "3 3 3");
	assert_quantiles_at(NOW + 10000000, SUMMARY_SIZE, "NaN NaN NaN");
	/* Sum and count are of all. */
	assert_total(6, 3);
}

static void test_as_many_as_fit(void **state)
{
	add_sizes(1, SUMMARY_RECENT);
	assert_quantiles(SUMMARY_SIZE, "820 4096 7373");
	/* The oldest give way. */
	add_sizes(SUMMARY_RECENT + 1, SUMMARY_RECENT + 1000);
	assert_quantiles(SUMMARY_SIZE, "1820 5096 8373");
	for (unsigned i = 0; i < SUMMARY_RECENT; i++)
		summary_add(&total, &recent, 5, SUMMARY_SIZE, NOW);
	assert_quantiles(SUMMARY_SIZE, "5 5 5");
	assert_true(total.count == 2 * SUMMARY_RECENT + 1000);
}

/* A file may hold anything: whatever comes out, nothing may break. */
static void test_garbage(void **state)
{
	memset(&total, 0xff, sizeof(total));
	memset(&recent, 0xff, sizeof(recent));
	double values[SUMMARY_QUANTILES];
	assert_int_equal(summary_quantiles(&recent, SUMMARY_SIZE, NOW, values), 0);
	assert_true(isnan(values[0]));
	/* The count starts again from 0 here, the sum stays not a number. */
	summary_add(&total, &recent, 1, SUMMARY_SIZE, NOW);
	assert_true(isnan(total.sum));
	assert_true(total.count == 0);
	assert_quantiles(SUMMARY_SIZE, "1 1 1");
}

/* What was counted in two places is as if it were in one. */
static void test_merged(void **state)
{
	struct summary_total other = {.sum = 2.5, .count = 3};
	add_sizes(1, 2);
	summary_total_merge(&total, &other);
	assert_total(5.5, 5);
}

#define TEST(name) cmocka_unit_test_setup(name, set_up)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_zeros_are_empty),
		TEST(test_quantiles),
		TEST(test_units),
		TEST(test_odd_values_count_as_zero),
		TEST(test_age),
		TEST(test_as_many_as_fit),
		TEST(test_garbage),
		TEST(test_merged),
	};
	return cmocka_run_group_tests_name("summary", tests, NULL, NULL);
}
