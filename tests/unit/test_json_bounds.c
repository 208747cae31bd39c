#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "json_bounds.h"

static void texts_are_held_against_both(void **state)
{
	static const struct {
		const char *text;
		size_t depth, values;
		enum json_bounds result;
	} cases[] = {
		{"", 0, 1, JSON_BOUNDS_KEPT},
		{"", 0, 0, JSON_BOUNDS_TOO_MANY},
		{"[[1,2],[3]]", 2, 5, JSON_BOUNDS_TOO_MANY},
		{"[[1,2],[3]]", 2, 6, JSON_BOUNDS_KEPT},
		{"[[1,2],[3]]", 1, 6, JSON_BOUNDS_TOO_DEEP},
		{"[[1,2],[3]]", 1, 0, JSON_BOUNDS_TOO_DEEP},
		{"{\"a\":{},\"b\":{}}", 2, 5, JSON_BOUNDS_KEPT},
		{"{\"a\":{},\"b\":{}}", 2, 4, JSON_BOUNDS_TOO_MANY},
		{"[\"[[[,,,\\\"[[,\"]", 1, 2, JSON_BOUNDS_KEPT},
		{"\"[[[", 0, 1, JSON_BOUNDS_KEPT},
		{"\"\\", 0, 1, JSON_BOUNDS_KEPT},
		{"]]}[", 1, 2, JSON_BOUNDS_KEPT},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(
			json_bounds_check(slice_of(cases[i].text), cases[i].depth, cases[i].values), cases[i].result);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(texts_are_held_against_both),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
