#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "selector.h"

static const struct limits limits = LIMITS_DEFAULT;

static void set(struct grouping_key *key, const char *name, const char *value)
{
	struct error error;
	key->utf8_names = true;
	if (grouping_key_set(key, slice_of(name), slice_of(value), &error) == -1)
		fail_msg("%s", error.message);
}

static void finish(struct grouping_key *key)
{
	struct error error;
	struct limits key_limits = limits;
	key_limits.utf8_names = true;
	if (grouping_key_finish(key, &key_limits, &error) == -1)
		fail_msg("%s", error.message);
}

/* {job="backup_db",instance="db1",my.label="x",quote="'\"\n"} */
static int make_key(void **state)
{
	static struct grouping_key key;
	grouping_key_init(&key);
	set(&key, "job", "backup_db");
	set(&key, "instance", "db1");
	set(&key, "my.label", "x");
	set(&key, "quote", "'\"\n");
	finish(&key);
	*state = &key;
	return 0;
}

static int release_key(void **state)
{
	grouping_key_release(*state);
	return 0;
}

static int matches(const struct grouping_key *key, const char *text)
{
	struct selector selector;
	struct error error;
	selector_init(&selector);
	int result = selector_add(&selector, text, &error);
	if (result == 0)
		result = selector_match(&selector, key, &error);
	selector_release(&selector);
	if (result == -1)
		fail_msg("%s", error.message);
	return result;
}

static void matchers_select(void **state)
{
	static const struct {
		const char *text;
		int selected;
	} cases[] = {
		{"{job=\"backup_db\"}", 1},
		{"{job=\"backup\"}", 0},
		{"{job!=\"backup\"}", 1},
		{"{job!=\"backup_db\"}", 0},
		{"{job=~\"backup.*\",instance!=\"\"}", 1},
		{"{job=~\"backup\"}", 0},
		{"{job=~\"backup|db\"}", 0},
		{"{job!~\"backup\"}", 1},
		{"{job!~\"backup_..\"}", 0},
		{"{missing=\"\"}", 1},
		{"{missing!=\"\"}", 0},
		{"{missing=~\".*\"}", 1},
		{"{missing=~\".+\"}", 0},
		{"{missing!~\".+\"}", 1},
		{"{job=\"backup_db\",instance=\"db2\"}", 0},
		{"{job=\"backup_db\",}", 1},
		{" {\tjob\n=\r'backup_db' , instance =~ `db\\d` } ", 1},
		{"job=\"backup_db\"", 1},
		{"job=\"backup_db\", instance=\"db1\" ", 1},
		{"instance=\"db2\"", 0},
		{"{\"my.label\"=\"x\"}", 1},
		{"{'my.label'=\"y\"}", 0},
		{"{quote=\"'\\\"\\n\"}", 1},
		{"{quote='\\'\"\\n'}", 1},
		{"{quote=`'\"\n`}", 1},
		{"{quote=`'\"\\n`}", 0},
		{"{instance=\"\\x64b1\"}", 1},
		{"{instance=\"\\144b1\"}", 1},
		{"{instance=\"\\u0064b\\U00000031\"}", 1},
		{"{instance=\"db1\\x00\"}", 0},
		{"{instance=\"\\xff\"}", 0},
		{"{instance!~\"db\\\\d\"}", 0},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (matches(*state, cases[i].text) != cases[i].selected)
			fail_msg("%s", cases[i].text);
}

static void several_are_a_union(void **state)
{
	struct selector selector;
	struct error error;
	selector_init(&selector);
	assert_true(selector_is_empty(&selector));
	assert_int_equal(selector_match(&selector, *state, &error), 0);
	assert_int_equal(selector_add(&selector, "{job=\"a\"}", &error), 0);
	assert_int_equal(selector_match(&selector, *state, &error), 0);
	assert_int_equal(selector_add(&selector, "{instance=\"db1\"}", &error), 0);
	assert_int_equal(selector_match(&selector, *state, &error), 1);
	assert_int_equal(selector_add(&selector, "{job=~\"(\"}", &error), -1);
	assert_false(selector_is_empty(&selector));
	assert_int_equal(selector_match(&selector, *state, &error), 1);
	selector_release(&selector);
	assert_true(selector_is_empty(&selector));
}

static void characters_of_every_length_are_unescaped(void **state)
{
	struct grouping_key key;
	grouping_key_init(&key);
	set(&key, "job", "\x7f\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80");
	finish(&key);
	assert_int_equal(matches(&key, "{job=\"\\u007f\\u00e9\\u20AC\\U0001f600\"}"), 1);
	grouping_key_release(&key);
}

static void errors_tell_the_column(void **state)
{
	static const struct {
		const char *text, *message;
	} cases[] = {
		{"", "\"\": a selector without a matcher would select every group"},
		{"{}", "\"{}\": a selector without a matcher would select every group"},
		{"{ }", "\"{ }\": a selector without a matcher would select every group"},
		{"{,}", "\"{,}\": column 2: expected the name of a label"},
		{"{1=\"x\"}", "\"{1=\\\"x\\\"}\": column 2: expected the name of a label"},
		{"{''='x'}", "\"{''='x'}\": column 2: the name of a label is empty"},
		{"{job}", "\"{job}\": column 5: expected =, !=, =~ or !~ after the name of a label"},
		{"{job<'x'}", "\"{job<'x'}\": column 5: expected =, !=, =~ or !~ after the name of a label"},
		{"{job=='x'}", "\"{job=='x'}\": column 6: expected a string in quotes"},
		{"{job=x}", "\"{job=x}\": column 6: expected a string in quotes"},
		{"{job='x}", "\"{job='x}\": column 6: the string has no end"},
		{"{job='\n'}", "\"{job='\\n'}\": column 6: the string has no end"},
		{"{job='\\", "\"{job='\\\\\": column 7: unknown escape sequence"},
		{"{job='\\d'}", "\"{job='\\\\d'}\": column 7: unknown escape sequence"},
		{"{job='\\\"'}", "\"{job='\\\\\\\"'}\": column 7: unknown escape sequence"},
		{"{job='\\x1'}", "\"{job='\\\\x1'}\": column 10: a digit of the escape is missing"},
		{"{job='\\08'}", "\"{job='\\\\08'}\": column 9: a digit of the escape is missing"},
		{"{job='\\777'}", "\"{job='\\\\777'}\": column 8: the escape is no byte"},
		{"{job='\\ud800'}", "\"{job='\\\\ud800'}\": column 9: the escape is no character"},
		{"{job='\\U00110000'}", "\"{job='\\\\U00110000'}\": column 9: the escape is no character"},
		{"{job='x'", "\"{job='x'\": column 9: expected , or }"},
		{"{job='x' instance='y'}", "\"{job='x' instance='y'}\": column 10: expected , or }"},
		{"job='x' instance='y'", "\"job='x' instance='y'\": column 9: expected , or the end"},
		{"{job='x'} x", "\"{job='x'} x\": column 11: nothing may follow the selector"},
		{"up{job='x'}", "\"up{job='x'}\": column 1: a group has no metric name"},
		{"{job='x',__name__='up'}", "\"{job='x',__name__='up'}\": column 10: a group has no metric name"},
		{"{a='x',job=~'('}",
			"\"{a='x',job=~'('}\": column 13: \"(\" is no regular expression: byte 2: missing closing "
			"parenthesis"},
		{"{job=~'a\\x00'}", "\"{job=~'a\\\\x00'}\": column 7: a NUL byte in a regular expression is written "
				    "\\\\x00"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct selector selector;
		struct error error;
		selector_init(&selector);
		assert_int_equal(selector_add(&selector, cases[i].text, &error), -1);
		assert_int_equal(error.kind, ERROR_USAGE);
		assert_string_equal(error.message, cases[i].message);
		selector_release(&selector);
	}
}

static void long_ones_are_refused(void **state)
{
	static char text[SELECTOR_MAX + 2];
	struct selector selector;
	struct error error;
	memset(text, ' ', SELECTOR_MAX + 1);
	memcpy(text, "{job=\"backup_db\"}", 17);
	selector_init(&selector);
	assert_int_equal(selector_add(&selector, text, &error), -1);
	assert_string_equal(error.message, "a selector is at most 65536 bytes long");
	text[SELECTOR_MAX] = '\0';
	assert_int_equal(selector_add(&selector, text, &error), 0);
	selector_release(&selector);
}

static void a_regex_that_runs_away_is_an_error(void **state)
{
	struct selector selector;
	struct error error;
	struct grouping_key key;
	grouping_key_init(&key);
	set(&key, "job", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaabc");
	finish(&key);
	selector_init(&selector);
	assert_int_equal(selector_add(&selector, "{job=~'(?:(?:a|a)*)*b'}", &error), 0);
	assert_int_equal(selector_match(&selector, &key, &error), -1);
	assert_int_equal(error.kind, ERROR_USAGE);
	selector_release(&selector);
	grouping_key_release(&key);
}

static void keys_round_trip(void **state)
{
	struct grouping_key key, copy;
	struct buffer text;
	struct error error;
	grouping_key_init(&key);
	grouping_key_init(&copy);
	buffer_init(&text, 1000);
	set(&key, "job", "a\\b\"c'\n");
	set(&key, "my \"label\"", "{}");
	set(&key, "terminal", "\033[2J\xc2\x9b\x7f\xc3\xa9");
	if (grouping_key_set(&key, slice_of("z"), slice_make("a\0b", 3), &error) == -1)
		fail_msg("%s", error.message);
	finish(&key);
	assert_int_equal(selector_append_key(&text, &key), 0);
	assert_int_equal(buffer_append_byte(&text, '\0'), 0);
	assert_string_equal(text.data, "{job=\"a\\\\b\\\"c'\\n\",\"my \\\"label\\\"\"=\"{}\","
				       "terminal=\"\\x1b[2J\\xc2\\x9b\\x7f\xc3\xa9\",z=\"a\\x00b\"}");
	text.len--;
	if (selector_read_key(&copy, buffer_slice(&text), &limits, &error) == -1)
		fail_msg("%s", error.message);
	assert_true(slice_equal(key.file, copy.file));
	assert_true(slice_equal(key.text, copy.text));
	grouping_key_release(&key);
	grouping_key_release(&copy);
	buffer_release(&text);
	buffer_init(&text, 3);
	assert_int_equal(selector_append_key(&text, *state), -1);
	assert_int_equal(text.len, 0);
	buffer_release(&text);
}

static void other_selectors_are_no_keys(void **state)
{
	static const struct {
		const char *text, *message;
	} cases[] = {
		{"{job=~\"a\"}", "\"{job=~\\\"a\\\"}\": column 2: the labels of one group are given with ="},
		{"{job!=\"a\"}", "\"{job!=\\\"a\\\"}\": column 2: the labels of one group are given with ="},
		{"{job='a',job='b'}", "\"{job='a',job='b'}\": column 10: label \"job\" is there twice"},
		{"{job='a',", "\"{job='a',\": column 10: expected the name of a label"},
		{"{x='a'}", "\"{x='a'}\": job name is required"},
		{"{job=''}", "\"{job=''}\": job name is required"},
		{"{job='\\xff'}", "\"{job='\\\\xff'}\": value \"\\xff\" of label \"job\" is not UTF-8"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct grouping_key key;
		struct error error;
		grouping_key_init(&key);
		assert_int_equal(selector_read_key(&key, slice_of(cases[i].text), &limits, &error), -1);
		assert_int_equal(error.kind, ERROR_SYNTAX);
		assert_string_equal(error.message, cases[i].message);
		grouping_key_release(&key);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(matchers_select),
		cmocka_unit_test(several_are_a_union),
		cmocka_unit_test(characters_of_every_length_are_unescaped),
		cmocka_unit_test(errors_tell_the_column),
		cmocka_unit_test(long_ones_are_refused),
		cmocka_unit_test(a_regex_that_runs_away_is_an_error),
		cmocka_unit_test(keys_round_trip),
		cmocka_unit_test(other_selectors_are_no_keys),
	};
	return cmocka_run_group_tests(tests, make_key, release_key);
}
