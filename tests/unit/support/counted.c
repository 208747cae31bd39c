#include "counted.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "scratch.h"

int directory;
struct counters *counters;

struct counters *open_counters(void)
{
	struct error error = {0};
	struct counters *opened = counters_open(directory, &error);
	if (opened == NULL)
		fail_msg("%s", error.message);
	return opened;
}

int counters_set_up(void **state)
{
	if (scratch_enter(state) == -1)
		return -1;
	directory = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	counters = open_counters();
	return 0;
}

int counters_tear_down(void **state)
{
	counters_close(counters);
	close(directory);
	return scratch_leave(state);
}

char *text_of(struct counters *from, bool comments)
{
	struct buffer text;
	struct error error = {0};
	buffer_init(&text, 1 << 20);
	if (counters_append(from, &text, &error) == -1)
		fail_msg("%s", error.message);
	assert_int_equal(buffer_append_byte(&text, '\0'), 0);
	char *out = text.data;
	for (char *line = text.data, *end; *line != '\0'; line = end) {
		end = strchr(line, '\n') + 1;
		if (*line != '#' || comments) {
			memmove(out, line, (size_t)(end - line));
			out += end - line;
		}
	}
	*out = '\0';
	return text.data;
}

void assert_samples_of(struct counters *from, const char *expected)
{
	char *text = text_of(from, false);
	assert_string_equal(text, expected);
	free(text);
}

void assert_samples(const char *expected)
{
	assert_samples_of(counters, expected);
}
