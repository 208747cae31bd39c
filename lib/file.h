/*
 * file: what the spool does with single files and directories, by descriptor.
 *
 * The functions report errno.
 */
#ifndef PGW_FILE_H
#define PGW_FILE_H

#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "clock.h"
#include "slice.h"

#define FILE_MODE	     0644 /* of new files, less the umask */
#define FILE_DIRECTORY_FLAGS (O_RDONLY | O_DIRECTORY | O_CLOEXEC)

/* A file or a directory that was modified less than this ago (ns) may change again without another time of
 * modification: the coarsest file systems count in steps of two seconds. */
#define FILE_RACY_AGE (2 * CLOCK_SECOND)

/* What tells one state of a file from another. */
struct file_id {
	ino_t inode;
	off_t size;	  /* bytes */
	int64_t modified; /* ns since the epoch */
};

struct file_id file_identify(const struct stat *status);

/* Opens a regular file, or a symbolic link to one, for reading. 1; 0 where there is none, also when something else is
 * there, with *fd -1; -1 with errno. Never blocks on a FIFO or a device. */
int file_open_regular(int directory, const char *name, int *fd, struct stat *status);

/* Whether open(2) or stat(2) failed because no file can be reached by that name. */
bool file_is_absent(int number);

/* All of it, through short writes and signals. 0, or -1 with errno. */
int file_write_all(int fd, struct slice bytes);

/* fsync(2), through signals. 0, or -1 with errno. */
int file_sync(int fd);

/*
 * Gives a directory a time of modification that no change in it will give it: the clock's, to the nanosecond, where the
 * kernel takes the time of its last tick. As long as the directory has it, nobody made, renamed or removed a file in
 * it. *modified is the time that it has then, in ns since the epoch; false where that is only the kernel's, since the
 * directory is another user's.
 */
bool file_mark_directory(int directory, int64_t *modified);

/* Takes the descriptors of standard input, output and error that are closed, so that no file gets their numbers: what
 * is meant for them would go there. Reading and writing them fails as before, and a program that is executed finds them
 * closed. For the start of a program. */
void file_reserve_standard(void);

/* Closes a descriptor that may be -1 and keeps errno. Returns -1, what a closed one is set to. */
int file_close(int fd);

#endif
