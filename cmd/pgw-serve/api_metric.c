#include "api_metric.h"

#include <errno.h>
#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "native_histogram.h"
#include "number.h"
#include "text.h"

/* Indices beyond can't be those of numbers, and must not overflow. */
#define INDEX_MAX (INT64_C(1) << 40)

/* 2^-EXPONENT_MAX is zero. */
#define EXPONENT_MAX 2000

/* How a bucket includes its bounds. */
enum boundaries {
	BOUNDARIES_LEFT_OPEN = 0,
	BOUNDARIES_RIGHT_OPEN = 1,
	BOUNDARIES_CLOSED = 3,
};

typedef Io__Prometheus__Client__Histogram proto_histogram;
typedef Io__Prometheus__Client__BucketSpan proto_span;

static void append_number(struct json *json, double value)
{
	char text[NUMBER_TEXT_SIZE];
	json_string(json, slice_make(text, number_format(value, text)));
}

static void append_integer(struct json *json, uint64_t value)
{
	char text[24];
	snprintf(text, sizeof(text), "%" PRIu64, value);
	json_string(json, slice_of(text));
}

/* A count as text has it: digits where it is whole. */
static void append_count(struct json *json, double value)
{
	if (value >= 0 && value < 0x1p64 && value == floor(value))
		append_integer(json, (uint64_t)value);
	else
		append_number(json, value);
}

static void append_labels(
	struct json *json, const struct exposition *exposition, const struct metric *metric, struct buffer *scratch)
{
	const struct label *labels = metric_labels(exposition, metric);
	json_begin_object(json);
	for (uint32_t i = 0; i < metric->label_count; i++) {
		buffer_clear(scratch);
		if (text_unescape(scratch, labels[i].value) == -1)
			json->failed = errno;
		json_key_slice(json, labels[i].name);
		json_string(json, buffer_slice(scratch));
	}
	json_end_object(json);
}

/* Quantiles, or the buckets of a classic histogram. */
static void append_points(
	struct json *json, const struct exposition *exposition, const struct distribution *distribution, bool counts)
{
	char bound[NUMBER_TEXT_SIZE];
	json_begin_object(json);
	for (uint32_t i = distribution->first_point; i != EXPOSITION_NONE; i = exposition->points[i].next) {
		const struct point *point = &exposition->points[i];
		json_key_slice(json, slice_make(bound, number_format(point->bound, bound)));
		if (counts)
			append_count(json, point->value);
		else
			append_number(json, point->value);
	}
	json_end_object(json);
}

/*
 * 2^(part / 2^schema), with the rounding errors that Prometheus' bounds have (client_golang, nativeHistogramBounds), so
 * that the same bound is the same text: those of the schema below, and between two of them the lower one multiplied by
 * 2^(2^-schema). The first factor is the upstream's, one below the nearest double to the square root of 2.
 */
static double bound_fraction(unsigned part, int schema)
{
	static const double factors[NATIVE_SCHEMA_MAX + 1] = {
		1, /* not used */
		0x1.6a09e667f3bccp+0,
		0x1.306fe0a31b715p+0,
		0x1.172b83c7d517bp+0,
		0x1.0b5586cf9890fp+0,
		0x1.059b0d3158574p+0,
		0x1.02c9a3e778061p+0,
		0x1.0163da9fb3335p+0,
		0x1.00b1afa5abcbfp+0,
	};
	double fraction = 1;
	for (int i = 1; i <= schema; i++)
		fraction *= (part >> (schema - i)) % 2 == 1 ? factors[i] : 1;
	return fraction;
}

/* The upper bound of a bucket: 2^(index * 2^-schema). That of the last bucket of numbers is the largest of them, and
 * the one above is for the infinities. */
static double bucket_bound(int64_t index, int schema)
{
	int64_t parts = schema > 0 ? INT64_C(1) << schema : 1;
	int64_t part = index & (parts - 1);
	int64_t exponent = (index - part) / parts;
	if (schema < 0)
		exponent *= INT64_C(1) << -schema;
	if (exponent == DBL_MAX_EXP && part == 0)
		return DBL_MAX;
	if (exponent >= DBL_MAX_EXP || exponent < -EXPONENT_MAX)
		return exponent < 0 ? 0 : INFINITY;
	return ldexp(bound_fraction((unsigned)part, schema), (int)exponent);
}

/* One side of a native histogram: its spans and the counts in them, as differences or as they are. */
struct side {
	proto_span *const *spans;
	size_t span_count;
	const int64_t *deltas;
	const double *counts; /* NULL where there are deltas */
	size_t count;	      /* of either */
	int schema;
	bool negative;
};

struct bucket {
	int64_t index;
	uint64_t count;
	double count_float;
};

/* Lists the buckets that are not empty, `side->count` of them at most. */
static size_t list_buckets(const struct side *side, struct bucket *buckets)
{
	int64_t index = 0;
	uint64_t sum = 0;
	size_t at = 0, used = 0;
	for (size_t span = 0; span < side->span_count; span++) {
		index += side->spans[span]->offset;
		for (uint32_t i = 0; i < side->spans[span]->length && at < side->count; i++, index++, at++) {
			bool empty;
			if (side->counts == NULL) {
				sum += (uint64_t)side->deltas[at];
				empty = sum == 0;
			} else {
				empty = side->counts[at] == 0;
			}
			if (!empty && llabs(index) < INDEX_MAX)
				buckets[used++] =
					(struct bucket){index, sum, side->counts == NULL ? 0 : side->counts[at]};
		}
	}
	return used;
}

static void append_bounds(struct json *json, enum boundaries boundaries, double lower, double upper)
{
	json_begin_array(json);
	json_integer(json, boundaries);
	append_number(json, lower);
	append_number(json, upper);
}

static void append_bucket(struct json *json, const struct side *side, const struct bucket *bucket)
{
	double near = bucket_bound(bucket->index - 1, side->schema), far = bucket_bound(bucket->index, side->schema);
	append_bounds(json, side->negative ? BOUNDARIES_RIGHT_OPEN : BOUNDARIES_LEFT_OPEN, side->negative ? -far : near,
		side->negative ? -near : far);
	if (side->counts == NULL)
		append_integer(json, bucket->count);
	else
		append_number(json, bucket->count_float);
	json_end_array(json);
}

/* From the lowest to the highest. */
static void append_side(struct json *json, const struct side *side)
{
	struct bucket *buckets = calloc(side->count + 1, sizeof(*buckets));
	if (buckets == NULL) {
		json->failed = ENOMEM;
		return;
	}
	size_t count = list_buckets(side, buckets);
	for (size_t i = 0; i < count; i++)
		append_bucket(json, side, &buckets[side->negative ? count - 1 - i : i]);
	free(buckets);
}

static void append_native_buckets(struct json *json, const proto_histogram *histogram)
{
	bool floats = native_histogram_is_float(histogram);
	const struct side negative = {histogram->negative_span, histogram->n_negative_span, histogram->negative_delta,
		floats ? histogram->negative_count : NULL,
		floats ? histogram->n_negative_count : histogram->n_negative_delta, histogram->schema, true};
	const struct side positive = {histogram->positive_span, histogram->n_positive_span, histogram->positive_delta,
		floats ? histogram->positive_count : NULL,
		floats ? histogram->n_positive_count : histogram->n_positive_delta, histogram->schema, false};
	json_begin_array(json);
	if (negative.count > 0)
		append_side(json, &negative);
	if (floats ? histogram->zero_count_float != 0 : histogram->zero_count != 0) {
		append_bounds(json, BOUNDARIES_CLOSED, -histogram->zero_threshold, histogram->zero_threshold);
		if (floats)
			append_number(json, histogram->zero_count_float);
		else
			append_integer(json, histogram->zero_count);
		json_end_array(json);
	}
	if (positive.count > 0)
		append_side(json, &positive);
	json_end_array(json);
}

static bool has_native_buckets(const proto_histogram *histogram)
{
	return histogram != NULL && histogram->n_negative_span + histogram->n_positive_span > 0;
}

static void append_distribution(struct json *json, const struct exposition *exposition, enum metric_type type,
	const struct distribution *distribution, const proto_histogram *histogram)
{
	json_key(json, type == METRIC_SUMMARY ? "quantiles" : "buckets");
	if (has_native_buckets(histogram))
		append_native_buckets(json, histogram);
	else
		append_points(json, exposition, distribution,
			type == METRIC_HISTOGRAM && (histogram == NULL || !native_histogram_is_float(histogram)));
	json_key(json, "count");
	if (histogram != NULL && native_histogram_is_float(histogram))
		append_number(json, histogram->sample_count_float);
	else if (histogram != NULL)
		append_integer(json, histogram->sample_count);
	else
		append_count(json, distribution->count);
	json_key(json, "sum");
	append_number(json, distribution->sum);
}

void api_append_metric(struct json *json, const struct exposition *exposition, const struct metric_family *family,
	uint32_t metric, struct buffer *scratch)
{
	const struct metric *at = &exposition->metrics[metric];
	json_begin_object(json);
	json_key(json, "labels");
	append_labels(json, exposition, at, scratch);
	if (family->type == METRIC_SUMMARY || family->type == METRIC_HISTOGRAM) {
		const proto_histogram *histogram = NULL;
		struct arena arena;
		arena_init(&arena);
		if (native_histogram_read(exposition, metric, &arena, &histogram) == -1)
			json->failed = ENOMEM;
		append_distribution(
			json, exposition, family->type, &exposition->distributions[at->distribution], histogram);
		arena_release(&arena);
	} else {
		json_key(json, "value");
		append_number(json, at->value);
	}
	json_end_object(json);
}
