/*
 * payload: an exposition on its way into a group, read, mended and parsed.
 *
 *	struct payload payload;
 *	payload_init(&payload, limits.body);
 *	buffer_read_fd(&payload.text, fd);
 *	mended = payload_end_line(&payload, &error);
 *	if (payload_parse(&payload, false, &limits, &error) == -1)
 *		...
 *	payload_release(&payload);
 */
#ifndef PGW_PAYLOAD_H
#define PGW_PAYLOAD_H

#include <stdbool.h>
#include <stddef.h>

#include "buffer.h"
#include "error.h"
#include "exposition.h"
#include "input_limits.h"

struct payload {
	struct buffer text;
	struct exposition exposition; /* slices of text, once it is parsed */
};

void payload_init(struct payload *payload, size_t max);
void payload_release(struct payload *payload);

/* Ends the last line of a text that is not empty, where a newline is missing: 1 where it was, 0 where not, -1 with
 * ERROR_TOO_LARGE or ERROR_MEMORY. */
int payload_end_line(struct payload *payload, struct error *error);

/* Parses the text, once. What the store would refuse of it (exposition_check()) is the destination's to tell, which
 * records that a push failed. A text without a sample is ERROR_INCONSISTENT unless allow_empty: a source that is
 * dead must not look fresh. 0 or -1. */
int payload_parse(struct payload *payload, bool allow_empty, const struct limits *limits, struct error *error);

/* How many samples: those of a summary or a histogram each count. */
size_t payload_samples(const struct payload *payload);

#endif
