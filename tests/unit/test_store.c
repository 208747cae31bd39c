/* store and view on a real spool: what a push does to it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "support/files.h"
#include "support/stores.h"

/* Waits for the disk, counted. These stand before those of the C library. */
static unsigned data_syncs;
static unsigned directory_syncs;

int fdatasync(int fd)
{
	data_syncs++;
	return (int)syscall(SYS_fdatasync, fd);
}

int fsync(int fd)
{
	struct stat status;
	directory_syncs += fstat(fd, &status) == 0 && S_ISDIR(status.st_mode);
	return (int)syscall(SYS_fsync, fd);
}

static void test_merge(void **state)
{
	struct store_fixture *fixture = *state;
	struct store *store = &fixture->store;
	push(store, "/job/b", "# HELP m from b\n# TYPE m counter\nm 1\nm{x=\"y\"} 2\n");
	push(store, "/job/a", "# TYPE m counter\nm 3\nonly_a 1\n");
	assert_exposed(store, "# HELP m from b\n"
			      "# TYPE m counter\n"
			      "m{instance=\"\",job=\"a\"} 3\n"
			      "m{instance=\"\",job=\"b\"} 1\n"
			      "m{instance=\"\",job=\"b\",x=\"y\"} 2\n"
			      "# TYPE only_a untyped\n"
			      "only_a{instance=\"\",job=\"a\"} 1\n");
	struct view_counts counts = view_counts(store->view);
	assert_int_equal(counts.groups, 2);
	assert_int_equal(counts.series, 8);
	assert_int_equal(counts.rejected, 0);
	/* The help of the lowest group that has one wins. */
	push(store, "/job/a", "# HELP m from a\n# TYPE m counter\nm 4\n");
	assert_exposed(store, "# HELP m from a\n"
			      "# TYPE m counter\n"
			      "m{instance=\"\",job=\"a\"} 4\n"
			      "m{instance=\"\",job=\"b\"} 1\n"
			      "m{instance=\"\",job=\"b\",x=\"y\"} 2\n"
			      "# TYPE only_a untyped\n"
			      "only_a{instance=\"\",job=\"a\"} 1\n");
	assert_fresh_agrees(fixture);
}

static void test_put_and_delete(void **state)
{
	struct store_fixture *fixture = *state;
	struct store *store = &fixture->store;
	push(store, "/job/a", "x 1\ny 1\n");
	assert_null(push_as(store, STORE_PUT, "/job/a", "y 2\n"));
	assert_exposed(store, "# TYPE y untyped\ny{instance=\"\",job=\"a\"} 2\n");
	struct grouping_key key;
	make_key(&key, "/job/a");
	struct store_change gone = {.method = STORE_DELETE, .key = &key}, again = gone;
	struct store_change *batch[] = {&gone, &again};
	store_commit(store, batch, 2);
	assert_false(gone.failed);
	assert_true(gone.existed);
	assert_false(again.failed);
	assert_false(again.existed);
	assert_exposed(store, "");
	assert_int_equal(view_counts(store->view).groups, 0);
	assert_fresh_agrees(fixture);
	grouping_key_release(&key);
}

/* A deletion of what was old a moment ago. */
static void test_delete_last_push(void **state)
{
	struct store_fixture *fixture = *state;
	struct store *store = &fixture->store;
	struct grouping_key key;
	push(store, "/job/a", "x 1\n");
	make_key(&key, "/job/a");
	struct error error;
	assert_int_equal(view_refresh(store->view, &error), 0);
	const int64_t seen = view_group(store->view, key.file)->push_time, other = seen - 1;
	struct store_change change = {.method = STORE_DELETE, .key = &key, .last_push = &other};
	struct store_change *batch[] = {&change};
	store_commit(store, batch, 1);
	assert_false(change.failed);
	assert_true(change.existed);
	assert_true(change.kept);
	assert_fresh_agrees(fixture);
	assert_int_equal(view_counts(store->view).groups, 1);
	change.last_push = &seen;
	store_commit(store, batch, 1);
	assert_true(change.existed);
	assert_false(change.kept);
	assert_int_equal(view_counts(store->view).groups, 0);
	assert_fresh_agrees(fixture);
	grouping_key_release(&key);
}

static void test_inconsistent(void **state)
{
	struct store_fixture *fixture = *state;
	struct store *store = &fixture->store;
	push(store, "/job/a",
		"# TYPE g gauge\ng 1\n# TYPE h histogram\nh_count 1\n# TYPE s summary\ns_sum 1\nc_sum 1\n");
	refuse(store, "/job/b", "x 1\n# TYPE g counter\ng 1\n", 3,
		"collected metric \"g\" is not a GAUGE, which it is in group {job=\"a\"}");
	refuse(store, "/job/b", "h_bucket 1\n", 1,
		"collected metric named \"h_bucket\" collides with previously collected histogram named \"h\" in group "
		"{job=\"a\"}");
	refuse(store, "/job/b", "s_count 1\n", 1,
		"collected metric named \"s_count\" collides with previously collected summary named \"s\" in group "
		"{job=\"a\"}");
	refuse(store, "/job/b", "# TYPE c summary\nc 1\n", 2,
		"collected histogram or summary named \"c\" collides with previously collected metric named \"c_sum\" "
		"in group {job=\"a\"}");
	refuse(store, "/job/b", "u{x=\"1\"} 1\nu{x=\"2\"} 1\nu{x=\"1\"} 2\n", 3,
		"collected metric \"u\" {instance=\"\",job=\"b\",x=\"1\"} was collected before with the same name and "
		"label values");
	refuse(store, "/job/b", "# TYPE process_open_fds counter\nprocess_open_fds 1\n", 2,
		"collected metric \"process_open_fds\" is not a GAUGE, which it is among the gateway's own metrics");
	refuse(store, "/job/b", "pushgateway_http_push_size_bytes_count 1\n", 1,
		"collected metric named \"pushgateway_http_push_size_bytes_count\" collides with previously collected "
		"summary named \"pushgateway_http_push_size_bytes\" among the gateway's own metrics");
	refuse(store, "/job/b", "t 1 2\n", 1, "pushed metrics must not have timestamps");
	/* What is no clash: a bucket beside a summary, the same type, the group's own old families. */
	push(store, "/job/c", "s_bucket 1\n# TYPE g gauge\ng 1\n");
	push(store, "/job/a", "# TYPE c_sum counter\nc_sum 1\n");
	push(store, "/job/d", "# TYPE process_open_fds gauge\nprocess_open_fds 1\n");
	assert_fresh_agrees(fixture);
}

/* A series of one group that labels of another group's samples make again. */
static void test_same_series(void **state)
{
	struct store_fixture *fixture = *state;
	struct store *store = &fixture->store;
	push(store, "/job/a/instance/i", "m{x=\"1\"} 1\n");
	refuse(store, "/job/a", "m{instance=\"j\",x=\"1\"} 1\nm{x=\"1\",instance=\"i\"} 1\n", 2,
		"collected metric \"m\" {instance=\"i\",job=\"a\",x=\"1\"} was collected before with the same name and "
		"label values in group {job=\"a\",instance=\"i\"}");
	/* An empty instance is none: such a group can't stand beside the one without, nor leave a trace. */
	push(store, "/job/b", "n 1\n");
	refuse(store, "/job/b/instance@base64/=", "o 1\n", 0,
		"collected metric \"push_failure_time_seconds\" {instance=\"\",job=\"b\"} was collected before with "
		"the "
		"same name and label values in group {job=\"b\"}");
	assert_int_equal(view_counts(store->view).groups, 3);
	assert_fresh_agrees(fixture);
}

/* A refusal is recorded: the old families stay, a new group has only the two times. */
static void test_failure_time(void **state)
{
	struct store_fixture *fixture = *state;
	struct store *store = &fixture->store;
	push(store, "/job/a", "m 1\n");
	assert_non_null(push_as(store, STORE_PUT, "/job/a", "m 1 2\n"));
	const struct group *group = find_group(store, "job=a.prom");
	assert_true(group->push_failure_time > group->push_time && group->push_time > 0);
	assert_non_null(group_block(group, slice_of("m")));
	assert_non_null(push_as(store, STORE_POST, "/job/n", "m 1 2\n"));
	group = find_group(store, "job=n.prom");
	assert_non_null(group);
	assert_int_equal(group->push_time, 0);
	assert_int_equal(group->block_count, 2);
	assert_fresh_agrees(fixture);
}

/* Later changes of a batch see the earlier ones; the failed ones do not hurt the others. */
static void test_batch(void **state)
{
	struct store_fixture *fixture = *state;
	const char *texts[] = {"a 1\n", "b 1\n", "# TYPE a gauge\na 1\n", "c 1 5\n"};
	const char *paths[] = {"/job/x", "/job/x", "/job/y", "/job/x"};
	struct grouping_key keys[5];
	struct exposition expositions[4];
	struct store_change changes[5], *batch[5];
	struct error error;
	for (size_t i = 0; i < 4; i++) {
		make_key(&keys[i], paths[i]);
		exposition_init(&expositions[i]);
		assert_int_equal(exposition_parse(&expositions[i], slice_of(texts[i]), &default_limits, &error), 0);
		changes[i] = (struct store_change){
			.key = &keys[i], .pushed = &expositions[i], .time = SECOND * (int64_t)(i + 1)};
		batch[i] = &changes[i];
	}
	make_key(&keys[4], "/job/z");
	changes[4] = (struct store_change){.method = STORE_DELETE, .key = &keys[4]};
	batch[4] = &changes[4];
	store_commit(&fixture->store, batch, 5);
	assert_false(changes[0].failed);
	assert_false(changes[1].failed);
	assert_true(changes[1].existed);
	assert_true(changes[2].failed);
	assert_string_equal(
		changes[2].error.message, "collected metric \"a\" is not a UNTYPED, which it is in group {job=\"x\"}");
	assert_true(changes[3].failed);
	assert_false(changes[4].failed);
	const struct group *group = view_group(fixture->store.view, slice_of("job=x.prom"));
	assert_int_equal(group->push_time, 2 * SECOND);
	assert_int_equal(group->push_failure_time, 4 * SECOND);
	assert_fresh_agrees(fixture);
	for (size_t i = 0; i < 5; i++)
		grouping_key_release(&keys[i]);
	for (size_t i = 0; i < 4; i++)
		exposition_release(&expositions[i]);
}

static void test_limits(void **state)
{
	struct store_fixture *fixture = *state;
	struct limits small = default_limits;
	struct store store;
	small.groups = 2;
	small.series = 7;
	open_store(&store, fixture->path, VIEW_SCAN, &small);
	push(&store, "/job/a", "a 1\n");
	push(&store, "/job/b", "a 1\n");
	const struct error *error = push_as(&store, STORE_POST, "/job/c", "a 1\n");
	assert_int_equal(error->kind, ERROR_FULL);
	assert_string_equal(error->message, "the spool has 2 groups, the limit");
	push(&store, "/job/b", "b 1\n");
	error = push_as(&store, STORE_POST, "/job/b", "c 1\n");
	assert_int_equal(error->kind, ERROR_FULL);
	assert_string_equal(error->message, "the spool would have 8 series, over the limit of 7");
	assert_exposed(&store, "# TYPE a untyped\na{instance=\"\",job=\"a\"} 1\na{instance=\"\",job=\"b\"} 1\n"
			       "# TYPE b untyped\nb{instance=\"\",job=\"b\"} 1\n");
	store_close(&store);
	assert_fresh_agrees(fixture);
}

/* A write that fails leaves the file and the view as they were. */
static void test_write_fails(void **state)
{
	struct store_fixture *fixture = *state;
	push(&fixture->store, "/job/a", "m 1\n");
	char *before = expose(&fixture->store);
	limit_file_size(10);
	const struct error *error = push_as(&fixture->store, STORE_POST, "/job/a", "m 2\n");
	lift_file_size_limit();
	assert_non_null(error);
	assert_int_equal(error->kind, ERROR_FULL);
	assert_exposed(&fixture->store, before);
	free(before);
	assert_fresh_agrees(fixture);
}

/* A batch of pushes by PUT, or deletions where the text is NULL. */
struct batch_case {
	const char *path;
	const char *text;
	enum error_kind kind; /* of the failure */
	bool fails;
};

static void commit_batch(struct store *store, const struct batch_case *cases, size_t count)
{
	struct grouping_key keys[8];
	struct exposition expositions[8];
	struct store_change changes[8], *batch[8];
	struct error error;
	for (size_t i = 0; i < count; i++) {
		const char *text = cases[i].text == NULL ? "" : cases[i].text;
		make_key(&keys[i], cases[i].path);
		exposition_init(&expositions[i]);
		assert_int_equal(exposition_parse(&expositions[i], slice_of(text), &default_limits, &error), 0);
		changes[i] = (struct store_change){
			.method = cases[i].text == NULL ? STORE_DELETE : STORE_PUT,
			.key = &keys[i],
			.pushed = &expositions[i],
			.time = SECOND * (int64_t)(i + 1),
		};
		batch[i] = &changes[i];
	}
	store_commit(store, batch, count);
	for (size_t i = 0; i < count; i++) {
		if (changes[i].failed != cases[i].fails)
			fail_msg("change %zu: %s", i, changes[i].failed ? changes[i].error.message : "taken");
		if (cases[i].fails)
			assert_int_equal(changes[i].error.kind, cases[i].kind);
		grouping_key_release(&keys[i]);
		exposition_release(&expositions[i]);
	}
}

/* What a change gives up can be taken by a later one of the batch only if the first one got to the disk. */
static void test_batch_relies_on_earlier(void **state)
{
	struct store_fixture *fixture = *state;
	struct store *store = &fixture->store;
	char large[4096] = "big{x=\"";
	memset(large + 7, 'x', sizeof(large) - 20);
	strcpy(large + sizeof(large) - 20, "\"} 1\n");
	push(store, "/job/a", "# TYPE foo counter\nfoo 1\n");
	push(store, "/job/b", "keep 1\n");
	const struct batch_case relies[] = {
		{"/job/a", large, ERROR_FULL, true},
		{"/job/b", "# TYPE foo gauge\nfoo 1\n", ERROR_INCONSISTENT, true},
	};
	limit_file_size(2000);
	commit_batch(store, relies, 2);
	lift_file_size_limit();
	assert_exposed(store, "# TYPE foo counter\nfoo{instance=\"\",job=\"a\"} 1\n"
			      "# TYPE keep untyped\nkeep{instance=\"\",job=\"b\"} 1\n");
	assert_fresh_agrees(fixture);
	const struct batch_case moves[] = {
		{"/job/b", "other 1\n", 0, false},
		{"/job/a", NULL, 0, false},
		{"/job/b", "# TYPE foo gauge\nfoo 2\n", 0, false},
		{"/job/c", "# TYPE keep counter\nkeep 1\n", 0, false},
		{"/job/c", NULL, 0, false},
		{"/job/d", "# TYPE keep gauge\nkeep 1\n", 0, false},
	};
	commit_batch(store, moves, 6);
	assert_exposed(store, "# TYPE foo gauge\nfoo{instance=\"\",job=\"b\"} 2\n"
			      "# TYPE keep gauge\nkeep{instance=\"\",job=\"d\"} 1\n");
	assert_fresh_agrees(fixture);
}

#define UP   "up 1\n"
#define DOWN "up 0\n"
#define FULL "a 1\nb{x=\"1\"} 1\nb{x=\"2\"} 1\nb{x=\"3\"} 1\n# TYPE h histogram\nh_count 1\n"
#define SOME "a 1\nb{x=\"1\"} 1\nb{x=\"3\"} 1\n"

/* How often a batch that puts a text into each of 8 groups waits for the disk. */
static unsigned count_waits(struct store *store, const char *const texts[8])
{
	char paths[8][32];
	struct batch_case cases[8];
	for (int i = 0; i < 8; i++) {
		snprintf(paths[i], sizeof(paths[i]), "/job/j/instance/%d", i);
		cases[i] = (struct batch_case){.path = paths[i], .text = texts[i]};
	}
	data_syncs = directory_syncs = 0;
	commit_batch(store, cases, 8);
	/* Where no journal makes changes durable, the directory is synced instead. */
	return store->spool.journal.support == JOURNAL_KEEPS ? data_syncs : directory_syncs;
}

static void test_waits_for_disk(void **state)
{
	struct store_fixture *fixture = *state;
	struct store *store = &fixture->store;
	static const struct {
		const char *text; /* of all groups but the last, where that one has another */
		const char *last;
		unsigned waits;
	} cases[] = {
		{UP FULL, NULL, 1},
		{DOWN, NULL, 1},
		{UP FULL, NULL, 1},
		{UP SOME, NULL, 1},
		{UP FULL, NULL, 1},
		{UP, NULL, 1},
		{UP SOME, NULL, 1},
		{NULL, NULL, 1},
		{UP FULL, NULL, 1},
		/* It may take what the others gave up: these are on disk before. */
		{UP, UP FULL "c 1\n", 2},
		{UP, "b{x=\"1\"} 1\n", 1},
	};
	store->spool.options.sync = true;
	push(store, "/job/first", "z 1\n");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *texts[8];
		for (size_t k = 0; k < 8; k++)
			texts[k] = k == 7 && cases[i].last != NULL ? cases[i].last : cases[i].text;
		unsigned waits = count_waits(store, texts);
		if (waits != cases[i].waits)
			fail_msg("case %zu: %u waits", i, waits);
		assert_fresh_agrees(fixture);
	}
}

/* Lines of a histogram have longer names than what was pushed. */
static void test_name_at_the_limit(void **state)
{
	struct store_fixture *fixture = *state;
	char name[1021], text[2200];
	memset(name, 'h', 1020);
	name[1020] = '\0';
	snprintf(text, sizeof(text), "# TYPE %s histogram\n%s_sum 1\n", name, name);
	push(&fixture->store, "/job/a", text);
	assert_non_null(find_group(&fixture->store, "job=a.prom"));
	assert_fresh_agrees(fixture);
}

static void test_check_only(void **state)
{
	struct store_fixture *fixture = *state;
	struct grouping_key key;
	struct exposition exposition;
	struct error error;
	push(&fixture->store, "/job/a", "m 1\n");
	char *before = expose(&fixture->store);
	make_key(&key, "/job/b");
	const struct {
		const char *text;
		int status;
	} cases[] = {{"m 2\n", 0}, {"# TYPE m gauge\nm 2\n", -1}};
	for (size_t i = 0; i < 2; i++) {
		exposition_init(&exposition);
		assert_int_equal(exposition_parse(&exposition, slice_of(cases[i].text), &default_limits, &error), 0);
		struct store_change change = {.key = &key, .pushed = &exposition, .time = SECOND};
		assert_int_equal(store_check(&fixture->store, &change, &error), cases[i].status);
		assert_exposed(&fixture->store, before);
		assert_fresh_agrees(fixture);
		exposition_release(&exposition);
	}
	free(before);
	grouping_key_release(&key);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_SPOOL(test_merge),
		WITH_SPOOL(test_put_and_delete),
		WITH_SPOOL(test_delete_last_push),
		WITH_SPOOL(test_inconsistent),
		WITH_SPOOL(test_same_series),
		WITH_SPOOL(test_failure_time),
		WITH_SPOOL(test_batch),
		WITH_SPOOL(test_limits),
		WITH_SPOOL(test_write_fails),
		WITH_SPOOL(test_batch_relies_on_earlier),
		WITH_SPOOL(test_waits_for_disk),
		WITH_SPOOL(test_name_at_the_limit),
		WITH_SPOOL(test_check_only),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
