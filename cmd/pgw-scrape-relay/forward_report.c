#include "forward_report.h"

#include <err.h>
#include <stdarg.h>
#include <stdio.h>

#include "clock.h"

#define PROGRESS_INTERVAL (100 * CLOCK_MILLISECOND)

void forward_clear_progress(struct forward_report *report)
{
	if (report->shown != 0)
		fputs("\r\033[K", stderr);
	report->shown = 0;
}

void forward_progress(struct forward_report *report)
{
	int64_t now = clock_monotonic();
	if (!report->show_progress || now - report->shown < PROGRESS_INTERVAL)
		return;
	fprintf(stderr, "\rforwarding: %zu of %zu, %zu failed\033[K", report->forwarded + report->deleted,
		report->wanted, report->failed);
	report->shown = now;
}

void forward_say(struct forward_report *report, const char *format, ...)
{
	va_list arguments;
	forward_clear_progress(report);
	va_start(arguments, format);
	vwarnx(format, arguments);
	va_end(arguments);
}
