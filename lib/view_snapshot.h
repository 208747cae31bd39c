/*
 * view_snapshot: the exposition of a view at one moment, as pieces of the groups' texts.
 *
 *	struct view_snapshot *snapshot = view_snapshot(view, &error);
 *	...walk snapshot->places, as long as it takes, while the view changes
 *	view_snapshot_free(snapshot);
 *
 * The text is nowhere in one piece: it is what the groups have, in the order of the exposition and without what
 * can't be in text (the comments of canonical.h). Pieces stand in chunks of some kilobytes. A chunk is shared by the
 * view and all snapshots that have it and never changes while a snapshot has it, so that a snapshot costs a count a
 * chunk, a change of a group a copy of a chunk in each of its families, and what is made of a chunk's text
 * (gzip_part.h) lasts until one of its groups changes.
 *
 * A snapshot keeps the groups that it shows alive. It must not outlive its view.
 */
#ifndef PGW_VIEW_SNAPSHOT_H
#define PGW_VIEW_SNAPSHOT_H

#include <bsd/sys/queue.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "group.h"
#include "gzip_part.h"
#include "own.h"
#include "slice.h"

/* No chunk is longer, in bytes of text: what is done to it is done at once. */
#define CHUNK_TEXT_MAX ((size_t)16 << 10)

struct index_family;
struct view_pieces;

/* Of a family's HELP and TYPE lines or of a group's lines of it. */
struct piece {
	struct slice text;
	const struct index_family *family; /* for the view: a snapshot may outlive it */
	const struct group *group;	   /* NULL for HELP and TYPE */
};

struct chunk {
	size_t references;
	size_t text_len;
	struct gzip_part *part;		/* of its text; NULL until chunk_part_make() */
	LIST_ENTRY(chunk) uncompressed; /* for chunk_list.c and chunk_part.c */
	bool is_uncompressed;		/* it is among the view's chunks that have no part */
	uint32_t count, capacity;
	struct piece pieces[];
};

/* Chunks that follow one another. */
struct chunk_run {
	struct chunk **chunks;
	size_t count;
	size_t text_len;
};

/* HELP and TYPE of a family. */
struct family_head {
	STAILQ_ENTRY(family_head) retired;
	uint64_t since; /* the number of the first snapshot that may have it */
	struct slice text;
};

STAILQ_HEAD(family_head_queue, family_head);

struct view_snapshot {
	/* By own_place(): the gateway's own families go in between. Those of the groups' families that have the name of
	 * one of them have no HELP and TYPE here. */
	struct chunk_run places[OWN_PLACES];

	/* For the view. */
	size_t references;
	struct view_pieces *pieces;
	TAILQ_ENTRY(view_snapshot) link;
	uint64_t number;	   /* from 0, in the order in which they were taken */
	struct group_queue groups; /* that left the view: this is the newest snapshot that has them */
	struct family_head_queue heads;
	size_t chunk_count;
	struct chunk *chunks[];
};

void view_snapshot_free(struct view_snapshot *snapshot);

#endif
