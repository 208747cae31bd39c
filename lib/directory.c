#include "directory.h"

#include <dirent.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "clock.h"
#include "file.h"

/* Room for 10,000 names of 80 bytes. Memory that no name reaches is never there. */
#define FIRST_SIZE ((size_t)1 << 20)
#define ENTRY_MAX  (offsetof(struct dirent64, d_name) + NAME_MAX + 1 + sizeof(int64_t))

/* What getdents64(2) gave in one go. */
struct reading {
	char *entries; /* mapped */
	size_t size;
	size_t len;
};

/* What a listing has found: the names are in the readings. */
struct names {
	struct reading readings[2];
	const char **list;
	size_t count;
	size_t capacity;
};

/* Reads up to the end, or until another entry may find no room. -1 with errno. */
static int read_entries(int fd, struct reading *reading)
{
	reading->len = 0;
	while (reading->size - reading->len >= ENTRY_MAX) {
		ssize_t count = getdents64(fd, reading->entries + reading->len, reading->size - reading->len);
		if (count <= 0)
			return (int)count;
		reading->len += (size_t)count;
	}
	return 0;
}

static void release_reading(struct reading *reading)
{
	if (reading->size > 0)
		munmap(reading->entries, reading->size);
	*reading = (struct reading){0};
}

/* With so much room that nothing was left. A directory that is opened anew is read from its beginning, whoever else
 * shares the descriptor. 0, or -1 with errno. */
static int read_all(int directory, struct reading *reading)
{
	int result = 0;
	for (size_t size = FIRST_SIZE; result == 0 && reading->size - reading->len < ENTRY_MAX; size *= 2) {
		release_reading(reading);
		void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (memory == MAP_FAILED)
			return -1;
		*reading = (struct reading){.entries = memory, .size = size};
		int fd = openat(directory, ".", FILE_DIRECTORY_FLAGS);
		result = fd == -1 ? -1 : read_entries(fd, reading);
		file_close(fd);
	}
	return result;
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
	names->list[names->count++] = name;
	return 0;
}

static int add_names(struct names *names, const struct reading *reading)
{
	for (size_t at = 0; at < reading->len;) {
		const struct dirent64 *entry = (const void *)(reading->entries + at);
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0 &&
			add_name(names, entry->d_name) == -1)
			return -1;
		at += entry->d_reclen;
	}
	return 0;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void drop_repeated(struct names *names)
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

/* Whether nobody changed the directory between two looks at it. */
static bool is_same(int64_t start, const struct stat *before, const struct stat *after)
{
	int64_t modified = clock_from(&before->st_mtim);
	return modified == clock_from(&after->st_mtim) && modified < start - FILE_RACY_AGE;
}

/* 0, or -1 with errno. */
static int find_names(int directory, struct names *names)
{
	struct stat before, after;
	int64_t start = clock_wall();
	if (fstat(directory, &before) == -1 || read_all(directory, &names->readings[0]) == -1 ||
		fstat(directory, &after) == -1 || add_names(names, &names->readings[0]) == -1)
		return -1;
	if (is_same(start, &before, &after))
		return 0;
	if (read_all(directory, &names->readings[1]) == -1 || add_names(names, &names->readings[1]) == -1)
		return -1;
	drop_repeated(names);
	return 0;
}

int directory_list(int directory, const char *path, directory_visit *visit, void *context, struct error *error)
{
	struct names names = {0};
	int result = find_names(directory, &names);
	if (result == -1)
		error_set_errno(error, ERROR_IO, "can't list %s", path);
	for (size_t i = 0; result == 0 && i < names.count; i++)
		result = visit(names.list[i], context, error);
	release_reading(&names.readings[0]);
	release_reading(&names.readings[1]);
	free(names.list);
	return result;
}
