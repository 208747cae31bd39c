#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "file.h"
#include "support/scratch.h"

static void make_file(const char *name, const char *text)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_EXCL, 0600);
	assert_int_not_equal(fd, -1);
	assert_int_equal(file_write_all(fd, slice_of(text)), 0);
	assert_int_equal(file_sync(fd), 0);
	assert_int_equal(file_close(fd), -1);
}

static void only_regular_files_are_opened(void **state)
{
	int fd, listener = socket(AF_UNIX, SOCK_STREAM, 0);
	struct stat status;
	char text[8] = "";
	struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "socket"};
	make_file("file", "text");
	assert_int_equal(symlink("file", "link"), 0);
	assert_int_equal(symlink("nothing", "dangling"), 0);
	assert_int_equal(symlink("loop", "loop"), 0);
	assert_int_equal(mkdir("directory", 0700), 0);
	assert_int_equal(mkfifo("fifo", 0600), 0);
	assert_int_equal(bind(listener, (struct sockaddr *)&address, sizeof(address)), 0);
	static const char *const good[] = {"file", "link"};
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(file_open_regular(AT_FDCWD, good[i], &fd, &status), 1);
		assert_int_equal(status.st_size, 4);
		assert_int_equal(read(fd, text, sizeof(text)), 4);
		assert_string_equal(text, "text");
		close(fd);
	}
	static const char *const absent[] = {"nothing", "dangling", "loop", "directory", "fifo", "socket"};
	for (size_t i = 0; i < sizeof(absent) / sizeof(absent[0]); i++) {
		if (file_open_regular(AT_FDCWD, absent[i], &fd, &status) != 0)
			fail_msg("%s is taken for a file", absent[i]);
		assert_int_equal(fd, -1);
	}
	assert_int_equal(file_open_regular(AT_FDCWD, "file/x", &fd, &status), -1);
	assert_int_equal(errno, ENOTDIR);
	assert_int_equal(fd, -1);
	close(listener);
}

static void closing_keeps_errno(void **state)
{
	errno = ENOSPC;
	assert_int_equal(file_close(-1), -1);
	assert_int_equal(file_close(100000), -1);
	assert_int_equal(errno, ENOSPC);
}

static void a_change_is_another_identity(void **state)
{
	struct stat status;
	make_file("file", "one");
	assert_int_equal(stat("file", &status), 0);
	struct file_id id = file_identify(&status);
	assert_int_equal(id.inode, status.st_ino);
	assert_int_equal(id.size, 3);
	struct timespec times[] = {{0, 0}, {1700000000, 123456789}};
	assert_int_equal(utimensat(AT_FDCWD, "file", times, 0), 0);
	assert_int_equal(stat("file", &status), 0);
	assert_true(file_identify(&status).modified == 1700000000123456789);
	/* In 2400, which is more ns than fit, and in 1901. */
	status.st_mtim = (struct timespec){13569465600, 1};
	assert_true(file_identify(&status).modified == (INT64_C(1) << 33) * 1000000000);
	status.st_mtim = (struct timespec){-2147483648, 1};
	assert_true(file_identify(&status).modified == -2147483647999999999);
}

static void writing_fails_with_errno(void **state)
{
	int full = open("/dev/full", O_WRONLY);
	if (full == -1)
		skip();
	assert_int_equal(file_write_all(full, slice_of("x")), -1);
	assert_int_equal(errno, ENOSPC);
	assert_int_equal(file_write_all(full, slice_of("")), 0);
	close(full);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, scratch_enter, scratch_leave)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(only_regular_files_are_opened),
		TEST(closing_keeps_errno),
		TEST(a_change_is_another_identity),
		TEST(writing_fails_with_errno),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
