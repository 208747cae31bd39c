#include "checkpoint.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "file.h"
#include "log.h"

static void *sync_file_system(void *context)
{
	struct checkpoint *checkpoint = context;
	checkpoint->result = syncfs(checkpoint->fd) == -1 ? errno : 0;
	atomic_store(&checkpoint->done, true);
	return NULL;
}

void checkpoint_init(struct checkpoint *checkpoint)
{
	checkpoint->running = false;
	checkpoint->fd = -1;
}

/* Signals are the server's thread's. */
static int start_thread(struct checkpoint *checkpoint)
{
	sigset_t all, before;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	int result = pthread_create(&checkpoint->thread, NULL, sync_file_system, checkpoint);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return result == 0 ? 0 : -1;
}

/* Whether there may be another one at once. */
static bool finish(struct checkpoint *checkpoint, struct spool *spool)
{
	pthread_join(checkpoint->thread, NULL);
	checkpoint->running = false;
	if (checkpoint->result == 0) {
		spool_checkpointed(spool, checkpoint->generation);
		return true;
	}
	log_error("the spool can't be synced; what was pushed last is written once more", "spool", spool->path,
		"reason", strerror(checkpoint->result), NULL);
	spool_checkpoint_failed(spool);
	return false;
}

/* Who has the lock sees to a failure, or notes it for others. */
void checkpoint_release(struct checkpoint *checkpoint, struct spool *spool)
{
	struct error unused;
	if (checkpoint->running && !finish(checkpoint, spool) && spool_lock(spool, &unused) == 0)
		spool_unlock(spool);
	checkpoint->fd = file_close(checkpoint->fd);
}

void checkpoint_run(struct checkpoint *checkpoint, struct spool *spool)
{
	if (checkpoint->running && atomic_load(&checkpoint->done) && !finish(checkpoint, spool))
		return;
	if (checkpoint->fd == -1)
		checkpoint->fd = openat(spool->groups, ".", FILE_DIRECTORY_FLAGS);
	if (checkpoint->fd == -1 || checkpoint->running || !spool_checkpoint_due(spool, &checkpoint->generation))
		return;
	atomic_init(&checkpoint->done, false);
	checkpoint->running = start_thread(checkpoint) == 0;
}
