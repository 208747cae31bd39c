/* store and view on a real spool: what a push does to it, and what others' changes do to a view. */
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

#include "store.h"
#include "support/files.h"
#include "support/scratch.h"

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

static const struct limits default_limits = LIMITS_DEFAULT;

#define SECOND 1000000000LL

struct fixture {
	char path[SCRATCH_PATH_SIZE];
	struct store store;
};

static void open_store(struct store *store, const char *path, enum view_mode mode, const struct limits *limits)
{
	struct spool_options options = SPOOL_OPTIONS_DEFAULT;
	struct error error;
	options.sync = false;
	if (store_open(store, path, &options, mode, limits, &error) == -1)
		fail_msg("%s", error.message);
}

static int setup(void **state, enum view_mode mode)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));
	assert_int_equal(scratch_make(fixture->path), 0);
	open_store(&fixture->store, fixture->path, mode, &default_limits);
	*state = fixture;
	return 0;
}

static int setup_scan(void **state)
{
	return setup(state, VIEW_SCAN);
}

static int setup_follow(void **state)
{
	return setup(state, VIEW_FOLLOW);
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;
	store_close(&fixture->store);
	scratch_remove(fixture->path);
	free(fixture);
	return 0;
}

static void make_key(struct grouping_key *key, const char *path)
{
	struct error error;
	grouping_key_init(key);
	if (grouping_key_from_path(key, slice_of(path), &default_limits, &error) == -1)
		fail_msg("%s", error.message);
}

/* Pushes, and gives the error or NULL. Later calls overwrite it. */
static const struct error *push_as(struct store *store, enum store_method method, const char *path, const char *text)
{
	static struct error error;
	static int64_t now;
	struct grouping_key key;
	struct exposition exposition;
	make_key(&key, path);
	exposition_init(&exposition);
	if (exposition_parse(&exposition, slice_of(text), &default_limits, &error) == -1)
		fail_msg("%s", error.message);
	now += SECOND;
	struct store_change change = {.method = method, .key = &key, .pushed = &exposition, .time = now};
	struct store_change *batch[] = {&change};
	store_commit(store, batch, 1);
	error = change.error;
	exposition_release(&exposition);
	grouping_key_release(&key);
	return change.failed ? &error : NULL;
}

static void push(struct store *store, const char *path, const char *text)
{
	const struct error *error = push_as(store, STORE_POST, path, text);
	if (error != NULL)
		fail_msg("%s: %s", text, error->message);
}

static void refuse(struct store *store, const char *path, const char *text, unsigned line, const char *message)
{
	const struct error *error = push_as(store, STORE_POST, path, text);
	if (error == NULL)
		fail_msg("taken: %s", text);
	assert_string_equal(error->message, message);
	assert_int_equal(error->kind, ERROR_INCONSISTENT);
	assert_int_equal(error->line, line);
}

/* The exposition but for the push times, which only some tests look at. */
static char *expose(struct store *store)
{
	struct error error;
	struct buffer text, kept;
	struct exposition none;
	exposition_init(&none);
	buffer_init(&text, SIZE_MAX / 2);
	buffer_init(&kept, SIZE_MAX / 2);
	assert_int_equal(view_refresh(store->view, &error), 0);
	assert_int_equal(view_append_exposition(store->view, &none, VIEW_WITHOUT_NATIVES, &text, &error), 0);
	const char *end = text.data + text.len;
	for (const char *line = text.data, *next; line < end; line = next) {
		next = (const char *)memchr(line, '\n', (size_t)(end - line)) + 1;
		if (memmem(line, (size_t)(next - line), "push_", 5) == NULL)
			buffer_append(&kept, line, (size_t)(next - line));
	}
	buffer_append_byte(&kept, '\0');
	buffer_release(&text);
	return buffer_detach(&kept);
}

static void assert_exposed(struct store *store, const char *expected)
{
	char *text = expose(store);
	assert_string_equal(text, expected);
	free(text);
}

/* A view made afresh sees the same. */
static void assert_fresh_agrees(struct fixture *fixture)
{
	struct store other;
	open_store(&other, fixture->path, VIEW_SCAN, &default_limits);
	char *ours = expose(&fixture->store), *fresh = expose(&other);
	assert_string_equal(ours, fresh);
	struct view_counts a = view_counts(fixture->store.view), b = view_counts(other.view);
	assert_memory_equal(&a, &b, sizeof(a));
	free(ours);
	free(fresh);
	store_close(&other);
}

static void put_file(struct fixture *fixture, const char *name, const char *text)
{
	char path[200];
	snprintf(path, sizeof(path), "%s/groups/%s", fixture->path, name);
	write_file(path, text);
}

static void remove_file(struct fixture *fixture, const char *name)
{
	char path[200];
	snprintf(path, sizeof(path), "%s/groups/%s", fixture->path, name);
	assert_int_equal(unlink(path), 0);
}

/* The only file left out, and why. */
static void assert_rejected(struct store *store, const char *file, const char *reason)
{
	struct error error;
	const void *cursor = NULL;
	const char *name, *why;
	assert_int_equal(view_refresh(store->view, &error), 0);
	assert_int_equal(view_counts(store->view).rejected, 1);
	assert_true(view_next_rejected(store->view, &cursor, &name, &why));
	assert_string_equal(name, file);
	assert_string_equal(why, reason);
	assert_false(view_next_rejected(store->view, &cursor, &name, &why));
}

static void test_merge(void **state)
{
	struct fixture *fixture = *state;
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
	struct fixture *fixture = *state;
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
	struct fixture *fixture = *state;
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
	struct fixture *fixture = *state;
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
	struct fixture *fixture = *state;
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

/* The group in a file of that name, as the store's view has it when it has looked again. */
static const struct group *find_group(struct store *store, const char *file)
{
	struct error error;
	assert_int_equal(view_refresh(store->view, &error), 0);
	return view_group(store->view, slice_of(file));
}

/* A refusal is recorded: the old families stay, a new group has only the two times. */
static void test_failure_time(void **state)
{
	struct fixture *fixture = *state;
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
	struct fixture *fixture = *state;
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

static void test_others(void **state)
{
	struct fixture *fixture = *state;
	struct store other;
	open_store(&other, fixture->path, VIEW_SCAN, &default_limits);
	push(&fixture->store, "/job/a", "m 1\n");
	assert_exposed(&other, "# TYPE m untyped\nm{instance=\"\",job=\"a\"} 1\n");
	push(&other, "/job/a", "m 2\n");
	push(&other, "/job/b", "m 3\n");
	const char *both = "# TYPE m untyped\nm{instance=\"\",job=\"a\"} 2\nm{instance=\"\",job=\"b\"} 3\n";
	assert_exposed(&fixture->store, both);
	/* In place, by hand, with the same length. */
	put_file(fixture, "job=c.prom", "m 4\n");
	assert_exposed(&fixture->store, "# TYPE m untyped\nm{instance=\"\",job=\"a\"} 2\nm{instance=\"\",job=\"b\"} 3\n"
					"m{instance=\"\",job=\"c\"} 4\n");
	put_file(fixture, "job=c.prom", "m 5\n");
	assert_exposed(&fixture->store, "# TYPE m untyped\nm{instance=\"\",job=\"a\"} 2\nm{instance=\"\",job=\"b\"} 3\n"
					"m{instance=\"\",job=\"c\"} 5\n");
	remove_file(fixture, "job=c.prom");
	assert_exposed(&fixture->store, both);
	assert_exposed(&other, both);
	store_close(&other);
	assert_fresh_agrees(fixture);
}

static void test_rejected(void **state)
{
	struct fixture *fixture = *state;
	struct store *store = &fixture->store;
	push(store, "/job/m", "# TYPE a gauge\na 1\n");
	put_file(fixture, "job=a.prom", "x 1\ny\n");
	assert_rejected(store, "job=a.prom", "line 2: expected float as value, got \"\"");
	/* What pgw wrote wins over what was made by hand, though its name comes later. */
	put_file(fixture, "job=a.prom", "# TYPE a counter\na 1\n");
	assert_rejected(store, "job=a.prom", "collected metric \"a\" is not a GAUGE, which it is in group {job=\"m\"}");
	assert_exposed(store, "# TYPE a gauge\na{instance=\"\",job=\"m\"} 1\n");
	assert_fresh_agrees(fixture);
	/* Once the other is gone it counts. */
	remove_file(fixture, "job=m.prom");
	assert_exposed(store, "# TYPE a counter\na{instance=\"\",job=\"a\"} 1\n");
	assert_int_equal(view_counts(store->view).rejected, 0);
	/* Of two made by hand the lower name wins, whichever came first. */
	put_file(fixture, "job=b.prom", "# TYPE b counter\nb 1\n");
	assert_exposed(store, "# TYPE a counter\na{instance=\"\",job=\"a\"} 1\n"
			      "# TYPE b counter\nb{instance=\"\",job=\"b\"} 1\n");
	put_file(fixture, "job=a.prom", "# TYPE b gauge\nb 1\n");
	assert_exposed(store, "# TYPE b gauge\nb{instance=\"\",job=\"a\"} 1\n");
	assert_rejected(store, "job=b.prom", "collected metric \"b\" is not a GAUGE, which it is in group {job=\"a\"}");
	assert_fresh_agrees(fixture);
	/* A push replaces a file that was left out. */
	push(store, "/job/b", "c 1\n");
	assert_int_equal(view_counts(store->view).rejected, 0);
	assert_exposed(store, "# TYPE b gauge\nb{instance=\"\",job=\"a\"} 1\n"
			      "# TYPE c untyped\nc{instance=\"\",job=\"b\"} 1\n");
	assert_fresh_agrees(fixture);
}

/* What a push may replace, a refused one may not touch. */
static void test_refused_beside_rejected(void **state)
{
	struct fixture *fixture = *state;
	struct error error;
	put_file(fixture, "job=a.prom", "important 5\nbroken\n");
	assert_non_null(push_as(&fixture->store, STORE_POST, "/job/a", "m 1 2\n"));
	struct buffer text;
	struct file_id id;
	buffer_init(&text, 1000);
	assert_int_equal(spool_read(&fixture->store.spool, "job=a.prom", &text, &id, &error), 1);
	assert_true(slice_is(buffer_slice(&text), "important 5\nbroken\n"));
	buffer_release(&text);
	assert_fresh_agrees(fixture);
}

/* When the winner goes, all that it kept out come in together. */
static void test_many_rejected(void **state)
{
	struct fixture *fixture = *state;
	struct store *store = &fixture->store;
	struct buffer text;
	char name[32];
	push(store, "/job/aa", "# TYPE x counter\nx 1\n");
	for (unsigned file = 0; file < 5; file++) {
		buffer_init(&text, SIZE_MAX / 2);
		buffer_append_string(&text, "# TYPE x gauge\n");
		for (unsigned i = 0; i < 1000; i++)
			buffer_printf(&text, "x{i=\"%u\"} 1\n", i);
		buffer_append_byte(&text, '\0');
		snprintf(name, sizeof(name), "job=b%u.prom", file);
		put_file(fixture, name, text.data);
		buffer_release(&text);
	}
	struct error error;
	assert_int_equal(view_refresh(store->view, &error), 0);
	assert_int_equal(view_counts(store->view).rejected, 5);
	remove_file(fixture, "job=aa.prom");
	assert_int_equal(view_refresh(store->view, &error), 0);
	assert_int_equal(view_counts(store->view).rejected, 0);
	assert_int_equal(view_counts(store->view).series, 5 * 1002);
	assert_fresh_agrees(fixture);
}

static void test_limits(void **state)
{
	struct fixture *fixture = *state;
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
	struct fixture *fixture = *state;
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
	struct fixture *fixture = *state;
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
	struct fixture *fixture = *state;
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
	struct fixture *fixture = *state;
	char name[1021], text[2200];
	memset(name, 'h', 1020);
	name[1020] = '\0';
	snprintf(text, sizeof(text), "# TYPE %s histogram\n%s_sum 1\n", name, name);
	push(&fixture->store, "/job/a", text);
	assert_non_null(find_group(&fixture->store, "job=a.prom"));
	assert_fresh_agrees(fixture);
}

/* Families that only left-out groups have are not exposed, nor do they harm. */
static void test_family_of_rejected_only(void **state)
{
	struct fixture *fixture = *state;
	push(&fixture->store, "/job/a", "# TYPE x counter\nx 1\n");
	put_file(fixture, "job=b.prom", "# TYPE x gauge\nx 1\nuniq 1\n");
	assert_exposed(&fixture->store, "# TYPE x counter\nx{instance=\"\",job=\"a\"} 1\n");
	assert_int_equal(view_counts(fixture->store.view).rejected, 1);
	assert_fresh_agrees(fixture);
}

static void test_check_only(void **state)
{
	struct fixture *fixture = *state;
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

/* Random pushes, deletions and files by hand against a view made afresh. */
static void test_random(void **state)
{
	struct fixture *fixture = *state;
	unsigned seed = 7;
	for (int step = 0; step < 400; step++) {
		char name[64], path[64], text[128];
		unsigned group = (unsigned)rand_r(&seed) % 6, action = (unsigned)rand_r(&seed) % 8;
		snprintf(text, sizeof(text), "# TYPE f%u %s\nf%u{x=\"%u\",instance=\"%u\"} %d\n", rand_r(&seed) % 3,
			rand_r(&seed) % 4 == 0 ? "gauge" : "counter", rand_r(&seed) % 3, rand_r(&seed) % 2,
			rand_r(&seed) % 3, step);
		snprintf(name, sizeof(name), group % 2 == 0 ? "job=j.prom" : "job=j,instance=%u.prom", group);
		snprintf(path, sizeof(path), group % 2 == 0 ? "/job/j" : "/job/j/instance/%u", group);
		char file[200];
		snprintf(file, sizeof(file), "%s/groups/%s", fixture->path, name);
		if (action < 4)
			push_as(&fixture->store, action == 0 ? STORE_PUT : STORE_POST, path, text);
		else if (action == 4)
			put_file(fixture, name, text);
		else if (action == 5)
			unlink(file);
		else
			push_as(&fixture->store, STORE_PUT, path, "");
		if (step % 5 == 0)
			assert_fresh_agrees(fixture);
	}
}

int main(void)
{
/* Each in both modes of the view. */
#define WITH_SPOOL(test)                                                                                               \
	cmocka_unit_test_setup_teardown(test, setup_scan, teardown),                                                   \
		cmocka_unit_test_setup_teardown(test, setup_follow, teardown)
	const struct CMUnitTest tests[] = {
		WITH_SPOOL(test_merge),
		WITH_SPOOL(test_put_and_delete),
		WITH_SPOOL(test_delete_last_push),
		WITH_SPOOL(test_inconsistent),
		WITH_SPOOL(test_same_series),
		WITH_SPOOL(test_failure_time),
		WITH_SPOOL(test_batch),
		WITH_SPOOL(test_others),
		WITH_SPOOL(test_rejected),
		WITH_SPOOL(test_refused_beside_rejected),
		WITH_SPOOL(test_many_rejected),
		WITH_SPOOL(test_limits),
		WITH_SPOOL(test_write_fails),
		WITH_SPOOL(test_batch_relies_on_earlier),
		WITH_SPOOL(test_waits_for_disk),
		WITH_SPOOL(test_name_at_the_limit),
		WITH_SPOOL(test_family_of_rejected_only),
		WITH_SPOOL(test_check_only),
		WITH_SPOOL(test_random),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
