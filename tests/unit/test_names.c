#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "names.h"
#include "text.h"

static void assert_escaped(const char *name, enum escaping_scheme scheme, const char *expected)
{
	struct buffer out;
	buffer_init(&out, 4096);
	buffer_append_string(&out, "x");
	assert_int_equal(name_escape(&out, slice_of(name), scheme), 0);
	buffer_append_byte(&out, '\0');
	assert_string_equal(out.data + 1, expected);
	buffer_release(&out);
}

static void assert_unescaped(struct slice name, struct slice expected)
{
	struct buffer out;
	buffer_init(&out, 4096);
	buffer_append_string(&out, "x");
	assert_int_equal(name_unescape_values(&out, name), 0);
	if (!slice_equal(slice_make(out.data + 1, out.len - 1), expected))
		fail_msg("%.*s became %.*s", SLICE_PRINTF(name), SLICE_PRINTF(buffer_slice(&out)));
	buffer_release(&out);
}

static void schemes_have_names(void **state)
{
	static const char *const names[] = {"allow-utf-8", "underscores", "dots", "values"};
	static const char *const unknown[] = {"", "none", "Values", "value", "valuess", "underscore", " dots"};
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		enum escaping_scheme scheme = ESCAPING_NONE;
		assert_true(escaping_scheme_parse(slice_of(names[i]), &scheme));
		assert_int_equal(scheme, i);
		assert_string_equal(escaping_scheme_names[scheme], names[i]);
	}
	for (size_t i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++) {
		enum escaping_scheme scheme = ESCAPING_DOTS;
		assert_false(escaping_scheme_parse(slice_of(unknown[i]), &scheme));
		assert_int_equal(scheme, ESCAPING_DOTS);
	}
}

static void legacy_names(void **state)
{
	static const char *const legacy[] = {"a", "_", ":", "A1", "a:b_c9", "__name__", "z0Z9:_"};
	static const char *const others[] = {
		"", "1", "1a", "a.b", "a-b", "a b", "\xc3\xa4", "a\n", "a\xff", "a{", "a/"};
	for (size_t i = 0; i < sizeof(legacy) / sizeof(legacy[0]); i++) {
		assert_true(metric_name_is_legacy(slice_of(legacy[i])));
		for (int scheme = 0; scheme < ESCAPING_SCHEME_COUNT; scheme++)
			assert_escaped(legacy[i], (enum escaping_scheme)scheme, legacy[i]);
	}
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		assert_false(metric_name_is_legacy(slice_of(others[i])));
	assert_false(metric_name_is_legacy(slice_make("a\0b", 3)));
}

static void utf8_names(void **state)
{
	static const char *const good[] = {"a", "1", " ", "\n", "a.b", "\xc3\xa4", "\xf4\x8f\xbf\xbf", "\xef\xbf\xbd"};
	static const char *const bad[] = {"", "\xff", "a\xc3", "\xed\xa0\x80", "\xc0\xaf", "\xf4\x90\x80\x80"};
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_true(name_is_utf8(slice_of(good[i])));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(name_is_utf8(slice_of(bad[i])));
	assert_true(name_is_utf8(slice_make("\0", 1)));
	assert_false(name_is_utf8(slice_make(NULL, 0)));
}

static void names_are_escaped(void **state)
{
	static const struct {
		const char *name, *underscores, *dots, *values;
	} cases[] = {
		{"", "", "", ""},
		{"foo.bar", "foo_bar", "foo_dot_bar", "U__foo_2e_bar"},
		{"foo.bar_baz", "foo_bar_baz", "foo_dot_bar__baz", "U__foo_2e_bar__baz"},
		{"my-metric:x9", "my_metric:x9", "my__metric:x9", "U__my_2d_metric:x9"},
		{"1st", "_st", "__st", "U___31_st"},
		{"a1.", "a1_", "a1_dot_", "U__a1_2e_"},
		{".", "_", "_dot_", "U___2e_"},
		{"1_", "__", "____", "U___31___"},
		{"\xc3\xa4", "_", "__", "U___e4_"},
		{"na\xc3\xafve \xe2\x82\xac \xf0\x9f\x98\x80", "na_ve____", "na__ve________",
			"U__na_ef_ve_20__20ac__20__1f600_"},
		{"\xf4\x8f\xbf\xbf", "_", "__", "U___10ffff_"},
		{"a\xff.", "a__", "a___dot_", "U__a_fffd__2e_"},
		{"\x01\n\x7f", "___", "______", "U___1__a__7f_"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_escaped(cases[i].name, ESCAPING_NONE, cases[i].name);
		assert_escaped(cases[i].name, ESCAPING_UNDERSCORES, cases[i].underscores);
		assert_escaped(cases[i].name, ESCAPING_DOTS, cases[i].dots);
		assert_escaped(cases[i].name, ESCAPING_VALUES, cases[i].values);
	}
}

static void names_are_unescaped(void **state)
{
	static const struct {
		const char *name, *original;
	} cases[] = {
		{"U__", ""},
		{"U__a", "a"},
		{"U__foo_2e_bar", "foo.bar"},
		{"U__foo_2E_bar", "foo.bar"},
		{"U__foo__bar", "foo_bar"},
		{"U____", "_"},
		{"U_____", "U_____"},
		{"U______", "__"},
		{"U___e4_", "\xc3\xa4"},
		{"U___7f_", "\x7f"},
		{"U___80_", "\xc2\x80"},
		{"U___7ff_", "\xdf\xbf"},
		{"U___800_", "\xe0\xa0\x80"},
		{"U___20ac_", "\xe2\x82\xac"},
		{"U___ffff_", "\xef\xbf\xbf"},
		{"U___10000_", "\xf0\x90\x80\x80"},
		{"U___10ffff_", "\xf4\x8f\xbf\xbf"},
		{"U___00002e_", "."},
		{"U__a.b", "a.b"},
		{"U__\xc3\xa4", "\xc3\xa4"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_unescaped(slice_of(cases[i].name), slice_of(cases[i].original));
	assert_unescaped(slice_of("U___0_"), slice_make("\0", 1));
}

static void what_is_not_well_escaped_stays(void **state)
{
	static const char *const names[] = {"", "a", "foo_2e_bar", "u__a", "U_a", "_U__a", "U___", "U__a_", "U__a_2e",
		"U__a_2g_", "U__a_2e.b", "U___d800_", "U___dfff_", "U___110000_", "U___ffffff_", "U___000002e_",
		"U___ 2e_", "U___\x12_", "U___+2e_", "U___0x2e_", "U__a__b_"};
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		assert_unescaped(slice_of(names[i]), slice_of(names[i]));
}

static size_t encode(uint32_t character, char bytes[4])
{
	if (character < 0x80) {
		bytes[0] = (char)character;
		return 1;
	}
	if (character < 0x800) {
		bytes[0] = (char)(0xc0 | character >> 6);
		bytes[1] = (char)(0x80 | (character & 0x3f));
		return 2;
	}
	if (character < 0x10000) {
		bytes[0] = (char)(0xe0 | character >> 12);
		bytes[1] = (char)(0x80 | (character >> 6 & 0x3f));
		bytes[2] = (char)(0x80 | (character & 0x3f));
		return 3;
	}
	bytes[0] = (char)(0xf0 | character >> 18);
	bytes[1] = (char)(0x80 | (character >> 12 & 0x3f));
	bytes[2] = (char)(0x80 | (character >> 6 & 0x3f));
	bytes[3] = (char)(0x80 | (character & 0x3f));
	return 4;
}

/* Each character at the start of a name, before an underscore, and behind a digit. */
static void every_character_comes_back(void **state)
{
	struct buffer escaped, original;
	buffer_init(&escaped, 4096);
	buffer_init(&original, 4096);
	for (uint32_t character = 0; character <= 0x10ffff; character++) {
		char name[10];
		if (character >= 0xd800 && character <= 0xdfff)
			continue;
		size_t len = encode(character, name);
		name[len++] = '_';
		name[len++] = '7';
		len += encode(character, name + len);
		struct slice slice = slice_make(name, len);
		for (int scheme = ESCAPING_UNDERSCORES; scheme < ESCAPING_SCHEME_COUNT; scheme++) {
			buffer_clear(&escaped);
			assert_int_equal(name_escape(&escaped, slice, (enum escaping_scheme)scheme), 0);
			if (!metric_name_is_legacy(buffer_slice(&escaped)))
				fail_msg("U+%04X: %.*s", character, SLICE_PRINTF(buffer_slice(&escaped)));
		}
		buffer_clear(&original);
		assert_int_equal(name_unescape_values(&original, buffer_slice(&escaped)), 0);
		if (!slice_equal(buffer_slice(&original), slice))
			fail_msg("U+%04X: %.*s", character, SLICE_PRINTF(buffer_slice(&escaped)));
	}
	buffer_release(&escaped);
	buffer_release(&original);
}

static void a_full_buffer_stays_as_it_was(void **state)
{
	static const struct slice name = SLICE_LITERAL("a.b_\xc3\xa4");
	static const struct slice escaped = SLICE_LITERAL("U__a_2e_b___e4_");
	struct buffer out;
	for (size_t max = 2; max < 2 + escaped.len; max++) {
		buffer_init(&out, max);
		buffer_append_string(&out, "ab");
		errno = 0;
		assert_int_equal(name_escape(&out, name, ESCAPING_VALUES), -1);
		assert_int_equal(errno, EMSGSIZE);
		assert_true(slice_is(buffer_slice(&out), "ab"));
		buffer_release(&out);
	}
	for (size_t max = 2; max < 2 + name.len; max++) {
		buffer_init(&out, max);
		buffer_append_string(&out, "ab");
		errno = 0;
		assert_int_equal(name_unescape_values(&out, escaped), -1);
		assert_int_equal(errno, EMSGSIZE);
		assert_true(slice_is(buffer_slice(&out), "ab"));
		buffer_release(&out);
	}
}

/* A label's name may have no colon; all else is as with metrics. */
static void test_labels(void **state)
{
	static const struct {
		const char *name;
		const char *expected[ESCAPING_SCHEME_COUNT];
	} rows[] = {
		{"plain_1", {"plain_1", "plain_1", "plain_1", "plain_1"}},
		{"a:b_c", {"a:b_c", "a_b_c", "a__b__c", "U__a_3a_b__c"}},
		{"a.b:c", {"a.b:c", "a_b_c", "a_dot_b__c", "U__a_2e_b_3a_c"}},
		{"", {"", "", "", ""}},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		for (int scheme = 0; scheme < ESCAPING_SCHEME_COUNT; scheme++) {
			struct buffer out;
			buffer_init(&out, 100);
			assert_int_equal(
				label_name_escape(&out, slice_of(rows[i].name), (enum escaping_scheme)scheme), 0);
			assert_true(slice_is(buffer_slice(&out), rows[i].expected[scheme]));
			buffer_release(&out);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_labels),
		cmocka_unit_test(schemes_have_names),
		cmocka_unit_test(legacy_names),
		cmocka_unit_test(utf8_names),
		cmocka_unit_test(names_are_escaped),
		cmocka_unit_test(names_are_unescaped),
		cmocka_unit_test(what_is_not_well_escaped_stays),
		cmocka_unit_test(every_character_comes_back),
		cmocka_unit_test(a_full_buffer_stays_as_it_was),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
