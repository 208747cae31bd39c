#include "canonical.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "base64.h"
#include "line_plan.h"
#include "names.h"
#include "number.h"
#include "text.h"

/* What a line has beside the name and the labels: braces, a suffix, the bound with its name, the value, a newline. */
#define LINE_EXTRA (32 + 2 * NUMBER_TEXT_SIZE)

/* `="",` */
#define LABEL_EXTRA 4

/* Up to two bytes for each one. */
static char *put_escaped(char *to, struct slice plain)
{
	for (size_t i = 0; i < plain.len; i++) {
		char byte = plain.data[i];
		if (byte == '\\' || byte == '"' || byte == '\n')
			*to++ = '\\';
		*to++ = byte == '\n' ? 'n' : byte;
	}
	return to;
}

/* Writes a label as it stands in a line, and makes slices of it. 0, or -1 when out of memory. */
static int write_label(struct arena *arena, const struct label *plain, struct label *written)
{
	size_t name_len = plain->name.len, escaped_max = plain->value.len * 2;
	char *text = arena_alloc(arena, name_len + strlen("=\"") + escaped_max);
	if (text == NULL)
		return -1;
	memcpy(text, plain->name.data, name_len);
	memcpy(text + name_len, "=\"", strlen("=\""));
	written->name = slice_make(text, name_len);
	written->value = slice_make(text + name_len + strlen("=\""), 0);
	written->value.len = (size_t)(put_escaped((char *)written->value.data, plain->value) - written->value.data);
	return 0;
}

int canonical_key_init(struct canonical_key *canonical, const struct grouping_key *key, struct error *error)
{
	static const struct label no_instance = {SLICE_LITERAL("instance"), SLICE_LITERAL("")};
	bool default_due = grouping_key_value(key, "instance").data == NULL;
	*canonical = (struct canonical_key){.default_instance = SIZE_MAX};
	arena_init(&canonical->arena);
	canonical->labels = arena_alloc(&canonical->arena, (key->count + 1) * sizeof(*canonical->labels));
	for (size_t i = 0; canonical->labels != NULL && (i < key->count || default_due);) {
		const struct label *label = i < key->count ? &key->labels[i] : NULL;
		if (default_due && (label == NULL || slice_compare(label->name, no_instance.name) > 0)) {
			canonical->default_instance = canonical->count;
			default_due = false;
			label = &no_instance;
		} else {
			i++;
		}
		struct label *written = &canonical->labels[canonical->count++];
		if (write_label(&canonical->arena, label, written) == -1) {
			canonical->labels = NULL;
			break;
		}
		canonical->quoted_names |= !label_name_valid(label->name);
		canonical->length += written->name.len + written->value.len + LABEL_EXTRA;
	}
	if (canonical->labels != NULL)
		return 0;
	canonical_key_release(canonical);
	return error_set_memory(error);
}

void canonical_key_release(struct canonical_key *canonical)
{
	arena_release(&canonical->arena);
}

int canonical_append_name(struct buffer *out, struct slice name)
{
	if (metric_name_is_legacy(name))
		return buffer_append_slice(out, name);
	return buffer_append_byte(out, '"') == -1 || text_escape(out, name) == -1 || buffer_append_byte(out, '"') == -1
		       ? -1
		       : 0;
}

int canonical_append_head(struct buffer *out, struct slice name, struct slice help, enum metric_type type)
{
	if (help.data != NULL && (buffer_append_string(out, "# HELP ") == -1 ||
					 canonical_append_name(out, name) == -1 || buffer_append_byte(out, ' ') == -1 ||
					 buffer_append_slice(out, help) == -1 || buffer_append_byte(out, '\n') == -1))
		return -1;
	if (buffer_append_string(out, "# TYPE ") == -1 || canonical_append_name(out, name) == -1)
		return -1;
	return buffer_append_byte(out, ' ') == -1 || buffer_append_string(out, metric_type_names[type]) == -1
		       ? -1
		       : buffer_append_byte(out, '\n');
}

/* How the lines of a family begin: name{ or {"name", where the name is not of the plain kind, as version 1.0.0 of the
 * text format has it. */
struct line_head {
	struct buffer escaped; /* where the name is not plain */
	struct slice before, name, after;
};

static int line_head_init(struct line_head *head, struct slice name)
{
	bool plain = metric_name_is_legacy(name);
	buffer_init(&head->escaped, SIZE_MAX / 2);
	head->before = slice_of(plain ? "" : "{\"");
	head->after = slice_of(plain ? "{" : "\",");
	head->name = name;
	if (plain)
		return 0;
	if (text_escape(&head->escaped, name) == -1) {
		buffer_release(&head->escaped);
		return -1;
	}
	head->name = buffer_slice(&head->escaped);
	return 0;
}

static void line_head_release(struct line_head *head)
{
	buffer_release(&head->escaped);
}

/* Copies of a fixed size from both ends, which overlap, do for most pieces of a line without a call. */
static inline char *put_slice(char *to, struct slice slice)
{
	const char *from = slice.data;
	size_t len = slice.len;
	if (len > 32) {
		memcpy(to, from, len);
	} else if (len >= 16) {
		memcpy(to, from, 16);
		memcpy(to + len - 16, from + len - 16, 16);
	} else if (len >= 8) {
		memcpy(to, from, 8);
		memcpy(to + len - 8, from + len - 8, 8);
	} else if (len >= 4) {
		memcpy(to, from, 4);
		memcpy(to + len - 4, from + len - 4, 4);
	} else if (len > 0) {
		to[0] = from[0];
		to[len / 2] = from[len / 2];
		to[len - 1] = from[len - 1];
	}
	return to + len;
}

/* In quotes where it is not of the plain kind. */
static char *put_label_name(char *to, struct slice name)
{
	if (label_name_valid(name))
		return put_slice(to, name);
	*to++ = '"';
	to = put_escaped(to, name);
	*to++ = '"';
	return to;
}

static char *put_label(char *to, const struct label *label, bool plain)
{
	if (plain && label_is_written(label)) {
		to = put_slice(to, slice_make(label->name.data, label->name.len + 2 + label->value.len));
		*to++ = '"';
		*to++ = ',';
		return to;
	}
	to = plain ? put_slice(to, label->name) : put_label_name(to, label->name);
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
	struct fingerprint *fingerprints; /* the next one, or NULL */
	uint64_t context;		  /* of them */
	size_t series_start, series_len;  /* the labels of the last line in the text */
	bool series_due;		  /* they have no fingerprint yet */
	struct line_head head;
	bool plain; /* no label name needs quotes */
	struct line_label *labels;
	size_t count;
	size_t length; /* of the labels as text, names not quoted */
	struct line_plan plan;
	bool planned; /* the plan is for metrics like the one before */
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
			writer->labels[writer->count++] = (struct line_label){own[i], (uint32_t)i};
			i++;
			k += order == 0;
		} else {
			writer->labels[writer->count++] = (struct line_label){key->labels[k++], LABEL_OF_KEY};
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
	/* A quoted name has at most each byte escaped and two quotes. */
	size_t length = writer->plain ? writer->length : writer->length * 2 + writer->count * 2;
	if (buffer_reserve(out, writer->head.name.len + length + LINE_EXTRA) == -1)
		return -1;
	char *to = put_slice(out->data + out->len, writer->head.before);
	to = put_slice(to, writer->head.name);
	to = put_slice(to, slice_make(suffix, suffix_len));
	to = put_slice(to, writer->head.after);
	char *start = to;
	for (size_t i = 0; i < writer->count; i++) {
		if (bound != NULL && slice_compare(bound->name, writer->labels[i].label.name) < 0) {
			to = put_label(to, bound, true);
			bound = NULL;
		}
		to = put_label(to, &writer->labels[i].label, writer->plain);
	}
	if (bound != NULL)
		to = put_label(to, bound, true);
	*labels = slice_make(start, to > start ? (size_t)(to - 1 - start) : 0);
	if (to[-1] == ',')
		to[-1] = '}'; /* in place of the last comma */
	else
		to--; /* no labels, no braces */
	*to++ = ' ';
	to += number_format(value, to);
	*to++ = '\n';
	out->len = (size_t)(to - out->data);
	return 0;
}

/* As it came, where that is canonical. */
static char *put_number(char *to, const struct metric *metric, const struct label *own)
{
	if (metric->number_len == 0)
		return to + number_format(metric->value, to);
	const char *number = own->value.data + metric->number_distance;
	memcpy(to, number, METRIC_ALIKE_TAIL);
	if (metric->number_len > METRIC_ALIKE_TAIL)
		memcpy(to + METRIC_ALIKE_TAIL, number + METRIC_ALIKE_TAIL, METRIC_ALIKE_TAIL);
	return to + metric->number_len;
}

/* Appends the line of a metric that is like the one before. */
static int append_alike(struct line_writer *writer, const struct metric *metric, const struct label *own,
	const struct canonical_key *key, struct slice *labels)
{
	struct buffer *out = writer->out;
	struct slice name = writer->head.name;
	if (!writer->planned) {
		struct buffer start;
		buffer_init(&start, SIZE_MAX / 2);
		merge_labels(writer, own, metric->label_count, key);
		int status = buffer_append_slice(&start, name) == -1 || buffer_append_byte(&start, '{') == -1 ||
			     line_plan_make(&writer->plan, buffer_slice(&start), writer->labels, writer->count);
		buffer_release(&start);
		if (status != 0)
			return -1;
		writer->planned = true;
	}
	if (buffer_reserve(out, line_plan_max(&writer->plan, own) + LINE_EXTRA) == -1)
		return -1;
	char *line = out->data + out->len, *to = line_plan_write(&writer->plan, own, line);
	*labels = slice_make(
		line + name.len + 1, writer->count == 0 ? 0 : (size_t)(to - line) - name.len - strlen("{} "));
	to = put_number(to, metric, own);
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

/* What the lines of a metric can't hold follows them as a comment. */
static int append_native(struct buffer *out, const struct exposition *exposition, uint32_t metric)
{
	const struct native *native = exposition->native_count == 0 ? NULL : exposition_native(exposition, metric);
	if (native == NULL)
		return 0;
	return buffer_append_string(out, CANONICAL_NATIVE) == -1 || base64_append(out, native->message) == -1
		       ? -1
		       : buffer_append_byte(out, '\n');
}

static void make_fingerprint(struct line_writer *writer)
{
	struct slice labels = slice_make(writer->out->data + writer->series_start, writer->series_len);
	*writer->fingerprints++ = hash_series(writer->context, labels);
	writer->series_due = false;
}

/* Makes the fingerprint of the line before: to read what was just written takes the processor a while. */
static void add_series(struct line_writer *writer, struct slice labels)
{
	if (writer->series_due)
		make_fingerprint(writer);
	writer->series_start = (size_t)(labels.data - writer->out->data);
	writer->series_len = labels.len;
	writer->series_due = writer->fingerprints != NULL;
}

int canonical_append_samples(struct buffer *out, const struct exposition *exposition,
	const struct metric_family *family, const struct canonical_key *key, struct fingerprint *fingerprints,
	struct error *error)
{
	struct line_writer writer = {
		.out = out,
		.fingerprints = fingerprints,
		.context = hash_name(family->name),
		.plain = !exposition->quoted_names && !key->quoted_names,
	};
	int status = 0;
	if (check_key(family, key, error) == -1)
		return -1;
	if (line_head_init(&writer.head, family->name) == -1)
		return error_set_memory(error);
	line_plan_init(&writer.plan);
	writer.labels = reallocarray(NULL, exposition->labels_max + key->count + 1, sizeof(*writer.labels));
	if (writer.labels == NULL)
		status = -1;
	for (uint32_t m = family->first_metric; m != EXPOSITION_NONE && status == 0; m = exposition->metrics[m].next) {
		const struct metric *metric = &exposition->metrics[m];
		const struct label *own = metric_labels(exposition, metric);
		struct slice labels;
		bool alike = metric->alike && writer.plain;
		writer.planned &= alike;
		if (!alike)
			merge_labels(&writer, own, metric->label_count, key);
		if (alike)
			status = append_alike(&writer, metric, own, key, &labels);
		else if (metric_type_is_distribution(family->type))
			status = append_distribution(&writer, exposition, family->type,
				&exposition->distributions[metric->distribution], &labels);
		else
			status = append_line(&writer, "", NULL, metric->value, &labels);
		if (status == 0) {
			add_series(&writer, labels);
			status = append_native(out, exposition, m);
		}
	}
	if (writer.series_due)
		make_fingerprint(&writer);
	free(writer.labels);
	line_plan_release(&writer.plan);
	line_head_release(&writer.head);
	return status == -1 ? error_set_growth(error, "the text of the group is over the limit of %zu bytes", out->max)
			    : 0;
}
