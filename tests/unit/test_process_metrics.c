#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "process_metrics.h"
#include "support/scratch.h"

#define UNLIMITED "1.8446744073709552e+19"

static char *read_text(void)
{
	struct buffer text;
	struct error error = {0};
	buffer_init(&text, 1 << 16);
	if (process_metrics_append(&text, &error) == -1)
		fail_msg("%s", error.message);
	assert_int_equal(buffer_append_byte(&text, '\0'), 0);
	return text.data;
}

/* The value of a family as text; it is taken out of `text`, so that what is left can be compared. */
static const char *take(char *text, const char *name)
{
	static char value[64];
	char key[100];
	snprintf(key, sizeof(key), "\n%s ", name);
	char *at = strstr(text, key);
	assert_non_null(at);
	at += strlen(key);
	size_t length = strcspn(at, "\n");
	assert_true(length < sizeof(value));
	memcpy(value, at, length);
	value[length] = '\0';
	memmove(at, at + length, strlen(at + length) + 1);
	return value;
}

static double read_value(const char *name)
{
	char *text = read_text();
	double value = atof(take(text, name));
	free(text);
	return value;
}

static void test_families(void **state)
{
	static const char *const names[] = {"process_cpu_seconds_total", "process_max_fds",
		"process_network_receive_bytes_total", "process_network_transmit_bytes_total", "process_open_fds",
		"process_resident_memory_bytes", "process_start_time_seconds", "process_virtual_memory_bytes",
		"process_virtual_memory_max_bytes"};
	char *text = read_text();
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char *end;
		const char *value = take(text, names[i]);
		assert_int_not_equal(strlen(value), 0);
		assert_true(strtod(value, &end) >= 0);
		assert_int_equal(*end, '\0');
	}
	assert_string_equal(text,
		"# HELP process_cpu_seconds_total CPU time of the serving process in user and kernel mode.\n"
		"# TYPE process_cpu_seconds_total counter\n"
		"process_cpu_seconds_total \n"
		"# HELP process_max_fds How many file descriptors the serving process may have open.\n"
		"# TYPE process_max_fds gauge\n"
		"process_max_fds \n"
		"# HELP process_network_receive_bytes_total Bytes that came in over IP in the network namespace of the "
		"serving process.\n"
		"# TYPE process_network_receive_bytes_total counter\n"
		"process_network_receive_bytes_total \n"
		"# HELP process_network_transmit_bytes_total Bytes that went out over IP in the network namespace of "
		"the "
		"serving process.\n"
		"# TYPE process_network_transmit_bytes_total counter\n"
		"process_network_transmit_bytes_total \n"
		"# HELP process_open_fds How many file descriptors the serving process has open.\n"
		"# TYPE process_open_fds gauge\n"
		"process_open_fds \n"
		"# HELP process_resident_memory_bytes Memory of the serving process that is in RAM.\n"
		"# TYPE process_resident_memory_bytes gauge\n"
		"process_resident_memory_bytes \n"
		"# HELP process_start_time_seconds When the serving process was started, in seconds since the epoch.\n"
		"# TYPE process_start_time_seconds gauge\n"
		"process_start_time_seconds \n"
		"# HELP process_virtual_memory_bytes Size of the serving process's address space.\n"
		"# TYPE process_virtual_memory_bytes gauge\n"
		"process_virtual_memory_bytes \n"
		"# HELP process_virtual_memory_max_bytes Limit of the serving process's address space.\n"
		"# TYPE process_virtual_memory_max_bytes gauge\n"
		"process_virtual_memory_max_bytes \n");
	free(text);
}

static void test_cpu_seconds(void **state)
{
	struct timespec before, after;
	assert_int_equal(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &before), 0);
	do
		assert_int_equal(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &after), 0);
	while (after.tv_sec * 1000 + after.tv_nsec / 1000000 < before.tv_sec * 1000 + before.tv_nsec / 1000000 + 50);
	double value = read_value("process_cpu_seconds_total");
	/* Kernels that count by ticks may be one behind. */
	assert_true(value >= (double)after.tv_sec + (double)after.tv_nsec / 1e9 - 0.02);
	assert_int_equal(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &after), 0);
	assert_true(value <= (double)after.tv_sec + (double)after.tv_nsec / 1e9 + 0.02);
}

static void test_open_fds(void **state)
{
	int fds[10];
	double before = read_value("process_open_fds");
	assert_true(before == (double)(int)before);
	for (int i = 0; i < 10; i++)
		assert_int_not_equal(fds[i] = dup(0), -1);
	assert_true(read_value("process_open_fds") == before + 10);
	for (int i = 0; i < 10; i++)
		close(fds[i]);
	assert_true(read_value("process_open_fds") == before);
	/* Counted in another way: what can be duplicated is open. */
	int count = 0;
	for (int fd = 0; fd < 4096; fd++)
		count += fcntl(fd, F_GETFD) != -1;
	assert_true(before == count);
}

static void set_limit(int resource, rlim_t soft)
{
	struct rlimit limit;
	assert_int_equal(getrlimit(resource, &limit), 0);
	limit.rlim_cur = soft;
	assert_int_equal(setrlimit(resource, &limit), 0);
}

/* The soft limits. */
static void test_limits(void **state)
{
	struct rlimit before;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	set_limit(RLIMIT_NOFILE, 123);
	assert_true(read_value("process_max_fds") == 123);
	set_limit(RLIMIT_NOFILE, before.rlim_cur);

	assert_int_equal(getrlimit(RLIMIT_AS, &before), 0);
	if (before.rlim_max != RLIM_INFINITY)
		skip();
	char *text = read_text();
	assert_string_equal(take(text, "process_virtual_memory_max_bytes"), UNLIMITED);
	free(text);
	/* Over what a sanitizer reserves. */
	set_limit(RLIMIT_AS, (rlim_t)1 << 50);
	assert_true(read_value("process_virtual_memory_max_bytes") == (double)((rlim_t)1 << 50));
	set_limit(RLIMIT_AS, before.rlim_cur);
}

static double read_network(const char *direction)
{
	char name[64];
	snprintf(name, sizeof(name), "process_network_%s_bytes_total", direction);
	return read_value(name);
}

/* What is sent over the loopback interface goes out and comes in. */
static void test_network(void **state)
{
	static char bytes[1000];
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(address);
	double received = read_network("receive"), sent = read_network("transmit");
	int socket_fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(socket_fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(getsockname(socket_fd, (struct sockaddr *)&address, &len), 0);
	for (int i = 0; i < 100; i++) {
		assert_int_equal(
			sendto(socket_fd, bytes, sizeof(bytes), 0, (struct sockaddr *)&address, len), sizeof(bytes));
		assert_int_equal(recv(socket_fd, bytes, sizeof(bytes), 0), sizeof(bytes));
	}
	close(socket_fd);
	assert_true(read_network("receive") >= received + 100 * 1028);
	assert_true(read_network("transmit") >= sent + 100 * 1028);
}

static void test_memory(void **state)
{
	const size_t size = 64u << 20;
	double virtual = read_value("process_virtual_memory_bytes");
	double resident = read_value("process_resident_memory_bytes");
	char *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(memory, MAP_FAILED);
	assert_true(read_value("process_virtual_memory_bytes") - virtual >= size);
	assert_true(read_value("process_virtual_memory_bytes") - virtual < size + (16u << 20));
	assert_true(read_value("process_resident_memory_bytes") - resident < size / 2);
	memset(memory, 1, size);
	assert_true(read_value("process_resident_memory_bytes") - resident >= size * 3 / 4);
	assert_true(read_value("process_resident_memory_bytes") < read_value("process_virtual_memory_bytes"));
	munmap(memory, size);
}

static void test_start_time(void **state)
{
	double value = read_value("process_start_time_seconds");
	/* The kernel gives the boot time in whole seconds. */
	assert_true(value <= (double)time(NULL) + 2);
	struct timespec up, now;
	assert_int_equal(clock_gettime(CLOCK_BOOTTIME, &up), 0);
	assert_int_equal(clock_gettime(CLOCK_REALTIME, &now), 0);
	assert_true(value >= (double)(now.tv_sec - up.tv_sec) - 2);
	/* The same for good. */
	char *first = read_text();
	nanosleep(&(struct timespec){.tv_nsec = 30000000}, NULL);
	char *second = read_text();
	char kept[64];
	strcpy(kept, take(first, "process_start_time_seconds"));
	assert_string_equal(take(second, "process_start_time_seconds"), kept);
	free(first);
	free(second);
	/* A later process started later: by the clock tick at least. */
	pid_t pid = fork();
	if (pid == 0)
		_exit(read_value("process_start_time_seconds") > value ? 0 : 1);
	int status;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

/* The name stands in /proc/self/stat before the numbers. */
static void test_odd_name(void **state)
{
	char before[16];
	char *expected = read_text(), *text;
	assert_int_equal(prctl(PR_GET_NAME, before), 0);
	assert_int_equal(prctl(PR_SET_NAME, "a) R 1 1\n(b) ("), 0);
	text = read_text();
	assert_int_equal(prctl(PR_SET_NAME, before), 0);
	char kept[64];
	strcpy(kept, take(expected, "process_start_time_seconds"));
	assert_string_equal(take(text, "process_start_time_seconds"), kept);
	free(expected);
	free(text);
}

/* In a chroot without /proc: the limits and the time are there, the rest is left out. */
static void test_without_proc(void **state)
{
	char folder[SCRATCH_PATH_SIZE];
	if (geteuid() != 0)
		skip();
	assert_int_equal(scratch_make(folder), 0);
	pid_t pid = fork();
	if (pid == 0) {
		if (chroot(folder) == -1 || chdir("/") == -1)
			_exit(2);
		char *text = read_text();
		take(text, "process_cpu_seconds_total");
		take(text, "process_max_fds");
		take(text, "process_virtual_memory_max_bytes");
		int status = strcmp(text,
			"# HELP process_cpu_seconds_total CPU time of the serving process in user and kernel mode.\n"
			"# TYPE process_cpu_seconds_total counter\n"
			"process_cpu_seconds_total \n"
			"# HELP process_max_fds How many file descriptors the serving process may have open.\n"
			"# TYPE process_max_fds gauge\n"
			"process_max_fds \n"
			"# HELP process_virtual_memory_max_bytes Limit of the serving process's address space.\n"
			"# TYPE process_virtual_memory_max_bytes gauge\n"
			"process_virtual_memory_max_bytes \n");
		free(text);
		_exit(status == 0 ? 0 : 1);
	}
	int status;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(rmdir(folder), 0);
	assert_int_equal(status, 0);
}

static void test_no_room_for_the_text(void **state)
{
	struct buffer text;
	struct error error = {0};
	for (size_t max = 5; max < 900; max += 100) {
		buffer_init(&text, max);
		assert_int_equal(buffer_append_string(&text, "kept\n"), 0);
		assert_int_equal(process_metrics_append(&text, &error), -1);
		assert_int_equal(error.kind, ERROR_MEMORY);
		assert_true(slice_is(buffer_slice(&text), "kept\n"));
		buffer_release(&text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_families),
		cmocka_unit_test(test_cpu_seconds),
		cmocka_unit_test(test_open_fds),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_network),
		cmocka_unit_test(test_memory),
		cmocka_unit_test(test_start_time),
		cmocka_unit_test(test_odd_name),
		cmocka_unit_test(test_without_proc),
		cmocka_unit_test(test_no_room_for_the_text),
	};
	return cmocka_run_group_tests_name("process_metrics", tests, NULL, NULL);
}
