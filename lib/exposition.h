/*
 * exposition: the text format 0.0.4, parsed into metric families.
 *
 *	struct exposition exposition;
 *	exposition_init(&exposition);
 *	if (exposition_parse(&exposition, text, &limits, &error) == -1 ||
 *	    exposition_check(&exposition, &error) == -1)
 *		errx(..., "%s:%u:%u: %s", file, error.line, error.column, error.message);
 *	exposition_release(&exposition);
 *
 * The parser takes and refuses what the upstream's does (prometheus/common, expfmt.TextParser), with its words. It
 * does not recurse, does not allocate for a single sample and is linear in its input. The result holds slices into the
 * input, which must outlive it.
 *
 * Label values and HELP texts stay in the escaped form of the format. For label values that form is unique (\\, \" and
 * \n are its only escapes and all are mandatory), so that escaped values are equal where the values are.
 */
#ifndef PGW_EXPOSITION_H
#define PGW_EXPOSITION_H

#include <stdbool.h>
#include <stdint.h>

#include "arena.h"
#include "error.h"
#include "input_limits.h"
#include "labels.h"
#include "slice.h"

enum metric_type {
	METRIC_COUNTER,
	METRIC_GAUGE,
	METRIC_SUMMARY,
	METRIC_UNTYPED,
	METRIC_HISTOGRAM,
};

/* In lower case, as after # TYPE. */
extern const char *const metric_type_names[];

static inline bool metric_type_is_distribution(enum metric_type type)
{
	return type == METRIC_SUMMARY || type == METRIC_HISTOGRAM;
}

/* The lines of a summary or a histogram that are not named like their family. */
enum line_suffix {
	SUFFIX_COUNT,
	SUFFIX_SUM,
	SUFFIX_BUCKET,
	SUFFIXES,
};

/* "_count", "_sum", "_bucket". */
extern const struct slice line_suffixes[SUFFIXES];

/* Whether families of that type have such lines. */
static inline bool metric_type_writes(enum metric_type type, enum line_suffix suffix)
{
	return type == METRIC_HISTOGRAM || (type == METRIC_SUMMARY && suffix != SUFFIX_BUCKET);
}

/* Cuts a suffix off the name of a line. false where the name does not end in it, or is nothing else. */
bool line_suffix_cut(struct slice *name, enum line_suffix suffix);

/* "No such element" for the indices below. */
#define EXPOSITION_NONE UINT32_MAX

/* A quantile of a summary or a bucket of a histogram. */
struct point {
	double bound; /* quantile or le */
	double value;
	uint32_t line;
	uint32_t next; /* in exposition.points, or EXPOSITION_NONE */
};

/* What a summary or a histogram has beside its labels. */
struct distribution {
	double sum;
	double count;
	uint32_t metric; /* in exposition.metrics */
	uint32_t family; /* while parsing: in the order of appearance */
	bool has_sum;
	bool has_count;
	uint32_t first_point; /* in the order given */
	uint32_t last_point;
};

/* Bytes. */
#define METRIC_ALIKE_TAIL 16

/* A label set of a family with its value: a sample, or all samples of a summary or a histogram. */
struct metric {
	uint32_t first_label; /* in exposition.labels; by name in byte order, without quantile and le */
	uint32_t label_count;
	/* Its line in the input is that of the metric before, which is of the same family, but for the values of the
	 * labels and the number; behind its last label METRIC_ALIKE_TAIL bytes of the input can be read. Never of
	 * summaries and histograms. */
	bool alike;
	/* Where it is alike and the text of its number is canonical: how many bytes that has, and how far from the
	 * value of the first label it begins; METRIC_ALIKE_TAIL bytes behind it can be read. Otherwise 0. */
	uint8_t number_len;
	uint32_t number_distance;
	uint32_t line; /* of its first sample, from 1 */
	uint32_t next; /* of the family, in exposition.metrics, or EXPOSITION_NONE */
	union {
		double value;	       /* counter, gauge, untyped */
		uint32_t distribution; /* summary, histogram: in exposition.distributions */
	};
};

struct metric_family {
	struct slice name;
	struct slice help; /* escaped; data is NULL where there was no HELP */
	enum metric_type type;
	bool escaped;  /* the name is not the one that was pushed (encode.h) */
	uint32_t line; /* of its first mention */
	uint32_t metric_count;
	uint32_t first_metric; /* in exposition.metrics, in the order given */
	uint32_t last_metric;
	uint32_t timestamp_line; /* of its first sample with a timestamp in text; 0 where there is none */
	uint32_t timestamp_column;
};

/* What the text format can't hold of a metric: an io.prometheus.client.MetricFamily with it alone (protobuf.h). */
struct native {
	uint32_t metric; /* in exposition.metrics */
	struct slice message;
};

struct exposition {
	struct metric_family *families; /* by name in byte order; none without metrics */
	struct metric *metrics;
	struct label *labels; /* escaped values */
	struct point *points;
	struct distribution *distributions;
	struct native *natives; /* by metric, ascending; few or none */
	uint32_t native_count, native_capacity;
	uint32_t family_count, metric_count, label_count, point_count, distribution_count;
	uint32_t family_capacity, metric_capacity, label_capacity, point_capacity, distribution_capacity;
	uint32_t labels_max;	 /* no metric has more labels */
	bool quoted_names;	 /* a name needs quotes in text: it is not one of the plain kind */
	bool label_names_fine;	 /* the parser saw that none starts with "__"; where false, one may */
	uint32_t timestamp_line; /* of the first sample with a timestamp; 0 where there is none */
	uint32_t timestamp_column;
	struct arena arena; /* what could not be a slice of the input */
};

/* The labels of a metric, metric->label_count of them. */
static inline const struct label *metric_labels(const struct exposition *exposition, const struct metric *metric)
{
	return metric->label_count == 0 ? NULL : exposition->labels + metric->first_label;
}

/* The native of a metric, or NULL. */
const struct native *exposition_native(const struct exposition *exposition, uint32_t metric);

void exposition_init(struct exposition *exposition);
void exposition_release(struct exposition *exposition);

/* Parses all of text into an empty, initialised exposition. 0, or -1 with ERROR_SYNTAX and its place, ERROR_TOO_LARGE
 * or ERROR_MEMORY; only exposition_release() may follow then. The message lacks the upstream's "text format parsing
 * error in line N: ", which belongs to its HTTP answers. */
int exposition_parse(
	struct exposition *exposition, struct slice text, const struct limits *limits, struct error *error);

/* Sets the exposition's timestamp to the first one of its families, when they have changed. */
void exposition_find_timestamp(struct exposition *exposition);

/* What is refused of a push whatever else is in the store: timestamps, label names that start with "__", two buckets
 * or quantiles of one metric with the same bound. 0, or -1 with ERROR_INCONSISTENT and the line. */
int exposition_check(const struct exposition *exposition, struct error *error);

#endif
