/* What the files of store share. */
#ifndef PGW_STORE_PARTS_H
#define PGW_STORE_PARTS_H

#include "catalog.h"
#include "store.h"

/* The group after a push in the place of another one (NULL for none), or NULL with the error. */
struct group *store_make_group(
	const struct store *store, const struct store_change *change, const struct group *old, struct error *error);

/* How far one gets with the catalog (catalog.h) instead of the view. */
enum store_shortcut {
	SHORTCUT_DONE,	     /* the change has its result */
	SHORTCUT_UNSURE,     /* nothing was changed: the view must decide what the catalog doubts */
	SHORTCUT_LEFT_OUT,   /* the same for the file of the group, which can't be read */
	SHORTCUT_NO_CATALOG, /* the same, since there is none that can be used */
};

/* Makes a change under the lock, which the caller holds, by the spool's catalog or a new one, which is freed. */
enum store_shortcut store_take_shortcut(struct store *store, struct catalog *made, struct store_change *change);

/* Checks a push under the lock. *result and the error are those of store_check(), where it is done. */
enum store_shortcut store_check_shortcut(
	struct store *store, const struct store_change *change, int *result, struct error *error);

#endif
