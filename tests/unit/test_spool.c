#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "spool.h"
#include "support/files.h"
#include "support/scratch.h"

/* Every test has a scratch folder of its own, which is its working directory. The spool is "s" in it. */
static const struct spool_options defaults = SPOOL_OPTIONS_DEFAULT;
static const struct spool_options no_sync = {.create = true, .lock_timeout = 10000};
static const struct spool_options read_only = {.read_only = true};

static struct spool open_spool(const struct spool_options *options)
{
	struct spool spool;
	struct error error;
	if (spool_open(&spool, "s", options, &error) == -1)
		fail_msg("%s", error.message);
	return spool;
}

static void assert_open_fails(const struct spool_options *options, enum error_kind kind, const char *message)
{
	struct spool spool;
	struct error error = {0};
	assert_int_equal(spool_open(&spool, "s", options, &error), -1);
	assert_string_equal(error.message, message);
	assert_int_equal(error.kind, kind);
}

static mode_t mode_of(const char *path)
{
	struct stat status;
	assert_int_equal(stat(path, &status), 0);
	return status.st_mode;
}

static int count_descriptors(void)
{
	int count = 0;
	DIR *stream = opendir("/proc/self/fd");
	assert_non_null(stream);
	while (readdir(stream) != NULL)
		count++;
	closedir(stream);
	return count;
}

static struct spool_change put(const char *file, const char *text)
{
	return (struct spool_change){.file = slice_of(file), .text = slice_of(text)};
}

static struct spool_change removal(const char *file)
{
	return (struct spool_change){.file = slice_of(file)};
}

static void apply(struct spool *spool, struct spool_change *changes, size_t count)
{
	struct error error;
	assert_int_equal(spool_lock(spool, &error), 0);
	spool_apply(spool, changes, count);
	spool_unlock(spool);
}

static void apply_one(struct spool *spool, struct spool_change change)
{
	apply(spool, &change, 1);
	if (change.failed)
		fail_msg("%s", change.error.message);
}

/* Runs a function in a child, which the alarm ends where the test can't any more. */
static pid_t start(int (*run)(int argument), int argument)
{
	fflush(NULL);
	pid_t pid = fork();
	assert_int_not_equal(pid, -1);
	if (pid == 0) {
		alarm(60);
		_exit(run(argument));
	}
	return pid;
}

static void assert_ends_well(pid_t pid)
{
	int status;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
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

/* --- the lock --- */

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

/* --- reading --- */

static int read_file(struct spool *spool, const char *file, const char *expected)
{
	struct buffer text;
	struct file_id id = {0};
	struct error error = {0};
	buffer_init(&text, 100);
	int result = spool_read(spool, file, &text, &id, &error);
	if (result == 1) {
		struct stat status;
		assert_int_equal(text.len, strlen(expected));
		assert_memory_equal(text.data, expected, text.len);
		assert_int_equal(fstatat(spool->groups, file, &status, 0), 0);
		assert_int_equal(id.inode, status.st_ino);
		assert_int_equal(id.size, status.st_size);
		assert_int_equal(
			id.modified, (int64_t)status.st_mtim.tv_sec * 1000000000 + (int64_t)status.st_mtim.tv_nsec);
		struct file_id same = {0};
		assert_int_equal(spool_identify(spool, file, &same, &error), 1);
		assert_memory_equal(&same, &id, sizeof(id));
	} else {
		assert_int_equal(text.len, 0);
	}
	buffer_release(&text);
	return result;
}

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

struct seen {
	size_t count;
	unsigned sum;
	const char *stop_at;
};

static int see(const char *file, void *context, struct error *error)
{
	struct seen *seen = context;
	unsigned number = 0;
	seen->count++;
	sscanf(file, "job=%u.prom", &number);
	seen->sum += number;
	if (seen->stop_at != NULL && strcmp(file, seen->stop_at) == 0)
		return error_set(error, ERROR_SYNTAX, "stopped at %s", file);
	return 0;
}

static void test_scan(void **state)
{
	struct spool spool = open_spool(&defaults);
	struct error error;
	int descriptors = count_descriptors();
	char path[64];
	struct seen seen = {0};
	assert_int_equal(spool_scan(&spool, see, &seen, &error), 0);
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
	assert_int_equal(spool_scan(&spool, see, &seen, &error), 0);
	assert_int_equal(seen.count, 1000);
	assert_int_equal(seen.sum, 500500);
	/* Each scan sees the present. */
	assert_int_equal(unlink("s/groups/job=1000.prom"), 0);
	seen = (struct seen){0};
	assert_int_equal(spool_scan(&spool, see, &seen, &error), 0);
	assert_int_equal(seen.count, 999);
	assert_int_equal(seen.sum, 499500);
	seen = (struct seen){.stop_at = "job=7.prom"};
	assert_int_equal(spool_scan(&spool, see, &seen, &error), -1);
	assert_string_equal(error.message, "stopped at job=7.prom");
	assert_true(seen.count < 999 || seen.sum == 499500);
	assert_int_equal(count_descriptors(), descriptors);
	spool_close(&spool);
}

/* --- writing --- */

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
	struct seen seen = {0};
	assert_int_equal(spool_lock(&spool, &error), 0);
	apply_batch(&spool, 128);
	apply_batch(&spool, next_descriptor() + 5);
	apply_batch(&spool, next_descriptor() + 1);
	assert_int_equal(spool_scan(&spool, see, &seen, &error), 0);
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
		TEST(test_create),
		TEST(test_create_in_an_empty_directory),
		TEST(test_create_after_a_killed_maker),
		TEST(test_what_is_no_spool),
		TEST(test_versions),
		TEST(test_makers_at_once),
		TEST(test_permissions),
		TEST(test_lock),
		TEST(test_removed),
		TEST(test_new),
		TEST(test_deleted_lock),
		TEST(test_writers_at_once),
		TEST(test_read),
		TEST(test_read_too_large),
		TEST(test_scan),
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
