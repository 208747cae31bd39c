/*
 * view_index: which family has which type, and which series is whose, over all groups of a view.
 *
 * Adding and removing a group costs time proportional to that group. For view.c; the rules are in view.h.
 */
#ifndef PGW_VIEW_INDEX_H
#define PGW_VIEW_INDEX_H

#include <bsd/sys/tree.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"
#include "group.h"

/* A family over all groups. */
struct index_family;

/* A block of a group, in its family's order. */
struct index_block {
	RB_ENTRY(index_block) link; /* in the family, by the group's file name */
	struct index_member *member;
	struct index_family *family;
	const struct block *block;
};

/* A group in the index; embedded by whoever holds the group. */
struct index_member {
	const struct group *group;
	struct index_block *blocks; /* of group->blocks, in their order */
};

RB_HEAD(index_block_tree, index_block);

struct index_family {
	RB_ENTRY(index_family) link; /* in the index, by name */
	struct slice name;
	struct index_block_tree blocks; /* of the members that were added */
	size_t users;			/* blocks of all prepared members; at 0 the family goes */
};

RB_HEAD(index_family_tree, index_family);

/* A slot of the table of series, which is free where member is NULL. */
struct index_series {
	struct fingerprint fingerprint;
	struct index_member *member;
};

struct view_index {
	struct index_family_tree families;
	struct index_series *slots; /* open addressing, linear probing */
	size_t mask;		    /* slots - 1 */
	size_t series_count;
	size_t prepared; /* series of all prepared members: there is room for them all */
};

RB_PROTOTYPE(index_block_tree, index_block, link, )
RB_PROTOTYPE(index_family_tree, index_family, link, )

void view_index_init(struct view_index *index);
void view_index_release(struct view_index *index);

/* Prepares a member for a group, with all the memory that view_index_add() will need even when it is called again
 * after a removal. 0, or -1 with ERROR_MEMORY. */
int view_index_prepare(
	struct view_index *index, struct index_member *member, const struct group *group, struct error *error);

/* Frees what belongs to a member that is not (or no longer) in the index. */
void view_index_discard(struct view_index *index, struct index_member *member);

/* Adds a prepared member. 0, or -1 with ERROR_INCONSISTENT and the index as it was. */
int view_index_add(struct view_index *index, struct index_member *member, struct error *error);

void view_index_remove(struct view_index *index, struct index_member *member);

/* The body of view_append_exposition(). */
int view_index_append(const struct view_index *index, const struct exposition *own, bool natives, struct buffer *out,
	struct error *error);

#endif
