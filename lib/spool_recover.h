/*
 * spool_recover: makes the group files what the journal says, after a crash of the system or of a writer, or a disk
 * that failed.
 *
 * A file is made anew where what is there can only be what the crash left: nothing, an empty or a cut file, or an older
 * version. It is left alone where it is what the journal has, where it was changed after the last record of its name
 * (by its time of change, which nobody can set), or where groups/ was changed by others after the last record was in
 * place and the name is missing since then. Where writing to disk failed, what the journal has is written once more,
 * since the kernel takes the pages for written that it could not write. Recovery that is cut short is done again by the
 * next one who takes the lock.
 */
#ifndef PGW_SPOOL_RECOVER_H
#define PGW_SPOOL_RECOVER_H

#include "error.h"
#include "spool.h"

/* Looks at the journal and recovers where that is due: part of spool_lock(). 0, or -1 with an error. */
int spool_recover(struct spool *spool, struct error *error);

/* Whether recovery would change nothing, for who may not change anything. 0, or -1 with ERROR_BUSY or another error. */
int spool_recover_check(struct spool *spool, struct error *error);

#endif
