/*
 * summary: a summary metric that is counted in pieces: sum, count, and the quantiles of the recent observations.
 *
 *	summary_add(&total, &recent, seconds, SUMMARY_DURATION, time(NULL));
 *	double values[SUMMARY_QUANTILES];
 *	if (summary_quantiles(&recent, SUMMARY_DURATION, time(NULL), values) == -1) ...errno
 *
 * Memory of zeros is an empty summary. Whatever is in the memory, reading is safe: it may come from a file.
 *
 * Sum and count are exact and of all observations. The quantiles are those of the last SUMMARY_RECENT observations, as
 * far as they are younger than SUMMARY_AGE (the upstream's, client_golang's DefMaxAge): the smallest of them that is
 * not below the given share of all. They are kept in whole units, see enum summary_unit.
 */
#ifndef PGW_SUMMARY_H
#define PGW_SUMMARY_H

#include <stdint.h>
#include <time.h>

#define SUMMARY_AGE	  600 /* s */
#define SUMMARY_RECENT	  8192
#define SUMMARY_QUANTILES 3

/* How many units are one. An observation is at most 2^34 units in the quantiles. */
enum summary_unit {
	SUMMARY_SIZE = 1,	     /* a byte; up to 16 GiB */
	SUMMARY_DURATION = 10000000, /* 100 ns; up to 28 minutes */
};

struct summary_total {
	double sum;
	uint64_t count;
};

/* A ring: the observation after `count` others is in the place count % SUMMARY_RECENT. */
struct summary_recent {
	uint64_t entries[SUMMARY_RECENT];
};

/* As labels, and in tenths. */
extern const struct summary_quantile {
	const char *name;
	unsigned tenths;
} summary_quantile_table[SUMMARY_QUANTILES];

/* Adds to sum and count. What is below 0, or not a number, counts as 0. */
void summary_total_add(struct summary_total *total, double value);

/* Adds what was counted elsewhere. */
void summary_total_merge(struct summary_total *total, const struct summary_total *other);

void summary_add(
	struct summary_total *total, struct summary_recent *recent, double value, enum summary_unit unit, time_t now);

/* The quantiles of the table, NaN where there is no recent observation. 0, or -1 with errno when out of memory. */
int summary_quantiles(
	const struct summary_recent *recent, enum summary_unit unit, time_t now, double values[SUMMARY_QUANTILES]);

#endif
