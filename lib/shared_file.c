#include "shared_file.h"

#include <errno.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "file.h"

#define HEAD_SIZE_MAX 64
#define LOCK_PAUSE    CLOCK_MILLISECOND /* between two attempts */

/* Each time somebody else was quicker to make the file, or to remove it. */
#define OPEN_ATTEMPTS 100

enum finding {
	FOUND_RIGHT,
	FOUND_EMPTY,   /* somebody has just made it, or was killed then */
	FOUND_WRONG,   /* is to give way */
	FOUND_REMOVED, /* has no name any more */
};

static int fail(const struct shared_file *file, struct error *error)
{
	return error_set_errno(error, ERROR_CREATE, "can't open %s", file->name);
}

static enum finding look_at(const struct shared_file *file, int fd)
{
	char head[HEAD_SIZE_MAX];
	struct stat status;
	if (fstat(fd, &status) == -1 || !S_ISREG(status.st_mode))
		return FOUND_WRONG;
	if (status.st_nlink == 0)
		return FOUND_REMOVED;
	if (status.st_size == 0)
		return FOUND_EMPTY;
	bool right = status.st_size == (off_t)file->size &&
		     pread(fd, head, file->head.len, 0) == (ssize_t)file->head.len &&
		     slice_equal(slice_make(head, file->head.len), file->head);
	return right ? FOUND_RIGHT : FOUND_WRONG;
}

/* The descriptor; -1 with errno, EEXIST where another attempt may do. */
static int open_or_make(const struct shared_file *file, int directory)
{
	const int flags = O_RDWR | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW | O_CLOEXEC;
	int fd = openat(directory, file->name, flags);
	/* What can't be opened by its nature, as a socket, is as wrong as what is found wrong. */
	if (fd == -1 && file_is_absent(errno) && errno != ENOENT && unlinkat(directory, file->name, 0) == -1)
		return -1;
	if (fd == -1 && file_is_absent(errno))
		fd = openat(directory, file->name, flags | O_CREAT | O_EXCL, FILE_MODE);
	return fd;
}

static int lock(const struct shared_file *file, int fd, unsigned wait, struct error *error)
{
	for (unsigned i = 0; i <= wait; i++) {
		if (flock(fd, LOCK_EX | LOCK_NB) == 0)
			return 0;
		if (errno != EWOULDBLOCK && errno != EINTR)
			return fail(file, error);
		nanosleep(&(struct timespec){.tv_nsec = LOCK_PAUSE}, NULL);
	}
	return error_set(error, ERROR_BUSY, "can't open %s: somebody keeps it locked", file->name);
}

static int fill(const struct shared_file *file, int directory, int fd, struct error *error)
{
	if (ftruncate(fd, (off_t)file->size) == 0 && file_write_all(fd, file->head) == 0)
		return 0;
	fail(file, error);
	unlinkat(directory, file->name, 0);
	return -1;
}

/* 1 where the locked file is ready; 0 where it was removed; -1 with an error. */
static int make_right(const struct shared_file *file, int directory, int fd, struct error *error)
{
	switch (look_at(file, fd)) {
	case FOUND_RIGHT:
		return 1;
	case FOUND_EMPTY:
		return fill(file, directory, fd, error) == -1 ? -1 : 1;
	case FOUND_WRONG:
		if (unlinkat(directory, file->name, 0) == -1 && errno != ENOENT)
			return fail(file, error);
		return 0;
	case FOUND_REMOVED:
		break;
	}
	return 0;
}

int shared_file_lock(const struct shared_file *file, int directory, unsigned wait, struct error *error)
{
	for (int i = 0; i < OPEN_ATTEMPTS; i++) {
		int fd = open_or_make(file, directory);
		if (fd == -1 && errno != EEXIST)
			return fail(file, error);
		if (fd == -1)
			continue;
		int result = lock(file, fd, wait, error);
		if (result == 0)
			result = make_right(file, directory, fd, error);
		if (result == 1)
			return fd;
		file_close(fd);
		if (result == -1)
			return -1;
	}
	return error_set(error, ERROR_CREATE, "can't open %s: somebody else changes it", file->name);
}
