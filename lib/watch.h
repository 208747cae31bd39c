/*
 * watch: which files of a directory others changed.
 *
 * Linux has inotify; where it is missing or its limits are reached, watch_new() fails and the caller rescans. This is
 * the only file that knows.
 */
#ifndef PGW_WATCH_H
#define PGW_WATCH_H

#include <stdbool.h>

struct watch;

enum watch_event {
	WATCH_REPLACED, /* a file got this name or lost it: compare its identity */
	WATCH_WRITTEN,	/* a file of this name was written in place or got other rights: read it again */
};

/* `from` is the name that the file had before in the directory, where it was renamed; NULL otherwise. */
typedef void watch_visit(enum watch_event event, const char *file, const char *from, void *context);

/* Watches the directory of a descriptor (which may be closed afterwards). NULL with errno. */
struct watch *watch_new(int directory);
void watch_free(struct watch *watch);

/* Readable when something changed. */
int watch_fd(const struct watch *watch);

/* Reports all that happened before the call; doesn't block. 0, or -1 when events were lost: rescan, the watch goes on.
 * Once the directory is deleted or unmounted nothing more can be seen of it, and every call returns -1. */
int watch_drain(struct watch *watch, watch_visit *visit, void *context);

#endif
