#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "age.h"
#include "clock.h"
#include "ttl.h"

static void ages_are_read(void **state)
{
	static const struct {
		const char *text;
		int64_t seconds_by_1000;
	} cases[] = {
		{"0", 0},
		{"30", 30000},
		{"0.5", 500},
		{"90s", 90000},
		{"15m", 900000},
		{"24h", 86400000},
		{"90d", INT64_C(7776000000)},
		{"1.5d", 129600000},
		{"2w", 1209600000},
		{"36500d", INT64_C(3153600000000)},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct error error;
		int64_t age = -1;
		assert_int_equal(age_parse(slice_of(cases[i].text), &age, &error), 0);
		assert_int_equal(age, cases[i].seconds_by_1000 * CLOCK_MILLISECOND);
	}
}

static void other_texts_are_refused(void **state)
{
	static const char *const texts[] = {
		"", "s", "-1s", "+1", "1y", "1 d", "1d ", "1h30m", "1e3s", "inf", "..", "1.1.1"};
	struct error error;
	int64_t age = 7;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		assert_int_equal(age_parse(slice_of(texts[i]), &age, &error), -1);
		assert_int_equal(error.kind, ERROR_USAGE);
	}
	assert_int_equal(age_parse(slice_of("1y"), &age, &error), -1);
	assert_string_equal(error.message, "\"1y\": not an age, such as 30, 90s, 15m, 24h or 7d");
	assert_int_equal(age_parse(slice_of("36500.1d"), &age, &error), -1);
	assert_string_equal(error.message, "\"36500.1d\": an age is at most 36500d");
	assert_int_equal(age, 7);
}

static void a_ttl_is_whole_seconds(void **state)
{
	static const struct {
		const char *text;
		int64_t seconds;
	} cases[] = {{"1", 1}, {"0.001", 1}, {"1.5", 2}, {"2", 2}, {"24h", 86400}, {"36500d", INT64_C(3153600000)}};
	struct error error;
	int64_t ttl = 7;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(ttl_parse(slice_of(cases[i].text), &ttl, &error), 0);
		assert_int_equal(ttl, cases[i].seconds * CLOCK_SECOND);
	}
	ttl = 7;
	assert_int_equal(ttl_parse(slice_of("0.0"), &ttl, &error), -1);
	assert_int_equal(error.kind, ERROR_USAGE);
	assert_string_equal(error.message, "\"0.0\": a TTL is at least 1s");
	assert_int_equal(ttl_parse(slice_of("x"), &ttl, &error), -1);
	assert_string_equal(error.message, "\"x\": not an age, such as 30, 90s, 15m, 24h or 7d");
	assert_int_equal(ttl, 7);
}

static void ages_are_written_in_one_unit(void **state)
{
	static const struct {
		int64_t seconds;
		const char *text;
	} cases[] = {
		{-5, "0s"},
		{0, "0s"},
		{119, "119s"},
		{120, "2m"},
		{7199, "119m"},
		{7200, "2h"},
		{172799, "47h"},
		{172800, "2d"},
		{3153600000, "36500d"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char text[AGE_TEXT_SIZE];
		age_format(cases[i].seconds * CLOCK_SECOND, text);
		assert_string_equal(text, cases[i].text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ages_are_read),
		cmocka_unit_test(other_texts_are_refused),
		cmocka_unit_test(a_ttl_is_whole_seconds),
		cmocka_unit_test(ages_are_written_in_one_unit),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
