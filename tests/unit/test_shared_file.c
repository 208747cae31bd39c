#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shared_file.h"

#define SIZE 10000

static const struct shared_file file = {.name = "f", .head = SLICE_LITERAL("head 1\n"), .size = SIZE};

/* Each test has a scratch folder of its own, which is its working directory. */
static char scratch[64];
static int directory;

static int set_up(void **state)
{
	umask(022);
	strcpy(scratch, "/tmp/test_shared_file.XXXXXX");
	if (mkdtemp(scratch) == NULL || chdir(scratch) == -1)
		return -1;
	directory = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return directory == -1 ? -1 : 0;
}

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *ftw)
{
	return remove(path);
}

static int tear_down(void **state)
{
	close(directory);
	return chdir("/") == -1 ? -1 : nftw(scratch, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

static char *map(void)
{
	struct error error = {0};
	char *memory = shared_file_map(&file, directory, &error);
	if (memory == NULL)
		fail_msg("%s", error.message);
	return memory;
}

static void assert_map_fails(enum error_kind kind, const char *message)
{
	struct error error = {0};
	assert_null(shared_file_map(&file, directory, &error));
	assert_string_equal(error.message, message);
	assert_int_equal(error.kind, kind);
}

static void assert_entries(const char *expected)
{
	char names[1000] = "";
	struct dirent **entries;
	int count = scandir(".", &entries, NULL, alphasort);
	assert_true(count >= 2);
	for (int i = 0; i < count; i++) {
		if (strcmp(entries[i]->d_name, ".") != 0 && strcmp(entries[i]->d_name, "..") != 0)
			strcat(strcat(names, entries[i]->d_name), " ");
		free(entries[i]);
	}
	free(entries);
	assert_string_equal(names, expected);
}

static void assert_new(const char *memory)
{
	static const char zeros[SIZE];
	size_t head = file.head.len;
	struct stat status;
	assert_memory_equal(memory, file.head.data, head);
	assert_memory_equal(memory + head, zeros, SIZE - head);
	assert_int_equal(lstat("f", &status), 0);
	assert_int_equal(status.st_mode, S_IFREG | 0644);
	assert_int_equal(status.st_size, SIZE);
	assert_entries("f ");
}

static void write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	assert_int_not_equal(fd, -1);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

static void test_makes_and_shares(void **state)
{
	char *first = map();
	assert_new(first);
	first[SIZE - 1] = 'x';
	char *second = map();
	assert_ptr_not_equal(first, second);
	assert_int_equal(second[SIZE - 1], 'x');
	shared_file_unmap(&file, first);
	second[100] = 'y';
	shared_file_unmap(&file, second);
	first = map();
	assert_int_equal(first[100], 'y');
	assert_int_equal(first[SIZE - 1], 'x');
	shared_file_unmap(&file, first);
	/* A full disk must not come as SIGBUS: there are no holes. */
	struct stat status;
	assert_int_equal(stat("f", &status), 0);
	assert_true(status.st_blocks * 512 >= SIZE);
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
		write_file("f", cases[i].text);
		assert_int_equal(truncate("f", cases[i].size), 0);
		char *memory = map();
		assert_new(memory);
		shared_file_unmap(&file, memory);
	}
	/* It has the right size and head: what else is in it is the caller's to judge. */
	write_file("f", "head 1\ngarbage");
	char *memory = map();
	assert_memory_equal(memory, "head 1\ngarbage\0", 15);
	shared_file_unmap(&file, memory);
}

static void test_odd_files_are_replaced(void **state)
{
	assert_int_equal(mkfifo("f", 0644), 0);
	char *memory = map();
	assert_new(memory);
	shared_file_unmap(&file, memory);
	/* A link isn't followed, not even to a good file. */
	assert_int_equal(rename("f", "target"), 0);
	assert_int_equal(symlink("target", "f"), 0);
	memory = map();
	memory[SIZE - 1] = 'x';
	shared_file_unmap(&file, memory);
	assert_int_equal(unlink("f"), 0);
	assert_int_equal(rename("target", "f"), 0);
	memory = map();
	assert_new(memory);
	shared_file_unmap(&file, memory);
}

static void test_deleted_while_mapped(void **state)
{
	char *old = map();
	assert_int_equal(unlink("f"), 0);
	old[SIZE - 1] = 'x';
	assert_int_equal(old[SIZE - 1], 'x');
	char *new = map();
	assert_new(new);
	old[SIZE - 2] = 'x';
	assert_new(new);
	shared_file_unmap(&file, old);
	shared_file_unmap(&file, new);
	/* A wrong file took its name. */
	write_file("g", "");
	old = map();
	assert_int_equal(rename("g", "f"), 0);
	new = map();
	old[SIZE - 1] = 'x';
	assert_new(new);
	shared_file_unmap(&file, old);
	shared_file_unmap(&file, new);
}

static void test_debris_of_a_killed_maker(void **state)
{
	write_file(".f.tmp", "half");
	char *memory = map();
	assert_new(memory);
	shared_file_unmap(&file, memory);
}

static void test_errors(void **state)
{
	assert_int_equal(mkdir("f", 0755), 0);
	assert_map_fails(ERROR_CREATE, "can't open f: Is a directory");
	assert_int_equal(rmdir("f"), 0);
	assert_entries("");
	int good = directory;
	directory = -1;
	assert_map_fails(ERROR_CREATE, "can't open f: Bad file descriptor");
	directory = good;
}

static void test_no_permission(void **state)
{
	const uid_t user = geteuid();
	shared_file_unmap(&file, map());
	assert_int_equal(chmod("f", 0444), 0);
	assert_int_equal(chmod(".", 0755), 0);
	if (user == 0)
		assert_int_equal(seteuid(65534), 0);
	assert_map_fails(ERROR_PERMISSION, "can't open f: Permission denied");
	if (user == 0)
		assert_int_equal(seteuid(0), 0);
	assert_entries("f ");
	assert_int_equal(unlink("f"), 0);
	assert_int_equal(chmod(".", 0555), 0);
	if (user == 0)
		assert_int_equal(seteuid(65534), 0);
	assert_map_fails(ERROR_PERMISSION, "can't open f: Permission denied");
	if (user == 0)
		assert_int_equal(seteuid(0), 0);
	assert_int_equal(chmod(".", 0755), 0);
}

static void test_no_space(void **state)
{
	struct rlimit before, limit;
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	limit = (struct rlimit){.rlim_cur = SIZE - 1, .rlim_max = before.rlim_max};
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	assert_map_fails(ERROR_FULL, "can't open f: File too large");
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	signal(SIGXFSZ, SIG_DFL);
	assert_entries("");
}

static void test_somebody_keeps_the_lock(void **state)
{
	int lock = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(flock(lock, LOCK_EX), 0);
	assert_map_fails(ERROR_BUSY, "can't make f: somebody keeps its directory locked");
	assert_entries("");
	close(lock);
	char *memory = map();
	/* The lock was given back, and opening a good file doesn't ask for it. */
	lock = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(flock(lock, LOCK_EX | LOCK_NB), 0);
	shared_file_unmap(&file, map());
	close(lock);
	shared_file_unmap(&file, memory);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_makes_and_shares),
		TEST(test_wrong_ones_are_made_anew),
		TEST(test_odd_files_are_replaced),
		TEST(test_deleted_while_mapped),
		TEST(test_debris_of_a_killed_maker),
		TEST(test_errors),
		TEST(test_no_permission),
		TEST(test_no_space),
		TEST(test_somebody_keeps_the_lock),
	};
	return cmocka_run_group_tests_name("shared_file", tests, NULL, NULL);
}
