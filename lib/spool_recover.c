#include "spool_recover.h"

#include <bsd/sys/tree.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"
#include "spool_temporary.h"
#include "text.h"

/* What the journal says last of a name. */
struct change {
	RB_ENTRY(change) link;	   /* by name */
	struct slice file;	   /* NUL-terminated */
	bool stated;		   /* there is a PUT or a DELETE */
	bool touched;		   /* and a TOUCH after it, or alone */
	struct journal_found base; /* the PUT or the DELETE; its slices but for the lengths are not valid */
	uint64_t number;	   /* of that record, from 1 */
	struct file_id id;	   /* of the TOUCH */
};

RB_HEAD(change_tree, change);

struct recovery {
	struct spool *spool;
	struct change_tree changes;
	int64_t crashed;   /* the time of modification of groups/ that the crash left */
	uint64_t count;	   /* of records */
	uint64_t batch;	   /* the number of records before the batch of the last one */
	int64_t before;	   /* of the last record */
	int64_t latest;	   /* of all these times */
	uint64_t in_place; /* so many of the first records are in place for certain, but for the contents of files */
	bool dry;	   /* change nothing */
	bool due;	   /* something would have to be changed */
};

static int compare_changes(const struct change *a, const struct change *b)
{
	return slice_compare(a->file, b->file);
}

RB_GENERATE_INTERNAL(change_tree, change, link, compare_changes, __attribute__((unused)) static)

static struct change *get_change(struct recovery *recovery, struct slice file, struct error *error)
{
	struct change key = {.file = file};
	struct change *change = RB_FIND(change_tree, &recovery->changes, &key);
	if (change != NULL)
		return change;
	change = calloc(1, sizeof(*change) + file.len + 1);
	if (change == NULL) {
		error_set_memory(error);
		return NULL;
	}
	memcpy(change + 1, file.data, file.len);
	change->file = slice_make((const char *)(change + 1), file.len);
	RB_INSERT(change_tree, &recovery->changes, change);
	return change;
}

static void free_changes(struct recovery *recovery)
{
	struct change *change, *next;
	RB_FOREACH_SAFE(change, change_tree, &recovery->changes, next)
	{
		RB_REMOVE(change_tree, &recovery->changes, change);
		free(change);
	}
}

/* Changes of a directory reach the disk in their order: where groups/ has a later time than it had after some batch,
 * all of that batch and of those before it are there. Later than all such times so far, since clocks may be set back.
 */
static void note_batch(struct recovery *recovery, int64_t after, uint64_t records)
{
	if (recovery->latest < after)
		recovery->latest = after;
	if (recovery->crashed > recovery->latest)
		recovery->in_place = records;
}

static int note_record(const struct journal_found *found, void *context, struct error *error)
{
	struct recovery *recovery = context;
	struct change *change = get_change(recovery, found->record.file, error);
	if (change == NULL)
		return -1;
	if (recovery->count == 0 || found->record.before != recovery->before)
		recovery->batch = recovery->count;
	recovery->before = found->record.before;
	note_batch(recovery, found->record.before, recovery->batch);
	recovery->count++;
	change->touched = found->record.kind == JOURNAL_TOUCH;
	if (change->touched) {
		change->id = found->record.id;
	} else {
		change->stated = true;
		change->base = *found;
		change->number = recovery->count;
	}
	return 0;
}

enum contents {
	CONTENTS_SAME,
	CONTENTS_DAMAGED, /* the same, but cut or with zeros in the place of bytes */
	CONTENTS_OTHER,
};

static enum contents compare_contents(struct slice there, struct slice wanted)
{
	enum contents result = there.len == wanted.len ? CONTENTS_SAME : CONTENTS_DAMAGED;
	if (there.len > wanted.len)
		return CONTENTS_OTHER;
	for (size_t i = 0; i < there.len; i++) {
		if (there.data[i] == wanted.data[i])
			continue;
		if (there.data[i] != '\0')
			return CONTENTS_OTHER;
		result = CONTENTS_DAMAGED;
	}
	return result;
}

static int compare_file(
	struct recovery *recovery, const struct change *change, enum contents *contents, struct error *error)
{
	struct buffer wanted, there;
	struct file_id id;
	int result = -1;
	buffer_init(&wanted, JOURNAL_RECORD_MAX);
	buffer_init(&there, change->base.record.text.len);
	*contents = CONTENTS_OTHER;
	int read = spool_read(recovery->spool, change->file.data, &there, &id, error);
	if (read == -1 && error->kind != ERROR_TOO_LARGE)
		goto out;
	result = 0;
	if (read == 1) {
		result = journal_read_text(&recovery->spool->journal, &change->base, &wanted, error);
		*contents = compare_contents(buffer_slice(&there), buffer_slice(&wanted));
	}
out:
	buffer_release(&wanted);
	buffer_release(&there);
	return result;
}

enum remedy {
	REMEDY_NONE,
	REMEDY_WRITE,
	REMEDY_REMOVE,
};

/* Whether the file is what is left of one that was written without the journal's keeping it. */
static bool is_cut(const struct change *change, const struct stat *status)
{
	struct file_id id = file_identify(status);
	bool ours = id.inode == change->id.inode && id.modified == change->id.modified;
	return change->touched && (id.size == 0 || ours) && id.size < change->id.size;
}

/* Whether a file was there before the last record of its name, as far as times tell. */
static bool is_older(const struct change *change, const struct stat *status, bool in_place)
{
	return change->stated && !in_place && clock_from(&status->st_ctim) <= change->base.record.time;
}

/*
 * Whether a file whose bytes are not those of its PUT is what was there before, rather than what somebody made of it
 * later. Old files are written anew under other names (spool_temporary.h), so that after a crash the bytes may be of
 * another group, and younger than the record. The file that the record is of has old bytes where the new ones had not
 * been written, and a later time only where somebody wrote into it. Another file is an old one unless the change of the
 * directory that put the right one there has reached the disk.
 */
static bool is_stale(
	const struct recovery *recovery, const struct change *change, const struct stat *status, bool in_place)
{
	const struct file_id *wanted = &change->base.record.id;
	struct file_id id = file_identify(status);
	if (id.inode == wanted->inode)
		return id.modified <= wanted->modified;
	bool crashed = recovery->spool->journal.state == JOURNAL_CRASHED;
	return crashed ? !in_place : is_older(change, status, in_place);
}

static int choose_remedy(
	struct recovery *recovery, const struct change *change, enum remedy *remedy, struct error *error)
{
	struct stat status;
	enum contents contents;
	bool put = change->stated && change->base.record.kind == JOURNAL_PUT;
	bool in_place = change->base.clean || change->number <= recovery->in_place;
	*remedy = REMEDY_NONE;
	if (fstatat(recovery->spool->groups, change->file.data, &status, AT_SYMLINK_NOFOLLOW) == -1) {
		if (!file_is_absent(errno))
			return error_set_errno(error, ERROR_IO, "can't look at %s in the spool %s",
				quote(change->file).text, recovery->spool->path);
		if (put && !in_place)
			*remedy = REMEDY_WRITE;
		return 0;
	}
	/* What pgw never makes is somebody else's. */
	if (!S_ISREG(status.st_mode))
		return 0;
	if (is_cut(change, &status)) {
		*remedy = put ? REMEDY_WRITE : REMEDY_REMOVE;
		return 0;
	}
	if (!put) {
		*remedy = is_older(change, &status, in_place) ? REMEDY_REMOVE : REMEDY_NONE;
		return 0;
	}
	if (compare_file(recovery, change, &contents, error) == -1)
		return -1;
	/* What the kernel shows may be in memory alone, and never be written; who changes nothing may take it. */
	bool unwritten = journal_is_lost(&recovery->spool->journal) && !change->base.clean && !recovery->dry;
	if (contents == CONTENTS_DAMAGED || (contents == CONTENTS_SAME && unwritten) ||
		(contents == CONTENTS_OTHER && is_stale(recovery, change, &status, in_place)))
		*remedy = REMEDY_WRITE;
	return 0;
}

/* Writes into the file, which has that text, the same once more; its times stay what they are. False where it has
 * another one by now, or can't be written. */
static bool overwrite(const struct spool *spool, const char *file, struct slice text)
{
	struct stat status;
	struct buffer there;
	int fd = openat(spool->groups, file, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	buffer_init(&there, text.len);
	bool done = fd != -1 && fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && buffer_read_fd(&there, fd) == 0 &&
		    slice_equal(buffer_slice(&there), text) && lseek(fd, 0, SEEK_SET) == 0 &&
		    file_write_all(fd, text) == 0 &&
		    futimens(fd, (const struct timespec[]){{.tv_nsec = UTIME_OMIT}, status.st_mtim}) == 0;
	buffer_release(&there);
	file_close(fd);
	return done;
}

static int write_again(struct recovery *recovery, const struct change *change, struct error *error)
{
	struct spool *spool = recovery->spool;
	struct buffer text;
	struct file_id id;
	unsigned number;
	buffer_init(&text, JOURNAL_RECORD_MAX);
	int result = journal_read_text(&spool->journal, &change->base, &text, error);
	if (result == 0 && (spool_temporary_write(spool, buffer_slice(&text), &number, &id) == -1 ||
				   spool_temporary_place(spool, number, change->file.data, false) == -1)) {
		result = error_set_errno(
			error, ERROR_IO, "can't recover %s in the spool %s", quote(change->file).text, spool->path);
		/* On a full disk there is room for what is there already. */
		if (error->kind == ERROR_FULL && overwrite(spool, change->file.data, buffer_slice(&text)))
			result = 0;
	}
	buffer_release(&text);
	return result;
}

static int recover_change(struct recovery *recovery, const struct change *change, struct error *error)
{
	enum remedy remedy;
	if (choose_remedy(recovery, change, &remedy, error) == -1)
		return -1;
	recovery->due |= remedy != REMEDY_NONE;
	if (recovery->dry || remedy == REMEDY_NONE)
		return 0;
	if (remedy == REMEDY_WRITE)
		return write_again(recovery, change, error);
	if (unlinkat(recovery->spool->groups, change->file.data, 0) == 0 || errno == ENOENT)
		return 0;
	return error_set_errno(
		error, ERROR_IO, "can't recover %s in the spool %s", quote(change->file).text, recovery->spool->path);
}

static int recover(struct recovery *recovery, struct error *error)
{
	struct journal *journal = &recovery->spool->journal;
	struct change *change;
	struct error unused;
	bool ended;
	int64_t after;
	int result = journal_note_crash(journal, &recovery->crashed, error);
	/* On a full disk there may be no room for anything else before that. */
	if (result == 0 && !recovery->dry)
		spool_temporary_sweep(recovery->spool, journal->state == JOURNAL_CRASHED, &unused);
	if (result == 0)
		result = journal_walk(journal, note_record, &ended, &after, recovery, error);
	if (result == 0 && ended)
		note_batch(recovery, after, recovery->count);
	if (journal->state == JOURNAL_UNWRITTEN)
		recovery->in_place = recovery->count;
	/* Before an old version, which may be durable, gives way. */
	if (result == 0 && journal->state == JOURNAL_INTERRUPTED && !recovery->dry)
		result = journal_sync(journal, error);
	for (change = RB_MIN(change_tree, &recovery->changes); result == 0 && change != NULL;
		change = RB_NEXT(change_tree, &recovery->changes, change))
		result = recover_change(recovery, change, error);
	free_changes(recovery);
	return result;
}

int spool_recover(struct spool *spool, struct error *error)
{
	struct recovery recovery;
	/* Twice, since a writer may have been killed while the disk failed. */
	for (unsigned i = 0; i < 2; i++) {
		if (journal_look(&spool->journal, error) == -1)
			return -1;
		if (spool->journal.state == JOURNAL_NONE || spool->journal.state == JOURNAL_READY)
			return 0;
		recovery = (struct recovery){.spool = spool, .changes = RB_INITIALIZER(&recovery.changes)};
		if (recover(&recovery, error) == -1 || journal_recovered(&spool->journal, error) == -1)
			return -1;
	}
	return 0;
}

int spool_recover_check(struct spool *spool, struct error *error)
{
	struct recovery recovery = {.spool = spool, .changes = RB_INITIALIZER(&recovery.changes), .dry = true};
	if (journal_look(&spool->journal, error) == -1)
		return -1;
	if (spool->journal.state != JOURNAL_CRASHED)
		return 0;
	if (recover(&recovery, error) == -1)
		return -1;
	if (!recovery.due)
		return 0;
	return error_set(error, ERROR_BUSY,
		"the system went down while the spool %s was in use: start pgw-serve, or push a group, to recover it",
		spool->path);
}
