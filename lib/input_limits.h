/*
 * input_limits: how much a stranger may ask of the library. pgw-serve has a flag for each.
 */
#ifndef PGW_INPUT_LIMITS_H
#define PGW_INPUT_LIMITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct limits {
	size_t body;	    /* bytes of one exposition or one group file */
	size_t name;	    /* bytes of a metric name or a label name */
	size_t label_value; /* bytes of a label value as written, escapes included */
	size_t labels;	    /* labels of a sample as written, and labels of a grouping key; at most 60000 */
	size_t groups;	    /* groups in the spool */
	bool utf8_names;    /* names may be any UTF-8, not only the plain ones (--push.enable-utf8-names) */
	size_t series;	    /* metrics in the spool: samples, a histogram or a summary counting as one */
};

#define LIMITS_DEFAULT                                                                                                 \
	{                                                                                                              \
		.body = 64u << 20, .name = 1024, .label_value = 64u << 10, .labels = 200, .groups = 1000000,           \
		.series = 50000000                                                                                     \
	}

/* For what has passed the limits that count. */
#define LIMITS_NONE                                                                                                    \
	{                                                                                                              \
		.body = SIZE_MAX, .name = SIZE_MAX, .label_value = SIZE_MAX, .labels = SIZE_MAX, .groups = SIZE_MAX,   \
		.utf8_names = true, .series = SIZE_MAX                                                                 \
	}

#endif
