/*
 * protobuf: expositions as delimited io.prometheus.client.MetricFamily messages, in and out.
 *
 * By protobuf-c from metrics.proto, our own description with the field numbers of io.prometheus.client. What the text
 * format can't hold of a metric (a native histogram, exemplars, created timestamps, integer counts over 2^53) stays as
 * the protobuf message that came, the metric's `native`, and comes out again.
 */
#ifndef PGW_PROTOBUF_H
#define PGW_PROTOBUF_H

#include <stdbool.h>
#include <stdint.h>

#include "arena.h"
#include "buffer.h"
#include "error.h"
#include "exposition.h"
#include "input_limits.h"

#define PROTOBUF_CONTENT_TYPE                                                                                          \
	"application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited"

/*
 * Reads messages up to the end into an empty, initialised exposition, as exposition_parse() does with text: names and
 * label values are checked alike, values are escaped, a histogram's buckets become points. What it takes can be
 * written canonically and parsed again: a bound that is no number makes no point, counts are not negative, HELP has no
 * blanks at its beginning and is absent where empty. A family that comes twice: the last one wins, as with the
 * upstream. The number of a message stands for a line, that of a metric in it for a column, both from 1, in errors, in
 * timestamp_line and timestamp_column.
 *
 * What has no place in the model is kept in exposition.natives, unknown fields too: a MetricFamily with its type, the
 * one metric without labels and timestamp, and, on the first metric of the family, the family's unit. Such a message is
 * the same whenever it is made from the same metric. A field that is absent is taken for one with its default.
 *
 * 0, or -1 with ERROR_SYNTAX, ERROR_INCONSISTENT (in the words of the upstream's registry; also a native histogram that
 * would make Prometheus fail), ERROR_TOO_LARGE or ERROR_MEMORY; only exposition_release() may follow then.
 */
int protobuf_parse(struct exposition *exposition, struct slice bytes, const struct limits *limits, struct error *error);

/*
 * Gives a metric that was read from text the native that was kept with it. It must be one that protobuf_parse() made,
 * and show the same values as the text does: who changes a file by hand changes what comes out. Natives are attached in
 * ascending order of metrics; the message must outlive the exposition. 0, or -1 with the error.
 */
int protobuf_attach_native(struct exposition *exposition, const struct metric_family *family, uint32_t metric,
	struct slice message, const struct limits *limits, struct error *error);

/* Attaches all natives of canonical text to the exposition that was parsed from it: the way to use them. One that
 * somebody damaged by hand is passed over. The natives lie in the exposition. 0, or -1 with ERROR_MEMORY. */
int protobuf_attach_natives(
	struct exposition *exposition, struct slice text, const struct limits *limits, struct error *error);

/* The type of a family as protobuf names it, in capitals: also what the natives of its metrics tell, GAUGE_HISTOGRAM.
 */
const char *protobuf_type_name(const struct exposition *exposition, const struct metric_family *family);

/*
 * One family as one delimited message, whose metrics may come in several expositions and stand wherever they fit until
 * the length of all of them is known:
 *
 *	protobuf_family_init(&message, family);
 *	protobuf_family_add(&message, &metrics, &exposition, its_family, &error);	for each exposition
 *	protobuf_family_append_begin(&message, &out, &error);
 *	...the metrics follow
 *	protobuf_family_append_end(&message, &out, &error);
 *	protobuf_family_release(&message);
 *
 * Functions return 0, or -1 with ERROR_TOO_LARGE (the buffer's maximum) or ERROR_MEMORY and nothing appended.
 */
struct protobuf_family {
	struct slice name, help;
	struct slice unit; /* lies in the arena */
	uint64_t type;	   /* as on the wire */
	bool has_native;   /* a metric had one, and told type and unit */
	size_t metrics_len;
	struct arena arena;
};

/* Name, HELP (escaped) and type are those of this family; the slices must outlive the message. */
void protobuf_family_init(struct protobuf_family *message, const struct metric_family *family);
void protobuf_family_release(struct protobuf_family *message);

/* Appends metrics in the order given. */
int protobuf_family_add(struct protobuf_family *message, struct buffer *out, const struct exposition *exposition,
	const struct metric_family *family, struct error *error);

/* Append what stands before all metrics, the length of the message first, and what stands after them. */
int protobuf_family_append_begin(struct protobuf_family *message, struct buffer *out, struct error *error);
int protobuf_family_append_end(const struct protobuf_family *message, struct buffer *out, struct error *error);

/* The same for a family that is in one exposition. */
int protobuf_append_family(struct buffer *out, const struct exposition *exposition, const struct metric_family *family,
	struct error *error);

#endif
