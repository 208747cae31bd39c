#include "watch.h"

#include <errno.h>
#include <stdalign.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define NAME_EVENTS  (IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE)
#define WRITE_EVENTS (IN_MODIFY | IN_CLOSE_WRITE | IN_ATTRIB) /* rights come and go, too */
#define SELF_EVENTS  (IN_DELETE_SELF | IN_MOVE_SELF)
#define LOST_EVENTS  (SELF_EVENTS | IN_Q_OVERFLOW | IN_UNMOUNT | IN_IGNORED)
#define READ_SIZE    16384 /* over sizeof(struct inotify_event) + NAME_MAX + 1 */

struct watch {
	int fd;
	bool ended; /* the kernel removed the watch */
};

struct watch *watch_new(int directory)
{
	char path[sizeof("/proc/self/fd/") + 3 * sizeof(int)];
	snprintf(path, sizeof(path), "/proc/self/fd/%d", directory);
	struct watch *watch = malloc(sizeof(*watch));
	if (watch == NULL)
		return NULL;
	*watch = (struct watch){.fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC)};
	if (watch->fd == -1 ||
		inotify_add_watch(watch->fd, path, NAME_EVENTS | WRITE_EVENTS | SELF_EVENTS | IN_ONLYDIR) == -1) {
		int number = errno;
		watch_free(watch);
		errno = number;
		return NULL;
	}
	return watch;
}

void watch_free(struct watch *watch)
{
	if (watch != NULL && watch->fd != -1)
		close(watch->fd);
	free(watch);
}

int watch_fd(const struct watch *watch)
{
	return watch->fd;
}

static bool is_name_event(const struct inotify_event *event)
{
	return (event->mask & NAME_EVENTS) != 0;
}

/* The old name, where the event before is the other half of a rename. */
static const char *renamed_from(const struct inotify_event *event, const struct inotify_event *previous)
{
	bool pair = previous != NULL && previous->len > 0 && (previous->mask & IN_MOVED_FROM) != 0 &&
		    (event->mask & IN_MOVED_TO) != 0 && previous->cookie == event->cookie;
	return pair ? previous->name : NULL;
}

/* Reports the events of one read. Writing a file gives a row of equal ones, which are reported once, and so does an
 * exchange of two names: one comes, the other goes. */
static int report(struct watch *watch, const char *data, size_t len, watch_visit *visit, void *context)
{
	int result = 0;
	const struct inotify_event *previous = NULL, *event;
	for (size_t at = 0; at < len; at += sizeof(*event) + event->len, previous = event) {
		event = (const struct inotify_event *)(const void *)(data + at);
		watch->ended |= (event->mask & IN_IGNORED) != 0;
		if (event->mask & LOST_EVENTS)
			result = -1;
		if (event->len == 0)
			continue;
		bool same = previous != NULL && previous->len > 0 && is_name_event(event) == is_name_event(previous) &&
			    strcmp(previous->name, event->name) == 0;
		if (!same)
			visit(is_name_event(event) ? WATCH_REPLACED : WATCH_WRITTEN, event->name,
				renamed_from(event, previous), context);
	}
	return result;
}

int watch_drain(struct watch *watch, watch_visit *visit, void *context)
{
	alignas(struct inotify_event) char data[READ_SIZE];
	int result = 0, waiting = 0;
	/* What comes while we read is left for the next time, so that a busy writer can't keep us here. */
	if (ioctl(watch->fd, FIONREAD, &waiting) == -1)
		return -1;
	while (waiting > 0) {
		ssize_t got = read(watch->fd, data, sizeof(data));
		if (got == -1 && errno == EINTR)
			continue;
		if (got <= 0)
			return -1;
		waiting -= (int)got;
		if (report(watch, data, (size_t)got, visit, context) == -1)
			result = -1;
	}
	return watch->ended ? -1 : result;
}
