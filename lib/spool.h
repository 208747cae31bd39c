/*
 * spool: the directory that is the store, format 1 (see pgw-spool(5)).
 *
 *	struct spool spool;
 *	struct spool_options options = SPOOL_OPTIONS_DEFAULT;
 *	if (spool_open(&spool, "/var/spool/pgw", &options, &error) == -1) ...
 *	if (spool_lock(&spool, &error) == -1) ...
 *	struct spool_change change = {.file = key.file, .text = text};
 *	spool_apply(&spool, &change, 1);	change.error.message where change.failed
 *	spool_unlock(&spool);
 *	spool_close(&spool);
 *
 * This module knows files and their names, not what is in them. All work is relative to directory descriptors; the
 * spool may be renamed while it is open. Readers need no lock: rename(2) makes each group file whole or absent.
 */
#ifndef PGW_SPOOL_H
#define PGW_SPOOL_H

#include <stdbool.h>

#include "buffer.h"
#include "error.h"
#include "file.h"
#include "journal.h"
#include "slice.h"

#define SPOOL_DEFAULT_PATH "/var/spool/pgw"
#define SPOOL_GROUPS	   "groups" /* the folder of the group files */
#define SPOOL_SUFFIX	   ".prom"

struct spool_options {
	bool create;	       /* make the directory (its parent must be there), version and groups/ when missing */
	bool read_only;	       /* neither lock nor create: for readers without write permission */
	bool sync;	       /* spool_apply() returns when the changes are on disk */
	bool reuse;	       /* write new files into old ones: for a process that stays (spool_temporary.h) */
	unsigned lock_timeout; /* ms to wait for the lock */
};

#define SPOOL_OPTIONS_DEFAULT                                                                                          \
	{                                                                                                              \
		.create = true, .read_only = false, .sync = true, .lock_timeout = 10000                                \
	}

struct spool_spares;

struct spool {
	int directory; /* descriptor of the spool */
	int groups;    /* descriptor of groups/ */
	int lock;      /* descriptor of the lock file; -1 when read-only */
	bool locked;
	long pid;		     /* of the process that opened it, and it alone writes by it */
	unsigned temporary;	     /* number of the next temporary file */
	bool plain_rename;	     /* the file system can't exchange names */
	struct spool_spares *spares; /* NULL until the first one */
	struct journal journal;
	struct spool_options options;
	char *path; /* as given, for messages */
};

/* Opens a spool, and makes it where options.create allows. A file or a directory that is no spool is refused, as is
 * a spool of another version. 0, or -1 with ERROR_CREATE, ERROR_PERMISSION, ... */
int spool_open(struct spool *spool, const char *path, const struct spool_options *options, struct error *error);
void spool_close(struct spool *spool);

/* Whether a push would make the spool of that path: nothing is there, or a directory without anything of a stranger's.
 */
bool spool_is_new(const char *path);

/* Fails with ERROR_IO where the directory or its groups/ was removed since it was opened: nothing written here would
 * ever be seen, also where one of the same name was made again. */
int spool_check_there(const struct spool *spool, struct error *error);

/* Takes the exclusive lock (flock(2)), waiting up to the time limit. 0, or -1 with ERROR_BUSY or ERROR_IO. */
int spool_lock(struct spool *spool, struct error *error);
void spool_unlock(struct spool *spool);

/* Calls `visit` for each group file, in no order: names that end in .prom and don't start with a dot. A visit that
 * returns -1 ends the scan with -1. 0, or -1 with ERROR_IO. */
typedef int spool_visit(const char *file, void *context, struct error *error);
int spool_scan(struct spool *spool, spool_visit *visit, void *context, struct error *error);

/* Identifies a group file. 1 if it is there, 0 if not, -1 with an error. Only regular files count as there (a symbolic
 * link counts as what it points to). */
int spool_identify(struct spool *spool, const char *file, struct file_id *id, struct error *error);

/* Appends a group file's bytes to a buffer. 1, 0 if it isn't there, -1 with ERROR_IO, or ERROR_TOO_LARGE when it does
 * not fit the buffer's maximum. Never blocks on a FIFO or a device. */
int spool_read(struct spool *spool, const char *file, struct buffer *text, struct file_id *id, struct error *error);

/* One change of a group file, and how it went. */
struct spool_change {
	struct slice file;  /* its name, NUL-terminated */
	struct slice text;  /* its new bytes; data is NULL to delete it (one that isn't there is deleted already) */
	struct file_id id;  /* out: of the new file */
	bool failed;	    /* out */
	struct error error; /* out, where failed: ERROR_FULL, ERROR_IO, ... */
	unsigned number;    /* spool_apply()'s own */
};

/*
 * Makes all the changes in their order, each by itself whole or not at all, under the lock, which the caller holds.
 * With options.sync all that did not fail are on disk on return: the new files are synced together before they are
 * renamed, up to 64 at a time, the directory after the last. A change that failed left the old file as it was and no
 * debris; only where syncing the directory fails, the files are changed and all changes fail, since nobody knows what
 * is on disk.
 */
void spool_apply(struct spool *spool, struct spool_change *changes, size_t count);

/* Where the journal is now; false where there is none. Under the lock. */
bool spool_journal_position(struct spool *spool, struct journal_position *position);

/* Calls `visit` for the name of each change since `from`, oldest first, under the lock. 1: all are told, and nobody
 * else changed groups/; 0: that can't be told (a generation of the journal is gone, or somebody else changed groups/):
 * compare with the directory; -1 with an error. On 1 and 0, where there is a journal, *from is set to the present
 * position. */
int spool_changes_since(
	struct spool *spool, struct journal_position *from, spool_visit *visit, void *context, struct error *error);

/* The generation of the journal that waits for a syncfs(2) of the spool's file system, begun after this call. False for
 * none. */
bool spool_checkpoint_due(const struct spool *spool, uint64_t *generation);

/* Says that such a sync succeeded. The file is taken as clean with the next change. */
void spool_checkpointed(struct spool *spool, uint64_t generation);

/* Says that it failed: with the next change, all that the journal has is written once more. */
void spool_checkpoint_failed(struct spool *spool);

/* The time of modification of groups/ (ns since the epoch), and one that no change by anybody will give it
 * (file_mark_directory()); SPOOL_UNMARKED where that can't be. */
#define SPOOL_UNMARKED INT64_MIN
int64_t spool_mark(struct spool *spool);
int64_t spool_marked(const struct spool *spool);

/* Removes what writers that were killed left behind. The caller holds the lock, so that no temporary file is in use.
 * 0, or -1 with an error. */
int spool_sweep(struct spool *spool, struct error *error);

/* Whether a name in groups/ is a temporary file of a writer; `own` tells whether of this process. */
bool spool_is_temporary(const struct spool *spool, const char *file, bool *own);

/* Whether such a name is debris, should it still be there under the lock: of a writer that was killed. */
bool spool_is_debris(const struct spool *spool, const char *file);

#endif
