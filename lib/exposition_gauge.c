#include "exposition_gauge.h"

#include <stdlib.h>
#include <string.h>

/* Room for one more family and one more metric. */
static int make_room(struct exposition *exposition, struct error *error)
{
	if (exposition->family_count == exposition->family_capacity) {
		uint32_t capacity = exposition->family_count + 8;
		struct metric_family *families =
			reallocarray(exposition->families, capacity, sizeof(*exposition->families));
		if (families == NULL)
			return error_set_memory(error);
		exposition->families = families;
		exposition->family_capacity = capacity;
	}
	if (exposition->metric_count == exposition->metric_capacity) {
		uint32_t capacity = exposition->metric_count + 8;
		struct metric *metrics = reallocarray(exposition->metrics, capacity, sizeof(*exposition->metrics));
		if (metrics == NULL)
			return error_set_memory(error);
		exposition->metrics = metrics;
		exposition->metric_capacity = capacity;
	}
	return 0;
}

/* Where the family of that name is, or would be. */
static uint32_t find(const struct exposition *exposition, struct slice name, bool *found)
{
	uint32_t first = 0, end = exposition->family_count;
	while (first < end) {
		uint32_t middle = first + (end - first) / 2;
		if (slice_compare(exposition->families[middle].name, name) < 0)
			first = middle + 1;
		else
			end = middle;
	}
	*found = first < exposition->family_count && slice_equal(exposition->families[first].name, name);
	return first;
}

int exposition_set_gauge(
	struct exposition *exposition, const char *name, const char *help, double value, struct error *error)
{
	bool found;
	if (make_room(exposition, error) == -1)
		return -1;
	uint32_t at = find(exposition, slice_of(name), &found);
	struct metric_family *family = exposition->families + at;
	if (!found)
		memmove(family + 1, family, (exposition->family_count++ - at) * sizeof(*family));
	uint32_t metric = exposition->metric_count++;
	exposition->metrics[metric] = (struct metric){.next = EXPOSITION_NONE, .value = value};
	*family = (struct metric_family){
		.name = slice_of(name),
		.help = slice_of(help),
		.type = METRIC_GAUGE,
		.metric_count = 1,
		.first_metric = metric,
		.last_metric = metric,
	};
	exposition_find_timestamp(exposition);
	return 0;
}
