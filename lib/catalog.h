/*
 * catalog: what is in a spool, on disk, for processes that change one group and end.
 *
 *	struct catalog *catalog = catalog_open(&spool, &limits);	under the spool's lock
 *	if (catalog != NULL && catalog_catch_up(catalog) == CATALOG_FITS && catalog_put(catalog, group) == CATALOG_FITS)
 *	{
 *		... write the group's file
 *		catalog_set_file_id(catalog, file, &id);
 *		catalog_save(catalog);
 *	}
 *	catalog_close(catalog);
 *
 * The catalog is derived from the group files and can be deleted at any time. It answers one question: does this group
 * certainly clash with nothing that is in the spool? It may say "unsure" where a view (view.h) would accept: it doesn't
 * forget families that no group has any more, nor groups that have expired, and takes two series whose hashes agree in
 * 64 bits for one. It never says "fits" where a view would refuse, but for group files that were there and were edited
 * in place, which a directory doesn't tell of. Who hears "unsure" asks a view.
 *
 * A catalog that is damaged, of another format, or written under another boot of the system (it is never synced) is
 * as good as none, and makes no process fail. The lock is held from catalog_open() to catalog_close().
 */
#ifndef PGW_CATALOG_H
#define PGW_CATALOG_H

#include <stdbool.h>

#include "error.h"
#include "file.h"
#include "group.h"
#include "input_limits.h"
#include "slice.h"
#include "spool.h"

struct catalog;

enum catalog_answer {
	CATALOG_FITS,	/* certainly */
	CATALOG_UNSURE, /* there may be a clash, or a limit is reached */
	CATALOG_BROKEN, /* the catalog is of no use and gone: catalog_make() makes another */
};

/* Has this process hash series as the spool's catalog does, so that it can use it. Before the first series is hashed;
 * later, the catalog is of no use to this process. */
void catalog_prepare(const struct spool *spool);

/* The catalog of a spool, which must outlive it; `limits` is copied. NULL where there is none that can be used. */
struct catalog *catalog_open(struct spool *spool, const struct limits *limits);

/* Makes one that catalog_save() writes, by reading all group files; without the lock, so that nobody waits. It must
 * catch up under the lock like another. NULL where that can't be, also where group files clash. */
struct catalog *catalog_make(struct spool *spool, const struct limits *limits);

/* Forgets what was not saved. NULL is fine. */
void catalog_close(struct catalog *catalog);

/* Takes notice of what others changed in the spool. Where it does not say CATALOG_FITS, the catalog must be closed. */
enum catalog_answer catalog_catch_up(struct catalog *catalog);

/* Puts a group in the place of the one in the same file, or beside the others. Where it does not say CATALOG_FITS, the
 * catalog must be closed. */
enum catalog_answer catalog_put(struct catalog *catalog, const struct group *group);

/* Whether a group may have expired by now (ns since the epoch) whose file is still there. */
bool catalog_has_expired(const struct catalog *catalog, int64_t now);

/* Removes the group of a file; one that isn't there is fine. */
void catalog_remove(struct catalog *catalog, struct slice file);

/* Tells which file has the group that was put. */
void catalog_set_file_id(struct catalog *catalog, struct slice file, const struct file_id *id);

/* Writes what was put and removed, after the files were, without any other change of the spool in between. A failure
 * leaves no catalog. */
void catalog_save(struct catalog *catalog);

/* Removes the catalog of a spool: one that was unsure of what a view took may be so for ever. */
void catalog_drop(const struct spool *spool);

/* For tests: whether the catalog of a spool, caught up, has the same files with the same families and series as a new
 * one. 1; 0 where there is no catalog to be used; -1 with an error that says what differs. */
int catalog_compare(struct spool *spool, const struct limits *limits, struct error *error);

#endif
