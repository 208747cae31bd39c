/*
 * native_histogram: histograms of exponential buckets, which only the protobuf form has.
 *
 * A bucket's upper bound is 2^(index * 2^-schema); counts are integers or floats, in one histogram all of them the
 * same.
 */
#ifndef PGW_NATIVE_HISTOGRAM_H
#define PGW_NATIVE_HISTOGRAM_H

#include <stdbool.h>
#include <stdint.h>

#include "arena.h"
#include "exposition.h"
#include "metrics.pb-c.h"

/* Those that Prometheus knows as exponential. */
#define NATIVE_SCHEMA_MIN (-4)
#define NATIVE_SCHEMA_MAX 8

/* Whether Prometheus takes the counts for floats, of classic buckets too. */
static inline bool native_histogram_is_float(const Io__Prometheus__Client__Histogram *histogram)
{
	return histogram->sample_count_float > 0 || histogram->zero_count_float > 0;
}

/* Unpacks the histogram in a native that was attached by protobuf_attach_natives() into the arena: NULL where the
 * metric has none. What it gives has been checked: its schema is known, and its buckets fit their spans. 0, or -1 when
 * out of memory. */
int native_histogram_read(const struct exposition *exposition, uint32_t metric, struct arena *arena,
	const Io__Prometheus__Client__Histogram **histogram);

#endif
