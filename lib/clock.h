/*
 * clock: the times of the system, in ns.
 */
#ifndef PGW_CLOCK_H
#define PGW_CLOCK_H

#include <stdint.h>
#include <time.h>

#define CLOCK_SECOND	  INT64_C(1000000000)
#define CLOCK_MILLISECOND INT64_C(1000000)

static inline int64_t clock_from(const struct timespec *time)
{
	return time->tv_sec * CLOCK_SECOND + time->tv_nsec;
}

/* Since the epoch: for what people and other machines see. It may jump. */
static inline int64_t clock_wall(void)
{
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	return clock_from(&now);
}

/* Since some moment, never backwards: for deadlines. */
static inline int64_t clock_monotonic(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return clock_from(&now);
}

#endif
