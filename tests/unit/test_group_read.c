/* Group files when memory runs out; test_group.c has what they mean. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>

#include "group.h"

static const struct limits limits = LIMITS_DEFAULT;

static unsigned calls;
static unsigned failing_call; /* from 1; 0 for none */

/* Takes the place of the C library's. */
void *reallocarray(void *memory, size_t count, size_t size)
{
	if (++calls == failing_call) {
		errno = ENOMEM;
		return NULL;
	}
	return realloc(memory, count * size);
}

static const char file[] = "job=j.prom";
static const char text[] = "# pgw group 1\n"
			   "# pgw key {job=\"j\"}\n"
			   "# pgw push 2.000000000 POST\n"
			   "# pgw family 1.000000000 a\n"
			   "# TYPE a gauge\n"
			   "a{instance=\"\",job=\"j\",x=\"y\"} 1\n";

static void is_no_fault_of_the_file(void **state)
{
	struct error error;
	calls = failing_call = 0;
	struct group *group = group_read(slice_of(file), slice_of(text), 0, &limits, &error);
	assert_non_null(group);
	assert_int_equal(group_block(group, slice_of("a"))->pushed, 1000000000);
	group_free(group);
	unsigned count = calls;
	/* One in the header, the others in the parser and the writer. */
	assert_in_range(count, 2, 100);
	for (unsigned i = 1; i <= count; i++) {
		calls = 0;
		failing_call = i;
		assert_null(group_read(slice_of(file), slice_of(text), 0, &limits, &error));
		assert_int_equal(error.kind, ERROR_MEMORY);
		assert_string_equal(error.message, "out of memory");
		assert_int_equal(error.line, 0);
	}
	failing_call = 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(is_no_fault_of_the_file),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
