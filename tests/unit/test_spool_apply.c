/* What is written into a spool, on disks of all kinds: the spool is "s" in the scratch folder of each test. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/children.h"
#include "support/files.h"
#include "support/scratch.h"
#include "support/spools.h"

static void test_apply(void **state)
{
	struct spool spool = open_spool(&defaults);
	apply_one(&spool, removal("job=a.prom")); /* makes the journal */
	int descriptors = count_descriptors();
	struct spool_change changes[] = {
		put("job=a.prom", "a 1\n"),
		put("job=b.prom", "b 1\n"),
		removal("job=absent.prom"),
		put("job=c.prom", ""),
	};
	apply(&spool, changes, 4);
	for (size_t i = 0; i < 4; i++)
		assert_false(changes[i].failed);
	assert_names("s/groups", "job=a.prom job=b.prom job=c.prom ");
	assert_int_equal(mode_of("s/groups/job=a.prom"), S_IFREG | 0644);
	assert_int_equal(read_file(&spool, "job=a.prom", "a 1\n"), 1);
	assert_int_equal(read_file(&spool, "job=c.prom", ""), 1);
	struct file_id id;
	struct error error;
	memset(&id, 0, sizeof(id));
	assert_int_equal(spool_identify(&spool, "job=b.prom", &id, &error), 1);
	assert_memory_equal(&id, &changes[1].id, sizeof(id));

	/* Replaced and deleted; of two changes of one file the last counts. */
	struct spool_change again[] = {
		put("job=a.prom", "a 2\n"),
		removal("job=b.prom"),
		put("job=c.prom", "c 2\n"),
		put("job=d.prom", "d 1\n"),
		removal("job=c.prom"),
		put("job=d.prom", "d 2\n"),
		removal("job=e.prom"),
		put("job=e.prom", "e 1\n"),
	};
	apply(&spool, again, 8);
	for (size_t i = 0; i < 8; i++)
		assert_false(again[i].failed);
	assert_names("s/groups", "job=a.prom job=d.prom job=e.prom ");
	assert_file("s/groups/job=a.prom", "a 2\n");
	assert_file("s/groups/job=d.prom", "d 2\n");
	assert_int_equal(count_descriptors(), descriptors);
	spool_close(&spool);
}

/* A spool that is renamed stays the same spool. */
static void test_renamed_spool(void **state)
{
	struct spool spool = open_spool(&defaults);
	assert_int_equal(rename("s", "t"), 0);
	apply_one(&spool, put("job=a.prom", "a 1\n"));
	assert_file("t/groups/job=a.prom", "a 1\n");
	spool_close(&spool);
}

#define BATCH_SIZE 300

static void apply_batch(struct spool *spool, int limit)
{
	static char names[BATCH_SIZE][32];
	struct spool_change changes[BATCH_SIZE];
	for (int i = 0; i < BATCH_SIZE; i++) {
		snprintf(names[i], sizeof(names[i]), "job=%d.prom", i);
		changes[i] = put(names[i], names[i]);
	}
	struct rlimit before, few;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	few = (struct rlimit){.rlim_cur = (rlim_t)limit, .rlim_max = before.rlim_max};
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	spool_apply(spool, changes, BATCH_SIZE);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	for (int i = 0; i < BATCH_SIZE; i++) {
		char path[64] = "s/groups/";
		assert_false(changes[i].failed);
		assert_file(strcat(path, names[i]), names[i]);
	}
}

/* The lowest number that the next descriptor may have. */
static int next_descriptor(void)
{
	int fd = open(".", O_RDONLY | O_CLOEXEC);
	assert_int_not_equal(fd, -1);
	close(fd);
	return fd;
}

static void test_batch(void **state)
{
	struct spool spool = open_spool(&no_sync);
	struct error error;
	struct seen_files seen = {0};
	assert_int_equal(spool_lock(&spool, &error), 0);
	apply_batch(&spool, 128);
	apply_batch(&spool, next_descriptor() + 5);
	apply_batch(&spool, next_descriptor() + 1);
	assert_int_equal(spool_scan(&spool, see_file, &seen, &error), 0);
	assert_int_equal(seen.count, BATCH_SIZE);
	spool_close(&spool);
}

static void test_no_descriptor_left(void **state)
{
	struct spool spool = open_spool(&defaults);
	struct spool_change change = put("job=a.prom", "a 1\n");
	struct rlimit before, few;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	few = (struct rlimit){.rlim_cur = (rlim_t)next_descriptor(), .rlim_max = before.rlim_max};
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	spool_apply(&spool, &change, 1);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	assert_true(change.failed);
	assert_int_equal(change.error.kind, ERROR_IO);
	assert_string_equal(change.error.message, "can't write job=a.prom in the spool s: Too many open files");
	assert_names("s/groups", "");
	spool_close(&spool);
}

/* One change that fails does not keep the others back, and leaves neither debris nor a descriptor. */
static void assert_apply_where_one_fails(const struct spool_options *options)
{
	struct spool spool = open_spool(options);
	apply_one(&spool, removal("job=a.prom")); /* makes the journal */
	int descriptors = count_descriptors();
	struct spool_change changes[] = {
		put("job=a.prom", "a 1\n"),
		put("directory.prom", "b 1\n"),
		removal("directory.prom"),
		put("absent/job=c.prom", "c 1\n"),
		put("job=d.prom", "d 1\n"),
	};
	assert_true(mkdir("s/groups/directory.prom", 0755) == 0 || errno == EEXIST);
	apply(&spool, changes, 5);
	assert_false(changes[0].failed);
	assert_true(changes[1].failed);
	assert_int_equal(changes[1].error.kind, ERROR_IO);
	assert_string_equal(changes[1].error.message, "can't write directory.prom in the spool s: Is a directory");
	assert_true(changes[2].failed);
	assert_string_equal(changes[2].error.message, "can't delete directory.prom in the spool s: Is a directory");
	assert_true(changes[3].failed);
	assert_string_equal(
		changes[3].error.message, "can't write absent/job=c.prom in the spool s: No such file or directory");
	assert_false(changes[4].failed);
	assert_names("s/groups", "directory.prom job=a.prom job=d.prom ");
	assert_int_equal(count_descriptors(), descriptors);
	spool_close(&spool);
}

static void test_one_fails(void **state)
{
	assert_apply_where_one_fails(&defaults);
	assert_apply_where_one_fails(&no_sync);
}

/* The names that our next temporary files would have are taken. */
static void test_taken_names(void **state)
{
	struct spool spool = open_spool(&defaults);
	struct error error;
	char path[64];
	for (unsigned i = 0; i < 3; i++) {
		snprintf(path, sizeof(path), "s/groups/.pgw-%ld-%u.tmp", (long)getpid(), i);
		if (i == 1)
			assert_int_equal(symlink("../version", path), 0);
		else
			write_file(path, "stale");
	}
	apply_one(&spool, put("job=a.prom", "a 1\n"));
	assert_file("s/groups/job=a.prom", "a 1\n");
	assert_file("s/version", "pgw-spool 1\n");
	assert_int_equal(spool_lock(&spool, &error), 0);
	assert_int_equal(spool_sweep(&spool, &error), 0);
	assert_names("s/groups", "job=a.prom ");
	assert_file("s/version", "pgw-spool 1\n");
	spool_close(&spool);
}

static void assert_full(struct spool *spool, const char *text, const char *message)
{
	struct spool_change changes[] = {put("job=a.prom", "a 2\n"), put("job=b.prom", text), put("job=c.prom", "c\n")};
	int descriptors = count_descriptors();
	spool_apply(spool, changes, 3);
	assert_false(changes[0].failed);
	assert_true(changes[1].failed);
	assert_int_equal(changes[1].error.kind, ERROR_FULL);
	assert_string_equal(changes[1].error.message, message);
	assert_false(changes[2].failed);
	assert_int_equal(count_descriptors(), descriptors);
}

/* A file that can't grow stands for a disk that is full. */
static void test_file_size_limit(void **state)
{
	struct spool spool = open_spool(&defaults);
	static char text[10000];
	memset(text, 'x', sizeof(text) - 1);
	apply_one(&spool, put("job=b.prom", "b 1\n"));
	limit_file_size(5000);
	assert_full(&spool, text, "can't write job=b.prom in the spool s: File too large");
	lift_file_size_limit();
	assert_file("s/groups/job=a.prom", "a 2\n");
	assert_file("s/groups/job=b.prom", "b 1\n");
	assert_names("s/groups", "job=a.prom job=b.prom job=c.prom ");
	spool_close(&spool);
}

/* In a mount namespace of the process's own, so that nothing is left mounted whatever happens. 77: not possible here.
 */
static int fill_small_disk(int argument)
{
	static char text[1 << 20];
	struct spool spool;
	struct error error;
	if (unshare(CLONE_NEWNS) == -1 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == -1 ||
		mkdir("disk", 0755) == -1 || mount("none", "disk", "tmpfs", 0, "size=128k") == -1)
		return 77;
	memset(text, 'x', sizeof(text) - 1);
	if (chdir("disk") == -1 || spool_open(&spool, "s", &defaults, &error) == -1)
		return 1;
	struct spool_change first = put("job=b.prom", "b 1\n");
	spool_apply(&spool, &first, 1);
	struct spool_change changes[] = {put("job=a.prom", "a 2\n"), put("job=b.prom", text), put("job=c.prom", "c\n")};
	spool_apply(&spool, changes, 3);
	if (first.failed || !changes[1].failed || changes[1].error.kind != ERROR_FULL ||
		strcmp(changes[1].error.message, "can't write job=b.prom in the spool s: No space left on device") != 0)
		return 2;
	char names[256];
	list_names("s/groups", names, sizeof(names));
	/* What comes after the failure has room again. */
	if (strcmp(names, "job=a.prom job=b.prom job=c.prom ") != 0)
		return 3;
	struct buffer kept;
	struct file_id id;
	buffer_init(&kept, 100);
	if (spool_read(&spool, "job=b.prom", &kept, &id, &error) != 1 || !slice_is(buffer_slice(&kept), "b 1\n"))
		return 4;
	buffer_release(&kept);
	spool_close(&spool);
	return 0;
}

static void test_full_disk(void **state)
{
	int status;
	pid_t pid = start(fill_small_disk, 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == 77)
		skip();
	assert_int_equal(WEXITSTATUS(status), 0);
}

static int write_until_killed(int argument)
{
	static char text[50000];
	struct spool spool;
	struct error error;
	memset(text, 'x', sizeof(text) - 1);
	if (spool_open(&spool, "s", &no_sync, &error) == -1)
		return 1;
	for (;;) {
		struct spool_change changes[] = {put("job=a.prom", text), put("job=b.prom", text)};
		if (spool_lock(&spool, &error) == -1)
			return 2;
		spool_apply(&spool, changes, 2);
		spool_unlock(&spool);
	}
}

/* Whenever a writer is killed, its files are whole, the lock is free and what it leaves can be swept. */
static void test_killed_writers(void **state)
{
	struct spool spool = open_spool(&no_sync);
	struct error error;
	srand(1);
	for (int round = 0; round < 50; round++) {
		pid_t writer = start(write_until_killed, 0);
		usleep((useconds_t)(rand() % 5000));
		assert_int_equal(kill(writer, SIGKILL), 0);
		assert_int_equal(waitpid(writer, NULL, 0), writer);
		assert_int_equal(spool_lock(&spool, &error), 0);
		assert_int_equal(spool_sweep(&spool, &error), 0);
		char names[256];
		list_names("s/groups", names, sizeof(names));
		assert_null(strstr(names, ".tmp"));
		struct file_id id = {.size = 49999};
		assert_int_not_equal(spool_identify(&spool, "job=a.prom", &id, &error), -1);
		assert_int_equal(id.size, 49999);
		spool_unlock(&spool);
	}
	spool_close(&spool);
}

static void test_temporary_names(void **state)
{
	const struct spool spool = {.pid = 7000};
	bool own;
	assert_true(spool_is_temporary(&spool, ".pgw-7000-7.tmp", &own));
	assert_true(own);
	assert_true(spool_is_temporary(&spool, ".pgw-700-7.tmp", &own));
	assert_false(own);
	assert_true(spool_is_temporary(&spool, ".pgw-1-4294967295.tmp", &own));
	static const char *const others[] = {"", ".", ".pgw-", ".pgw-1.tmp", ".pgw--1.tmp", ".pgw-1-.tmp",
		".pgw-1-2.tmp2", ".pgw-1-2", ".pgw-1-2-3.tmp", ".pgw-a-2.tmp", ".pgw-1-b.tmp", "pgw-1-2.tmp",
		".pgw-+1-2.tmp", ".pgw- 1-2.tmp", ".pgw-1-2.prom", ".job=a.prom.Xy12Zz", ".pgw-12345678901-2.tmp",
		".pgw-1-12345678901.tmp"};
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		own = true;
		assert_false(spool_is_temporary(&spool, others[i], &own));
		assert_false(own);
	}
}

static void test_sweep(void **state)
{
	struct spool spool = open_spool(&defaults);
	struct error error;
	int descriptors = count_descriptors();
	write_file("s/groups/.pgw-1-0.tmp", "");
	write_file("s/groups/.pgw-99999-12.tmp", "x");
	write_file("s/groups/.job=a.prom.Xy12Zz", "rsync's");
	write_file("s/groups/.pgw-1.tmp", "");
	write_file("s/groups/.nfs0001", "");
	write_file("s/groups/job=a.prom", "");
	assert_int_equal(mkdir("s/groups/.pgw-2-2.tmp", 0755), 0);
	assert_int_equal(spool_lock(&spool, &error), 0);
	assert_int_equal(spool_sweep(&spool, &error), 0);
	assert_names("s/groups", ".job=a.prom.Xy12Zz .nfs0001 .pgw-1.tmp .pgw-2-2.tmp job=a.prom ");
	assert_int_equal(count_descriptors(), descriptors);
	spool_close(&spool);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scratch_enter, scratch_leave)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_apply),
		TEST(test_renamed_spool),
		TEST(test_batch),
		TEST(test_no_descriptor_left),
		TEST(test_one_fails),
		TEST(test_taken_names),
		TEST(test_file_size_limit),
		TEST(test_full_disk),
		TEST(test_killed_writers),
		TEST(test_temporary_names),
		TEST(test_sweep),
	};
	return cmocka_run_group_tests_name("spool", tests, NULL, NULL);
}
