/*
 * events: more of inotify's than the kernel keeps.
 */
#ifndef PGW_TEST_EVENTS_H
#define PGW_TEST_EVENTS_H

#include <stdbool.h>

/* Changes two empty files until a watch of their directory has lost events. False where it would keep more than a test
 * can make (fs.inotify.max_queued_events): skip it. */
bool lose_events(const char *path, const char *other);

#endif
