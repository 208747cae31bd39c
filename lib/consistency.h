/*
 * consistency: what may not stand beside each other in a spool.
 *
 * The rules of the upstream's registry: one type for a family's name over all groups and the gateway's own families
 * (own.h); no name that ends in _count, _sum or _bucket beside the summary or histogram that writes lines of that name;
 * no series twice, which is for whoever keeps the series to see. Whoever knows what is there, in whatever form, asks
 * here.
 */
#ifndef PGW_CONSISTENCY_H
#define PGW_CONSISTENCY_H

#include <stdbool.h>
#include <stddef.h>

#include "error.h"
#include "group.h"
#include "input_limits.h"

/* Who has a family: one of the groups, or the gateway itself. */
struct holder {
	enum metric_type type;
	const struct group *group; /* for the message; NULL for the gateway */
};

/* Finds a group that has a family of that name. */
typedef bool consistency_find(void *context, struct slice name, struct holder *holder);

/* Whether a group's block may be added to the families that `find` knows. 0, or -1 with ERROR_INCONSISTENT, which has
 * the line where the group knows it, or ERROR_MEMORY. */
int consistency_check_block(const struct group *group, const struct block *block, consistency_find *find, void *context,
	struct error *error);

/* Whether a spool may have so many groups and series. 0, or -1 with ERROR_FULL. */
int consistency_check_size(size_t groups, size_t series, const struct limits *limits, struct error *error);

#endif
