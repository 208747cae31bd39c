#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "pattern.h"

static struct pattern *compile(const char *expression)
{
	struct error error;
	struct pattern *pattern = pattern_new(expression, &error);
	if (pattern == NULL)
		fail_msg("%s", error.message);
	return pattern;
}

static void all_of_a_text_must_match(void **state)
{
	static const struct {
		const char *expression, *text;
		int matches;
	} cases[] = {
		{"abc", "abc", 1},
		{"abc", "abcd", 0},
		{"abc", "xabc", 0},
		{"a|ab", "ab", 1},
		{"a|b", "ab", 0},
		{"^abc$", "abc", 1},
		{"abc", "abc\n", 0},
		{"abc$", "abc\n", 0},
		{"a.c", "a\nc", 1},
		{".*", "", 1},
		{"", "", 1},
		{"", "a", 0},
		{"ABC", "abc", 0},
		{"(?i)ABC", "abc", 1},
		{"a.c",
			"a\xc3\xa9"
			"c",
			1},
		{"\\d+", "123", 1},
		{"\\d+", "\xd9\xa3", 0}, /* ARABIC-INDIC DIGIT THREE: classes are of ASCII, as RE2's */
		{"[\xc3\xa0-\xc3\xbf]", "\xc3\xa9", 1},
		{"\\p{Greek}", "\xce\xb1", 1},
		{"a|b#c", "b#c", 1},
		{"a) #|(?x:b", NULL, 0},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct error error;
		if (cases[i].text == NULL) {
			assert_null(pattern_new(cases[i].expression, &error));
			continue;
		}
		struct pattern *pattern = compile(cases[i].expression);
		assert_int_equal(pattern_match(pattern, slice_of(cases[i].text), &error), cases[i].matches);
		pattern_free(pattern);
	}
}

static void a_text_may_have_any_byte(void **state)
{
	struct error error;
	struct pattern *pattern = compile("a\\x00b");
	assert_int_equal(pattern_match(pattern, slice_make("a\0b", 3), &error), 1);
	assert_int_equal(pattern_match(pattern, slice_make("a\0c", 3), &error), 0);
	pattern_free(pattern);
	pattern = compile(".*");
	assert_int_equal(pattern_match(pattern, slice_make(NULL, 0), &error), 1);
	assert_int_equal(pattern_match(pattern, slice_of("a\xff"), &error), -1);
	assert_int_equal(error.kind, ERROR_USAGE);
	assert_string_equal(error.message, "the regular expression \".*\" can't match \"a\\xff\": UTF-8 error: illegal "
					   "byte (0xfe or 0xff)");
	pattern_free(pattern);
}

static void a_bad_one_is_refused_with_its_place(void **state)
{
	static const struct {
		const char *expression, *message;
	} cases[] = {
		{"a(b", "\"a(b\" is no regular expression: byte 4: missing closing parenthesis"},
		{"a)", "\"a)\" is no regular expression: byte 2: unmatched closing parenthesis"},
		{"*", "\"*\" is no regular expression: byte 1: quantifier does not follow a repeatable item"},
		{"a\\C", "\"a\\\\C\" is no regular expression: byte 4: using \\C is disabled by the application"},
		{"a\xff", "\"a\\xff\" is no regular expression: byte 2: UTF-8 error: illegal byte (0xfe or 0xff)"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct error error;
		assert_null(pattern_new(cases[i].expression, &error));
		assert_int_equal(error.kind, ERROR_USAGE);
		assert_string_equal(error.message, cases[i].message);
	}
}

static void a_long_one_is_refused(void **state)
{
	static char expression[PATTERN_MAX + 2];
	struct error error;
	memset(expression, 'a', PATTERN_MAX + 1);
	assert_null(pattern_new(expression, &error));
	assert_int_equal(error.kind, ERROR_USAGE);
	assert_non_null(strstr(error.message, "is over the limit of 65536 bytes"));
	assert_null(pattern_new("((a{1,1000}){1,1000}){1,1000}", &error));
	assert_int_equal(error.kind, ERROR_USAGE);
	assert_non_null(strstr(error.message, "regular expression is too large"));
}

static void backtracking_has_an_end(void **state)
{
	/* The verbs at the start can lower limits only. */
	static const char *const expressions[] = {"(a+)+b",
		"(*LIMIT_MATCH=4000000000)(*LIMIT_DEPTH=4000000000)(*LIMIT_HEAP=4000000000)(a+)+b", "(?:(?:a|a)*)*b",
		"(a|aa)+b"};
	for (size_t i = 0; i < sizeof(expressions) / sizeof(expressions[0]); i++) {
		struct error error;
		struct pattern *pattern = compile(expressions[i]);
		assert_int_equal(
			pattern_match(pattern, slice_of("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaabc"), &error),
			-1);
		assert_int_equal(error.kind, ERROR_USAGE);
		assert_non_null(strstr(error.message, " takes too long to match \"aaaa"));
		pattern_free(pattern);
	}
}

static void long_texts_are_within_the_limits(void **state)
{
	static const char *const expressions[] = {".*", ".*b", "(a|b)*b", "(?:a|b)+", "[ab]*a.b", "(.*)b", "a.*(a|b)"};
	static char text[65536];
	memset(text, 'a', sizeof(text) - 1);
	text[sizeof(text) - 1] = 'b';
	for (size_t i = 0; i < sizeof(expressions) / sizeof(expressions[0]); i++) {
		struct error error;
		struct pattern *pattern = compile(expressions[i]);
		if (pattern_match(pattern, slice_make(text, sizeof(text)), &error) == -1)
			fail_msg("%s", error.message);
		pattern_free(pattern);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_of_a_text_must_match),
		cmocka_unit_test(a_text_may_have_any_byte),
		cmocka_unit_test(a_bad_one_is_refused_with_its_place),
		cmocka_unit_test(a_long_one_is_refused),
		cmocka_unit_test(long_texts_are_within_the_limits),
		cmocka_unit_test(backtracking_has_an_end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
