/*
 * shared_file: a small file of one size that processes read and write in turns.
 *
 *	static const struct shared_file file = {.name = "counters", .head = HEAD, .size = sizeof(struct layout)};
 *	int fd = shared_file_lock(&file, directory_fd, wait, &error);
 *	pread(fd, ...);
 *	pwrite(fd, ...);
 *	close(fd);
 *
 * The descriptor holds an flock(2) of the file. A file that is missing is made; one that is not of that size, does not
 * start with these bytes or is no regular file gives way to a new one. A new file has the head and zeros else.
 *
 * Nothing is mapped, so that a file that somebody cuts is a short read and no signal. Who may write to the file can put
 * anything into it: content is the caller's to distrust.
 */
#ifndef PGW_SHARED_FILE_H
#define PGW_SHARED_FILE_H

#include <stddef.h>

#include "error.h"
#include "slice.h"

struct shared_file {
	const char *name;  /* without a slash */
	struct slice head; /* what a file of this kind starts with: magic and version of the layout; 64 bytes at most */
	size_t size;	   /* bytes, the head among them */
};

/* Opens the file in the directory of a descriptor for reading and writing and locks it. -1 with ERROR_CREATE,
 * ERROR_PERMISSION, ERROR_FULL or, where somebody keeps it locked for `wait` ms, ERROR_BUSY. */
int shared_file_lock(const struct shared_file *file, int directory, unsigned wait, struct error *error);

#endif
