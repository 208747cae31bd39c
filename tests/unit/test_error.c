#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "error.h"

static void it_says_what_and_where(void **state)
{
	struct error error;
	memset(&error, 'x', sizeof(error));
	assert_int_equal(error_set(&error, ERROR_REFUSED, "%s %d", "one", 2), -1);
	assert_int_equal(error.kind, ERROR_REFUSED);
	assert_int_equal(error.line, 0);
	assert_int_equal(error.column, 0);
	assert_string_equal(error.message, "one 2");
	assert_int_equal(error_set_at(&error, ERROR_SYNTAX, 3, 4, "%s", "here"), -1);
	assert_int_equal(error.kind, ERROR_SYNTAX);
	assert_int_equal(error.line, 3);
	assert_int_equal(error.column, 4);
	assert_string_equal(error.message, "here");
	assert_int_equal(error_prefix(&error, "file %s: ", "a"), -1);
	assert_int_equal(error.kind, ERROR_SYNTAX);
	assert_int_equal(error.line, 3);
	assert_string_equal(error.message, "file a: here");
	assert_int_equal(error_set_memory(&error), -1);
	assert_int_equal(error.kind, ERROR_MEMORY);
	assert_int_equal(error.line, 0);
	assert_string_equal(error.message, "out of memory");
}

static void errno_tells_the_kind(void **state)
{
	static const struct {
		int number;
		enum error_kind kind;
		const char *message;
	} cases[] = {
		{ENOSPC, ERROR_FULL, "can't write a: No space left on device"},
		{EDQUOT, ERROR_FULL, "can't write a: Disk quota exceeded"},
		{EFBIG, ERROR_FULL, "can't write a: File too large"},
		{EACCES, ERROR_PERMISSION, "can't write a: Permission denied"},
		{EPERM, ERROR_PERMISSION, "can't write a: Operation not permitted"},
		{EROFS, ERROR_PERMISSION, "can't write a: Read-only file system"},
		{ENOMEM, ERROR_MEMORY, "can't write a: Cannot allocate memory"},
		{EIO, ERROR_CREATE, "can't write a: Input/output error"},
	};
	struct error error;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		errno = cases[i].number;
		assert_int_equal(error_set_errno(&error, ERROR_CREATE, "can't write %s", "a"), -1);
		assert_int_equal(error.kind, cases[i].kind);
		assert_string_equal(error.message, cases[i].message);
	}
}

static void a_message_is_one_line(void **state)
{
	struct error error;
	error_set(&error, ERROR_IO, "%s", "a\nb\t\x1b[1m\x7f \xc2\x85 \xc2\xa9 \xff");
	assert_string_equal(error.message, "a?b??[1m? ?? \xc2\xa9 \xff");
	error_prefix(&error, "%s: ", "c\rd");
	assert_string_equal(error.message, "c?d: a?b??[1m? ?? \xc2\xa9 \xff");
}

static void a_long_message_is_cut(void **state)
{
	struct error error;
	char text[ERROR_MESSAGE_SIZE + 10];
	memset(text, 'x', sizeof(text));
	text[ERROR_MESSAGE_SIZE - 1] = '\0';
	error_set(&error, ERROR_IO, "%s", text);
	assert_string_equal(error.message, text);
	/* One more, in front. */
	error_prefix(&error, "p");
	assert_int_equal(strlen(error.message), ERROR_MESSAGE_SIZE - 1);
	assert_memory_equal(error.message, "px", 2);
	assert_string_equal(error.message + ERROR_MESSAGE_SIZE - 5, "x...");
	text[ERROR_MESSAGE_SIZE - 1] = 'x';
	text[ERROR_MESSAGE_SIZE] = '\0';
	error_set(&error, ERROR_IO, "%s", text);
	assert_int_equal(strlen(error.message), ERROR_MESSAGE_SIZE - 1);
	assert_string_equal(error.message + ERROR_MESSAGE_SIZE - 5, "x...");
	errno = EIO;
	error_set_errno(&error, ERROR_IO, "%s", text);
	assert_int_equal(strlen(error.message), ERROR_MESSAGE_SIZE - 1);
}

static void each_kind_has_its_status(void **state)
{
	static const struct {
		enum error_kind kind;
		int exit_status;
		unsigned http_status;
	} cases[] = {
		{ERROR_USAGE, 64, 400},
		{ERROR_SYNTAX, 65, 400},
		{ERROR_INCONSISTENT, 65, 400},
		{ERROR_TOO_LARGE, 65, 413},
		{ERROR_REFUSED, 65, 502},
		{ERROR_NO_INPUT, 66, 500},
		{ERROR_UNAVAILABLE, 69, 502},
		{ERROR_CREATE, 73, 500},
		{ERROR_IO, 74, 500},
		{ERROR_FULL, 75, 507},
		{ERROR_BUSY, 75, 503},
		{ERROR_PERMISSION, 77, 500},
		{ERROR_MEMORY, 71, 500},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(error_exit_status(cases[i].kind), cases[i].exit_status);
		assert_int_equal(error_http_status(cases[i].kind), cases[i].http_status);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_says_what_and_where),
		cmocka_unit_test(errno_tells_the_kind),
		cmocka_unit_test(a_message_is_one_line),
		cmocka_unit_test(a_long_message_is_cut),
		cmocka_unit_test(each_kind_has_its_status),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
