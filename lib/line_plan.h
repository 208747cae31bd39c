/*
 * line_plan: how the canonical lines of metrics with the same labels are put together.
 *
 * For metrics whose lines came alike (metric.alike in exposition.h), so that where their labels go, and what of them
 * stands together in the input, is found out once. For canonical.c.
 */
#ifndef PGW_LINE_PLAN_H
#define PGW_LINE_PLAN_H

#include <stdint.h>

#include "buffer.h"
#include "exposition.h"
#include "labels.h"
#include "line_form.h"

/* A label of a line: of the metric, where `own` is its place among those, or of the key. */
struct line_label {
	struct label label;
	uint32_t own;
};

#define LABEL_OF_KEY UINT32_MAX

/* What is copied from the input: from the name or the value of a label to the end of a value, maybe another one's. */
struct plan_run {
	uint32_t first, last; /* of the metric's labels */
	bool named;
	size_t before; /* bytes of fixed text before it */
};

struct line_plan {
	struct buffer fixed; /* all that is the same in all lines, one after the other */
	struct plan_run runs[FORM_HOLES_MAX];
	uint32_t run_count;
	size_t tail; /* bytes of fixed text behind the last run */
	/* The labels of runs that stand first and last in the input. */
	uint32_t first, last;
};

void line_plan_init(struct line_plan *plan);
void line_plan_release(struct line_plan *plan);

/* Makes the plan of lines that begin with `start`, its brace the last byte, with these labels. 0, or -1 with errno. */
int line_plan_make(struct line_plan *plan, struct slice start, const struct line_label *labels, size_t count);

/* No line has more bytes up to its number, for a metric that is alike; and what is needed besides. */
static inline size_t line_plan_max(const struct line_plan *plan, const struct label *own)
{
	if (plan->run_count == 0)
		return plan->fixed.len;
	/* No part of a line of the input comes twice. */
	const struct slice *last = &own[plan->last].value;
	return plan->fixed.len + (size_t)(last->data + last->len - own[plan->first].name.data);
}
#define LINE_PLAN_SLACK METRIC_ALIKE_TAIL

/* Writes the line up to its number. Returns its end; as many bytes as the slack is may be overwritten behind it. */
char *line_plan_write(const struct line_plan *plan, const struct label *own, char *to);

#endif
