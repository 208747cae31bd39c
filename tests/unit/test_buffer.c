#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "buffer.h"

static void assert_holds(const struct buffer *buffer, const char *text)
{
	assert_int_equal(buffer->len, strlen(text));
	assert_memory_equal(buffer->data, text, buffer->len);
}

static void what_is_appended_stands_there(void **state)
{
	struct buffer buffer;
	buffer_init(&buffer, 1000);
	assert_null(buffer.data);
	assert_int_equal(buffer_append(&buffer, "a\0b", 3), 0);
	assert_int_equal(buffer_append(&buffer, NULL, 0), 0);
	assert_int_equal(buffer.len, 3);
	assert_memory_equal(buffer.data, "a\0b", 3);
	buffer_clear(&buffer);
	assert_int_equal(buffer_append_string(&buffer, "one"), 0);
	assert_int_equal(buffer_append_slice(&buffer, slice_of(" two")), 0);
	assert_int_equal(buffer_append_byte(&buffer, ','), 0);
	assert_int_equal(buffer_printf(&buffer, "%d%s", 3, ""), 0);
	assert_holds(&buffer, "one two,3");
	buffer_release(&buffer);
	assert_null(buffer.data);
	assert_int_equal(buffer.max, 1000);
}

static void it_grows_up_to_the_maximum(void **state)
{
	struct buffer buffer;
	buffer_init(&buffer, 1000);
	for (size_t i = 0; i < 1000; i++) {
		assert_int_equal(buffer_append_byte(&buffer, (char)i), 0);
		assert_true(buffer.capacity <= 1000);
	}
	errno = 0;
	assert_int_equal(buffer_append_byte(&buffer, 'x'), -1);
	assert_int_equal(errno, EMSGSIZE);
	assert_int_equal(buffer.len, 1000);
	for (size_t i = 0; i < 1000; i++)
		assert_int_equal(buffer.data[i], (char)i);
	buffer_release(&buffer);
}

static void what_does_not_fit_is_not_appended(void **state)
{
	struct buffer buffer;
	buffer_init(&buffer, 10);
	assert_int_equal(buffer_append_string(&buffer, "12345"), 0);
	assert_int_equal(buffer_append_string(&buffer, "678901"), -1);
	assert_int_equal(errno, EMSGSIZE);
	assert_int_equal(buffer_reserve(&buffer, 6), -1);
	assert_int_equal(buffer_reserve(&buffer, SIZE_MAX), -1);
	assert_int_equal(errno, EMSGSIZE);
	/* The NUL of vsnprintf(3) needs room, too. */
	assert_int_equal(buffer_printf(&buffer, "%s", "67890"), -1);
	assert_int_equal(errno, EMSGSIZE);
	assert_holds(&buffer, "12345");
	assert_int_equal(buffer_printf(&buffer, "%s", "6789"), 0);
	assert_int_equal(buffer_append_byte(&buffer, '0'), 0);
	assert_holds(&buffer, "1234567890");
	buffer_release(&buffer);
}

static void it_is_handed_over(void **state)
{
	struct buffer buffer;
	buffer_init(&buffer, 100);
	assert_null(buffer_detach(&buffer));
	assert_int_equal(buffer_append(&buffer, "text", 5), 0);
	char *text = buffer_detach(&buffer);
	assert_string_equal(text, "text");
	assert_null(buffer.data);
	assert_int_equal(buffer.len, 0);
	assert_int_equal(buffer_append_byte(&buffer, 'x'), 0);
	assert_string_equal(text, "text");
	free(text);
	buffer_release(&buffer);
}

/* A pipe that a child writes `count` bytes to, some at a time. */
static int open_pipe(size_t count, size_t step, pid_t *child)
{
	int ends[2];
	assert_int_equal(pipe(ends), 0);
	*child = fork();
	assert_int_not_equal(*child, -1);
	if (*child == 0) {
		char *bytes = malloc(step);
		close(ends[0]);
		for (size_t at = 0; at < count; at += step) {
			size_t len = count - at < step ? count - at : step;
			for (size_t i = 0; i < len; i++)
				bytes[i] = (char)((at + i) % 251);
			if (write(ends[1], bytes, len) != (ssize_t)len)
				_exit(1);
		}
		_exit(0);
	}
	close(ends[1]);
	return ends[0];
}

static void assert_read_from_pipe(size_t count, size_t step, size_t max, int expected)
{
	pid_t child;
	struct buffer buffer;
	int fd = open_pipe(count, step, &child);
	buffer_init(&buffer, max);
	assert_int_equal(buffer_append_byte(&buffer, '>'), 0);
	errno = 0;
	assert_int_equal(buffer_read_fd(&buffer, fd), expected);
	if (expected == -1)
		assert_int_equal(errno, EMSGSIZE);
	assert_int_equal(buffer.len, expected == 0 ? count + 1 : max);
	assert_int_equal(buffer.data[0], '>');
	for (size_t i = 1; i < buffer.len; i++)
		if (buffer.data[i] != (char)((i - 1) % 251))
			fail_msg("byte %zu is another", i);
	close(fd);
	assert_int_equal(waitpid(child, NULL, 0), child);
	buffer_release(&buffer);
}

static void a_pipe_is_read_to_its_end(void **state)
{
	assert_read_from_pipe(0, 1, 10, 0);
	assert_read_from_pipe(500, 1, 10000, 0);
	assert_read_from_pipe(1000000, 30000, 2000000, 0);
}

static void a_full_buffer_looks_for_the_end(void **state)
{
	assert_read_from_pipe(100, 7, 101, 0);
	assert_read_from_pipe(101, 7, 101, -1);
	assert_read_from_pipe(1000000, 30000, 1000001, 0);
	assert_read_from_pipe(1000001, 30000, 1000001, -1);
}

/* A file like those of /proc that tells a size of 0, or that was written to since it told its size. */
static void a_file_may_have_more_than_it_says(void **state)
{
	char path[] = "/tmp/pgw-test-XXXXXX";
	static const char text[] = "0123456789abcdef";
	struct buffer buffer;
	int fd = mkstemp(path);
	assert_int_not_equal(fd, -1);
	assert_int_equal(unlink(path), 0);
	for (size_t written = 0; written < 300000; written += 16)
		assert_int_equal(write(fd, text, 16), 16);
	/* From the middle the size is too much; what comes then is the end. */
	assert_int_equal(lseek(fd, 150000, SEEK_SET), 150000);
	buffer_init(&buffer, 1000000);
	assert_int_equal(buffer_read_fd(&buffer, fd), 0);
	assert_int_equal(buffer.len, 150000);
	/* What was added since is read the next time. */
	assert_int_equal(pwrite(fd, "more", 4, 300000), 4);
	assert_int_equal(buffer_read_fd(&buffer, fd), 0);
	assert_int_equal(buffer.len, 150004);
	assert_memory_equal(buffer.data + 149984, "0123456789abcdefmore", 20);
	buffer_release(&buffer);
	close(fd);

	fd = open("/proc/self/status", O_RDONLY);
	if (fd == -1)
		skip();
	buffer_init(&buffer, 100000);
	assert_int_equal(buffer_read_fd(&buffer, fd), 0);
	assert_true(slice_has_prefix(buffer_slice(&buffer), slice_of("Name:\ttest_buffer\n")));
	assert_int_equal(buffer.data[buffer.len - 1], '\n');
	buffer_release(&buffer);
	close(fd);
}

/* It grows between the question for its size and the end: what is read after the size's bytes is not lost. */
static void a_file_that_grows_is_read_on(void **state)
{
	char path[] = "/tmp/pgw-test-XXXXXX";
	struct buffer buffer;
	int fd = mkstemp(path);
	assert_int_not_equal(fd, -1);
	assert_int_equal(unlink(path), 0);
	enum { SIZE = 1 << 20, GROWTH = 64 };
	int writer = dup(fd);
	char *bytes = calloc(1, SIZE);
	assert_int_equal(pwrite(writer, bytes, SIZE, 0), SIZE);
	pid_t child = fork();
	assert_int_not_equal(child, -1);
	if (child == 0) {
		for (off_t i = 0; i < GROWTH; i++)
			if (pwrite(writer, bytes, SIZE / 16, SIZE + i * (SIZE / 16)) != SIZE / 16)
				_exit(1);
		_exit(0);
	}
	buffer_init(&buffer, (size_t)SIZE * 16);
	/* However much of it is there in time, the second call has the rest. */
	assert_int_equal(buffer_read_fd(&buffer, fd), 0);
	assert_in_range(buffer.len, SIZE, SIZE + SIZE / 16 * GROWTH);
	assert_int_equal(waitpid(child, NULL, 0), child);
	assert_int_equal(buffer_read_fd(&buffer, fd), 0);
	assert_int_equal(buffer.len, SIZE + SIZE / 16 * GROWTH);
	free(bytes);
	buffer_release(&buffer);
	close(writer);
	close(fd);
}

static void an_error_is_told(void **state)
{
	struct buffer buffer;
	buffer_init(&buffer, 10);
	assert_int_equal(buffer_read_fd(&buffer, -1), -1);
	assert_int_equal(errno, EBADF);
	buffer_release(&buffer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_appended_stands_there),
		cmocka_unit_test(it_grows_up_to_the_maximum),
		cmocka_unit_test(what_does_not_fit_is_not_appended),
		cmocka_unit_test(it_is_handed_over),
		cmocka_unit_test(a_pipe_is_read_to_its_end),
		cmocka_unit_test(a_full_buffer_looks_for_the_end),
		cmocka_unit_test(a_file_may_have_more_than_it_says),
		cmocka_unit_test(a_file_that_grows_is_read_on),
		cmocka_unit_test(an_error_is_told),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
