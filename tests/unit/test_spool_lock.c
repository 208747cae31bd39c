/* The lock of a spool: the spool is "s" in the scratch folder of each test. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/children.h"
#include "support/files.h"
#include "support/scratch.h"
#include "support/spools.h"

static int hold_lock(int ready)
{
	int lock = open("s/lock", O_RDWR);
	if (lock == -1 || flock(lock, LOCK_EX) == -1 || write(ready, "x", 1) != 1)
		return 1;
	for (;;)
		pause();
}

static pid_t start_holder(void)
{
	int ready[2];
	char byte;
	assert_int_equal(pipe(ready), 0);
	pid_t holder = start(hold_lock, ready[1]);
	close(ready[1]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	return holder;
}

static void end_holder(pid_t holder)
{
	assert_int_equal(kill(holder, SIGKILL), 0);
	assert_int_equal(waitpid(holder, NULL, 0), holder);
}

static void test_lock(void **state)
{
	struct spool_options patient = defaults, hasty = defaults;
	struct error error;
	hasty.lock_timeout = 30;
	struct spool spool = open_spool(&hasty), other = open_spool(&patient);
	pid_t holder = start_holder();
	assert_int_equal(spool_lock(&spool, &error), -1);
	assert_string_equal(error.message, "waited 30 ms for the lock s/lock");
	assert_int_equal(error.kind, ERROR_BUSY);
	assert_false(spool.locked);
	/* A holder that is killed lets go. */
	end_holder(holder);
	assert_int_equal(spool_lock(&spool, &error), 0);
	assert_true(spool.locked);
	/* Two spools of one process keep each other out as well. */
	other.options.lock_timeout = 0;
	assert_int_equal(spool_lock(&other, &error), -1);
	assert_string_equal(error.message, "waited 0 ms for the lock s/lock");
	spool_unlock(&spool);
	assert_int_equal(spool_lock(&other, &error), 0);
	spool_close(&other); /* unlocks */
	assert_int_equal(spool_lock(&spool, &error), 0);
	spool_close(&spool);
}

/* Who deletes the lock file must not let two in at once. */
static void test_removed(void **state)
{
	struct error error;
	struct spool spool = open_spool(&no_sync);
	assert_int_equal(spool_check_there(&spool, &error), 0);
	assert_int_equal(rename("s", "t"), 0);
	assert_int_equal(spool_check_there(&spool, &error), 0);
	assert_int_equal(rmdir("t/groups"), 0);
	assert_int_equal(mkdir("t/groups", 0755), 0);
	assert_int_equal(spool_check_there(&spool, &error), -1);
	assert_int_equal(error.kind, ERROR_IO);
	assert_string_equal(error.message, "s/groups was removed while it was in use; restart this program");
	assert_int_equal(scratch_remove("t"), 0);
	assert_int_equal(mkdir("s", 0755), 0);
	assert_int_equal(spool_check_there(&spool, &error), -1);
	assert_string_equal(error.message, "s was removed while it was in use; restart this program");
	spool_close(&spool);
}

static void test_new(void **state)
{
	assert_true(spool_is_new("s"));
	assert_int_equal(mkdir("s", 0755), 0);
	assert_true(spool_is_new("s"));
	/* What spool_open() takes for nothing. */
	write_file("s/lock", "");
	write_file("s/.version.tmp", "pgw");
	assert_int_equal(mkdir("s/lost+found", 0755), 0);
	assert_true(spool_is_new("s"));
	write_file("s/else", "");
	assert_false(spool_is_new("s"));
	assert_int_equal(unlink("s/else"), 0);
	struct spool spool = open_spool(&no_sync);
	spool_close(&spool);
	assert_false(spool_is_new("s"));
	assert_false(spool_is_new("s/lock"));
}

static void test_deleted_lock(void **state)
{
	struct error error;
	struct spool_options hasty = defaults;
	hasty.lock_timeout = 20;
	struct spool first = open_spool(&hasty);
	assert_int_equal(unlink("s/lock"), 0);
	struct spool second = open_spool(&hasty);
	assert_int_equal(spool_lock(&second, &error), 0);
	assert_int_equal(spool_lock(&first, &error), -1);
	assert_int_equal(error.kind, ERROR_BUSY);
	spool_unlock(&second);
	assert_int_equal(spool_lock(&first, &error), 0);
	assert_int_equal(spool_lock(&second, &error), -1);
	spool_unlock(&first);
	/* Deleted and not made again. */
	assert_int_equal(unlink("s/lock"), 0);
	assert_int_equal(spool_lock(&first, &error), 0);
	assert_names("s", "groups lock version ");
	assert_int_equal(spool_lock(&second, &error), -1);
	spool_close(&first);
	spool_close(&second);
}

#define COUNTER_ROUNDS 100

/* Adds to a number in a file, which goes wrong where two do it at once. */
static int add_under_lock(int argument)
{
	struct spool spool;
	struct error error;
	if (spool_open(&spool, "s", &no_sync, &error) == -1)
		return 1;
	for (int i = 0; i < COUNTER_ROUNDS; i++) {
		if (spool_lock(&spool, &error) == -1)
			return 2;
		struct buffer text;
		struct file_id id;
		char number[32];
		buffer_init(&text, 32);
		if (spool_read(&spool, "n.prom", &text, &id, &error) != 1 || buffer_append_byte(&text, '\0') == -1)
			return 3;
		snprintf(number, sizeof(number), "%d", atoi(text.data) + 1);
		buffer_release(&text);
		struct spool_change change = put("n.prom", number);
		spool_apply(&spool, &change, 1);
		if (change.failed)
			return 4;
		spool_unlock(&spool);
	}
	spool_close(&spool);
	return 0;
}

static void test_writers_at_once(void **state)
{
	pid_t writers[4];
	struct spool spool = open_spool(&no_sync);
	apply_one(&spool, put("n.prom", "0"));
	for (int i = 0; i < 4; i++)
		writers[i] = start(add_under_lock, 0);
	for (int i = 0; i < 4; i++)
		assert_ends_well(writers[i]);
	assert_file("s/groups/n.prom", "400");
	assert_names("s/groups", "n.prom ");
	spool_close(&spool);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scratch_enter, scratch_leave)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_lock),
		TEST(test_removed),
		TEST(test_new),
		TEST(test_deleted_lock),
		TEST(test_writers_at_once),
	};
	return cmocka_run_group_tests_name("spool", tests, NULL, NULL);
}
