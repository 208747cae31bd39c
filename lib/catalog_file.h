/*
 * catalog_file: the pages of a catalog, in memory and on disk. For catalog*.c.
 *
 * The file is a header and pages of one size, each with a checksum; what is read is copied, never mapped, so that no
 * damage can do more than make the file useless. Pages are read when they are asked for and written together by
 * catalog_file_save(), between a header that says "changing" and one that says "whole": who finds the former finds no
 * catalog. All numbers are in the order and the size of this machine; nothing is synced, and the file is of use only
 * to the boot of the system that it was written under.
 */
#ifndef PGW_CATALOG_FILE_H
#define PGW_CATALOG_FILE_H

#include <stdbool.h>
#include <stdint.h>

#include "boot_id.h"
#include "hash.h"
#include "journal.h"

#define CATALOG_RACY	  INT64_MIN /* a time that no file has */
#define CATALOG_PAGE_SIZE 4096

/* A group file, as the catalog knows it. */
struct catalog_record {
	struct fingerprint name; /* of the file's name */
	uint64_t inode;
	int64_t size;	  /* bytes */
	int64_t modified; /* ns since the epoch; CATALOG_RACY where that tells nothing */
	uint64_t shape;	  /* hash of its families, their types and its series */
	uint32_t version; /* of its claims; 0 where it has none */
	uint32_t series;  /* how many */
	uint64_t seen;	  /* by the comparison that is under way; otherwise 0 */
};

/* A series that a group has, or a family's name that some group has or had. */
struct catalog_claim {
	uint64_t key;
	uint32_t owner;	  /* the group's (of a series), the type (of a family) */
	uint32_t version; /* of the record that it belongs to; 0 for a family */
};

struct catalog_page_head {
	uint64_t checksum; /* of what follows, seeded with the page's place */
	uint32_t count;
	uint32_t unused;
};

#define CATALOG_ROOM	   (CATALOG_PAGE_SIZE - sizeof(struct catalog_page_head))
#define CATALOG_RECORD_MAX (CATALOG_ROOM / sizeof(struct catalog_record))
#define CATALOG_CLAIM_MAX  (CATALOG_ROOM / sizeof(struct catalog_claim))

struct catalog_page {
	struct catalog_page_head head;
	union {
		struct catalog_record records[CATALOG_RECORD_MAX];
		struct catalog_claim claims[CATALOG_CLAIM_MAX];
		unsigned char bytes[CATALOG_ROOM];
	} content;
};

/* How the spool was when the catalog last was equal to it. */
struct catalog_position {
	uint64_t journaled; /* 1 where the next is known */
	struct journal_position journal;
	int64_t groups_modified; /* of groups/, where there is no journal; SPOOL_UNMARKED where that tells nothing */
	int64_t compared;	 /* when all files were looked at, ns since the epoch */
	uint64_t unsettled;	 /* 1 where one of them may have been half-written still */
};

struct catalog_header {
	char magic[16];
	char boot[BOOT_ID_SIZE]; /* boot id of the system */
	uint64_t device, inode;	 /* of groups/ */
	uint64_t seed;		 /* of all hashes (hash.h) */
	struct catalog_position position;
	uint64_t groups;
	uint64_t series;
	int64_t first_expiry; /* no group expires before, ns since the epoch; 0 for none at all */
	uint32_t record_pages;
	uint32_t claim_pages;
	uint32_t last_version;
	uint32_t whole; /* 0 while pages are being written */
	uint64_t checksum;
};

/* A page in memory. */
struct catalog_cached;

struct catalog_file {
	int directory; /* of the spool */
	int fd;
	struct catalog_header header;
	struct catalog_cached **pages; /* by number; NULL where not in memory */
	struct catalog_cached *cached; /* all those in memory */
	bool broken;		       /* a page was damaged, or there was no memory for it */
};

/* The name in the spool. */
#define CATALOG_FILE "catalog"

/* Opens the catalog of a spool: 1; 0 where there is none that can be used, for whatever reason, or no memory for it. */
int catalog_file_open(struct catalog_file *file, int directory, int groups);

/* Makes one in memory, which catalog_file_save() writes. 0, or -1 where it can't be. */
int catalog_file_make(
	struct catalog_file *file, int directory, int groups, uint32_t record_pages, uint32_t claim_pages);

/* Without writing anything; one on disk that is broken is removed. */
void catalog_file_close(struct catalog_file *file);

/* The seed of the catalog of a spool, whether it is up to date or not. false where there is none. */
bool catalog_file_seed(int directory, uint64_t *seed);

/* What header.checksum must be. */
uint64_t catalog_file_header_checksum(const struct catalog_header *header);

/* The page of that number, those with records before those with claims. NULL where it is damaged or memory is short:
 * the file is broken then, and gives no more pages. */
struct catalog_page *catalog_file_page(struct catalog_file *file, uint32_t number);

/* To be told of each page that was changed, before the next one is asked for. */
void catalog_file_touch(struct catalog_file *file, uint32_t number);

/* Writes the pages that were changed, or a new file in the place of another. 0, or -1 where that failed: the catalog is
 * gone then. */
int catalog_file_save(struct catalog_file *file);

#endif
