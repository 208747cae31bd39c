/*
 * report: what pgw-scrape-relay says, on standard error: of targets, of rounds, and how far it is.
 */
#ifndef PGW_RELAY_REPORT_H
#define PGW_RELAY_REPORT_H

#include "relay.h"

/* A warning that is not about one target; not with -q. */
void report_note(const struct relay *relay, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Why the scrape or the push of a target failed. In rounds it is said when the target's health changed, unless -v. */
void report_failed(const struct target *target, const struct error *error, bool changed);

/* That its push is done. */
void report_pushed(const struct target *target, bool recovered);

/* The line of what relay->counts has, with "round N: " where there are rounds. */
void report_summary(const struct relay *relay);

/* The line of progress (progress.h), unless -q is given: `done` of relay->count targets. */
void report_progress(const struct relay *relay, size_t done);

#endif
