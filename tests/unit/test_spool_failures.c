/* Recovery while the system runs: of what a writer left who was killed, and after a disk that failed. The spool is "s"
 * in the scratch folder of each test. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "directory.h"
#include "support/children.h"
#include "support/files.h"
#include "support/scratch.h"
#include "support/spools.h"

/* In the place of the C library's: a disk that fails. */
static bool fdatasync_fails, syncfs_fails, writes_fail, is_full;

int openat(int directory, const char *name, int flags, ...)
{
	va_list arguments;
	va_start(arguments, flags);
	mode_t mode = flags & O_CREAT ? va_arg(arguments, mode_t) : 0;
	va_end(arguments);
	errno = ENOSPC;
	return is_full && flags & O_EXCL ? -1 : (int)syscall(SYS_openat, directory, name, flags, mode);
}

int fdatasync(int fd)
{
	errno = EIO;
	return fdatasync_fails ? -1 : (int)syscall(SYS_fdatasync, fd);
}

int syncfs(int fd)
{
	errno = EIO;
	return syncfs_fails ? -1 : (int)syscall(SYS_syncfs, fd);
}

ssize_t pwritev(int fd, const struct iovec *vector, int count, off_t offset)
{
	errno = EROFS;
	return writes_fail ? -1 : syscall(SYS_pwritev, fd, vector, count, offset, 0);
}

static int set_up(void **state)
{
	fdatasync_fails = syncfs_fails = writes_fail = is_full = false;
	return scratch_enter(state);
}

static int append_and_die(int argument)
{
	struct spool spool;
	struct error error;
	struct journal_record records[] = {
		{.kind = JOURNAL_PUT, .file = slice_of("job=a.prom"), .text = slice_of("a 2\n")},
		{.kind = JOURNAL_DELETE, .file = slice_of("job=b.prom")},
		{.kind = JOURNAL_PUT, .file = slice_of("job=c.prom"), .text = slice_of("c 2\n")},
	};
	if (spool_open(&spool, "s", &defaults, &error) == -1 || spool_lock(&spool, &error) == -1)
		return 1;
	journal_begin(&spool.journal);
	return journal_log(&spool.journal, records, 3, true, &error) == 0 ? 0 : 2;
}

/* A writer that is killed between the journal and the files: its batch is ended by the next. */
static void test_killed_writer(void **state)
{
	struct spool spool = open_spool(&defaults);
	struct error error;
	skip_where_nothing_is_kept(&spool);
	apply_one(&spool, put("job=a.prom", "a 1\n"));
	apply_one(&spool, put("job=b.prom", "b 1\n"));
	apply_one(&spool, put("job=c.prom", "c 1\n"));
	assert_ends_well(start(append_and_die, 0));
	assert_file("s/groups/job=a.prom", "a 1\n");
	write_file("s/groups/job=c.prom", "by_hand 1\n");
	struct journal_position before, after;
	assert_true(spool_journal_position(&spool, &before));
	assert_int_equal(spool_lock(&spool, &error), 0);
	assert_int_equal(spool.journal.state, JOURNAL_READY);
	assert_file("s/groups/job=a.prom", "a 2\n");
	assert_no_file("s/groups/job=b.prom");
	assert_file("s/groups/job=c.prom", "by_hand 1\n");
	assert_true(spool_journal_position(&spool, &after));
	assert_true(after.offset > before.offset);
	/* What others did meanwhile, and what the killed one left, is to be looked for. */
	assert_int_equal(after.foreign, before.foreign + 1);
	spool_unlock(&spool);
	/* And what it had is not lost when the system crashes next. */
	assert_int_equal(truncate("s/groups/job=a.prom", 0), 0);
	crash(&spool);
	assert_recovered();
	assert_file("s/groups/job=a.prom", "a 2\n");
}

/* Whoever may write does so when he starts, but does not wait for who is at work. */
static void test_killed_writer_and_start(void **state)
{
	struct error error;
	struct spool spool = open_spool(&defaults);
	skip_where_nothing_is_kept(&spool);
	apply_one(&spool, put("job=a.prom", "a 1\n"));
	assert_ends_well(start(append_and_die, 0));
	struct spool reader = open_spool(&read_only);
	assert_file("s/groups/job=a.prom", "a 1\n");
	spool_close(&reader);
	/* The lock without the look at the journal that spool_lock() takes. */
	assert_int_equal(flock(spool.lock, LOCK_EX), 0);
	struct spool busy = open_spool(&defaults);
	assert_file("s/groups/job=a.prom", "a 1\n");
	spool_close(&busy);
	assert_int_equal(flock(spool.lock, LOCK_UN), 0);
	struct spool next = open_spool(&defaults);
	assert_file("s/groups/job=a.prom", "a 2\n");
	assert_int_equal(spool_lock(&next, &error), 0);
	spool_close(&next);
	spool_close(&spool);
}

static void assert_sync_fails(struct spool *spool)
{
	struct error error;
	struct spool_change changes[] = {put("job=a.prom", "a 2\n"), removal("job=b.prom"), put("job=c.prom", "c\n")};
	assert_int_equal(spool_lock(spool, &error), 0);
	spool_apply(spool, changes, 3);
	spool_unlock(spool);
	for (size_t i = 0; i < 3; i++) {
		assert_true(changes[i].failed);
		assert_int_equal(changes[i].error.kind, ERROR_IO);
		assert_string_equal(
			changes[i].error.message, "can't write the journal of the spool s: Input/output error");
	}
	assert_file("s/groups/job=a.prom", "a 1\n");
	assert_file("s/groups/job=b.prom", "b 1\n");
	assert_no_file("s/groups/job=c.prom");
}

/* What could not be made durable is refused, and does not come back after a crash. */
static void test_failing_disk(void **state)
{
	struct spool spool = open_spool(&defaults);
	skip_where_nothing_is_kept(&spool);
	apply_one(&spool, put("job=a.prom", "a 1\n"));
	apply_one(&spool, put("job=b.prom", "b 1\n"));
	fdatasync_fails = true;
	assert_sync_fails(&spool);
	/* Nothing is appended before all that is changed is durable. */
	syncfs_fails = true;
	fdatasync_fails = false;
	assert_sync_fails(&spool);
	crash(&spool);
	syncfs_fails = false;
	assert_recovered();
	assert_file("s/groups/job=a.prom", "a 1\n");
	assert_file("s/groups/job=b.prom", "b 1\n");
	assert_no_file("s/groups/job=c.prom");
	spool = open_spool(&defaults);
	apply_one(&spool, put("job=a.prom", "a 3\n"));
	assert_int_equal(truncate("s/groups/job=a.prom", 0), 0);
	crash(&spool);
	assert_recovered();
	assert_file("s/groups/job=a.prom", "a 3\n");
}

static ino_t inode(const char *path)
{
	struct stat status;
	assert_int_equal(stat(path, &status), 0);
	return status.st_ino;
}

/* After a failed sync the kernel takes for written what it has dropped: all is written once more, but for what was
 * changed by hand. */
static void test_unwritten(void **state)
{
	struct spool spool = open_spool(&defaults);
	skip_where_nothing_is_kept(&spool);
	apply_one(&spool, put("job=a.prom", "a 1\n"));
	apply_one(&spool, put("job=b.prom", "b 1\n"));
	apply_one(&spool, put("job=c.prom", "c 1\n"));
	apply_one(&spool, removal("job=c.prom"));
	apply_one(&spool, put("job=d.prom", "d 1\n"));
	write_file("s/groups/job=b.prom", "by_hand 1\n");
	assert_int_equal(unlink("s/groups/job=d.prom"), 0);
	ino_t first = inode("s/groups/job=a.prom"), by_hand = inode("s/groups/job=b.prom");
	spool_checkpoint_failed(&spool);
	apply_one(&spool, put("job=e.prom", "e 1\n"));
	ino_t second = inode("s/groups/job=a.prom");
	assert_int_not_equal(second, first);
	assert_file("s/groups/job=a.prom", "a 1\n");
	assert_int_equal(inode("s/groups/job=b.prom"), by_hand);
	assert_file("s/groups/job=b.prom", "by_hand 1\n");
	assert_no_file("s/groups/job=c.prom");
	assert_no_file("s/groups/job=d.prom");
	assert_file("s/groups/job=e.prom", "e 1\n");
	apply_one(&spool, put("job=e.prom", "e 2\n"));
	assert_int_equal(inode("s/groups/job=a.prom"), second);
	spool_close(&spool);
}

/* Nothing is taken before that has succeeded, whoever tries. */
static void test_unwritten_still(void **state)
{
	struct spool spool = open_spool(&defaults), other;
	struct error error;
	skip_where_nothing_is_kept(&spool);
	apply_one(&spool, put("job=a.prom", "a 1\n"));
	spool_checkpoint_failed(&spool);
	syncfs_fails = true;
	assert_int_equal(spool_lock(&spool, &error), -1);
	assert_string_equal(error.message, "can't renew the journal of the spool s: Input/output error");
	spool_close(&spool);
	other = open_spool(&defaults);
	assert_int_equal(spool_lock(&other, &error), -1);
	assert_int_equal(error.kind, ERROR_IO);
	syncfs_fails = false;
	ino_t before = inode("s/groups/job=a.prom");
	apply_one(&other, put("job=b.prom", "b 1\n"));
	assert_int_not_equal(inode("s/groups/job=a.prom"), before);
	assert_file("s/groups/job=a.prom", "a 1\n");
	assert_file("s/groups/job=b.prom", "b 1\n");
	spool_close(&other);
}

/* A disk that is read-only since it failed lets nobody know of that, but for who found out. */
static void test_unwritten_read_only(void **state)
{
	struct spool spool = open_spool(&defaults);
	struct error error;
	skip_where_nothing_is_kept(&spool);
	apply_one(&spool, put("job=a.prom", "a 1\n"));
	spool_checkpoint_failed(&spool);
	writes_fail = syncfs_fails = true;
	assert_int_equal(spool_lock(&spool, &error), -1);
	writes_fail = syncfs_fails = false;
	ino_t before = inode("s/groups/job=a.prom");
	apply_one(&spool, put("job=b.prom", "b 1\n"));
	ino_t after = inode("s/groups/job=a.prom");
	assert_int_not_equal(after, before);
	assert_file("s/groups/job=a.prom", "a 1\n");
	apply_one(&spool, put("job=b.prom", "b 2\n"));
	assert_int_equal(inode("s/groups/job=a.prom"), after);
	spool_close(&spool);
}

/* A writer who was killed is no reason to forget that the disk failed: what he appended is ended, and all is written
 * once more before anything else can happen to the journal. */
static void test_unwritten_and_killed_writer(void **state)
{
	struct spool spool = open_spool(&defaults);
	struct error error;
	skip_where_nothing_is_kept(&spool);
	apply_one(&spool, put("job=d.prom", "d 1\n"));
	assert_ends_well(start(append_and_die, 0));
	spool_checkpoint_failed(&spool);
	ino_t before = inode("s/groups/job=d.prom");
	assert_int_equal(spool_lock(&spool, &error), 0);
	assert_int_equal(spool.journal.state, JOURNAL_READY);
	assert_int_not_equal(inode("s/groups/job=d.prom"), before);
	assert_file("s/groups/job=a.prom", "a 2\n");
	assert_file("s/groups/job=c.prom", "c 2\n");
	spool_close(&spool);
}

/* What recovery has written itself may be dropped as well. */
static void test_unwritten_recovery(void **state)
{
	struct spool spool = open_spool(&defaults);
	struct error error;
	skip_where_nothing_is_kept(&spool);
	apply_one(&spool, put("job=a.prom", "a 1\n"));
	assert_int_equal(truncate("s/groups/job=a.prom", 0), 0);
	crash(&spool);
	syncfs_fails = true;
	assert_int_equal(spool_open(&spool, "s", &defaults, &error), -1);
	assert_string_equal(error.message, "can't renew the journal of the spool s: Input/output error");
	assert_file("s/groups/job=a.prom", "a 1\n");
	ino_t before = inode("s/groups/job=a.prom");
	syncfs_fails = false;
	spool = open_spool(&defaults);
	assert_int_not_equal(inode("s/groups/job=a.prom"), before);
	assert_file("s/groups/job=a.prom", "a 1\n");
	spool_close(&spool);
}

static int count_name(const char *name, void *context, struct error *error)
{
	*(unsigned *)context += name[0] == '.';
	return 0;
}

/* What killed writers left may be what fills the disk: it goes before anything is written, also where recovery fails
 * then. And recovery keeps no spares, which would be as much again as it writes. */
static void test_room_for_recovery(void **state)
{
	struct spool_options staying = defaults;
	struct error error;
	unsigned hidden = 0;
	staying.reuse = true;
	struct spool spool = open_spool(&defaults);
	skip_where_nothing_is_kept(&spool);
	apply_one(&spool, put("job=a.prom", "a 1\n"));
	apply_one(&spool, put("job=b.prom", "b 1\n"));
	write_file("s/groups/.pgw-999999999-1.spare", "left 1\n");
	/* After a crash of the system the process of that number is another one. */
	write_file("s/groups/.pgw-1-1.spare", "left 1\n");
	assert_int_equal(truncate("s/groups/job=a.prom", 0), 0);
	assert_int_equal(truncate("s/groups/job=b.prom", 0), 0);
	crash(&spool);
	syncfs_fails = true;
	assert_int_equal(spool_open(&spool, "s", &staying, &error), -1);
	assert_no_file("s/groups/.pgw-999999999-1.spare");
	assert_no_file("s/groups/.pgw-1-1.spare");
	syncfs_fails = false;
	spool = open_spool(&staying);
	assert_file("s/groups/job=a.prom", "a 1\n");
	assert_int_equal(directory_list(spool.groups, "s", count_name, &hidden, &error), 0);
	assert_int_equal(hidden, 0);
	spool_close(&spool);
}

/* A disk that failed, and is full: what is there is written once more where it is, so that deletions can make room. */
static void test_unwritten_and_full(void **state)
{
	struct spool spool = open_spool(&defaults);
	struct error error;
	struct stat before, after;
	skip_where_nothing_is_kept(&spool);
	apply_one(&spool, put("job=a.prom", "a 1\n"));
	apply_one(&spool, put("job=b.prom", "b 1\n"));
	assert_int_equal(stat("s/groups/job=a.prom", &before), 0);
	/* More than a tick of the clock that files' times are of. */
	usleep(20000);
	spool_checkpoint_failed(&spool);
	is_full = true;
	apply_one(&spool, removal("job=b.prom"));
	assert_int_equal(stat("s/groups/job=a.prom", &after), 0);
	assert_int_equal(after.st_ino, before.st_ino);
	assert_memory_equal(&after.st_mtim, &before.st_mtim, sizeof(after.st_mtim));
	assert_false(after.st_ctim.tv_sec == before.st_ctim.tv_sec && after.st_ctim.tv_nsec == before.st_ctim.tv_nsec);
	assert_file("s/groups/job=a.prom", "a 1\n");
	assert_no_file("s/groups/job=b.prom");
	/* What is to be mended needs room. */
	is_full = false;
	apply_one(&spool, put("job=a.prom", "a 2\n"));
	assert_int_equal(truncate("s/groups/job=a.prom", 1), 0);
	crash(&spool);
	is_full = true;
	assert_int_equal(spool_open(&spool, "s", &defaults, &error), -1);
	assert_string_equal(error.message, "can't recover \"job=a.prom\" in the spool s: No space left on device");
	assert_file("s/groups/job=a.prom", "a");
	is_full = false;
	assert_recovered();
	assert_file("s/groups/job=a.prom", "a 2\n");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, scratch_leave)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_killed_writer),
		TEST(test_killed_writer_and_start),
		TEST(test_failing_disk),
		TEST(test_unwritten),
		TEST(test_unwritten_still),
		TEST(test_unwritten_read_only),
		TEST(test_unwritten_and_killed_writer),
		TEST(test_unwritten_recovery),
		TEST(test_room_for_recovery),
		TEST(test_unwritten_and_full),
	};
	return cmocka_run_group_tests_name("spool_failures", tests, NULL, NULL);
}
