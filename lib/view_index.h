/*
 * view_index: which family has which type, and which series is whose, over all groups of a view.
 *
 * Adding and removing a group costs time proportional to that group; putting a group in the place of one of the same
 * shape costs what view_pieces.h does with it. Groups in the index have numbers, by which its parts know them. For
 * view*.c; the rules are in view.h.
 */
#ifndef PGW_VIEW_INDEX_H
#define PGW_VIEW_INDEX_H

#include <bsd/sys/tree.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"
#include "group.h"
#include "sorted.h"
#include "tag_table.h"
#include "view_pieces.h"

/* No group. */
#define INDEX_NONE UINT32_MAX

/* A family over all groups. */
struct index_family {
	RB_ENTRY(index_family) link; /* in the index, by name */
	struct slice name;
	struct sorted blocks;	  /* of the groups that have it, in the order of their files' names; never empty */
	size_t place;		  /* own_place() */
	struct family_head *head; /* for view_pieces.c, as what follows */
	LIST_ENTRY(index_family) changed;
	bool is_changed;
};

RB_HEAD(index_family_tree, index_family);

/* A group of the index, or a free number. */
union index_group {
	const struct group *group;
	uint32_t next_free;
};

struct view_index {
	struct index_family_tree families;
	struct tag_table series; /* fingerprints, with the groups' numbers */
	union index_group *groups;
	uint32_t count, capacity; /* of groups, with the free ones */
	uint32_t first_free;	  /* or INDEX_NONE */
	struct view_pieces pieces;
};

RB_PROTOTYPE(index_family_tree, index_family, link, )

/* The index stays where it is until it is released. */
void view_index_init(struct view_index *index);
void view_index_release(struct view_index *index);

/* Adds a group, which stays the caller's and must stay until it is removed: view_pieces_retire() frees it then. Where
 * `replaced` is not INDEX_NONE, the group of that number, of the same file name, doesn't count and is removed on
 * success. 0 and the group's number, or -1 with ERROR_INCONSISTENT or ERROR_MEMORY and the index as it was. */
int view_index_add(
	struct view_index *index, const struct group *group, uint32_t replaced, uint32_t *number, struct error *error);

void view_index_remove(struct view_index *index, uint32_t number);

/* Puts a group in the place of one of the same shape and file name. */
void view_index_swap(struct view_index *index, uint32_t number, const struct group *group);

/* Goes over the blocks of a family, in the order of their groups' files' names. The cursor begins as one of zeros.
 * false at the end. */
bool index_family_next(const struct view_index *index, const struct index_family *family, struct sorted_cursor *cursor,
	const struct group **group, const struct block **block);

/* The family of that name, or NULL. */
struct index_family *index_find_family(const struct view_index *index, struct slice name);

/* The HELP of a family: the gateway's, or that of the lowest group which has one; data is NULL where none has. */
struct slice index_family_help(const struct view_index *index, const struct index_family *family);

enum metric_type index_family_type(const struct view_index *index, const struct index_family *family);

/* The body of view_append_exposition(). */
int view_index_append(const struct view_index *index, const struct exposition *own, bool natives, struct buffer *out,
	struct error *error);

#endif
