/*
 * view_pieces: the text of a view in the order of its exposition, kept up to date for snapshots.
 *
 * Nothing is kept before the first snapshot. Where memory runs out all is forgotten, to be made anew for the next
 * snapshot, so that no change of the view fails for it. For view_index.c and view.c.
 */
#ifndef PGW_VIEW_PIECES_H
#define PGW_VIEW_PIECES_H

#include <bsd/sys/queue.h>
#include <stdbool.h>

#include "chunk_list.h"
#include "error.h"
#include "view_snapshot.h"

struct view_index;

LIST_HEAD(index_family_list, index_family);
TAILQ_HEAD(view_snapshot_queue, view_snapshot);

struct view_pieces {
	struct chunk_list places[OWN_PLACES];
	struct chunk_queue uncompressed;      /* of all places */
	struct index_family_list changed;     /* families whose HELP and TYPE may have changed */
	struct view_snapshot_queue snapshots; /* the oldest first */
	struct view_snapshot *current;	      /* shows the view as it is; NULL where none does */
	size_t retired_len;		      /* of the group files of groups that only snapshots have */
	uint64_t serial;		      /* view_serial() */
	uint64_t next_number;		      /* of the next snapshot */
	bool kept;
};

void view_pieces_init(struct view_pieces *pieces);

/* No snapshot may be left but the current one, and no family with HELP and TYPE. */
void view_pieces_release(struct view_pieces *pieces);

/* Forgets all: before much is changed. */
void view_pieces_forget(struct view_pieces *pieces);

/* A group comes into the index (`old` is NULL), leaves it (`group` is NULL), or takes the place of another one of the
 * same file name. Called while the index has the families of both. */
void view_pieces_change(struct view_index *index, const struct group *old, const struct group *group);

/* Before a family without blocks goes. */
void view_pieces_remove_family(struct view_pieces *pieces, struct index_family *family);

/* Notes that a group comes into the view, so that no older snapshot keeps it when it goes. */
void view_pieces_admit(const struct view_pieces *pieces, struct group *group);

/* Frees a group that is no longer in the view as soon as no snapshot has it. */
void view_pieces_retire(struct view_pieces *pieces, struct group *group);

/* A reference to the snapshot of an index. NULL with ERROR_MEMORY. */
struct view_snapshot *view_pieces_snapshot(struct view_index *index, struct error *error);

/* The bodies of view_has_uncompressed() and view_uncompressed_chunk(). */
bool view_pieces_has_uncompressed(const struct view_pieces *pieces);
int view_pieces_uncompressed_chunk(struct view_index *index, struct chunk **chunk, struct error *error);

#endif
