#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "payload.h"

static const struct limits limits = LIMITS_DEFAULT;

static void fill(struct payload *payload, size_t max, const char *text)
{
	payload_init(payload, max);
	assert_int_equal(buffer_append_string(&payload->text, text), 0);
}

static void the_last_line_is_ended(void **state)
{
	static const struct {
		const char *text, *ended;
		int result;
	} cases[] = {
		{"", "", 0}, {"\n", "\n", 0}, {"a 1\n", "a 1\n", 0}, {"a 1", "a 1\n", 1}, {"a 1\nb", "a 1\nb\n", 1}};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct payload payload;
		struct error error;
		fill(&payload, 100, cases[i].text);
		assert_int_equal(payload_end_text(&payload, &error), cases[i].result);
		assert_true(slice_is(buffer_slice(&payload.text), cases[i].ended));
		payload_release(&payload);
	}
}

static void a_full_one_has_no_room_for_the_newline(void **state)
{
	struct payload payload;
	struct error error;
	fill(&payload, 3, "a 1");
	assert_int_equal(payload_end_text(&payload, &error), -1);
	assert_int_equal(error.kind, ERROR_TOO_LARGE);
	assert_string_equal(error.message, "larger than 3 bytes");
	payload_release(&payload);
}

static void without_a_sample_it_is_refused(void **state)
{
	static const struct {
		const char *text, *message;
	} cases[] = {
		{"", "the exposition is empty"},
		{"\n", "the exposition has no samples"},
		{"# HELP a b\n# TYPE a gauge\n", "the exposition has no samples"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct payload payload;
		struct error error;
		fill(&payload, 100, cases[i].text);
		assert_int_equal(payload_parse(&payload, false, &limits, &error), -1);
		assert_int_equal(error.kind, ERROR_INCONSISTENT);
		assert_int_equal(error.line, 0);
		assert_string_equal(error.message, cases[i].message);
		payload_release(&payload);

		fill(&payload, 100, cases[i].text);
		assert_int_equal(payload_parse(&payload, true, &limits, &error), 0);
		assert_int_equal(payload_samples(&payload), 0);
		payload_release(&payload);
	}
}

static void it_is_parsed_only(void **state)
{
	struct payload payload;
	struct error error;
	fill(&payload, 100, "b 1\na x\n");
	assert_int_equal(payload_parse(&payload, true, &limits, &error), -1);
	assert_int_equal(error.kind, ERROR_SYNTAX);
	assert_int_equal(error.line, 2);
	payload_release(&payload);

	fill(&payload, 100, "a 1 2\n");
	assert_int_equal(payload_parse(&payload, true, &limits, &error), 0);
	assert_int_equal(payload.exposition.timestamp_line, 1);
	payload_release(&payload);
}

static void samples_are_counted(void **state)
{
	struct payload payload;
	struct error error;
	fill(&payload, 1000,
		"a 1\n"
		"a{x=\"y\"} 1\n"
		"# TYPE h histogram\n"
		"h_bucket{le=\"1\"} 1\n"
		"h_bucket{le=\"+Inf\"} 2\n"
		"h_sum 3\n"
		"h_count 2\n"
		"# TYPE s summary\n"
		"s{quantile=\"0.5\"} 1\n"
		"s_count 2\n");
	assert_int_equal(payload_parse(&payload, false, &limits, &error), 0);
	assert_int_equal(payload.exposition.family_count, 3);
	assert_int_equal(payload_samples(&payload), 8);
	payload_release(&payload);
}

/* Parses, and compares what a gateway gets. */
static void assert_text(struct payload *payload, const char *expected)
{
	struct error error;
	struct slice text = {0};
	if (payload_parse(payload, false, &limits, &error) == -1 || payload_text(payload, &text, &error) == -1)
		fail_msg("%s", error.message);
	assert_true(slice_is(text, expected));
}

static void unchanged_text_goes_out_as_it_came(void **state)
{
	struct payload payload;
	struct filter filter;
	struct error error;
	const char *text = "# TYPE b gauge\nb  1.0\n\n a{ x=\"y\" } 2\n";
	filter_init(&filter);
	assert_int_equal(filter_drop(&filter, "c", &error), 0);
	fill(&payload, 100, text);
	payload.filter = &filter;
	payload.drop_timestamps = true;
	assert_text(&payload, text);
	payload_release(&payload);
	filter_release(&filter);
}

static void changed_text_is_written_anew(void **state)
{
	struct payload payload;
	struct filter filter;
	struct error error;
	const struct sample_argument sample = {METRIC_COUNTER, "d=4", NULL};
	filter_init(&filter);
	assert_int_equal(filter_drop(&filter, "b", &error), 0);
	fill(&payload, 400, "c 3\nb 2\na 1.0 5\n");
	payload.filter = &filter;
	payload.drop_timestamps = true;
	payload.samples = &sample;
	payload.sample_count = 1;
	assert_text(&payload, "# TYPE a untyped\na 1\n# TYPE c untyped\nc 3\n# TYPE d counter\nd 4\n");
	assert_int_equal(payload_samples(&payload), 3);
	assert_int_equal(payload.exposition.timestamp_line, 0);
	payload_release(&payload);
	payload_release(&payload);
	filter_release(&filter);
}

static void texts_have_formats_of_their_own(void **state)
{
	struct payload payload;
	struct error error;
	fill(&payload, 200, "# TYPE a gauge\na 1");
	assert_int_equal(payload_end_text(&payload, &error), 1);
	assert_int_equal(payload_end_text(&payload, &error), 0);
	assert_int_equal(buffer_append_string(&payload.text, "# TYPE b counter\nb_total 1\n# EOF"), 0);
	assert_int_equal(payload_end_text(&payload, &error), 1);
	assert_int_equal(buffer_append_string(&payload.text, "a{x=\"y\"} 2 3\n"), 0);
	payload.drop_timestamps = true;
	assert_text(&payload, "# TYPE a gauge\na 1\na{x=\"y\"} 2\n# TYPE b_total counter\nb_total 1\n");
	payload_release(&payload);

	fill(&payload, 200, "a 1\n");
	assert_int_equal(payload_end_text(&payload, &error), 0);
	assert_int_equal(buffer_append_string(&payload.text, "b 1\n# EOF\nc 1\nd x\n"), 0);
	assert_int_equal(payload_parse(&payload, false, &limits, &error), -1);
	assert_int_equal(error.line, 5);
	payload_release(&payload);
}

static void a_filter_may_leave_nothing(void **state)
{
	struct payload payload;
	struct filter filter;
	struct error error;
	filter_init(&filter);
	assert_int_equal(filter_keep(&filter, "b", &error), 0);
	fill(&payload, 100, "a 1\n");
	payload.filter = &filter;
	assert_int_equal(payload_parse(&payload, false, &limits, &error), -1);
	assert_int_equal(error.kind, ERROR_INCONSISTENT);
	assert_string_equal(error.message, "the filter leaves no samples of the exposition");
	payload_release(&payload);
	filter_release(&filter);
}

static void a_text_written_anew_has_the_limit_too(void **state)
{
	struct payload payload;
	struct error error;
	struct slice text;
	fill(&payload, 12, "a 1 2\n");
	payload.drop_timestamps = true;
	assert_int_equal(payload_parse(&payload, false, &limits, &error), 0);
	assert_int_equal(payload_text(&payload, &text, &error), -1);
	assert_int_equal(error.kind, ERROR_TOO_LARGE);
	assert_string_equal(error.message, "the text to send is over the limit of 12 bytes");
	payload_release(&payload);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_last_line_is_ended),
		cmocka_unit_test(a_full_one_has_no_room_for_the_newline),
		cmocka_unit_test(without_a_sample_it_is_refused),
		cmocka_unit_test(it_is_parsed_only),
		cmocka_unit_test(samples_are_counted),
		cmocka_unit_test(unchanged_text_goes_out_as_it_came),
		cmocka_unit_test(changed_text_is_written_anew),
		cmocka_unit_test(texts_have_formats_of_their_own),
		cmocka_unit_test(a_filter_may_leave_nothing),
		cmocka_unit_test(a_text_written_anew_has_the_limit_too),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
