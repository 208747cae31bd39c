/*
 * What may be in a metric beside the model. The rules for native histograms are those by which Prometheus refuses
 * them (model/histogram: Validate), and with them the rest of the scrape: one push must not do that to all others.
 */
#include <math.h>

#include "native_histogram.h"
#include "protobuf_parts.h"
#include "text.h"

/* The buckets of one sign. */
struct side {
	size_t span_count;
	Io__Prometheus__Client__BucketSpan **spans;
	size_t delta_count;
	const int64_t *deltas;
	size_t float_count;
	const double *floats;
};

static bool exemplar_is_utf8(const proto_exemplar *exemplar)
{
	for (size_t i = 0; i < exemplar->n_label; i++) {
		if (!utf8_valid(protobuf_slice(exemplar->label[i]->name)) ||
			!utf8_valid(protobuf_slice(exemplar->label[i]->value)))
			return false;
	}
	return true;
}

static bool exemplars_are_utf8(const proto_metric *metric)
{
	const proto_histogram *histogram = metric->histogram;
	if (metric->counter != NULL && metric->counter->exemplar != NULL &&
		!exemplar_is_utf8(metric->counter->exemplar))
		return false;
	for (size_t i = 0; histogram != NULL && i < histogram->n_bucket; i++) {
		if (histogram->bucket[i]->exemplar != NULL && !exemplar_is_utf8(histogram->bucket[i]->exemplar))
			return false;
	}
	for (size_t i = 0; histogram != NULL && i < histogram->n_exemplars; i++) {
		if (!exemplar_is_utf8(histogram->exemplars[i]))
			return false;
	}
	return true;
}

static const char *check_spans(const struct side *side, size_t buckets)
{
	uint64_t length = 0;
	for (size_t i = 0; i < side->span_count; i++) {
		if (i > 0 && side->spans[i]->offset < 0)
			return "a span of buckets with a negative offset";
		length += side->spans[i]->length;
	}
	return length == buckets ? NULL : "spans that don't fit its buckets";
}

/* Adds the integer counts to *sum. */
static const char *check_deltas(const struct side *side, uint64_t *sum)
{
	int64_t count = 0;
	for (size_t i = 0; i < side->delta_count; i++) {
		if (__builtin_add_overflow(count, side->deltas[i], &count) || count < 0)
			return "a bucket with a negative count";
		if (__builtin_add_overflow(*sum, (uint64_t)count, sum))
			return "counts that are too large";
	}
	return check_spans(side, side->delta_count);
}

static const char *check_floats(const struct side *side)
{
	for (size_t i = 0; i < side->float_count; i++) {
		if (side->floats[i] < 0)
			return "a bucket with a negative count";
	}
	return check_spans(side, side->float_count);
}

static const char *check_integer_histogram(const proto_histogram *histogram, const struct side sides[2])
{
	uint64_t sum = histogram->zero_count;
	for (size_t i = 0; i < 2; i++) {
		const char *wrong = check_deltas(&sides[i], &sum);
		if (wrong != NULL)
			return wrong;
	}
	/* Observations of NaN are in no bucket. */
	if (isnan(histogram->sample_sum) ? sum > histogram->sample_count : sum != histogram->sample_count)
		return "a count that is not that of its buckets";
	return NULL;
}

static const char *check_float_histogram(const proto_histogram *histogram, const struct side sides[2])
{
	const char *wrong = check_floats(&sides[0]);
	if (wrong == NULL)
		wrong = check_floats(&sides[1]);
	return wrong == NULL && histogram->zero_count_float < 0 ? "a bucket with a negative count" : wrong;
}

static const char *check_histogram(const proto_histogram *histogram)
{
	const struct side sides[] = {
		{histogram->n_negative_span, histogram->negative_span, histogram->n_negative_delta,
			histogram->negative_delta, histogram->n_negative_count, histogram->negative_count},
		{histogram->n_positive_span, histogram->positive_span, histogram->n_positive_delta,
			histogram->positive_delta, histogram->n_positive_count, histogram->positive_count},
	};
	bool native = histogram->zero_threshold > 0 || histogram->zero_count > 0 || histogram->zero_count_float > 0;
	for (size_t i = 0; i < 2; i++)
		native |= sides[i].span_count + sides[i].delta_count + sides[i].float_count > 0;
	if (!native)
		return NULL;
	if (histogram->schema < NATIVE_SCHEMA_MIN || histogram->schema > NATIVE_SCHEMA_MAX)
		return "a native histogram of an unknown schema";
	return native_histogram_is_float(histogram) ? check_float_histogram(histogram, sides)
						    : check_integer_histogram(histogram, sides);
}

const char *protobuf_check_metric(const proto_metric *metric)
{
	if (!exemplars_are_utf8(metric))
		return "an exemplar that is not UTF-8";
	return metric->histogram == NULL ? NULL : check_histogram(metric->histogram);
}
