/*
 * canonical: a metric family of a group as text, always in the same way.
 *
 * The canonical form: HELP where there is one, TYPE, then one line a sample with the grouping labels put over its own
 * (instance="" added where neither has an instance), labels in byte order of their names, the shortest value that reads
 * back. A histogram's or a summary's lines stand together: buckets or quantiles in the order given, a missing +Inf
 * bucket made from the count, _sum, _count. Metrics stay in the order given.
 */
#ifndef PGW_CANONICAL_H
#define PGW_CANONICAL_H

#include <stdint.h>

#include "buffer.h"
#include "error.h"
#include "exposition.h"
#include "hash.h"
#include "labels.h"

/* The grouping labels of a key, made ready for writing many samples. One of zeros puts no labels on: for the
 * gateway's own metrics. */
struct canonical_key {
	struct arena arena;
	struct label *labels; /* those of the key and instance, by name, escaped */
	size_t count;
	size_t length;		 /* of all of them as text */
	bool quoted_names;	 /* a name needs quotes in text */
	size_t default_instance; /* which of them is the instance="" that gives way to a sample's own; SIZE_MAX: none */
};

int canonical_key_init(struct canonical_key *canonical, const struct grouping_key *key, struct error *error);
void canonical_key_release(struct canonical_key *canonical);

/* Appends a metric's name as it stands in the text format: in quotes and escaped where it is not of the plain kind. 0,
 * or -1 with errno. */
int canonical_append_name(struct buffer *out, struct slice name);

/* Appends "# HELP ..." (where help.data is not NULL) and "# TYPE ...". 0, or -1 with errno. */
int canonical_append_head(struct buffer *out, struct slice name, struct slice help, enum metric_type type);

/* Begins the comment that follows the lines of a metric which has a native: its message in base64 (URL-safe, without
 * padding). */
#define CANONICAL_NATIVE "# pgw native "

/*
 * Appends the sample lines of a family and, unless `fingerprints` is NULL, stores the fingerprints of its series,
 * family->metric_count of them, in the order of the lines. A series is a metric's name with its labels but quantile and
 * le. 0, or -1 with
 * ERROR_INCONSISTENT (a histogram under a grouping label le, a summary under quantile: the line would have that label
 * twice), ERROR_TOO_LARGE or ERROR_MEMORY.
 */
int canonical_append_samples(struct buffer *out, const struct exposition *exposition,
	const struct metric_family *family, const struct canonical_key *key, struct fingerprint *fingerprints,
	struct error *error);

/*
 * Attaches the natives of canonical text to the exposition that was parsed from it, unread: protobuf.h knows what they
 * are. A comment belongs to the metric whose lines it follows; one that is no base64, that follows nothing or another
 * native is skipped, as comments are. 0, or -1 with ERROR_MEMORY.
 */
int canonical_attach_natives(struct exposition *exposition, struct slice text, struct error *error);

/*
 * The series in sample lines that canonical_append_samples() wrote for a family, in their order:
 *
 *	struct canonical_series series;
 *	canonical_series_init(&series, samples, name, type);
 *	while (canonical_series_next(&series))
 *		... series.labels, canonical_series_fingerprint(&series)
 */
struct canonical_series {
	struct slice labels; /* as between the braces, without quantile and le */
	struct slice rest;   /* the lines to come */
	size_t before;	     /* what stands before the suffix, and between the suffix and the labels */
	size_t behind;
	bool distribution;
	uint64_t context; /* the hash of the name */
};

void canonical_series_init(
	struct canonical_series *series, struct slice samples, struct slice name, enum metric_type type);
bool canonical_series_next(struct canonical_series *series);

/* As canonical_append_samples() stores it. */
struct fingerprint canonical_series_fingerprint(const struct canonical_series *series);

#endif
