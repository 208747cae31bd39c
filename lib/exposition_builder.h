/*
 * exposition_builder: puts families, metrics and their parts into an exposition, in whatever order they come.
 *
 * For the readers of the formats; others see the finished exposition. Functions return 0, or -1 when out of memory.
 */
#ifndef PGW_EXPOSITION_BUILDER_H
#define PGW_EXPOSITION_BUILDER_H

#include "exposition.h"

/* A hash table of indices into one of the exposition's arrays, open addressing. */
struct index_table {
	uint32_t *slots; /* EXPOSITION_NONE where free */
	size_t mask;	 /* slots - 1 */
	size_t used;
};

struct exposition_builder {
	struct exposition *exposition;
	struct index_table families;	  /* by name */
	struct index_table distributions; /* by family and labels */
	bool *typed;			  /* of each family: whether its type is settled */
	uint32_t typed_capacity;
};

/* What the name of a sample makes of it. */
enum sample_role {
	SAMPLE_VALUE, /* its family's own name, or a bucket's */
	SAMPLE_SUM,
	SAMPLE_COUNT,
};

/* The exposition is empty and initialised, and outlives the builder. */
int exposition_builder_init(struct exposition_builder *builder, struct exposition *exposition);
void exposition_builder_release(struct exposition_builder *builder);

/* Makes room for what a text of that many bytes usually has, less than UINT32_MAX of them: a guess that saves copying.
 */
int exposition_builder_expect(struct exposition_builder *builder, size_t len);

/* Finds the family that the name of a sample, HELP or TYPE belongs to: its own, else the summary's or histogram's
 * whose lines bear it, else a new one (the order of expfmt's setOrCreateCurrentMF). */
int exposition_builder_family(
	struct exposition_builder *builder, struct slice name, uint32_t line, uint32_t *family, enum sample_role *role);

/* Room for more labels at the end of exposition.labels, where the labels of a metric are collected. */
int exposition_builder_grow_labels(struct exposition_builder *builder);

static inline int exposition_builder_reserve_labels(struct exposition_builder *builder, uint32_t count)
{
	const struct exposition *exposition = builder->exposition;
	while (exposition->label_capacity - exposition->label_count < count)
		if (exposition_builder_grow_labels(builder) == -1)
			return -1;
	return 0;
}

int exposition_builder_grow_metrics(struct exposition_builder *builder);

/* Adds a metric to a family, and returns it for its value to be set. Its labels are the last `label_count` of
 * exposition.labels. NULL when out of memory. */
static inline struct metric *exposition_builder_metric(
	struct exposition_builder *builder, uint32_t family, uint32_t label_count, uint32_t line)
{
	struct exposition *exposition = builder->exposition;
	struct metric_family *owner = &exposition->families[family];
	uint32_t index = exposition->metric_count;
	if (index == exposition->metric_capacity && exposition_builder_grow_metrics(builder) == -1)
		return NULL;
	if (label_count > exposition->labels_max)
		exposition->labels_max = label_count;
	exposition->metric_count++;
	if (owner->last_metric == EXPOSITION_NONE)
		owner->first_metric = index;
	else
		exposition->metrics[owner->last_metric].next = index;
	owner->last_metric = index;
	owner->metric_count++;
	struct metric *metric = &exposition->metrics[index];
	*metric = (struct metric){
		.first_label = exposition->label_count - label_count,
		.label_count = label_count,
		.line = line,
		.next = EXPOSITION_NONE,
	};
	return metric;
}

/* Finds the summary or histogram of a family with the last `label_count` labels, or adds it. Labels that are there
 * already are taken back. NULL when out of memory. */
struct distribution *exposition_builder_distribution(
	struct exposition_builder *builder, uint32_t family, uint32_t label_count, uint32_t line);

int exposition_builder_point(struct exposition_builder *builder, struct distribution *distribution, double bound,
	double value, uint32_t line);

/* Keeps what the model can't hold of a metric, which comes after all that have a native. The message is not copied. No
 * builder is needed. */
int exposition_builder_native(struct exposition *exposition, uint32_t metric, struct slice message);

/* Drops families without metrics and sorts the others. */
void exposition_builder_finish(struct exposition_builder *builder);

#endif
