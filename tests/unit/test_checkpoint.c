/* The sync beside the server's thread, on a disk that fails. The kernel tells of a failure once for each open file
 * description. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../../cmd/pgw-serve/checkpoint.h"
#include "support/files.h"
#include "support/scratch.h"
#include "support/spools.h"

/* In the place of the C library's: fails where it is told to, and leaves a mark on the open file. */
static atomic_bool syncfs_fails;
static atomic_int syncs;

int syncfs(int fd)
{
	atomic_fetch_add(&syncs, 1);
	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
	errno = EIO;
	return atomic_load(&syncfs_fails) ? -1 : (int)syscall(SYS_syncfs, fd);
}

static int set_up(void **state)
{
	atomic_store(&syncfs_fails, false);
	return scratch_enter(state);
}

/* Pushes until the first file of the journal is full. */
static void fill_journal(struct spool *spool)
{
	static char text[64 << 10];
	uint64_t generation;
	memset(text, '#', sizeof(text) - 2);
	text[sizeof(text) - 2] = '\n';
	spool->journal.size_max = 1 << 20;
	apply_one(spool, put("job=a.prom", "a 1\n"));
	for (unsigned i = 0; i < 32 && !spool_checkpoint_due(spool, &generation); i++)
		apply_one(spool, put("job=b.prom", text));
	assert_true(spool_checkpoint_due(spool, &generation));
}

static ino_t inode(const char *path)
{
	struct stat status;
	assert_int_equal(stat(path, &status), 0);
	return status.st_ino;
}

/* A failure must reach both who syncs beside the server and the server itself, when it syncs. */
static void test_open_file_of_its_own(void **state)
{
	struct spool spool = open_spool(&defaults);
	struct checkpoint checkpoint;
	skip_where_nothing_is_kept(&spool);
	checkpoint_init(&checkpoint);
	fill_journal(&spool);
	int before = atomic_load(&syncs);
	checkpoint_run(&checkpoint, &spool);
	assert_true(checkpoint.running);
	checkpoint_release(&checkpoint, &spool);
	assert_int_equal(atomic_load(&syncs), before + 1);
	assert_int_equal(fcntl(spool.groups, F_GETFL) & O_NONBLOCK, 0);
	spool_close(&spool);
}

/* Whoever comes next would sync without a failure. */
static void test_failure_at_the_end(void **state)
{
	struct spool spool = open_spool(&defaults);
	struct checkpoint checkpoint;
	skip_where_nothing_is_kept(&spool);
	checkpoint_init(&checkpoint);
	fill_journal(&spool);
	atomic_store(&syncfs_fails, true);
	checkpoint_run(&checkpoint, &spool);
	assert_true(checkpoint.running);
	checkpoint_release(&checkpoint, &spool);
	spool_close(&spool);
	atomic_store(&syncfs_fails, false);
	ino_t before = inode("s/groups/job=a.prom");
	spool = open_spool(&defaults);
	apply_one(&spool, put("job=c.prom", "c 1\n"));
	assert_int_not_equal(inode("s/groups/job=a.prom"), before);
	assert_file("s/groups/job=a.prom", "a 1\n");
	spool_close(&spool);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, scratch_leave)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_open_file_of_its_own),
		TEST(test_failure_at_the_end),
	};
	return cmocka_run_group_tests_name("checkpoint", tests, NULL, NULL);
}
