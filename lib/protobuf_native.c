#include <math.h>
#include <stdlib.h>

#include "canonical.h"
#include "exposition_builder.h"
#include "protobuf.h"
#include "protobuf_parts.h"

static bool number_equal(double a, double b)
{
	return a == b || (isnan(a) && isnan(b));
}

/* A text has a bucket +Inf where a message may lack it. */
static bool distribution_equal(const struct exposition *text, const struct distribution *of_text,
	const struct exposition *kept, const struct distribution *of_kept)
{
	uint32_t i = of_text->first_point, k = of_kept->first_point;
	if (!number_equal(of_text->count, of_kept->count) || !number_equal(of_text->sum, of_kept->sum))
		return false;
	for (; k != EXPOSITION_NONE; i = text->points[i].next, k = kept->points[k].next) {
		if (i == EXPOSITION_NONE || text->points[i].bound != kept->points[k].bound ||
			!number_equal(text->points[i].value, kept->points[k].value))
			return false;
	}
	return i == EXPOSITION_NONE ||
	       (text->points[i].bound == INFINITY && number_equal(text->points[i].value, of_text->count) &&
		       text->points[i].next == EXPOSITION_NONE);
}

static bool metric_equal(const struct exposition *text, enum metric_type type, const struct metric *of_text,
	const struct exposition *kept, const struct metric *of_kept)
{
	if (!metric_type_is_distribution(type))
		return number_equal(of_text->value, of_kept->value);
	return distribution_equal(
		text, &text->distributions[of_text->distribution], kept, &kept->distributions[of_kept->distribution]);
}

/* Whether the message is the native that it gives itself. */
static bool is_native(const struct exposition *kept, enum metric_type type, struct slice message)
{
	return kept->native_count == 1 && slice_equal(kept->natives[0].message, message) &&
	       kept->families[0].type == type;
}

int protobuf_attach_native(struct exposition *exposition, const struct metric_family *family, uint32_t metric,
	struct slice message, const struct limits *limits, struct error *error)
{
	/* A native becomes a family with a name put before it. */
	static const char name[] = {1 << 3 | 2, 1, 'x'};
	struct exposition kept;
	struct buffer bytes;
	int status = -1;
	exposition_init(&kept);
	buffer_init(&bytes, SIZE_MAX / 2);
	if (protobuf_append_varint(&bytes, sizeof(name) + message.len) == -1 ||
		buffer_append(&bytes, name, sizeof(name)) == -1 || buffer_append_slice(&bytes, message) == -1) {
		error_set_memory(error);
		goto out;
	}
	if (protobuf_parse(&kept, buffer_slice(&bytes), limits, error) == -1)
		goto out;
	if (!is_native(&kept, family->type, message) ||
		!metric_equal(exposition, family->type, &exposition->metrics[metric], &kept, &kept.metrics[0])) {
		error_set(error, ERROR_INCONSISTENT, "the protobuf kept for a metric does not fit it");
		goto out;
	}
	status = exposition_builder_native(exposition, metric, message);
	if (status == -1)
		error_set_memory(error);
out:
	buffer_release(&bytes);
	exposition_release(&kept);
	return status;
}

int protobuf_attach_natives(
	struct exposition *exposition, struct slice text, const struct limits *limits, struct error *error)
{
	if (canonical_attach_natives(exposition, text, error) == -1)
		return -1;
	struct native *unread = exposition->natives;
	uint32_t count = exposition->native_count, next = 0;
	exposition->natives = NULL;
	exposition->native_count = exposition->native_capacity = 0;
	int status = 0;
	/* The text is canonical: the metrics of a family have neighbouring indices, in the order of the families. */
	for (uint32_t f = 0; f < exposition->family_count && status == 0; f++) {
		const struct metric_family *family = &exposition->families[f];
		for (; next < count && unread[next].metric <= family->last_metric && status == 0; next++) {
			status = protobuf_attach_native(
				exposition, family, unread[next].metric, unread[next].message, limits, error);
			if (status == -1 && error->kind != ERROR_MEMORY)
				status = 0;
		}
	}
	free(unread);
	return status;
}
