#include "spools.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "journals.h"

const struct spool_options defaults = SPOOL_OPTIONS_DEFAULT;
const struct spool_options no_sync = {.create = true, .lock_timeout = 10000};
const struct spool_options read_only = {.read_only = true};

struct spool open_spool(const struct spool_options *options)
{
	struct spool spool;
	struct error error;
	if (spool_open(&spool, "s", options, &error) == -1)
		fail_msg("%s", error.message);
	return spool;
}

void skip_where_nothing_is_kept(const struct spool *spool)
{
	if (spool->journal.support != JOURNAL_KEEPS)
		skip();
}

struct spool_change put(const char *file, const char *text)
{
	return (struct spool_change){.file = slice_of(file), .text = slice_of(text)};
}

struct spool_change removal(const char *file)
{
	return (struct spool_change){.file = slice_of(file)};
}

void apply(struct spool *spool, struct spool_change *changes, size_t count)
{
	struct error error;
	assert_int_equal(spool_lock(spool, &error), 0);
	spool_apply(spool, changes, count);
	spool_unlock(spool);
}

void apply_one(struct spool *spool, struct spool_change change)
{
	apply(spool, &change, 1);
	if (change.failed)
		fail_msg("%s", change.error.message);
}

void crash(struct spool *spool)
{
	static const char *const paths[] = {"s/journal.0", "s/journal.1"};
	spool_close(spool);
	for (size_t i = 0; i < 2; i++) {
		if (access(paths[i], F_OK) == -1)
			continue;
		struct journal_file file = load_journal_file(paths[i]);
		strcpy(file.head.boot, "00000000-0000-0000-0000-000000000000");
		assert_int_equal(journal_file_store(&file), 0);
		close(file.fd);
	}
}

void assert_recovered(void)
{
	struct spool spool = open_spool(&defaults);
	assert_int_equal(spool.journal.state, JOURNAL_READY);
	struct journal_file file = load_journal_file("s/journal.0");
	assert_string_equal(file.head.boot, spool.journal.boot);
	close(file.fd);
	spool_close(&spool);
}

int read_file(struct spool *spool, const char *file, const char *expected)
{
	struct buffer text;
	struct file_id id = {0};
	struct error error = {0};
	buffer_init(&text, 100);
	int result = spool_read(spool, file, &text, &id, &error);
	if (result == 1) {
		struct stat status;
		assert_int_equal(text.len, strlen(expected));
		assert_memory_equal(text.data, expected, text.len);
		assert_int_equal(fstatat(spool->groups, file, &status, 0), 0);
		assert_int_equal(id.inode, status.st_ino);
		assert_int_equal(id.size, status.st_size);
		assert_int_equal(
			id.modified, (int64_t)status.st_mtim.tv_sec * 1000000000 + (int64_t)status.st_mtim.tv_nsec);
		struct file_id same = {0};
		assert_int_equal(spool_identify(spool, file, &same, &error), 1);
		assert_memory_equal(&same, &id, sizeof(id));
	} else {
		assert_int_equal(text.len, 0);
	}
	buffer_release(&text);
	return result;
}

int see_file(const char *file, void *context, struct error *error)
{
	struct seen_files *seen = context;
	unsigned number = 0;
	seen->count++;
	sscanf(file, "job=%u.prom", &number);
	seen->sum += number;
	if (seen->stop_at != NULL && strcmp(file, seen->stop_at) == 0)
		return error_set(error, ERROR_SYNTAX, "stopped at %s", file);
	return 0;
}
