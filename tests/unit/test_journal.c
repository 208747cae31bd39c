#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"
#include "journal.h"
#include "support/files.h"
#include "support/journals.h"
#include "support/scratch.h"

/* Every test has a scratch folder of its own, which is its working directory and stands for the spool. */
static int directory, groups;

static int set_up(void **state)
{
	if (scratch_enter(state) == -1 || mkdir("groups", 0755) == -1)
		return -1;
	directory = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	groups = open("groups", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return directory == -1 || groups == -1 ? -1 : 0;
}

static int tear_down(void **state)
{
	close(directory);
	close(groups);
	return scratch_leave(state);
}

static struct journal open_journal(void)
{
	struct journal journal;
	struct error error;
	journal_init(&journal, directory, groups, false, "s");
	if (journal_look(&journal, &error) == -1)
		fail_msg("%s", error.message);
	if (journal.support != JOURNAL_KEEPS)
		skip(); /* the scratch folder is on a file system without a journal of ours */
	return journal;
}

static void look(struct journal *journal)
{
	struct error error;
	if (journal_look(journal, &error) == -1)
		fail_msg("%s", error.message);
}

static struct journal_record put(const char *file, struct slice text)
{
	return (struct journal_record){.kind = JOURNAL_PUT, .file = slice_of(file), .text = text};
}

/* As a writer does it under the lock. */
static int log_records(struct journal *journal, struct journal_record *records, size_t count, bool sync)
{
	struct error error;
	look(journal);
	journal_begin(journal);
	int result = journal_log(journal, records, count, sync, &error);
	if (result == -1)
		fail_msg("%s", error.message);
	journal_end(journal, JOURNAL_DONE);
	return result;
}

static int log_put(struct journal *journal, const char *file, const char *text)
{
	struct journal_record record = put(file, slice_of(text));
	return log_records(journal, &record, 1, true);
}

/* All records of a file as words: the kind, the name, the text. */
static void assert_records(const char *path, const char *expected)
{
	char seen[1024] = "";
	struct journal_file file = load_journal_file(path);
	struct journal_cursor cursor = {JOURNAL_START, file.head.first};
	struct journal_record record;
	struct buffer buffer;
	int64_t time = 0;
	buffer_init(&buffer, 1 << 20);
	while (journal_file_next(&file, &cursor, JOURNAL_WHOLE, &buffer, &record) == 1) {
		size_t used = strlen(seen);
		assert_true(record.time > time);
		time = record.time;
		snprintf(seen + used, sizeof(seen) - used, "%c %.*s %.*s;", "?PDT"[record.kind],
			SLICE_PRINTF(record.file), record.text.len > 20 ? 20 : (int)record.text.len, record.text.data);
	}
	assert_string_equal(seen, expected);
	buffer_release(&buffer);
	close(file.fd);
}

static int see(const char *file, void *context, struct error *error)
{
	char *seen = context;
	if (strcmp(file, "stop") == 0)
		return error_set(error, ERROR_SYNTAX, "stopped");
	strcat(strcat(seen, file), " ");
	return 0;
}

static void assert_changes(struct journal *journal, struct journal_position *from, int result, const char *expected)
{
	char seen[1024] = "";
	struct error error;
	struct journal_position now;
	look(journal);
	assert_int_equal(journal_changes_since(journal, from, see, seen, &error), result);
	if (result == 1)
		assert_string_equal(seen, expected);
	assert_true(journal_position(journal, &now));
	assert_memory_equal(from, &now, sizeof(now));
}

static void test_append(void **state)
{
	struct journal_position position;
	struct journal journal = open_journal();
	assert_int_equal(journal.state, JOURNAL_NONE);
	assert_false(journal_position(&journal, &position));
	struct journal_record records[] = {
		put("job=a.prom", slice_of("a 1\n")),
		{.kind = JOURNAL_DELETE, .file = slice_of("job=b.prom")},
		put("job=c.prom", slice_of("")),
	};
	assert_int_equal(log_records(&journal, records, 3, true), 0);
	assert_int_equal(journal.current, 0);
	struct journal_record touch = {
		.kind = JOURNAL_TOUCH, .file = slice_of("job=d.prom"), .id = {.inode = 7, .size = 8, .modified = 9}};
	assert_int_equal(log_records(&journal, &touch, 1, false), 0);
	assert_records("journal.0", "P job=a.prom a 1\n;D job=b.prom ;P job=c.prom ;T job=d.prom ;");
	assert_no_file("journal.1");
	assert_true(journal_position(&journal, &position));
	assert_int_equal(position.generation, 1);
	assert_int_equal(position.foreign, 0);
	journal_release(&journal);
	/* Another process goes on. */
	journal = open_journal();
	assert_int_equal(journal.state, JOURNAL_READY);
	assert_int_equal(log_put(&journal, "job=e.prom", "e"), 0);
	assert_records("journal.0", "P job=a.prom a 1\n;D job=b.prom ;P job=c.prom ;T job=d.prom ;P job=e.prom e;");
	struct stat status;
	assert_int_equal(stat("journal.0", &status), 0);
	assert_int_equal(status.st_size, 262144);
	assert_int_equal(status.st_mode, S_IFREG | 0644);
	journal_release(&journal);
}

/* Every bit of a record counts, and nothing is found behind a damaged one. */
static void test_damaged_records(void **state)
{
	struct journal journal = open_journal();
	assert_int_equal(log_put(&journal, "job=a.prom", "a 1\n"), 0);
	uint64_t start = journal.files[0].head.tail;
	assert_int_equal(log_put(&journal, "job=b.prom", "b 1\n"), 0);
	uint64_t end = journal.files[0].head.tail;
	assert_int_equal(log_put(&journal, "job=c.prom", "c 1\n"), 0);
	int fd = open("journal.0", O_RDWR | O_CLOEXEC);
	for (uint64_t at = start; at < end - 2; at++) { /* two bytes of zeros fill it up */
		char byte, other;
		assert_int_equal(pread(fd, &byte, 1, (off_t)at), 1);
		other = (char)(byte ^ 4);
		assert_int_equal(pwrite(fd, &other, 1, (off_t)at), 1);
		assert_records("journal.0", "P job=a.prom a 1\n;");
		assert_int_equal(pwrite(fd, &byte, 1, (off_t)at), 1);
	}
	assert_records("journal.0", "P job=a.prom a 1\n;P job=b.prom b 1\n;P job=c.prom c 1\n;");
	close(fd);
	journal_release(&journal);
}

/* What an older generation or an interrupted writer left is no part of the chain. */
static void test_leftovers(void **state)
{
	struct journal journal = open_journal();
	for (int i = 0; i < 3; i++)
		assert_int_equal(log_put(&journal, "job=a.prom", "a 1\n"), 0);
	struct journal_file file = load_journal_file("journal.0");
	file.head.flags |= JOURNAL_BROKEN;
	assert_int_equal(journal_file_store(&file), 0);
	close(file.fd);
	/* The same size, so that the old records stand right behind. */
	assert_int_equal(log_put(&journal, "job=b.prom", "b 1\n"), 0);
	assert_records("journal.0", "P job=b.prom b 1\n;");
	assert_int_equal(journal.files[0].head.generation, 2);
	assert_int_equal(journal.files[0].head.flags, JOURNAL_ANCHORED | JOURNAL_AWAITED);
	journal_release(&journal);
}

/* A name that leaves the directory can only be forged: the chain ends there. */
static void test_forged_names(void **state)
{
	static const char *const names[] = {"../job=a.prom", "/etc/passwd", ".", ".job=a.prom"};
	for (size_t i = 0; i < 4; i++) {
		struct journal journal = open_journal();
		assert_int_equal(log_put(&journal, "job=a.prom", "a 1\n"), 0);
		assert_int_equal(log_put(&journal, names[i], "x"), 0);
		assert_records("journal.0", "P job=a.prom a 1\n;");
		journal_release(&journal);
		assert_int_equal(unlink("journal.0"), 0);
	}
}

static void test_switch(void **state)
{
	static char text[300000];
	uint64_t unclean = 0;
	struct journal journal = open_journal();
	struct journal_record record = put("job=a.prom", slice_make(text, sizeof(text)));
	memset(text, 'x', sizeof(text));
	journal.size_max = 1 << 20;
	for (int i = 0; i < 4; i++) {
		assert_int_equal(log_records(&journal, &record, 1, true), 0);
		assert_int_equal(journal.current, 0);
	}
	struct journal_position position;
	assert_true(journal_position(&journal, &position));
	assert_false(journal_unclean(&journal, &unclean));
	assert_int_equal(log_put(&journal, "job=b.prom", "b 1\n"), 0);
	assert_int_equal(journal.current, 1);
	assert_records("journal.1", "P job=b.prom b 1\n;");
	assert_int_equal(journal.files[0].head.flags, JOURNAL_CLOSED | JOURNAL_ANCHORED | JOURNAL_AWAITED);
	assert_int_equal(journal.files[1].head.generation, 2);
	assert_true(journal_unclean(&journal, &unclean));
	assert_int_equal(unclean, 1);
	assert_changes(&journal, &position, 1, "job=b.prom ");
	/* The first can't be used again before it is clean: the second grows on. */
	for (int i = 0; i < 5; i++)
		assert_int_equal(log_records(&journal, &record, 1, true), 0);
	assert_int_equal(journal.current, 1);
	journal_set_clean(&journal, 1);
	assert_false(journal_unclean(&journal, &unclean));
	assert_int_equal(log_put(&journal, "job=c.prom", "c 1\n"), 0);
	assert_int_equal(journal.current, 0);
	assert_int_equal(journal.files[0].head.generation, 3);
	assert_records("journal.0", "P job=c.prom c 1\n;");
	assert_changes(&journal, &position, 1, "job=a.prom job=a.prom job=a.prom job=a.prom job=a.prom job=c.prom ");
	assert_changes(&journal, &position, 1, "");
	/* Another process, and one that was there before; overdue, whoever writes makes it clean. */
	struct journal other = open_journal();
	assert_int_equal(other.current, 0);
	other.size_max = 1 << 20;
	struct journal_position early = position;
	for (int i = 0; i < 8; i++)
		assert_int_equal(log_records(&other, &record, 1, true), 0);
	assert_int_equal(other.current, 1);
	assert_int_equal(other.files[1].head.generation, 4);
	for (int i = 0; i < 8; i++)
		assert_int_equal(log_records(&other, &record, 1, true), 0);
	assert_int_equal(other.current, 0);
	assert_int_equal(other.files[0].head.generation, 5);
	assert_int_equal(log_put(&journal, "job=d.prom", "d 1\n"), 0);
	assert_int_equal(journal.files[journal.current].head.generation, 5);
	/* A generation that is gone. */
	assert_changes(&journal, &early, 0, NULL);
	assert_changes(&journal, &early, 1, "");
	journal_release(&other);
	journal_release(&journal);
}

/* Nobody waits for these: no sync is asked for, and the file is used again when the kernel has had its time. */
static void test_switch_unsynced(void **state)
{
	struct journal journal = open_journal();
	struct journal_record records[JOURNAL_RECORDS_MAX];
	uint64_t unclean;
	for (size_t i = 0; i < JOURNAL_RECORDS_MAX; i++)
		records[i] = (struct journal_record){.kind = JOURNAL_TOUCH, .file = slice_of("job=a.prom")};
	journal.size_max = 1 << 20;
	for (int i = 0; i < 100; i++)
		assert_int_equal(log_records(&journal, records, JOURNAL_RECORDS_MAX, false), 0);
	assert_int_equal(journal.current, 1);
	assert_int_equal(journal.files[1].head.generation, 2);
	assert_int_equal(journal.files[0].head.flags, JOURNAL_CLOSED);
	assert_false(journal_unclean(&journal, &unclean));
	journal.files[1].head.began -= 61 * CLOCK_SECOND;
	assert_int_equal(journal_file_store(&journal.files[1]), 0);
	assert_int_equal(log_records(&journal, records, 1, false), 0);
	assert_int_equal(journal.current, 0);
	assert_int_equal(journal.files[0].head.generation, 3);
	journal_release(&journal);
}

static void test_changes_by_others(void **state)
{
	struct journal_position position, other_position;
	struct error error;
	struct journal journal = open_journal(), other = open_journal();
	assert_int_equal(log_put(&journal, "job=a.prom", "a 1\n"), 0);
	assert_true(journal_position(&journal, &position));
	other_position = position;
	assert_changes(&other, &other_position, 1, "");
	assert_int_equal(log_put(&journal, "job=b.prom", "b 1\n"), 0);
	assert_changes(&other, &other_position, 1, "job=b.prom ");
	/* Each who asks learns of a change by hand, whoever asks first. */
	write_file("groups/job=hand.prom", "hand 1\n");
	assert_changes(&journal, &position, 0, NULL);
	assert_int_equal(position.foreign, 1);
	assert_changes(&journal, &position, 1, "");
	assert_changes(&other, &other_position, 0, NULL);
	assert_changes(&other, &other_position, 1, "");
	/* Also where a writer comes first. */
	assert_int_equal(unlink("groups/job=hand.prom"), 0);
	assert_int_equal(log_put(&journal, "job=c.prom", "c 1\n"), 0);
	assert_changes(&journal, &position, 0, NULL);
	assert_int_equal(position.foreign, 2);
	/* A visit that fails ends it and leaves the position. */
	struct journal_position before = position;
	assert_int_equal(log_put(&journal, "stop", "x"), 0);
	assert_int_equal(journal_changes_since(&journal, &position, see, NULL, &error), -1);
	assert_string_equal(error.message, "stopped");
	assert_memory_equal(&position, &before, sizeof(position));
	/* A position of another journal. */
	position.checksum ^= 1;
	assert_changes(&journal, &position, 0, NULL);
	journal_release(&other);
	journal_release(&journal);
}

static void test_deleted(void **state)
{
	struct journal_position position;
	struct journal journal = open_journal();
	assert_int_equal(log_put(&journal, "job=a.prom", "a 1\n"), 0);
	assert_true(journal_position(&journal, &position));
	assert_int_equal(unlink("journal.0"), 0);
	assert_int_equal(log_put(&journal, "job=b.prom", "b 1\n"), 0);
	assert_records("journal.0", "P job=b.prom b 1\n;");
	assert_changes(&journal, &position, 0, NULL);
	/* Moved away: what goes there would be lost. */
	assert_int_equal(rename("journal.0", "elsewhere"), 0);
	assert_int_equal(log_put(&journal, "job=c.prom", "c 1\n"), 0);
	assert_records("journal.0", "P job=c.prom c 1\n;");
	assert_records("elsewhere", "P job=b.prom b 1\n;");
	journal_release(&journal);
}

static void assert_made_anew(void)
{
	struct journal journal = open_journal();
	assert_int_equal(journal.state, JOURNAL_NONE);
	assert_int_equal(log_put(&journal, "job=a.prom", "a 1\n"), 0);
	assert_records("journal.0", "P job=a.prom a 1\n;");
	journal_release(&journal);
}

static void test_garbage(void **state)
{
	static char text[10000];
	memset(text, 'x', sizeof(text) - 1);
	write_file("journal.0", "");
	assert_made_anew();
	write_file("journal.0", text);
	assert_made_anew();
	/* A head that was changed, one that says more than the file has, and one that is cut. */
	struct journal_file file = load_journal_file("journal.0");
	file.head.generation++;
	assert_int_equal(pwrite(file.fd, &file.head, sizeof(file.head), 0), sizeof(file.head));
	close(file.fd);
	assert_made_anew();
	file = load_journal_file("journal.0");
	file.head.tail = UINT64_C(1) << 50;
	assert_int_equal(journal_file_store(&file), 0);
	close(file.fd);
	assert_made_anew();
	file = load_journal_file("journal.0");
	file.head.generation = UINT64_MAX;
	assert_int_equal(journal_file_store(&file), 0);
	close(file.fd);
	assert_made_anew();
	file = load_journal_file("journal.0");
	file.head.time = INT64_MAX;
	assert_int_equal(journal_file_store(&file), 0);
	close(file.fd);
	assert_made_anew();
	assert_int_equal(truncate("journal.0", 100), 0);
	assert_made_anew();
	assert_int_equal(unlink("journal.0"), 0);
	write_file("precious", "precious");
	assert_int_equal(symlink("precious", "journal.0"), 0);
	assert_made_anew();
	assert_int_equal(unlink("journal.0"), 0);
	assert_int_equal(mkfifo("journal.0", 0644), 0);
	assert_made_anew();
	struct stat status;
	assert_int_equal(stat("precious", &status), 0);
	assert_int_equal(status.st_size, 8);
	/* What can't be removed stands in the way of all changes. */
	struct error error;
	struct journal_record record = put("job=a.prom", slice_of("a 1\n"));
	assert_int_equal(unlink("journal.0"), 0);
	assert_int_equal(mkdir("journal.0", 0755), 0);
	struct journal journal = open_journal();
	journal_begin(&journal);
	assert_int_equal(journal_log(&journal, &record, 1, true, &error), -1);
	assert_string_equal(error.message, "can't write the journal of the spool s: Is a directory");
	journal_release(&journal);
}

/* A limit on the size of files stands for a full disk: what is there is used again, what has no room is the caller's.
 */
static void test_full(void **state)
{
	static char text[10000];
	struct journal journal = open_journal();
	struct journal_position position;
	struct journal_record record = put("job=a.prom", slice_make(text, 2000)),
			      large = put("job=b.prom", slice_make(text, 10000));
	memset(text, 'x', sizeof(text));
	limit_file_size(8192);
	assert_int_equal(log_records(&journal, &record, 1, true), 0);
	assert_int_equal(log_put(&journal, "job=c.prom", "c"), 0);
	assert_true(journal_position(&journal, &position));
	assert_int_equal(position.generation, 1);
	assert_int_equal(log_records(&journal, &record, 1, true), 0);
	assert_changes(&journal, &position, 0, NULL);
	assert_int_equal(position.generation, 2);
	assert_int_equal(log_records(&journal, &large, 1, true), 1);
	assert_records("journal.0", "");
	/* Nobody takes the change for told. */
	assert_changes(&journal, &position, 0, NULL);
	lift_file_size_limit();
	assert_int_equal(log_records(&journal, &large, 1, true), 0);
	journal_release(&journal);
}

/* A change that was logged and could not be made. */
static void test_undone(void **state)
{
	struct error error;
	struct journal journal = open_journal();
	struct journal_record record = put("job=b.prom", slice_of("b 1\n"));
	assert_int_equal(log_put(&journal, "job=a.prom", "a 1\n"), 0);
	look(&journal);
	journal_begin(&journal);
	assert_int_equal(journal_log(&journal, &record, 1, true, &error), 0);
	journal_end(&journal, JOURNAL_UNDONE);
	assert_records("journal.0", "");
	assert_int_equal(log_put(&journal, "job=c.prom", "c 1\n"), 0);
	assert_records("journal.0", "P job=c.prom c 1\n;");
	journal_release(&journal);
}

/* Who may write the directory can write the journal. */
static void test_rights(void **state)
{
	struct stat status;
	if (getuid() != 0)
		skip(); /* this user can't give files away */
	assert_int_equal(chown(".", 65534, 65533), 0);
	assert_int_equal(chmod(".", 0775), 0);
	struct journal journal = open_journal();
	assert_int_equal(log_put(&journal, "job=a.prom", "a 1\n"), 0);
	assert_int_equal(stat("journal.0", &status), 0);
	assert_int_equal(status.st_uid, 65534);
	assert_int_equal(status.st_gid, 65533);
	assert_int_equal(status.st_mode, S_IFREG | 0664);
	journal_release(&journal);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_append),
		TEST(test_damaged_records),
		TEST(test_leftovers),
		TEST(test_forged_names),
		TEST(test_switch),
		TEST(test_switch_unsynced),
		TEST(test_changes_by_others),
		TEST(test_deleted),
		TEST(test_garbage),
		TEST(test_full),
		TEST(test_undone),
		TEST(test_rights),
	};
	return cmocka_run_group_tests_name("journal", tests, NULL, NULL);
}
