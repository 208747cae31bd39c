#include "canonical.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "exposition_builder.h"
#include "number.h"
#include "text.h"

/* What a line has beside the name and the labels: braces, a suffix, the bound with its name, the value, a newline. */
#define LINE_EXTRA (32 + 2 * NUMBER_TEXT_SIZE)

/* `="",` */
#define LABEL_EXTRA 4

static const struct slice instance = SLICE_LITERAL("instance");

int canonical_key_init(struct canonical_key *canonical, const struct grouping_key *key, struct error *error)
{
	bool default_due = grouping_key_value(key, "instance").data == NULL;
	struct buffer escaped;
	int status = -1;
	arena_init(&canonical->arena);
	canonical->count = 0;
	canonical->length = 0;
	canonical->default_instance = SIZE_MAX;
	buffer_init(&escaped, SIZE_MAX / 2);
	canonical->labels = arena_alloc(&canonical->arena, (key->count + 1) * sizeof(*canonical->labels));
	if (canonical->labels == NULL)
		goto out;
	for (size_t i = 0; i <= key->count; i++) {
		if (default_due && (i == key->count || slice_compare(key->labels[i].name, instance) > 0)) {
			canonical->default_instance = canonical->count;
			canonical->labels[canonical->count++] = (struct label){instance, SLICE_LITERAL("")};
			canonical->length += instance.len + LABEL_EXTRA;
			default_due = false;
		}
		if (i == key->count)
			break;
		buffer_clear(&escaped);
		if (text_escape(&escaped, key->labels[i].value) == -1)
			goto out;
		struct label label = {arena_copy(&canonical->arena, key->labels[i].name),
			arena_copy(&canonical->arena, buffer_slice(&escaped))};
		if (label.name.data == NULL || label.value.data == NULL)
			goto out;
		canonical->labels[canonical->count++] = label;
		canonical->length += label.name.len + label.value.len + LABEL_EXTRA;
	}
	status = 0;
out:
	buffer_release(&escaped);
	if (status == -1) {
		error_set_memory(error);
		canonical_key_release(canonical);
	}
	return status;
}

void canonical_key_release(struct canonical_key *canonical)
{
	arena_release(&canonical->arena);
}

int canonical_append_head(struct buffer *out, struct slice name, struct slice help, enum metric_type type)
{
	if (help.data != NULL && buffer_printf(out, "# HELP %.*s ", SLICE_PRINTF(name)) == -1)
		return -1;
	if (help.data != NULL && (buffer_append_slice(out, help) == -1 || buffer_append_byte(out, '\n') == -1))
		return -1;
	return buffer_printf(out, "# TYPE %.*s %s\n", SLICE_PRINTF(name), metric_type_names[type]);
}

static char *put_slice(char *to, struct slice slice)
{
	if (slice.len > 0)
		memcpy(to, slice.data, slice.len);
	return to + slice.len;
}

static char *put_label(char *to, const struct label *label)
{
	to = put_slice(to, label->name);
	*to++ = '=';
	*to++ = '"';
	to = put_slice(to, label->value);
	*to++ = '"';
	*to++ = ',';
	return to;
}

/* The labels of one metric, merged, and where the lines of a family go. */
struct line_writer {
	struct buffer *out;
	struct slice name;
	struct label *labels;
	size_t count;
	size_t length; /* of the labels as text */
};

/* The labels of the metric and of the key by name; the key's win. */
static void merge_labels(
	struct line_writer *writer, const struct label *own, size_t own_count, const struct canonical_key *key)
{
	size_t i = 0, k = 0;
	writer->count = 0;
	writer->length = key->length;
	while (i < own_count || k < key->count) {
		int order = i == own_count ? 1 : k == key->count ? -1 : slice_compare(own[i].name, key->labels[k].name);
		if (order < 0 || (order == 0 && k == key->default_instance)) {
			writer->length += own[i].name.len + own[i].value.len + LABEL_EXTRA;
			writer->labels[writer->count++] = own[i++];
			k += order == 0;
		} else {
			writer->labels[writer->count++] = key->labels[k++];
			i += order == 0;
		}
	}
}

/*
 * Appends one line. `bound` is the label quantile or le, or NULL. *labels is set to the text of the labels without the
 * braces, valid until the buffer grows.
 */
static int append_line(
	struct line_writer *writer, const char *suffix, const struct label *bound, double value, struct slice *labels)
{
	struct buffer *out = writer->out;
	size_t suffix_len = strlen(suffix);
	if (buffer_reserve(out, writer->name.len + writer->length + LINE_EXTRA) == -1)
		return -1;
	char *to = put_slice(out->data + out->len, writer->name);
	memcpy(to, suffix, suffix_len);
	to += suffix_len;
	*to++ = '{';
	char *start = to;
	for (size_t i = 0; i < writer->count; i++) {
		if (bound != NULL && slice_compare(bound->name, writer->labels[i].name) < 0) {
			to = put_label(to, bound);
			bound = NULL;
		}
		to = put_label(to, &writer->labels[i]);
	}
	if (bound != NULL)
		to = put_label(to, bound);
	if (to > start) {
		to[-1] = '}'; /* in place of the last comma */
		*labels = slice_make(start, (size_t)(to - 1 - start));
	} else {
		to--; /* no labels, no braces */
		*labels = slice_make(start, 0);
	}
	*to++ = ' ';
	to += number_format(value, to);
	*to++ = '\n';
	out->len = (size_t)(to - out->data);
	return 0;
}

static int append_point(struct line_writer *writer, enum metric_type type, double bound, double value)
{
	char text[NUMBER_TEXT_SIZE];
	struct slice labels;
	struct label label = {
		.name = slice_of(type == METRIC_SUMMARY ? "quantile" : "le"),
		.value = slice_make(text, number_format(bound, text)),
	};
	return append_line(writer, type == METRIC_SUMMARY ? "" : "_bucket", &label, value, &labels);
}

static int append_distribution(struct line_writer *writer, const struct exposition *exposition, enum metric_type type,
	const struct distribution *distribution, struct slice *labels)
{
	bool infinity_seen = type == METRIC_SUMMARY;
	struct slice unused;
	for (uint32_t i = distribution->first_point; i != EXPOSITION_NONE; i = exposition->points[i].next) {
		const struct point *point = &exposition->points[i];
		infinity_seen |= point->bound == INFINITY;
		if (append_point(writer, type, point->bound, point->value) == -1)
			return -1;
	}
	if (!infinity_seen && append_point(writer, type, INFINITY, distribution->count) == -1)
		return -1;
	/* The labels of the last line are reported: they are the metric's, and they don't move any more. */
	if (append_line(writer, "_sum", NULL, distribution->sum, &unused) == -1)
		return -1;
	return append_line(writer, "_count", NULL, distribution->count, labels);
}

static int check_key(const struct metric_family *family, const struct canonical_key *key, struct error *error)
{
	const char *bound = family->type == METRIC_SUMMARY ? "quantile" : "le";
	if (!metric_type_is_distribution(family->type))
		return 0;
	for (size_t i = 0; i < key->count; i++) {
		if (slice_is(key->labels[i].name, bound))
			return error_set_at(error, ERROR_INCONSISTENT, family->line, 0,
				"collected metric %s is a %s, whose samples can't have the grouping label %s",
				quote(family->name).text, metric_type_names[family->type], quote(slice_of(bound)).text);
	}
	return 0;
}

static size_t max_labels(const struct exposition *exposition, const struct metric_family *family)
{
	size_t max = 0;
	for (uint32_t m = family->first_metric; m != EXPOSITION_NONE; m = exposition->metrics[m].next) {
		if (exposition->metrics[m].label_count > max)
			max = exposition->metrics[m].label_count;
	}
	return max;
}

int canonical_append_samples(struct buffer *out, const struct exposition *exposition,
	const struct metric_family *family, const struct canonical_key *key, struct fingerprint *fingerprints,
	struct error *error)
{
	struct line_writer writer = {.out = out, .name = family->name};
	uint64_t context = hash_slice(family->name);
	int status = 0;
	if (check_key(family, key, error) == -1)
		return -1;
	writer.labels = reallocarray(NULL, max_labels(exposition, family) + key->count, sizeof(*writer.labels));
	if (writer.labels == NULL)
		return error_set_memory(error);
	for (uint32_t m = family->first_metric; m != EXPOSITION_NONE && status == 0; m = exposition->metrics[m].next) {
		const struct metric *metric = &exposition->metrics[m];
		struct slice labels;
		merge_labels(&writer, metric_labels(exposition, metric), metric->label_count, key);
		if (metric_type_is_distribution(family->type))
			status = append_distribution(&writer, exposition, family->type,
				&exposition->distributions[metric->distribution], &labels);
		else
			status = append_line(&writer, "", NULL, metric->value, &labels);
		if (status == 0)
			*fingerprints++ = hash_fingerprint(context, labels);
	}
	free(writer.labels);
	if (status == -1 && errno == EMSGSIZE)
		error_set(error, ERROR_TOO_LARGE, "the text of the group is over the limit of %zu bytes", out->max);
	else if (status == -1)
		error_set_memory(error);
	return status;
}

/* The text between the braces of a line of that name, or an empty slice. A value has no brace, a label value may. */
static struct slice labels_of_line(struct slice line, struct slice name, const char *suffix)
{
	size_t head = name.len + strlen(suffix);
	if (line.len <= head + 1 || memcmp(line.data, name.data, name.len) != 0 ||
		memcmp(line.data + name.len, suffix, strlen(suffix)) != 0 || line.data[head] != '{')
		return (struct slice){0};
	const char *end = memrchr(line.data, '}', line.len);
	if (end == NULL || end < line.data + head + 1)
		return (struct slice){0};
	return slice_make(line.data + head + 1, (size_t)(end - (line.data + head + 1)));
}

struct slice canonical_find(
	struct slice samples, struct slice name, enum metric_type type, struct fingerprint fingerprint)
{
	const char *suffix = metric_type_is_distribution(type) ? "_count" : "";
	uint64_t context = hash_slice(name);
	while (samples.len > 0) {
		const char *end = memchr(samples.data, '\n', samples.len);
		size_t len = end == NULL ? samples.len : (size_t)(end - samples.data);
		struct slice labels = labels_of_line(slice_make(samples.data, len), name, suffix);
		if (labels.data != NULL && fingerprint_equal(hash_fingerprint(context, labels), fingerprint))
			return labels;
		len += end != NULL;
		samples = slice_make(samples.data + len, samples.len - len);
	}
	return (struct slice){0};
}
