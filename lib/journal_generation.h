/*
 * journal_generation: the files of the journal (journal.h) and their generations: opening, making, switching, renewing
 * and removing them.
 *
 * A generation is a file from its first record to its last. Its file is used again only when all that it speaks of is
 * durable without it. Functions without a struct error report errno.
 */
#ifndef PGW_JOURNAL_GENERATION_H
#define PGW_JOURNAL_GENERATION_H

#include "journal.h"

#define JOURNAL_SIZE_MIN (1u << 20) /* bytes; smaller files are never switched */

extern const char *const journal_file_names[JOURNAL_FILES];

/* Fills *error from errno: can't DO the journal. Returns -1. */
int journal_fail(const struct journal *journal, const char *doing, struct error *error);

/* Opens a file that may not be there, and reads its head. One that may not be written is read at least: `unwritable`;
 * what is no journal is not opened: `damaged`. 0, or -1 with an error. */
int journal_open_file(struct journal *journal, size_t i, struct error *error);

/* Where the last batch ended. */
struct journal_cursor journal_tail(const struct journal_file *file);

/* The time of modification of groups/, ns; 0 where it can't be had. */
int64_t journal_groups_modified(const struct journal *journal);

/* Whether the file, which is not the current one, may be used again. */
bool journal_is_clean(const struct journal *journal, const struct journal_file *file);

/* Leaves to all processes that writing files to disk failed: JOURNAL_UNWRITTEN. */
void journal_note_unwritten(struct journal *journal);

/* fdatasync(2), through signals. */
int journal_sync_file(const struct journal_file *file);

/* Gets a current file that records can be appended to. 1; 0 where there is none and none can be made; -1 where there is
 * one that stands against what is to be done. */
int journal_prepare(struct journal *journal);

/* Makes all that was changed durable and forgets all records of the current file, durably. */
int journal_renew(struct journal *journal);

/* The same for both files, after a crash. */
int journal_restart(struct journal *journal);

#endif
