#include "encode.h"

#include <stdlib.h>

#include "canonical.h"
#include "labels.h"
#include "protobuf.h"

/* For what a view gave: it has passed the limits that count. */
static const struct limits no_limits = {
	.body = SIZE_MAX,
	.name = SIZE_MAX,
	.label_value = SIZE_MAX,
	.labels = SIZE_MAX,
	.utf8_names = true,
};

static int escape_name(struct exposition *exposition, struct slice *name, enum escaping_scheme scheme)
{
	struct buffer escaped;
	buffer_init(&escaped, SIZE_MAX / 2);
	int status = name_escape(&escaped, *name, scheme);
	if (status == 0)
		*name = arena_copy(&exposition->arena, buffer_slice(&escaped));
	buffer_release(&escaped);
	return status == -1 || name->data == NULL ? -1 : 0;
}

/* Puts the labels of a metric in order again. Of two that became the same the first stays: a line with a label twice
 * would spoil the scrape. */
static void sort_labels(struct exposition *exposition, struct metric *metric)
{
	struct label *labels = exposition->labels + metric->first_label;
	uint32_t kept = 0;
	for (uint32_t i = 0; i < metric->label_count; i++) {
		struct label label = labels[i];
		uint32_t at = kept;
		while (at > 0 && slice_compare(labels[at - 1].name, label.name) > 0)
			at--;
		if (at > 0 && slice_equal(labels[at - 1].name, label.name))
			continue;
		memmove(labels + at + 1, labels + at, (kept - at) * sizeof(*labels));
		labels[at] = label;
		kept++;
	}
	metric->label_count = kept;
}

static int escape_labels(struct exposition *exposition, struct metric *metric, enum escaping_scheme scheme)
{
	bool escaped = false;
	for (uint32_t i = 0; i < metric->label_count; i++) {
		struct slice *name = &exposition->labels[metric->first_label + i].name;
		if (label_name_valid(*name))
			continue;
		if (escape_name(exposition, name, scheme) == -1)
			return -1;
		escaped = true;
	}
	if (escaped)
		sort_labels(exposition, metric);
	return 0;
}

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
		if (owner != NULL && metric_type_writes(owner->type, suffix))
			return owner;
	}
	return NULL;
}

/* Of a family and the summary or histogram that writes lines of its name, the one whose name was escaped goes: names
 * that were pushed as they are never clash. */
static void drop_clashes(struct exposition *exposition)
{
	uint32_t kept = 0;
	for (uint32_t i = 0; i < exposition->family_count; i++) {
		struct metric_family *owner = find_owner(exposition, &exposition->families[i]);
		if (owner != NULL)
			(exposition->families[i].escaped ? &exposition->families[i] : owner)->metric_count = 0;
	}
	for (uint32_t i = 0; i < exposition->family_count; i++) {
		if (exposition->families[i].metric_count > 0)
			exposition->families[kept++] = exposition->families[i];
	}
	exposition->family_count = kept;
}

/* Likewise: of two families that became the same one stays, the one of that name before the escaped ones. */
static void sort_families(struct exposition *exposition)
{
	uint32_t kept = 0;
	if (exposition->family_count > 0)
		qsort(exposition->families, exposition->family_count, sizeof(*exposition->families), compare_families);
	for (uint32_t i = 0; i < exposition->family_count; i++) {
		if (kept == 0 || !slice_equal(exposition->families[kept - 1].name, exposition->families[i].name))
			exposition->families[kept++] = exposition->families[i];
	}
	exposition->family_count = kept;
}

int encode_escape_names(struct exposition *exposition, enum escaping_scheme scheme, struct error *error)
{
	if (scheme == ESCAPING_NONE || !exposition->quoted_names)
		return 0;
	for (uint32_t i = 0; i < exposition->family_count; i++) {
		struct slice *name = &exposition->families[i].name;
		if (metric_name_is_legacy(*name))
			continue;
		exposition->families[i].escaped = true;
		if (escape_name(exposition, name, scheme) == -1)
			return error_set_memory(error);
	}
	for (uint32_t i = 0; i < exposition->metric_count; i++) {
		if (escape_labels(exposition, &exposition->metrics[i], scheme) == -1)
			return error_set_memory(error);
	}
	sort_families(exposition);
	drop_clashes(exposition);
	return 0;
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

int encode_exposition(const struct view *view, const struct exposition *own, struct negotiated negotiated,
	struct buffer *out, struct error *error)
{
	bool protobuf = negotiated.format == FORMAT_PROTOBUF;
	bool plain = negotiated.escaping == ESCAPING_NONE || view_counts(view).quoted_names == 0;
	if (!protobuf && plain)
		return view_append_exposition(view, own, VIEW_WITHOUT_NATIVES, out, error);
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
		status = encode_escape_names(&exposition, negotiated.escaping, error);
	if (status == 0)
		status = append_families(out, &exposition, negotiated.format, error);
	exposition_release(&exposition);
	buffer_release(&text);
	return status;
}
