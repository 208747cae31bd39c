/*
 * directory: the names in a directory, as they were at one moment.
 *
 * readdir(3) reads a directory in pieces. A file that is renamed over another one between two of them can be missing
 * from all: where that gives its name another place, as on tmpfs and btrfs, of 2,000 files that are replaced all the
 * time up to 500 were. Here a directory is read by one system call, in which the kernel lets nobody change it, and by
 * another one where it may have changed since it was opened, which on btrfs is what counts. File systems that answer in
 * pieces all the same, such as FUSE and NFS, are read twice for that; there a name may still be missing.
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
