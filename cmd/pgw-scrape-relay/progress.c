#include "progress.h"

#include <err.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#include "clock.h"

#define PAUSE	   (100 * CLOCK_MILLISECOND) /* between two drawings */
#define ERASE_LINE "\r\033[K"

static bool is_drawn;
static int64_t next; /* time for a drawing */

void progress_show(const char *format, ...)
{
	va_list arguments;
	int64_t now = clock_monotonic();
	if (now < next || !isatty(STDERR_FILENO))
		return;
	next = now + PAUSE;
	is_drawn = true;
	fputs(ERASE_LINE, stderr);
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fflush(stderr);
}

void progress_end(void)
{
	if (is_drawn)
		fputs(ERASE_LINE, stderr);
	is_drawn = false;
}

void progress_say(const char *format, ...)
{
	va_list arguments;
	progress_end();
	va_start(arguments, format);
	vwarnx(format, arguments);
	va_end(arguments);
}
