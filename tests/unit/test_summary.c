#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <math.h>
#include <pthread.h>

#include "number.h"
#include "summary.h"

#define NOW ((time_t)1800000000)

static struct summary summary;

static int set_up(void **state)
{
	memset(&summary, 0, sizeof(summary));
	return 0;
}

/* The quantiles as text, as they come out in the end. */
static void assert_quantiles_at(time_t now, enum summary_unit unit, const char *expected)
{
	double values[SUMMARY_QUANTILES];
	char text[SUMMARY_QUANTILES * NUMBER_TEXT_SIZE];
	size_t length = 0;
	assert_int_equal(summary_quantiles(&summary, unit, now, values), 0);
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

static void assert_total(double sum, double count)
{
	assert_true(summary_total_sum(&summary.total) == sum);
	assert_true(summary_total_count(&summary.total) == count);
}

static void add_sizes(unsigned first, unsigned last)
{
	for (unsigned i = first; i <= last; i++)
		summary_add(&summary, i, SUMMARY_SIZE, NOW);
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
		summary_add(&summary, i * 7 % 1000 + 1, SUMMARY_SIZE, NOW);
	assert_quantiles(SUMMARY_SIZE, "100 500 900");
	assert_total(500500, 1000);
}

static void test_units(void **state)
{
	summary_add(&summary, 0.00044397849, SUMMARY_DURATION, NOW);
	assert_quantiles(SUMMARY_DURATION, "0.000444 0.000444 0.000444");
	assert_total(0.00044397849, 1);
	summary_add(&summary, 1e-9, SUMMARY_DURATION, NOW);
	summary_add(&summary, 1e9, SUMMARY_DURATION, NOW);
	assert_quantiles(SUMMARY_DURATION, "0 0.000444 1717.9869183");
	set_up(NULL);
	summary_add(&summary, 64u << 20, SUMMARY_SIZE, NOW);
	summary_add(&summary, 1e300, SUMMARY_SIZE, NOW);
	assert_quantiles(SUMMARY_SIZE, "6.7108864e+07 6.7108864e+07 1.7179869183e+10");
	assert_total(1e300, 2);
}

/* What a clock that goes back may give. */
static void test_odd_values_count_as_zero(void **state)
{
	summary_add(&summary, -1, SUMMARY_DURATION, NOW);
	summary_add(&summary, NAN, SUMMARY_DURATION, NOW);
	summary_add(&summary, -INFINITY, SUMMARY_DURATION, NOW);
	assert_total(0, 3);
	assert_quantiles(SUMMARY_DURATION, "0 0 0");
}

static void test_age(void **state)
{
	summary_add(&summary, 1, SUMMARY_SIZE, NOW - 600);
	assert_quantiles(SUMMARY_SIZE, "NaN NaN NaN");
	summary_add(&summary, 2, SUMMARY_SIZE, NOW - 599);
	assert_quantiles(SUMMARY_SIZE, "2 2 2");
	/* The clock was set back since. */
	summary_add(&summary, 3, SUMMARY_SIZE, NOW + 1);
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
		summary_add(&summary, 5, SUMMARY_SIZE, NOW);
	assert_quantiles(SUMMARY_SIZE, "5 5 5");
	assert_true(summary_total_count(&summary.total) == 2 * SUMMARY_RECENT + 1000);
}

/* A file may hold anything: whatever comes out, nothing may break. */
static void test_garbage(void **state)
{
	memset(&summary, 0xff, sizeof(summary));
	double values[SUMMARY_QUANTILES];
	assert_int_equal(summary_quantiles(&summary, SUMMARY_SIZE, NOW, values), 0);
	assert_true(isnan(values[0]));
	/* The count starts again from 0 here, the sum stays not a number. */
	summary_add(&summary, 1, SUMMARY_SIZE, NOW);
	assert_true(isnan(summary_total_sum(&summary.total)));
	assert_true(summary_total_count(&summary.total) == 0);
	assert_quantiles(SUMMARY_SIZE, "1 1 1");
}

#define THREADS	   4
#define PER_THREAD 20000

static void *add_many(void *context)
{
	for (int i = 0; i < PER_THREAD; i++)
		summary_add(&summary, 0.25, SUMMARY_DURATION, NOW);
	return NULL;
}

static void test_threads(void **state)
{
	pthread_t threads[THREADS];
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, add_many, NULL), 0);
	/* Never half of an observation. */
	for (int i = 0; i < 20; i++) {
		double values[SUMMARY_QUANTILES];
		assert_int_equal(summary_quantiles(&summary, SUMMARY_DURATION, NOW, values), 0);
		assert_true(isnan(values[0]) || values[0] == 0.25);
		assert_true(isnan(values[2]) || values[2] == 0.25);
	}
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	assert_total(THREADS * PER_THREAD * 0.25, THREADS * PER_THREAD);
	assert_quantiles(SUMMARY_DURATION, "0.25 0.25 0.25");
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
		TEST(test_threads),
	};
	return cmocka_run_group_tests_name("summary", tests, NULL, NULL);
}
