#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <linux/magic.h>

#include "clock.h"
#include "directory.h"
#include "file.h"
#include "support/children.h"
#include "support/scratch.h"

/* What happens in the place of the C library's getdents64() and clock_gettime(). */
static struct {
	struct timespec tick; /* the time of the last one; 0 for the system's */
	unsigned ticks;	      /* so often somebody asked for it */
	size_t piece;	      /* gives no more bytes; 0 for no such limit */
	unsigned readings;    /* begun so far */
	unsigned hidden;      /* in the first of them, "a" is away for a moment */
	bool repeats;	      /* the first tells everything twice, and somebody changed the directory meanwhile */
	unsigned fails;	      /* in this one, counted from 1, after its beginning */
	int number;	      /* with this errno */
} kernel;

ssize_t getdents64(int fd, void *entries, size_t size)
{
	bool begins = lseek(fd, 0, SEEK_CUR) == 0;
	kernel.readings += begins;
	assert_true(kernel.ticks > 0); /* else a change meanwhile may not be later */
	if (kernel.readings == kernel.fails && !begins) {
		errno = kernel.number;
		return -1;
	}
	bool hides = begins && kernel.readings <= kernel.hidden;
	if (hides)
		assert_int_equal(rename("a", ".away"), 0);
	ssize_t count = syscall(SYS_getdents64, fd, entries, kernel.piece > 0 ? kernel.piece : size);
	if (hides) {
		assert_int_equal(rename(".away", "a"), 0);
		/* As rsync does. */
		assert_int_equal(futimens(fd, (struct timespec[2]){{.tv_sec = 1}, {.tv_sec = 1}}), 0);
	}
	if (count == 0 && kernel.repeats) {
		kernel.repeats = false;
		assert_int_equal(rename("b", ".away"), 0);
		assert_int_equal(rename(".away", "b"), 0);
		assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
		count = syscall(SYS_getdents64, fd, entries, size);
	}
	return count;
}

int clock_gettime(clockid_t clock, struct timespec *now)
{
	kernel.ticks += clock == CLOCK_REALTIME_COARSE;
	if (clock != CLOCK_REALTIME_COARSE || kernel.tick.tv_sec == 0)
		return (int)syscall(SYS_clock_gettime, clock, now);
	*now = kernel.tick;
	return 0;
}

static int set_up(void **state)
{
	memset(&kernel, 0, sizeof(kernel));
	return scratch_enter(state);
}

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

/* Some file systems count in seconds. */
static bool has_coarse_times(const struct stat *status)
{
	return status->st_ctim.tv_nsec == 0;
}

/* Waits until a change of the directory would give it another time. */
static void let_tick(int directory)
{
	struct stat status;
	assert_int_equal(fstat(directory, &status), 0);
	int64_t step = has_coarse_times(&status) ? FILE_RACY_AGE : 0;
	while (clock_tick() <= clock_from(&status.st_ctim) + step)
		nanosleep(&(struct timespec){.tv_nsec = CLOCK_MILLISECOND}, NULL);
	kernel.readings = 0;
}

static void a_quiet_one_is_read_once(void **state)
{
	struct error error;
	struct seen seen = {.limit = 100};
	make_file("a");
	int directory = open(".", FILE_DIRECTORY_FLAGS);
	let_tick(directory);
	assert_int_equal(directory_list(directory, "here", visit, &seen, &error), 0);
	assert_int_equal(seen.names[0], 1);
	assert_int_equal(kernel.readings, 1);
	close(directory);
}

/* Lists "a", which is away in the first readings, and "b". */
static void list_with_hidden(int directory, unsigned hidden, struct seen *seen)
{
	struct error error;
	*seen = (struct seen){.limit = 100};
	kernel.hidden = hidden;
	let_tick(directory);
	assert_int_equal(directory_list(directory, "here", visit, seen, &error), 0);
	assert_int_equal(seen->names[1], 1);
}

static void what_was_changed_meanwhile_is_read_again(void **state)
{
	struct seen seen;
	make_file("a");
	make_file("b");
	int directory = open(".", FILE_DIRECTORY_FLAGS);
	struct stat status;
	assert_int_equal(fstat(directory, &status), 0);
	if (has_coarse_times(&status)) {
		close(directory);
		skip(); /* two changes in a second look like one */
	}
	for (unsigned hidden = 1; hidden <= 3; hidden++) {
		list_with_hidden(directory, hidden, &seen);
		assert_int_equal(seen.names[0], 1);
		assert_true(kernel.readings > hidden);
		assert_true(seen.others <= 1); /* the name that "a" had meanwhile, which btrfs doesn't tell */
	}
	kernel.repeats = true;
	list_with_hidden(directory, 0, &seen);
	assert_int_equal(seen.names[0], 1);
	assert_false(kernel.repeats);
	/* It ends also where that never stops. */
	list_with_hidden(directory, UINT_MAX, &seen);
	assert_int_equal(kernel.readings, 8);
	assert_int_equal(seen.names[0], 0);
	assert_true(seen.others <= 1);
	close(directory);
}

/* How often a directory is read where the last tick was so long after its last change, ns. */
static unsigned count_readings(int directory, int64_t age)
{
	struct error error;
	struct stat status;
	struct seen seen = {.limit = 100};
	assert_int_equal(fstat(directory, &status), 0);
	int64_t tick = clock_from(&status.st_ctim) + age;
	kernel.tick = (struct timespec){tick / CLOCK_SECOND, tick % CLOCK_SECOND};
	kernel.readings = 0;
	assert_int_equal(directory_list(directory, "here", visit, &seen, &error), 0);
	assert_int_equal(seen.names[0], 1);
	return kernel.readings;
}

/* A change in the tick of the one before may not be noticed. */
static void what_was_just_changed_is_read_again(void **state)
{
	make_file("a");
	int directory = open(".", FILE_DIRECTORY_FLAGS);
	assert_int_equal(count_readings(directory, 0), 8);
	assert_int_equal(count_readings(directory, 1), 1);
	kernel.piece = 32; /* one entry */
	assert_int_equal(count_readings(directory, FILE_RACY_AGE), 8);
	assert_int_equal(count_readings(directory, FILE_RACY_AGE + 1), 1);
	close(directory);
}

static void readings_may_come_in_pieces_or_fail(void **state)
{
	struct error error;
	make_file("a");
	make_file("b");
	make_file("c");
	int directory = open(".", FILE_DIRECTORY_FLAGS);
	let_tick(directory);
	kernel.piece = 32;
	struct seen seen = {.limit = 100};
	assert_int_equal(directory_list(directory, "here", visit, &seen, &error), 0);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(seen.names[i], 1);
	for (kernel.fails = 1; kernel.fails <= 2; kernel.fails++) {
		kernel.readings = 0;
		kernel.number = kernel.fails == 1 ? EIO : ENOMEM;
		kernel.hidden = kernel.fails - 1; /* so that there is another one */
		assert_int_equal(directory_list(directory, "here", visit, &seen, &error), -1);
		assert_int_equal(kernel.readings, kernel.fails);
		assert_int_equal(error.kind, kernel.fails == 1 ? ERROR_IO : ERROR_MEMORY);
	}
	assert_string_equal(error.message, "can't list here: Cannot allocate memory");
	assert_int_equal(seen.limit, 97);
	close(directory);
}

/* Sets the bit of each name that is a number below NAMES, which must not be set yet. */
#define NAMES 8000

static int note_number(const char *name, void *context, struct error *error)
{
	bool *numbers = context;
	unsigned long number = strtoul(name, NULL, 10);
	if (*name == '.')
		return 0;
	if (number >= NAMES || numbers[number])
		return error_set(error, ERROR_REFUSED, "%s is no file's, or listed twice", name);
	numbers[number] = true;
	return 0;
}

/* How many of the files 0 to count - 1 a listing lacks; COUNT where it fails. */
static size_t count_missing(int directory, size_t count)
{
	struct error error;
	bool numbers[NAMES] = {false};
	size_t missing = 0;
	if (directory_list(directory, ".", note_number, numbers, &error) == -1) {
		print_error("%s\n", error.message);
		return count;
	}
	for (size_t i = 0; i < count; i++)
		missing += !numbers[i];
	return missing;
}

static void name_file(char name[NAME_MAX + 1], unsigned number, int width)
{
	snprintf(name, NAME_MAX + 1, "%u%*s", number, width, "x");
}

/* More than what is read at first has room for. */
static void long_listings_are_whole(void **state)
{
	char name[NAME_MAX + 1];
	int directory = open(".", FILE_DIRECTORY_FLAGS);
	for (unsigned i = 0; i < NAMES; i++) {
		name_file(name, i, 200);
		make_file(name);
	}
	let_tick(directory);
	assert_int_equal(count_missing(directory, NAMES), 0);
	assert_int_equal(kernel.readings, 2); /* with too little room, and with enough */
	make_file("a");
	kernel.hidden = 2; /* both times */
	let_tick(directory);
	struct seen seen = {.limit = 2 * NAMES};
	struct error error;
	assert_int_equal(directory_list(directory, ".", visit, &seen, &error), 0);
	assert_int_equal(seen.names[0], 1);
	assert_true(seen.others >= NAMES);
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
	int status, directory = open(".", FILE_DIRECTORY_FLAGS);
	pid_t child = start(replace_for_ever, COUNT);
	size_t missing = 0;
	for (unsigned i = 0; i < LISTINGS; i++)
		missing += count_missing(directory, COUNT);
	/* Nothing may be left behind where this fails. */
	kill(child, SIGKILL);
	pid_t ended = waitpid(child, &status, 0);
	close(directory);
	int removed = chdir(scratch_path()) == -1 ? -1 : scratch_remove(memory);
	assert_int_equal(ended, child);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	assert_int_equal(removed, 0);
	assert_int_equal(missing, 0);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, set_up, scratch_leave)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_empty_one_has_no_names),
		TEST(each_listing_starts_anew),
		TEST(a_quiet_one_is_read_once),
		TEST(what_was_changed_meanwhile_is_read_again),
		TEST(what_was_just_changed_is_read_again),
		TEST(readings_may_come_in_pieces_or_fail),
		TEST(long_listings_are_whole),
		TEST(none_is_missing_while_files_are_replaced),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
