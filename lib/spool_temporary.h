/*
 * spool_temporary: new group files on their way, beside the old ones in groups/.
 *
 *	unsigned number;
 *	if (spool_temporary_write(spool, text, &number, &id) == -1) ... errno
 *	if (spool_temporary_place(spool, number, "job=a.prom", true) == -1) ... errno; the temporary file is gone
 *
 * Under the lock, so that whatever has such a name and is not one's own is debris (spool_sweep()).
 *
 * With options.reuse the files that were replaced are kept as spares, up to 4096 under names that end in .spare, and
 * the next ones are written into them: making and deleting a file costs more than all else of a push (ext4 without a
 * journal of its own, 2 cores: 3,800 files/s after some minutes of it, 64,000 with spares). A reader that has an old
 * file open, and a hard link to it, must go on seeing what they saw. So a spare is taken only when the kernel gives a
 * lease on it, which it does while nobody else has it open, when it has no other name, and some time after it was
 * replaced, for who is about to open it. After a crash of the system a name may lead to a spare with another group in
 * it: see spool_recover.c, and for writers that don't sync pgw-spool(5).
 */
#ifndef PGW_SPOOL_TEMPORARY_H
#define PGW_SPOOL_TEMPORARY_H

#include <stdbool.h>
#include <stddef.h>

#include "file.h"
#include "slice.h"
#include "spool.h"

/* Makes a temporary file with that text. 0, or -1 with errno and no file. */
int spool_temporary_write(struct spool *spool, struct slice text, unsigned *number, struct file_id *id);

/* Syncs temporary files together. 0, or -1 with errno of the first that failed, and its index in *failed. */
int spool_temporary_sync(struct spool *spool, const unsigned *numbers, size_t count, size_t *failed);

/* Gives it the name of a group file, in the place of an old one, which may become a spare where `keep` says so: not
 * where the old one is what a crash may leave and no journal mends. 0, or -1 with errno, when the old one is in place
 * and the temporary file is gone. */
int spool_temporary_place(struct spool *spool, unsigned number, const char *file, bool keep);

void spool_temporary_remove(struct spool *spool, unsigned number);

/* As spool_sweep(), for recovery: the journal learns nothing of it. With `all`, also spares of numbers that processes
 * have: after a crash of the system these are others. */
int spool_temporary_sweep(struct spool *spool, bool all, struct error *error);

/* Removes the spares. */
void spool_temporary_release(struct spool *spool);

#endif
