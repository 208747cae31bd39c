/* What the files of catalog share. */
#ifndef PGW_CATALOG_PARTS_H
#define PGW_CATALOG_PARTS_H

#include "catalog.h"
#include "catalog_file.h"
#include "clock.h"

struct catalog {
	struct spool *spool;
	struct limits limits;
	struct catalog_file file;
	struct catalog_position caught; /* how the spool was when the catalog caught up */
};

/* The record of a file in the page of that number, or NULL: it isn't there, or the catalog is broken. */
struct catalog_record *catalog_find(struct catalog *catalog, struct slice file, uint32_t *number);

/* What a record says of a group in a hash. */
uint64_t catalog_shape(const struct group *group);

struct catalog_record *catalog_find_name(struct catalog *catalog, struct fingerprint name, uint32_t *number);

/* What stands for a record in its claims; the page that it is in follows from it. */
uint32_t catalog_owner(struct fingerprint name);

/* The record whose claim that is; NULL for one that was taken back. */
const struct catalog_record *catalog_claimer(struct catalog *catalog, const struct catalog_claim *claim);

bool catalog_has_claim(struct catalog *catalog, struct catalog_claim wanted);

/* Takes back what a record claims. */
void catalog_retire(struct catalog *catalog, struct catalog_record *record, uint32_t number);

/* Removes a record of a page, in whose place another one comes. */
void catalog_remove_record(struct catalog *catalog, struct catalog_record *record, uint32_t number);

/* Puts a file that can't be a group, and clashes with nothing. */
enum catalog_answer catalog_put_malformed(struct catalog *catalog, struct slice file);

/* Knows that the group of a file will expire, if it will. */
void catalog_note_expiry(struct catalog *catalog, const struct group *group);

/* The record has the id of a file that was read or written at that moment (ns since the epoch). */
void catalog_set_record_id(struct catalog_record *record, const struct file_id *id, int64_t moment);

#endif
