/*
 * names: metric and label names beyond [a-zA-Z_:][a-zA-Z0-9_:]*: UTF-8, and how it is escaped for those who can't read
 * it.
 *
 * The rules are those of Prometheus' UTF-8 proposal as the upstream writes them (prometheus/common, model/metric.go:
 * EscapeMetricFamily with EscapeName, UnescapeName, IsValidLegacyMetricName).
 */
#ifndef PGW_NAMES_H
#define PGW_NAMES_H

#include <stdbool.h>

#include "buffer.h"
#include "slice.h"

enum escaping_scheme {
	ESCAPING_NONE,	      /* allow-utf-8 */
	ESCAPING_UNDERSCORES, /* underscores: any other character becomes _ */
	ESCAPING_DOTS,	      /* dots: . becomes _dot_, _ becomes __, any other character __ */
	ESCAPING_VALUES,      /* values: U__, then _HEX_ for each other character, _ becomes __ */
};

#define ESCAPING_SCHEME_COUNT (ESCAPING_VALUES + 1)

/* The scheme's name in escaping=. */
extern const char *const escaping_scheme_names[ESCAPING_SCHEME_COUNT];

/* False, and *scheme untouched, where no scheme is of that name. */
bool escaping_scheme_parse(struct slice name, enum escaping_scheme *scheme);

/* [a-zA-Z_:][a-zA-Z0-9_:]* */
bool metric_name_is_legacy(struct slice name);

/* Not empty, and UTF-8. */
bool name_is_utf8(struct slice name);

/* Appends a metric's name escaped. A legacy name stays as it is in every scheme, also its underscores. A byte that is
 * not UTF-8 counts as U+FFFD. 0, or -1 with errno and nothing appended. */
int name_escape(struct buffer *out, struct slice name, enum escaping_scheme scheme);

/* The same of a label, in whose name a colon is escaped, too: the upstream leaves it, and text with it can't be parsed.
 */
int label_name_escape(struct buffer *out, struct slice name, enum escaping_scheme scheme);

/* Appends the original of a name escaped by ESCAPING_VALUES ("U__foo_2e_bar"); a name that is not, or not well, escaped
 * is appended as it is. Up to six digits of either case are read, so that everything that name_escape() writes comes
 * back; the upstream stops at five. 0, or -1 with errno and nothing appended. */
int name_unescape_values(struct buffer *out, struct slice name);

#endif
