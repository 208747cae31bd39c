/* How a view learns what others changed, whatever happens meanwhile. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "support/events.h"
#include "support/views.h"

/* The file that listings lack, as they may while it is replaced; NULL for none. */
static const char *unlisted;

/* In the place of the C library's: tells the unlisted file as one that is none of a group. */
ssize_t getdents64(int fd, void *entries, size_t size)
{
	ssize_t count = syscall(SYS_getdents64, fd, entries, size);
	for (ssize_t at = 0; unlisted != NULL && at < count;) {
		struct dirent64 *entry = (void *)((char *)entries + at);
		if (strcmp(entry->d_name, unlisted) == 0)
			entry->d_name[0] = '.';
		at += entry->d_reclen;
	}
	return count;
}

static void assert_exposed(const struct view *view, const char *line)
{
	struct buffer text;
	struct exposition none;
	struct error error;
	buffer_init(&text, SIZE_MAX / 2);
	exposition_init(&none);
	assert_int_equal(view_append_exposition(view, &none, VIEW_WITHOUT_NATIVES, &text, &error), 0);
	buffer_append_byte(&text, '\0');
	assert_non_null(strstr(text.data, line));
	buffer_release(&text);
}

/* Gives a file that time of modification. */
static void set_modified(const struct view_fixture *fixture, const char *name, struct timespec time)
{
	char path[VIEW_PATH_SIZE];
	group_file_path(fixture, name, path);
	assert_int_equal(utimensat(AT_FDCWD, path, (struct timespec[2]){time, time}, 0), 0);
}

static void what_looks_alike_is_told_apart(void **state)
{
	struct view_fixture *fixture = *state;
	struct view *view = make_view(fixture);
	const struct timespec past = {.tv_sec = 1};
	char path[VIEW_PATH_SIZE], new[VIEW_PATH_SIZE];
	struct stat status;
	group_file_path(fixture, "job=a.prom", path);
	put_group_file(fixture, "job=a.prom", "a 1\n");
	assert_int_equal(stat(path, &status), 0);
	refresh_view(view);
	assert_exposed(view, "a{instance=\"\",job=\"a\"} 1\n");
	/* Written again too soon for another time. */
	put_group_file(fixture, "job=a.prom", "a 2\n");
	set_modified(fixture, "job=a.prom", status.st_mtim);
	refresh_view(view);
	assert_exposed(view, "a{instance=\"\",job=\"a\"} 2\n");
	set_modified(fixture, "job=a.prom", past);
	refresh_view(view);
	/* Another file. */
	group_file_path(fixture, "../new", new);
	put_group_file(fixture, "../new", "a 3\n");
	set_modified(fixture, "../new", past);
	assert_int_equal(rename(new, path), 0);
	refresh_view(view);
	assert_exposed(view, "a{instance=\"\",job=\"a\"} 3\n");
	/* The same one, longer. */
	put_group_file(fixture, "job=a.prom", "a 44\n");
	set_modified(fixture, "job=a.prom", past);
	refresh_view(view);
	assert_exposed(view, "a{instance=\"\",job=\"a\"} 44\n");
	/* Only later. */
	put_group_file(fixture, "job=a.prom", "a 55\n");
	refresh_view(view);
	assert_exposed(view, "a{instance=\"\",job=\"a\"} 55\n");
	view_free(view);
}

static void what_a_listing_lacks_is_looked_for(void **state)
{
	struct view_fixture *fixture = *state;
	struct view *view = make_view(fixture);
	unlisted = NULL;
	put_group_file(fixture, "job=a.prom", "a 1\n");
	put_group_file(fixture, "job=b.prom", "b 1\n");
	refresh_view(view);
	unlisted = "job=a.prom";
	refresh_view(view);
	assert_int_equal(view_counts(view).groups, 2);
	put_group_file(fixture, unlisted, "a{\n");
	refresh_view(view);
	assert_int_equal(view_counts(view).groups, 1);
	assert_int_equal(view_counts(view).rejected, 1);
	remove_group_file(fixture, unlisted);
	refresh_view(view);
	assert_int_equal(view_counts(view).groups, 1);
	assert_int_equal(view_counts(view).rejected, 0);
	unlisted = NULL;
	view_free(view);
}

/* More events than the kernel keeps. */
static void lost_events_are_made_up_for(void **state)
{
	struct view_fixture *fixture = *state;
	struct view *view = make_view(fixture);
	char paths[2][VIEW_PATH_SIZE];
	put_group_file(fixture, "job=a.prom", "a 1\n");
	for (size_t i = 0; i < 2; i++) {
		put_group_file(fixture, i == 0 ? ".a" : ".b", "");
		group_file_path(fixture, i == 0 ? ".a" : ".b", paths[i]);
	}
	refresh_view(view);
	if (!lose_events(paths[0], paths[1])) {
		view_free(view);
		skip();
	}
	put_group_file(fixture, "job=b.prom", "b 1\n");
	refresh_view(view);
	assert_int_equal(view_counts(view).groups, 2);
	put_group_file(fixture, "job=c.prom", "c 1\n");
	refresh_view(view);
	assert_int_equal(view_counts(view).groups, 3);
	view_free(view);
}

/* What can't be opened for a moment has not changed for that. */
static void want_of_descriptors_costs_no_group(void **state)
{
	struct view_fixture *fixture = *state;
	struct view *view = make_view(fixture);
	struct rlimit limit, none;
	put_group_file(fixture, "job=a.prom", "a 1\n");
	put_group_file(fixture, "job=b.prom", "b 1\n");
	refresh_view(view);
	put_group_file(fixture, "job=a.prom", "a 2\n");
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	none = (struct rlimit){.rlim_cur = 0, .rlim_max = limit.rlim_max};
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	struct error error;
	int result = view_refresh(view, &error);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	assert_int_equal(result, fixture->mode == VIEW_FOLLOW ? 0 : -1);
	assert_int_equal(view_counts(view).groups, 2);
	assert_exposed(view, "a{instance=\"\",job=\"a\"} 1\n");
	refresh_view(view);
	assert_exposed(view, "a{instance=\"\",job=\"a\"} 2\n");
	view_free(view);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOTH_VIEW_MODES(what_looks_alike_is_told_apart),
		BOTH_VIEW_MODES(what_a_listing_lacks_is_looked_for),
		BOTH_VIEW_MODES(lost_events_are_made_up_for),
		BOTH_VIEW_MODES(want_of_descriptors_costs_no_group),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
