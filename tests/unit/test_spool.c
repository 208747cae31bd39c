/* Opening, making and reading a spool: it is "s" in the scratch folder of each test. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "support/children.h"
#include "support/files.h"
#include "support/scratch.h"
#include "support/spools.h"

static void assert_open_fails(const struct spool_options *options, enum error_kind kind, const char *message)
{
	struct spool spool;
	struct error error = {0};
	assert_int_equal(spool_open(&spool, "s", options, &error), -1);
	assert_string_equal(error.message, message);
	assert_int_equal(error.kind, kind);
}

/* --- opening and creating --- */

static void test_create(void **state)
{
	int descriptors = count_descriptors();
	struct spool spool = open_spool(&defaults);
	assert_names("s", "groups lock version ");
	assert_file("s/version", "pgw-spool 1\n");
	assert_int_equal(mode_of("s"), S_IFDIR | 0755);
	assert_int_equal(mode_of("s/groups"), S_IFDIR | 0755);
	assert_int_equal(mode_of("s/version"), S_IFREG | 0644);
	assert_int_equal(mode_of("s/lock"), S_IFREG | 0644);
	assert_int_equal(count_descriptors(), descriptors + 3);
	spool_close(&spool);
	assert_int_equal(count_descriptors(), descriptors);
	/* Again, now that it is there, with and without leave to make it. */
	spool = open_spool(&defaults);
	spool_close(&spool);
	spool = open_spool(&(struct spool_options){.create = false});
	spool_close(&spool);
	spool = open_spool(&read_only);
	assert_int_equal(spool.lock, -1);
	spool_close(&spool);
	assert_int_equal(count_descriptors(), descriptors);
}

static void test_create_in_an_empty_directory(void **state)
{
	assert_int_equal(mkdir("s", 0700), 0);
	assert_int_equal(mkdir("s/lost+found", 0700), 0); /* as where a file system is mounted */
	struct spool spool = open_spool(&defaults);
	spool_close(&spool);
	assert_names("s", "groups lock lost+found version ");
	assert_int_equal(mode_of("s"), S_IFDIR | 0700);
}

/* What a maker leaves that is killed: before the version, and before the groups. */
static void test_create_after_a_killed_maker(void **state)
{
	assert_int_equal(mkdir("s", 0755), 0);
	write_file("s/lock", "");
	write_file("s/.version.tmp", "pgw-s");
	struct spool spool = open_spool(&defaults);
	spool_close(&spool);
	assert_names("s", "groups lock version ");
	assert_file("s/version", "pgw-spool 1\n");
	assert_int_equal(rmdir("s/groups"), 0);
	spool = open_spool(&defaults);
	spool_close(&spool);
	assert_names("s", "groups lock version ");
	/* The lock file is made anew as well. */
	assert_int_equal(unlink("s/lock"), 0);
	spool = open_spool(&(struct spool_options){.create = false});
	spool_close(&spool);
	assert_names("s", "groups lock version ");
}

static void test_what_is_no_spool(void **state)
{
	const struct spool_options keep = {.create = false};
	int descriptors = count_descriptors();
	assert_open_fails(&keep, ERROR_CREATE, "can't open the spool s: No such file or directory");
	assert_open_fails(&read_only, ERROR_CREATE, "can't open the spool s: No such file or directory");
	write_file("s", "x");
	assert_open_fails(&defaults, ERROR_CREATE, "s is a file; the spool is a directory");
	assert_open_fails(&read_only, ERROR_CREATE, "s is a file; the spool is a directory");
	assert_int_equal(unlink("s"), 0);
	assert_int_equal(mkdir("s", 0755), 0);
	assert_open_fails(&keep, ERROR_CREATE, "s is not a spool: it has no file named version");
	assert_open_fails(&read_only, ERROR_CREATE, "s is not a spool: it has no file named version");
	assert_names("s", "");
	write_file("s/x", "x");
	assert_open_fails(&defaults, ERROR_CREATE, "s is not a spool: it has no file named version");
	assert_names("s", "x ");
	assert_int_equal(mkdir("s/version", 0755), 0);
	assert_open_fails(&defaults, ERROR_CREATE, "s is not a spool: it has no file named version");
	struct spool spool;
	struct error error;
	assert_int_equal(spool_open(&spool, "absent/s", &defaults, &error), -1);
	assert_string_equal(error.message, "can't make the spool absent/s: No such file or directory");
	assert_int_equal(spool_open(&spool, "s/x/y", &defaults, &error), -1);
	assert_string_equal(error.message, "can't open the spool s/x/y: Not a directory");
	assert_int_equal(count_descriptors(), descriptors);
}

static void test_versions(void **state)
{
	assert_int_equal(mkdir("s", 0755), 0);
	write_file("s/version", "pgw-spool 2\n");
	assert_open_fails(&defaults, ERROR_CREATE, "s is a spool of version \"2\"; this program knows version 1");
	write_file("s/version", "pgw-spool 1");
	assert_open_fails(&defaults, ERROR_CREATE, "s is a spool of version \"1\"; this program knows version 1");
	write_file("s/version", "");
	assert_open_fails(&read_only, ERROR_CREATE, "s is not a spool: its file named version reads \"\"");
	write_file("s/version", "12.5\n");
	assert_open_fails(&defaults, ERROR_CREATE, "s is not a spool: its file named version reads \"12.5\\n\"");
	write_file("s/version", "0123456789012345678901234567890123456789012345678901234567890123456789");
	assert_open_fails(&defaults, ERROR_CREATE,
		"s is not a spool: its file named version reads "
		"\"0123456789012345678901234567890123456789012345678901234567890123\"");
	assert_names("s", "version ");
	write_file("s/version", "pgw-spool 1\n");
	assert_open_fails(&read_only, ERROR_CREATE, "can't open s/groups: No such file or directory");
	assert_open_fails(&(struct spool_options){.create = false}, ERROR_CREATE,
		"can't open s/groups: No such file or directory");
}

static int create_at_once(int go)
{
	char byte;
	struct spool spool;
	struct error error;
	if (read(go, &byte, 1) != 0 || spool_open(&spool, "s", &no_sync, &error) == -1)
		return 1;
	struct spool_change change = put("job=a.prom", "a 1\n");
	if (spool_lock(&spool, &error) == -1)
		return 2;
	spool_apply(&spool, &change, 1);
	spool_unlock(&spool);
	spool_close(&spool);
	return change.failed ? 3 : 0;
}

static void test_makers_at_once(void **state)
{
	for (int round = 0; round < 50; round++) {
		int go[2];
		pid_t makers[4];
		assert_int_equal(pipe2(go, O_CLOEXEC), 0);
		for (int i = 0; i < 4; i++) {
			fflush(NULL);
			makers[i] = fork();
			assert_int_not_equal(makers[i], -1);
			if (makers[i] == 0) {
				alarm(60);
				close(go[1]);
				_exit(create_at_once(go[0]));
			}
		}
		close(go[0]);
		close(go[1]); /* the end of the pipe starts them all */
		for (int i = 0; i < 4; i++)
			assert_ends_well(makers[i]);
		assert_names("s", "groups journal.0 lock version ");
		assert_names("s/groups", "job=a.prom ");
		assert_file("s/version", "pgw-spool 1\n");
		assert_int_equal(scratch_remove("s"), 0);
	}
}

/* Root may write anywhere: the refusal is seen as another user. */
static int open_as_nobody(int argument)
{
	struct spool spool;
	struct error error;
	if (getuid() == 0 && (setgid(65534) == -1 || setuid(65534) == -1))
		return 1;
	if (spool_open(&spool, "s", &defaults, &error) == 0 || error.kind != ERROR_PERMISSION ||
		strcmp(error.message, "can't make the spool s: Permission denied") != 0)
		return 2;
	if (spool_open(&spool, "r", &read_only, &error) == -1)
		return 3;
	spool_close(&spool);
	/* It can lock what it may read only, and not write. */
	if (spool_open(&spool, "r", &defaults, &error) == -1 || spool_lock(&spool, &error) == -1)
		return 4;
	struct spool_change change = put("job=a.prom", "a 1\n");
	spool_apply(&spool, &change, 1);
	if (!change.failed || change.error.kind != ERROR_PERMISSION ||
		strcmp(change.error.message, "can't write job=a.prom in the spool r: Permission denied") != 0)
		return 5;
	spool_close(&spool);
	return 0;
}

static void test_permissions(void **state)
{
	struct spool spool;
	struct error error;
	assert_int_equal(spool_open(&spool, "r", &defaults, &error), 0);
	spool_close(&spool);
	assert_int_equal(chmod("r/groups", 0555), 0);
	assert_int_equal(chmod("r", 0555), 0);
	assert_int_equal(chmod(".", 0555), 0);
	assert_ends_well(start(open_as_nobody, 0));
	assert_int_equal(chmod(".", 0755), 0);
	assert_int_equal(chmod("r", 0755), 0);
	assert_int_equal(chmod("r/groups", 0755), 0);
}

/* --- reading --- */

static void assert_absent(struct spool *spool, const char *file)
{
	struct file_id id;
	struct error error;
	assert_int_equal(read_file(spool, file, NULL), 0);
	assert_int_equal(spool_identify(spool, file, &id, &error), 0);
}

static void bind_socket(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	strcpy(address.sun_path, path);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	close(fd);
}

static void test_read(void **state)
{
	struct spool spool = open_spool(&defaults);
	int descriptors = count_descriptors();
	write_file("s/groups/job=a.prom", "a 1\n");
	write_file("s/groups/empty.prom", "");
	assert_int_equal(symlink("job=a.prom", "s/groups/link.prom"), 0);
	assert_int_equal(read_file(&spool, "job=a.prom", "a 1\n"), 1);
	assert_int_equal(read_file(&spool, "empty.prom", ""), 1);
	assert_int_equal(read_file(&spool, "link.prom", "a 1\n"), 1);
	/* Nothing of these may block, nor counts as a group file. */
	assert_int_equal(mkfifo("s/groups/fifo.prom", 0644), 0);
	assert_int_equal(mkdir("s/groups/directory.prom", 0755), 0);
	assert_int_equal(symlink("nowhere", "s/groups/dangling.prom"), 0);
	assert_int_equal(symlink("loop.prom", "s/groups/loop.prom"), 0);
	assert_int_equal(symlink("fifo.prom", "s/groups/to-fifo.prom"), 0);
	assert_int_equal(symlink("/dev/zero", "s/groups/zero.prom"), 0);
	bind_socket("s/groups/socket.prom");
	assert_absent(&spool, "fifo.prom");
	assert_absent(&spool, "directory.prom");
	assert_absent(&spool, "dangling.prom");
	assert_absent(&spool, "loop.prom");
	assert_absent(&spool, "to-fifo.prom");
	assert_absent(&spool, "zero.prom");
	assert_absent(&spool, "socket.prom");
	assert_absent(&spool, "absent.prom");
	assert_int_equal(count_descriptors(), descriptors);
	spool_close(&spool);
}

static void test_read_too_large(void **state)
{
	struct spool spool = open_spool(&defaults);
	struct buffer text;
	struct file_id id;
	struct error error;
	int descriptors = count_descriptors();
	write_file("s/groups/a\n.prom", "12345678");
	buffer_init(&text, 10);
	assert_int_equal(buffer_append_string(&text, "ab"), 0);
	assert_int_equal(spool_read(&spool, "a\n.prom", &text, &id, &error), 1);
	assert_int_equal(text.len, 10);
	assert_memory_equal(text.data, "ab12345678", 10);
	buffer_clear(&text);
	assert_int_equal(buffer_append_string(&text, "abc"), 0);
	assert_int_equal(spool_read(&spool, "a\n.prom", &text, &id, &error), -1);
	assert_int_equal(error.kind, ERROR_TOO_LARGE);
	assert_string_equal(error.message, "\"a\\n.prom\" in the spool s is larger than 10 bytes");
	assert_int_equal(text.len, 3);
	/* A file that has more than its size tells. */
	assert_int_equal(symlink("/proc/self/status", "s/groups/proc.prom"), 0);
	assert_int_equal(spool_read(&spool, "proc.prom", &text, &id, &error), -1);
	assert_string_equal(error.message, "\"proc.prom\" in the spool s is larger than 10 bytes");
	assert_int_equal(text.len, 3);
	buffer_release(&text);
	assert_int_equal(count_descriptors(), descriptors);
	spool_close(&spool);
}

static void test_scan(void **state)
{
	struct spool spool = open_spool(&defaults);
	struct error error;
	int descriptors = count_descriptors();
	char path[64];
	struct seen_files seen = {0};
	assert_int_equal(spool_scan(&spool, see_file, &seen, &error), 0);
	assert_int_equal(seen.count, 0);
	for (int i = 1; i <= 1000; i++) {
		snprintf(path, sizeof(path), "s/groups/job=%d.prom", i);
		write_file(path, "");
	}
	/* None of these is a group file by its name. */
	write_file("s/groups/.hidden.prom", "");
	write_file("s/groups/.prom", "");
	write_file("s/groups/.pgw-1-2.tmp", "");
	write_file("s/groups/job=1.prom~", "");
	write_file("s/groups/prom", "");
	assert_int_equal(spool_scan(&spool, see_file, &seen, &error), 0);
	assert_int_equal(seen.count, 1000);
	assert_int_equal(seen.sum, 500500);
	/* Each scan sees the present. */
	assert_int_equal(unlink("s/groups/job=1000.prom"), 0);
	seen = (struct seen_files){0};
	assert_int_equal(spool_scan(&spool, see_file, &seen, &error), 0);
	assert_int_equal(seen.count, 999);
	assert_int_equal(seen.sum, 499500);
	seen = (struct seen_files){.stop_at = "job=7.prom"};
	assert_int_equal(spool_scan(&spool, see_file, &seen, &error), -1);
	assert_string_equal(error.message, "stopped at job=7.prom");
	assert_true(seen.count < 999 || seen.sum == 499500);
	assert_int_equal(count_descriptors(), descriptors);
	spool_close(&spool);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scratch_enter, scratch_leave)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_create),
		TEST(test_create_in_an_empty_directory),
		TEST(test_create_after_a_killed_maker),
		TEST(test_what_is_no_spool),
		TEST(test_versions),
		TEST(test_makers_at_once),
		TEST(test_permissions),
		TEST(test_read),
		TEST(test_read_too_large),
		TEST(test_scan),
	};
	return cmocka_run_group_tests_name("spool", tests, NULL, NULL);
}
