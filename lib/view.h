/*
 * view: what is in a spool: every group, which family has which type, which series is whose, and the exposition of
 * the whole.
 *
 *	struct view *view = view_new(&spool, VIEW_FOLLOW, &limits, &error);
 *	view_refresh(view, &error);			at each answer
 *	view_append_exposition(view, &own, VIEW_WITHOUT_NATIVES, &text, &error);
 *
 * The view follows the spool: view_refresh() costs what changed since the last one (the first one reads all). A change
 * of the process's own goes in by view_put() and view_remove() in time proportional to the group, before or after the
 * file is written. Callers see groups, never the index.
 *
 * Consistency (the rules of the upstream's registry): one type for a family's name over all groups and the gateway's
 * own families; no series twice; no name that ends in _count, _sum or _bucket beside the summary or histogram that
 * writes lines of that name. A file that breaks a rule, or can't be read, is left out of everything and listed with
 * its reason. Which of two is left out does not depend on the order of events: files that pgw wrote win over files made
 * by hand, then the lower name in byte order wins.
 *
 * A group with a TTL is in the exposition until that has passed since its last push, as view_refresh() finds the time;
 * then it is as good as not there, but for its file, which the next writer deletes.
 */
#ifndef PGW_VIEW_H
#define PGW_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buffer.h"
#include "error.h"
#include "group.h"
#include "input_limits.h"
#include "spool.h"
#include "view_snapshot.h"

struct view;

/* How much is in it. */
struct view_counts {
	size_t groups;
	size_t series;	     /* metrics: a histogram or a summary counts as one */
	size_t bytes;	     /* of the group files */
	size_t rejected;     /* group files left out */
	size_t expired;	     /* group files whose time is over, and that are still there */
	size_t quoted_names; /* groups with names that may need quotes in text */
};

/* How a view learns what others changed. */
enum view_mode {
	VIEW_SCAN,   /* by looking at each file: for a process with one job. Ending a watch can take 10 ms and more. */
	VIEW_FOLLOW, /* by a watch on the directory, where there is one: for a process that stays */
};

/* An empty view of a spool, which must outlive it; `limits` is copied. NULL with ERROR_MEMORY. */
struct view *view_new(struct spool *spool, enum view_mode mode, const struct limits *limits, struct error *error);
void view_free(struct view *view);

/* Reads what others changed, and looks at the clock for what has expired. 0, or -1 with ERROR_IO, also where the spool
 * was removed, or ERROR_MEMORY. Never fails for a bad group file. */
int view_refresh(struct view *view, struct error *error);

/* The descriptor that becomes readable when the spool changes, or -1 where there is none and only asking helps. */
int view_fd(const struct view *view);

/* Why a view that is to follow looks at each file instead: an errno of inotify's, as at its limits; 0 where it is told.
 */
int view_unwatched(const struct view *view);

/* The group in a file of that name, or NULL. Valid until the view changes. */
const struct group *view_group(const struct view *view, struct slice file);

/* Whether there is a group file of that name, also one that is left out. */
bool view_has_file(const struct view *view, struct slice file);

/* Puts a group in the place of the one of the same key, or beside the others. The view owns it on success. -1 with
 * ERROR_INCONSISTENT, which names the metric, the line where the group knows it and the group or the gateway's own
 * family that it clashes with, ERROR_FULL at a limit, or ERROR_MEMORY; the view is then unchanged and the group is the
 * caller's. */
int view_put(struct view *view, struct group *group, struct error *error);

/* Puts a group in its place also where it clashes with others: it is left out then, by the rule above. 0, or -1 with
 * ERROR_FULL or ERROR_MEMORY, the group being the caller's still. */
int view_put_unchecked(struct view *view, struct group *group, struct error *error);

/* The group that was put or read under the name of that file, also one that is left out; NULL where there is none or it
 * can't be read. */
const struct group *view_stored_group(const struct view *view, struct slice file);

/* Removes the group of that file; none there is fine. */
void view_remove(struct view *view, struct slice file);

/* What the caller knows of the file of a group that it wrote, so that the next refresh does not read it again. */
void view_set_file_id(struct view *view, struct slice file, const struct file_id *id);

/* Forgets what it knows of that file; the next refresh reads it. For when writing it failed. */
void view_forget(struct view *view, struct slice file);

/* Each group in byte order of its file's name. Start with NULL; NULL at the end. Valid until the view changes. */
const struct group *view_next(const struct view *view, const struct group *previous);

/* Each group that has expired and whose file is still there, in no order. Start with *cursor 0. NULL at the end. Valid
 * until the view changes. */
const struct group *view_next_expired(const struct view *view, size_t *cursor);

/* Each file left out, in the same order: the name and why. Start with *cursor NULL. false at the end. */
bool view_next_rejected(const struct view *view, const void **cursor, const char **file, const char **reason);

/* Another number whenever view_next_rejected() tells something else. */
uint64_t view_rejected_serial(const struct view *view);

struct view_counts view_counts(const struct view *view);

/* Whether a temporary file of another process is still there that the last refreshes heard of. Asked under the spool's
 * lock, it is debris of a writer that was killed: spool_sweep(). */
bool view_debris(struct view *view);

/* Whether the text has the comments with what the text format can't hold (canonical.h). */
enum view_natives {
	VIEW_WITHOUT_NATIVES,
	VIEW_WITH_NATIVES,
};

/* Appends the exposition: all families by name, the gateway's own among them (`own`, of families named in own.h), one
 * HELP and TYPE each: the gateway's, or that of the lowest group which has a HELP. 0, or -1 with ERROR_MEMORY. */
int view_append_exposition(const struct view *view, const struct exposition *own, enum view_natives natives,
	struct buffer *out, struct error *error);

/* The exposition as it is now without the gateway's own families, as something that lasts (view_snapshot.h): the same
 * one while nothing changes. The caller frees it. NULL with ERROR_MEMORY. */
struct view_snapshot *view_snapshot(struct view *view, struct error *error);

/* For tests: another number after each change of the exposition. */
uint64_t view_serial(const struct view *view);

/* For compressing ahead of the next reader of a snapshot (chunk_part.h): whether there may be text of the exposition
 * that is not compressed, and a chunk of it, or NULL, valid until the view changes. 0, or -1 with ERROR_MEMORY. */
bool view_has_uncompressed(const struct view *view);
int view_uncompressed_chunk(struct view *view, struct chunk **chunk, struct error *error);

/* Of the group files of all groups that are no longer in the view and that snapshots keep. */
size_t view_retired_bytes(const struct view *view);

#endif
