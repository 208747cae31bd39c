/*
 * journal_file: the format of one file of the journal (journal.h), and its reading and writing.
 *
 *	offset 0	struct journal_head, zeros up to JOURNAL_START
 *	JOURNAL_START	records: a struct record_head, the name, the text, zeros up to the next multiple of 8
 *
 * Numbers are in the byte order of the machine. A record has the checksum of the record before it, and its own is
 * seeded with that: what earlier generations of the file or interrupted writers left behind the last record is no part
 * of the chain, which starts from a number made at random for each generation.
 *
 * Whoever may write the file can put anything into it: sizes and names are checked when they are read.
 */
#ifndef PGW_JOURNAL_FILE_H
#define PGW_JOURNAL_FILE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/uio.h>

#include "boot_id.h"
#include "buffer.h"
#include "file.h"
#include "slice.h"

#define JOURNAL_START	    4096
#define JOURNAL_NAME_MAX    255 /* bytes of a file's name */
#define JOURNAL_RECORD_MAX  (256u << 20)
#define JOURNAL_RECORDS_MAX 256 /* that are appended at once */

enum journal_kind {
	JOURNAL_PUT = 1, /* a file has that text */
	JOURNAL_DELETE,	 /* no file has that name */
	JOURNAL_TOUCH,	 /* a file was changed in another way: recovery knows it by its id only */
};

struct journal_record {
	enum journal_kind kind;
	struct slice file;
	struct slice text; /* of JOURNAL_PUT; when read without texts, data is NULL and len says how long it is */
	struct file_id id; /* of JOURNAL_TOUCH */
	int64_t time;	   /* when it was appended, ns since the epoch; later than the one before */
	int64_t before;	   /* the time of modification of groups/ after the batch before this one, ns */
};

enum journal_flags {
	JOURNAL_CLOSED = 1,   /* the generation goes on in the other file */
	JOURNAL_CLEAN = 2,    /* all that it speaks of is durable without it */
	JOURNAL_BROKEN = 4,   /* nothing may be appended: a write failed, or a change that it speaks of was not made */
	JOURNAL_ANCHORED = 8, /* the file and its name are durable */
	JOURNAL_AWAITED = 16, /* it has records that somebody waited for */
	JOURNAL_LOST =
		32, /* of what it and the one before speak of, the kernel may have dropped what was not on disk */
};

/* Shared by all processes of the machine by read and write under the lock; synced only together with records. */
struct journal_head {
	char magic[16];
	char boot[BOOT_ID_SIZE]; /* the kernel that ran: after a crash it is another one */
	uint64_t generation;
	uint64_t first;	   /* what the chain starts from */
	uint64_t tail;	   /* the offset behind the last batch that was ended */
	uint64_t chain;	   /* the checksum of the last record before it */
	int64_t began;	   /* ns since the epoch */
	int64_t time;	   /* of the last record */
	int64_t modified;  /* the time of modification of groups/ after the last batch, ns */
	uint64_t foreign;  /* how often it had another one than noted: others had changed names in it */
	int64_t crashed;   /* the time of modification that groups/ had when recovery began, ns; 0 for none */
	uint64_t flags;	   /* of enum journal_flags */
	uint64_t checksum; /* of all the above */
};

struct journal_file {
	int fd;	       /* -1 where there is none */
	uint64_t size; /* bytes of it that are allocated */
	struct journal_head head;
};

/* Where the next record starts, and the checksum of the one before. */
struct journal_cursor {
	uint64_t offset;
	uint64_t chain;
};

/* Reads the head; the caller has set `size`. 1; 0 where it is not that of a journal of this format, or says what can't
 * be; -1 with errno. */
int journal_file_load(struct journal_file *file);

/* Writes the head. 0, or -1 with errno. */
int journal_file_store(struct journal_file *file);

/* Makes it an empty generation; the caller has set all of the head but magic, first, tail and chain. 0 or -1 with
 * errno. */
int journal_file_begin(struct journal_file *file);

/* Allocates the file up to an offset and some more, and makes that durable, so that syncing a record is one write. 0,
 * or -1 with errno, where the file has the size that it had. */
int journal_file_reserve(struct journal_file *file, uint64_t end);

/* How many bytes the records take. */
uint64_t journal_file_need(const struct journal_record *records, size_t count);

/* Writes records behind a cursor, which it moves. Their times follow *time, which it moves, too. 0, or -1 with errno,
 * when nothing valid is behind the cursor. */
int journal_file_append(struct journal_file *file, struct journal_cursor *cursor, int64_t *time,
	const struct journal_record *records, size_t count);

/* Makes sure that no record is found behind a cursor. 0, or -1 with errno. */
int journal_file_cut(struct journal_file *file, const struct journal_cursor *cursor);

/*
 * Reads the record behind a cursor, which it moves. The name, and with JOURNAL_WHOLE the text, are in `buffer`, whose
 * contents are replaced. JOURNAL_NAMES reads no texts and can't tell a record that was damaged from one that was not:
 * for what was ended in this boot. 1; 0 where the chain ends; -1 with errno.
 */
enum journal_depth {
	JOURNAL_WHOLE,
	JOURNAL_NAMES,
};
int journal_file_next(const struct journal_file *file, struct journal_cursor *cursor, enum journal_depth depth,
	struct buffer *buffer, struct journal_record *record);

/* The offset of a record's text in the file. */
uint64_t journal_file_text_offset(uint64_t record_offset, struct slice name);

/* All of it, through short writes and signals. The vector is changed. 0, or -1 with errno. */
int file_write_vector(int fd, struct iovec *vector, int count, uint64_t offset);

#endif
