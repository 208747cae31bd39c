/*
 * forward_report: what forwarding tells the user on stderr: lines, and on a terminal its progress in between.
 */
#ifndef PGW_SCRAPE_RELAY_FORWARD_REPORT_H
#define PGW_SCRAPE_RELAY_FORWARD_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct forward_report {
	bool show_progress;
	int64_t shown; /* when the progress was, on the monotonic clock; 0 where the line is free */

	/* Of the round that is under way. Each push and deletion counts for each gateway. */
	size_t groups;
	size_t wanted;
	size_t forwarded;
	size_t deleted;
	size_t failed;
	size_t skipped; /* group files */
};

/* As warnx(3). */
void forward_say(struct forward_report *report, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Shows how far the round is, not too often. */
void forward_progress(struct forward_report *report);

/* Ends the progress line, for good where nothing else comes. */
void forward_clear_progress(struct forward_report *report);

#endif
