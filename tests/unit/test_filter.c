#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "filter.h"

static const struct limits limits = LIMITS_DEFAULT;

#define PATTERNS_MAX 3

/* The names that stay, with a blank behind each. */
static void assert_stay(
	const char *const keep[PATTERNS_MAX], const char *const drop[PATTERNS_MAX], const char *expected)
{
	struct exposition exposition;
	struct filter filter;
	struct error error;
	char names[100] = "";
	filter_init(&filter);
	exposition_init(&exposition);
	assert_int_equal(
		exposition_parse(&exposition,
			slice_of("a 1\nab 1\nabc 1\nb 1\n# TYPE h histogram\nh_bucket{le=\"+Inf\"} 1\nh_count 1\n"),
			&limits, &error),
		0);
	for (size_t i = 0; i < PATTERNS_MAX && keep[i] != NULL; i++)
		assert_int_equal(filter_keep(&filter, keep[i], &error), 0);
	for (size_t i = 0; i < PATTERNS_MAX && drop[i] != NULL; i++)
		assert_int_equal(filter_drop(&filter, drop[i], &error), 0);
	assert_int_equal(filter_is_empty(&filter), keep[0] == NULL && drop[0] == NULL);
	assert_int_equal(filter_apply(&filter, &exposition, &error), 0);
	for (uint32_t i = 0; i < exposition.family_count; i++) {
		strncat(names, exposition.families[i].name.data, exposition.families[i].name.len);
		strcat(names, " ");
	}
	assert_string_equal(names, expected);
	exposition_release(&exposition);
	filter_release(&filter);
}

static void families_stay_by_name(void **state)
{
	static const struct {
		const char *keep[PATTERNS_MAX], *drop[PATTERNS_MAX], *names;
	} cases[] = {
		{{NULL}, {NULL}, "a ab abc b h "},
		{{"a"}, {NULL}, "a "},
		{{"a", "b"}, {NULL}, "a b "},
		{{NULL}, {"a"}, "ab abc b h "},
		{{NULL}, {"a", "b.*"}, "ab abc h "},
		{{"a.*"}, {".*c"}, "a ab "},
		{{"a.*", "b"}, {"a", "b"}, "ab abc "},
		{{"x"}, {NULL}, ""},
		{{NULL}, {".*"}, ""},
		{{"h"}, {"h_count"}, "h "},
		{{"h_.*"}, {NULL}, ""},
		{{"(?i)A"}, {NULL}, "a "},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_stay(cases[i].keep, cases[i].drop, cases[i].names);
}

static void timestamps_go_with_their_family(void **state)
{
	static const struct {
		const char *drop;
		unsigned line, column;
	} cases[] = {{"x", 1, 5}, {"b", 2, 13}, {"a", 1, 5}, {"[ab]", 4, 5}, {"[abc]", 0, 0}};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct exposition exposition;
		struct filter filter;
		struct error error;
		filter_init(&filter);
		exposition_init(&exposition);
		assert_int_equal(exposition_parse(&exposition, slice_of("b 1 5\na{x=\"yz\"} 1 6\na 1 7\nc 1 8\nd 1\n"),
					 &limits, &error),
			0);
		assert_int_equal(exposition.timestamp_line, 1);
		assert_int_equal(filter_drop(&filter, cases[i].drop, &error), 0);
		assert_int_equal(filter_apply(&filter, &exposition, &error), 0);
		assert_int_equal(exposition.timestamp_line, cases[i].line);
		assert_int_equal(exposition.timestamp_column, cases[i].column);
		exposition_release(&exposition);
		filter_release(&filter);
	}
}

static void errors_come_through(void **state)
{
	struct exposition exposition;
	struct filter filter;
	struct error error;
	filter_init(&filter);
	assert_int_equal(filter_keep(&filter, "(", &error), -1);
	assert_int_equal(error.kind, ERROR_USAGE);
	assert_int_equal(filter_drop(&filter, ")", &error), -1);
	assert_int_equal(error.kind, ERROR_USAGE);
	assert_true(filter_is_empty(&filter));
	assert_int_equal(filter_drop(&filter, "(a|aa)+", &error), 0);
	exposition_init(&exposition);
	assert_int_equal(exposition_parse(&exposition, slice_of("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab 1\n"),
				 &limits, &error),
		0);
	assert_int_equal(filter_apply(&filter, &exposition, &error), -1);
	assert_int_equal(error.kind, ERROR_USAGE);
	assert_string_equal(error.message, "the regular expression \"(a|aa)+\" takes too long to match "
					   "\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab\"");
	exposition_release(&exposition);
	filter_release(&filter);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(families_stay_by_name),
		cmocka_unit_test(timestamps_go_with_their_family),
		cmocka_unit_test(errors_come_through),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
