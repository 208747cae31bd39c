/*
 * openmetrics: OpenMetrics 1.0 text, read as what format 0.0.4 can say.
 *
 *	if (openmetrics_is(text))
 *		result = openmetrics_parse(&parser, text, &left_out);
 *
 * Every sample keeps the name and the labels under which Prometheus stores it when it scrapes such a text. Types
 *become:
 *
 *	counter		counter, named with its _total
 *	gauge		gauge
 *	histogram	histogram
 *	summary		summary
 *	unknown		untyped
 *	stateset	gauge
 *	info		gauge, named with its _info
 *	gaugehistogram	three gauges: _bucket, whose le stays a label as it is written, _gcount and _gsum
 *
 * What 0.0.4 has no place for is read and dropped: _created of counters, histograms and summaries, exemplars, UNIT.
 * A timestamp is noted as one of 0.0.4 is. A sample that is none of the family whose TYPE came last is taken for one
 * without TYPE, as in 0.0.4; blanks, empty lines and comments that OpenMetrics forbids are taken. An escape beside \\,
 *\" and \n is refused, as in 0.0.4, though OpenMetrics takes it for itself.
 */
#ifndef PGW_OPENMETRICS_H
#define PGW_OPENMETRICS_H

#include <stdbool.h>

#include "exposition_parse.h"
#include "slice.h"

/* Whether the last line is "# EOF", which ends every OpenMetrics text and, in practice, no other. */
bool openmetrics_is(struct slice text);

/* Parses such a text. *left_out becomes true where there were exemplars or _created, and otherwise stays. 0, or -1 with
 * the parser's error: ERROR_SYNTAX with the place, ERROR_TOO_LARGE or ERROR_MEMORY. */
int openmetrics_parse(struct parser *parser, struct slice text, bool *left_out);

#endif
