/* A queue beyond what the tests of pgw-push see of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"
#include "queue_file.h"
#include "support/scratch.h"

#define WEEK (7 * 86400 * CLOCK_SECOND)

static char url[] = "http://g:9091/metrics/job/x";

static void add(struct queue *queue, enum store_method method, const char *text)
{
	struct error error;
	const struct queue_entry entry = {.method = method, .url = url, .text = slice_of(text)};
	assert_int_equal(queue_add(queue, &entry, &error), 0);
}

static void make_file(const char *path, time_t modified)
{
	int fd = open(path, O_WRONLY | O_CREAT, 0600);
	const struct timespec times[2] = {{.tv_sec = modified}, {.tv_sec = modified}};
	assert_int_not_equal(fd, -1);
	assert_int_equal(futimens(fd, times), 0);
	close(fd);
}

static void what_is_added_is_read(void **state)
{
	struct queue queue;
	struct queue_names names;
	struct queue_entry entry;
	struct error error;
	assert_int_equal(queue_open(&queue, "read", WEEK, 1000, &error), 0);
	add(&queue, STORE_POST, "a 1\n");
	add(&queue, STORE_PUT, "");
	assert_int_equal(queue_list(&queue, &names, &error), 0);
	assert_int_equal(names.count, 2);
	assert_true(strcmp(names.names[0], names.names[1]) < 0);
	assert_int_equal(queue_read(&queue, names.names[0], &entry, &error), 1);
	assert_int_equal(entry.method, STORE_POST);
	assert_string_equal(entry.url, url);
	assert_true(slice_is(entry.text, "a 1\n"));
	queue_entry_release(&entry);
	assert_int_equal(queue_read(&queue, names.names[1], &entry, &error), 1);
	assert_int_equal(entry.method, STORE_PUT);
	assert_int_equal(entry.text.len, 0);
	queue_entry_release(&entry);
	assert_int_equal(queue_remove(&queue, names.names[0], &error), 0);
	assert_int_equal(queue_remove(&queue, names.names[0], &error), 0);
	assert_int_equal(queue_read(&queue, names.names[0], &entry, &error), 0);
	queue_names_release(&names);
	queue_close(&queue);
}

/* Where the clock was set back, a push still comes behind those before. */
static void order_survives_the_clock(void **state)
{
	struct queue queue;
	struct queue_names names;
	struct error error;
	assert_int_equal(queue_open(&queue, "clock", WEEK, 1000, &error), 0);
	make_file("clock/08000000000000000000", clock_wall() / CLOCK_SECOND);
	add(&queue, STORE_POST, "a 1\n");
	assert_int_equal(queue_list(&queue, &names, &error), 0);
	assert_int_equal(names.count, 2);
	assert_string_equal(names.names[1], "08000000000000000001");
	queue_names_release(&names);
	queue_close(&queue);
}

static void the_lock_keeps_others_out_and_sweeps(void **state)
{
	struct queue queue, other;
	struct error error;
	assert_int_equal(queue_open(&queue, "lock", WEEK, 1000, &error), 0);
	assert_int_equal(queue_open(&other, "lock", WEEK, 1000, &error), 0);
	make_file("lock/.new-0123456789abcdef", clock_wall() / CLOCK_SECOND - 7200);
	make_file("lock/.new-fedcba9876543210", clock_wall() / CLOCK_SECOND);
	assert_int_equal(queue_lock(&queue, 0, &error), 0);
	assert_int_equal(access("lock/.new-0123456789abcdef", F_OK), -1);
	assert_int_equal(access("lock/.new-fedcba9876543210", F_OK), 0);
	assert_int_equal(queue_lock(&other, 0, &error), -1);
	assert_int_equal(error.kind, ERROR_BUSY);
	assert_string_equal(error.message, "the queue lock is locked");
	queue_close(&queue);
	queue_close(&other);
	assert_int_equal(queue_open(&other, "lock", WEEK, 1000, &error), 0);
	assert_int_equal(queue_lock(&other, 0, &error), 0);
	queue_close(&other);
}

/* None older than one that has no room stays, however small. */
static void the_oldest_make_room(void **state)
{
	struct queue queue;
	struct queue_names names;
	struct error error;
	char large[600];
	memset(large, '#', sizeof(large) - 1);
	large[sizeof(large) - 1] = '\0';
	assert_int_equal(queue_open(&queue, "room", WEEK, 1000, &error), 0);
	add(&queue, STORE_POST, "a 1\n");
	add(&queue, STORE_POST, large);
	add(&queue, STORE_POST, large);
	assert_int_equal(queue_list(&queue, &names, &error), 0);
	assert_int_equal(names.count, 1);
	assert_int_equal(queue.dropped, 2);
	queue_names_release(&names);
	queue_close(&queue);
}

static void files_that_are_none(void **state)
{
	static const char *const files[] = {
		"",
		"pgw-queue 1",
		"pgw-queue 1\n",
		"pgw-queue 2\nPOST u\nlength 0\n\n",
		"pgw-queue 1\nDELETE u\nlength 0\n\n",
		"pgw-queue 1\nPOST\nlength 0\n\n",
		"pgw-queue 1\nPOST \nlength 0\n\n",
		"pgw-queue 1\nPOST u\nlength\n\n",
		"pgw-queue 1\nPOST u\nlength 0\n",
		"pgw-queue 1\nPOST u\nlength 0\nx\n",
		"pgw-queue 1\nPOST u\nlength 00\n\n",
		"pgw-queue 1\nPOST u\nlength 1\n\n",
		"pgw-queue 1\nPOST u\nlength 99999999999999999999999999999\n\n",
		"pgw-queue 1\nPOST u\nlength 0\n\na 1\n",
	};
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		struct queue_entry entry = {0};
		struct error error;
		buffer_init(&entry.file, 1000);
		assert_int_equal(buffer_append_string(&entry.file, files[i]), 0);
		assert_int_equal(queue_file_parse(&entry, &error), -1);
		assert_int_equal(error.kind, ERROR_SYNTAX);
		queue_entry_release(&entry);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_added_is_read),
		cmocka_unit_test(order_survives_the_clock),
		cmocka_unit_test(the_lock_keeps_others_out_and_sweeps),
		cmocka_unit_test(the_oldest_make_room),
		cmocka_unit_test(files_that_are_none),
	};
	return cmocka_run_group_tests(tests, scratch_enter, scratch_leave);
}
