/*
 * directory: the names in a directory, as nearly as the kernel tells them, while others rename files in it.
 *
 * readdir(3) reads a directory in pieces. A file that is renamed over another one between two of them can be missing
 * from all: where that gives its name another place, as on tmpfs and btrfs, of 2,000 files that are replaced all the
 * time up to 500 were. Here a directory is read by one system call, in which the kernel lets nobody change it, and by
 * another one where it was just changed.
 *
 * A name may still be missing on btrfs, which tells only what was there when the directory was opened: where a file is
 * replaced between that and the reading, both times. Of 3,000 listings of 2,000 files that four processes replaced in a
 * tight loop 141 to 169 lacked some, against 582 by readdir(3); of one file, no fewer than by readdir(3). So it may on
 * file systems that answer in pieces all the same, such as FUSE and NFS.
 */
#ifndef PGW_DIRECTORY_H
#define PGW_DIRECTORY_H

#include "error.h"

/* Calls `visit` once for each name in a directory but "." and "..", in no order, whatever was read of it before. A file
 * may be gone by then. A visit that returns -1 ends it with -1. `path` is for messages. 0, or -1 with ERROR_IO or
 * ERROR_MEMORY. */
typedef int directory_visit(const char *name, void *context, struct error *error);
int directory_list(int directory, const char *path, directory_visit *visit, void *context, struct error *error);

#endif
