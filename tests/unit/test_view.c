/* What a view makes of files that others write; test_store.c has what pgw's own pushes do to it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "support/files.h"
#include "support/views.h"

static const struct limits limits = LIMITS_DEFAULT;

#define ROUNDS 100

/* The first line makes it one that pgw wrote, which wins over those made by hand. */
#define HEADER(key) "# pgw group 1\n# pgw key " key "\n# pgw push 1.000000000 POST\n"

/* In byte order of their names. */
static const struct {
	const char *name, *text;
	const char *reason; /* when all are there; NULL for those that are in */
} files[] = {
	{"job=a,x=0.prom", "m 1\n# TYPE t gauge\nt 1\n", NULL},
	{"job=a.prom", "m{x=\"0\"} 1\n",
		"collected metric \"m\" {instance=\"\",job=\"a\",x=\"0\"} was collected before with the same name and "
		"label values in group {job=\"a\",x=\"0\"}"},
	{"job=b.prom", "# TYPE t counter\nt 1\n",
		"collected metric \"t\" is not a GAUGE, which it is in group {job=\"a\",x=\"0\"}"},
	{"job=c.prom", "s_count 1\n",
		"collected metric named \"s_count\" collides with previously collected summary named \"s\" in group "
		"{job=\"e\"}"},
	{"job=d.prom", "what\n", "line 1: expected float as value, got \"\""},
	{"job=e.prom", HEADER("{job=\"e\"}") "# TYPE s summary\ns{instance=\"\",job=\"e\",quantile=\"0.5\"} 1\n", NULL},
	/* Refused for a file that is left out itself is not refused. */
	{"job=f.prom", "s_count_bucket 1\n", NULL},
	{"job=g.prom", HEADER("{job=\"g\"}") "# TYPE u gauge\nu 1\n", NULL},
	{"job=h.prom", HEADER("{job=\"h\"}") "# TYPE u counter\nu 1\n",
		"collected metric \"u\" is not a GAUGE, which it is in group {job=\"g\"}"},
	{"job=x%2f.prom", "a 1\n", "file name \"job=x%2f.prom\": the name of this group's file is \"job=x%2F.prom\""},
	{"job=z.prom", "# TYPE pgw_spool_groups counter\npgw_spool_groups 1\n",
		"collected metric \"pgw_spool_groups\" is not a GAUGE, which it is among the gateway's own metrics"},
};
#define FILES (sizeof(files) / sizeof(files[0]))

/* All that a view tells: the groups, the files left out with their reasons, and the exposition. */
static char *describe(struct view *view)
{
	struct buffer text;
	struct exposition none;
	struct error error;
	const void *cursor = NULL;
	const char *file, *reason;
	buffer_init(&text, SIZE_MAX / 2);
	exposition_init(&none);
	for (const struct group *group = NULL; (group = view_next(view, group)) != NULL;)
		buffer_printf(&text, "%s\n", group->key.file.data);
	while (view_next_rejected(view, &cursor, &file, &reason))
		buffer_printf(&text, "%s: %s\n", file, reason);
	struct view_counts counts = view_counts(view);
	buffer_printf(&text, "%zu %zu %zu %zu\n", counts.groups, counts.series, counts.bytes, counts.rejected);
	assert_int_equal(view_append_exposition(view, &none, VIEW_WITHOUT_NATIVES, &text, &error), 0);
	buffer_append_byte(&text, '\0');
	return buffer_detach(&text);
}

static void assert_all_there(const struct view *view)
{
	const struct group *group = NULL;
	const void *cursor = NULL;
	const char *file, *reason;
	size_t groups = 0, series = 0, bytes = 0, rejected = 0;
	for (size_t i = 0; i < FILES; i++) {
		assert_true(view_has_file(view, slice_of(files[i].name)));
		const struct group *found = view_group(view, slice_of(files[i].name));
		if (files[i].reason != NULL) {
			assert_null(found);
			assert_true(view_next_rejected(view, &cursor, &file, &reason));
			assert_string_equal(file, files[i].name);
			assert_string_equal(reason, files[i].reason);
			rejected++;
			continue;
		}
		group = view_next(view, group);
		assert_non_null(group);
		assert_ptr_equal(found, group);
		assert_string_equal(group->key.file.data, files[i].name);
		groups++;
		series += group->series_count;
		bytes += group->text_size;
	}
	assert_null(view_next(view, group));
	assert_false(view_next_rejected(view, &cursor, &file, &reason));
	struct view_counts counts = view_counts(view);
	assert_int_equal(counts.groups, groups);
	assert_int_equal(counts.series, series);
	assert_int_equal(counts.bytes, bytes);
	assert_int_equal(counts.rejected, rejected);
	/* m and t, s, s_count_bucket, u, and two push times each. */
	assert_int_equal(groups, 4);
	assert_int_equal(series, 5 + 4 * 2);
}

static void shuffle(size_t order[FILES])
{
	for (size_t i = 0; i < FILES; i++) {
		size_t other = (size_t)rand() % (i + 1);
		order[i] = order[other];
		order[other] = i;
	}
}

static void an_empty_one(void **state)
{
	struct view *view = make_view(*state);
	const void *cursor = NULL;
	const char *file, *reason;
	refresh_view(view);
	assert_null(view_next(view, NULL));
	assert_false(view_next_rejected(view, &cursor, &file, &reason));
	assert_false(view_has_file(view, slice_of("job=a.prom")));
	assert_int_equal(view_counts(view).groups, 0);
	assert_int_equal(view_counts(view).rejected, 0);
	view_free(view);
}

/* Files come in any order, in portions of any size. */
static void the_order_of_arrival_is_nothing(void **state)
{
	struct view_fixture *fixture = *state;
	size_t order[FILES];
	srand(1);
	for (size_t round = 0; round < ROUNDS; round++) {
		struct view *view = make_view(fixture);
		shuffle(order);
		for (size_t i = 0; i < FILES; i++) {
			put_group_file(fixture, files[order[i]].name, files[order[i]].text);
			if (rand() % 2 == 0)
				refresh_view(view);
		}
		refresh_view(view);
		assert_all_there(view);
		shuffle(order);
		for (size_t i = 0; i < FILES; i++) {
			remove_group_file(fixture, files[order[i]].name);
			if (rand() % 2 == 0)
				refresh_view(view);
		}
		refresh_view(view);
		assert_int_equal(view_counts(view).groups, 0);
		assert_int_equal(view_counts(view).rejected, 0);
		view_free(view);
	}
}

/* Whatever happened before, the view is that of a process which starts now. */
static void the_past_is_nothing(void **state)
{
	struct view_fixture *fixture = *state;
	struct view *view = make_view(fixture);
	bool there[FILES] = {false};
	srand(2);
	for (size_t round = 0; round < ROUNDS; round++) {
		for (int changes = rand() % 4; changes >= 0; changes--) {
			size_t i = (size_t)rand() % FILES;
			if (there[i])
				remove_group_file(fixture, files[i].name);
			else
				put_group_file(fixture, files[i].name, files[i].text);
			there[i] = !there[i];
		}
		struct view *fresh = make_view(fixture);
		refresh_view(view);
		refresh_view(fresh);
		char *followed = describe(view), *expected = describe(fresh);
		assert_string_equal(followed, expected);
		free(followed);
		free(expected);
		view_free(fresh);
	}
	view_free(view);
}

/* Puts and writes a group, which is new in the spool, as the store does. */
static void write_group(struct view_fixture *fixture, struct view *view)
{
	struct error error;
	struct buffer text;
	struct group *group =
		group_read(slice_of("job=a.prom"), slice_of(HEADER("{job=\"a\"}") "a 1\n"), 0, &limits, &error);
	assert_non_null(group);
	assert_int_equal(view_put(view, group, &error), 0);
	buffer_init(&text, SIZE_MAX / 2);
	assert_int_equal(group_append_text(group, &text), 0);
	struct spool_change change = {.file = slice_of("job=a.prom"), .text = buffer_slice(&text)};
	assert_int_equal(spool_lock(&fixture->spool, &error), 0);
	spool_apply(&fixture->spool, &change, 1);
	spool_unlock(&fixture->spool);
	assert_false(change.failed);
	view_set_file_id(view, change.file, &change.id);
	buffer_release(&text);
}

/* The system may tell of the two changes as of one, where no change of groups/ by the journal comes between them. */
static void a_change_right_after_ones_own_is_seen(void **state)
{
	struct view_fixture *fixture = *state;
	struct view *view = make_view(fixture);
	char path[256], new[256];
	fixture->spool.journal.support = JOURNAL_UNSUPPORTED;
	refresh_view(view);
	write_group(fixture, view);
	remove_group_file(fixture, "job=a.prom");
	refresh_view(view);
	assert_false(view_has_file(view, slice_of("job=a.prom")));
	write_group(fixture, view);
	group_file_path(fixture, "job=a.prom", path);
	group_file_path(fixture, "../new", new);
	put_group_file(fixture, "../new", HEADER("{job=\"a\"}") "b 12\n");
	assert_int_equal(rename(new, path), 0);
	refresh_view(view);
	char *text = describe(view);
	assert_non_null(strstr(text, "\nb{instance=\"\",job=\"a\"} 12\n"));
	free(text);
	view_free(view);
}

/* Beside files that clash a new group costs no more than itself; one that goes may let others in. */
static void a_new_group_changes_nothing_else(void **state)
{
	struct view_fixture *fixture = *state;
	struct view *view = make_view(fixture);
	put_group_file(fixture, "job=p.prom", "# TYPE t gauge\nt 1\n");
	put_group_file(fixture, "job=q.prom", "# TYPE t counter\nt 1\n");
	refresh_view(view);
	assert_int_equal(view_counts(view).rejected, 1);
	uint64_t serial = view_serial(view);
	write_group(fixture, view);
	refresh_view(view);
	assert_true(view_serial(view) == serial + 1);
	assert_int_equal(view_counts(view).rejected, 1);
	remove_group_file(fixture, "job=p.prom");
	refresh_view(view);
	assert_int_equal(view_counts(view).rejected, 0);
	assert_int_equal(view_counts(view).groups, 2);
	view_free(view);
}

/* One that can't be read is tried again each time, and is no news. */
static void what_is_left_out_is_news_once(void **state)
{
	struct view_fixture *fixture = *state;
	struct view *view = make_view(fixture);
	char path[256];
	put_group_file(fixture, "job=q.prom", "what\n");
	put_group_file(fixture, "job=r.prom", "");
	group_file_path(fixture, "job=r.prom", path);
	assert_int_equal(truncate(path, (off_t)limits.body * 100), 0);
	uint64_t serial = view_serial(view), rejected = view_rejected_serial(view);
	refresh_view(view);
	assert_int_equal(view_counts(view).rejected, 2);
	assert_true(view_rejected_serial(view) == rejected + 2);
	for (size_t i = 0; i < 3; i++)
		refresh_view(view);
	assert_true(view_rejected_serial(view) == rejected + 2);
	assert_true(view_serial(view) == serial);
	put_group_file(fixture, "job=r.prom", "r 1\n");
	refresh_view(view);
	assert_true(view_rejected_serial(view) == rejected + 3);
	remove_group_file(fixture, "job=q.prom");
	refresh_view(view);
	assert_true(view_rejected_serial(view) == rejected + 4);
	assert_int_equal(view_counts(view).rejected, 0);
	view_free(view);
}

static void a_removed_spool_is_an_error(void **state)
{
	struct view_fixture *fixture = *state;
	struct view *view = make_view(fixture);
	struct error error;
	char path[256], message[512];
	put_group_file(fixture, files[1].name, files[1].text);
	refresh_view(view);
	remove_group_file(fixture, files[1].name);
	snprintf(path, sizeof(path), "%s/groups", fixture->path);
	assert_int_equal(rmdir(path), 0);
	snprintf(message, sizeof(message), "%s was removed while it was in use; restart this program", path);
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(view_refresh(view, &error), -1);
		assert_int_equal(error.kind, ERROR_IO);
		assert_string_equal(error.message, message);
	}
	view_free(view);
}

/* A file that is left out may be the only one with a family. */
static void what_is_left_out_is_not_exposed(void **state)
{
	struct view_fixture *fixture = *state;
	struct view *view = make_view(fixture);
	struct buffer text;
	struct exposition none;
	struct error error;
	put_group_file(fixture, "job=a.prom", "# TYPE t gauge\nt 1\n");
	put_group_file(fixture, "job=b.prom", "a 1\n# TYPE t counter\nt 2\nz 3\n");
	refresh_view(view);
	buffer_init(&text, 10000);
	exposition_init(&none);
	assert_int_equal(view_append_exposition(view, &none, VIEW_WITHOUT_NATIVES, &text, &error), 0);
	assert_int_equal(buffer_append_byte(&text, '\0'), 0);
	assert_null(strstr(text.data, "job=\"b\""));
	assert_null(strstr(text.data, "# TYPE a "));
	assert_null(strstr(text.data, "# TYPE z "));
	assert_non_null(strstr(text.data, "# TYPE t gauge\nt{instance=\"\",job=\"a\"} 1\n"));
	buffer_release(&text);
	view_free(view);
}

/* Nothing tells of the moment but the clock. */
static void a_group_expires_and_gives_way(void **state)
{
	struct view_fixture *fixture = *state;
	struct view *view = make_view(fixture);
	struct slice young = slice_of("job=a.prom"), other = slice_of("job=b.prom");
	char text[256];
	size_t cursor = 0;
	put_group_file(fixture, "job=b.prom", "# TYPE t counter\nt 2\n");
	put_group_file(fixture, "job=c.prom", HEADER("{job=\"c\"}") "# pgw ttl 60\nc 1\n");
	/* Where the machine is so slow that it is over before it was seen, it gets more. */
	for (unsigned ttl = 2; ttl <= 32 && view_group(view, young) == NULL; ttl *= 2) {
		snprintf(text, sizeof(text),
			"# pgw group 1\n# pgw key {job=\"a\"}\n# pgw push %lld.000000000 PUT\n# pgw ttl %u\n"
			"# TYPE t gauge\nt 1\n",
			(long long)time(NULL), ttl);
		put_group_file(fixture, "job=a.prom", text);
		refresh_view(view);
	}
	struct view_counts counts = view_counts(view);
	assert_int_equal(counts.groups, 1);
	assert_int_equal(counts.rejected, 1);
	assert_int_equal(counts.expired, 1);
	assert_non_null(view_group(view, young));
	assert_null(view_group(view, other));
	assert_string_equal(view_next_expired(view, &cursor)->key.file.data, "job=c.prom");
	assert_null(view_next_expired(view, &cursor));
	for (unsigned i = 0; i < 10000 && view_group(view, young) != NULL; i++) {
		usleep(10000);
		refresh_view(view);
	}
	assert_null(view_group(view, young));
	assert_non_null(view_group(view, other));
	counts = view_counts(view);
	assert_int_equal(counts.groups, 1);
	assert_int_equal(counts.rejected, 0);
	assert_int_equal(counts.expired, 2);
	remove_group_file(fixture, "job=a.prom");
	put_group_file(fixture, "job=c.prom", "c 1\n");
	refresh_view(view);
	counts = view_counts(view);
	assert_int_equal(counts.groups, 2);
	assert_int_equal(counts.expired, 0);
	cursor = 0;
	assert_null(view_next_expired(view, &cursor));
	view_free(view);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOTH_VIEW_MODES(an_empty_one),
		BOTH_VIEW_MODES(the_order_of_arrival_is_nothing),
		BOTH_VIEW_MODES(the_past_is_nothing),
		BOTH_VIEW_MODES(what_is_left_out_is_not_exposed),
		BOTH_VIEW_MODES(a_change_right_after_ones_own_is_seen),
		cmocka_unit_test_setup_teardown(a_new_group_changes_nothing_else, view_set_up_follow, view_tear_down),
		BOTH_VIEW_MODES(what_is_left_out_is_news_once),
		BOTH_VIEW_MODES(a_group_expires_and_gives_way),
		BOTH_VIEW_MODES(a_removed_spool_is_an_error),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
