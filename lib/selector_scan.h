/*
 * selector_scan: the syntax of selectors, for selector.c, whose header describes it.
 */
#ifndef PGW_SELECTOR_SCAN_H
#define PGW_SELECTOR_SCAN_H

#include <stdbool.h>
#include <stddef.h>

#include "arena.h"
#include "error.h"
#include "slice.h"

/* Begins with all but `text` and `arena` of zeros. */
struct selector_scan {
	struct slice text;
	struct arena *arena; /* for names and values */
	size_t at;
	bool begun;
	bool braces;
};

struct scanned_matcher {
	struct slice name;  /* unquoted */
	struct slice value; /* the same, NUL-terminated */
	size_t name_column; /* in bytes, from 1 */
	size_t value_column;
	bool is_regex;
	bool negated;
};

/* The next matcher: 1, 0 at the end of a whole selector, -1 with ERROR_USAGE, whose message begins with the column, or
 * ERROR_MEMORY. Does not go on after 0 and -1. */
int selector_scan_next(struct selector_scan *scan, struct scanned_matcher *matcher, struct error *error);

#endif
