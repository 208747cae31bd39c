/*
 * counted: counters in a scratch folder, which is the working directory and stands for the spool.
 */
#ifndef PGW_TEST_COUNTED_H
#define PGW_TEST_COUNTED_H

#include "counters.h"

extern int directory;
extern struct counters *counters;

int counters_set_up(void **state);
int counters_tear_down(void **state);

/* Opens others on the same file. */
struct counters *open_counters(void);

/* The families as text, without comments where `comments` is false. The caller frees it. */
char *text_of(struct counters *from, bool comments);

/* What the samples are, without comments. */
void assert_samples_of(struct counters *from, const char *expected);
void assert_samples(const char *expected);

/* Samples of what was not counted. */
#define NOT_DROPPED "pgw_scrape_dropped_series_total 0\n"
#define NO_SYNC                                                                                                        \
	NOT_DROPPED                                                                                                    \
	"pgw_sync_seconds_sum 0\n"                                                                                     \
	"pgw_sync_seconds_count 0\n"
#define NO_SCRAPES                                                                                                     \
	"promhttp_metric_handler_requests_total{code=\"200\"} 0\n"                                                     \
	"promhttp_metric_handler_requests_total{code=\"500\"} 0\n"                                                     \
	"promhttp_metric_handler_requests_total{code=\"503\"} 0\n"
#define REQUESTS "pushgateway_http_requests_total"

#endif
