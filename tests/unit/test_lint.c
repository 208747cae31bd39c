#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lint.h"

static const struct limits limits = LIMITS_DEFAULT;

static void note(void *context, const struct metric_family *family, const char *advice)
{
	char *found = context;
	size_t len = strlen(found);
	snprintf(found + len, 1000 - len, "%.*s: %s\n", SLICE_PRINTF(family->name), advice);
}

static void assert_advice(const char *text, const char *expected)
{
	struct exposition exposition;
	struct error error;
	char found[1000] = "";
	exposition_init(&exposition);
	assert_int_equal(exposition_parse(&exposition, slice_of(text), &limits, &error), 0);
	assert_int_equal(lint(&exposition, note, found, &error), 0);
	assert_string_equal(found, expected);
	exposition_release(&exposition);
}

/* With a help text, and as a gauge. */
static void assert_name(const char *name, const char *advice)
{
	char text[500], expected[500] = "";
	snprintf(text, sizeof(text), "# HELP %s x\n# TYPE %s gauge\n%s 1\n", name, name, name);
	if (advice[0] != '\0')
		snprintf(expected, sizeof(expected), "%s: %s\n", name, advice);
	assert_advice(text, expected);
}

static void names(void **state)
{
	static const struct {
		const char *name, *advice;
	} cases[] = {
		{"a", ""},
		{"a_bytes", ""},
		{"a_seconds_max", ""},
		{"a_minutes", "use base unit \"seconds\" instead of \"minutes\""},
		{"minutes_a", "use base unit \"seconds\" instead of \"minutes\""},
		{"a_milliseconds_max", "use base unit \"seconds\" instead of \"milliseconds\""},
		{"a_kibibytes", "use base unit \"bytes\" instead of \"kibibytes\""},
		{"a_bits", "use base unit \"bytes\" instead of \"bits\""},
		{"a_fahrenheit", "use base unit \"celsius\" instead of \"fahrenheit\""},
		{"a_minutes_hours", "use base unit \"seconds\" instead of \"minutes\""},
		{"a_thermometers", ""},
		{"a_Minutes", ""},
		{"a_ms", "metric names should not contain abbreviated units"},
		{"a_MS_b", "metric names should not contain abbreviated units"},
		{"a_s_h", "metric names should not contain abbreviated units"},
		{"ms_a", ""},
		{"ms", ""},
		{"a_total", "non-counter metrics should not have \"_total\" suffix"},
		{"a_bucket", "non-histogram metrics should not have \"_bucket\" suffix"},
		{"a_count", "non-histogram and non-summary metrics should not have \"_count\" suffix"},
		{"a_sum", "non-histogram and non-summary metrics should not have \"_sum\" suffix"},
		{"a_gauge", "metric name should not include type 'gauge'"},
		{"a_gauge_x", "metric name should not include type 'gauge'"},
		{"gauge_a", ""},
		{"a_counter", ""},
		{"a:b", "metric names should not contain ':'"},
		{"aB", "metric names should be written in 'snake_case' not 'camelCase'"},
		{"AB", ""},
		{"a__", ""},
		{"_", ""},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_name(cases[i].name, cases[i].advice);
}

static void families(void **state)
{
	static const struct {
		const char *text, *advice;
	} cases[] = {
		{"", ""},
		{"a 1\n", "a: no help text\n"},
		{"a_count_total 1\na_bucket{le=\"x\",quantile=\"x\"} 1\n",
			"a_bucket: no help text\na_count_total: no help text\n"},
		{"# HELP a b\n# TYPE a counter\na 1\n", "a: counter metrics should have \"_total\" suffix\n"},
		{"# HELP a_total b\n# TYPE a_total counter\na_total 1\n", ""},
		{"# HELP a b\n# TYPE a gauge\na{le=\"1\"} 1\na{le=\"2\",quantile=\"x\"} 1\n",
			"a: non-histogram metrics should not have \"le\" label\n"
			"a: non-summary metrics should not have \"quantile\" label\n"},
		{"# HELP a b\n# TYPE a histogram\na_bucket{le=\"1\",quantile=\"2\"} 1\n",
			"a: non-summary metrics should not have \"quantile\" label\n"},
		{"# HELP a b\n# TYPE a summary\na{le=\"1\",quantile=\"2\"} 1\n",
			"a: non-histogram metrics should not have \"le\" label\n"},
		{"# HELP a b\n# TYPE a gauge\na{bC=\"1\",dE=\"2\"} 1\na{bC=\"2\"} 1\n",
			"a: label names should be written in 'snake_case' not 'camelCase'\n"},
		{"# HELP a b\n# TYPE a gauge\na{b=\"1\"} 1\na 1\na{c=\"1\"} 1\na{b=\"1\"} 2\na{b=\"1\"} 3\n",
			"a: metric not unique\n"},
		{"# HELP a_histogram b\n# TYPE a_histogram histogram\na_histogram_count 1\n",
			"a_histogram: metric name should not include type 'histogram'\n"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_advice(cases[i].text, cases[i].advice);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names),
		cmocka_unit_test(families),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
