/*
 * sorted: numbers in the order of names that somebody else keeps.
 *
 *	struct sorted sorted = {.name_of = name_of, .context = &things};
 *	sorted_insert(&sorted, 5);
 *	struct sorted_cursor cursor = {0};
 *	for (uint64_t number; sorted_next(&sorted, &cursor, &number);)
 *		...
 *	sorted_release(&sorted);
 *
 * Where names are equal, the lower number comes first. In pieces of up to a kilobyte, so that a change moves little and
 * a walk runs through memory: 8 to 16 bytes a number.
 */
#ifndef PGW_SORTED_H
#define PGW_SORTED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "slice.h"

struct sorted_piece;

/* The name of a number, which must not change while the number is there. */
typedef struct slice sorted_name(const void *context, uint64_t number);

struct sorted {
	sorted_name *name_of;
	const void *context;
	struct sorted_piece **pieces; /* none is empty */
	size_t count;
	size_t capacity;
};

/* Where a walk is; one of zeros is before the first. */
struct sorted_cursor {
	size_t piece;
	size_t at;
};

void sorted_release(struct sorted *sorted);

/* Adds a number that is not there. 0, or -1 when out of memory. */
int sorted_insert(struct sorted *sorted, uint64_t number);

/* Removes a number that is there. */
void sorted_remove(struct sorted *sorted, uint64_t number);

/* The next number; false at the end. No change may come between two steps. */
bool sorted_next(const struct sorted *sorted, struct sorted_cursor *cursor, uint64_t *number);

static inline bool sorted_is_empty(const struct sorted *sorted)
{
	return sorted->count == 0;
}

#endif
