#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

struct file_id file_identify(const struct stat *status)
{
	return (struct file_id){
		.inode = status->st_ino,
		.size = status->st_size,
		.modified = clock_from(&status->st_mtim),
	};
}

bool file_is_absent(int number)
{
	/* ENXIO and ENODEV are what opening a socket and a device without driver give. */
	return number == ENOENT || number == ELOOP || number == ENXIO || number == ENODEV;
}

int file_open_regular(int directory, const char *name, int *fd, struct stat *status)
{
	*fd = openat(directory, name, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (*fd == -1)
		return file_is_absent(errno) ? 0 : -1;
	int result = fstat(*fd, status);
	if (result == 0 && S_ISREG(status->st_mode))
		return 1;
	*fd = file_close(*fd);
	return result;
}

int file_write_all(int fd, struct slice bytes)
{
	while (bytes.len > 0) {
		ssize_t written = write(fd, bytes.data, bytes.len);
		if (written == -1 && errno == EINTR)
			continue;
		if (written == -1)
			return -1;
		bytes = slice_make(bytes.data + written, bytes.len - (size_t)written);
	}
	return 0;
}

int file_sync(int fd)
{
	int result;
	do {
		result = fsync(fd);
	} while (result == -1 && errno == EINTR);
	return result;
}

bool file_mark_directory(int directory, int64_t *modified)
{
	struct stat status;
	struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}};
	int64_t mark = clock_wall();
	times[1] = (struct timespec){.tv_sec = mark / CLOCK_SECOND, .tv_nsec = mark % CLOCK_SECOND};
	bool marked = futimens(directory, times) == 0;
	*modified = fstat(directory, &status) == -1 ? 0 : clock_from(&status.st_mtim);
	return marked && *modified == mark;
}

void file_reserve_standard(void)
{
	/* The lowest number that is free is the one that is given. */
	int fd;
	do {
		fd = open("/", O_PATH | O_CLOEXEC);
	} while (fd != -1 && fd <= STDERR_FILENO);
	file_close(fd);
}

int file_close(int fd)
{
	int number = errno;
	if (fd != -1)
		close(fd);
	errno = number;
	return -1;
}
