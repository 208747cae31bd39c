/*
 * queue: pushes that wait in a directory until their gateway can be reached.
 *
 *	struct queue queue;
 *	queue_open(&queue, path, age, size, &error);
 *	queue_lock(&queue, deadline, &error);		whoever sends what waits, or adds to it in order
 *	queue_add(&queue, &entry, &error);
 *	queue_list(&queue, &names, &error);
 *	for each name: queue_read(), then queue_remove() when it was sent, or queue_set_aside()
 *	queue_close(&queue);
 *
 * A push is a file; its name is the time when it was added, in ns since the epoch and as 20 digits, or the next number
 * where that is not above all others; its age is that of its modification. It starts with lines that say what it is,
 *and after an empty line has the exposition:
 *
 *	pgw-queue 1
 *	POST http://gateway:9091/metrics/job/backup
 *	ttl 3600s			where the push has one
 *	length 15			bytes of the exposition
 *
 * No user and no password is kept. A file is written under a temporary name, and is on disk when queue_add() returns. A
 * process that dies at any point leaves each push in the queue or out of it, as a whole; what was sent and not removed
 * is sent again, before all that came later.
 *
 * What the gateway refuses, and a file that can't be read, goes to the directory "refused" in the queue, where it is in
 * nobody's way.
 */
#ifndef PGW_QUEUE_H
#define PGW_QUEUE_H

#include <stddef.h>
#include <stdint.h>

#include "buffer.h"
#include "error.h"
#include "store.h"

#define QUEUE_NAME_SIZE 24

struct queue {
	const char *path;
	int directory;
	int refused; /* the directory of that name; -1 until it is needed */
	int lock;
	int64_t age;	  /* ns that a push waits at most */
	size_t size;	  /* bytes of all files, and of all that were refused */
	unsigned dropped; /* out: pushes that were removed for their age or the room; the caller may clear it */
};

struct queue_entry {
	enum store_method method; /* STORE_POST or STORE_PUT */
	int64_t ttl;		  /* of the group, in ns, whole seconds; 0 for none */
	char *url;		  /* of the group, without a user; owned when read */
	struct slice text;	  /* when added */
	struct buffer file;	  /* when read, with the text in it */
};

struct queue_names {
	char (*names)[QUEUE_NAME_SIZE]; /* in the order in which they were added */
	size_t count;
};

/* Makes the directory, for its owner only, where it doesn't exist, but not its parent. A directory that everybody can
 * write to is ERROR_PERMISSION: who puts a file there chooses where it is sent. 0, or -1 with ERROR_CREATE,
 * ERROR_PERMISSION. */
int queue_open(struct queue *queue, const char *path, int64_t age, size_t size, struct error *error);
void queue_close(struct queue *queue);

/* Waits for the lock until a time of the monotonic clock (ns), removes what dead processes left, and what is too old.
 * queue_close() gives it back. 0, or -1 with ERROR_BUSY or ERROR_IO. */
int queue_lock(struct queue *queue, int64_t deadline, struct error *error);

/* Puts a push behind all others, also without the lock. The oldest ones are dropped where they take too much room. 0,
 * or -1 with ERROR_TOO_LARGE, ERROR_FULL, ERROR_IO and nothing added. */
int queue_add(struct queue *queue, const struct queue_entry *entry, struct error *error);

/* What waits. 0, or -1 with ERROR_IO or ERROR_MEMORY. */
int queue_list(struct queue *queue, struct queue_names *names, struct error *error);
void queue_names_release(struct queue_names *names);

/* 1; 0 where it is gone; -1 with ERROR_SYNTAX (no file of a queue) or another error. */
int queue_read(struct queue *queue, const char *name, struct queue_entry *entry, struct error *error);
void queue_entry_release(struct queue_entry *entry);

/* Removes a push that was sent. Where the machine crashes before queue_sync(), it may be there again. */
int queue_remove(struct queue *queue, const char *name, struct error *error);
int queue_sync(struct queue *queue, struct error *error);

int queue_set_aside(struct queue *queue, const char *name, struct error *error);

#endif
