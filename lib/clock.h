/*
 * clock: the times of the system, in ns.
 */
#ifndef PGW_CLOCK_H
#define PGW_CLOCK_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#define CLOCK_SECOND	  INT64_C(1000000000)
#define CLOCK_MILLISECOND INT64_C(1000000)

/* Files may have times from 1901 to 2446, which is more than fits. What is beyond counts as the nearest of these, so
 * that no difference of two overflows and there is room to count on. */
#define CLOCK_SECONDS_FIRST (-(INT64_C(1) << 32)) /* in 1833 */
#define CLOCK_SECONDS_LAST  (INT64_C(1) << 33)	  /* in 2242 */

static inline int64_t clock_from(const struct timespec *time)
{
	int64_t seconds = time->tv_sec;
	if (seconds < CLOCK_SECONDS_FIRST)
		return CLOCK_SECONDS_FIRST * CLOCK_SECOND;
	return seconds >= CLOCK_SECONDS_LAST ? CLOCK_SECONDS_LAST * CLOCK_SECOND
					     : seconds * CLOCK_SECOND + time->tv_nsec;
}

/* Whether somebody else's number can be a time of ours. */
static inline bool clock_is_possible(int64_t time)
{
	return time >= CLOCK_SECONDS_FIRST * CLOCK_SECOND && time <= (CLOCK_SECONDS_LAST + 1) * CLOCK_SECOND;
}

/* Since the epoch: for what people and other machines see. It may jump. */
static inline int64_t clock_wall(void)
{
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	return clock_from(&now);
}

/* Since the epoch, when the kernel last looked at the clock: a local file that is changed from now on gets no earlier
 * time, where its file system stores them to the ns. */
static inline int64_t clock_tick(void)
{
	struct timespec now;
	clock_gettime(CLOCK_REALTIME_COARSE, &now);
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
