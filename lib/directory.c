#include "directory.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "arena.h"
#include "clock.h"
#include "file.h"

/* Room for 10,000 names of 80 bytes. Memory that no name reaches is never there. */
#define FIRST_SIZE  ((size_t)1 << 20)
#define SIZE_FACTOR 16
#define ENTRY_MAX   ((size_t)2048) /* the longest names, those of FUSE, have 1,024 bytes */

/* Of 60,000 listings of one file on btrfs that four processes replaced in a tight loop, those of at most 1, 2, 3 and 4
 * readings lacked it 540, 66, 21 and 6 times. */
#define READINGS_MAX 8

/* What getdents64(2) gave. */
struct reading {
	char *entries; /* mapped */
	size_t size;
	size_t len;
	size_t pieces;
};

struct names {
	struct arena arena;
	const char **list;
	size_t count;
	size_t capacity;
};

/* Reads up to the end, or until another entry may find no room. -1 with errno. */
static int read_entries(int fd, struct reading *reading)
{
	reading->len = reading->pieces = 0;
	while (reading->size - reading->len >= ENTRY_MAX) {
		ssize_t count = getdents64(fd, reading->entries + reading->len, reading->size - reading->len);
		if (count == -1 && errno == EINTR)
			continue;
		if (count <= 0)
			return (int)count;
		reading->len += (size_t)count;
		reading->pieces++;
	}
	return 0;
}

/* From the beginning, whoever else shares the descriptor: also btrfs looks at what is there when it is opened. */
static int read_anew(int directory, struct reading *reading)
{
	int fd = openat(directory, ".", FILE_DIRECTORY_FLAGS);
	int result = fd == -1 ? -1 : read_entries(fd, reading);
	file_close(fd);
	return result;
}

static void release_reading(struct reading *reading)
{
	if (reading->size > 0)
		munmap(reading->entries, reading->size);
	*reading = (struct reading){0};
}

static int map_reading(struct reading *reading, size_t size)
{
	release_reading(reading);
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED)
		return -1;
	*reading = (struct reading){.entries = memory, .size = size};
	return 0;
}

/* All of it, with so much room that nothing was left. 0, or -1 with errno. */
static int read_all(int directory, struct reading *reading)
{
	if (read_anew(directory, reading) == -1)
		return -1;
	while (reading->size - reading->len < ENTRY_MAX)
		if (map_reading(reading, reading->size * SIZE_FACTOR) == -1 || read_anew(directory, reading) == -1)
			return -1;
	return 0;
}

/* When the directory was last changed, ns since the epoch, not as FUSE or NFS remember it. 0, or -1 with errno. */
static int find_changed(int fd, int64_t *changed)
{
	struct statx status;
	if (statx(fd, "", AT_EMPTY_PATH | AT_STATX_FORCE_SYNC, STATX_CTIME, &status) == -1)
		return -1;
	*changed =
		clock_from(&(struct timespec){.tv_sec = status.stx_ctime.tv_sec, .tv_nsec = status.stx_ctime.tv_nsec});
	return 0;
}

/* As read_all(), but 1 where nobody changed the directory meanwhile, and 0 where somebody may have. What comes in
 * pieces may come from another machine, with coarser times and another clock. */
static int read_once(int directory, struct reading *reading)
{
	int64_t before, after, tick = clock_tick();
	if (find_changed(directory, &before) == -1 || read_all(directory, reading) == -1 ||
		find_changed(directory, &after) == -1)
		return -1;
	return before == after && before < tick - (reading->pieces > 1 ? FILE_RACY_AGE : 0);
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Each once, and in order. */
static void sort_names(struct names *names)
{
	size_t kept = 0;
	if (names->count == 0) /* qsort(3) takes no NULL */
		return;
	qsort(names->list, names->count, sizeof(*names->list), compare_names);
	for (size_t i = 0; i < names->count; i++)
		if (kept == 0 || strcmp(names->list[kept - 1], names->list[i]) != 0)
			names->list[kept++] = names->list[i];
	names->count = kept;
}

static int add_name(struct names *names, const char *name)
{
	if (names->count == names->capacity) {
		size_t capacity = names->capacity == 0 ? 64 : names->capacity * 2;
		const char **list = reallocarray(names->list, capacity, sizeof(*list));
		if (list == NULL)
			return -1;
		names->list = list;
		names->capacity = capacity;
	}
	struct slice copy = arena_copy(&names->arena, slice_of(name));
	if (copy.data == NULL)
		return -1;
	names->list[names->count++] = copy.data;
	return 0;
}

/* Adds the names that are not among the first `sorted`, which are in order. */
static int add_names(struct names *names, size_t sorted, const struct reading *reading)
{
	for (size_t at = 0; at < reading->len;) {
		const struct dirent64 *entry = (const void *)(reading->entries + at);
		const char *name = entry->d_name;
		at += entry->d_reclen;
		if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
			continue;
		if (sorted > 0 && bsearch(&name, names->list, sorted, sizeof(name), compare_names) != NULL)
			continue;
		if (add_name(names, name) == -1)
			return -1;
	}
	return 0;
}

/* 0, or -1 with errno. */
static int read_names(int directory, struct reading *reading, struct names *names)
{
	int whole = read_once(directory, reading);
	if (whole == -1 || add_names(names, 0, reading) == -1)
		return -1;
	if (whole == 1)
		return 0;
	sort_names(names);
	size_t sorted = names->count;
	for (unsigned i = 1; whole == 0 && i < READINGS_MAX; i++) {
		whole = read_once(directory, reading);
		if (whole == -1 || add_names(names, sorted, reading) == -1)
			return -1;
	}
	sort_names(names);
	return 0;
}

static int find_names(int directory, struct names *names)
{
	struct reading reading = {0};
	int result = map_reading(&reading, FIRST_SIZE) == -1 ? -1 : read_names(directory, &reading, names);
	release_reading(&reading);
	return result;
}

int directory_list(int directory, const char *path, directory_visit *visit, void *context, struct error *error)
{
	struct names names = {0};
	arena_init(&names.arena);
	int result = find_names(directory, &names);
	if (result == -1)
		error_set_errno(error, ERROR_IO, "can't list %s", path);
	for (size_t i = 0; result == 0 && i < names.count; i++)
		result = visit(names.list[i], context, error);
	arena_release(&names.arena);
	free(names.list);
	return result;
}
