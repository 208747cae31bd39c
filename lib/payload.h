/*
 * payload: an exposition on its way into a group, read, mended, parsed and, where that is wanted, changed.
 *
 *	struct payload payload;
 *	payload_init(&payload, limits.body);
 *	buffer_read_fd(&payload.text, fd);
 *	mended = payload_end_text(&payload, &error);
 *	if (payload_parse(&payload, false, &limits, &error) == -1 || payload_text(&payload, &text, &error) == -1)
 *		...
 *	payload_release(&payload);
 *
 * Several texts make one exposition; each is of format 0.0.4 or OpenMetrics (openmetrics.h), as its end says.
 */
#ifndef PGW_PAYLOAD_H
#define PGW_PAYLOAD_H

#include <stdbool.h>
#include <stddef.h>

#include "buffer.h"
#include "error.h"
#include "exposition.h"
#include "filter.h"
#include "input_limits.h"
#include "sample_argument.h"

struct payload {
	struct buffer text;
	struct exposition exposition; /* slices of text, once it is parsed */

	/* What the exposition gets besides, and loses: set before payload_parse(), not owned. */
	const struct sample_argument *samples; /* each makes one more line, counted behind those of the text */
	size_t sample_count;
	const struct filter *filter; /* or NULL */
	bool drop_timestamps;

	size_t *ends; /* of the texts, as offsets */
	size_t text_count;
	bool changed;  /* the exposition is not what the text says in format 0.0.4 */
	bool left_out; /* there was something in OpenMetrics that it can't say: exemplars, _created */
	struct buffer written;
};

void payload_init(struct payload *payload, size_t max);
void payload_release(struct payload *payload); /* twice is fine */

/* Ends a text; what is appended from then on is the next one. Where the newline is missing at its end, it is added: 1
 * where it was, 0 where not, -1 with ERROR_TOO_LARGE or ERROR_MEMORY. A text without bytes is none. */
int payload_end_text(struct payload *payload, struct error *error);

/* Parses the texts, once; what stands behind the last payload_end_text() is one too. What the store would refuse of
 * them (exposition_check()) is the destination's to tell, which records that a push failed. To be left without a sample
 * is ERROR_INCONSISTENT unless allow_empty: a source that is dead must not look fresh. 0 or -1. */
int payload_parse(struct payload *payload, bool allow_empty, const struct limits *limits, struct error *error);

/* The exposition in format 0.0.4, for who gets it over HTTP: the text as it came where that is one, else written anew.
 * It lives as long as the payload. 0, or -1 with ERROR_TOO_LARGE or ERROR_MEMORY. */
int payload_text(struct payload *payload, struct slice *text, struct error *error);

/* For who parsed something else than text into the exposition: does the rest of payload_parse(). */
int payload_finish(struct payload *payload, bool allow_empty, struct error *error);

/* How many samples: those of a summary or a histogram each count. */
size_t payload_samples(const struct payload *payload);

#endif
