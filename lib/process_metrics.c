#include "process_metrics.h"

#include <dirent.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <unistd.h>

#include "canonical.h"
#include "number.h"
#include "own.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

#define FILE_SIZE_MAX (4u << 20) /* /proc/stat grows with the machine's interrupts */

/* NaN stands for what can't be read. */
#define UNKNOWN ((double)NAN)

/* --- /proc --- */

/* What the files have that more than one family comes from: each is read once for all. */
struct process_state {
	/* /proc/self/stat, see proc(5). */
	double start;	 /* clock ticks since boot */
	double virtual;	 /* bytes */
	double resident; /* pages */

	/* /proc/self/net/netstat, see proc_net(5): bytes over IP in our network namespace. */
	double received, sent;
};

/* Reads a file of /proc with a NUL at its end. 0 or -1. */
static int read_file(const char *path, struct buffer *text)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd == -1)
		return -1;
	int result = buffer_read_fd(text, fd);
	close(fd);
	return result == 0 ? buffer_append_byte(text, '\0') : -1;
}

static void read_stat(struct process_state *state)
{
	unsigned long long start, virtual;
	long long resident;
	struct buffer text;
	buffer_init(&text, FILE_SIZE_MAX);
	/* The second field is the program's name, which may hold blanks and parentheses. */
	const char *name_end = read_file("/proc/self/stat", &text) == 0 ? strrchr(text.data, ')') : NULL;
	if (name_end != NULL && sscanf(name_end,
					") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d "
					"%llu %llu %lld",
					&start, &virtual, &resident) == 3) {
		state->start = (double)start;
		state->virtual = (double)virtual;
		state->resident = (double)resident;
	}
	buffer_release(&text);
}

/* When the machine was started, in seconds since the epoch. Of the kernel's counting rather than a difference of two
 * clocks, which would not be the same at each scrape. */
static double boot_time(void)
{
	static const char key[] = "\nbtime ";
	unsigned long long seconds;
	struct buffer text;
	buffer_init(&text, FILE_SIZE_MAX);
	const char *line = read_file("/proc/stat", &text) == 0 ? strstr(text.data, key) : NULL;
	bool found = line != NULL && sscanf(line + strlen(key), "%llu", &seconds) == 1;
	buffer_release(&text);
	return found ? (double)seconds : UNKNOWN;
}

/* The next blank-separated word of a line; len is 0 at its end. */
static struct slice take_word(const char **line)
{
	*line += strspn(*line, " ");
	struct slice word = slice_make(*line, strcspn(*line, " \n"));
	*line += word.len;
	return word;
}

/* The kernel writes a line of names, then one of values. */
static void read_network(struct process_state *state)
{
	static const char key[] = "\nIpExt:";
	struct buffer text;
	struct slice word, number;
	buffer_init(&text, FILE_SIZE_MAX);
	const char *names = read_file("/proc/self/net/netstat", &text) == 0 ? strstr(text.data, key) : NULL;
	const char *values = names != NULL ? strstr(names + 1, key) : NULL;
	if (values != NULL) {
		names += strlen(key);
		values += strlen(key);
		while ((word = take_word(&names)).len > 0 && (number = take_word(&values)).len > 0) {
			if (slice_is(word, "InOctets"))
				state->received = (double)strtoull(number.data, NULL, 10);
			else if (slice_is(word, "OutOctets"))
				state->sent = (double)strtoull(number.data, NULL, 10);
		}
	}
	buffer_release(&text);
}

static struct process_state read_state(void)
{
	struct process_state state = {UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN};
	read_stat(&state);
	read_network(&state);
	return state;
}

/* --- one function a family --- */

static double cpu_seconds(const struct process_state *state)
{
	struct rusage usage;
	struct timeval sum;
	if (getrusage(RUSAGE_SELF, &usage) == -1)
		return UNKNOWN;
	timeradd(&usage.ru_utime, &usage.ru_stime, &sum);
	return (double)((long long)sum.tv_sec * 1000000 + sum.tv_usec) / 1e6;
}

/* The soft limit; none is 2^64 - 1, as with client_golang. */
static double limit(int resource)
{
	struct rlimit limits;
	return getrlimit(resource, &limits) == 0 ? (double)limits.rlim_cur : UNKNOWN;
}

static double max_fds(const struct process_state *state)
{
	return limit(RLIMIT_NOFILE);
}

static double received_bytes(const struct process_state *state)
{
	return state->received;
}

static double sent_bytes(const struct process_state *state)
{
	return state->sent;
}

static double open_fds(const struct process_state *state)
{
	DIR *directory = opendir("/proc/self/fd");
	if (directory == NULL)
		return UNKNOWN;
	int count = 0;
	while (readdir(directory) != NULL)
		count++;
	closedir(directory);
	/* Neither "." and ".." nor the descriptor that we list with. */
	return count - 3;
}

static double resident_bytes(const struct process_state *state)
{
	return state->resident * (double)sysconf(_SC_PAGESIZE);
}

static double start_seconds(const struct process_state *state)
{
	return boot_time() + state->start / (double)sysconf(_SC_CLK_TCK);
}

static double virtual_bytes(const struct process_state *state)
{
	return state->virtual;
}

static double max_virtual_bytes(const struct process_state *state)
{
	return limit(RLIMIT_AS);
}

static const struct {
	const char *name;
	double (*value)(const struct process_state *state);
} families[] = {
	{"process_cpu_seconds_total", cpu_seconds},
	{"process_max_fds", max_fds},
	{"process_network_receive_bytes_total", received_bytes},
	{"process_network_transmit_bytes_total", sent_bytes},
	{"process_open_fds", open_fds},
	{"process_resident_memory_bytes", resident_bytes},
	{"process_start_time_seconds", start_seconds},
	{"process_virtual_memory_bytes", virtual_bytes},
	{"process_virtual_memory_max_bytes", max_virtual_bytes},
};

static int append_family(struct buffer *out, const char *name, double value)
{
	const struct own_family *own = own_family(slice_of(name));
	char text[NUMBER_TEXT_SIZE];
	size_t length = number_format(value, text);
	if (canonical_append_head(out, slice_of(own->name), slice_of(own->help), own->type) == -1)
		return -1;
	return buffer_printf(out, "%s %.*s\n", name, (int)length, text);
}

int process_metrics_append(struct buffer *out, struct error *error)
{
	const size_t before = out->len;
	const struct process_state state = read_state();
	for (size_t i = 0; i < COUNT(families); i++) {
		double value = families[i].value(&state);
		if (isnan(value))
			continue;
		if (append_family(out, families[i].name, value) == -1) {
			out->len = before;
			return error_set_memory(error);
		}
	}
	return 0;
}
