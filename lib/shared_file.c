#include "shared_file.h"

#include <errno.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "file.h"

#define HEAD_SIZE_MAX  64
#define TEMPORARY_SIZE 256
#define LOCK_ATTEMPTS  1000
#define LOCK_PAUSE     1000000 /* ns between two of them */

static int fail(const struct shared_file *file, struct error *error)
{
	return error_set_errno(error, ERROR_CREATE, "can't open %s", file->name);
}

/* Whether the open file is one of this kind. */
static bool is_right(const struct shared_file *file, int fd)
{
	char head[HEAD_SIZE_MAX];
	struct stat status;
	return fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && status.st_size == (off_t)file->size &&
	       pread(fd, head, file->head.len, 0) == (ssize_t)file->head.len &&
	       slice_equal(slice_make(head, file->head.len), file->head);
}

/* 1 with the mapping; 0 where there is no file of this kind; -1 with an error. */
static int map_present(const struct shared_file *file, int directory, void **memory, struct error *error)
{
	int fd = openat(directory, file->name, O_RDWR | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW | O_CLOEXEC);
	if (fd == -1)
		return file_is_absent(errno) ? 0 : fail(file, error);
	int result = 0;
	if (is_right(file, fd)) {
		*memory = mmap(NULL, file->size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		result = *memory == MAP_FAILED ? fail(file, error) : 1;
	}
	close(fd);
	return result;
}

static int fill(const struct shared_file *file, int fd)
{
	int number = posix_fallocate(fd, 0, (off_t)file->size);
	if (number != 0) {
		errno = number;
		return -1;
	}
	return file_write_all(fd, file->head);
}

/* The temporary file has one name, since only who holds the lock makes it: what a killed process left goes with it. */
static int make(const struct shared_file *file, int directory, struct error *error)
{
	char temporary[TEMPORARY_SIZE];
	snprintf(temporary, sizeof(temporary), ".%s.tmp", file->name);
	unlinkat(directory, temporary, 0);
	int fd = openat(directory, temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, FILE_MODE);
	if (fd == -1)
		return fail(file, error);
	int result = 0;
	if (fill(file, fd) == -1 || renameat(directory, temporary, directory, file->name) == -1) {
		result = fail(file, error);
		unlinkat(directory, temporary, 0);
	}
	close(fd);
	return result;
}

/* Returns the descriptor that holds the lock, or -1. Opened anew, because a lock belongs to an open file, and the
 * caller's may be shared with other processes. */
static int lock_directory(const struct shared_file *file, int directory, struct error *error)
{
	int fd = openat(directory, ".", FILE_DIRECTORY_FLAGS);
	if (fd == -1)
		return fail(file, error);
	for (int i = 0; i < LOCK_ATTEMPTS; i++) {
		if (flock(fd, LOCK_EX | LOCK_NB) == 0)
			return fd;
		if (errno != EWOULDBLOCK && errno != EINTR)
			break;
		nanosleep(&(struct timespec){.tv_nsec = LOCK_PAUSE}, NULL);
	}
	if (errno == EWOULDBLOCK)
		error_set(error, ERROR_BUSY, "can't make %s: somebody keeps its directory locked", file->name);
	else
		fail(file, error);
	return file_close(fd);
}

void *shared_file_map(const struct shared_file *file, int directory, struct error *error)
{
	void *memory = NULL;
	int result = map_present(file, directory, &memory, error);
	if (result != 0)
		return result == 1 ? memory : NULL;

	int lock = lock_directory(file, directory, error);
	if (lock == -1)
		return NULL;
	/* Another one may have made it while we waited. */
	result = map_present(file, directory, &memory, error);
	if (result == 0 && make(file, directory, error) == 0) {
		result = map_present(file, directory, &memory, error);
		if (result == 0)
			error_set(error, ERROR_CREATE, "can't open %s: somebody else changes it", file->name);
	}
	close(lock);
	return result == 1 ? memory : NULL;
}

void shared_file_unmap(const struct shared_file *file, void *memory)
{
	munmap(memory, file->size);
}
