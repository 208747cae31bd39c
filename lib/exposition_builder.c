#include "exposition_builder.h"

#include <stdlib.h>

#include "hash.h"

#define SLOTS_FIRST 64
/* Bytes, somewhat less than usual. */
#define TEXT_PER_METRIC 60
#define TEXT_PER_LABEL	22

#define FIRST 16 /* elements of an array: malloc(3) is quickest below a kilobyte */

/* Makes room for one more element. 0 or -1. */
static int grow(void *array, size_t size, uint32_t count, uint32_t *capacity)
{
	if (count < *capacity)
		return 0;
	uint32_t more = *capacity == 0 ? FIRST : *capacity * 2;
	if (more <= *capacity)
		return -1;
	void *grown = reallocarray(*(void **)array, more, size);
	if (grown == NULL)
		return -1;
	*(void **)array = grown;
	*capacity = more;
	return 0;
}

/* Room in an empty array. */
static int reserve(void *array, size_t size, uint32_t count, uint32_t *capacity)
{
	*(void **)array = reallocarray(NULL, count, size);
	if (*(void **)array == NULL)
		return -1;
	*capacity = count;
	return 0;
}

#define GROW(exposition, elements, element)                                                                            \
	grow(&(exposition)->elements, sizeof(*(exposition)->elements), (exposition)->element##_count,                  \
		&(exposition)->element##_capacity)

static int table_init(struct index_table *table, size_t slots)
{
	table->mask = slots - 1;
	table->used = 0;
	table->slots = malloc(slots * sizeof(*table->slots));
	if (table->slots == NULL)
		return -1;
	memset(table->slots, 0xff, slots * sizeof(*table->slots));
	return 0;
}

typedef uint64_t hash_of_index(const struct exposition *exposition, uint32_t index);

/* Makes sure that an insertion finds room. */
static int table_reserve(struct index_table *table, const struct exposition *exposition, hash_of_index *hash_of)
{
	if (table->slots == NULL)
		return table_init(table, SLOTS_FIRST);
	if (table->used * 2 <= table->mask)
		return 0;
	struct index_table larger;
	if (table_init(&larger, (table->mask + 1) * 2) == -1)
		return -1;
	for (size_t i = 0; i <= table->mask; i++) {
		if (table->slots[i] == EXPOSITION_NONE)
			continue;
		size_t slot = hash_of(exposition, table->slots[i]) & larger.mask;
		while (larger.slots[slot] != EXPOSITION_NONE)
			slot = (slot + 1) & larger.mask;
		larger.slots[slot] = table->slots[i];
	}
	larger.used = table->used;
	free(table->slots);
	*table = larger;
	return 0;
}

int exposition_builder_init(struct exposition_builder *builder, struct exposition *exposition)
{
	*builder = (struct exposition_builder){.exposition = exposition};
	return table_init(&builder->families, SLOTS_FIRST);
}

void exposition_builder_release(struct exposition_builder *builder)
{
	free(builder->families.slots);
	free(builder->distributions.slots);
	free(builder->typed);
}

int exposition_builder_expect(struct exposition_builder *builder, size_t len)
{
	struct exposition *exposition = builder->exposition;
	uint32_t metrics = (uint32_t)(len / TEXT_PER_METRIC) + 1, labels = (uint32_t)(len / TEXT_PER_LABEL) + 1;
	if (reserve(&exposition->metrics, sizeof(*exposition->metrics), metrics, &exposition->metric_capacity) == -1)
		return -1;
	return reserve(&exposition->labels, sizeof(*exposition->labels), labels, &exposition->label_capacity);
}

static uint64_t hash_of_family(const struct exposition *exposition, uint32_t index)
{
	return hash_slice(exposition->families[index].name);
}

/* The slot of a family of that name, or the free one where it belongs. */
static uint32_t *family_slot(const struct exposition_builder *builder, struct slice name)
{
	const struct index_table *table = &builder->families;
	size_t slot = hash_slice(name) & table->mask;
	while (table->slots[slot] != EXPOSITION_NONE &&
		!slice_equal(builder->exposition->families[table->slots[slot]].name, name))
		slot = (slot + 1) & table->mask;
	return &table->slots[slot];
}

static int family_new(struct exposition_builder *builder, struct slice name, uint32_t line)
{
	struct exposition *exposition = builder->exposition;
	uint32_t index = exposition->family_count;
	if (GROW(exposition, families, family) == -1 ||
		grow(&builder->typed, sizeof(*builder->typed), index, &builder->typed_capacity) == -1 ||
		table_reserve(&builder->families, exposition, hash_of_family) == -1)
		return -1;
	builder->typed[index] = false;
	exposition->families[index] = (struct metric_family){
		.name = name,
		.type = METRIC_UNTYPED,
		.line = line,
		.first_metric = EXPOSITION_NONE,
		.last_metric = EXPOSITION_NONE,
	};
	*family_slot(builder, name) = index;
	builder->families.used++;
	exposition->family_count++;
	return 0;
}

/* The summary or histogram whose lines bear that name, or EXPOSITION_NONE. */
static uint32_t family_owner(const struct exposition_builder *builder, struct slice name, enum sample_role *role)
{
	static const enum sample_role roles[] = {
		[SUFFIX_COUNT] = SAMPLE_COUNT, [SUFFIX_SUM] = SAMPLE_SUM, [SUFFIX_BUCKET] = SAMPLE_VALUE};
	for (enum line_suffix i = 0; i < SUFFIXES; i++) {
		if (!line_suffix_cut(&name, i))
			continue;
		uint32_t owner = *family_slot(builder, name);
		*role = roles[i];
		return owner != EXPOSITION_NONE && metric_type_writes(builder->exposition->families[owner].type, i)
			       ? owner
			       : EXPOSITION_NONE;
	}
	return EXPOSITION_NONE;
}

int exposition_builder_family(
	struct exposition_builder *builder, struct slice name, uint32_t line, uint32_t *family, enum sample_role *role)
{
	*role = SAMPLE_VALUE;
	*family = *family_slot(builder, name);
	if (*family != EXPOSITION_NONE)
		return 0;
	*family = family_owner(builder, name, role);
	if (*family != EXPOSITION_NONE)
		return 0;
	*role = SAMPLE_VALUE;
	*family = builder->exposition->family_count;
	return family_new(builder, name, line);
}

int exposition_builder_grow_labels(struct exposition_builder *builder)
{
	struct exposition *exposition = builder->exposition;
	return grow(&exposition->labels, sizeof(*exposition->labels), exposition->label_capacity,
		&exposition->label_capacity);
}

int exposition_builder_grow_metrics(struct exposition_builder *builder)
{
	return GROW(builder->exposition, metrics, metric);
}

static uint64_t hash_of_labels(const struct exposition *exposition, uint32_t family, uint32_t first, uint32_t count)
{
	uint64_t hash = family;
	for (uint32_t i = 0; i < count; i++) {
		const struct label *label = &exposition->labels[first + i];
		hash = hash_fingerprint(hash, label->name).low;
		hash = hash_fingerprint(hash, label->value).low;
	}
	return hash;
}

static uint64_t hash_of_distribution(const struct exposition *exposition, uint32_t index)
{
	const struct distribution *distribution = &exposition->distributions[index];
	const struct metric *metric = &exposition->metrics[distribution->metric];
	return hash_of_labels(exposition, distribution->family, metric->first_label, metric->label_count);
}

static bool is_distribution_of(const struct exposition *exposition, const struct distribution *distribution,
	uint32_t family, const struct label *labels, uint32_t label_count)
{
	const struct metric *metric = &exposition->metrics[distribution->metric];
	if (distribution->family != family || metric->label_count != label_count)
		return false;
	const struct label *own = metric_labels(exposition, metric);
	for (uint32_t i = 0; i < label_count; i++) {
		if (!slice_equal(own[i].name, labels[i].name) || !slice_equal(own[i].value, labels[i].value))
			return false;
	}
	return true;
}

static struct distribution *distribution_new(
	struct exposition_builder *builder, uint32_t family, uint32_t label_count, uint32_t line, uint32_t *slot)
{
	struct exposition *exposition = builder->exposition;
	if (GROW(exposition, distributions, distribution) == -1 ||
		exposition_builder_metric(builder, family, label_count, line) == NULL)
		return NULL;
	struct distribution *distribution = &exposition->distributions[exposition->distribution_count];
	*distribution = (struct distribution){
		.metric = exposition->metric_count - 1,
		.family = family,
		.first_point = EXPOSITION_NONE,
		.last_point = EXPOSITION_NONE,
	};
	exposition->metrics[distribution->metric].distribution = exposition->distribution_count;
	*slot = exposition->distribution_count++;
	builder->distributions.used++;
	return distribution;
}

struct distribution *exposition_builder_distribution(
	struct exposition_builder *builder, uint32_t family, uint32_t label_count, uint32_t line)
{
	struct exposition *exposition = builder->exposition;
	struct distribution *distribution;
	uint32_t first_label = exposition->label_count - label_count;
	const struct label *labels = label_count == 0 ? NULL : exposition->labels + first_label;

	/* Its lines stand together nearly always. */
	uint32_t last = exposition->families[family].last_metric;
	if (last != EXPOSITION_NONE) {
		distribution = &exposition->distributions[exposition->metrics[last].distribution];
		if (is_distribution_of(exposition, distribution, family, labels, label_count))
			goto found;
	}
	if (table_reserve(&builder->distributions, exposition, hash_of_distribution) == -1)
		return NULL;
	const struct index_table *table = &builder->distributions;
	size_t slot = hash_of_labels(exposition, family, first_label, label_count) & table->mask;
	for (; table->slots[slot] != EXPOSITION_NONE; slot = (slot + 1) & table->mask) {
		distribution = &exposition->distributions[table->slots[slot]];
		if (is_distribution_of(exposition, distribution, family, labels, label_count))
			goto found;
	}
	return distribution_new(builder, family, label_count, line, &table->slots[slot]);
found:
	exposition->label_count -= label_count;
	return distribution;
}

int exposition_builder_point(struct exposition_builder *builder, struct distribution *distribution, double bound,
	double value, uint32_t line)
{
	struct exposition *exposition = builder->exposition;
	if (GROW(exposition, points, point) == -1)
		return -1;
	uint32_t index = exposition->point_count++;
	exposition->points[index] = (struct point){bound, value, line, EXPOSITION_NONE};
	if (distribution->last_point == EXPOSITION_NONE)
		distribution->first_point = index;
	else
		exposition->points[distribution->last_point].next = index;
	distribution->last_point = index;
	return 0;
}

int exposition_builder_native(struct exposition *exposition, uint32_t metric, struct slice message)
{
	if (GROW(exposition, natives, native) == -1)
		return -1;
	exposition->natives[exposition->native_count++] = (struct native){metric, message};
	return 0;
}

static int compare_families(const void *a, const void *b)
{
	return slice_compare(((const struct metric_family *)a)->name, ((const struct metric_family *)b)->name);
}

void exposition_builder_finish(struct exposition_builder *builder)
{
	struct exposition *exposition = builder->exposition;
	uint32_t kept = 0;
	for (uint32_t i = 0; i < exposition->family_count; i++) {
		if (exposition->families[i].metric_count > 0)
			exposition->families[kept++] = exposition->families[i];
	}
	exposition->family_count = kept;
	if (kept > 0)
		qsort(exposition->families, kept, sizeof(*exposition->families), compare_families);
}
