/*
 * checkpoint: makes what a full journal file speaks of durable, beside the server's own thread.
 *
 *	checkpoint_init(&checkpoint);
 *	checkpoint_run(&checkpoint, &spool);	after each change
 *	checkpoint_release(&checkpoint, &spool);
 *
 * syncfs(2) may take seconds. A thread that lives as long as one call makes it and touches nothing else; the server's
 * own thread tells the spool, when it comes by again. The kernel tells of a failure once for each open file
 * description: the thread has one of its own, so that it takes none away from a sync of the server's thread.
 */
#ifndef PGW_SERVE_CHECKPOINT_H
#define PGW_SERVE_CHECKPOINT_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "spool.h"

struct checkpoint {
	bool running;	     /* there is a thread to be joined */
	uint64_t generation; /* of the journal, that it works for */
	pthread_t thread;
	int fd;		  /* the thread's; from the first change on, so that no failure in between is missed */
	int result;	  /* 0, or errno of syncfs(2), once done */
	atomic_bool done; /* says that the thread is about to end */
};

void checkpoint_init(struct checkpoint *checkpoint);

/* Waits for a sync that is under way, as the end of the process would. One that failed, now or since the last change,
 * is left to who uses the spool next. */
void checkpoint_release(struct checkpoint *checkpoint, struct spool *spool);

/* Tells the spool of a sync that has ended, logs one that failed, and starts one where it is due and none is under way.
 * Where no thread can be made, whoever fills the next file of the journal syncs by himself. */
void checkpoint_run(struct checkpoint *checkpoint, struct spool *spool);

#endif
