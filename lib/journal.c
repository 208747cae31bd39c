#include "journal.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "boot_id.h"
#include "clock.h"
#include "journal_generation.h"

#define XFS_MAGIC 0x58465342 /* xfs.h is not everywhere */

#define SIZE_FULL (64u << 20) /* of a file, bytes; or so much less: */
#define SHARE	  64	      /* of the file system */

/* File systems that keep changes of a directory in order through a crash, and those that a crash leaves nothing of or
 * whose order is not known. */
static const struct {
	unsigned long magic;
	enum journal_support support;
} file_systems[] = {
	{EXT4_SUPER_MAGIC, JOURNAL_KEEPS},
	{XFS_MAGIC, JOURNAL_KEEPS},
	{BTRFS_SUPER_MAGIC, JOURNAL_KEEPS},
	{TMPFS_MAGIC, JOURNAL_TELLS},
	{OVERLAYFS_SUPER_MAGIC, JOURNAL_TELLS},
};

/* --- opening --- */

void journal_init(struct journal *journal, int directory, int groups, bool read_only, const char *path)
{
	struct statfs status;
	*journal = (struct journal){.directory = directory,
		.groups = groups,
		.path = path,
		.read_only = read_only,
		.files = {{.fd = -1}, {.fd = -1}},
		.current = -1};
	boot_id_read(journal->boot);
	if (fstatfs(groups, &status) == -1)
		return;
	for (size_t i = 0; i < sizeof(file_systems) / sizeof(file_systems[0]); i++) {
		if (file_systems[i].magic == (unsigned long)status.f_type && journal->boot[0] != '\0')
			journal->support = file_systems[i].support;
	}
	uint64_t share = (uint64_t)status.f_blocks * (uint64_t)status.f_bsize / SHARE;
	journal->size_max = share < JOURNAL_SIZE_MIN ? JOURNAL_SIZE_MIN : share < SIZE_FULL ? share : SIZE_FULL;
}

void journal_release(struct journal *journal)
{
	for (size_t i = 0; i < JOURNAL_FILES; i++)
		journal->files[i].fd = file_close(journal->files[i].fd);
	journal->current = -1;
}

/* Whether the file is the one of its name still, and its generation goes on; reads its head anew. */
static bool is_current(struct journal *journal)
{
	struct stat ours, present;
	if (journal->current == -1 || journal->read_only)
		return false;
	struct journal_file *file = &journal->files[journal->current];
	uint64_t generation = file->head.generation;
	if (fstat(file->fd, &ours) == -1 ||
		fstatat(journal->directory, journal_file_names[journal->current], &present, AT_SYMLINK_NOFOLLOW) ==
			-1 ||
		ours.st_ino != present.st_ino || ours.st_dev != present.st_dev)
		return false;
	file->size = (uint64_t)ours.st_size;
	return journal_file_load(file) == 1 && file->head.generation == generation &&
	       (file->head.flags & JOURNAL_CLOSED) == 0;
}

static int open_files(struct journal *journal, struct error *error)
{
	journal_release(journal);
	journal->unwritable = journal->damaged = false;
	for (size_t i = 0; i < JOURNAL_FILES; i++)
		if (journal_open_file(journal, i, error) == -1)
			return -1;
	for (int i = 0; i < JOURNAL_FILES; i++) {
		const struct journal_file *file = &journal->files[i];
		if (file->fd != -1 && (journal->current == -1 ||
					      file->head.generation > journal->files[journal->current].head.generation))
			journal->current = i;
	}
	return 0;
}

static bool is_of_other_boot(const struct journal *journal, const struct journal_file *file)
{
	return file->fd != -1 && strcmp(file->head.boot, journal->boot) != 0;
}

/* Whether a whole record is behind the tail. */
static int has_more(struct journal *journal, const struct journal_file *file, struct error *error)
{
	struct journal_cursor cursor = journal_tail(file);
	struct journal_record record;
	struct buffer buffer;
	buffer_init(&buffer, JOURNAL_RECORD_MAX + JOURNAL_NAME_MAX + 1);
	int result = journal_file_next(file, &cursor, JOURNAL_WHOLE, &buffer, &record);
	buffer_release(&buffer);
	return result == -1 ? journal_fail(journal, "read", error) : result;
}

int journal_look(struct journal *journal, struct error *error)
{
	if (!is_current(journal) && open_files(journal, error) == -1)
		return -1;
	journal->state = JOURNAL_NONE;
	journal->logged = journal->foreign = false;
	if (journal->current == -1)
		return 0;
	journal->state = JOURNAL_READY;
	if (journal->unwritten)
		journal_note_unwritten(journal);
	if (is_of_other_boot(journal, &journal->files[0]) || is_of_other_boot(journal, &journal->files[1])) {
		journal->state = JOURNAL_CRASHED;
		return 0;
	}
	const struct journal_file *file = &journal->files[journal->current];
	int more = file->head.flags & JOURNAL_BROKEN ? 0 : has_more(journal, file, error);
	if (more == 1)
		journal->state = JOURNAL_INTERRUPTED;
	else if (journal_is_lost(journal))
		journal->state = JOURNAL_UNWRITTEN;
	journal->end = journal_tail(file);
	journal->time = file->head.time;
	return more == -1 ? -1 : 0;
}

/* --- writing --- */

void journal_begin(struct journal *journal)
{
	journal->logged = false;
	journal->modified = journal_groups_modified(journal);
	journal->foreign =
		journal->current != -1 && journal->modified != journal->files[journal->current].head.modified;
}

void journal_pause(struct journal *journal)
{
	file_mark_directory(journal->groups, &journal->noted);
}

void journal_resume(struct journal *journal)
{
	journal->foreign |= journal_groups_modified(journal) != journal->noted;
}

static int anchor(struct journal *journal, struct journal_file *file)
{
	if (file->head.flags & JOURNAL_ANCHORED)
		return 0;
	if (file_sync(file->fd) == -1 || file_sync(journal->directory) == -1)
		return -1;
	file->head.flags |= JOURNAL_ANCHORED;
	return 0;
}

/* Allocates room. 1; 0 where there is none even when all records are forgotten; -1 with errno. */
static int make_room(struct journal *journal, uint64_t need)
{
	struct journal_file *file = &journal->files[journal->current];
	if (need <= JOURNAL_RECORD_MAX && journal_file_reserve(file, journal->end.offset + need) == 0)
		return 1;
	if (journal_renew(journal) == -1)
		return -1;
	return need <= JOURNAL_RECORD_MAX && journal_file_reserve(file, journal->end.offset + need) == 0;
}

static int write_records(struct journal *journal, const struct journal_record *records, size_t count, bool sync)
{
	struct journal_file *file = &journal->files[journal->current];
	struct journal_cursor end = journal->end;
	int result = journal_file_append(file, &end, &journal->time, records, count);
	if (result == 0 && (!sync || journal_sync_file(file) == 0)) {
		journal->end = end;
		journal->logged = true;
		file->head.flags |= sync ? JOURNAL_AWAITED : 0;
		return 0;
	}
	if (!sync)
		return -1;
	/* What is on disk nobody knows. */
	int number = errno;
	journal_file_cut(file, &journal->end);
	file->head.flags |= JOURNAL_BROKEN;
	journal_file_store(file);
	if (journal_renew(journal) == 0)
		journal->logged = false;
	errno = number;
	return -1;
}

/* The times of records follow whatever times files and directories may have, so that a file that is older than a record
 * can be told even where the clock was set back. */
static void set_times(struct journal *journal, struct journal_record *records, size_t count)
{
	const struct journal_head *head = &journal->files[journal->current].head;
	if (journal->time < head->time)
		journal->time = head->time;
	if (journal->time < journal->modified)
		journal->time = journal->modified;
	for (size_t i = 0; i < count; i++)
		records[i].before = head->modified;
}

static int log_durably(struct journal *journal, struct journal_record *records, size_t count, struct error *error)
{
	struct journal_file *file = &journal->files[journal->current];
	if (anchor(journal, file) == -1)
		return journal_fail(journal, "write", error);
	int room = make_room(journal, journal_file_need(records, count));
	if (room == -1)
		return journal_fail(journal, "write", error);
	if (room == 0) {
		journal->foreign = true;
		return 1;
	}
	set_times(journal, records, count);
	return write_records(journal, records, count, true) == -1 ? journal_fail(journal, "write", error) : 0;
}

int journal_log(struct journal *journal, struct journal_record *records, size_t count, bool sync, struct error *error)
{
	int ready = journal_prepare(journal);
	if (ready == -1)
		return journal_fail(journal, "write", error);
	if (ready == 0)
		return 1;
	if (sync)
		return log_durably(journal, records, count, error);
	set_times(journal, records, count);
	if (journal_file_need(records, count) > JOURNAL_RECORD_MAX ||
		write_records(journal, records, count, false) == -1) {
		journal->foreign = true;
		return 1;
	}
	return 0;
}

void journal_end(struct journal *journal, enum journal_end end)
{
	if (journal->current == -1 || journal->unwritable)
		return;
	struct journal_file *file = &journal->files[journal->current];
	if (journal->logged) {
		file->head.tail = journal->end.offset;
		file->head.chain = journal->end.chain;
		file->head.time = journal->time;
	}
	file->head.foreign += journal->foreign;
	file_mark_directory(journal->groups, &file->head.modified);
	journal->logged = journal->foreign = false;
	if (end == JOURNAL_UNDONE)
		file->head.flags |= JOURNAL_BROKEN;
	journal_file_store(file);
	if (end == JOURNAL_UNDONE)
		journal_renew(journal);
}

bool journal_unclean(const struct journal *journal, uint64_t *generation)
{
	if (journal->current == -1 || journal_is_clean(journal, &journal->files[1 - journal->current]))
		return false;
	const struct journal_head *head = &journal->files[1 - journal->current].head;
	*generation = head->generation;
	return (head->flags & JOURNAL_AWAITED) != 0 && head->generation != journal->cleaned;
}

void journal_set_clean(struct journal *journal, uint64_t generation)
{
	journal->cleaned = generation;
}

void journal_set_unwritten(struct journal *journal)
{
	journal->unwritten = true;
}

bool journal_is_lost(const struct journal *journal)
{
	return journal->current != -1 && (journal->files[journal->current].head.flags & JOURNAL_LOST) != 0;
}

/* --- reading --- */

bool journal_position(const struct journal *journal, struct journal_position *position)
{
	if (journal->current == -1)
		return false;
	const struct journal_head *head = &journal->files[journal->current].head;
	*position = (struct journal_position){head->generation, head->tail, head->chain, head->foreign};
	return true;
}

/* Visits the names from a cursor to the tail. 1, 0 where that is not the chain, -1 with an error. */
static int visit_names(const struct journal *journal, const struct journal_file *file, struct journal_cursor cursor,
	journal_visit *visit, void *context, struct error *error)
{
	struct journal_record record;
	struct buffer buffer;
	int result = 1;
	buffer_init(&buffer, JOURNAL_NAME_MAX + 1);
	while (result == 1 && cursor.offset < file->head.tail) {
		result = journal_file_next(file, &cursor, JOURNAL_NAMES, &buffer, &record);
		if (result == -1)
			journal_fail(journal, "read", error);
		else if (result == 1 && visit(record.file.data, context, error) == -1)
			result = -1;
	}
	buffer_release(&buffer);
	return result == 1 ? cursor.offset == file->head.tail && cursor.chain == file->head.chain : result;
}

static int visit_changes(struct journal *journal, const struct journal_position *from, journal_visit *visit,
	void *context, struct error *error)
{
	const struct journal_file *file = &journal->files[journal->current],
				  *other = &journal->files[1 - journal->current];
	struct journal_cursor cursor = {from->offset, from->checksum};
	if (from->foreign != file->head.foreign)
		return 0;
	if (from->generation == file->head.generation)
		return visit_names(journal, file, cursor, visit, context, error);
	if (other->fd == -1 || from->generation != other->head.generation ||
		file->head.generation != other->head.generation + 1)
		return 0;
	int result = visit_names(journal, other, cursor, visit, context, error);
	cursor = (struct journal_cursor){JOURNAL_START, file->head.first};
	return result == 1 ? visit_names(journal, file, cursor, visit, context, error) : result;
}

int journal_changes_since(struct journal *journal, struct journal_position *from, journal_visit *visit, void *context,
	struct error *error)
{
	if (journal->current == -1)
		return 0;
	/* Noted, so that the next one who asks learns of it. */
	journal_begin(journal);
	bool foreign = journal->foreign;
	if (foreign)
		journal_end(journal, JOURNAL_DONE);
	int result = foreign ? 0 : visit_changes(journal, from, visit, context, error);
	if (result != -1)
		journal_position(journal, from);
	return result;
}

/* --- recovery --- */

struct walk {
	struct journal *journal;
	journal_find *find;
	void *context;
	struct error *error;
};

/* Visits what is behind a cursor, which ends where the chain does. */
static int walk_file(const struct walk *walk, unsigned i, struct journal_cursor *cursor)
{
	const struct journal_file *file = &walk->journal->files[i];
	struct journal_found found = {.file = i, .clean = (file->head.flags & JOURNAL_CLEAN) != 0};
	struct buffer buffer;
	int result;
	buffer_init(&buffer, JOURNAL_RECORD_MAX + JOURNAL_NAME_MAX + 1);
	for (;;) {
		uint64_t offset = cursor->offset;
		result = journal_file_next(file, cursor, JOURNAL_WHOLE, &buffer, &found.record);
		if (result != 1)
			break;
		found.text_offset = journal_file_text_offset(offset, found.record.file);
		if (found.record.time > walk->journal->time)
			walk->journal->time = found.record.time;
		result = walk->find(&found, walk->context, walk->error);
		if (result == -1)
			goto out;
	}
	if (result == -1)
		journal_fail(walk->journal, "read", walk->error);
out:
	buffer_release(&buffer);
	return result;
}

int journal_note_crash(struct journal *journal, int64_t *modified, struct error *error)
{
	struct journal_file *file = &journal->files[journal->current];
	*modified = file->head.crashed != 0 ? file->head.crashed : journal_groups_modified(journal);
	if (file->head.crashed != 0 || journal->state != JOURNAL_CRASHED || journal->unwritable)
		return 0;
	file->head.crashed = *modified;
	return journal_file_store(file) == -1 || journal_sync_file(file) == -1 ? journal_fail(journal, "write", error)
									       : 0;
}

int journal_walk(
	struct journal *journal, journal_find *find, bool *ended, int64_t *after, void *context, struct error *error)
{
	const struct walk walk = {journal, find, context, error};
	const struct journal_file *file = &journal->files[journal->current];
	int other = 1 - journal->current;
	struct journal_cursor cursor;
	*ended = false;
	*after = file->head.modified;
	if (journal->state == JOURNAL_INTERRUPTED)
		return walk_file(&walk, (unsigned)journal->current, &journal->end);
	if (journal->files[other].fd != -1) {
		cursor = (struct journal_cursor){JOURNAL_START, journal->files[other].head.first};
		if (walk_file(&walk, (unsigned)other, &cursor) == -1)
			return -1;
	}
	cursor = (struct journal_cursor){JOURNAL_START, file->head.first};
	if (walk_file(&walk, (unsigned)journal->current, &cursor) == -1)
		return -1;
	*ended = cursor.offset == file->head.tail && cursor.chain == file->head.chain;
	return 0;
}

int journal_read_text(
	const struct journal *journal, const struct journal_found *found, struct buffer *text, struct error *error)
{
	buffer_clear(text);
	if (buffer_reserve(text, found->record.text.len) == -1)
		return error_set_memory(error);
	while (text->len < found->record.text.len) {
		ssize_t got = pread(journal->files[found->file].fd, text->data + text->len,
			found->record.text.len - text->len, (off_t)(found->text_offset + text->len));
		if (got == -1 && errno == EINTR)
			continue;
		if (got <= 0)
			return journal_fail(journal, "read", error);
		text->len += (size_t)got;
	}
	return 0;
}

int journal_sync(struct journal *journal, struct error *error)
{
	return journal_sync_file(&journal->files[journal->current]) == -1 ? journal_fail(journal, "sync", error) : 0;
}

int journal_recovered(struct journal *journal, struct error *error)
{
	if (journal->state != JOURNAL_INTERRUPTED) {
		if (journal_restart(journal) == -1)
			return journal_fail(journal, "renew", error);
		journal->unwritten = false;
	} else {
		/* What else happened to groups/ meanwhile can't be told from what the killed writer did. */
		journal->logged = journal->foreign = true;
		journal->files[journal->current].head.flags |= JOURNAL_AWAITED;
		journal_end(journal, JOURNAL_DONE);
	}
	journal->state = journal->current == -1 ? JOURNAL_NONE : JOURNAL_READY;
	return 0;
}
