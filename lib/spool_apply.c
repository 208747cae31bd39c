#include "spool.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "spool_temporary.h"

#define ROUND_BYTES (16u << 20) /* of text; one change may have more */

/* How the changes of a round become durable. */
enum way {
	WAY_FAILED,  /* they don't: all have failed */
	WAY_LAZY,    /* when the system gets around to it */
	WAY_JOURNAL, /* they are in the journal already */
	WAY_FILES,   /* by syncing each file, and groups/ in the end */
};

static void fail(const struct spool *spool, struct spool_change *change, const char *doing)
{
	change->failed = true;
	error_set_errno(&change->error, ERROR_IO, "can't %s %s in the spool %s", doing, change->file.data, spool->path);
}

static bool is_put(const struct spool_change *change)
{
	return change->text.data != NULL;
}

/* What a name in one directory can't be has an errno. */
static int check_name(const struct spool_change *change)
{
	bool foreign = memchr(change->file.data, '/', change->file.len) != NULL;
	if (change->file.len > 0 && change->file.len <= JOURNAL_NAME_MAX && !foreign)
		return 0;
	errno = change->file.len > JOURNAL_NAME_MAX ? ENAMETOOLONG : ENOENT;
	return -1;
}

/* How many of the changes are made together. */
static size_t take_round(const struct spool_change *changes, size_t count)
{
	size_t bytes = 0, taken = 0;
	while (taken < count && taken < JOURNAL_RECORDS_MAX) {
		bytes += changes[taken].text.len;
		if (taken > 0 && bytes > ROUND_BYTES)
			break;
		taken++;
	}
	return taken;
}

static void write_temporaries(struct spool *spool, struct spool_change *changes, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct spool_change *change = &changes[i];
		if (check_name(change) == -1)
			fail(spool, change, is_put(change) ? "write" : "delete");
		else if (is_put(change) &&
			 spool_temporary_write(spool, change->text, &change->number, &change->id) == -1)
			fail(spool, change, "write");
	}
}

static size_t make_records(
	const struct spool_change *changes, size_t count, enum journal_kind put, struct journal_record *records)
{
	size_t made = 0;
	for (size_t i = 0; i < count; i++) {
		const struct spool_change *change = &changes[i];
		if (!change->failed)
			records[made++] = (struct journal_record){.kind = is_put(change) ? put : JOURNAL_DELETE,
				.file = change->file,
				.text = change->text,
				.id = change->id};
	}
	return made;
}

/* Fails what a round is left with, for one reason. */
static void fail_all(struct spool *spool, struct spool_change *changes, size_t count, const struct error *error)
{
	for (size_t i = 0; i < count; i++) {
		if (changes[i].failed)
			continue;
		if (is_put(&changes[i]))
			spool_temporary_remove(spool, changes[i].number);
		changes[i].failed = true;
		changes[i].error = *error;
	}
}

static enum way log_round(struct spool *spool, struct spool_change *changes, size_t count)
{
	struct journal_record records[JOURNAL_RECORDS_MAX];
	struct error error;
	bool keep = spool->options.sync && spool->journal.support == JOURNAL_KEEPS;
	size_t made = make_records(changes, count, keep ? JOURNAL_PUT : JOURNAL_TOUCH, records);
	if (made == 0)
		return WAY_FAILED;
	int logged = journal_log(&spool->journal, records, made, keep, &error);
	if (logged == -1) {
		fail_all(spool, changes, count, &error);
		return WAY_FAILED;
	}
	if (keep && logged == 0)
		return WAY_JOURNAL;
	return spool->options.sync ? WAY_FILES : WAY_LAZY;
}

static void sync_temporaries(struct spool *spool, struct spool_change *changes, size_t count)
{
	unsigned numbers[JOURNAL_RECORDS_MAX];
	struct spool_change *of[JOURNAL_RECORDS_MAX];
	size_t made = 0, failed;
	for (size_t i = 0; i < count; i++) {
		if (changes[i].failed || !is_put(&changes[i]))
			continue;
		numbers[made] = changes[i].number;
		of[made++] = &changes[i];
	}
	for (size_t at = 0; at < made && spool_temporary_sync(spool, numbers + at, made - at, &failed) == -1;) {
		at += failed;
		fail(spool, of[at], "write");
		spool_temporary_remove(spool, numbers[at++]);
	}
}

/* In the order given, so that the last of two changes of one file wins. */
static enum journal_end put_in_place(struct spool *spool, struct spool_change *changes, size_t count, enum way way)
{
	enum journal_end end = JOURNAL_DONE;
	for (size_t i = 0; i < count; i++) {
		struct spool_change *change = &changes[i];
		if (change->failed)
			continue;
		if (is_put(change) &&
			spool_temporary_place(spool, change->number, change->file.data, way != WAY_FILES) == -1)
			fail(spool, change, "write");
		else if (!is_put(change) && unlinkat(spool->groups, change->file.data, 0) == -1 && errno != ENOENT)
			fail(spool, change, "delete");
		if (change->failed)
			end = JOURNAL_UNDONE;
	}
	return end;
}

/* Whether groups/ is still to be synced. */
static bool apply_round(struct spool *spool, struct spool_change *changes, size_t count)
{
	journal_begin(&spool->journal);
	write_temporaries(spool, changes, count);
	if (spool->options.sync)
		journal_pause(&spool->journal);
	enum way way = log_round(spool, changes, count);
	if (way == WAY_FILES)
		sync_temporaries(spool, changes, count);
	if (spool->options.sync)
		journal_resume(&spool->journal);
	enum journal_end end = put_in_place(spool, changes, count, way);
	journal_end(&spool->journal, way == WAY_JOURNAL ? end : JOURNAL_DONE);
	return way == WAY_FILES;
}

static void sync_groups(const struct spool *spool, struct spool_change *changes, size_t count)
{
	bool changed = false;
	for (size_t i = 0; i < count; i++)
		changed |= !changes[i].failed;
	if (!changed || file_sync(spool->groups) == 0)
		return;
	int number = errno;
	for (size_t i = 0; i < count; i++) {
		errno = number;
		if (!changes[i].failed)
			fail(spool, &changes[i], "sync");
	}
}

void spool_apply(struct spool *spool, struct spool_change *changes, size_t count)
{
	bool unsynced = false;
	for (size_t i = 0; i < count; i++)
		changes[i].failed = false;
	for (size_t done = 0, taken; done < count; done += taken) {
		taken = take_round(changes + done, count - done);
		unsynced |= apply_round(spool, changes + done, taken);
	}
	if (unsynced)
		sync_groups(spool, changes, count);
}
