#include "spool_temporary.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PREFIX	      ".pgw-"
#define SUFFIX	      ".tmp"
#define NAME_SIZE     64
#define NUMBER_DIGITS 10

struct temporary_name {
	char text[NAME_SIZE];
};

static struct temporary_name temporary_name(unsigned number)
{
	struct temporary_name name;
	snprintf(name.text, sizeof(name.text), PREFIX "%ld-%u" SUFFIX, (long)getpid(), number);
	return name;
}

/* Moves past a decimal number. */
static bool skip_number(const char **at)
{
	size_t digits = strspn(*at, "0123456789");
	*at += digits;
	return digits > 0 && digits <= NUMBER_DIGITS;
}

bool spool_is_temporary(const char *file, bool *own)
{
	const char *at = file + strlen(PREFIX);
	*own = false;
	if (strncmp(file, PREFIX, strlen(PREFIX)) != 0)
		return false;
	long pid = strtol(at, NULL, 10);
	if (!skip_number(&at) || *at++ != '-' || !skip_number(&at) || strcmp(at, SUFFIX) != 0)
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
	journal_begin(&spool->journal);
	int result = directory_list(spool->groups, spool->path, visit_temporary, spool, error);
	journal_end(&spool->journal, JOURNAL_DONE);
	return result;
}

void spool_temporary_remove(struct spool *spool, unsigned number)
{
	int kept = errno;
	unlinkat(spool->groups, temporary_name(number).text, 0);
	errno = kept;
}

/* A name that is taken was left by a dead process of our number, for spool_sweep() to remove. */
static int create(struct spool *spool, unsigned *number)
{
	int fd;
	do {
		*number = spool->temporary++;
		fd = openat(spool->groups, temporary_name(*number).text,
			O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, FILE_MODE);
	} while (fd == -1 && errno == EEXIST);
	return fd;
}

int spool_temporary_write(struct spool *spool, struct slice text, unsigned *number, struct file_id *id)
{
	struct stat status;
	int fd = create(spool, number);
	if (fd == -1)
		return -1;
	int result = file_write_all(fd, text);
	if (result == 0)
		result = fstat(fd, &status);
	if (result == 0) {
		*id = file_identify(&status);
		/* NFS tells of a full disk here. */
		result = close(fd);
	} else {
		file_close(fd);
	}
	if (result == -1)
		spool_temporary_remove(spool, *number);
	return result;
}

/* Has the kernel begin to write a file to disk. Only a hint: fsync(2) tells what failed. */
static void start_writing_back(int fd)
{
#ifdef __linux__
	sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WRITE);
#endif
}

static int open_temporary(const struct spool *spool, unsigned number)
{
	return openat(spool->groups, temporary_name(number).text, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
}

/* Starting them all before waiting for the first keeps the disk busy: 6,600 small files a second instead of 4,000, in
 * batches of 32. */
int spool_temporary_sync(struct spool *spool, const unsigned *numbers, size_t count, size_t *failed)
{
	for (size_t i = 0; i < count; i++) {
		int fd = open_temporary(spool, numbers[i]);
		if (fd != -1)
			start_writing_back(fd);
		file_close(fd);
	}
	for (*failed = 0; *failed < count; ++*failed) {
		int fd = open_temporary(spool, numbers[*failed]);
		int result = fd == -1 ? -1 : file_sync(fd);
		file_close(fd);
		if (result == -1)
			return -1;
	}
	return 0;
}

/*
 * Swaps the names of the new file and the old one and deletes the old one, where the file system can: unlike a plain
 * rename over a file it doesn't make ext4 write the new one back at once. 0, or -1 with errno and the names as before.
 */
static int exchange(struct spool *spool, const char *temporary, const char *file)
{
#ifdef RENAME_EXCHANGE
	if (spool->plain_rename) {
		errno = EINVAL;
		return -1;
	}
	if (renameat2(spool->groups, temporary, spool->groups, file, RENAME_EXCHANGE) == -1) {
		spool->plain_rename = errno == EINVAL || errno == ENOSYS;
		return -1;
	}
	if (unlinkat(spool->groups, temporary, 0) == 0 || (errno != EISDIR && errno != EPERM))
		return 0;
	/* It was no file. */
	renameat2(spool->groups, temporary, spool->groups, file, RENAME_EXCHANGE);
	errno = EISDIR;
	return -1;
#else
	errno = EINVAL;
	return -1;
#endif
}

int spool_temporary_place(struct spool *spool, unsigned number, const char *file)
{
	struct temporary_name name = temporary_name(number);
	int result = exchange(spool, name.text, file);
	if (result == -1 && (errno == ENOENT || errno == EINVAL || errno == ENOSYS))
		result = renameat(spool->groups, name.text, spool->groups, file);
	if (result == -1)
		spool_temporary_remove(spool, number);
	return result;
}
