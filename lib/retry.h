/*
 * retry: whether a request is sent again, and when.
 *
 * What may be different the next time is tried again: no answer, a status from 500 on, 408 and 429. The waits double
 * from half a second to a minute, and each is cut by a random part of up to a half, so that the jobs of many machines
 * don't come back together. A gateway that says when to come again (Retry-After, RFC 9110 section 10.2.3) is waited
 *for, unless that is past the deadline of all: then the answer counts at once.
 *
 *	struct retry retry;
 *	retry_init(&retry, 3, clock_monotonic() + limit);
 *	do
 *		send, for up to retry_share(&retry, clock_monotonic());
 *	while (failed && retry_again(&retry, &answer, clock_monotonic(), &start));
 *
 * All times are ns of the monotonic clock.
 */
#ifndef PGW_RETRY_H
#define PGW_RETRY_H

#include <stdbool.h>
#include <stdint.h>

#include "http.h"

struct retry {
	unsigned left; /* tries after this one */
	unsigned done; /* tries before this one */
	int64_t deadline;
};

void retry_init(struct retry *retry, unsigned retries, int64_t deadline);

/* How long a try may take, in ms, at least 1: its share of the time that is left, so that a gateway which takes a
 * request and never answers leaves time for the other tries. */
unsigned retry_share(const struct retry *retry, int64_t now);

/* Whether to try again after this answer, and from when on. */
bool retry_again(struct retry *retry, const struct http_answer *answer, int64_t now, int64_t *start);

/* The wait before a try without its random part, in ns: `done` tries came before, at least one. */
int64_t retry_longest_wait(unsigned done);

#endif
