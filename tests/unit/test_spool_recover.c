/* Recovery after a crash of the system, which is made by hand: what it leaves in groups/, and another boot id in the
 * journal. The spool is "s" in the scratch folder of each test. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "support/files.h"
#include "support/journals.h"
#include "support/scratch.h"
#include "support/spools.h"

static int64_t modified(const char *path)
{
	struct stat status;
	assert_int_equal(stat(path, &status), 0);
	return clock_from(&status.st_mtim);
}

static void set_modified(const char *path, int64_t time)
{
	const struct timespec times[2] = {
		{.tv_nsec = UTIME_OMIT}, {.tv_sec = time / CLOCK_SECOND, .tv_nsec = time % CLOCK_SECOND}};
	assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
}

/* A change that reached the journal and, what the crash took away, groups/. */
static void log_only(struct spool *spool, enum journal_kind kind, const char *file, const char *text)
{
	struct error error;
	struct journal_record record = {.kind = kind, .file = slice_of(file), .text = slice_of(text)};
	assert_int_equal(spool_lock(spool, &error), 0);
	int64_t before = modified("s/groups");
	journal_begin(&spool->journal);
	assert_int_equal(journal_log(&spool->journal, &record, 1, true, &error), 0);
	journal_end(&spool->journal, JOURNAL_DONE);
	set_modified("s/groups", before);
	spool_unlock(spool);
}

static void test_missing(void **state)
{
	struct spool spool = open_spool(&defaults);
	skip_where_nothing_is_kept(&spool);
	apply_one(&spool, put("job=a.prom", "a 1\n"));
	log_only(&spool, JOURNAL_PUT, "job=b.prom", "b 1\n");
	log_only(&spool, JOURNAL_PUT, "job=c.prom", "c 1\n");
	crash(&spool);
	assert_recovered();
	assert_file("s/groups/job=a.prom", "a 1\n");
	assert_file("s/groups/job=b.prom", "b 1\n");
	assert_file("s/groups/job=c.prom", "c 1\n");
}

static void test_old_version(void **state)
{
	struct spool spool = open_spool(&defaults);
	skip_where_nothing_is_kept(&spool);
	apply_one(&spool, put("job=a.prom", "a 1\n"));
	apply_one(&spool, put("job=b.prom", "b 1\n"));
	apply_one(&spool, put("job=c.prom", "c 1\n"));
	log_only(&spool, JOURNAL_PUT, "job=a.prom", "a 2\n");
	log_only(&spool, JOURNAL_PUT, "job=a.prom", "a 3\n");
	log_only(&spool, JOURNAL_DELETE, "job=b.prom", "");
	log_only(&spool, JOURNAL_DELETE, "job=c.prom", "");
	log_only(&spool, JOURNAL_PUT, "job=c.prom", "c 2\n");
	crash(&spool);
	assert_recovered();
	assert_file("s/groups/job=a.prom", "a 3\n");
	assert_no_file("s/groups/job=b.prom");
	assert_file("s/groups/job=c.prom", "c 2\n");
}

/* What was never written back, also where it has a later time than the record and groups/ was changed since. */
static void test_damaged(void **state)
{
	struct spool spool = open_spool(&defaults);
	skip_where_nothing_is_kept(&spool);
	apply_one(&spool, put("job=empty.prom", "empty 1\n"));
	apply_one(&spool, put("job=cut.prom", "cut 1\n"));
	apply_one(&spool, put("job=zeros.prom", "zeros 1\n"));
	apply_one(&spool, put("job=hole.prom", "hole 1\n"));
	apply_one(&spool, put("job=longer.prom", "longer 1\n"));
	assert_int_equal(truncate("s/groups/job=empty.prom", 0), 0);
	assert_int_equal(truncate("s/groups/job=cut.prom", 3), 0);
	assert_int_equal(truncate("s/groups/job=zeros.prom", 3), 0);
	assert_int_equal(truncate("s/groups/job=zeros.prom", 8), 0);
	int fd = open("s/groups/job=hole.prom", O_WRONLY | O_CLOEXEC);
	assert_int_equal(pwrite(fd, "\0\0", 2, 1), 2);
	close(fd);
	write_file("s/groups/job=longer.prom", "longer 1\nlonger_b 2\n");
	set_modified("s/groups", clock_wall() + CLOCK_SECOND);
	crash(&spool);
	assert_recovered();
	assert_file("s/groups/job=empty.prom", "empty 1\n");
	assert_file("s/groups/job=cut.prom", "cut 1\n");
	assert_file("s/groups/job=zeros.prom", "zeros 1\n");
	assert_file("s/groups/job=hole.prom", "hole 1\n");
	assert_file("s/groups/job=longer.prom", "longer 1\nlonger_b 2\n");
}

/* A name that is missing was deleted by hand where groups/ has a later time than it had after the record. */
static void test_deleted_by_hand(void **state)
{
	struct spool spool = open_spool(&defaults);
	skip_where_nothing_is_kept(&spool);
	apply_one(&spool, put("job=a.prom", "a 1\n"));
	int64_t first = modified("s/groups");
	apply_one(&spool, put("job=b.prom", "b 1\n"));
	int64_t second = modified("s/groups");
	assert_true(second >= first);
	assert_int_equal(unlink("s/groups/job=a.prom"), 0);
	assert_int_equal(unlink("s/groups/job=b.prom"), 0);
	/* The directory as it was after the first: the second may not be in it. Then as it is after both. */
	set_modified("s/groups", second);
	crash(&spool);
	assert_recovered();
	assert_file("s/groups/job=b.prom", "b 1\n");
	assert_int_equal(access("s/groups/job=a.prom", F_OK), second > first ? -1 : 0);

	spool = open_spool(&defaults);
	apply_one(&spool, put("job=a.prom", "a 2\n"));
	apply_one(&spool, put("job=b.prom", "b 2\n"));
	second = modified("s/groups");
	assert_int_equal(unlink("s/groups/job=a.prom"), 0);
	assert_int_equal(unlink("s/groups/job=b.prom"), 0);
	set_modified("s/groups", second + CLOCK_SECOND);
	crash(&spool);
	assert_recovered();
	assert_no_file("s/groups/job=a.prom");
	assert_no_file("s/groups/job=b.prom");
}

/* Where the head did not reach the disk, nobody knows when the last batch was in place. */
static void test_head_of_before(void **state)
{
	struct spool spool = open_spool(&defaults);
	skip_where_nothing_is_kept(&spool);
	apply_one(&spool, put("job=a.prom", "a 1\n"));
	struct journal_file file = load_journal_file("s/journal.0");
	struct journal_head before = file.head;
	apply_one(&spool, put("job=b.prom", "b 1\n"));
	file.head = before;
	assert_int_equal(journal_file_store(&file), 0);
	close(file.fd);
	assert_int_equal(unlink("s/groups/job=a.prom"), 0);
	assert_int_equal(unlink("s/groups/job=b.prom"), 0);
	set_modified("s/groups", clock_wall() + CLOCK_SECOND);
	crash(&spool);
	assert_recovered();
	assert_no_file("s/groups/job=a.prom");
	assert_file("s/groups/job=b.prom", "b 1\n");
}

/* A clock that was set back must not make an old directory look like a new one. */
static void test_clock_set_back(void **state)
{
	struct spool spool = open_spool(&defaults);
	skip_where_nothing_is_kept(&spool);
	int64_t now = clock_wall();
	apply_one(&spool, put("job=a.prom", "a 1\n"));
	struct journal_file file = load_journal_file("s/journal.0");
	file.head.modified = now + 1000 * CLOCK_SECOND;
	assert_int_equal(journal_file_store(&file), 0);
	close(file.fd);
	set_modified("s/groups", now + 1000 * CLOCK_SECOND);
	apply_one(&spool, put("job=b.prom", "b 1\n"));
	apply_one(&spool, put("job=c.prom", "c 1\n"));
	assert_int_equal(unlink("s/groups/job=a.prom"), 0);
	assert_int_equal(unlink("s/groups/job=b.prom"), 0);
	set_modified("s/groups", now + 500 * CLOCK_SECOND);
	crash(&spool);
	assert_recovered();
	assert_file("s/groups/job=a.prom", "a 1\n");
	assert_file("s/groups/job=b.prom", "b 1\n");
}

/* Old files are written anew under other names, which may reach the disk before the names do, and the names before the
 * bytes. */
static void test_reused(void **state)
{
	struct stat status;
	struct spool spool = open_spool(&defaults);
	skip_where_nothing_is_kept(&spool);
	apply_one(&spool, put("job=a.prom", "a 1\n"));
	log_only(&spool, JOURNAL_PUT, "job=a.prom", "a 2\n");
	int64_t before = modified("s/groups");
	write_file("s/groups/job=a.prom", "b 1\n");
	set_modified("s/groups", before);
	crash(&spool);
	assert_recovered();
	assert_file("s/groups/job=a.prom", "a 2\n");

	spool = open_spool(&defaults);
	apply_one(&spool, put("job=a.prom", "a 3\n"));
	apply_one(&spool, put("job=b.prom", "b 2\n"));
	assert_int_equal(stat("s/groups/job=a.prom", &status), 0);
	before = modified("s/groups");
	/* The bytes of before in the right file; and a file that somebody wrote into. */
	write_file("s/groups/job=a.prom", "c 1\n");
	set_modified("s/groups/job=a.prom", clock_from(&status.st_mtim));
	write_file("s/groups/job=b.prom", "by_hand 1\n");
	set_modified("s/groups/job=b.prom", clock_wall() + CLOCK_SECOND);
	crash(&spool);
	assert_recovered();
	assert_file("s/groups/job=a.prom", "a 3\n");
	assert_file("s/groups/job=b.prom", "by_hand 1\n");
}

static void test_changed_by_hand(void **state)
{
	struct spool spool = open_spool(&defaults);
	skip_where_nothing_is_kept(&spool);
	apply_one(&spool, put("job=a.prom", "a 1\n"));
	apply_one(&spool, put("job=b.prom", "b 1\n"));
	apply_one(&spool, put("job=c.prom", "c 1\n"));
	apply_one(&spool, removal("job=c.prom"));
	int64_t ended = modified("s/groups");
	write_file("s/groups/job=a.prom", "by_hand 1\n");
	assert_int_equal(unlink("s/groups/job=b.prom"), 0);
	assert_int_equal(mkdir("s/groups/job=b.prom", 0755), 0);
	write_file("s/groups/job=c.prom", "by_hand 3\n");
	set_modified("s/groups/job=c.prom", 1);
	set_modified("s/groups", ended);
	crash(&spool);
	assert_recovered();
	assert_file("s/groups/job=a.prom", "by_hand 1\n");
	assert_file("s/groups/job=c.prom", "by_hand 3\n");
	assert_int_equal(rmdir("s/groups/job=b.prom"), 0);
}

/* Of those that nobody waited for, what is cut gives way to what was durable before, or goes. */
static void test_unsynced(void **state)
{
	struct spool spool = open_spool(&defaults), lazy = open_spool(&no_sync);
	skip_where_nothing_is_kept(&spool);
	apply_one(&spool, put("job=a.prom", "a 1\n"));
	apply_one(&spool, put("job=d.prom", "d 1\n"));
	apply_one(&lazy, put("job=a.prom", "a 2\n"));
	apply_one(&lazy, put("job=b.prom", "b 2\n"));
	apply_one(&lazy, put("job=c.prom", "c 2\n"));
	apply_one(&lazy, put("job=d.prom", "d 2\n"));
	apply_one(&lazy, put("job=e.prom", "e 2\n"));
	assert_int_equal(truncate("s/groups/job=a.prom", 0), 0);
	assert_int_equal(truncate("s/groups/job=b.prom", 0), 0);
	/* With the time that it had, as after a crash. */
	int64_t written = modified("s/groups/job=e.prom");
	assert_int_equal(truncate("s/groups/job=e.prom", 2), 0);
	set_modified("s/groups/job=e.prom", written);
	spool_close(&lazy);
	crash(&spool);
	assert_recovered();
	assert_file("s/groups/job=a.prom", "a 1\n");
	assert_no_file("s/groups/job=b.prom");
	assert_file("s/groups/job=c.prom", "c 2\n");
	assert_file("s/groups/job=d.prom", "d 2\n");
	assert_no_file("s/groups/job=e.prom");
}

/* The last record is torn: it was not acknowledged. */
static void test_torn(void **state)
{
	struct spool spool = open_spool(&defaults);
	skip_where_nothing_is_kept(&spool);
	apply_one(&spool, put("job=a.prom", "a 1\n"));
	log_only(&spool, JOURNAL_PUT, "job=a.prom", "a 2\n");
	struct journal_file file = load_journal_file("s/journal.0");
	uint64_t end = file.head.tail;
	log_only(&spool, JOURNAL_PUT, "job=a.prom", "a 3\n");
	char byte;
	for (uint64_t at = end; at < end + 200; at++) {
		assert_int_equal(pread(file.fd, &byte, 1, (off_t)at), 1);
		if (byte == '3')
			assert_int_equal(pwrite(file.fd, "x", 1, (off_t)at), 1);
	}
	close(file.fd);
	crash(&spool);
	assert_recovered();
	assert_file("s/groups/job=a.prom", "a 2\n");
}

/* Recovery that is cut short has touched groups/: the next one must not take that for changes by hand. */
static void test_cut_short(void **state)
{
	struct spool spool = open_spool(&defaults);
	skip_where_nothing_is_kept(&spool);
	apply_one(&spool, put("job=a.prom", "a 1\n"));
	log_only(&spool, JOURNAL_PUT, "job=b.prom", "b 1\n");
	int64_t crashed = modified("s/groups");
	crash(&spool);
	struct journal_file file = load_journal_file("s/journal.0");
	file.head.crashed = crashed;
	assert_int_equal(journal_file_store(&file), 0);
	close(file.fd);
	set_modified("s/groups", clock_wall() + CLOCK_SECOND);
	assert_recovered();
	assert_file("s/groups/job=b.prom", "b 1\n");
	file = load_journal_file("s/journal.0");
	assert_int_equal(file.head.crashed, 0);
	close(file.fd);
}

static void test_read_only(void **state)
{
	struct spool spool = open_spool(&defaults);
	struct error error;
	skip_where_nothing_is_kept(&spool);
	apply_one(&spool, put("job=a.prom", "a 1\n"));
	crash(&spool);
	/* Nothing to be done, as of a copy that can't be changed at all. */
	spool = open_spool(&read_only);
	spool_close(&spool);
	assert_int_equal(truncate("s/groups/job=a.prom", 0), 0);
	assert_int_equal(spool_open(&spool, "s", &read_only, &error), -1);
	assert_int_equal(error.kind, ERROR_BUSY);
	assert_string_equal(error.message, "the system went down while the spool s was in use: start pgw-serve, or "
					   "push a group, to recover it");
	assert_file("s/groups/job=a.prom", "");
	assert_recovered();
	spool = open_spool(&read_only);
	spool_close(&spool);
	assert_file("s/groups/job=a.prom", "a 1\n");
}

/* After recovery the old records are gone: what is deleted then stays deleted. */
static void test_twice(void **state)
{
	struct spool spool = open_spool(&defaults);
	skip_where_nothing_is_kept(&spool);
	apply_one(&spool, put("job=a.prom", "a 1\n"));
	log_only(&spool, JOURNAL_PUT, "job=b.prom", "b 1\n");
	crash(&spool);
	assert_recovered();
	int64_t recovered = modified("s/groups");
	assert_int_equal(unlink("s/groups/job=a.prom"), 0);
	assert_int_equal(unlink("s/groups/job=b.prom"), 0);
	set_modified("s/groups", recovered);
	spool = open_spool(&defaults);
	crash(&spool);
	assert_recovered();
	assert_no_file("s/groups/job=a.prom");
	assert_no_file("s/groups/job=b.prom");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scratch_enter, scratch_leave)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_missing),
		TEST(test_old_version),
		TEST(test_damaged),
		TEST(test_deleted_by_hand),
		TEST(test_head_of_before),
		TEST(test_clock_set_back),
		TEST(test_reused),
		TEST(test_changed_by_hand),
		TEST(test_unsynced),
		TEST(test_torn),
		TEST(test_cut_short),
		TEST(test_read_only),
		TEST(test_twice),
	};
	return cmocka_run_group_tests_name("spool_recover", tests, NULL, NULL);
}
