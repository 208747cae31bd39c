#include "spool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define OPEN_FILES_MAX		64 /* new files that spool_apply() has open at once */
#define TEMPORARY_PREFIX	".pgw-"
#define TEMPORARY_SUFFIX	".tmp"
#define TEMPORARY_NAME_SIZE	64
#define TEMPORARY_NUMBER_DIGITS 10

struct temporary_name {
	char text[TEMPORARY_NAME_SIZE];
};

static struct temporary_name temporary_name(unsigned number)
{
	struct temporary_name name;
	snprintf(name.text, sizeof(name.text), TEMPORARY_PREFIX "%ld-%u" TEMPORARY_SUFFIX, (long)getpid(), number);
	return name;
}

/* Moves past a decimal number. */
static bool skip_number(const char **at)
{
	size_t digits = strspn(*at, "0123456789");
	*at += digits;
	return digits > 0 && digits <= TEMPORARY_NUMBER_DIGITS;
}

bool spool_is_temporary(const char *file, bool *own)
{
	const char *at = file + strlen(TEMPORARY_PREFIX);
	*own = false;
	if (strncmp(file, TEMPORARY_PREFIX, strlen(TEMPORARY_PREFIX)) != 0)
		return false;
	long pid = strtol(at, NULL, 10);
	if (!skip_number(&at) || *at++ != '-' || !skip_number(&at) || strcmp(at, TEMPORARY_SUFFIX) != 0)
		return false;
	*own = pid == (long)getpid();
	return true;
}

static int visit_temporary(const char *file, void *context, struct error *error)
{
	const struct spool *spool = context;
	bool own;
	if (!spool_is_temporary(file, &own) || unlinkat(spool->groups, file, 0) == 0 || errno == ENOENT ||
		errno == EISDIR)
		return 0;
	return error_set_errno(error, ERROR_IO, "can't remove %s from the spool %s", file, spool->path);
}

int spool_sweep(struct spool *spool, struct error *error)
{
	return directory_list(spool->groups, spool->path, visit_temporary, spool, error);
}

static void fail(const struct spool *spool, struct spool_change *change, const char *doing)
{
	change->failed = true;
	error_set_errno(&change->error, ERROR_IO, "can't %s %s in the spool %s", doing, change->file.data, spool->path);
}

/* Fails a change from errno and removes its temporary file. */
static void fail_to_write(const struct spool *spool, struct spool_change *change)
{
	int number = errno;
	change->temporary = file_close(change->temporary);
	unlinkat(spool->groups, temporary_name(change->number).text, 0);
	errno = number;
	fail(spool, change, "write");
}

/* A name that is taken was left by a dead process of our number, for spool_sweep() to remove. */
static int open_temporary(struct spool *spool, struct spool_change *change)
{
	do {
		change->number = spool->temporary++;
		change->temporary = openat(spool->groups, temporary_name(change->number).text,
			O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, FILE_MODE);
	} while (change->temporary == -1 && errno == EEXIST);
	return change->temporary == -1 ? -1 : 0;
}

/* Writes new files beside the old ones and leaves them open. Returns how many of the changes were gone through: less
 * than all where enough files are open, or no more can be. */
static size_t write_temporaries(struct spool *spool, struct spool_change *changes, size_t count)
{
	size_t opened = 0;
	for (size_t i = 0; i < count; i++) {
		struct spool_change *change = &changes[i];
		if (change->text.data == NULL)
			continue;
		if (opened == OPEN_FILES_MAX)
			return i;
		if (open_temporary(spool, change) == -1) {
			if (opened > 0 && (errno == EMFILE || errno == ENFILE))
				return i;
			fail(spool, change, "write");
		} else {
			opened++;
			if (file_write_all(change->temporary, change->text) == -1)
				fail_to_write(spool, change);
		}
	}
	return count;
}

/* Has the kernel begin to write a file to disk. Only a hint: fsync(2) tells what failed. */
static void start_writing_back(int fd)
{
#ifdef __linux__
	sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WRITE);
#endif
}

/* Starting them all before waiting for the first keeps the disk busy: 6,600 small files a second instead of 4,000, in
 * batches of 32. */
static void sync_temporaries(const struct spool *spool, struct spool_change *changes, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (changes[i].temporary != -1)
			start_writing_back(changes[i].temporary);
	for (size_t i = 0; i < count; i++)
		if (changes[i].temporary != -1 && file_sync(changes[i].temporary) == -1)
			fail_to_write(spool, &changes[i]);
}

static void put_in_place(const struct spool *spool, struct spool_change *change)
{
	struct stat status;
	int result = fstat(change->temporary, &status);
	if (result == 0) {
		/* NFS tells of a full disk here. */
		result = close(change->temporary);
		change->temporary = -1;
	}
	if (result == -1 ||
		renameat(spool->groups, temporary_name(change->number).text, spool->groups, change->file.data) == -1)
		fail_to_write(spool, change);
	else
		change->id = file_identify(&status);
}

/* In the order given, so that the last of two changes of one file wins. */
static void finish_changes(const struct spool *spool, struct spool_change *changes, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct spool_change *change = &changes[i];
		if (change->temporary != -1)
			put_in_place(spool, change);
		else if (change->text.data == NULL && unlinkat(spool->groups, change->file.data, 0) == -1 &&
			 errno != ENOENT)
			fail(spool, change, "delete");
	}
}

static void sync_groups(const struct spool *spool, struct spool_change *changes, size_t count)
{
	bool changed = false;
	for (size_t i = 0; i < count; i++)
		changed |= !changes[i].failed;
	if (!changed || file_sync(spool->groups) == 0)
		return;
	int number = errno;
	for (size_t i = 0; i < count; i++) {
		errno = number;
		if (!changes[i].failed)
			fail(spool, &changes[i], "sync");
	}
}

void spool_apply(struct spool *spool, struct spool_change *changes, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		changes[i].failed = false;
		changes[i].temporary = -1;
	}
	for (size_t done = 0, taken; done < count; done += taken) {
		taken = write_temporaries(spool, changes + done, count - done);
		if (spool->options.sync)
			sync_temporaries(spool, changes + done, taken);
		finish_changes(spool, changes + done, taken);
	}
	if (spool->options.sync)
		sync_groups(spool, changes, count);
}
