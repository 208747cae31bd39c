/*
 * protobuf_parts: what reading and writing protobuf share. For protobuf_*.c; others see whole expositions.
 *
 * A metric family is walked by its fields, so that no more than one metric at a time is unpacked by protobuf-c.
 */
#ifndef PGW_PROTOBUF_PARTS_H
#define PGW_PROTOBUF_PARTS_H

#include <stdbool.h>
#include <stdint.h>

#include "arena.h"
#include "buffer.h"
#include "error.h"
#include "exposition.h"
#include "metrics.pb-c.h"
#include "slice.h"

typedef Io__Prometheus__Client__Bucket proto_bucket;
typedef Io__Prometheus__Client__Counter proto_counter;
typedef Io__Prometheus__Client__Exemplar proto_exemplar;
typedef Io__Prometheus__Client__Gauge proto_gauge;
typedef Io__Prometheus__Client__Histogram proto_histogram;
typedef Io__Prometheus__Client__LabelPair proto_label;
typedef Io__Prometheus__Client__Metric proto_metric;
typedef Io__Prometheus__Client__MetricFamily proto_family;
typedef Io__Prometheus__Client__Quantile proto_quantile;
typedef Io__Prometheus__Client__Summary proto_summary;
typedef Io__Prometheus__Client__Untyped proto_untyped;

/* A type of metric families, by the number that it has on the wire. */
struct protobuf_type {
	const char *name;
	enum metric_type type;
	size_t field; /* of the Metric, where its value is */
};

#define PROTOBUF_TYPES 6

extern const struct protobuf_type protobuf_types[PROTOBUF_TYPES];

/* A MetricFamily but for its metrics; data is NULL where a field is absent. */
struct protobuf_head {
	struct slice name;
	struct slice help;
	struct slice unit;
	uint64_t type;
};

/* A varint of 64 bits at its longest. */
#define PROTOBUF_VARINT_SIZE 10

/* Takes a varint from the front. */
bool protobuf_take_varint(struct slice *rest, uint64_t *value);

/* Writes a varint and returns its length; or appends it: 0, or -1 with errno. */
size_t protobuf_put_varint(char text[PROTOBUF_VARINT_SIZE], uint64_t value);
int protobuf_append_varint(struct buffer *out, uint64_t value);

/* Reads a MetricFamily but for its metrics; false when the message is malformed. */
bool protobuf_read_head(struct slice family, struct protobuf_head *head);

/* Takes the next metric from the front of what is left of a MetricFamily that protobuf_read_head() read. False at the
 * end. */
bool protobuf_take_metric(struct slice *rest, struct slice *metric);

/* The number of a type on the wire: the first of those that are the same in the model. */
uint64_t protobuf_type_number(enum metric_type type);

/* What the first native of a family's metrics tells of the family: unit and type, the model's where it is of another
 * one. False where no metric has a native. */
bool protobuf_native_head(
	const struct exposition *exposition, const struct metric_family *family, struct protobuf_head *head);

/* Unpacks a metric into the arena, with a limit to what few bytes may become. NULL with ERROR_SYNTAX, ERROR_TOO_LARGE
 * or ERROR_MEMORY. */
proto_metric *protobuf_unpack_metric(struct arena *arena, struct slice bytes, enum error_kind *kind);

/* The metric as the model has it, without labels; its parts live in the arena. 0, or -1 when out of memory. */
int protobuf_metric_of(struct arena *arena, const struct exposition *exposition, enum metric_type type,
	const struct metric *metric, proto_metric *message);

/* Checks what the model doesn't have of a metric, so that Prometheus won't refuse a whole scrape for it. Returns NULL,
 * or what is wrong. */
const char *protobuf_check_metric(const proto_metric *metric);

static inline struct slice protobuf_slice(ProtobufCBinaryData bytes)
{
	return slice_make((const char *)bytes.data, bytes.len);
}

static inline ProtobufCBinaryData protobuf_bytes(struct slice slice)
{
	return (ProtobufCBinaryData){slice.len, (uint8_t *)slice.data};
}

#endif
