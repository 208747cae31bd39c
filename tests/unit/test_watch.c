#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support/events.h"
#include "support/scratch.h"
#include "watch.h"

/* Each test watches "d" in a scratch folder of its own, which is its working directory. */
static struct watch *watch;
static char seen[4096];
static size_t seen_count;

static int set_up(void **state)
{
	seen_count = 0;
	if (scratch_enter(state) == -1 || mkdir("d", 0755) == -1)
		return -1;
	int directory = open("d", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	watch = watch_new(directory);
	close(directory);
	return watch == NULL ? -1 : 0;
}

static int tear_down(void **state)
{
	watch_free(watch);
	return scratch_leave(state);
}

static void see(enum watch_event event, const char *file, const char *from, void *context)
{
	size_t used = strlen(seen);
	seen_count++;
	assert_string_equal(context, "context");
	if (used + strlen(file) + 3 < sizeof(seen))
		snprintf(seen + used, sizeof(seen) - used, "%c%s%s%s ", event == WATCH_REPLACED ? 'R' : 'W', file,
			from == NULL ? "" : "<", from == NULL ? "" : from);
}

static void assert_drained(int result, const char *expected)
{
	char context[] = "context";
	seen[0] = '\0';
	assert_int_equal(watch_drain(watch, see, context), result);
	assert_string_equal(seen, expected);
}

static bool readable(void)
{
	struct pollfd poller = {.fd = watch_fd(watch), .events = POLLIN};
	return poll(&poller, 1, 0) == 1;
}

static void append(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
	assert_int_not_equal(fd, -1);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

static void test_nothing(void **state)
{
	assert_false(readable());
	assert_drained(0, "");
	assert_int_equal(fcntl(watch_fd(watch), F_GETFD), FD_CLOEXEC);
}

static void test_events(void **state)
{
	append("d/a", "1");
	assert_true(readable());
	assert_drained(0, "Ra Wa ");
	assert_false(readable());
	assert_drained(0, "");
	/* In place; a row of equal events is one. */
	append("d/a", "2");
	append("d/a", "3");
	assert_drained(0, "Wa ");
	/* The way of a writer of ours, and of those who move files in and out. */
	append("d/.t", "4");
	assert_int_equal(rename("d/.t", "d/a"), 0);
	assert_drained(0, "R.t W.t R.t Ra<.t ");
	append("d/.t", "4");
	assert_int_equal(renameat2(AT_FDCWD, "d/.t", AT_FDCWD, "d/a", RENAME_EXCHANGE), 0);
	assert_int_equal(unlink("d/.t"), 0);
	assert_drained(0, "R.t W.t R.t Ra<.t R.t<a ");
	append("outside", "5");
	assert_int_equal(rename("outside", "d/b"), 0);
	assert_drained(0, "Rb ");
	assert_int_equal(rename("d/b", "outside"), 0);
	assert_int_equal(link("outside", "d/c"), 0);
	assert_int_equal(symlink("outside", "d/d"), 0);
	assert_int_equal(unlink("d/a"), 0);
	assert_int_equal(mkdir("d/e", 0755), 0);
	assert_int_equal(rmdir("d/e"), 0);
	assert_drained(0, "Rb Rc Rd Ra Re ");
	/* Reading is nobody's business; a mode may make a file readable or not. */
	int fd = open("d/c", O_RDONLY | O_CLOEXEC);
	assert_int_not_equal(fd, -1);
	close(fd);
	assert_drained(0, "");
	assert_int_equal(chmod("d/c", 0600), 0);
	assert_drained(0, "Wc ");
	assert_int_equal(truncate("d/c", 0), 0);
	assert_drained(0, "Wc ");
}

/* More than one read(2) holds. */
static void test_many(void **state)
{
	char path[300], name[256];
	memset(name, 'n', 250);
	name[250] = '\0';
	for (int i = 0; i < 300; i++) {
		snprintf(path, sizeof(path), "d/%s%d", name, i);
		append(path, "1");
	}
	assert_int_equal(watch_drain(watch, see, (char[]){"context"}), 0);
	assert_int_equal(seen_count, 600);
	assert_false(readable());
	assert_drained(0, "");
}

static void test_overflow(void **state)
{
	append("d/a", "");
	append("d/b", "");
	assert_int_equal(watch_drain(watch, see, (char[]){"context"}), 0);
	if (!lose_events("d/a", "d/b"))
		skip();
	assert_int_equal(watch_drain(watch, see, (char[]){"context"}), -1);
	assert_false(readable());
	/* The watch goes on. */
	append("d/c", "1");
	assert_drained(0, "Rc Wc ");
}

static void test_moved(void **state)
{
	assert_int_equal(rename("d", "e"), 0);
	assert_drained(-1, "");
	append("e/a", "1");
	assert_drained(0, "Ra Wa ");
}

static void test_deleted(void **state)
{
	append("d/a", "1");
	assert_int_equal(unlink("d/a"), 0);
	assert_int_equal(rmdir("d"), 0);
	assert_drained(-1, "Ra Wa Ra ");
	/* It has ended: the caller must look for itself each time. */
	assert_int_equal(mkdir("d", 0755), 0);
	append("d/a", "1");
	assert_false(readable());
	assert_drained(-1, "");
	assert_drained(-1, "");
}

static void test_what_cannot_be_watched(void **state)
{
	errno = 0;
	assert_null(watch_new(-1));
	assert_int_equal(errno, ENOENT);
	int file = open("file", O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	assert_null(watch_new(file));
	assert_int_equal(errno, ENOTDIR);
	close(file);
	watch_free(NULL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_nothing),
		TEST(test_events),
		TEST(test_many),
		TEST(test_overflow),
		TEST(test_moved),
		TEST(test_deleted),
		TEST(test_what_cannot_be_watched),
	};
	return cmocka_run_group_tests_name("watch", tests, NULL, NULL);
}
