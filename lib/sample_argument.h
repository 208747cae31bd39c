/*
 * sample_argument: a sample given on a command line, NAME[{LABELS}]=VALUE.
 *
 * Name and labels are written as in the text format, the value behind the last "=" too.
 *
 *	struct sample_argument sample = {METRIC_GAUGE, "backup_bytes{disk=\"sda\"}=1048576", "Size of the backup."};
 *	if (sample_argument_parse(&parser, &sample) == -1)
 *		...
 */
#ifndef PGW_SAMPLE_ARGUMENT_H
#define PGW_SAMPLE_ARGUMENT_H

#include "exposition_parse.h"

struct sample_argument {
	enum metric_type type; /* METRIC_GAUGE or METRIC_COUNTER */
	const char *text;
	const char *help; /* plain; NULL for none */
};

/*
 * Puts the sample into the exposition as one more line, behind those of other samples of its family; text and help
 * are copied. 0, or -1 with the parser's error, which has no place but quotes the text: ERROR_USAGE where it is none,
 * ERROR_INCONSISTENT where its family has another type or another help already, ERROR_MEMORY.
 */
int sample_argument_parse(struct parser *parser, const struct sample_argument *sample);

#endif
