/* The file in which the processes of a spool count: many at once, those that die, and what is damaged or locked. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "support/counted.h"

#define WORKERS	   4
#define PER_WORKER 20000

static void add_many(void)
{
	for (int i = 0; i < PER_WORKER; i++) {
		counters_add_request(counters, "push", "put", 200);
		counters_add_scrape(counters, 200);
		counters_add_push(counters, "put", 0.25, 1000);
		counters_add_sync(counters, 0.5);
	}
}

static const char added_by_all[] =
	NOT_DROPPED "pgw_sync_seconds_sum 40000\n"
		    "pgw_sync_seconds_count 80000\n"
		    "promhttp_metric_handler_requests_total{code=\"200\"} 80000\n"
		    "promhttp_metric_handler_requests_total{code=\"500\"} 0\n"
		    "promhttp_metric_handler_requests_total{code=\"503\"} 0\n"
		    "pushgateway_http_push_duration_seconds{method=\"put\",quantile=\"0.1\"} 0.25\n"
		    "pushgateway_http_push_duration_seconds{method=\"put\",quantile=\"0.5\"} 0.25\n"
		    "pushgateway_http_push_duration_seconds{method=\"put\",quantile=\"0.9\"} 0.25\n"
		    "pushgateway_http_push_duration_seconds_sum{method=\"put\"} 20000\n"
		    "pushgateway_http_push_duration_seconds_count{method=\"put\"} 80000\n"
		    "pushgateway_http_push_size_bytes{method=\"put\",quantile=\"0.1\"} 1000\n"
		    "pushgateway_http_push_size_bytes{method=\"put\",quantile=\"0.5\"} 1000\n"
		    "pushgateway_http_push_size_bytes{method=\"put\",quantile=\"0.9\"} 1000\n"
		    "pushgateway_http_push_size_bytes_sum{method=\"put\"} 8e+07\n"
		    "pushgateway_http_push_size_bytes_count{method=\"put\"} 80000\n" REQUESTS
		    "{code=\"200\",handler=\"push\",method=\"put\"} 80000\n";

static pid_t fork_worker(void (*work)(void))
{
	pid_t pid = fork();
	if (pid == 0) {
		/* Not even a failed assertion may go on with the parent's tests. */
		alarm(60);
		counters_close(counters);
		struct error error;
		counters = counters_open(directory, &error);
		if (counters == NULL)
			_exit(1);
		work();
		counters_close(counters);
		_exit(0);
	}
	assert_int_not_equal(pid, -1);
	return pid;
}

static void assert_exits(const pid_t pids[], size_t count)
{
	for (size_t i = 0; i < count; i++) {
		int status;
		assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
		assert_int_equal(status, 0);
	}
}

static void test_processes(void **state)
{
	pid_t pids[WORKERS];
	for (int i = 0; i < WORKERS; i++)
		pids[i] = fork_worker(add_many);
	assert_exits(pids, WORKERS);
	assert_samples(added_by_all);
}

/* Each flushes often, so that they meet at the file. */
static void add_and_flush(void)
{
	struct error error;
	for (int i = 0; i < 500; i++) {
		counters_add_scrape(counters, 200);
		counters_add_push(counters, "put", 0.25, 1000);
		while (counters_flush(counters, &error) == -1)
			if (error.kind != ERROR_BUSY)
				_exit(1);
	}
}

static void test_flushed_at_once(void **state)
{
	pid_t pids[WORKERS];
	for (int i = 0; i < WORKERS; i++)
		pids[i] = fork_worker(add_and_flush);
	assert_exits(pids, WORKERS);
	char *text = text_of(counters, false);
	assert_non_null(strstr(text, "promhttp_metric_handler_requests_total{code=\"200\"} 2000\n"));
	assert_non_null(strstr(text, "pushgateway_http_push_duration_seconds_sum{method=\"put\"} 500\n"));
	assert_non_null(strstr(text, "pushgateway_http_push_duration_seconds_count{method=\"put\"} 2000\n"));
	free(text);
}

static void add_one(void)
{
	counters_add_scrape(counters, 200);
}

/* Of several that find no file, or a bad one, one makes it, and none counts into another one. */
static void test_made_by_many_at_once(void **state)
{
	for (int round = 0; round < 50; round++) {
		pid_t pids[WORKERS];
		assert_int_equal(round % 2 == 0 ? unlink("counters") : truncate("counters", 1), 0);
		for (int i = 0; i < WORKERS; i++)
			pids[i] = fork_worker(add_one);
		assert_exits(pids, WORKERS);
		struct counters *made = open_counters();
		assert_samples_of(made, NO_SYNC "promhttp_metric_handler_requests_total{code=\"200\"} 4\n"
						"promhttp_metric_handler_requests_total{code=\"500\"} 0\n"
						"promhttp_metric_handler_requests_total{code=\"503\"} 0\n");
		counters_close(made);
	}
}

static void add_forever(void)
{
	struct error error;
	for (unsigned i = 0;; i++) {
		counters_add_push(counters, "put", 0.25, 1000);
		counters_add_scrape(counters, 200);
		if (i % 64 == 0 && counters_flush(counters, &error) == -1)
			_exit(1);
		if (i % 128 == 0)
			unlink("counters");
	}
}

/* Whenever a process is killed, the file is usable, or missing. */
static void test_killed(void **state)
{
	for (unsigned i = 0; i < 100; i++) {
		pid_t pid = fork_worker(add_forever);
		nanosleep(&(struct timespec){.tv_nsec = 50000 + i * 10007 % 1000000}, NULL);
		assert_int_equal(kill(pid, SIGKILL), 0);
		int status;
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
		struct counters *left = open_counters();
		char *before = text_of(left, false), *after;
		counters_add_sync(left, 1);
		after = text_of(left, false);
		assert_memory_equal(before, NO_SYNC, strlen(NO_SYNC));
		assert_memory_equal(
			after, NOT_DROPPED "pgw_sync_seconds_sum 1\npgw_sync_seconds_count 1\n", strlen(NO_SYNC));
		assert_string_equal(before + strlen(NO_SYNC), after + strlen(NO_SYNC));
		free(before);
		free(after);
		counters_close(left);
		assert_int_equal(unlink("counters"), 0);
	}
}

#define SCRAPES(count)                                                                                                 \
	NO_SYNC "promhttp_metric_handler_requests_total{code=\"200\"} " count "\n"                                     \
		"promhttp_metric_handler_requests_total{code=\"500\"} 0\n"                                             \
		"promhttp_metric_handler_requests_total{code=\"503\"} 0\n"

/* A process that is killed takes with it what it had not flushed. */
static void add_one_and_die(void)
{
	struct error error;
	add_one();
	if (counters_flush(counters, &error) == -1)
		_exit(1);
	add_one();
	_exit(0);
}

static void test_flushed(void **state)
{
	struct error error = {0};
	struct counters *other = open_counters();
	assert_false(counters_pending(counters));
	assert_int_equal(counters_flush(counters, &error), 0);
	add_one();
	assert_true(counters_pending(counters));
	assert_samples_of(other, NO_SYNC NO_SCRAPES);
	assert_int_equal(counters_flush(counters, &error), 0);
	assert_false(counters_pending(counters));
	assert_samples_of(other, SCRAPES("1"));
	pid_t pid = fork_worker(add_one_and_die);
	assert_exits(&pid, 1);
	assert_samples(SCRAPES("2"));
	counters_close(other);
}

/* What is in the file begins again with it; what is not yet there is not lost. */
static void test_kept_deleted_and_cut(void **state)
{
	struct error error = {0};
	add_one();
	counters_close(counters);
	counters = open_counters();
	add_one();
	assert_samples(SCRAPES("2"));
	assert_int_equal(unlink("counters"), 0);
	add_one();
	assert_samples(SCRAPES("1"));
	assert_int_equal(truncate("counters", 10), 0);
	add_one();
	assert_int_equal(counters_flush(counters, &error), 0);
	assert_int_equal(truncate("counters", 0), 0);
	add_one();
	add_one();
	assert_samples(SCRAPES("2"));
	struct counters *next = open_counters();
	assert_samples_of(next, SCRAPES("2"));
	counters_close(next);
	counters_close(NULL);
}

/* What can't be written stays pending, and counts. */
static void test_file_that_cant_be_written(void **state)
{
	struct error error = {0};
	add_one();
	assert_samples(SCRAPES("1"));
	assert_int_equal(unlink("counters"), 0);
	assert_int_equal(mkdir("counters", 0755), 0);
	add_one();
	for (int i = 0; i < 2; i++) {
		assert_int_equal(counters_flush(counters, &error), -1);
		assert_string_equal(error.message, "can't open counters: Is a directory");
		assert_true(counters_pending(counters));
		assert_samples(SCRAPES("2"));
	}
	assert_int_equal(rmdir("counters"), 0);
	assert_samples(SCRAPES("1"));
}

static void test_locked(void **state)
{
	struct error error = {0};
	int held = open("counters", O_RDONLY | O_CLOEXEC);
	assert_int_equal(flock(held, LOCK_EX), 0);
	add_one();
	assert_int_equal(counters_flush(counters, &error), -1);
	assert_string_equal(error.message, "can't open counters: somebody keeps it locked");
	assert_int_equal(error.kind, ERROR_BUSY);
	assert_samples(SCRAPES("1"));
	close(held);
	assert_int_equal(counters_flush(counters, &error), 0);
	assert_samples(SCRAPES("1"));
}

/* The ring of the file goes round where the one of this process does, and between flushes. */
static void test_rings_go_round(void **state)
{
	struct error error = {0};
	for (int i = 0; i < 5000; i++)
		counters_add_push(counters, "put", 1, 1);
	assert_int_equal(counters_flush(counters, &error), 0);
	for (int i = 0; i < 5000; i++)
		counters_add_push(counters, "put", 2, 2);
	char *text = text_of(counters, false);
	/* 3192 of the older ones are left. */
	assert_non_null(strstr(text, "push_size_bytes{method=\"put\",quantile=\"0.1\"} 1\n"));
	assert_non_null(strstr(text, "push_size_bytes{method=\"put\",quantile=\"0.5\"} 2\n"));
	free(text);
	for (int i = 0; i < 8192; i++)
		counters_add_push(counters, "put", 3, 3);
	for (int i = 0; i < 100; i++)
		counters_add_push(counters, "put", 4, 4);
	text = text_of(counters, false);
	assert_non_null(strstr(text, "push_size_bytes{method=\"put\",quantile=\"0.1\"} 3\n"));
	assert_non_null(strstr(text, "push_size_bytes{method=\"put\",quantile=\"0.9\"} 3\n"));
	assert_non_null(strstr(text, "push_size_bytes_count{method=\"put\"} 18292\n"));
	free(text);
}

static void test_dropped_and_reset(void **state)
{
	counters_add_dropped(counters, 0);
	assert_false(counters_pending(counters));
	counters_add_dropped(counters, 3);
	counters_add_dropped(counters, 2);
	char *text = text_of(counters, false);
	assert_memory_equal(text, "pgw_scrape_dropped_series_total 5\n", 34);
	free(text);
	add_one();
	counters_reset(counters);
	assert_false(counters_pending(counters));
	assert_samples(NO_SYNC NO_SCRAPES);
}

static void write_at(off_t offset, const char *bytes, size_t len)
{
	int fd = open("counters", O_WRONLY | O_CLOEXEC);
	assert_int_not_equal(fd, -1);
	assert_int_equal(pwrite(fd, bytes, len, offset), len);
	close(fd);
}

static void read_start(char *bytes, size_t len)
{
	int fd = open("counters", O_RDONLY | O_CLOEXEC);
	assert_int_not_equal(fd, -1);
	assert_int_equal(read(fd, bytes, len), len);
	close(fd);
}

/* The file starts with its magic and, as four bytes, the version of its layout. */
static void test_damaged(void **state)
{
	static const struct {
		off_t offset;
		char byte;
	} cases[] = {{0, 'P'}, {11, 'x'}, {12, 1}, {15, 1}};
	uint32_t version = 2;
	char start[16];
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct counters *damaged = open_counters();
		counters_add_scrape(damaged, 200);
		free(text_of(damaged, false));
		write_at(cases[i].offset, &cases[i].byte, 1);
		counters_close(damaged);
		struct counters *next = open_counters();
		assert_samples_of(next, NO_SYNC NO_SCRAPES);
		read_start(start, sizeof(start));
		counters_close(next);
		assert_memory_equal(start, "pgw counters", 12);
		assert_memory_equal(start + 12, &version, 4);
	}
	struct stat status;
	assert_int_equal(stat("counters", &status), 0);
	assert_int_equal(truncate("counters", status.st_size - 8), 0);
	struct counters *next = open_counters();
	assert_samples_of(next, NO_SYNC NO_SCRAPES);
	counters_close(next);
}

/* Somebody filled it with ones: the numbers are nonsense, but it is read and can be counted in. */
static void test_garbage(void **state)
{
	char ones[4096];
	memset(ones, 0xff, sizeof(ones));
	struct stat status;
	assert_int_equal(stat("counters", &status), 0);
	for (off_t at = 16; at < status.st_size; at += (off_t)sizeof(ones))
		write_at(at, ones,
			status.st_size - at < (off_t)sizeof(ones) ? (size_t)(status.st_size - at) : sizeof(ones));
	add_many();
	char *text = text_of(counters, false);
	assert_non_null(strstr(text, "pgw_sync_seconds_sum NaN\npgw_sync_seconds_count 19999\n"));
	assert_non_null(
		strstr(text, REQUESTS "{code=\"507\",handler=\"wipe\",method=\"unknown\"} 1.8446744073709552e+19\n"));
	free(text);
}

static void test_errors(void **state)
{
	struct error error = {0};
	assert_int_equal(unlink("counters"), 0);
	assert_int_equal(mkdir("counters", 0755), 0);
	assert_null(counters_open(directory, &error));
	assert_string_equal(error.message, "can't open counters: Is a directory");
	assert_int_equal(error.kind, ERROR_CREATE);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, counters_set_up, counters_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_processes),
		TEST(test_flushed_at_once),
		TEST(test_made_by_many_at_once),
		TEST(test_killed),
		TEST(test_flushed),
		TEST(test_kept_deleted_and_cut),
		TEST(test_file_that_cant_be_written),
		TEST(test_locked),
		TEST(test_rings_go_round),
		TEST(test_dropped_and_reset),
		TEST(test_damaged),
		TEST(test_garbage),
		TEST(test_errors),
	};
	return cmocka_run_group_tests_name("counters", tests, NULL, NULL);
}
