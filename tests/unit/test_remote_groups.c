#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "remote_groups.h"
#include "selection.h"

static void parse(struct group_list *list, const char *text)
{
	struct error error;
	group_list_init(list);
	if (remote_groups_parse(slice_of(text), list, &error) == -1)
		fail_msg("%s", error.message);
}

#define TIME(seconds) "{\"type\":\"GAUGE\",\"metrics\":[{\"labels\":{},\"value\":\"" seconds "\"}]}"

static void groups_are_read_in_order(void **state)
{
	struct group_list list;
	parse(&list,
		"{\"status\":\"success\",\"data\":["
		"{\"labels\":{\"job\":\"b\",\"my.label\":\"\\u0000\"},\"last_push_successful\":true,"
		"\"push_time_seconds\":" TIME("1.7e9") ",\"push_failure_time_seconds\":" TIME(
			"0") ","
			     "\"a\":{\"metrics\":[{},{},{}]}},"
			     "{\"labels\":{\"job\":\"a\"},\"push_failure_time_seconds\":" TIME("1795353502.5") "}]}");
	assert_int_equal(list.count, 2);
	const struct group_row *first = &list.rows[0], *second = &list.rows[1];
	assert_string_equal(first->key.text.data, "{job=\"a\"}");
	assert_int_equal(first->push_time, 0);
	assert_int_equal(first->push_failure_time, INT64_C(1795353502500000000));
	assert_int_equal(group_row_last_push(first), first->push_failure_time);
	assert_int_equal(first->families, 1);
	assert_int_equal(first->series, 1);
	assert_true(first->bytes == GROUP_LIST_UNKNOWN);
	assert_null(first->method);
	assert_int_equal(second->key.count, 2);
	assert_int_equal(second->key.labels[1].value.len, 1);
	assert_int_equal(second->push_time, INT64_C(1700000000000000000));
	assert_int_equal(group_row_last_push(second), second->push_time);
	assert_int_equal(second->families, 3);
	assert_int_equal(second->series, 5);
	group_list_release(&list);
}

/* A group with a family named labels. */
static void append_hidden(struct buffer *text, const char *labels, const char *others)
{
	assert_int_equal(
		buffer_printf(text,
			"{\"labels\":{\"metrics\":[{}]},\"push_time_seconds\":{\"metrics\":[{\"labels\":{%s}}]}%s},",
			labels, others),
		0);
}

static void families_may_be_named_labels(void **state)
{
	struct group_list list;
	struct buffer text;
	buffer_init(&text, 10000);
	assert_int_equal(buffer_append_string(&text, "{\"data\":["), 0);
	append_hidden(&text, "\"job\":\"b\",\"instance\":\"\"", "");
	append_hidden(&text, "\"job\":\"z\",\"instance\":\"i\",\"metrics\":\"\"", "");
	append_hidden(&text, "\"job\":\"a\",\"instance\":\"\"", ",\"pgw-labels\":{\"job\":\"a\",\"instance\":\"\"}");
	append_hidden(&text, "\"job\":\"a\",\"instance\":\"\"", ",\"pgw-labels\":{\"metrics\":[{}]}");
	assert_int_equal(buffer_append_string(&text, "{\"labels\":{\"job\":\"y\",\"metrics\":\"x\"}}]}"), 0);
	assert_int_equal(buffer_append_byte(&text, '\0'), 0);
	parse(&list, text.data);
	buffer_release(&text);
	static const struct {
		const char *text;
		bool certain;
		size_t families;
	} expected[] = {
		{"{job=\"a\",instance=\"\"}", true, 2},
		{"{job=\"y\",metrics=\"x\"}", true, 0},
		{"{job=\"z\",instance=\"i\",metrics=\"\"}", true, 2},
		{"{job=\"a\"}", false, 3},
		{"{job=\"b\"}", false, 2},
	};
	assert_int_equal(list.count, sizeof(expected) / sizeof(expected[0]));
	for (size_t i = 0; i < list.count; i++) {
		assert_string_equal(list.rows[i].key.text.data, expected[i].text);
		assert_int_equal(list.rows[i].reason == NULL, expected[i].certain);
		assert_int_equal(list.rows[i].families, expected[i].families);
		assert_int_equal(list.rows[i].series, expected[i].families);
	}
	group_list_release(&list);
}

static void no_groups_are_fine(void **state)
{
	struct group_list list;
	parse(&list, "{\"data\":[]}");
	assert_int_equal(list.count, 0);
	group_list_release(&list);
}

static void times_that_are_none_are_never(void **state)
{
	static const struct {
		const char *value;
		int64_t time;
	} cases[] = {{"\"NaN\"", 0}, {"\"-1\"", 0}, {"\"x\"", 0}, {"1", 0}, {"{}", 0},
		{"\"+Inf\"", INT64_C(9000000000000000000)}, {"\"1e300\"", INT64_C(9000000000000000000)},
		{"\"1e-9\"", 1}};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char text[300];
		struct group_list list;
		snprintf(text, sizeof(text),
			"{\"data\":[{\"labels\":{\"job\":\"a\"},\"push_time_seconds\":{\"metrics\":[{\"value\":%s}]}}]"
			"}",
			cases[i].value);
		parse(&list, text);
		assert_int_equal(list.rows[0].push_time, cases[i].time);
		group_list_release(&list);
	}
}

static void other_answers_are_refused(void **state)
{
	static const struct {
		const char *text, *message;
	} cases[] = {
		{"", "'[' or '{' expected near end of file"},
		{"{\"data\":[]} x", "end of file expected near 'x'"},
		{"[]", "there is no array named data"},
		{"{\"data\":[[]]}", "a group has no labels"},
		{"{\"data\":[{\"labels\":{\"job\":1}}]}", "the value of a label is no string"},
		{"{\"data\":[{\"labels\":{\"metrics\":[]}}]}", "a group has no labels"},
		{"{\"data\":[{\"labels\":{\"job\":\"a\",\"job\":\"b\"}}]}", "duplicate object key near '\"job\"'"},
		{"{\"data\":[{\"labels\":{}}]}", "job name is required"},
		{"{\"data\":[{\"labels\":{\"job\":\"a\",\"__b\":\"\"}}]}", "improper label name \"__b\""},
		{"[[[[[[[[[[[[[[[[[", "it is nested too deep"},
		{"[\"\\\"[[[[[[[[[[[[[[[[[[[\"]", "there is no array named data"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct group_list list;
		struct error error;
		char message[200];
		group_list_init(&list);
		assert_int_equal(remote_groups_parse(slice_of(cases[i].text), &list, &error), -1);
		assert_int_equal(error.kind, ERROR_UNAVAILABLE);
		snprintf(message, sizeof(message), "the answer is no list of groups: %s", cases[i].message);
		assert_string_equal(error.message, message);
		group_list_release(&list);
	}
}

static void values_have_a_limit(void **state)
{
	size_t size = 2 * (size_t)REMOTE_GROUPS_VALUES_MAX;
	char *text = malloc(size);
	struct group_list list;
	struct error error;
	assert_non_null(text);
	group_list_init(&list);
	memset(text, ',', size);
	text[0] = '[';
	assert_int_equal(remote_groups_parse(slice_make(text, size), &list, &error), -1);
	assert_int_equal(error.kind, ERROR_TOO_LARGE);
	assert_string_equal(error.message, "the list of groups has more than 8000000 values");
	free(text);
}

/* They don't keep the others from being listed. */
static void keys_over_the_limits_are_left_out(void **state)
{
	struct buffer text;
	struct group_list list;
	char value[70000];
	memset(value, 'v', sizeof(value) - 1);
	value[sizeof(value) - 1] = '\0';
	buffer_init(&text, 1 << 20);
	buffer_append_string(&text, "{\"data\":[{\"labels\":{\"job\":\"a\"");
	for (unsigned i = 0; i < 200; i++)
		buffer_printf(&text, ",\"l%u\":\"\"", i);
	buffer_printf(&text, "}},{\"labels\":{\"job\":\"b\",\"x\":\"%s\"}},{\"labels\":{\"job\":\"j\xc3\xa4%s\"}},",
		value, value);
	buffer_printf(&text, "{\"labels\":{\"job\":\"z\"}}]}");
	buffer_append_byte(&text, '\0');
	parse(&list, text.data);
	assert_int_equal(list.count, 4);
	assert_string_equal(list.rows[0].key.text.data, "{job=\"z\"}");
	assert_null(list.rows[0].reason);
	assert_string_equal(list.rows[1].key.text.data, "{job=\"a\"}");
	assert_string_equal(list.rows[1].reason, "the grouping key has more than 200 labels");
	assert_string_equal(list.rows[2].key.text.data, "{job=\"b\"}");
	assert_string_equal(list.rows[2].reason, "value of label \"x\" is longer than 65536 bytes");
	assert_int_equal(list.rows[3].key.text.len, strlen("{job=\"\"}") + 100);
	assert_string_equal(list.rows[3].reason, "value of label \"job\" is longer than 65536 bytes");
	buffer_release(&text);
	group_list_release(&list);
}

static void selections_choose(void **state)
{
	struct group_list list;
	struct selection selection;
	struct error error;
	const int64_t now = INT64_C(2000000000000);
	static const struct {
		const char *selector, *label;
		int64_t older_than;
		bool failed;
		const char *jobs;
	} cases[] = {
		{NULL, NULL, -1, false, "abcd"},
		{"{job=~'a|c'}", NULL, -1, false, "ac"},
		{NULL, "x", -1, false, "b"},
		{"{x=''}", NULL, -1, false, "acd"},
		{NULL, NULL, 0, false, "abc"},
		{NULL, NULL, INT64_C(500000000000), false, "bc"},
		{NULL, NULL, INT64_C(1000000000000), false, "b"},
		{NULL, NULL, INT64_C(1000000000001), false, ""},
		{NULL, NULL, -1, true, "c"},
		{"{job='c'}", "x", -1, false, ""},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		parse(&list, "{\"data\":["
			     "{\"labels\":{\"job\":\"a\"},\"push_time_seconds\":" TIME(
				     "1999") "},"
					     "{\"labels\":{\"job\":\"b\",\"x\":\"1\"},\"push_time_seconds\":" TIME(
						     "1000") ","
							     "\"push_failure_time_seconds\":" TIME(
								     "999") "},"
									    "{\"labels\":{\"job\":\"c\"},\"push_"
									    "failure_time_seconds\":" TIME(
										    "1500") "},"
											    "{\"labels\":{\"job\":"
											    "\"d\"}}]}");
		char jobs[8] = "";
		selection_init(&selection);
		selection.older_than = cases[i].older_than;
		selection.failed = cases[i].failed;
		if (cases[i].selector != NULL)
			assert_int_equal(selector_add(&selection.selector, cases[i].selector, &error), 0);
		if (cases[i].label != NULL)
			assert_int_equal(
				grouping_key_set(&selection.labels, slice_of(cases[i].label), slice_of("1"), &error),
				0);
		assert_int_equal(selection_apply(&selection, &list, now, &error), 0);
		for (size_t j = 0; j < list.count; j++)
			strncat(jobs, grouping_key_value(&list.rows[j].key, "job").data, 1);
		assert_string_equal(jobs, cases[i].jobs);
		selection_release(&selection);
		group_list_release(&list);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(groups_are_read_in_order),
		cmocka_unit_test(families_may_be_named_labels),
		cmocka_unit_test(no_groups_are_fine),
		cmocka_unit_test(times_that_are_none_are_never),
		cmocka_unit_test(other_answers_are_refused),
		cmocka_unit_test(values_have_a_limit),
		cmocka_unit_test(keys_over_the_limits_are_left_out),
		cmocka_unit_test(selections_choose),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
