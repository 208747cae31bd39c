/*
 * chunk_list: pieces of text in the order of their families' names, HELP and TYPE before the groups by file, in chunks
 * (view_snapshot.h).
 *
 * A chunk with one reference is the list's own and is changed in place, one with more is copied first. Either way what
 * was made of its text goes, unless the text stays as it was. Functions return 0, or -1 when out of memory and the list
 * is only fit to be released. For view_pieces.c.
 */
#ifndef PGW_CHUNK_LIST_H
#define PGW_CHUNK_LIST_H

#include <stdbool.h>

#include "view_snapshot.h"

/* No piece is longer. */
#define PIECE_TEXT_MAX ((size_t)4 << 10)

LIST_HEAD(chunk_queue, chunk);

struct chunk_list {
	struct chunk_run run;
	size_t capacity;
	struct chunk_queue *uncompressed; /* those of its chunks that have no part, in no order */
};

/* Several lists may have one queue, which must outlive them. */
void chunk_list_init(struct chunk_list *list, struct chunk_queue *uncompressed);

/* The list is empty afterwards. */
void chunk_list_release(struct chunk_list *list);

/* A reference less. */
void chunk_release(struct chunk *chunk);

/* Adds a piece after those that have its family and group. */
int chunk_list_insert(struct chunk_list *list, const struct piece *piece);

/* The same for one that comes after all others: for many in a row, with chunk_list_finish() at the end. */
int chunk_list_append(struct chunk_list *list, const struct piece *piece);
void chunk_list_finish(struct chunk_list *list);

/* Puts a piece in the place of the only one of its family and group: 1, or 0 where there is none or more of them. */
int chunk_list_replace(struct chunk_list *list, const struct piece *piece);

/* Removes all pieces of a family and a group, NULL for HELP and TYPE. */
int chunk_list_remove(struct chunk_list *list, const struct index_family *family, const struct group *group);

#endif
