#include "events.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include <unistd.h>

#define EVENTS_MAX 200000

bool lose_events(const char *path, const char *other)
{
	char text[32] = "";
	FILE *file = fopen("/proc/sys/fs/inotify/max_queued_events", "r");
	if (file == NULL || fgets(text, sizeof(text), file) == NULL)
		text[0] = '\0';
	if (file != NULL)
		fclose(file);
	long size = atol(text);
	if (size == 0 || size > EVENTS_MAX)
		return false;
	/* In turns, so that the kernel merges nothing. */
	for (long i = 0; i <= size; i++)
		assert_int_equal(truncate(i % 2 == 0 ? path : other, i), 0);
	return true;
}
