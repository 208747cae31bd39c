/*
 * line_form: the line of a sample as a pattern for the lines after it.
 *
 * Neighbouring lines mostly differ in the values of labels and in the number only:
 *
 *	node_cpu_seconds_total{cpu="0",mode="idle"} 61382.21
 *	node_cpu_seconds_total{cpu="0",mode="nice"} 13.4
 *
 * What stands around the values need not be read again where it is the same, byte by byte: it says the same. For the
 * parser, which learns a pattern from each line that it reads in the long way.
 */
#ifndef PGW_LINE_FORM_H
#define PGW_LINE_FORM_H

#include <stdint.h>

#include "byte_runs.h"
#include "labels.h"
#include "slice.h"

/* Lines with more labels are no patterns. */
#define FORM_HOLES_MAX 16

/* The position of what is no label of the metric: quantile or le. */
#define FORM_BOUND UINT32_MAX

/* Where the value of a label stands, in the order of the line. */
struct form_hole {
	struct slice before;	/* from the value before, or from the start of the line, to this one */
	uint32_t name_distance; /* from the start of the label's name to that of the value */
	uint32_t name_len;
	uint32_t position; /* among the labels of the metric, by name */
};

struct line_form {
	struct form_hole holes[FORM_HOLES_MAX];
	uint32_t hole_count;
	uint32_t label_count; /* holes without the bound */
	struct slice after;   /* from the last value to the number; empty where there is no pattern */
};

/* Makes a pattern of the line that starts at `line` and has its number at `number`, with the labels of its metric, by
 * name, and the bound, whose data is NULL where there is none. */
void line_form_learn(struct line_form *form, const char *line, const char *number, const struct label *labels,
	uint32_t label_count, struct slice bound);

/*
 * Holds a line against the pattern, there must be one, of an earlier line of the same text: returns where the number
 * should stand, with form->label_count labels, and the bound, set; NULL where the line is another, or has values that
 * need a closer look: with escapes, beyond ASCII, longer than `value_max` bytes. BYTES_AT_ONCE bytes behind the newline
 * of the line can be read.
 */
static inline const char *line_form_match(
	const struct line_form *form, const char *line, size_t value_max, struct label *labels, struct slice *bound)
{
	const char *at = line;
	for (uint32_t i = 0; i < form->hole_count; i++) {
		const struct form_hole *hole = &form->holes[i];
		if (!line_begins_like(at, hole->before.data, hole->before.len))
			return NULL;
		const char *start = at + hole->before.len;
		at = skip_plain_ascii(start);
		struct slice value = slice_make(start, (size_t)(at - start));
		if (value.len > value_max)
			return NULL;
		if (hole->position == FORM_BOUND)
			*bound = value;
		else
			labels[hole->position] =
				(struct label){slice_make(start - hole->name_distance, hole->name_len), value};
	}
	if (!line_begins_like(at, form->after.data, form->after.len))
		return NULL;
	return at + form->after.len;
}

#endif
