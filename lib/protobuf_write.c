#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "protobuf.h"
#include "protobuf_parts.h"
#include "text.h"

/* The keys of length-delimited fields, number << 3 | 2. */
enum {
	KEY_FAMILY_METRIC = 4 << 3 | 2,
	KEY_FAMILY_UNIT = 5 << 3 | 2,
};

/* `count` elements of an array, and room for the pointers to them that protobuf-c wants. */
static void *alloc_elements(struct arena *arena, uint32_t count, size_t size, void ***pointers)
{
	if (count == 0)
		return NULL;
	*pointers = arena_alloc(arena, count * sizeof(**pointers));
	char *elements = arena_alloc(arena, count * size);
	if (*pointers == NULL || elements == NULL)
		return NULL;
	for (uint32_t i = 0; i < count; i++)
		(*pointers)[i] = elements + i * size;
	return elements;
}

static uint32_t count_points(const struct exposition *exposition, const struct distribution *distribution)
{
	uint32_t count = 0;
	for (uint32_t i = distribution->first_point; i != EXPOSITION_NONE; i = exposition->points[i].next)
		count++;
	return count;
}

static bool is_count(double value)
{
	return value >= 0 && value < 0x1p64 && value == trunc(value);
}

/* A histogram has either integers or floats only: Prometheus takes it for a float histogram at the first fraction. */
static bool has_integers(const struct exposition *exposition, const struct distribution *distribution)
{
	if (!is_count(distribution->count))
		return false;
	for (uint32_t i = distribution->first_point; i != EXPOSITION_NONE; i = exposition->points[i].next) {
		if (!is_count(exposition->points[i].value))
			return false;
	}
	return true;
}

static void set_count(bool integer, double value, protobuf_c_boolean *has_integer, uint64_t *as_integer,
	protobuf_c_boolean *has_float, double *as_float)
{
	*has_integer = integer;
	*as_integer = integer ? (uint64_t)value : 0;
	*has_float = !integer;
	*as_float = integer ? 0 : value;
}

static int histogram_of(struct arena *arena, const struct exposition *exposition,
	const struct distribution *distribution, proto_metric *message)
{
	proto_histogram *histogram = arena_alloc(arena, sizeof(*histogram));
	if (histogram == NULL)
		return -1;
	*histogram = (proto_histogram)IO__PROMETHEUS__CLIENT__HISTOGRAM__INIT;
	message->histogram = histogram;
	bool integers = has_integers(exposition, distribution);
	set_count(integers, distribution->count, &histogram->has_sample_count, &histogram->sample_count,
		&histogram->has_sample_count_float, &histogram->sample_count_float);
	histogram->has_sample_sum = true;
	histogram->sample_sum = distribution->sum;
	histogram->n_bucket = count_points(exposition, distribution);
	proto_bucket *bucket =
		alloc_elements(arena, (uint32_t)histogram->n_bucket, sizeof(*bucket), (void ***)&histogram->bucket);
	if (bucket == NULL)
		return histogram->n_bucket == 0 ? 0 : -1;
	for (uint32_t i = distribution->first_point; i != EXPOSITION_NONE; i = exposition->points[i].next, bucket++) {
		*bucket = (proto_bucket)IO__PROMETHEUS__CLIENT__BUCKET__INIT;
		bucket->has_upper_bound = true;
		bucket->upper_bound = exposition->points[i].bound;
		set_count(integers, exposition->points[i].value, &bucket->has_cumulative_count,
			&bucket->cumulative_count, &bucket->has_cumulative_count_float,
			&bucket->cumulative_count_float);
	}
	return 0;
}

static int summary_of(struct arena *arena, const struct exposition *exposition, const struct distribution *distribution,
	proto_metric *message)
{
	proto_summary *summary = arena_alloc(arena, sizeof(*summary));
	if (summary == NULL)
		return -1;
	*summary = (proto_summary)IO__PROMETHEUS__CLIENT__SUMMARY__INIT;
	message->summary = summary;
	summary->has_sample_count = true;
	summary->sample_count = is_count(distribution->count) ? (uint64_t)distribution->count : 0;
	summary->has_sample_sum = true;
	summary->sample_sum = distribution->sum;
	summary->n_quantile = count_points(exposition, distribution);
	proto_quantile *quantile =
		alloc_elements(arena, (uint32_t)summary->n_quantile, sizeof(*quantile), (void ***)&summary->quantile);
	if (quantile == NULL)
		return summary->n_quantile == 0 ? 0 : -1;
	for (uint32_t i = distribution->first_point; i != EXPOSITION_NONE; i = exposition->points[i].next, quantile++) {
		*quantile = (proto_quantile)IO__PROMETHEUS__CLIENT__QUANTILE__INIT;
		quantile->has_quantile = quantile->has_value = true;
		quantile->quantile = exposition->points[i].bound;
		quantile->value = exposition->points[i].value;
	}
	return 0;
}

#define VALUE_OF(arena, message, field, initial, plain)                                                                \
	do {                                                                                                           \
		(message)->field = arena_alloc(arena, sizeof(*(message)->field));                                      \
		if ((message)->field == NULL)                                                                          \
			return -1;                                                                                     \
		*(message)->field = (initial);                                                                         \
		(message)->field->has_value = true;                                                                    \
		(message)->field->value = (plain);                                                                     \
	} while (0)

int protobuf_metric_of(struct arena *arena, const struct exposition *exposition, enum metric_type type,
	const struct metric *metric, proto_metric *message)
{
	*message = (proto_metric)IO__PROMETHEUS__CLIENT__METRIC__INIT;
	switch (type) {
	case METRIC_COUNTER:
		VALUE_OF(arena, message, counter, (proto_counter)IO__PROMETHEUS__CLIENT__COUNTER__INIT, metric->value);
		return 0;
	case METRIC_GAUGE:
		VALUE_OF(arena, message, gauge, (proto_gauge)IO__PROMETHEUS__CLIENT__GAUGE__INIT, metric->value);
		return 0;
	case METRIC_UNTYPED:
		VALUE_OF(arena, message, untyped, (proto_untyped)IO__PROMETHEUS__CLIENT__UNTYPED__INIT, metric->value);
		return 0;
	case METRIC_SUMMARY:
		return summary_of(arena, exposition, &exposition->distributions[metric->distribution], message);
	case METRIC_HISTOGRAM:
		return histogram_of(arena, exposition, &exposition->distributions[metric->distribution], message);
	}
	return -1;
}

/* Values without escapes are not copied. 0, or -1 with errno. */
static int unescape(struct arena *arena, struct slice escaped, ProtobufCBinaryData *plain)
{
	struct buffer text;
	*plain = protobuf_bytes(escaped);
	if (escaped.len == 0 || memchr(escaped.data, '\\', escaped.len) == NULL)
		return 0;
	buffer_init(&text, escaped.len);
	struct slice copy = {0};
	if (text_unescape(&text, escaped) == 0)
		copy = arena_copy(arena, buffer_slice(&text));
	buffer_release(&text);
	*plain = protobuf_bytes(copy);
	return copy.data == NULL ? -1 : 0;
}

static int labels_of(
	struct arena *arena, const struct exposition *exposition, const struct metric *metric, proto_metric *message)
{
	const struct label *labels = metric_labels(exposition, metric);
	message->n_label = metric->label_count;
	proto_label *label = alloc_elements(arena, metric->label_count, sizeof(*label), (void ***)&message->label);
	if (label == NULL)
		return metric->label_count == 0 ? 0 : -1;
	for (uint32_t i = 0; i < metric->label_count; i++) {
		label[i] = (proto_label)IO__PROMETHEUS__CLIENT__LABEL_PAIR__INIT;
		label[i].has_name = label[i].has_value = true;
		label[i].name = protobuf_bytes(labels[i].name);
		if (unescape(arena, labels[i].value, &label[i].value) == -1)
			return -1;
	}
	return 0;
}

/* `size` is the message's packed size. */
static int append_message(struct buffer *out, const ProtobufCMessage *message, size_t size)
{
	if (buffer_reserve(out, size) == -1)
		return -1;
	if (out->data != NULL)
		out->len += protobuf_c_message_pack(message, (uint8_t *)out->data + out->len);
	return 0;
}

/* Messages of one kind put behind each other are one: a native follows the labels that it lacks. */
static int append_metric(struct buffer *out, struct arena *arena, const struct exposition *exposition,
	enum metric_type type, uint32_t index)
{
	const struct metric *metric = &exposition->metrics[index];
	const struct native *native = exposition_native(exposition, index);
	proto_metric message = IO__PROMETHEUS__CLIENT__METRIC__INIT;
	struct slice rest = {0}, kept = {0};
	if (native != NULL) {
		rest = native->message;
		protobuf_take_metric(&rest, &kept);
	} else if (protobuf_metric_of(arena, exposition, type, metric, &message) == -1) {
		return -1;
	}
	if (labels_of(arena, exposition, metric, &message) == -1)
		return -1;
	size_t size = protobuf_c_message_get_packed_size(&message.base);
	if (protobuf_append_varint(out, KEY_FAMILY_METRIC) == -1 ||
		protobuf_append_varint(out, size + kept.len) == -1 || append_message(out, &message.base, size) == -1)
		return -1;
	return buffer_append_slice(out, kept);
}

void protobuf_family_init(struct protobuf_family *message, const struct metric_family *family)
{
	*message = (struct protobuf_family){
		.name = family->name,
		.help = family->help,
		.type = protobuf_type_number(family->type),
	};
	arena_init(&message->arena);
}

void protobuf_family_release(struct protobuf_family *message)
{
	arena_release(&message->arena);
}

static int note_native(
	struct protobuf_family *message, const struct exposition *exposition, const struct metric_family *family)
{
	struct protobuf_head head;
	if (message->has_native || !protobuf_native_head(exposition, family, &head))
		return 0;
	message->has_native = true;
	message->type = head.type;
	message->unit = arena_copy(&message->arena, head.unit);
	return message->unit.data == NULL ? -1 : 0;
}

static int set_growth(struct error *error, const struct buffer *out)
{
	return error_set_growth(error, "the exposition is over the limit of %zu bytes", out->max);
}

int protobuf_family_add(struct protobuf_family *message, struct buffer *out, const struct exposition *exposition,
	const struct metric_family *family, struct error *error)
{
	const size_t start = out->len;
	errno = ENOMEM;
	int status = note_native(message, exposition, family);
	for (uint32_t m = family->first_metric; m != EXPOSITION_NONE && status == 0; m = exposition->metrics[m].next) {
		struct arena scratch;
		arena_init(&scratch);
		status = append_metric(out, &scratch, exposition, family->type, m);
		arena_release(&scratch);
	}
	if (status == -1) {
		out->len = start;
		return set_growth(error, out);
	}
	message->metrics_len += out->len - start;
	return 0;
}

static size_t field_size(size_t key_size, size_t len)
{
	char text[PROTOBUF_VARINT_SIZE];
	return key_size + protobuf_put_varint(text, len) + len;
}

static int append_begin(struct protobuf_family *message, struct buffer *out)
{
	proto_family head = IO__PROMETHEUS__CLIENT__METRIC_FAMILY__INIT;
	head.has_name = true;
	head.name = protobuf_bytes(message->name);
	head.has_help = message->help.data != NULL;
	head.has_type = true;
	head.type = (Io__Prometheus__Client__MetricType)message->type;
	if (head.has_help && unescape(&message->arena, message->help, &head.help) == -1)
		return -1;
	size_t size = protobuf_c_message_get_packed_size(&head.base), len = size + message->metrics_len;
	if (message->unit.len > 0)
		len += field_size(1, message->unit.len);
	return protobuf_append_varint(out, len) == -1 ? -1 : append_message(out, &head.base, size);
}

int protobuf_family_append_begin(struct protobuf_family *message, struct buffer *out, struct error *error)
{
	const size_t start = out->len;
	errno = ENOMEM;
	if (append_begin(message, out) == 0)
		return 0;
	out->len = start;
	return set_growth(error, out);
}

int protobuf_family_append_end(const struct protobuf_family *message, struct buffer *out, struct error *error)
{
	const size_t start = out->len;
	if (message->unit.len == 0 || (protobuf_append_varint(out, KEY_FAMILY_UNIT) == 0 &&
					      protobuf_append_varint(out, message->unit.len) == 0 &&
					      buffer_append_slice(out, message->unit) == 0))
		return 0;
	out->len = start;
	return set_growth(error, out);
}

int protobuf_append_family(struct buffer *out, const struct exposition *exposition, const struct metric_family *family,
	struct error *error)
{
	const size_t start = out->len;
	struct protobuf_family message;
	struct buffer metrics;
	buffer_init(&metrics, out->max - start);
	protobuf_family_init(&message, family);
	int status = protobuf_family_add(&message, &metrics, exposition, family, error);
	if (status == 0)
		status = protobuf_family_append_begin(&message, out, error);
	if (status == 0 && buffer_append_slice(out, buffer_slice(&metrics)) == -1)
		status = set_growth(error, out);
	if (status == 0)
		status = protobuf_family_append_end(&message, out, error);
	if (status == -1)
		out->len = start;
	protobuf_family_release(&message);
	buffer_release(&metrics);
	return status;
}
