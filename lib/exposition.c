#include "exposition.h"

#include <math.h>
#include <stdlib.h>

#include "text.h"

const char *const metric_type_names[] = {
	[METRIC_COUNTER] = "counter",
	[METRIC_GAUGE] = "gauge",
	[METRIC_SUMMARY] = "summary",
	[METRIC_UNTYPED] = "untyped",
	[METRIC_HISTOGRAM] = "histogram",
};

const struct slice line_suffixes[SUFFIXES] = {
	[SUFFIX_COUNT] = SLICE_LITERAL("_count"),
	[SUFFIX_SUM] = SLICE_LITERAL("_sum"),
	[SUFFIX_BUCKET] = SLICE_LITERAL("_bucket"),
};

bool line_suffix_cut(struct slice *name, enum line_suffix suffix)
{
	if (name->len <= line_suffixes[suffix].len || !slice_has_suffix(*name, line_suffixes[suffix]))
		return false;
	name->len -= line_suffixes[suffix].len;
	return true;
}

static int compare_native(const void *key, const void *element)
{
	uint32_t metric = *(const uint32_t *)key, of = ((const struct native *)element)->metric;
	return (metric > of) - (metric < of);
}

const struct native *exposition_native(const struct exposition *exposition, uint32_t metric)
{
	if (exposition->native_count == 0)
		return NULL;
	return bsearch(
		&metric, exposition->natives, exposition->native_count, sizeof(*exposition->natives), compare_native);
}

void exposition_init(struct exposition *exposition)
{
	*exposition = (struct exposition){0};
	arena_init(&exposition->arena);
}

void exposition_release(struct exposition *exposition)
{
	free(exposition->families);
	free(exposition->metrics);
	free(exposition->labels);
	free(exposition->points);
	free(exposition->distributions);
	free(exposition->natives);
	arena_release(&exposition->arena);
	exposition_init(exposition);
}

static int compare_bounds(const void *a, const void *b)
{
	const struct point *left = *(const struct point *const *)a;
	const struct point *right = *(const struct point *const *)b;
	return (left->bound > right->bound) - (left->bound < right->bound);
}

static int refuse_bound(const struct metric_family *family, const struct point *point, struct error *error)
{
	return error_set_at(error, ERROR_INCONSISTENT, point->line, 0,
		"collected metric %s has two %s with the same bound", quote(family->name).text,
		family->type == METRIC_SUMMARY ? "quantiles" : "buckets");
}

/* Out of order, so that equal ones need not be neighbours. */
static int check_bounds_sorted(const struct exposition *exposition, const struct metric_family *family,
	const struct distribution *distribution, size_t count, struct error *error)
{
	int status = 0;
	const struct point **sorted = malloc(count * sizeof(*sorted));
	if (sorted == NULL)
		return error_set_memory(error);
	size_t n = 0;
	for (uint32_t i = distribution->first_point; i != EXPOSITION_NONE; i = exposition->points[i].next)
		sorted[n++] = &exposition->points[i];
	qsort(sorted, n, sizeof(*sorted), compare_bounds);
	for (size_t i = 1; i < n && status == 0; i++) {
		if (sorted[i]->bound == sorted[i - 1]->bound) {
			bool later = sorted[i]->line > sorted[i - 1]->line;
			status = refuse_bound(family, sorted[later ? i : i - 1], error);
		}
	}
	free(sorted);
	return status;
}

static int check_bounds(const struct exposition *exposition, const struct metric_family *family,
	const struct metric *metric, struct error *error)
{
	const struct distribution *distribution = &exposition->distributions[metric->distribution];
	double last = -INFINITY;
	size_t count = 0;
	bool increasing = true;
	for (uint32_t i = distribution->first_point; i != EXPOSITION_NONE; i = exposition->points[i].next) {
		const struct point *point = &exposition->points[i];
		if (count > 0 && point->bound <= last)
			increasing = false;
		last = point->bound;
		count++;
	}
	return increasing ? 0 : check_bounds_sorted(exposition, family, distribution, count, error);
}

static int check_metric(const struct exposition *exposition, const struct metric_family *family,
	const struct metric *metric, struct error *error)
{
	const struct label *labels = metric_labels(exposition, metric);
	for (uint32_t i = 0; i < metric->label_count; i++) {
		struct slice name = labels[i].name;
		if (label_name_reserved(name))
			return error_set_at(error, ERROR_INCONSISTENT, metric->line, 0,
				"collected metric %s has a label with an invalid name: %s", quote(family->name).text,
				quote(name).text);
	}
	if (metric_type_is_distribution(family->type))
		return check_bounds(exposition, family, metric, error);
	return 0;
}

void exposition_find_timestamp(struct exposition *exposition)
{
	exposition->timestamp_line = 0;
	exposition->timestamp_column = 0;
	for (uint32_t i = 0; i < exposition->family_count; i++) {
		const struct metric_family *family = &exposition->families[i];
		if (family->timestamp_line == 0 ||
			(exposition->timestamp_line != 0 && family->timestamp_line > exposition->timestamp_line))
			continue;
		exposition->timestamp_line = family->timestamp_line;
		exposition->timestamp_column = family->timestamp_column;
	}
}

int exposition_check(const struct exposition *exposition, struct error *error)
{
	if (exposition->timestamp_line != 0)
		return error_set_at(error, ERROR_INCONSISTENT, exposition->timestamp_line, exposition->timestamp_column,
			"pushed metrics must not have timestamps");
	for (uint32_t f = 0; f < exposition->family_count; f++) {
		const struct metric_family *family = &exposition->families[f];
		if (exposition->label_names_fine && !metric_type_is_distribution(family->type))
			continue;
		for (uint32_t m = family->first_metric; m != EXPOSITION_NONE; m = exposition->metrics[m].next) {
			if (check_metric(exposition, family, &exposition->metrics[m], error) == -1)
				return -1;
		}
	}
	return 0;
}
