#include <math.h>
#include <stdlib.h>

#include "exposition_builder.h"
#include "labels.h"
#include "names.h"
#include "protobuf.h"
#include "protobuf_parts.h"
#include "text.h"

struct reader {
	struct exposition *exposition;
	struct exposition_builder builder;
	const struct limits *limits;
	struct error *error;
	unsigned message; /* number of the message, from 1 */
	unsigned number;  /* of the metric in it, from 1; 0 where it is about the family */
	uint32_t family;  /* in exposition.families */
	struct protobuf_head head;
	struct buffer escaped;
};

/* The line of an error is the number of the message, its column that of the metric. */
#define FAIL(reader, kind, ...) error_set_at((reader)->error, kind, (reader)->message, (reader)->number, __VA_ARGS__)

static struct quoted family_name(const struct reader *reader)
{
	return quote(reader->head.name);
}

static enum metric_type model_type(const struct reader *reader)
{
	return protobuf_types[reader->head.type].type;
}

/* NULL with the error. */
static proto_metric *unpack_metric(struct reader *reader, struct arena *arena, struct slice bytes)
{
	enum error_kind kind;
	proto_metric *metric = protobuf_unpack_metric(arena, bytes, &kind);
	if (metric != NULL)
		return metric;
	if (kind == ERROR_MEMORY)
		error_set_memory(reader->error);
	else
		FAIL(reader, kind, "a metric of %s %s", family_name(reader).text,
			kind == ERROR_TOO_LARGE ? "has too many parts" : "is malformed");
	return NULL;
}

static bool metric_name_valid(const struct limits *limits, struct slice name)
{
	return limits->utf8_names ? name_is_utf8(name) : metric_name_is_legacy(name);
}

static int check_label(struct reader *reader, struct slice name, struct slice value)
{
	const struct limits *limits = reader->limits;
	if (name.len > limits->name)
		return FAIL(reader, ERROR_TOO_LARGE, "the label name is too long, over the limit of %zu", limits->name);
	if (!(limits->utf8_names ? name_is_utf8(name) : label_name_valid(name)))
		return FAIL(reader, ERROR_SYNTAX, "collected metric %s has a label with an invalid name: %s",
			family_name(reader).text, quote(name).text);
	if (slice_is(name, "__name__"))
		return FAIL(reader, ERROR_SYNTAX, "label name \"__name__\" is reserved");
	enum metric_type type = model_type(reader);
	if ((type == METRIC_SUMMARY && slice_is(name, "quantile")) ||
		(type == METRIC_HISTOGRAM && slice_is(name, "le")))
		return FAIL(reader, ERROR_INCONSISTENT, "collected metric %s must not have an explicit %s label",
			family_name(reader).text, quote(name).text);
	if (!utf8_valid(value))
		return FAIL(reader, ERROR_SYNTAX,
			"collected metric %s has a label named %s whose value is not utf8: %s",
			family_name(reader).text, quote(name).text, quote(value).text);
	return 0;
}

/* Copies a label into the exposition, its value escaped. */
static int copy_label(struct reader *reader, struct slice name, struct slice value, struct label *label)
{
	struct arena *arena = &reader->exposition->arena;
	buffer_clear(&reader->escaped);
	if (text_escape(&reader->escaped, value) == -1)
		return error_set_memory(reader->error);
	if (reader->escaped.len > reader->limits->label_value)
		return FAIL(reader, ERROR_TOO_LARGE, "the label value is too long, over the limit of %zu",
			reader->limits->label_value);
	*label = (struct label){arena_copy(arena, name), arena_copy(arena, buffer_slice(&reader->escaped))};
	return label->name.data == NULL || label->value.data == NULL ? error_set_memory(reader->error) : 0;
}

/* Puts one label among the last `count` of the exposition, which stay in order. */
static int add_label(struct reader *reader, uint32_t count, const proto_label *pair)
{
	struct exposition *exposition = reader->exposition;
	struct slice name = protobuf_slice(pair->name), value = protobuf_slice(pair->value);
	struct label label;
	reader->exposition->quoted_names |= !label_name_valid(name);
	if (check_label(reader, name, value) == -1 || copy_label(reader, name, value, &label) == -1)
		return -1;
	if (exposition_builder_reserve_labels(&reader->builder, 1) == -1)
		return error_set_memory(reader->error);
	struct label *labels = exposition->labels + exposition->label_count - count;
	uint32_t position = count;
	int order = -1;
	while (position > 0 && (order = slice_compare(labels[position - 1].name, name)) > 0)
		position--;
	if (position > 0 && order == 0)
		return FAIL(reader, ERROR_INCONSISTENT,
			"collected metric %s has two or more labels with the same name: %s", family_name(reader).text,
			quote(name).text);
	memmove(labels + position + 1, labels + position, (count - position) * sizeof(*labels));
	labels[position] = label;
	exposition->label_count++;
	return 0;
}

static int read_labels(struct reader *reader, const proto_metric *metric)
{
	if (metric->n_label > reader->limits->labels)
		return FAIL(reader, ERROR_TOO_LARGE, "the sample has too many labels, over the limit of %zu",
			reader->limits->labels);
	for (uint32_t i = 0; i < metric->n_label; i++) {
		if (add_label(reader, i, metric->label[i]) == -1)
			return -1;
	}
	return 0;
}

static int add_point(struct reader *reader, struct distribution *distribution, double bound, double value)
{
	/* As in the text format, where a bound that is no number makes no point. */
	if (isnan(bound))
		return 0;
	if (exposition_builder_point(&reader->builder, distribution, bound, value, reader->message) == -1)
		return error_set_memory(reader->error);
	return 0;
}

static int read_summary(struct reader *reader, const proto_summary *summary, struct distribution *distribution)
{
	distribution->sum = summary->sample_sum;
	distribution->count = (double)summary->sample_count;
	if (!(distribution->count < 0x1p64))
		return FAIL(reader, ERROR_SYNTAX, "invalid count for summary %s", family_name(reader).text);
	for (size_t i = 0; i < summary->n_quantile; i++) {
		const proto_quantile *quantile = summary->quantile[i];
		if (add_point(reader, distribution, quantile->quantile, quantile->value) == -1)
			return -1;
	}
	return 0;
}

static double count_of(uint64_t integer, double overriding)
{
	return overriding != 0 ? overriding : (double)integer;
}

static int read_histogram(struct reader *reader, const proto_histogram *histogram, struct distribution *distribution)
{
	distribution->sum = histogram->sample_sum;
	distribution->count = count_of(histogram->sample_count, histogram->sample_count_float);
	if (distribution->count < 0)
		return FAIL(reader, ERROR_SYNTAX, "negative count for histogram %s", family_name(reader).text);
	for (size_t i = 0; i < histogram->n_bucket; i++) {
		const proto_bucket *bucket = histogram->bucket[i];
		double count = count_of(bucket->cumulative_count, bucket->cumulative_count_float);
		if (count < 0)
			return FAIL(reader, ERROR_SYNTAX, "negative bucket population for histogram %s",
				family_name(reader).text);
		if (add_point(reader, distribution, bucket->upper_bound, count) == -1)
			return -1;
	}
	return 0;
}

static int read_distribution(struct reader *reader, enum metric_type type, const proto_metric *metric)
{
	struct distribution *distribution = exposition_builder_distribution(
		&reader->builder, reader->family, (uint32_t)metric->n_label, reader->message);
	if (distribution == NULL)
		return error_set_memory(reader->error);
	if (distribution->has_count)
		return FAIL(reader, ERROR_INCONSISTENT,
			"collected metric %s was collected before with the same name and label values",
			family_name(reader).text);
	distribution->has_sum = distribution->has_count = true;
	return type == METRIC_SUMMARY ? read_summary(reader, metric->summary, distribution)
				      : read_histogram(reader, metric->histogram, distribution);
}

static int read_value(struct reader *reader, const proto_metric *metric)
{
	enum metric_type type = model_type(reader);
	if (metric_type_is_distribution(type))
		return read_distribution(reader, type, metric);
	struct metric *built =
		exposition_builder_metric(&reader->builder, reader->family, (uint32_t)metric->n_label, reader->message);
	if (built == NULL)
		return error_set_memory(reader->error);
	built->value = type == METRIC_COUNTER ? metric->counter->value
		       : type == METRIC_GAUGE ? metric->gauge->value
					      : metric->untyped->value;
	return 0;
}

/* Fields that are absent and those that hold their default mean the same. */
static void fill_distribution_defaults(proto_metric *metric)
{
	proto_histogram *histogram = metric->histogram;
	proto_summary *summary = metric->summary;
	if (histogram != NULL) {
		histogram->has_sample_count |= !histogram->has_sample_count_float;
		histogram->has_sample_sum = true;
	}
	for (size_t i = 0; histogram != NULL && i < histogram->n_bucket; i++) {
		histogram->bucket[i]->has_cumulative_count |= !histogram->bucket[i]->has_cumulative_count_float;
		histogram->bucket[i]->has_upper_bound = true;
	}
	if (summary != NULL)
		summary->has_sample_count = summary->has_sample_sum = true;
	for (size_t i = 0; summary != NULL && i < summary->n_quantile; i++)
		summary->quantile[i]->has_quantile = summary->quantile[i]->has_value = true;
}

static void fill_defaults(proto_metric *metric)
{
	if (metric->counter != NULL)
		metric->counter->has_value = true;
	if (metric->gauge != NULL)
		metric->gauge->has_value = true;
	if (metric->untyped != NULL)
		metric->untyped->has_value = true;
	fill_distribution_defaults(metric);
}

static struct slice pack(struct arena *arena, const ProtobufCMessage *message)
{
	uint8_t *packed = arena_alloc(arena, protobuf_c_message_get_packed_size(message) + 1);
	if (packed == NULL)
		return (struct slice){0};
	return slice_make((const char *)packed, protobuf_c_message_pack(message, packed));
}

/* Whether the message is more than the model has of it. -1 when out of memory. */
static int exceeds_model(struct reader *reader, struct arena *arena, const proto_metric *metric)
{
	const struct exposition *exposition = reader->exposition;
	proto_metric modelled;
	if (protobuf_metric_of(arena, exposition, model_type(reader),
		    &exposition->metrics[exposition->metric_count - 1], &modelled) == -1)
		return -1;
	if (protobuf_c_message_get_packed_size(&metric->base) != protobuf_c_message_get_packed_size(&modelled.base))
		return 1;
	struct slice whole = pack(arena, &metric->base), part = pack(arena, &modelled.base);
	if (whole.data == NULL || part.data == NULL)
		return -1;
	return !slice_equal(whole, part);
}

/* Keeps what the model can't hold. What it can't hold of the family is kept with the family's first metric. */
static int keep_native(struct reader *reader, struct arena *arena, proto_metric *metric)
{
	struct exposition *exposition = reader->exposition;
	uint32_t index = exposition->metric_count - 1;
	bool first = exposition->families[reader->family].first_metric == index;
	bool gauge_histogram = reader->head.type == IO__PROMETHEUS__CLIENT__METRIC_TYPE__GAUGE_HISTOGRAM;
	metric->n_label = 0;
	metric->has_timestamp_ms = false;
	fill_defaults(metric);
	int keep = first && (reader->head.unit.len > 0 || gauge_histogram) ? 1 : exceeds_model(reader, arena, metric);
	if (keep == -1)
		return error_set_memory(reader->error);
	if (keep == 0)
		return 0;
	const char *wrong = protobuf_check_metric(metric);
	if (wrong != NULL)
		return FAIL(reader, ERROR_INCONSISTENT, "collected metric %s has %s", family_name(reader).text, wrong);
	proto_family family = IO__PROMETHEUS__CLIENT__METRIC_FAMILY__INIT;
	family.has_type = true;
	family.type = (Io__Prometheus__Client__MetricType)reader->head.type;
	family.n_metric = 1;
	family.metric = &metric;
	family.has_unit = first && reader->head.unit.len > 0;
	family.unit = protobuf_bytes(reader->head.unit);
	struct slice message = pack(&exposition->arena, &family.base), rest = message, kept;
	if (message.data == NULL || exposition_builder_native(exposition, index, message) == -1)
		return error_set_memory(reader->error);
	/* protobuf-c takes a few malformed unknown fields, and packs them so that it takes them no more. */
	protobuf_take_metric(&rest, &kept);
	return unpack_metric(reader, arena, kept) == NULL ? -1 : 0;
}

static int convert_metric(struct reader *reader, struct arena *arena, struct slice bytes)
{
	struct exposition *exposition = reader->exposition;
	proto_metric *metric = unpack_metric(reader, arena, bytes);
	void *value;
	if (metric == NULL)
		return -1;
	memcpy(&value, (const char *)metric + protobuf_types[reader->head.type].field, sizeof(value));
	if (value == NULL)
		return FAIL(reader, ERROR_INCONSISTENT, "collected metric %s is not a %s", family_name(reader).text,
			protobuf_types[reader->head.type].name);
	if (metric->has_timestamp_ms && exposition->timestamp_line == 0) {
		exposition->timestamp_line = reader->message;
		exposition->timestamp_column = reader->number;
	}
	if (read_labels(reader, metric) == -1 || read_value(reader, metric) == -1)
		return -1;
	return keep_native(reader, arena, metric);
}

static int read_metrics(struct reader *reader, struct slice family)
{
	struct slice metric;
	while (protobuf_take_metric(&family, &metric)) {
		struct arena arena;
		reader->number++;
		arena_init(&arena);
		int status = convert_metric(reader, &arena, metric);
		arena_release(&arena);
		if (status == -1)
			return -1;
	}
	return 0;
}

/* Escaped, and without the blanks at its beginning, which the text format can't hold. data is NULL where none is left.
 */
static int read_help(struct reader *reader, struct slice *help)
{
	struct slice plain = reader->head.help;
	size_t escapes = 0;
	while (plain.len > 0 && (plain.data[0] == ' ' || plain.data[0] == '\t'))
		plain = slice_make(plain.data + 1, plain.len - 1);
	*help = plain.len > 0 ? plain : (struct slice){0};
	if (!utf8_valid(plain))
		return FAIL(reader, ERROR_SYNTAX, "the HELP text for metric name %s is not UTF-8",
			family_name(reader).text);
	for (size_t i = 0; i < plain.len; i++)
		escapes += plain.data[i] == '\\' || plain.data[i] == '\n';
	if (escapes == 0)
		return 0;
	char *escaped = arena_alloc(&reader->exposition->arena, plain.len + escapes), *to = escaped;
	if (escaped == NULL)
		return error_set_memory(reader->error);
	for (size_t i = 0; i < plain.len; i++) {
		if (plain.data[i] == '\\' || plain.data[i] == '\n')
			*to++ = '\\';
		*to++ = plain.data[i];
		if (plain.data[i] == '\n')
			to[-1] = 'n';
	}
	*help = slice_make(escaped, (size_t)(to - escaped));
	return 0;
}

static int check_head(struct reader *reader)
{
	struct slice name = reader->head.name;
	if (name.len > reader->limits->name)
		return FAIL(reader, ERROR_TOO_LARGE, "the metric name is too long, over the limit of %zu",
			reader->limits->name);
	if (!metric_name_valid(reader->limits, name))
		return FAIL(reader, ERROR_SYNTAX, "invalid metric name %s", quote(name).text);
	if (reader->head.type >= PROTOBUF_TYPES)
		return FAIL(reader, ERROR_SYNTAX, "unknown metric type %llu of metric name %s",
			(unsigned long long)reader->head.type, family_name(reader).text);
	if (!utf8_valid(reader->head.unit))
		return FAIL(reader, ERROR_SYNTAX, "the unit of metric name %s is not UTF-8", family_name(reader).text);
	return 0;
}

/* Takes the next delimited message and reads its head. */
static int take_family(struct reader *reader, struct slice *rest, struct slice *family)
{
	uint64_t len;
	enum sample_role role;
	reader->message++;
	reader->number = 0;
	if (!protobuf_take_varint(rest, &len) || len > rest->len)
		return FAIL(reader, ERROR_SYNTAX, "the message is cut short");
	*family = slice_make(rest->data, (size_t)len);
	*rest = slice_make(rest->data + len, rest->len - (size_t)len);
	if (!protobuf_read_head(*family, &reader->head))
		return FAIL(reader, ERROR_SYNTAX, "the message is malformed");
	if (check_head(reader) == -1)
		return -1;
	reader->exposition->quoted_names |= !metric_name_is_legacy(reader->head.name);
	if (exposition_builder_family(&reader->builder, reader->head.name, reader->message, &reader->family, &role) ==
		-1)
		return error_set_memory(reader->error);
	return 0;
}

/*
 * Twice over the messages: first for the names, then for the metrics of the last family of each name. Types come with
 * the metrics only, when every name has its family: before, the builder would take h_count for a part of a histogram h.
 */
static int read_families(struct reader *reader, struct slice bytes)
{
	struct slice rest = bytes, message;
	while (rest.len > 0) {
		if (take_family(reader, &rest, &message) == -1)
			return -1;
		reader->exposition->families[reader->family].line = reader->message;
	}
	rest = bytes;
	reader->message = 0;
	while (rest.len > 0) {
		if (take_family(reader, &rest, &message) == -1)
			return -1;
		struct metric_family *family = &reader->exposition->families[reader->family];
		if (family->line != reader->message)
			continue;
		family->type = model_type(reader);
		if (read_help(reader, &family->help) == -1 || read_metrics(reader, message) == -1)
			return -1;
	}
	return 0;
}

int protobuf_parse(struct exposition *exposition, struct slice bytes, const struct limits *limits, struct error *error)
{
	struct reader reader = {.exposition = exposition, .limits = limits, .error = error};
	int status;
	buffer_init(&reader.escaped, SIZE_MAX / 2);
	if (exposition_builder_init(&reader.builder, exposition) == -1)
		status = error_set_memory(error);
	else
		status = read_families(&reader, bytes);
	if (status == 0)
		exposition_builder_finish(&reader.builder);
	exposition_builder_release(&reader.builder);
	buffer_release(&reader.escaped);
	return status;
}
