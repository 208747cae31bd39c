/*
 * files: small files of text, which the unit tests write and compare.
 */
#ifndef PGW_TEST_FILES_H
#define PGW_TEST_FILES_H

#include <stddef.h>
#include <sys/resource.h>
#include <sys/types.h>

/* Makes a file, or replaces what is in it. */
void write_file(const char *path, const char *text);

/* That a file is this text. */
void assert_file(const char *path, const char *text);

/* That nothing has that name. */
void assert_no_file(const char *path);

/* Its type and rights, as of stat(2). */
mode_t mode_of(const char *path);

/* The names in a directory in byte order, each with a blank behind it; what has no room is left out. */
void list_names(const char *path, char *names, size_t size);
void assert_names(const char *path, const char *expected);

/* Files of this process can't grow beyond so many bytes, as on a full disk, until the limit is lifted. */
void limit_file_size(rlim_t bytes);
void lift_file_size_limit(void);

/* How many this process has, one more while it counts. */
int count_descriptors(void);

#endif
