#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "payload.h"
#include "sample_argument.h"

static const struct limits limits = LIMITS_DEFAULT;

#define SAMPLES_MAX 3

/* 0 and the text in format 0.0.4, or -1. */
static int parse(const char *text, const struct sample_argument samples[SAMPLES_MAX], struct buffer *written,
	struct error *error)
{
	struct payload payload;
	struct slice out;
	payload_init(&payload, 10000);
	assert_int_equal(buffer_append_string(&payload.text, text), 0);
	payload.samples = samples;
	while (payload.sample_count < SAMPLES_MAX && samples[payload.sample_count].text != NULL)
		payload.sample_count++;
	int result = payload_parse(&payload, true, &limits, error);
	if (result == 0) {
		assert_int_equal(payload_text(&payload, &out, error), 0);
		assert_int_equal(buffer_append_slice(written, out), 0);
		assert_int_equal(buffer_append_byte(written, '\0'), 0);
	}
	payload_release(&payload);
	return result;
}

static void samples_are_written(void **state)
{
	static const struct {
		const char *text;
		struct sample_argument samples[SAMPLES_MAX];
		const char *expected;
	} cases[] = {
		{"", {{METRIC_GAUGE, "a=1", NULL}}, "# TYPE a gauge\na 1\n"},
		{"", {{METRIC_COUNTER, "a_total=1e3", "x"}},
			"# HELP a_total x\n# TYPE a_total counter\na_total 1000\n"},
		{"", {{METRIC_GAUGE, "a:b{}=-Inf", NULL}}, "# TYPE a:b gauge\na:b -Inf\n"},
		{"", {{METRIC_GAUGE, "a {c = \"d\" , b=\"e=f}\\\"\\\\\\n\", }=NaN", NULL}},
			"# TYPE a gauge\na{b=\"e=f}\\\"\\\\\\n\",c=\"d\"} NaN\n"},
		{"", {{METRIC_GAUGE, "a=1", "  b\\c\nd\"e"}}, "# HELP a b\\\\c\\nd\"e\n# TYPE a gauge\na 1\n"},
		{"", {{METRIC_GAUGE, "a=1", " \t"}}, "# TYPE a gauge\na 1\n"},
		{"", {{METRIC_GAUGE, "{\"a\",b=\"c\"}=1", NULL}}, "# TYPE a gauge\na{b=\"c\"} 1\n"},
		{"",
			{{METRIC_GAUGE, "a{x=\"1\"}=1", "h"}, {METRIC_COUNTER, "b=2", NULL},
				{METRIC_GAUGE, "a{x=\"2\"}=3", "h"}},
			"# HELP a h\n# TYPE a gauge\na{x=\"1\"} 1\na{x=\"2\"} 3\n# TYPE b counter\nb 2\n"},
		{"# TYPE a gauge\na 1\n# HELP b h\nc 1\n",
			{{METRIC_GAUGE, "a{x=\"y\"}=1", "h"}, {METRIC_GAUGE, "b=1", NULL}},
			"# HELP a h\n# TYPE a gauge\na 1\na{x=\"y\"} 1\n# HELP b h\n# TYPE b gauge\nb 1\n# TYPE c "
			"untyped\nc 1\n"},
		{"# TYPE a counter\na_total 1\n# EOF\n", {{METRIC_COUNTER, "a_total{x=\"y\"}=1", NULL}},
			"# TYPE a_total counter\na_total 1\na_total{x=\"y\"} 1\n"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buffer written;
		struct error error;
		buffer_init(&written, 10000);
		if (parse(cases[i].text, cases[i].samples, &written, &error) == -1)
			fail_msg("%s", error.message);
		assert_string_equal(written.data, cases[i].expected);
		buffer_release(&written);
	}
}

static void what_is_none_is_refused(void **state)
{
	static const struct {
		const char *text;
		struct sample_argument samples[SAMPLES_MAX];
		enum error_kind kind;
		const char *message;
	} cases[] = {
		{"", {{METRIC_GAUGE, "", NULL}}, ERROR_USAGE,
			"\"\": a sample is given as NAME=VALUE or NAME{LABELS}=VALUE"},
		{"", {{METRIC_GAUGE, "a", NULL}}, ERROR_USAGE,
			"\"a\": a sample is given as NAME=VALUE or NAME{LABELS}=VALUE"},
		{"", {{METRIC_GAUGE, "=1", NULL}}, ERROR_USAGE,
			"\"=1\": a sample is given as NAME=VALUE or NAME{LABELS}=VALUE"},
		{"", {{METRIC_GAUGE, "a=", NULL}}, ERROR_USAGE, "\"a=\": expected float as value, got \"\""},
		{"", {{METRIC_GAUGE, "a=1 2", NULL}}, ERROR_USAGE, "\"a=1 2\": expected float as value, got \"1 2\""},
		{"", {{METRIC_GAUGE, "a{b=\"c\"}", NULL}}, ERROR_USAGE,
			"\"a{b=\\\"c\\\"}\": expected float as value, got \"\\\"c\\\"}\""},
		{"", {{METRIC_GAUGE, "a 1=2", NULL}}, ERROR_USAGE, "\"a 1=2\": unexpected ' ' behind the name"},
		{"", {{METRIC_GAUGE, "a{}1=2", NULL}}, ERROR_USAGE, "\"a{}1=2\": unexpected '1' behind the labels"},
		{"", {{METRIC_GAUGE, "#a=2", NULL}}, ERROR_USAGE, "\"#a=2\": invalid metric name"},
		{"", {{METRIC_GAUGE, "1a=2", NULL}}, ERROR_USAGE, "\"1a=2\": invalid metric name"},
		{"", {{METRIC_GAUGE, "a{b=c}=2", NULL}}, ERROR_USAGE,
			"\"a{b=c}=2\": expected '\"' at start of label value, found 'c'"},
		{"", {{METRIC_GAUGE, "a{b=\"c=2", NULL}}, ERROR_USAGE,
			"\"a{b=\\\"c=2\": unexpected end of input stream"},
		{"", {{METRIC_GAUGE, "a 1\nb=2", NULL}}, ERROR_USAGE,
			"\"a 1\\nb=2\": a sample has no newlines, in label values they are \\n"},
		{"", {{METRIC_GAUGE, "a{b=\"\xff\"}=1", NULL}}, ERROR_USAGE,
			"\"a{b=\\\"\\xff\\\"}=1\": invalid label value \"\\xff\""},
		{"", {{METRIC_GAUGE, "a=1", "\xff"}}, ERROR_USAGE, "\"a=1\": the help text \"\\xff\" is not UTF-8"},
		{"", {{METRIC_GAUGE, "a=1", "b"}, {METRIC_GAUGE, "a{c=\"d\"}=1", "e"}}, ERROR_INCONSISTENT,
			"\"a{c=\\\"d\\\"}=1\": \"a\" has another help text already"},
		{"", {{METRIC_GAUGE, "a=1", "b"}, {METRIC_COUNTER, "a=1", NULL}}, ERROR_INCONSISTENT,
			"\"a=1\": \"a\" has the type gauge already, not counter"},
		{"a 1\n", {{METRIC_GAUGE, "a{b=\"c\"}=1", NULL}}, ERROR_INCONSISTENT,
			"\"a{b=\\\"c\\\"}=1\": \"a\" has the type untyped already, not gauge"},
		{"# TYPE a histogram\na_count 1\n", {{METRIC_GAUGE, "a_count{b=\"c\"}=1", NULL}}, ERROR_INCONSISTENT,
			"\"a_count{b=\\\"c\\\"}=1\": \"a_count\" belongs to the histogram \"a\""},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct error error;
		assert_int_equal(parse(cases[i].text, cases[i].samples, NULL, &error), -1);
		assert_string_equal(error.message, cases[i].message);
		assert_int_equal(error.kind, cases[i].kind);
		assert_int_equal(error.line, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(samples_are_written),
		cmocka_unit_test(what_is_none_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
