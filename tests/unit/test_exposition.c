#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "exposition.h"

static const struct limits limits = LIMITS_DEFAULT;

/* Inputs that do not parse: where and why. Without the newline at the end nothing else counts. */
static const struct {
	const char *text;
	unsigned line, column;
	const char *message;
} refused[] = {
	{"a 1", 1, 4, "unexpected end of input stream"},
	{"a", 1, 2, "unexpected end of input stream"},
	{"a{", 1, 3, "unexpected end of input stream"},
	{"a{b=\"c", 1, 7, "unexpected end of input stream"},
	{"a x", 1, 4, "unexpected end of input stream"},
	{"# comment", 1, 10, "unexpected end of input stream"},
	{"# TYPE a counter", 1, 17, "unexpected end of input stream"},
	{"# HELP a b", 1, 11, "unexpected end of input stream"},
	{"a 1\nb 2 3", 2, 6, "unexpected end of input stream"},
	/* Lines that begin like the one before. */
	{"a 1\na \t\n", 2, 4, "expected float as value, got \"\""},
	{"a 1\na {1} 2\n", 2, 4, "invalid label name for metric \"a\""},
	{"a-1\na-b 2\n", 2, 2, "expected float as value, got \"-b\""},
	{"a{b=\"c\"} 1\na{b=\"\xff\"} 2\n", 2, 6, "invalid label value \"\\xff\""},
	{"a{b=\"c\",d=\"e\"} 1\na{b=\"c\",b=\"e\"} 2\n", 2, 9, "duplicate label names for metric \"a\""},
	{"a-b 1\n", 1, 2, "expected float as value, got \"-b\""},
	{"a\n", 1, 2, "expected float as value, got \"\""},
	{"a 1\r\n", 1, 3, "expected float as value, got \"1\\r\""},
	{"a 0x10\n", 1, 3, "expected float as value, got \"0x10\""},
	{"a 1_000\n", 1, 3, "expected float as value, got \"1_000\""},
	{"a 1e400\n", 1, 3, "expected float as value, got \"1e400\""},
	{"a \xff\n", 1, 3, "expected float as value, got \"\\xff\""},
	{"1a 1\n", 1, 1, "invalid metric name"},
	{"{} 1\n", 1, 2, "invalid metric name"},
	{"\xc3\xa4 1\n", 1, 1, "invalid metric name"},
	{"a 1 \n", 1, 5, "expected integer as timestamp, got \"\""},
	{"a 1 1.5\n", 1, 5, "expected integer as timestamp, got \"1.5\""},
	{"a 1 99999999999999999999\n", 1, 5, "expected integer as timestamp, got \"99999999999999999999\""},
	{"a 1 9223372036854775808\n", 1, 5, "expected integer as timestamp, got \"9223372036854775808\""},
	{"a 1 -9223372036854775809\n", 1, 5, "expected integer as timestamp, got \"-9223372036854775809\""},
	{"a 1 2 3\n", 1, 6, "spurious string after timestamp: \" 3\""},
	{"a{b} 1\n", 1, 4, "expected '=' after label name, found '}'"},
	{"a{b\n", 1, 4, "expected '=' after label name, found '\\n'"},
	{"a{b\"c\"} 1\n", 1, 4, "expected '=' after label name, found '\"'"},
	{"a{1b=\"c\"} 1\n", 1, 3, "invalid label name for metric \"a\""},
	{"a{,} 1\n", 1, 3, "invalid label name for metric \"a\""},
	{"a{b=\"c\",,} 1\n", 1, 9, "invalid label name for metric \"a\""},
	{"a{b=c} 1\n", 1, 5, "expected '\"' at start of label value, found 'c'"},
	{"a{b=\xe9} 1\n", 1, 5, "expected '\"' at start of label value, found '\xc3\xa9'"},
	{"a{b=\x80} 1\n", 1, 5, "expected '\"' at start of label value, found '\\u0080'"},
	{"a{b=''} 1\n", 1, 5, "expected '\"' at start of label value, found '\\''"},
	{"a{b=\"c\n", 1, 7, "label value \"c\" contains unescaped new-line"},
	{"a{b=\"\\q\"} 1\n", 1, 6, "invalid escape sequence '\\q'"},
	{"a{b=\"\\\n", 1, 6, "invalid escape sequence '\\\\n'"},
	{"a{b=\"\xff\"} 1\n", 1, 6, "invalid label value \"\\xff\""},
	{"a{b=\"\xc0\xaf\"} 1\n", 1, 6, "invalid label value \"\\xc0\\xaf\""},
	{"a{b=\"c\" d=\"e\"} 1\n", 1, 9, "unexpected end of label value \"c\""},
	{"a{b=\"c\\\\\"d} 1\n", 1, 10, "unexpected end of label value \"c\\\\\""},
	{"a{b=\"c\\nd\"e} 1\n", 1, 11, "unexpected end of label value \"c\\nd\""},
	{"a{b=\"1\",b=\"1\"} 1\n", 1, 9, "duplicate label names for metric \"a\""},
	{"a{c=\"1\",b=\"1\",c=\"2\"} 1\n", 1, 15, "duplicate label names for metric \"a\""},
	{"a{__name__=\"1\"} 1\n", 1, 3, "label name \"__name__\" is reserved"},
	{"# HELP a b\n# HELP a c\n", 2, 10, "second HELP line for metric name \"a\""},
	{"# HELP a \\q\n", 1, 10, "invalid escape sequence '\\q'"},
	{"# HELP a b\\\n", 1, 11, "invalid escape sequence '\\\\n'"},
	{"# HELP a \xff\n", 1, 10, "the HELP text for metric name \"a\" is not UTF-8"},
	{"# HELP -a b\n", 1, 8, "invalid metric name in comment"},
	{"# TYPE a-b counter\n", 1, 9, "invalid metric name in comment"},
	{"# TYPE a foo\n", 1, 10, "unknown metric type \"foo\""},
	{"# TYPE a counter \n", 1, 10, "unknown metric type \"counter \""},
	{"# TYPE a gauge\n# TYPE a gauge\n", 2, 10,
		"second TYPE line for metric name \"a\", or TYPE reported after samples"},
	{"a 1\n# TYPE a gauge\n", 2, 10, "second TYPE line for metric name \"a\", or TYPE reported after samples"},
	{"# TYPE h histogram\n# TYPE h_count counter\n", 2, 16,
		"second TYPE line for metric name \"h\", or TYPE reported after samples"},
	{"# TYPE h histogram\nh_bucket{le=\"x\"} 1\n", 2, 14, "expected float as value for 'le' label, got \"x\""},
	{"# TYPE s summary\ns{quantile=\"\"} 1\n", 2, 13, "expected float as value for 'quantile' label, got \"\""},
	{"# TYPE h histogram\nh_count -1\n", 2, 9, "negative count for histogram \"h\""},
	{"# TYPE h histogram\nh_bucket{le=\"1\"} -1\n", 2, 18, "negative bucket population for histogram \"h\""},
	{"# TYPE s summary\ns_count -1\n", 2, 9, "negative count for summary \"s\""},
	{"# TYPE s summary\ns_count NaN\n", 2, 9, "invalid count for summary \"s\""},
	{"# TYPE s summary\ns_sum 1\ns_sum 2\n", 3, 1, "second sum for summary \"s\""},
	{"# TYPE h histogram\nh_count{a=\"1\"} 1\nh_count 1\nh_count{a=\"1\"} 2\n", 4, 1,
		"second count for histogram \"h\""},
	{"# TYPE h histogram\nh_bucket{le=\"1\",le=\"2\"} 1\n", 2, 17, "duplicate label names for metric \"h\""},
};

static void parse(struct exposition *exposition, const char *text)
{
	struct error error;
	exposition_init(exposition);
	if (exposition_parse(exposition, slice_of(text), &limits, &error) == -1)
		fail_msg("%s: line %u: %s", text, error.line, error.message);
}

static void test_refused(void **state)
{
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		struct exposition exposition;
		struct error error = {0};
		exposition_init(&exposition);
		/* On the heap without a byte more, so that a sanitizer sees a read past the end. */
		size_t len = strlen(refused[i].text);
		char *text = malloc(len);
		memcpy(text, refused[i].text, len);
		int status = exposition_parse(&exposition, slice_make(text, len), &limits, &error);
		if (status != -1)
			fail_msg("taken: %s", refused[i].text);
		assert_int_equal(error.kind, ERROR_SYNTAX);
		assert_string_equal(error.message, refused[i].message);
		if (error.line != refused[i].line || error.column != refused[i].column)
			fail_msg("%s: at %u:%u", refused[i].text, error.line, error.column);
		exposition_release(&exposition);
		free(text);
	}
}

/* Every prefix of this either parses or fails with a message and a place. */
static const char everything[] = "# HELP c Help \\\\ \\n \\\" text\n"
				 "# TYPE c counter\n"
				 "\tc { a = \"\\\\\\\"\\n\" , b=\"\xc3\xa4\", } 1e3 \t123\n"
				 "\n"
				 "# TYPE h histogram\n"
				 "h_bucket{le=\"1\"} 1\nh_bucket{le=\"+Inf\"} 2\nh_sum 1\nh_count 2\n"
				 "# TYPE s summary\ns{quantile=\"0.5\"} 1\ns_sum 1\ns_count 1\n"
				 "plain -.5\n";

static void test_prefixes(void **state)
{
	for (size_t len = 0; len < sizeof(everything); len++) {
		struct exposition exposition;
		struct error error = {0};
		char *text = malloc(len + 1);
		memcpy(text, everything, len);
		exposition_init(&exposition);
		int status = exposition_parse(&exposition, slice_make(text, len), &limits, &error);
		const char *last = len == 0 ? "\n" : &everything[len - 1];
		if (status == -1)
			assert_string_equal(error.message, "unexpected end of input stream");
		else
			assert_true(*last == '\n' || *last == '\t');
		exposition_release(&exposition);
		free(text);
	}
}

static void test_model(void **state)
{
	struct exposition exposition;
	parse(&exposition, everything);
	assert_int_equal(exposition.family_count, 4);
	assert_true(slice_is(exposition.families[0].name, "c"));
	assert_true(slice_is(exposition.families[0].help, "Help \\\\ \\n \" text"));
	assert_int_equal(exposition.families[0].type, METRIC_COUNTER);
	const struct metric *metric = &exposition.metrics[exposition.families[0].first_metric];
	assert_int_equal(metric->line, 3);
	assert_true(metric->value == 1000);
	assert_int_equal(metric->label_count, 2);
	assert_true(slice_is(exposition.labels[metric->first_label].value, "\\\\\\\"\\n"));
	assert_int_equal(exposition.timestamp_line, 3);
	assert_int_equal(exposition.timestamp_column, 36);
	assert_true(slice_is(exposition.families[1].name, "h"));
	assert_int_equal(exposition.families[1].metric_count, 1);
	const struct distribution *distribution =
		&exposition.distributions[exposition.metrics[exposition.families[1].first_metric].distribution];
	assert_true(distribution->count == 2 && distribution->sum == 1);
	assert_true(exposition.points[distribution->first_point].bound == 1);
	assert_int_equal(exposition.families[2].type, METRIC_UNTYPED);
	assert_int_equal(exposition.families[3].type, METRIC_SUMMARY);
	exposition_release(&exposition);
}

/* Names of lines belong to the summary or histogram that is known at that point. */
static void test_owners(void **state)
{
	struct exposition exposition;
	parse(&exposition, "x_count 1\n# TYPE x summary\nx_sum 2\nx_count 3\nx_bucket 4\n_count 5\n");
	assert_int_equal(exposition.family_count, 4);
	assert_true(slice_is(exposition.families[0].name, "_count"));
	assert_true(slice_is(exposition.families[1].name, "x"));
	assert_true(slice_is(exposition.families[2].name, "x_bucket"));
	assert_true(slice_is(exposition.families[3].name, "x_count"));
	assert_int_equal(exposition.families[3].metric_count, 2);
	exposition_release(&exposition);
}

static void test_dropped(void **state)
{
	struct exposition exposition;
	parse(&exposition, "# HELP a b\n# TYPE c gauge\n#\n# HELP\n# HELP d\n#comment\n#HELP e f\n \t\n");
	assert_int_equal(exposition.family_count, 0);
	assert_int_equal(exposition.timestamp_line, 0);
	exposition_release(&exposition);
}

/* Thousands of families and interleaved histograms: the tables grow. */
static void test_many(void **state)
{
	struct buffer text;
	struct exposition exposition;
	struct error error;
	buffer_init(&text, SIZE_MAX / 2);
	buffer_append_string(&text, "# TYPE h histogram\n");
	for (int bucket = 0; bucket < 3; bucket++) {
		for (int i = 0; i < 3000; i++)
			buffer_printf(&text, "h_bucket{i=\"%d\",le=\"%d\"} %d\n", i, bucket, i);
	}
	for (int i = 0; i < 3000; i++)
		buffer_printf(&text, "f%d{x=\"%d\"} %d\n", i, i, i);
	exposition_init(&exposition);
	assert_int_equal(exposition_parse(&exposition, buffer_slice(&text), &limits, &error), 0);
	assert_int_equal(exposition.family_count, 3001);
	assert_int_equal(exposition.distribution_count, 3000);
	assert_int_equal(exposition.point_count, 9000);
	assert_int_equal(exposition.label_count, 6000);
	for (uint32_t i = 1; i < exposition.family_count; i++)
		assert_true(slice_compare(exposition.families[i - 1].name, exposition.families[i].name) < 0);
	exposition_release(&exposition);
	buffer_release(&text);
}

static void assert_too_large(const char *text, const struct limits *small, const char *message)
{
	struct exposition exposition;
	struct error error;
	exposition_init(&exposition);
	assert_int_equal(exposition_parse(&exposition, slice_of(text), small, &error), -1);
	assert_int_equal(error.kind, ERROR_TOO_LARGE);
	assert_string_equal(error.message, message);
	exposition_release(&exposition);
}

static void test_limits(void **state)
{
	const struct limits small = {.body = 40, .name = 3, .label_value = 4, .labels = 2};
	assert_too_large("abcd 1\n", &small, "the metric name is too long, over the limit of 3");
	assert_too_large("# HELP abcd x\n", &small, "the metric name is too long, over the limit of 3");
	assert_too_large("a{abcd=\"\"} 1\n", &small, "the label name is too long, over the limit of 3");
	assert_too_large("a{b=\"12345\"} 1\n", &small, "the label value is too long, over the limit of 4");
	assert_too_large("a{b=\"\",c=\"\",d=\"\"} 1\n", &small, "the sample has too many labels, over the limit of 2");
	assert_too_large("a 1\na 1\na 1\na 1\na 1\na 1\na 1\na 1\na 1\na 1\n\n", &small,
		"the exposition has 41 bytes, over the limit of 40");
}

static const struct {
	const char *text;
	unsigned line;
	const char *message;
} inconsistent[] = {
	{"a 1\nb 2 3\n", 2, "pushed metrics must not have timestamps"},
	{"a 1 -9223372036854775808\n", 1, "pushed metrics must not have timestamps"},
	{"a 1 +00000000000000009223372036854775807\n", 1, "pushed metrics must not have timestamps"},
	{"a 1\na{__b=\"c\"} 2\n", 2, "collected metric \"a\" has a label with an invalid name: \"__b\""},
	{"z{__y=\"1\"} 1\na{b=\"1\",__b=\"1\"} 1\na{b=\"2\",__b=\"2\"} 1\n# end\n", 2,
		"collected metric \"a\" has a label with an invalid name: \"__b\""},
	{"# TYPE h histogram\nh_count{__b=\"1\"} 1\n", 2,
		"collected metric \"h\" has a label with an invalid name: \"__b\""},
	{"# TYPE h histogram\nh_bucket{le=\"1\"} 1\nh_bucket{le=\"1.0\"} 1\n", 3,
		"collected metric \"h\" has two buckets with the same bound"},
	{"# TYPE s summary\ns{quantile=\"1\"} 1\ns{quantile=\"0\"} 1\ns{quantile=\"-0\"} 1\n", 4,
		"collected metric \"s\" has two quantiles with the same bound"},
};

static void test_check(void **state)
{
	struct exposition exposition;
	struct error error;
	for (size_t i = 0; i < sizeof(inconsistent) / sizeof(inconsistent[0]); i++) {
		parse(&exposition, inconsistent[i].text);
		assert_int_equal(exposition_check(&exposition, &error), -1);
		assert_int_equal(error.kind, ERROR_INCONSISTENT);
		assert_string_equal(error.message, inconsistent[i].message);
		assert_int_equal(error.line, inconsistent[i].line);
		exposition_release(&exposition);
	}
	parse(&exposition, "# TYPE h histogram\nh_bucket{le=\"2\"} 1\nh_bucket{le=\"1\"} 1\nh_bucket{le=\"NaN\"} 1\n"
			   "h_bucket{le=\"NaN\"} 1\nh_bucket{a=\"b\",le=\"1\"} 1\na{_b=\"c\"} 1\n");
	assert_int_equal(exposition_check(&exposition, &error), 0);
	exposition_release(&exposition);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_prefixes),
		cmocka_unit_test(test_model),
		cmocka_unit_test(test_owners),
		cmocka_unit_test(test_dropped),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_check),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
