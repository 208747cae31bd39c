/*
 * view_parts: what the parts of a view share: view.c, which is asked and told, and view_follow.c, which reads what
 * others changed.
 */
#ifndef PGW_VIEW_PARTS_H
#define PGW_VIEW_PARTS_H

#include "expiry.h"
#include "view.h"
#include "view_entries.h"
#include "view_index.h"
#include "watch.h"

struct view {
	struct spool *spool;
	struct limits limits;
	struct watch *watch; /* NULL where the spool must be scanned each time */
	int unwatched;	     /* view_unwatched() */
	struct entries entries;
	struct view_index index;
	struct view_counts counts;
	struct expiry expiring;	  /* entries with groups that will expire, */
	struct expiry expired;	  /* and those that have; there is room for all of both */
	int64_t now;		  /* of the last refresh, ns since the epoch */
	struct entry_list unread; /* entries that are not known, which the next refresh reads whatever it hears */
	size_t inconsistent;	  /* entries that can be read and clash with others */
	uint64_t rejected_serial; /* view_rejected_serial() */
	bool loaded;
	bool unsettled;	 /* which of those that clash is left out must be found anew */
	char *temporary; /* another process's temporary file that was seen last; NULL */
};

/* The entry of a file, which is made where there is none. NULL with the error. */
struct entry *view_get_entry(struct view *view, struct slice file, struct error *error);

/* Takes the entry's group out of everything and frees it. Why the entry is left out is the caller's to say. */
void view_clear_group(struct view *view, struct entry *entry);

void view_set_known(struct view *view, struct entry *entry, bool known);

/* Says why an entry is left out. Out of memory loses the reason only. */
void view_set_reason(struct view *view, struct entry *entry, const struct error *error);

/* Gives an entry without a group one, which is left out where it clashes. 0, or -1 with ERROR_MEMORY and the group the
 * caller's. */
int view_adopt(struct view *view, struct entry *entry, struct group *group, struct error *error);

/* Takes the groups out of the exposition that have expired by view->now. */
void view_expire(struct view *view);

/* Finds out anew which of those that clash are left out. 0, or -1 with ERROR_MEMORY. */
int view_settle(struct view *view, struct error *error);

#endif
