/*
 * selection: which groups a command line means: by labels, selectors and age, all of which must hold.
 *
 *	struct selection selection;
 *	selection_init(&selection);
 *	const struct option_spec specs[] = {OPTIONS_SELECTION(&selection), ...};
 *	...
 *	if (selection_apply(&selection, &list, clock_wall(), &error) == -1) ...
 *	selection_release(&selection);
 */
#ifndef PGW_SELECTION_H
#define PGW_SELECTION_H

#include <stdbool.h>
#include <stdint.h>

#include "error.h"
#include "group_list.h"
#include "labels.h"
#include "options.h"
#include "selector.h"

struct selection {
	struct grouping_key labels; /* set, not finished: a group has each; an empty one is one that it lacks */
	struct selector selector;   /* selects the group, where it isn't empty */
	int64_t older_than;	    /* ns since the last push, at least; below 0 for any */
	bool failed;		    /* only groups whose last push was refused */
	bool expired;		    /* only groups whose TTL is over */
};

#define OPTIONS_SELECTION(selection)                                                                                   \
	{'s', "select", "SELECTOR", OPTION_SELECTOR, &(selection)->selector,                                           \
		"groups with such labels: {job=~\"a.*\",x!=\"\"} (repeatable)"},                                       \
	{                                                                                                              \
		0, "older-than", "AGE", OPTION_AGE, &(selection)->older_than, "groups that nobody pushed to for AGE"   \
	}

void selection_init(struct selection *selection);
void selection_release(struct selection *selection);

/* 1, 0, or -1 with the error of selector_match(). `now` in ns since the epoch. A group whose last push isn't known is
 * older than nothing. */
int selection_matches(const struct selection *selection, const struct group_row *row, int64_t now, struct error *error);

/* Leaves the rows that match, in their order. 0, or -1 with the same error. */
int selection_apply(const struct selection *selection, struct group_list *list, int64_t now, struct error *error);

#endif
