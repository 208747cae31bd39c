/* Sorted numbers against an array of all that there may be. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

#include "sorted.h"
#include "support/random.h"

#define NAMES 1500
#define STEPS 6000

static char names[NAMES][8];

/* Two numbers have a name. */
static struct slice name_of(const void *context, uint64_t number)
{
	assert_ptr_equal(context, names);
	return slice_of(names[number / 2]);
}

static void check(const struct sorted *sorted, const bool *there)
{
	struct sorted_cursor cursor = {0};
	uint64_t number;
	bool any = false;
	for (uint64_t expected = 0; expected < 2 * NAMES; expected++) {
		if (!there[expected])
			continue;
		any = true;
		assert_true(sorted_next(sorted, &cursor, &number));
		assert_int_equal(number, expected);
	}
	assert_false(sorted_next(sorted, &cursor, &number));
	assert_int_equal(sorted_is_empty(sorted), !any);
}

static int make_names(void **state)
{
	/* In byte order. */
	for (size_t i = 0; i < NAMES; i++)
		snprintf(names[i], sizeof(names[i]), "n%05zu", i);
	return 0;
}

static void it_agrees_with_an_array(void **state)
{
	struct sorted sorted = {.name_of = name_of, .context = names};
	bool there[2 * NAMES] = {false};
	for (size_t i = 0; i < STEPS; i++) {
		uint32_t number = random_below(2 * NAMES);
		/* Fills, empties, fills. */
		bool wanted = random_below(100) < (i / 2000 == 1 ? 10 : 90);
		if (wanted && !there[number])
			assert_int_equal(sorted_insert(&sorted, number), 0);
		else if (!wanted && there[number])
			sorted_remove(&sorted, number);
		there[number] = wanted;
		if (i % 16 == 0)
			check(&sorted, there);
	}
	check(&sorted, there);
	for (uint32_t number = 0; number < 2 * NAMES; number++)
		if (there[number])
			sorted_remove(&sorted, number);
	assert_true(sorted_is_empty(&sorted));
	sorted_release(&sorted);
}

/* Also from the front, from behind, and from both ends to the middle. */
static void any_order_will_do(void **state)
{
	for (size_t order = 0; order < 3; order++) {
		struct sorted sorted = {.name_of = name_of, .context = names};
		bool there[2 * NAMES] = {false};
		for (uint32_t i = 0; i < 2 * NAMES; i++) {
			uint32_t number = order == 0 || (order == 2 && i % 2 == 0) ? i : 2 * NAMES - 1 - i;
			number = order == 2 ? (i % 2 == 0 ? i / 2 : 2 * NAMES - 1 - i / 2) : number;
			assert_int_equal(sorted_insert(&sorted, number), 0);
			there[number] = true;
		}
		check(&sorted, there);
		sorted_release(&sorted);
		assert_true(sorted_is_empty(&sorted));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_agrees_with_an_array),
		cmocka_unit_test(any_order_will_do),
	};
	return cmocka_run_group_tests(tests, make_names, NULL);
}
