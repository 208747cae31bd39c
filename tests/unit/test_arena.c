#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

#include "arena.h"

/* Sizes around those of a chunk, so that pieces share one, fill one and need one of their own. */
static const size_t sizes[] = {0, 1, 15, 16, 17, 100, 1999, 2000, 3999, 4000, 4001, 100000, 1, 0, 7};
#define PIECES (sizeof(sizes) / sizeof(sizes[0]) * 20)

static void pieces_lie_apart_and_stay(void **state)
{
	struct arena arena;
	unsigned char *pieces[PIECES];
	arena_init(&arena);
	assert_null(arena.chunks);
	for (size_t i = 0; i < PIECES; i++) {
		size_t size = sizes[i * 7 % (sizeof(sizes) / sizeof(sizes[0]))];
		pieces[i] = arena_alloc(&arena, size);
		assert_non_null(pieces[i]);
		assert_int_equal((uintptr_t)pieces[i] % alignof(max_align_t), 0);
		memset(pieces[i], (int)i, size);
	}
	for (size_t i = 0; i < PIECES; i++) {
		size_t size = sizes[i * 7 % (sizeof(sizes) / sizeof(sizes[0]))];
		for (size_t k = 0; k < size; k++)
			assert_int_equal(pieces[i][k], (unsigned char)i);
	}
	arena_release(&arena);
	assert_null(arena.chunks);
	/* It may be used again, and released twice. */
	assert_non_null(arena_alloc(&arena, 1));
	arena_release(&arena);
	arena_release(&arena);
}

static void a_copy_is_terminated(void **state)
{
	struct arena arena;
	arena_init(&arena);
	char bytes[] = "a\0b";
	struct slice copy = arena_copy(&arena, slice_make(bytes, 3));
	bytes[0] = 'x';
	assert_int_equal(copy.len, 3);
	assert_memory_equal(copy.data, "a\0b\0", 4);
	struct slice empty = arena_copy(&arena, (struct slice){0});
	assert_int_equal(empty.len, 0);
	assert_non_null(empty.data);
	assert_int_equal(*empty.data, '\0');
	arena_release(&arena);
}

/* The sum with what a chunk has beside would be small. */
static void sizes_that_overflow_are_refused(void **state)
{
	struct arena arena;
	arena_init(&arena);
	for (size_t less = 0; less < 2 * alignof(max_align_t); less++)
		assert_null(arena_alloc(&arena, SIZE_MAX - less));
	assert_null(arena.chunks);
	arena_release(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pieces_lie_apart_and_stay),
		cmocka_unit_test(a_copy_is_terminated),
		cmocka_unit_test(sizes_that_overflow_are_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
