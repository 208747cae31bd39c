#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "shared_file.h"
#include "support/files.h"
#include "support/scratch.h"

#define SIZE 10000

static const struct shared_file file = {.name = "f", .head = SLICE_LITERAL("head 1\n"), .size = SIZE};

/* Each test has a scratch folder of its own, which is its working directory. */
static int directory;

static int set_up(void **state)
{
	if (scratch_enter(state) == -1)
		return -1;
	directory = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return directory == -1 ? -1 : 0;
}

static int tear_down(void **state)
{
	close(directory);
	return scratch_leave(state);
}

static int lock_file(void)
{
	struct error error = {0};
	int fd = shared_file_lock(&file, directory, 20, &error);
	if (fd == -1)
		fail_msg("%s", error.message);
	return fd;
}

static void assert_lock_fails(enum error_kind kind, const char *message)
{
	struct error error = {0};
	assert_int_equal(shared_file_lock(&file, directory, 20, &error), -1);
	assert_string_equal(error.message, message);
	assert_int_equal(error.kind, kind);
}

/* The descriptor is of the file of that name, which is new. Closes it. */
static void assert_new(int fd)
{
	static const char zeros[SIZE];
	char bytes[SIZE + 1];
	size_t head = file.head.len;
	struct stat named, opened;
	assert_int_equal(pread(fd, bytes, sizeof(bytes), 0), SIZE);
	assert_memory_equal(bytes, file.head.data, head);
	assert_memory_equal(bytes + head, zeros, SIZE - head);
	assert_int_equal(lstat("f", &named), 0);
	assert_int_equal(fstat(fd, &opened), 0);
	assert_int_equal(named.st_ino, opened.st_ino);
	assert_int_equal(named.st_mode, S_IFREG | 0644);
	assert_names(".", "f ");
	close(fd);
}

static void overwrite_start(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	assert_int_not_equal(fd, -1);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

static void test_makes_and_shares(void **state)
{
	char byte = 'x';
	assert_new(lock_file());
	int fd = lock_file();
	assert_int_equal(pwrite(fd, &byte, 1, SIZE - 1), 1);
	close(fd);
	byte = '\0';
	fd = lock_file();
	assert_int_equal(pread(fd, &byte, 1, SIZE - 1), 1);
	assert_int_equal(byte, 'x');
	close(fd);
}

static void test_wrong_ones_are_made_anew(void **state)
{
	static const struct {
		const char *text;
		off_t size;
	} cases[] = {
		{"", 0},
		{"", SIZE},
		{"head 1\n", SIZE - 1},
		{"head 1\n", SIZE + 1},
		{"head 1\n", 7},
		{"hea", 3},
		{"head 2\n", SIZE},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		unlink("f");
		overwrite_start("f", cases[i].text);
		assert_int_equal(truncate("f", cases[i].size), 0);
		assert_new(lock_file());
	}
	/* It has the right size and head: what else is in it is the caller's to judge. */
	char bytes[15];
	overwrite_start("f", "head 1\ngarbage");
	int fd = lock_file();
	assert_int_equal(pread(fd, bytes, sizeof(bytes), 0), sizeof(bytes));
	assert_memory_equal(bytes, "head 1\ngarbage\0", sizeof(bytes));
	close(fd);
}

/* Who still uses a file that gave way reads and writes that one, not the new one. */
static void test_wrong_ones_are_left_as_they_are(void **state)
{
	char bytes[20];
	overwrite_start("f", "another layout");
	int old = open("f", O_RDONLY | O_CLOEXEC);
	assert_int_not_equal(old, -1);
	assert_new(lock_file());
	assert_int_equal(read(old, bytes, sizeof(bytes)), strlen("another layout"));
	close(old);
}

static void test_odd_files_are_replaced(void **state)
{
	assert_int_equal(mkfifo("f", 0644), 0);
	assert_new(lock_file());
	int bound = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "f"};
	assert_int_equal(unlink("f"), 0);
	assert_int_equal(bind(bound, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_new(lock_file());
	close(bound);
	/* A link isn't followed, not even to a good file. */
	assert_int_equal(rename("f", "target"), 0);
	assert_int_equal(symlink("target", "f"), 0);
	int fd = lock_file();
	struct stat status;
	assert_int_equal(lstat("f", &status), 0);
	assert_int_equal(status.st_mode, S_IFREG | 0644);
	assert_int_equal(unlink("target"), 0);
	assert_new(fd);
}

/* Who waits for the lock of a file that is removed meanwhile doesn't get that one. */
static void test_removed_while_waiting(void **state)
{
	int old = lock_file();
	pid_t pid = fork();
	if (pid == 0) {
		struct error error;
		struct stat status;
		close(old);
		int fd = shared_file_lock(&file, directory, 60000, &error);
		_exit(fd != -1 && fstat(fd, &status) == 0 && status.st_nlink == 1 ? 0 : 1);
	}
	assert_int_not_equal(pid, -1);
	assert_int_equal(unlink("f"), 0);
	close(old);
	int status;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_new(lock_file());
}

static void test_errors(void **state)
{
	assert_int_equal(mkdir("f", 0755), 0);
	assert_lock_fails(ERROR_CREATE, "can't open f: Is a directory");
	assert_int_equal(rmdir("f"), 0);
	assert_names(".", "");
	int good = directory;
	directory = -1;
	assert_lock_fails(ERROR_CREATE, "can't open f: Bad file descriptor");
	directory = good;
	/* The folder itself is gone. */
	assert_int_equal(rmdir(scratch_path()), 0);
	assert_lock_fails(ERROR_CREATE, "can't open f: No such file or directory");
	assert_int_equal(mkdir(scratch_path(), 0755), 0);
}

static void test_no_permission(void **state)
{
	const uid_t user = geteuid();
	close(lock_file());
	assert_int_equal(chmod("f", 0444), 0);
	assert_int_equal(chmod(".", 0755), 0);
	if (user == 0)
		assert_int_equal(seteuid(65534), 0);
	assert_lock_fails(ERROR_PERMISSION, "can't open f: Permission denied");
	if (user == 0)
		assert_int_equal(seteuid(0), 0);
	assert_names(".", "f ");
	assert_int_equal(unlink("f"), 0);
	assert_int_equal(chmod(".", 0555), 0);
	if (user == 0)
		assert_int_equal(seteuid(65534), 0);
	assert_lock_fails(ERROR_PERMISSION, "can't open f: Permission denied");
	if (user == 0)
		assert_int_equal(seteuid(0), 0);
	assert_int_equal(chmod(".", 0755), 0);
}

static void test_no_space(void **state)
{
	limit_file_size(SIZE - 1);
	assert_lock_fails(ERROR_FULL, "can't open f: File too large");
	lift_file_size_limit();
	assert_names(".", "");
}

static void test_somebody_keeps_the_lock(void **state)
{
	int held = lock_file();
	assert_lock_fails(ERROR_BUSY, "can't open f: somebody keeps it locked");
	close(held);
	assert_new(lock_file());
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_makes_and_shares),
		TEST(test_wrong_ones_are_made_anew),
		TEST(test_wrong_ones_are_left_as_they_are),
		TEST(test_odd_files_are_replaced),
		TEST(test_removed_while_waiting),
		TEST(test_errors),
		TEST(test_no_permission),
		TEST(test_no_space),
		TEST(test_somebody_keeps_the_lock),
	};
	return cmocka_run_group_tests_name("shared_file", tests, NULL, NULL);
}
