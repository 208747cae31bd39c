/*
 * filter: which metric families of an exposition stay, by name.
 *
 *	struct filter filter;
 *	filter_init(&filter);
 *	if (filter_keep(&filter, "backup_.*", &error) == -1 || filter_drop(&filter, ".*_debug", &error) == -1)
 *		...
 *	filter_apply(&filter, &exposition, &error);
 *	filter_release(&filter);
 *
 * A family stays when one of the expressions to keep matches all of its name, or there is none, and none of those to
 * drop does. Its name is the one in the format 0.0.4: a histogram's has no _bucket, an OpenMetrics counter's has
 *_total.
 */
#ifndef PGW_FILTER_H
#define PGW_FILTER_H

#include <stdbool.h>
#include <stddef.h>

#include "error.h"
#include "exposition.h"
#include "pattern.h"

struct filter_patterns {
	struct pattern **patterns;
	size_t count;
};

struct filter {
	struct filter_patterns keep;
	struct filter_patterns drop;
};

void filter_init(struct filter *filter);
void filter_release(struct filter *filter);

/* Adds an expression (pattern.h). 0, or -1 with ERROR_USAGE or ERROR_MEMORY. */
int filter_keep(struct filter *filter, const char *expression, struct error *error);
int filter_drop(struct filter *filter, const char *expression, struct error *error);

/* Whether the filter lets everything through. */
bool filter_is_empty(const struct filter *filter);

/* Takes families out, and their timestamps with them. The arrays of metrics stay as they are. 0, or -1 with the error
 * of pattern_match(); the exposition is then fit for release only. */
int filter_apply(const struct filter *filter, struct exposition *exposition, struct error *error);

#endif
