/*
 * view_entries: the group files of a view, by name.
 *
 * Finding one costs the same however many there are; a walk goes in byte order of the names.
 */
#ifndef PGW_VIEW_ENTRIES_H
#define PGW_VIEW_ENTRIES_H

#include <bsd/sys/queue.h>
#include <bsd/sys/tree.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "file.h"
#include "group.h"
#include "slice.h"

/* A group file. */
struct entry {
	RB_ENTRY(entry) link;	  /* by name */
	SLIST_ENTRY(entry) chain; /* with those whose names have similar hashes */
	LIST_ENTRY(entry) unread; /* for view*.c: with those that are not known */
	struct slice file;	  /* NUL-terminated */
	struct group *group;	  /* NULL where it can't be read */
	struct file_id id;
	char *reason;	       /* why it is left out */
	uint32_t number;       /* of the group in the index, while it is accepted */
	uint32_t writes;       /* of this process, whose events are still to come */
	uint32_t expiry_place; /* in a heap of the view, from 1; 0 for none */
	bool expired;	       /* no longer in the exposition, and not left out; its file is to be deleted */
	bool accepted;	       /* in the index and in the exposition; otherwise left out */
	bool known;	       /* `id` is that of what was read */
	bool racy;	       /* known, but perhaps not for long */
	bool forgotten;	       /* the group may not be what the file has */
	bool seen;	       /* by the scan that is under way */
};

RB_HEAD(entry_tree, entry);
SLIST_HEAD(entry_chain, entry);
LIST_HEAD(entry_list, entry);

/* One of zeros is empty. */
struct entries {
	struct entry_tree tree;
	struct entry_chain *chains;
	size_t chain_count; /* a power of two, or 0 */
	size_t count;
};

RB_PROTOTYPE(entry_tree, entry, link, )

/* Frees no entry. */
void entries_release(struct entries *entries);

/* The entry of that name, or NULL. */
struct entry *entries_find(const struct entries *entries, struct slice file);

/* Adds an entry of zeros with a name that is not there, which is copied. NULL when out of memory. */
struct entry *entries_add(struct entries *entries, struct slice file);

/* Removes an entry and frees it, but not what it points to. */
void entries_remove(struct entries *entries, struct entry *entry);

/* The next one, or the first where `entry` is NULL; NULL at the end. */
struct entry *entries_next(const struct entries *entries, struct entry *entry);

#endif
