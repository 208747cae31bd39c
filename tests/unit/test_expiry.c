#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "expiry.h"
#include "view_entries.h"

#define ENTRIES 200
#define STEPS	20000

static uint64_t random_state = 1;

static unsigned random_below(unsigned limit)
{
	random_state = random_state * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)(random_state >> 33) % limit;
}

/* The same entries, in no order. */
struct model {
	struct entry entries[ENTRIES];
	int64_t times[ENTRIES]; /* 0 for one that isn't in the heap */
	size_t count;
};

static int64_t earliest(const struct model *model)
{
	int64_t time = INT64_MAX;
	for (size_t i = 0; i < ENTRIES; i++)
		if (model->times[i] != 0 && model->times[i] < time)
			time = model->times[i];
	return time;
}

static void check(const struct expiry *expiry, const struct model *model)
{
	int64_t first = earliest(model);
	assert_int_equal(expiry->count, model->count);
	if (model->count == 0) {
		assert_null(expiry_due(expiry, INT64_MAX));
		return;
	}
	assert_null(expiry_due(expiry, first - 1));
	const struct entry *due = expiry_due(expiry, first);
	assert_non_null(due);
	assert_int_equal(model->times[due - model->entries], first);
	for (size_t i = 0; i < ENTRIES; i++)
		assert_int_equal(model->entries[i].expiry_place != 0, model->times[i] != 0);
}

static void the_earliest_comes_first(void **state)
{
	struct expiry expiry = {0};
	struct model *model = calloc(1, sizeof(*model));
	assert_non_null(model);
	for (unsigned step = 0; step < STEPS; step++) {
		unsigned i = random_below(ENTRIES);
		struct entry *entry = &model->entries[i];
		if (model->times[i] != 0) {
			expiry_remove(&expiry, entry);
			model->times[i] = 0;
			model->count--;
		} else {
			assert_int_equal(expiry_reserve(&expiry, model->count + 1), 0);
			model->times[i] = 1 + random_below(100);
			model->count++;
			expiry_add(&expiry, entry, model->times[i]);
		}
		check(&expiry, model);
	}
	expiry_release(&expiry);
	free(model);
}

static void one_that_is_not_in_it_stays(void **state)
{
	struct expiry expiry = {0};
	struct entry entry = {.expiry_place = 0};
	expiry_remove(&expiry, &entry);
	assert_int_equal(expiry.count, 0);
	assert_null(expiry_due(&expiry, INT64_MAX));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_earliest_comes_first),
		cmocka_unit_test(one_that_is_not_in_it_stays),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
