/*
 * directory: the names in a directory, as nearly as the kernel tells them, while others rename files in it.
 *
 * readdir(3) reads a directory in pieces. A file that is renamed over another one between two of them can be missing
 * from all: where that gives its name another place, as on tmpfs and btrfs, of 2,000 files that are replaced all the
 * time up to 500 were. Here a directory is read by one system call, in which the kernel lets nobody change it, and
 * again where its time tells that somebody may have changed it meanwhile: btrfs tells only what was there when the
 * reading began, and FUSE, NFS, and a system call that a signal cut short give pieces all the same, after which the
 * time must be two seconds old, for other clocks and file systems that count in seconds. What any reading had is
 * listed.
 *
 * After eight readings that is given up, so that nobody waits for ever for others to pause. Then a name that was
 * replaced during each of them may be missing.
 */
#ifndef PGW_DIRECTORY_H
#define PGW_DIRECTORY_H

#include "error.h"

/* Calls `visit` once for each name in a directory but "." and "..", in no order, whatever was read of it before. A file
 * may be gone by then. A visit that returns -1 ends it with -1. `path` is for messages. 0, or -1 with ERROR_IO, also
 * for a directory that was removed, or ERROR_MEMORY. */
typedef int directory_visit(const char *name, void *context, struct error *error);
int directory_list(int directory, const char *path, directory_visit *visit, void *context, struct error *error);

#endif
