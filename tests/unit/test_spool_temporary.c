#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "support/files.h"
#include "support/scratch.h"
#include "support/spools.h"

/* Longer than a spare must rest, and shorter. */
#define REST	60000 /* us */
#define NO_REST (40 * CLOCK_MILLISECOND)

/* Every test has a scratch folder of its own, which is its working directory. The spool is "s" in it. */
static const struct spool_options reusing = {.create = true, .sync = true, .reuse = true, .lock_timeout = 10000};

/* Nothing is reused where no journal mends what a crash leaves of it. */
static struct spool open_reusing(void)
{
	struct spool spool = open_spool(&reusing);
	skip_where_nothing_is_kept(&spool);
	return spool;
}

/* Puts a file and returns its inode. */
static ino_t put_file(struct spool *spool, const char *file, const char *text)
{
	struct spool_change change = put(file, text);
	apply(spool, &change, 1);
	if (change.failed)
		fail_msg("%s", change.error.message);
	return change.id.inode;
}

/* When the file was made, ns since the epoch: the number of an inode comes again. */
static int64_t made(const char *path)
{
	struct statx status;
	assert_int_equal(statx(AT_FDCWD, path, 0, STATX_BTIME, &status), 0);
	return status.stx_btime.tv_sec * INT64_C(1000000000) + status.stx_btime.tv_nsec;
}

/* How many names in groups/ end like that. */
static int count_names(const char *suffix)
{
	int count = 0;
	DIR *directory = opendir("s/groups");
	assert_non_null(directory);
	for (struct dirent *entry; (entry = readdir(directory)) != NULL;)
		count += slice_has_suffix(slice_of(entry->d_name), slice_of(suffix));
	closedir(directory);
	return count;
}

static void test_reuse(void **state)
{
	struct spool spool = open_reusing();
	ino_t first = put_file(&spool, "job=a.prom", "a_long_one 1\n");
	ino_t second = put_file(&spool, "job=a.prom", "a 2\n");
	assert_int_not_equal(first, second);
	assert_int_equal(count_names(".spare"), 1);
	usleep(REST);
	assert_int_equal(put_file(&spool, "job=b.prom", "b 1\n"), first);
	assert_file("s/groups/job=a.prom", "a 2\n");
	assert_file("s/groups/job=b.prom", "b 1\n");
	assert_int_equal(count_names(".spare"), 0);
	put_file(&spool, "job=b.prom", "b 2\n");
	assert_int_equal(count_names(".spare"), 1);
	spool_close(&spool);
	assert_int_equal(count_names(".spare"), 0);
	assert_int_equal(count_names(".prom"), 2);
}

/* Tried again where the machine stood still, or the disk was slow, for as long as a spare rests. */
static void test_rest(void **state)
{
	struct spool_options options = reusing;
	int64_t took;
	options.sync = false;
	do {
		struct spool spool = open_spool(&options);
		skip_where_nothing_is_kept(&spool);
		int64_t before = clock_monotonic();
		ino_t first = put_file(&spool, "job=a.prom", "a 1\n");
		ino_t second = put_file(&spool, "job=a.prom", "a 2\n");
		ino_t third = put_file(&spool, "job=a.prom", "a 3\n");
		took = clock_monotonic() - before;
		if (took < NO_REST)
			assert_true(first != second && second != third && third != first);
		spool_close(&spool);
	} while (took >= NO_REST);
}

/* Whoever has an old file open, or another name for it, goes on seeing it. */
static void test_readers(void **state)
{
	char data[16] = "";
	struct spool spool = open_reusing();
	ino_t opened = put_file(&spool, "job=a.prom", "a 1\n");
	ino_t linked = put_file(&spool, "job=b.prom", "b 1\n");
	int fd = open("s/groups/job=a.prom", O_RDONLY | O_CLOEXEC);
	assert_int_equal(link("s/groups/job=b.prom", "snapshot"), 0);
	put_file(&spool, "job=a.prom", "a 2\n");
	put_file(&spool, "job=b.prom", "b 2\n");
	usleep(REST);
	for (int i = 0; i < 4; i++) {
		ino_t inode = put_file(&spool, "job=c.prom", "c 1\n");
		assert_true(inode != opened && inode != linked);
	}
	assert_int_equal(read(fd, data, sizeof(data)), 4);
	assert_string_equal(data, "a 1\n");
	close(fd);
	assert_file("snapshot", "b 1\n");
	spool_close(&spool);
}

static void test_rights(void **state)
{
	struct stat status;
	struct spool spool = open_reusing();
	put_file(&spool, "job=a.prom", "a 1\n");
	assert_int_equal(chmod("s/groups/job=a.prom", 0600), 0);
	put_file(&spool, "job=a.prom", "a 2\n");
	usleep(REST);
	put_file(&spool, "job=b.prom", "b 1\n");
	assert_int_equal(stat("s/groups/job=b.prom", &status), 0);
	assert_int_equal(status.st_mode & 07777, 0644);
	spool_close(&spool);
}

/* Who was to read one group reads no other one for that. */
static void test_file_group(void **state)
{
	struct stat status;
	if (geteuid() != 0)
		skip(); /* nobody else can give a file away */
	struct spool spool = open_reusing();
	put_file(&spool, "job=a.prom", "a 1\n");
	assert_int_equal(chown("s/groups/job=a.prom", (uid_t)-1, 12345), 0);
	put_file(&spool, "job=a.prom", "a 2\n");
	usleep(REST);
	put_file(&spool, "job=b.prom", "b 1\n");
	assert_int_equal(stat("s/groups/job=b.prom", &status), 0);
	assert_int_not_equal(status.st_gid, 12345);
	spool_close(&spool);
}

/* What is not synced is only written where it reaches the disk in one piece. */
static void test_unsynced(void **state)
{
	struct spool_options options = reusing;
	char large[5001];
	memset(large, '#', sizeof(large) - 1);
	large[sizeof(large) - 2] = '\n';
	large[sizeof(large) - 1] = '\0';
	options.sync = false;
	struct spool spool = open_spool(&options);
	skip_where_nothing_is_kept(&spool);
	put_file(&spool, "job=a.prom", large);
	put_file(&spool, "job=a.prom", "a 2\n");
	int64_t before = made("s/groups/job=a.prom");
	usleep(REST);
	put_file(&spool, "job=b.prom", "b 1\n");
	assert_true(made("s/groups/job=b.prom") > before); /* not the large one */
	put_file(&spool, "job=a.prom", "a 3\n");
	before = made("s/groups/job=a.prom");
	usleep(REST);
	put_file(&spool, "job=c.prom", large);
	assert_true(made("s/groups/job=c.prom") > before);
	assert_file("s/groups/job=c.prom", large);
	put_file(&spool, "job=a.prom", "a 4\n");
	usleep(REST);
	put_file(&spool, "job=b.prom", "b 2\n");
	assert_int_equal(made("s/groups/job=b.prom"), before);
	spool_close(&spool);
}

/* A limit on the size of files leaves the journal no room for two at once: what was there before may come back in a
 * crash, and no journal would mend it. */
static void test_not_in_the_journal(void **state)
{
	static char text[5001];
	struct error error;
	struct spool spool = open_reusing();
	memset(text, '#', sizeof(text) - 1);
	limit_file_size(8192);
	for (size_t i = 0; i < 2; i++) {
		struct spool_change changes[] = {{.file = slice_of("job=a.prom"), .text = slice_of(text)},
			{.file = slice_of("job=b.prom"), .text = slice_of(text)}};
		assert_int_equal(spool_lock(&spool, &error), 0);
		spool_apply(&spool, changes, 2);
		spool_unlock(&spool);
		assert_false(changes[0].failed || changes[1].failed);
	}
	assert_int_equal(count_names(".spare"), 0);
	lift_file_size_limit();
	put_file(&spool, "job=a.prom", "a 1\n");
	assert_int_equal(count_names(".spare"), 1);
	spool_close(&spool);
}

static void test_swept_by_another(void **state)
{
	int status;
	struct error error;
	struct spool spool = open_reusing();
	put_file(&spool, "job=a.prom", "a 1\n");
	put_file(&spool, "job=a.prom", "a 2\n");
	assert_int_equal(spool_lock(&spool, &error), 0);
	assert_int_equal(spool_sweep(&spool, &error), 0);
	spool_unlock(&spool);
	assert_int_equal(count_names(".spare"), 1); /* its owner lives */
	char name[64];
	snprintf(name, sizeof(name), "s/groups/.pgw-%ld-0.spare", (long)getpid());
	unlink(name);
	snprintf(name, sizeof(name), "s/groups/.pgw-%ld-1.spare", (long)getpid());
	unlink(name);
	usleep(REST);
	put_file(&spool, "job=b.prom", "b 1\n");
	assert_file("s/groups/job=b.prom", "b 1\n");
	/* A process that was killed leaves some. */
	pid_t pid = fork();
	if (pid == 0) {
		spool = open_reusing();
		put_file(&spool, "job=a.prom", "a 3\n");
		put_file(&spool, "job=a.prom", "a 4\n");
		_exit(count_names(".spare") == 2 ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(spool_lock(&spool, &error), 0);
	assert_int_equal(spool_sweep(&spool, &error), 0);
	spool_unlock(&spool);
	assert_int_equal(count_names(".spare"), 0);
	assert_file("s/groups/job=a.prom", "a 4\n");
	spool_close(&spool);
}

/* A server in a container has the number of the one that was killed there. */
static void test_left_under_own_number(void **state)
{
	struct error error;
	char name[64];
	struct spool spool = open_reusing();
	snprintf(name, sizeof(name), "s/groups/.pgw-%ld-7.spare", (long)getpid());
	write_file(name, "left 1\n");
	assert_int_equal(spool_lock(&spool, &error), 0);
	assert_int_equal(spool_sweep(&spool, &error), 0);
	spool_unlock(&spool);
	assert_no_file(name);
	put_file(&spool, "job=a.prom", "a 1\n");
	put_file(&spool, "job=a.prom", "a 2\n");
	assert_int_equal(spool_lock(&spool, &error), 0);
	assert_int_equal(spool_sweep(&spool, &error), 0);
	spool_unlock(&spool);
	assert_int_equal(count_names(".spare"), 1);
	spool_close(&spool);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scratch_enter, scratch_leave)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_reuse),
		TEST(test_rest),
		TEST(test_readers),
		TEST(test_rights),
		TEST(test_file_group),
		TEST(test_unsynced),
		TEST(test_not_in_the_journal),
		TEST(test_swept_by_another),
		TEST(test_left_under_own_number),
	};
	return cmocka_run_group_tests_name("spool_temporary", tests, NULL, NULL);
}
