/*
 * group_list: groups as lists show them and selections choose them, from a spool or from a gateway (remote_groups.h).
 *
 *	struct group_list list;
 *	group_list_init(&list);
 *	if (group_list_add_view(&list, view, &error) == -1) ...
 *	for (size_t i = 0; i < list.count; i++) ... list.rows[i]
 *	group_list_release(&list);
 *
 * The list is a copy: what it came from may change and go.
 */
#ifndef PGW_GROUP_LIST_H
#define PGW_GROUP_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arena.h"
#include "error.h"
#include "group.h"
#include "labels.h"
#include "view.h"

/* A number that isn't known: a gateway doesn't tell all. */
#define GROUP_LIST_UNKNOWN SIZE_MAX

struct group_row {
	struct grouping_key key; /* has nothing to release; no labels and no text where a file's name is all there is */
	const char *reason;	 /* why the file is left out, or a gateway's group not certain; NULL for all else */
	int64_t push_time;	 /* last push that succeeded, ns since the epoch; 0 for never, or not known */
	int64_t push_failure_time; /* last push that was refused, the same */
	int64_t ttl;		   /* ns, 0 for none */
	bool expired;		   /* nobody sees the group any more */
	size_t families;
	size_t series;	    /* metrics: a histogram or a summary counts as one */
	size_t bytes;	    /* of the group file */
	const char *method; /* "POST", "PUT", "" for none; NULL where it isn't known */
};

struct group_list {
	struct arena arena;
	struct group_row *rows;
	size_t count;
	size_t capacity;
};

void group_list_init(struct group_list *list);
void group_list_release(struct group_list *list);

/* Adds a row, and a copy of its key. 0, or -1 with ERROR_MEMORY. */
int group_list_add(struct group_list *list, const struct group_row *row, struct error *error);

/* Adds the groups of a view in byte order of their files' names; then, in the same order, the files that it leaves out.
 * 0, or -1 with ERROR_MEMORY. */
int group_list_add_view(struct group_list *list, const struct view *view, struct error *error);

/* Adds the groups of a view that have expired and whose files are still there, in no order. 0, or -1 with ERROR_MEMORY.
 */
int group_list_add_expired(struct group_list *list, const struct view *view, struct error *error);

/* When somebody last pushed to the group: with success, or else what was refused. 0 where that isn't known. */
int64_t group_row_last_push(const struct group_row *row);

#endif
