/*
 * ahead: compresses what changed before the next scrape asks for it, a step after each turn of the server's loop, so
 * that a scrape right after many pushes finds little left to do.
 *
 * Each scrape that wants gzip pays for as much work as it would be to compress the whole once; when that is used up,
 * the next scrape does the rest itself. So groups that are pushed often between two scrapes cost no more than that, and
 * a gateway that nobody scrapes with gzip compresses nothing.
 */
#ifndef PGW_AHEAD_H
#define PGW_AHEAD_H

#include <stdbool.h>
#include <stddef.h>

#include "gzip_part.h"
#include "view.h"

/* One of zeros has nothing to do. */
struct ahead {
	size_t credit; /* bytes of text */
};

/* A scrape compressed all of the view. */
void ahead_scraped(struct ahead *ahead, const struct view *view);

/* Whether there is something to do. */
bool ahead_wanted(const struct ahead *ahead, const struct view *view);

/* Does some of it: up to a quarter of a millisecond. */
void ahead_run(struct ahead *ahead, struct view *view, struct gzip_compressor *compressor);

#endif
