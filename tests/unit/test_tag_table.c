/* The table of tags against a plain list. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/random.h"
#include "tag_table.h"

#define PAIRS 2000
#define STEPS 40000

struct pair {
	uint64_t hash;
	uint32_t number;
};

static size_t count_in_list(const struct pair *pairs, size_t count, uint64_t hash, uint32_t number)
{
	size_t found = 0;
	for (size_t i = 0; i < count; i++)
		found += (uint32_t)pairs[i].hash == (uint32_t)hash && pairs[i].number == number;
	return found;
}

static void assert_found(const struct tag_table *table, const struct pair *pairs, size_t count, struct pair pair)
{
	size_t at, found = 0, of_number = 0, expected = 0;
	uint32_t number;
	for (tag_table_begin(table, pair.hash, &at); tag_table_next(table, pair.hash, &at, &number); found++)
		of_number += number == pair.number;
	for (size_t i = 0; i < count; i++)
		expected += (uint32_t)pairs[i].hash == (uint32_t)pair.hash;
	assert_int_equal(found, expected);
	assert_int_equal(of_number, count_in_list(pairs, count, pair.hash, pair.number));
}

/* Of few hashes, so that many are equal, and all of them at the ends of the table or anywhere. */
static struct pair random_pair(uint32_t kind)
{
	uint32_t tag = random_below(200);
	if (kind == 1)
		tag = UINT32_MAX - tag;
	else if (kind == 2)
		tag *= UINT32_MAX / 200;
	return (struct pair){(uint64_t)random_below(3) << 32 | tag, random_below(5)};
}

static void it_agrees_with_a_list(void **state)
{
	for (uint32_t kind = 0; kind < 3; kind++) {
		static struct pair pairs[PAIRS];
		size_t count = 0;
		struct tag_table table = {0};
		random_seed(kind);
		for (size_t i = 0; i < STEPS; i++) {
			/* Fills and empties in turns. */
			bool add = count == 0 || (count < PAIRS && random_below(100) < (i / 5000 % 2 ? 30 : 70));
			struct pair pair = random_pair(kind);
			if (add) {
				assert_int_equal(tag_table_reserve(&table, 1), 0);
				tag_table_insert(&table, pair.hash, pair.number);
				pairs[count++] = pair;
			} else {
				size_t place = random_below((uint32_t)count);
				pair = pairs[place];
				tag_table_remove(&table, pair.hash, pair.number);
				pairs[place] = pairs[--count];
			}
			assert_int_equal(table.used, count);
			assert_true(table.used < table.size);
			assert_found(&table, pairs, count, pair);
			assert_found(&table, pairs, count, random_pair(kind));
		}
		tag_table_release(&table);
	}
}

static void an_empty_one_has_nothing(void **state)
{
	struct tag_table table = {0};
	size_t at;
	uint32_t number;
	tag_table_begin(&table, 1, &at);
	assert_false(tag_table_next(&table, 1, &at, &number));
	assert_int_equal(tag_table_reserve(&table, 0), 0);
	tag_table_release(&table);
	assert_int_equal(tag_table_reserve(&table, SIZE_MAX / 4), -1);
	tag_table_release(&table);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_agrees_with_a_list),
		cmocka_unit_test(an_empty_one_has_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
