#include "queue.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "clock.h"
#include "directory.h"
#include "file.h"
#include "queue_file.h"

#define LOCK	       "lock"
#define REFUSED	       "refused"
#define DIRECTORY_MODE 0700
#define LOCK_PAUSE     (20 * CLOCK_MILLISECOND)
#define ADD_TRIES      1000
#define DEBRIS_AGE     (3600 * CLOCK_SECOND) /* who adds does so without the lock, where he can't have it */

static int fail(const struct queue *queue, const char *name, struct error *error)
{
	return error_set_errno(error, ERROR_IO, "%s/%s", queue->path, name);
}

static int open_directory(int parent, const char *path)
{
	if (mkdirat(parent, path, DIRECTORY_MODE) == -1 && errno != EEXIST)
		return -1;
	return openat(parent, path, FILE_DIRECTORY_FLAGS);
}

int queue_open(struct queue *queue, const char *path, int64_t age, size_t size, struct error *error)
{
	struct stat status;
	*queue = (struct queue){.path = path, .directory = -1, .refused = -1, .lock = -1, .age = age, .size = size};
	queue->directory = open_directory(AT_FDCWD, path);
	if (queue->directory == -1 || fstat(queue->directory, &status) == -1)
		error_set_errno(error, ERROR_CREATE, "the queue %s", path);
	else if ((status.st_mode & S_IWOTH) != 0)
		error_set(error, ERROR_PERMISSION, "the queue %s: everybody can write to the directory", path);
	else
		return 0;
	queue_close(queue);
	return -1;
}

void queue_close(struct queue *queue)
{
	queue->lock = file_close(queue->lock);
	queue->refused = file_close(queue->refused);
	queue->directory = file_close(queue->directory);
}

static int visit_name(const char *name, void *context, struct error *error)
{
	struct queue_names *names = context;
	if (!queue_is_name(name))
		return 0;
	void *grown = reallocarray(names->names, names->count + 1, sizeof(names->names[0]));
	if (grown == NULL)
		return error_set_memory(error);
	names->names = grown;
	strcpy(names->names[names->count++], name);
	return 0;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(a, b);
}

static int list(const struct queue *queue, int directory, struct queue_names *names, struct error *error)
{
	*names = (struct queue_names){0};
	int result = directory_list(directory, queue->path, visit_name, names, error);
	if (result == -1)
		queue_names_release(names);
	else if (names->count > 0)
		qsort(names->names, names->count, sizeof(names->names[0]), compare_names);
	return result;
}

int queue_list(struct queue *queue, struct queue_names *names, struct error *error)
{
	return list(queue, queue->directory, names, error);
}

void queue_names_release(struct queue_names *names)
{
	free(names->names);
	*names = (struct queue_names){0};
}

/* ns since the file was written, whatever was done to it since; below 0 where the clock was set. */
static int64_t age_of(const struct stat *status)
{
	return clock_wall() - clock_from(&status->st_mtim);
}

/* Removes what is too old, and then the oldest ones until there is room for some more bytes. */
static int trim(struct queue *queue, int directory, size_t room, struct error *error)
{
	struct queue_names names;
	struct stat status;
	if (list(queue, directory, &names, error) == -1)
		return -1;
	size_t used = room;
	bool full = false;
	/* From the newest on, so that the sum tells what the older ones have left. */
	for (size_t i = names.count; i-- > 0;) {
		if (fstatat(directory, names.names[i], &status, AT_SYMLINK_NOFOLLOW) == -1)
			continue;
		size_t size = (size_t)status.st_size;
		full |= used > queue->size || size > queue->size - used;
		if (!full && age_of(&status) <= queue->age)
			used += size;
		else if (unlinkat(directory, names.names[i], 0) == 0)
			queue->dropped++;
	}
	queue_names_release(&names);
	return 0;
}

static int visit_debris(const char *name, void *context, struct error *error)
{
	struct queue *queue = context;
	struct stat status;
	if (!queue_is_temporary(name) || fstatat(queue->directory, name, &status, AT_SYMLINK_NOFOLLOW) == -1 ||
		age_of(&status) < DEBRIS_AGE)
		return 0;
	return unlinkat(queue->directory, name, 0) == 0 || errno == ENOENT ? 0 : fail(queue, name, error);
}

int queue_lock(struct queue *queue, int64_t deadline, struct error *error)
{
	queue->lock = openat(queue->directory, LOCK, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, QUEUE_FILE_MODE);
	if (queue->lock == -1)
		return fail(queue, LOCK, error);
	const struct timespec pause = {.tv_nsec = LOCK_PAUSE};
	while (flock(queue->lock, LOCK_EX | LOCK_NB) == -1) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return fail(queue, LOCK, error);
		if (clock_monotonic() >= deadline)
			return error_set(error, ERROR_BUSY, "the queue %s is locked", queue->path);
		nanosleep(&pause, NULL);
	}
	if (directory_list(queue->directory, queue->path, visit_debris, queue, error) == -1)
		return -1;
	return trim(queue, queue->directory, 0, error);
}

/* The name behind all others. */
static int next_name(struct queue *queue, char name[QUEUE_NAME_SIZE], struct error *error)
{
	struct queue_names names;
	int64_t number = clock_wall();
	if (queue_list(queue, &names, error) == -1)
		return -1;
	if (names.count > 0) {
		int64_t last = strtoll(names.names[names.count - 1], NULL, 10);
		if (number <= last && last < INT64_MAX)
			number = last + 1;
	}
	queue_names_release(&names);
	snprintf(name, QUEUE_NAME_SIZE, "%020lld", (long long)number);
	return 0;
}

/* Gives a file its name, which nobody else may have taken meanwhile. */
static int place(struct queue *queue, const char *temporary, struct error *error)
{
	char name[QUEUE_NAME_SIZE];
	for (int i = 0; i < ADD_TRIES; i++) {
		if (next_name(queue, name, error) == -1)
			return -1;
		if (linkat(queue->directory, temporary, queue->directory, name, 0) == 0)
			return queue_sync(queue, error);
		if (errno != EEXIST)
			break;
	}
	return fail(queue, name, error);
}

int queue_add(struct queue *queue, const struct queue_entry *entry, struct error *error)
{
	struct buffer file;
	char temporary[QUEUE_NAME_SIZE];
	int result = -1;
	buffer_init(&file, SIZE_MAX);
	if (queue_file_write(&file, entry) == -1) {
		error_set_memory(error);
	} else if (file.len > queue->size) {
		error_set(error, ERROR_TOO_LARGE, "%zu bytes are over the limit of the queue %s, which is %zu",
			file.len, queue->path, queue->size);
	} else if (queue_file_save(queue->directory, buffer_slice(&file), temporary) == -1) {
		fail(queue, temporary, error);
	} else {
		result = trim(queue, queue->directory, file.len, error);
		if (result == 0)
			result = place(queue, temporary, error);
		unlinkat(queue->directory, temporary, 0);
	}
	buffer_release(&file);
	return result;
}

int queue_read(struct queue *queue, const char *name, struct queue_entry *entry, struct error *error)
{
	*entry = (struct queue_entry){0};
	buffer_init(&entry->file, queue->size);
	int fd = openat(queue->directory, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	if (fd == -1 && errno == ENOENT)
		return 0;
	if (fd == -1 || buffer_read_fd(&entry->file, fd) == -1) {
		/* A directory or a link in a file's place. */
		bool strange = errno == EISDIR || errno == ELOOP || errno == ENXIO;
		fail(queue, name, error);
		if (strange)
			error->kind = ERROR_SYNTAX;
	} else if (queue_file_parse(entry, error) == 0) {
		file_close(fd);
		return 1;
	} else {
		error_prefix(error, "%s/%s: ", queue->path, name);
	}
	file_close(fd);
	queue_entry_release(entry);
	return -1;
}

void queue_entry_release(struct queue_entry *entry)
{
	free(entry->url);
	entry->url = NULL;
	buffer_release(&entry->file);
}

int queue_remove(struct queue *queue, const char *name, struct error *error)
{
	if (unlinkat(queue->directory, name, 0) == 0 || errno == ENOENT)
		return 0;
	return fail(queue, name, error);
}

int queue_sync(struct queue *queue, struct error *error)
{
	return file_sync(queue->directory) == 0 ? 0 : fail(queue, "", error);
}

int queue_set_aside(struct queue *queue, const char *name, struct error *error)
{
	if (queue->refused == -1)
		queue->refused = open_directory(queue->directory, REFUSED);
	if (queue->refused == -1)
		return fail(queue, REFUSED, error);
	if (renameat(queue->directory, name, queue->refused, name) == -1)
		return fail(queue, name, error);
	/* The limits count what was refused for itself; that some of it goes is no loss to tell of. */
	unsigned dropped = queue->dropped;
	int result = trim(queue, queue->refused, 0, error);
	queue->dropped = dropped;
	return result;
}
