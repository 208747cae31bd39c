#include "encode.h"

#include <stdlib.h>

#include "canonical.h"
#include "labels.h"
#include "protobuf.h"

static const struct limits no_limits = LIMITS_NONE;

typedef int escape_function(struct buffer *out, struct slice name, enum escaping_scheme scheme);

static int escape_name(
	struct exposition *exposition, struct slice *name, escape_function *escape, enum escaping_scheme scheme)
{
	struct buffer escaped;
	buffer_init(&escaped, SIZE_MAX / 2);
	int status = escape(&escaped, *name, scheme);
	if (status == 0)
		*name = arena_copy(&exposition->arena, buffer_slice(&escaped));
	buffer_release(&escaped);
	return status == -1 || name->data == NULL ? -1 : 0;
}

/* Puts the labels of a metric in order again, less those that became another one. */
static void sort_labels(struct exposition *exposition, struct metric *metric)
{
	struct label *labels = exposition->labels + metric->first_label;
	uint32_t kept = 0;
	for (uint32_t i = 0; i < metric->label_count; i++) {
		struct label label = labels[i];
		uint32_t at = kept;
		while (at > 0 && slice_compare(labels[at - 1].name, label.name) > 0)
			at--;
		if (slice_is(label.name, "__name__") || (at > 0 && slice_equal(labels[at - 1].name, label.name)))
			continue;
		memmove(labels + at + 1, labels + at, (kept - at) * sizeof(*labels));
		labels[at] = label;
		kept++;
	}
	metric->label_count = kept;
}

static int escape_labels(
	struct exposition *exposition, struct metric *metric, enum escaping_scheme scheme, bool *escaped)
{
	for (uint32_t i = 0; i < metric->label_count; i++) {
		struct slice *name = &exposition->labels[metric->first_label + i].name;
		if (label_name_valid(*name))
			continue;
		if (escape_name(exposition, name, label_name_escape, scheme) == -1)
			return -1;
		*escaped = true;
	}
	metric->alike = false;
	if (*escaped)
		sort_labels(exposition, metric);
	return 0;
}

/* --- families that became the same --- */

static int compare_families(const void *a, const void *b)
{
	const struct metric_family *left = a, *right = b;
	int order = slice_compare(left->name, right->name);
	if (order == 0)
		order = left->escaped - right->escaped;
	return order != 0 ? order : (left->line > right->line) - (left->line < right->line);
}

static int compare_name(const void *key, const void *element)
{
	return slice_compare(*(const struct slice *)key, ((const struct metric_family *)element)->name);
}

/* Whether lines of a summary or histogram among the families have the name of this one. */
static struct metric_family *find_owner(struct exposition *exposition, const struct metric_family *family)
{
	for (enum line_suffix suffix = 0; suffix < SUFFIXES; suffix++) {
		struct slice name = family->name;
		if (!line_suffix_cut(&name, suffix))
			continue;
		struct metric_family *owner = bsearch(&name, exposition->families, exposition->family_count,
			sizeof(*exposition->families), compare_name);
		if (owner != NULL && owner->metric_count > 0 && metric_type_writes(owner->type, suffix))
			return owner;
	}
	return NULL;
}

static void drop_family(struct metric_family *family, size_t *dropped)
{
	*dropped += family->metric_count;
	family->metric_count = 0;
}

/* Families that were pushed under the names that they have never clash. */
static void drop_clashes(struct exposition *exposition, size_t *dropped)
{
	uint32_t kept = 0;
	for (uint32_t i = 0; i < exposition->family_count; i++) {
		struct metric_family *family = &exposition->families[i], *owner = find_owner(exposition, family);
		if (owner != NULL && family->metric_count > 0)
			drop_family(family->escaped ? family : owner, dropped);
	}
	for (uint32_t i = 0; i < exposition->family_count; i++) {
		if (exposition->families[i].metric_count > 0)
			exposition->families[kept++] = exposition->families[i];
	}
	exposition->family_count = kept;
}

static void sort_families(struct exposition *exposition, size_t *dropped)
{
	uint32_t kept = 0;
	if (exposition->family_count > 0)
		qsort(exposition->families, exposition->family_count, sizeof(*exposition->families), compare_families);
	for (uint32_t i = 0; i < exposition->family_count; i++) {
		if (kept == 0 || !slice_equal(exposition->families[kept - 1].name, exposition->families[i].name))
			exposition->families[kept++] = exposition->families[i];
		else
			drop_family(&exposition->families[i], dropped);
	}
	exposition->family_count = kept;
}

/* --- series that became the same --- */

struct series {
	const struct label *labels;
	uint32_t label_count;
	uint32_t place; /* in the order of the family */
	uint32_t metric;
	bool escaped; /* a label was */
	bool dropped;
};

static int compare_labels(const struct series *left, const struct series *right)
{
	for (uint32_t i = 0; i < left->label_count && i < right->label_count; i++) {
		int order = slice_compare(left->labels[i].name, right->labels[i].name);
		if (order == 0)
			order = slice_compare(left->labels[i].value, right->labels[i].value);
		if (order != 0)
			return order;
	}
	return (left->label_count > right->label_count) - (left->label_count < right->label_count);
}

static int compare_places(const void *a, const void *b)
{
	const struct series *left = a, *right = b;
	return (left->place > right->place) - (left->place < right->place);
}

/* By labels, the one that stays first. */
static int compare_series(const void *a, const void *b)
{
	const struct series *left = a, *right = b;
	int order = compare_labels(left, right);
	if (order == 0)
		order = left->escaped - right->escaped;
	return order != 0 ? order : compare_places(a, b);
}

/* Puts the family together again from what is left of its series. */
static void link_series(struct exposition *exposition, struct metric_family *family, const struct series *series,
	uint32_t count, size_t *dropped)
{
	uint32_t *link = &family->first_metric, kept = 0;
	for (uint32_t i = 0; i < count; i++) {
		if (series[i].dropped)
			continue;
		*link = family->last_metric = series[i].metric;
		link = &exposition->metrics[series[i].metric].next;
		kept++;
	}
	*link = EXPOSITION_NONE;
	family->metric_count = kept;
	*dropped += count - kept;
}

/* 0, or -1 when out of memory. */
static int drop_series(
	struct exposition *exposition, struct metric_family *family, const bool *escaped, size_t *dropped)
{
	bool any = false;
	uint32_t count = 0;
	for (uint32_t m = family->first_metric; m != EXPOSITION_NONE && !any; m = exposition->metrics[m].next)
		any = escaped[m];
	if (!any)
		return 0;
	struct series *series = calloc(family->metric_count, sizeof(*series));
	if (series == NULL)
		return -1;
	for (uint32_t m = family->first_metric; m != EXPOSITION_NONE; m = exposition->metrics[m].next, count++) {
		const struct metric *metric = &exposition->metrics[m];
		series[count] = (struct series){
			metric_labels(exposition, metric), metric->label_count, count, m, escaped[m], false};
	}
	qsort(series, count, sizeof(*series), compare_series);
	for (uint32_t i = 1; i < count; i++)
		series[i].dropped = compare_labels(&series[i - 1], &series[i]) == 0;
	qsort(series, count, sizeof(*series), compare_places);
	link_series(exposition, family, series, count, dropped);
	free(series);
	return 0;
}

static int escape_all(struct exposition *exposition, enum escaping_scheme scheme, bool *escaped, size_t *dropped)
{
	for (uint32_t i = 0; i < exposition->family_count; i++) {
		struct slice *name = &exposition->families[i].name;
		if (metric_name_is_legacy(*name))
			continue;
		exposition->families[i].escaped = true;
		if (escape_name(exposition, name, name_escape, scheme) == -1)
			return -1;
	}
	for (uint32_t i = 0; i < exposition->metric_count; i++) {
		if (escape_labels(exposition, &exposition->metrics[i], scheme, &escaped[i]) == -1)
			return -1;
	}
	sort_families(exposition, dropped);
	drop_clashes(exposition, dropped);
	for (uint32_t i = 0; i < exposition->family_count; i++) {
		if (drop_series(exposition, &exposition->families[i], escaped, dropped) == -1)
			return -1;
	}
	return 0;
}

int encode_escape_names(
	struct exposition *exposition, enum escaping_scheme scheme, size_t *dropped, struct error *error)
{
	*dropped = 0;
	if (scheme == ESCAPING_NONE || !exposition->quoted_names)
		return 0;
	bool *escaped = calloc((size_t)exposition->metric_count + 1, sizeof(*escaped));
	int status = escaped == NULL ? -1 : escape_all(exposition, scheme, escaped, dropped);
	free(escaped);
	return status == -1 ? error_set_memory(error) : 0;
}

static int append_text(struct buffer *out, const struct exposition *exposition, const struct metric_family *family,
	struct error *error)
{
	const struct canonical_key no_labels = {.default_instance = SIZE_MAX};
	if (canonical_append_head(out, family->name, family->help, family->type) == -1)
		return error_set_memory(error);
	return canonical_append_samples(out, exposition, family, &no_labels, NULL, error);
}

static int append_families(
	struct buffer *out, const struct exposition *exposition, enum exposition_format format, struct error *error)
{
	for (uint32_t i = 0; i < exposition->family_count; i++) {
		const struct metric_family *family = &exposition->families[i];
		int status = format == FORMAT_PROTOBUF ? protobuf_append_family(out, exposition, family, error)
						       : append_text(out, exposition, family, error);
		if (status == -1)
			return -1;
	}
	return 0;
}

bool encode_is_plain(const struct view *view, struct negotiated negotiated)
{
	return negotiated.escaping == ESCAPING_NONE || view_counts(view).quoted_names == 0;
}

int encode_exposition(const struct view *view, const struct exposition *own, struct negotiated negotiated,
	struct buffer *out, size_t *dropped, struct error *error)
{
	*dropped = 0;
	bool protobuf = negotiated.format == FORMAT_PROTOBUF;
	struct buffer text;
	struct exposition exposition;
	buffer_init(&text, SIZE_MAX / 2);
	exposition_init(&exposition);
	int status =
		view_append_exposition(view, own, protobuf ? VIEW_WITH_NATIVES : VIEW_WITHOUT_NATIVES, &text, error);
	if (status == 0)
		status = exposition_parse(&exposition, buffer_slice(&text), &no_limits, error);
	if (status == 0 && protobuf)
		status = protobuf_attach_natives(&exposition, buffer_slice(&text), &no_limits, error);
	if (status == 0)
		status = encode_escape_names(&exposition, negotiated.escaping, dropped, error);
	if (status == 0)
		status = append_families(out, &exposition, negotiated.format, error);
	exposition_release(&exposition);
	buffer_release(&text);
	return status;
}
