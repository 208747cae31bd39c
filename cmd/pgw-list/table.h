/*
 * table: groups in columns, for people.
 */
#ifndef PGW_LIST_TABLE_H
#define PGW_LIST_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "error.h"
#include "group_list.h"

/* What does not fit is cut: lines at the end, and columns. 0 for no limit. */
struct table_style {
	bool colours;
	size_t lines;	/* with the heading */
	size_t columns; /* characters */
	const char *line_end;
};

/* Writes the first `count` groups. `now` in ns since the epoch. 0, or -1 with ERROR_MEMORY. */
int table_print(FILE *out, const struct group_row *groups, size_t count, int64_t now, const struct table_style *style,
	struct error *error);

/* Sorts by a column, of any case: what it shows, the smallest first; those that show the same stay in their order. 0,
 * or -1 with ERROR_USAGE for another column, or ERROR_MEMORY. */
int table_sort(struct group_row *groups, size_t count, const char *column, bool reverse, struct error *error);

/* Whether there is such a column. 0, or -1 with ERROR_USAGE. */
int table_check_column(const char *column, struct error *error);

#endif
