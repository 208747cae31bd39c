#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "openmetrics.h"
#include "payload.h"

static const struct limits limits = LIMITS_DEFAULT;

/* The text in format 0.0.4. */
static void assert_becomes(const char *openmetrics, const char *expected)
{
	struct payload payload;
	struct error error;
	struct slice text = {0};
	payload_init(&payload, 10000);
	payload.drop_timestamps = true;
	assert_int_equal(buffer_append_string(&payload.text, openmetrics), 0);
	assert_int_equal(buffer_append_string(&payload.text, "# EOF\n"), 0);
	if (payload_parse(&payload, true, &limits, &error) == -1 || payload_text(&payload, &text, &error) == -1)
		fail_msg("%u:%u: %s", error.line, error.column, error.message);
	assert_int_equal(buffer_append_byte(&payload.written, '\0'), 0);
	assert_string_equal(payload.written.data, expected);
	payload_release(&payload);
}

static void it_is_told_by_its_last_line(void **state)
{
	static const struct {
		const char *text;
		bool is;
	} cases[] = {
		{"# EOF\n", true},
		{"# EOF", true},
		{"a 1\n# EOF\n", true},
		{"a 1\n# EOF", true},
		{"", false},
		{"\n", false},
		{"EOF\n", false},
		{"a # EOF\n", false},
		{"# EOF\n\n", false},
		{"# EOF\na 1\n", false},
		{"# EOF \n", false},
		{"#EOF\n", false},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(openmetrics_is(slice_of(cases[i].text)), cases[i].is);
	assert_false(openmetrics_is(slice_make(NULL, 0)));
}

static void each_type_has_its_own(void **state)
{
	static const struct {
		const char *openmetrics, *text;
	} cases[] = {
		{"", ""},
		{"# TYPE a counter\n# HELP a b\na_total 1.0\na_created 2\n",
			"# HELP a_total b\n# TYPE a_total counter\na_total 1\n"},
		{"# TYPE a_total counter\na_total 1\n", "# TYPE a_total counter\na_total 1\n"},
		{"# TYPE a gauge\n# UNIT a \na{b=\"c\"} -1e3\n", "# TYPE a gauge\na{b=\"c\"} -1000\n"},
		{"# TYPE a_seconds gauge\n# UNIT a_seconds seconds\na_seconds +Inf\n",
			"# TYPE a_seconds gauge\na_seconds +Inf\n"},
		{"# TYPE a histogram\n# HELP a b\na_bucket{le=\"1.0\"} 1\na_bucket{le=\"+Inf\"} 2\na_count 2\na_sum "
		 "3\na_created 4\n",
			"# HELP a b\n# TYPE a histogram\na_bucket{le=\"1\"} 1\na_bucket{le=\"+Inf\"} 2\na_sum "
			"3\na_count 2\n"},
		{"# TYPE a gaugehistogram\n# HELP a b\na_bucket{le=\"1.0\"} 1\na_bucket{le=\"+Inf\"} 2\na_gcount "
		 "2\na_gsum -3\n",
			"# HELP a_bucket b\n# TYPE a_bucket gauge\na_bucket{le=\"1.0\"} 1\na_bucket{le=\"+Inf\"} 2\n"
			"# HELP a_gcount b\n# TYPE a_gcount gauge\na_gcount 2\n"
			"# HELP a_gsum b\n# TYPE a_gsum gauge\na_gsum -3\n"},
		{"# TYPE a summary\na{quantile=\"0.5\"} 1\na_count 2\na_sum 3\na_created 4\n",
			"# TYPE a summary\na{quantile=\"0.5\"} 1\na_sum 3\na_count 2\n"},
		{"# TYPE a info\n# HELP a b\na_info{c=\"d\"} 1\n",
			"# HELP a_info b\n# TYPE a_info gauge\na_info{c=\"d\"} 1\n"},
		{"# TYPE a stateset\na{a=\"b\"} 1\na{a=\"c\"} 0\n", "# TYPE a gauge\na{a=\"b\"} 1\na{a=\"c\"} 0\n"},
		{"# TYPE a unknown\na 1\n", "# TYPE a untyped\na 1\n"},
		{"# HELP a b\na 1\n", "# HELP a b\n# TYPE a untyped\na 1\n"},
		{"a 1\n", "# TYPE a untyped\na 1\n"},
		{"# TYPE a counter\na_created 1\n", ""},
		{"# TYPE a gauge\na_created 1\n", "# TYPE a_created untyped\na_created 1\n"},
		{"# HELP a \\\"b\\\" \\\\ \\n\n# TYPE a gauge\na 1\n",
			"# HELP a \"b\" \\\\ \\n\n# TYPE a gauge\na 1\n"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_becomes(cases[i].openmetrics, cases[i].text);
}

static void many_series_of_a_family(void **state)
{
	assert_becomes("# TYPE h gaugehistogram\n"
		       "h_bucket{le=\"+Inf\",x=\"1\"} 1\nh_gcount{x=\"1\"} 1\nh_gsum{x=\"1\"} 1\n"
		       "h_bucket{le=\"+Inf\",x=\"2\"} 2\nh_gcount{x=\"2\"} 2\nh_gsum{x=\"2\"} 2\n"
		       "# TYPE c counter\n"
		       "c_total{x=\"1\"} 1\nc_created{x=\"1\"} 5\nc_total{x=\"2\"} 2\nc_created{x=\"2\"} 5\n",
		"# TYPE c_total counter\nc_total{x=\"1\"} 1\nc_total{x=\"2\"} 2\n"
		"# TYPE h_bucket gauge\nh_bucket{le=\"+Inf\",x=\"1\"} 1\nh_bucket{le=\"+Inf\",x=\"2\"} 2\n"
		"# TYPE h_gcount gauge\nh_gcount{x=\"1\"} 1\nh_gcount{x=\"2\"} 2\n"
		"# TYPE h_gsum gauge\nh_gsum{x=\"1\"} 1\nh_gsum{x=\"2\"} 2\n");
}

static void families_may_be_interleaved(void **state)
{
	assert_becomes("# TYPE c counter\nc_total{x=\"1\"} 1\n# TYPE h histogram\nh_bucket{le=\"+Inf\"} 1\n"
		       "c_total{x=\"2\"} 2\n# TYPE g gauge\ng 1\nh_count 1\nh_sum 2\n",
		"# TYPE c_total counter\nc_total{x=\"1\"} 1\nc_total{x=\"2\"} 2\n# TYPE g gauge\ng 1\n"
		"# TYPE h histogram\nh_bucket{le=\"+Inf\"} 1\nh_sum 2\nh_count 1\n");
}

static void timestamps_and_exemplars(void **state)
{
	assert_becomes("# TYPE a counter\n"
		       "a_total{x=\"1\"} 1 # {} 1\n"
		       "a_total{x=\"2\"} 1 1.5\n"
		       "a_total{x=\"3\"} 1 -1e9 # {trace=\"\\\"\",le=\"x\"} 0.5 1.25\n"
		       "a_total{x=\"# {}\"} 1 # {b=\"c\"} NaN\n",
		"# TYPE a_total counter\na_total{x=\"1\"} 1\na_total{x=\"2\"} 1\na_total{x=\"3\"} 1\na_total{x=\"# "
		"{}\"} "
		"1\n");
}

static void timestamps_are_noted(void **state)
{
	struct payload payload;
	struct error error;
	payload_init(&payload, 1000);
	assert_int_equal(
		buffer_append_string(&payload.text, "# TYPE a counter\na_created 1 5\na_total 1 1.5\n# EOF\n"), 0);
	assert_int_equal(payload_parse(&payload, false, &limits, &error), 0);
	assert_int_equal(payload.exposition.timestamp_line, 3);
	assert_int_equal(payload.exposition.timestamp_column, 11);
	payload_release(&payload);
}

static void what_is_wrong_has_its_place(void **state)
{
	static const struct {
		const char *text;
		unsigned line, column;
		const char *message;
	} cases[] = {
		{"# EOF\n", 1, 1, "unexpected text after \"# EOF\""},
		{"a 1\n# TYPE b untyped\n", 2, 10, "unknown metric type \"untyped\""},
		{"# TYPE b Gauge\n", 1, 10, "unknown metric type \"Gauge\""},
		{"# TYPE b gauge\n# TYPE b gauge\n", 2, 10, "second TYPE line for metric name \"b\""},
		{"# HELP b x\n# HELP b x\n", 2, 10, "second HELP line for metric name \"b\""},
		{"# UNIT b_s s\n# UNIT b_s s\n", 2, 12, "second UNIT line for metric name \"b_s\""},
		{"# UNIT b_s m\n", 1, 12, "the metric name \"b_s\" does not end in its unit \"m\""},
		{"# UNIT bs s\n", 1, 11, "the metric name \"bs\" does not end in its unit \"s\""},
		{"# UNIT s s\n", 1, 10, "the metric name \"s\" does not end in its unit \"s\""},
		{"# TYPE b gauge\nb 1\n# HELP b x\n", 3, 8,
			"HELP, TYPE or UNIT of metric name \"b\" after its samples"},
		{"# TYPE b gauge\nb 1\n# TYPE c gauge\nc 1\n# TYPE b gauge\nb{x=\"\"} 1\n", 6, 1,
			"second TYPE line for metric name \"b\", or TYPE reported after samples"},
		{"# TYPE h histogram\nh 1\n", 2, 1,
			"a metric of type histogram has no sample with the name \"h\" itself"},
		{"# TYPE h gaugehistogram\nh 1\n", 2, 1,
			"a metric of type gaugehistogram has no sample with the name \"h\" itself"},
		{"# TYPE h histogram\nh_count 1\n# TYPE h_count gauge\nh_count 1\n", 4, 1,
			"the name \"h_count\" belongs to the histogram \"h\""},
		{"# TYPE\n", 1, 7, "invalid metric name in comment"},
		{"# TYPE 1 gauge\n", 1, 8, "invalid metric name in comment"},
		{"# HELP b x\\y\n", 1, 11, "invalid escape sequence '\\y'"},
		{"b\n", 1, 2, "expected float as value, got \"\""},
		{"b 0x1\n", 1, 3, "expected float as value, got \"0x1\""},
		{"b 1 x\n", 1, 5, "expected float as timestamp, got \"x\""},
		{"b 1 1 1\n", 1, 7, "spurious string after timestamp: \"1\""},
		{"b 1 # 1\n", 1, 7, "expected '{' at start of exemplar, found '1'"},
		{"b 1 # {\n", 1, 8, "invalid label name for metric \"b\""},
		{"b 1 # {x=\"y\"}\n", 1, 14, "expected float as value of exemplar, got \"\""},
		{"b 1 # {x=\"y\"} 1 z\n", 1, 17, "expected float as timestamp of exemplar, got \"z\""},
		{"b 1 # {x=\"y\"} 1 1 1\n", 1, 19, "spurious string after exemplar: \"1\""},
		{"b{x=\"y\n", 1, 7, "label value \"y\" contains unescaped new-line"},
		{"# TYPE h histogram\nh_bucket{le=\"x\"} 1\n", 2, 14,
			"expected float as value for 'le' label, got \"x\""},
		{"# TYPE h histogram\nh_count -1\n", 2, 9, "negative count for histogram \"h\""},
		{"{\"b\" 1\n", 1, 2, "invalid metric name"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct payload payload;
		struct error error;
		payload_init(&payload, 1000);
		assert_int_equal(buffer_append_string(&payload.text, cases[i].text), 0);
		assert_int_equal(buffer_append_string(&payload.text, "# EOF\n"), 0);
		assert_int_equal(payload_parse(&payload, true, &limits, &error), -1);
		assert_int_equal(error.kind, ERROR_SYNTAX);
		assert_string_equal(error.message, cases[i].message);
		assert_int_equal(error.line, cases[i].line);
		assert_int_equal(error.column, cases[i].column);
		payload_release(&payload);
	}
}

static void limits_are_kept(void **state)
{
	struct limits few = limits;
	struct payload payload;
	struct error error;
	few.labels = 1;
	payload_init(&payload, 1000);
	assert_int_equal(buffer_append_string(&payload.text, "a{b=\"1\"} 1 # {c=\"2\",d=\"3\"} 1\n# EOF\n"), 0);
	assert_int_equal(payload_parse(&payload, true, &few, &error), -1);
	assert_int_equal(error.kind, ERROR_TOO_LARGE);
	assert_string_equal(error.message, "the sample has too many labels, over the limit of 1");
	payload_release(&payload);
	few.body = 10;
	payload_init(&payload, 1000);
	assert_int_equal(buffer_append_string(&payload.text, "a 1\na 2\n# EOF\n"), 0);
	assert_int_equal(payload_parse(&payload, true, &few, &error), -1);
	assert_int_equal(error.kind, ERROR_TOO_LARGE);
	assert_string_equal(error.message, "the exposition has 14 bytes, over the limit of 10");
	payload_release(&payload);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_is_told_by_its_last_line),
		cmocka_unit_test(each_type_has_its_own),
		cmocka_unit_test(many_series_of_a_family),
		cmocka_unit_test(families_may_be_interleaved),
		cmocka_unit_test(timestamps_and_exemplars),
		cmocka_unit_test(timestamps_are_noted),
		cmocka_unit_test(what_is_wrong_has_its_place),
		cmocka_unit_test(limits_are_kept),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
