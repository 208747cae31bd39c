/*
 * json_bounds: what a JSON text of a stranger would cost to parse, before it is parsed.
 *
 * A value of two bytes takes a hundred in memory, and each nesting a call of the parser.
 */
#ifndef PGW_JSON_BOUNDS_H
#define PGW_JSON_BOUNDS_H

#include <stddef.h>

#include "slice.h"

enum json_bounds {
	JSON_BOUNDS_KEPT,
	JSON_BOUNDS_TOO_DEEP,
	JSON_BOUNDS_TOO_MANY, /* values */
};

/* Holds a text, which may be none of JSON, against a depth of nesting and a number of values, arrays and objects
 * included; an empty one of these counts twice. Too deep is told first. */
enum json_bounds json_bounds_check(struct slice text, size_t depth_max, size_t values_max);

#endif
