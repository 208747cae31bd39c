/*
 * counters: what the gateway counts of itself, over all processes that serve one spool.
 *
 *	struct counters *counters = counters_open(spool_directory_fd, &error);
 *	counters_add_request(counters, "push", "put", 200);
 *	counters_add_push(counters, "put", seconds, bytes);
 *	counters_flush(counters, &error);			often, where counters_pending()
 *	counters_append(counters, &text, &error);
 *	counters_close(counters);
 *
 * Counting is adding to memory of this process alone. counters_flush() adds what came since to a derived file of the
 * spool, named counters, under an flock(2) of it: the sum of all processes, those of one connection each (inetd) too.
 * counters_close() and counters_append() flush. A process that is killed takes with it what it had not flushed, and
 * nothing else.
 *
 * The file is opened, read and written for each flush and never mapped: it can be deleted, replaced or cut at any time.
 * Where it is missing, damaged or of another layout, it is made anew and counting starts again from what is pending.
 * One thread at a time may use the counters.
 */
#ifndef PGW_COUNTERS_H
#define PGW_COUNTERS_H

#include <stdbool.h>
#include <stddef.h>

#include "buffer.h"
#include "error.h"

#define COUNTERS_FILE "counters" /* in the spool */

struct counters;

/* Opens or makes the file in the directory of a descriptor, which is not kept. NULL with an error, as of
 * counters_flush(); a gateway can do without. */
struct counters *counters_open(int directory, struct error *error);

/* Flushes. NULL is fine. */
void counters_close(struct counters *counters);

/* Whether there is something to flush. */
bool counters_pending(const struct counters *counters);

/* Adds what was counted since the last time to the file. 0, or -1 with ERROR_CREATE, ERROR_IO, ERROR_PERMISSION,
 * ERROR_FULL or, where somebody keeps the file locked, ERROR_BUSY: it stays pending. Opening and closing wait for the
 * lock for a second, appending for a tenth of one, flushing for a hundredth. */
int counters_flush(struct counters *counters, struct error *error);

/* Begins to count from zero, for all processes. */
void counters_reset(struct counters *counters);

/*
 * pushgateway_http_requests_total{code,handler,method}. The handlers are the upstream's (handler/ and api/v1/api.go):
 * api/v1/metrics, api/v1/options, api/v1/status, delete, healthy, push, ready, static, status, wipe; what it does not
 * count (scrapes, quit, redirects, 404 and 405 of the router) is not in the table, and adds nothing. The method may
 * be in upper or lower case; one that client_golang does not know counts as "unknown". A code that the table in
 * counters.c does not have counts as the x00 of its class (RFC 9110, section 15), one outside of 100 to 599 not at all.
 */
void counters_add_request(struct counters *counters, const char *handler, const char *method, unsigned code);

/* promhttp_metric_handler_requests_total{code}; codes as above. 200, 500 and 503 are there from the start. */
void counters_add_scrape(struct counters *counters, unsigned code);

/* pushgateway_http_push_duration_seconds and pushgateway_http_push_size_bytes{method}, put or post in either case: the
 * observations of the last ten minutes (as many as fit a ring, see summary.h) give true quantiles 0.1, 0.5 and 0.9; sum
 * and count are of all. */
void counters_add_push(struct counters *counters, const char *method, double seconds, size_t bytes);

/* pgw_sync_seconds (summary without quantiles): how long the disk let a batch of changes wait. */
void counters_add_sync(struct counters *counters, double seconds);

/* pgw_scrape_dropped_series_total: see encode.h. */
void counters_add_dropped(struct counters *counters, size_t series);

/* Appends these families as text, HELP and TYPE included, in the order of their names, with what other processes had
 * flushed by now; NaN quantiles where there was no observation in ten minutes, and no family without a sample, as with
 * the upstream. Where the file can't be read or written, what was last seen of it stands for it. 0, or -1 with
 * ERROR_MEMORY and nothing appended. */
int counters_append(struct counters *counters, struct buffer *out, struct error *error);

#endif
