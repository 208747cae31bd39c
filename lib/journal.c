#include "journal.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "clock.h"

#define BOOT_ID_FILE "/proc/sys/kernel/random/boot_id"

#define XFS_MAGIC 0x58465342 /* xfs.h is not everywhere */

#define SIZE_MAX_FIRST (64u << 20) /* a file is switched at that size, or at 1/64 of the file system's */
#define SIZE_SWITCH    (1u << 20)  /* or at that size, where it is of that age */
#define AGE_SWITCH     (10 * CLOCK_SECOND)
#define SHARE	       64
#define OVERDUE	       2 /* at so many times its size it is switched whatever it costs */

static const char *const file_names[JOURNAL_FILES] = {"journal.0", "journal.1"};

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

static int fail(const struct journal *journal, const char *doing, struct error *error)
{
	return error_set_errno(error, ERROR_IO, "can't %s the journal of the spool %s", doing, journal->path);
}

/* --- opening --- */

static void read_boot_id(struct journal *journal)
{
	int fd = open(BOOT_ID_FILE, O_RDONLY | O_CLOEXEC);
	ssize_t got = fd == -1 ? -1 : read(fd, journal->boot, sizeof(journal->boot) - 1);
	file_close(fd);
	journal->boot[got > 0 ? got : 0] = '\0';
	journal->boot[strcspn(journal->boot, "\n")] = '\0';
}

void journal_init(struct journal *journal, int directory, int groups, bool read_only, const char *path)
{
	struct statfs status;
	*journal = (struct journal){.directory = directory,
		.groups = groups,
		.path = path,
		.read_only = read_only,
		.files = {{.fd = -1}, {.fd = -1}},
		.current = -1};
	read_boot_id(journal);
	if (fstatfs(groups, &status) == -1)
		return;
	for (size_t i = 0; i < sizeof(file_systems) / sizeof(file_systems[0]); i++) {
		if (file_systems[i].magic == (unsigned long)status.f_type && journal->boot[0] != '\0')
			journal->support = file_systems[i].support;
	}
	uint64_t share = (uint64_t)status.f_blocks * (uint64_t)status.f_bsize / SHARE;
	journal->size_max = share < SIZE_SWITCH ? SIZE_SWITCH : share < SIZE_MAX_FIRST ? share : SIZE_MAX_FIRST;
}

void journal_release(struct journal *journal)
{
	for (size_t i = 0; i < JOURNAL_FILES; i++)
		journal->files[i].fd = file_close(journal->files[i].fd);
	journal->current = -1;
}

/* Opens a file that may not be there. One that may not be written is read at least. */
static int open_file(struct journal *journal, size_t i, struct error *error)
{
	const int flags = O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY;
	struct journal_file *file = &journal->files[i];
	struct stat status;
	file->fd = journal->read_only ? -1 : openat(journal->directory, file_names[i], O_RDWR | flags);
	if (file->fd == -1 && (journal->read_only || errno == EACCES || errno == EROFS || errno == EPERM)) {
		journal->unwritable = true;
		file->fd = openat(journal->directory, file_names[i], O_RDONLY | flags);
	}
	if (file->fd == -1 && errno == ENOENT)
		return 0;
	/* What may not be read is left to those who may. */
	bool other = file->fd == -1 && (errno == ELOOP || errno == EISDIR || errno == ENXIO || errno == EACCES);
	if (file->fd == -1 && !other)
		return fail(journal, "open", error);
	if (!other && fstat(file->fd, &status) == -1)
		return fail(journal, "read", error);
	int right = other || !S_ISREG(status.st_mode) ? 0 : journal_file_load(file);
	if (right == -1)
		return fail(journal, "read", error);
	if (right == 0) {
		journal->damaged = true;
		file->fd = file_close(file->fd);
	} else {
		file->size = (uint64_t)status.st_size;
	}
	return 0;
}

/* Whether the file is the one of its name still, and goes on; reads its head anew. */
static bool is_current(struct journal *journal)
{
	struct stat ours, present;
	if (journal->current == -1 || journal->read_only)
		return false;
	struct journal_file *file = &journal->files[journal->current];
	if (fstat(file->fd, &ours) == -1 ||
		fstatat(journal->directory, file_names[journal->current], &present, AT_SYMLINK_NOFOLLOW) == -1 ||
		ours.st_ino != present.st_ino || ours.st_dev != present.st_dev || journal_file_load(file) != 1)
		return false;
	file->size = (uint64_t)ours.st_size;
	return (file->head.flags & JOURNAL_CLOSED) == 0;
}

static int open_files(struct journal *journal, struct error *error)
{
	journal_release(journal);
	journal->unwritable = journal->damaged = false;
	for (size_t i = 0; i < JOURNAL_FILES; i++)
		if (open_file(journal, i, error) == -1)
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

static struct journal_cursor tail_of(const struct journal_file *file)
{
	return (struct journal_cursor){file->head.tail, file->head.chain};
}

/* Whether a whole record is behind the tail. */
static int has_more(struct journal *journal, const struct journal_file *file, struct error *error)
{
	struct journal_cursor cursor = tail_of(file);
	struct journal_record record;
	struct buffer buffer;
	buffer_init(&buffer, JOURNAL_RECORD_MAX + JOURNAL_NAME_MAX + 1);
	int result = journal_file_next(file, &cursor, JOURNAL_WHOLE, &buffer, &record);
	buffer_release(&buffer);
	return result == -1 ? fail(journal, "read", error) : result;
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
	if (is_of_other_boot(journal, &journal->files[0]) || is_of_other_boot(journal, &journal->files[1])) {
		journal->state = JOURNAL_CRASHED;
		return 0;
	}
	const struct journal_file *file = &journal->files[journal->current];
	int more = file->head.flags & JOURNAL_BROKEN ? 0 : has_more(journal, file, error);
	if (more == 1)
		journal->state = JOURNAL_INTERRUPTED;
	journal->end = tail_of(file);
	journal->time = file->head.time;
	return more == -1 ? -1 : 0;
}

/* --- generations --- */

static int64_t groups_modified(const struct journal *journal)
{
	struct stat status;
	return fstat(journal->groups, &status) == -1 ? 0 : clock_from(&status.st_mtim);
}

/* Makes all that was ever changed durable. Errors are told by errno, here and below. */
static int sync_all(const struct journal *journal)
{
	return syncfs(journal->groups);
}

/* Starts a generation in a file whose records are needed no more. */
static int begin_generation(struct journal *journal, int i)
{
	struct journal_file *file = &journal->files[i];
	const struct journal_file *last = journal->current == -1 ? file : &journal->files[journal->current];
	struct journal_head head = {.generation = last->head.generation + 1,
		.began = clock_wall(),
		.time = last->head.time,
		.modified = last->head.modified,
		.foreign = last->head.foreign,
		.flags = file->head.flags & JOURNAL_ANCHORED};
	memcpy(head.boot, journal->boot, sizeof(head.boot));
	file->head = head;
	journal->current = i;
	if (journal_file_begin(file) == -1)
		return -1;
	journal->end = tail_of(file);
	return 0;
}

static int sync_file(const struct journal_file *file)
{
	int result;
	do {
		result = fdatasync(file->fd);
	} while (result == -1 && errno == EINTR);
	return result;
}

/* Forgets all records of the current file, durably, all they speak of being durable. */
static int renew(struct journal *journal)
{
	return sync_all(journal) == -1 || begin_generation(journal, journal->current) == -1
		       ? -1
		       : sync_file(&journal->files[journal->current]);
}

/* Whoever may write the directory shall be able to write the file: it gets the directory's rights to write, and where
 * we may give it away its owner, too. Failing that is no harm: see replace_files(). */
static void inherit_rights(const struct journal *journal, int fd)
{
	struct stat directory, file;
	if (fstat(journal->directory, &directory) == -1 || fstat(fd, &file) == -1)
		return;
	if ((file.st_uid != directory.st_uid || file.st_gid != directory.st_gid) &&
		fchown(fd, directory.st_uid, directory.st_gid) == -1)
		return;
	mode_t mode = (file.st_mode & ALLPERMS) | (directory.st_mode & (S_IWGRP | S_IWOTH));
	if (mode != (file.st_mode & ALLPERMS))
		fchmod(fd, mode);
}

static int create_file(struct journal *journal, int i)
{
	struct journal_file *file = &journal->files[i];
	*file = (struct journal_file){.fd = openat(journal->directory, file_names[i],
					      O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, FILE_MODE)};
	if (file->fd == -1)
		return -1;
	inherit_rights(journal, file->fd);
	if (begin_generation(journal, i) == 0)
		return 0;
	int number = errno;
	file->fd = file_close(file->fd);
	unlinkat(journal->directory, file_names[i], 0);
	journal->current = -1;
	errno = number;
	return -1;
}

static int find_any(const char *name, void *context, struct error *error)
{
	*(bool *)context |= name[0] != '.';
	return *(bool *)context ? -1 : 0;
}

/* Whether there is nothing in groups/ that a journal could have spoken of, as in a new spool. */
static bool is_empty(const struct journal *journal)
{
	struct error unused;
	bool found = false;
	return directory_list(journal->groups, "", find_any, &found, &unused) == 0 && !found;
}

/* Removes files that this process can't use, when nothing depends on them any more. */
static int remove_files(struct journal *journal)
{
	journal_release(journal);
	if (faccessat(journal->directory, ".", W_OK, AT_EACCESS) == -1 || sync_all(journal) == -1)
		return -1;
	for (size_t i = 0; i < JOURNAL_FILES; i++)
		if (unlinkat(journal->directory, file_names[i], 0) == -1 && errno != ENOENT)
			return -1;
	journal->unwritable = journal->damaged = false;
	return file_sync(journal->directory);
}

/* The first file of a journal. Where one was there before, it may have been deleted by hand, with records in it. */
static int create(struct journal *journal)
{
	if (!is_empty(journal) && sync_all(journal) == -1)
		return -1;
	return create_file(journal, 0);
}

/* Where the journal keeps nothing, nothing has to be clean. */
static bool is_clean(const struct journal *journal, const struct journal_file *file)
{
	return file->fd == -1 || journal->support != JOURNAL_KEEPS || (file->head.flags & JOURNAL_CLEAN) != 0;
}

/* The old file is closed first, so that no process takes it for the current one when this is cut short. */
static int switch_files(struct journal *journal)
{
	int next = 1 - journal->current;
	struct journal_file *old = &journal->files[journal->current], *file = &journal->files[next];
	old->head.flags |= JOURNAL_CLOSED;
	if (journal_file_store(old) == -1)
		return -1;
	if (file->fd != -1)
		return begin_generation(journal, next);
	int last = journal->current;
	if (create_file(journal, next) == 0)
		return 0;
	int number = errno;
	journal->current = last;
	old->head.flags &= ~(uint64_t)JOURNAL_CLOSED;
	journal_file_store(old);
	errno = number;
	return -1;
}

/* Closed and without a successor: who switched was killed, or the other file is gone with what was in it. */
static int continue_switch(struct journal *journal)
{
	if (sync_all(journal) == -1)
		return -1;
	journal->files[journal->current].head.flags |= JOURNAL_CLEAN;
	return switch_files(journal);
}

static bool is_due(const struct journal *journal, const struct journal_head *head)
{
	int64_t age = clock_wall() - head->began;
	return head->tail > journal->size_max || (head->tail > SIZE_SWITCH && (age > AGE_SWITCH || age < 0));
}

/* Where it fails, the file just grows on. */
static void switch_where_due(struct journal *journal)
{
	struct error unused;
	struct journal_file *file = &journal->files[journal->current], *other = &journal->files[1 - journal->current];
	if (!is_due(journal, &file->head))
		return;
	/* It may have become clean, or have been deleted. */
	other->fd = file_close(other->fd);
	if (open_file(journal, (size_t)(1 - journal->current), &unused) == -1 || journal->damaged)
		return;
	if (!is_clean(journal, other) && file->head.tail > OVERDUE * journal->size_max && sync_all(journal) == 0)
		other->head.flags |= JOURNAL_CLEAN;
	if (is_clean(journal, other))
		switch_files(journal);
}

/* Gets a current file that records can be appended to. 1; 0 where there is none and none can be made; -1 with errno
 * where there is one that stands against what is to be done. */
static int prepare(struct journal *journal)
{
	if (journal->unwritable || journal->damaged ||
		(journal->support == JOURNAL_UNSUPPORTED && journal->current != -1)) {
		if (remove_files(journal) == -1)
			return -1;
	}
	if (journal->support == JOURNAL_UNSUPPORTED)
		return 0;
	if (journal->current == -1)
		return create(journal) == 0;
	const struct journal_head *head = &journal->files[journal->current].head;
	if (head->flags & JOURNAL_CLOSED)
		return continue_switch(journal) == 0 ? 1 : -1;
	if (head->flags & JOURNAL_BROKEN)
		return renew(journal) == 0 ? 1 : -1;
	switch_where_due(journal);
	return 1;
}

/* --- writing --- */

void journal_begin(struct journal *journal)
{
	journal->logged = false;
	journal->foreign =
		journal->current != -1 && groups_modified(journal) != journal->files[journal->current].head.modified;
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
	if (renew(journal) == -1)
		return -1;
	return need <= JOURNAL_RECORD_MAX && journal_file_reserve(file, journal->end.offset + need) == 0;
}

static int write_records(struct journal *journal, const struct journal_record *records, size_t count, bool sync)
{
	struct journal_file *file = &journal->files[journal->current];
	struct journal_cursor end = journal->end;
	int result = journal_file_append(file, &end, &journal->time, records, count);
	if (result == 0 && (!sync || sync_file(file) == 0)) {
		journal->end = end;
		journal->logged = true;
		return 0;
	}
	if (!sync)
		return -1;
	/* What is on disk nobody knows. */
	int number = errno;
	journal_file_cut(file, &journal->end);
	file->head.flags |= JOURNAL_BROKEN;
	journal_file_store(file);
	if (renew(journal) == 0)
		journal->logged = false;
	errno = number;
	return -1;
}

/* The times of records follow whatever times files and directories may have, so that a file that is older than a record
 * can be told even where the clock was set back. */
static void set_times(struct journal *journal, struct journal_record *records, size_t count)
{
	const struct journal_head *head = &journal->files[journal->current].head;
	int64_t modified = groups_modified(journal);
	if (journal->time < head->time)
		journal->time = head->time;
	if (journal->time < modified)
		journal->time = modified;
	for (size_t i = 0; i < count; i++)
		records[i].before = head->modified;
}

static int log_durably(struct journal *journal, struct journal_record *records, size_t count, struct error *error)
{
	struct journal_file *file = &journal->files[journal->current];
	if (anchor(journal, file) == -1)
		return fail(journal, "write", error);
	int room = make_room(journal, journal_file_need(records, count));
	if (room == -1)
		return fail(journal, "write", error);
	if (room == 0) {
		journal->foreign = true;
		return 1;
	}
	set_times(journal, records, count);
	return write_records(journal, records, count, true) == -1 ? fail(journal, "write", error) : 0;
}

int journal_log(struct journal *journal, struct journal_record *records, size_t count, bool sync, struct error *error)
{
	int ready = prepare(journal);
	if (ready == -1)
		return fail(journal, "write", error);
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
	file->head.modified = groups_modified(journal);
	journal->logged = journal->foreign = false;
	if (end == JOURNAL_UNDONE)
		file->head.flags |= JOURNAL_BROKEN;
	journal_file_store(file);
	if (end == JOURNAL_UNDONE)
		renew(journal);
}

bool journal_unclean(const struct journal *journal, uint64_t *generation)
{
	if (journal->current == -1 || is_clean(journal, &journal->files[1 - journal->current]))
		return false;
	*generation = journal->files[1 - journal->current].head.generation;
	return true;
}

void journal_set_clean(struct journal *journal, uint64_t generation)
{
	if (journal->current == -1 || journal->unwritable)
		return;
	struct journal_file *file = &journal->files[1 - journal->current];
	if (file->fd == -1 || journal_file_load(file) != 1 || file->head.generation != generation)
		return;
	file->head.flags |= JOURNAL_CLEAN;
	journal_file_store(file);
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
			fail(journal, "read", error);
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
		fail(walk->journal, "read", walk->error);
out:
	buffer_release(&buffer);
	return result;
}

int journal_note_crash(struct journal *journal, int64_t *modified, struct error *error)
{
	struct journal_file *file = &journal->files[journal->current];
	*modified = file->head.crashed != 0 ? file->head.crashed : groups_modified(journal);
	if (file->head.crashed != 0 || journal->state != JOURNAL_CRASHED || journal->unwritable)
		return 0;
	file->head.crashed = *modified;
	return journal_file_store(file) == -1 || sync_file(file) == -1 ? fail(journal, "write", error) : 0;
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
			return fail(journal, "read", error);
		text->len += (size_t)got;
	}
	return 0;
}

int journal_sync(struct journal *journal, struct error *error)
{
	return sync_file(&journal->files[journal->current]) == -1 ? fail(journal, "sync", error) : 0;
}

/* The older file first: where this is cut short, the other one still says that there was a crash. */
static int restart(struct journal *journal)
{
	int current = journal->current;
	if (journal->support == JOURNAL_UNSUPPORTED || journal->unwritable)
		return remove_files(journal);
	if (sync_all(journal) == -1)
		return -1;
	if (journal->files[1 - current].fd != -1) {
		struct journal_file *other = &journal->files[1 - current];
		if (begin_generation(journal, 1 - current) == -1)
			return -1;
		other->head.flags |= JOURNAL_CLOSED | JOURNAL_CLEAN;
		if (journal_file_store(other) == -1 || sync_file(other) == -1)
			return -1;
	}
	if (begin_generation(journal, current) == -1)
		return -1;
	journal->files[current].head.foreign++;
	journal->files[current].head.modified = groups_modified(journal);
	return journal_file_store(&journal->files[current]) == -1 ? -1 : sync_file(&journal->files[current]);
}

int journal_recovered(struct journal *journal, struct error *error)
{
	if (journal->state == JOURNAL_CRASHED) {
		if (restart(journal) == -1)
			return fail(journal, "renew", error);
	} else {
		journal->logged = true;
		journal_end(journal, JOURNAL_DONE);
	}
	journal->state = journal->current == -1 ? JOURNAL_NONE : JOURNAL_READY;
	return 0;
}
