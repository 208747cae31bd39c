/*
 * api_metric: one metric in the JSON API.
 */
#ifndef PGW_API_METRIC_H
#define PGW_API_METRIC_H

#include "buffer.h"
#include "exposition.h"
#include "json.h"

/*
 * Appends the metric at that index as an object: labels, and a value, or quantiles, count and sum, or buckets, count
 * and sum. Buckets of a classic histogram are an object of bounds and counts; those of a native one are an array of
 * arrays: 0 for (lower, upper], 1 for [lower, upper), 3 for [lower, upper]; lower; upper; count. The natives of the
 * exposition are those of protobuf_attach_natives().
 */
void api_append_metric(struct json *json, const struct exposition *exposition, const struct metric_family *family,
	uint32_t metric, struct buffer *scratch);

#endif
