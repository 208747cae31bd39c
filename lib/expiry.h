/*
 * expiry: which entries of a view come to their end, the next one first.
 *
 * A heap. An entry knows its place in it, so that it can be taken out wherever it is. For view*.c.
 */
#ifndef PGW_EXPIRY_H
#define PGW_EXPIRY_H

#include <stddef.h>
#include <stdint.h>

struct entry;

struct expiry_item {
	int64_t time; /* ns since the epoch */
	struct entry *entry;
};

/* One of zeros is empty. */
struct expiry {
	struct expiry_item *items;
	size_t count, capacity;
};

void expiry_release(struct expiry *expiry);

/* Makes room for so many. 0, or -1 when out of memory. */
int expiry_reserve(struct expiry *expiry, size_t count);

/* Adds an entry that is in no heap; there is room for it. */
void expiry_add(struct expiry *expiry, struct entry *entry, int64_t time);

/* Takes an entry out, which is in it where entry->expiry_place isn't 0. */
void expiry_remove(struct expiry *expiry, struct entry *entry);

/* The first one where its time has come by `now`, or NULL. */
struct entry *expiry_due(const struct expiry *expiry, int64_t now);

#endif
