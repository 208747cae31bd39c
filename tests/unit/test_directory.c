#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/magic.h>

#include "directory.h"
#include "file.h"
#include "support/children.h"
#include "support/scratch.h"

static void make_file(const char *name)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	assert_int_not_equal(fd, -1);
	close(fd);
}

struct seen {
	unsigned names[3];
	unsigned others;
	unsigned limit;
};

static int visit(const char *name, void *context, struct error *error)
{
	struct seen *seen = context;
	if (strlen(name) == 1 && *name >= 'a' && *name <= 'c')
		seen->names[*name - 'a']++;
	else
		seen->others++;
	return --seen->limit == 0 ? error_set(error, ERROR_REFUSED, "enough") : 0;
}

static void an_empty_one_has_no_names(void **state)
{
	struct seen seen = {.limit = 1};
	struct error error;
	int directory = open(".", FILE_DIRECTORY_FLAGS);
	assert_int_equal(directory_list(directory, "here", visit, &seen, &error), 0);
	assert_int_equal(seen.limit, 1);
	close(directory);
}

static void each_listing_starts_anew(void **state)
{
	struct error error;
	make_file("a");
	make_file("b");
	assert_int_equal(mkdir("c", 0700), 0);
	make_file(".hidden");
	int directory = open(".", FILE_DIRECTORY_FLAGS);
	for (size_t i = 0; i < 2; i++) {
		struct seen seen = {.limit = 100};
		assert_int_equal(directory_list(directory, "here", visit, &seen, &error), 0);
		assert_int_equal(seen.names[0], 1);
		assert_int_equal(seen.names[1], 1);
		assert_int_equal(seen.names[2], 1);
		assert_int_equal(seen.others, 1);
	}
	struct seen seen = {.limit = 2};
	assert_int_equal(directory_list(directory, "here", visit, &seen, &error), -1);
	assert_int_equal(seen.limit, 0);
	assert_string_equal(error.message, "enough");
	close(directory);
	assert_int_equal(directory_list(-1, "here", visit, &seen, &error), -1);
	assert_int_equal(error.kind, ERROR_IO);
	assert_string_equal(error.message, "can't list here: Bad file descriptor");
}

/* Sets the bit of each name that is a number below NAMES, which must not be set yet. */
#define NAMES 8000

static int note_number(const char *name, void *context, struct error *error)
{
	bool *numbers = context;
	unsigned long number = strtoul(name, NULL, 10);
	if (*name == '.')
		return 0;
	assert_true(number < NAMES);
	assert_false(numbers[number]);
	numbers[number] = true;
	return 0;
}

/* How many of the files 0 to count - 1 a listing has; none twice, and no others. */
static size_t count_listed(int directory, size_t count)
{
	struct error error;
	size_t listed = 0;
	bool *numbers = calloc(NAMES, sizeof(*numbers));
	assert_non_null(numbers);
	assert_int_equal(directory_list(directory, ".", note_number, numbers, &error), 0);
	for (size_t i = 0; i < count; i++)
		listed += numbers[i];
	free(numbers);
	return listed;
}

static void name_file(char name[NAME_MAX + 1], unsigned number, int width)
{
	snprintf(name, NAME_MAX + 1, "%u%*s", number, width, "x");
}

/* More than what is read at first has room for; just modified, and long ago. */
static void long_listings_are_whole(void **state)
{
	char name[NAME_MAX + 1];
	int directory = open(".", FILE_DIRECTORY_FLAGS);
	for (unsigned i = 0; i < NAMES; i++) {
		name_file(name, i, 200);
		make_file(name);
	}
	assert_int_equal(count_listed(directory, NAMES), NAMES);
	assert_int_equal(futimens(directory, (struct timespec[2]){{.tv_sec = 1}, {.tv_sec = 1}}), 0);
	assert_int_equal(count_listed(directory, NAMES), NAMES);
	close(directory);
}

static int replace_for_ever(int count)
{
	char name[NAME_MAX + 1];
	for (unsigned i = 0;; i = (i + 1) % (unsigned)count) {
		int fd = open(".new", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
		name_file(name, i, 1);
		if (fd == -1 || close(fd) == -1 || rename(".new", name) == -1)
			return 1;
	}
}

/* In a tmpfs, where names move when their files are replaced. */
static void none_is_missing_while_files_are_replaced(void **state)
{
	enum { COUNT = 4000, LISTINGS = 300 };
	char name[NAME_MAX + 1], memory[] = "/dev/shm/pgw-test-XXXXXX";
	struct statfs system;
	if (statfs("/dev/shm", &system) == -1 || system.f_type != TMPFS_MAGIC || mkdtemp(memory) == NULL)
		skip(); /* no tmpfs that anybody may write to */
	assert_int_equal(chdir(memory), 0);
	for (unsigned i = 0; i < COUNT; i++) {
		name_file(name, i, 1);
		make_file(name);
	}
	int directory = open(".", FILE_DIRECTORY_FLAGS);
	pid_t child = start(replace_for_ever, COUNT);
	size_t missing = 0;
	for (unsigned i = 0; i < LISTINGS; i++)
		missing += COUNT - count_listed(directory, COUNT);
	assert_int_equal(kill(child, SIGKILL), 0);
	int status;
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status));
	close(directory);
	assert_int_equal(chdir(scratch_path()), 0);
	assert_int_equal(scratch_remove(memory), 0);
	assert_int_equal(missing, 0);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, scratch_enter, scratch_leave)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_empty_one_has_no_names),
		TEST(each_listing_starts_anew),
		TEST(long_listings_are_whole),
		TEST(none_is_missing_while_files_are_replaced),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
