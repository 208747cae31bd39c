#include "journal_generation.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "clock.h"
#include "directory.h"

#define SIZE_SWITCH	JOURNAL_SIZE_MIN /* a file is switched at that size, where it is of that age */
#define AGE_SWITCH	(10 * CLOCK_SECOND)
#define WRITE_BACK_TIME (60 * CLOCK_SECOND) /* Linux: 30 s and a bit (vm.dirty_expire_centisecs) */
#define OVERDUE		2		    /* at so many times its full size it is switched whatever it costs */

const char *const journal_file_names[JOURNAL_FILES] = {"journal.0", "journal.1"};

int journal_fail(const struct journal *journal, const char *doing, struct error *error)
{
	return error_set_errno(error, ERROR_IO, "can't %s the journal of the spool %s", doing, journal->path);
}

int journal_open_file(struct journal *journal, size_t i, struct error *error)
{
	const int flags = O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY;
	struct journal_file *file = &journal->files[i];
	struct stat status;
	file->fd = journal->read_only ? -1 : openat(journal->directory, journal_file_names[i], O_RDWR | flags);
	if (file->fd == -1 && (journal->read_only || errno == EACCES || errno == EROFS || errno == EPERM)) {
		journal->unwritable = true;
		file->fd = openat(journal->directory, journal_file_names[i], O_RDONLY | flags);
	}
	if (file->fd == -1 && errno == ENOENT)
		return 0;
	/* What may not be read is left to those who may. */
	bool other = file->fd == -1 && (errno == ELOOP || errno == EISDIR || errno == ENXIO || errno == EACCES);
	if (file->fd == -1 && !other)
		return journal_fail(journal, "open", error);
	if (!other && fstat(file->fd, &status) == -1)
		return journal_fail(journal, "read", error);
	file->size = other ? 0 : (uint64_t)status.st_size;
	int right = other || !S_ISREG(status.st_mode) ? 0 : journal_file_load(file);
	if (right == -1)
		return journal_fail(journal, "read", error);
	if (right == 0) {
		journal->damaged = true;
		file->fd = file_close(file->fd);
	}
	return 0;
}

struct journal_cursor journal_tail(const struct journal_file *file)
{
	return (struct journal_cursor){file->head.tail, file->head.chain};
}

int64_t journal_groups_modified(const struct journal *journal)
{
	struct stat status;
	return fstat(journal->groups, &status) == -1 ? 0 : clock_from(&status.st_mtim);
}

/* On a disk that fails, or is read-only since then, storing it may fail, too: it is tried again by the next look. */
void journal_note_unwritten(struct journal *journal)
{
	struct journal_file *file = &journal->files[journal->current];
	file->head.flags |= JOURNAL_LOST;
	journal->unwritten = journal_file_store(file) == -1;
}

/* Makes all that was ever changed durable. Errors are told by errno, here and below. */
static int sync_all(struct journal *journal)
{
	if (syncfs(journal->groups) == 0)
		return 0;
	int number = errno;
	journal->unwritten = true;
	if (journal->current != -1)
		journal_note_unwritten(journal);
	errno = number;
	return -1;
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
	journal->end = journal_tail(file);
	return 0;
}

int journal_sync_file(const struct journal_file *file)
{
	int result;
	do {
		result = fdatasync(file->fd);
	} while (result == -1 && errno == EINTR);
	return result;
}

/* Broken until it is known to be on disk: what a failed sync has taken for clean may never get there. */
int journal_renew(struct journal *journal)
{
	struct journal_file *file = &journal->files[journal->current];
	if (sync_all(journal) == 0 && begin_generation(journal, journal->current) == 0 && journal_sync_file(file) == 0)
		return 0;
	int number = errno;
	file->head.flags |= JOURNAL_BROKEN;
	journal_file_store(file);
	errno = number;
	return -1;
}

/* Whoever may write the directory shall be able to write the file: it gets the directory's rights to write, and where
 * we may give it away its owner, too. Failing that is no harm: see remove_files(). */
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
	*file = (struct journal_file){.fd = openat(journal->directory, journal_file_names[i],
					      O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, FILE_MODE)};
	if (file->fd == -1)
		return -1;
	inherit_rights(journal, file->fd);
	if (begin_generation(journal, i) == 0)
		return 0;
	int number = errno;
	file->fd = file_close(file->fd);
	unlinkat(journal->directory, journal_file_names[i], 0);
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
		if (unlinkat(journal->directory, journal_file_names[i], 0) == -1 && errno != ENOENT)
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

/* Where the journal keeps nothing, nothing has to be clean. Where nobody waited for what it speaks of, the kernel
 * writes that back in time, and a sync in between would only hold up others. */
bool journal_is_clean(const struct journal *journal, const struct journal_file *file)
{
	if (file->fd == -1 || journal->support != JOURNAL_KEEPS || (file->head.flags & JOURNAL_CLEAN) != 0)
		return true;
	int64_t closed = journal->files[journal->current].head.began;
	return (file->head.flags & JOURNAL_AWAITED) == 0 && clock_wall() - closed > WRITE_BACK_TIME;
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

/* Tells others what journal_set_clean() said. */
static void store_clean(struct journal *journal)
{
	struct journal_file *file = &journal->files[1 - journal->current];
	uint64_t generation = journal->cleaned;
	journal->cleaned = 0;
	if (generation == 0 || file->fd == -1 || journal_file_load(file) != 1 || file->head.generation != generation)
		return;
	file->head.flags |= JOURNAL_CLEAN;
	journal_file_store(file);
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
	if (journal_open_file(journal, (size_t)(1 - journal->current), &unused) == -1 || journal->damaged)
		return;
	if (!journal_is_clean(journal, other) && file->head.tail > OVERDUE * journal->size_max &&
		sync_all(journal) == 0)
		other->head.flags |= JOURNAL_CLEAN;
	if (journal_is_clean(journal, other))
		switch_files(journal);
}

/* Gets a current file that records can be appended to. 1; 0 where there is none and none can be made; -1 with errno
 * where there is one that stands against what is to be done. */
int journal_prepare(struct journal *journal)
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
		return journal_renew(journal) == 0 ? 1 : -1;
	store_clean(journal);
	switch_where_due(journal);
	return 1;
}

/* The older file first: where this is cut short, the other one still says that there was a crash. */
int journal_restart(struct journal *journal)
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
		if (journal_file_store(other) == -1 || journal_sync_file(other) == -1)
			return -1;
	}
	if (begin_generation(journal, current) == -1)
		return -1;
	journal->files[current].head.foreign++;
	journal->files[current].head.modified = journal_groups_modified(journal);
	return journal_file_store(&journal->files[current]) == -1 ? -1 : journal_sync_file(&journal->files[current]);
}
