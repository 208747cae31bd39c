/*
 * shared_file: a file of one size that processes share by mmap(2).
 *
 *	static const struct shared_file file = {.name = "counters", .head = HEAD, .size = sizeof(struct layout)};
 *	struct layout *layout = shared_file_map(&file, directory_fd, &error);
 *	shared_file_unmap(&file, layout);
 *
 * The file is made when it is missing, and anew when it is not of that size, does not start with these bytes or is no
 * regular file; all else in it is zeros then. It appears under its name complete (a temporary file, then rename(2)),
 * and its blocks are allocated, so that a full disk fails here and not as SIGBUS later. One process at a time makes it,
 * under an flock(2) of the directory, which who finds a good file does not take.
 *
 * Who may write to the file can put anything into it, and can make SIGBUS of the next access of every process that has
 * it open by truncating it. Content is the caller's to distrust.
 */
#ifndef PGW_SHARED_FILE_H
#define PGW_SHARED_FILE_H

#include <stddef.h>

#include "error.h"
#include "slice.h"

struct shared_file {
	const char *name;  /* without a slash, at most 200 bytes */
	struct slice head; /* what a file of this kind starts with: magic and version of the layout */
	size_t size;	   /* bytes, the head among them */
};

/* The file in the directory of a descriptor, mapped to be read and written. It stays mapped when the file is deleted or
 * replaced. NULL with ERROR_CREATE, ERROR_PERMISSION, ERROR_FULL or, where somebody keeps the directory locked for more
 * than a second, ERROR_BUSY. */
void *shared_file_map(const struct shared_file *file, int directory, struct error *error);

void shared_file_unmap(const struct shared_file *file, void *memory);

#endif
