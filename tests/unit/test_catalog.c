/* The catalog: what it takes, and what it is unsure of. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "catalog_file.h"
#include "support/catalogs.h"

static void test_without_a_catalog(void **state)
{
	struct catalog_fixture *fixture = *state;
	struct error error;
	assert_null(catalog_open(&fixture->spool, &fixture->limits));
	assert_int_equal(catalog_compare(&fixture->spool, &fixture->limits, &error), 0);
	build_catalog(fixture);
	assert_agrees(fixture);
	assert_int_equal(push_through_catalog(fixture, "/job/a", "m 1\n"), CATALOG_FITS);
	assert_agrees(fixture);
}

/* The rules of consistency.h, and what looks like a clash and is none. */
static void test_clashes(void **state)
{
	struct catalog_fixture *fixture = *state;
	build_catalog(fixture);
	assert_int_equal(push_through_catalog(fixture, "/job/a/instance/i",
				 "# TYPE m gauge\nm{x=\"1\"} 1\n# TYPE s summary\ns_count 1\n"),
		CATALOG_FITS);
	assert_int_equal(push_through_catalog(fixture, "/job/b", "# TYPE m counter\nm 1\n"), CATALOG_UNSURE);
	assert_int_equal(
		push_through_catalog(fixture, "/job/b", "# TYPE process_open_fds counter\nprocess_open_fds 1\n"),
		CATALOG_UNSURE);
	assert_int_equal(push_through_catalog(fixture, "/job/b", "s_count 1\n"), CATALOG_UNSURE);
	assert_int_equal(push_through_catalog(fixture, "/job/b", "# TYPE s_sum gauge\ns_sum 1\n"), CATALOG_UNSURE);
	assert_int_equal(push_through_catalog(fixture, "/job/b", "s_bucket 1\n"), CATALOG_FITS);
	assert_int_equal(push_through_catalog(fixture, "/job/c", "# TYPE s histogram\ns_count 1\n"), CATALOG_UNSURE);
	assert_int_equal(push_through_catalog(fixture, "/job/c", "# TYPE h_count gauge\nh_count 1\n"), CATALOG_FITS);
	assert_int_equal(push_through_catalog(fixture, "/job/d", "# TYPE h histogram\nh_count 1\n"), CATALOG_UNSURE);
	/* The series of another group: an instance that is empty is none. */
	assert_int_equal(push_through_catalog(fixture, "/job/a", "# TYPE m gauge\nm{x=\"1\",instance=\"i\"} 1\n"),
		CATALOG_UNSURE);
	assert_int_equal(push_through_catalog(fixture, "/job/b/instance@base64/=", "o 1\n"), CATALOG_UNSURE);
	assert_int_equal(push_through_catalog(fixture, "/job/a", "# TYPE m gauge\nm{x=\"1\"} 1\n"), CATALOG_FITS);
	assert_agrees(fixture);
}

/* A group makes room when it changes or goes; the type of a family only when a catalog is made. */
static void test_making_room(void **state)
{
	struct catalog_fixture *fixture = *state;
	build_catalog(fixture);
	const char *both = "m{x=\"1\",instance=\"i\"} 1\nm 2\n";
	assert_int_equal(push_through_catalog(fixture, "/job/a", both), CATALOG_FITS);
	assert_int_equal(push_through_catalog(fixture, "/job/a", both), CATALOG_FITS);
	assert_int_equal(push_through_catalog(fixture, "/job/a/instance/i", "m{x=\"1\"} 1\n"), CATALOG_UNSURE);
	assert_int_equal(push_through_catalog(fixture, "/job/a", "m 2\n"), CATALOG_FITS);
	assert_int_equal(push_through_catalog(fixture, "/job/a/instance/i", "m{x=\"1\"} 1\n"), CATALOG_FITS);
	assert_int_equal(push_through_catalog(fixture, "/job/a", both), CATALOG_UNSURE);
	assert_agrees(fixture);

	struct catalog *catalog = catalog_open(&fixture->spool, &fixture->limits);
	assert_int_equal(catalog_catch_up(catalog), CATALOG_FITS);
	remove_file(fixture, "job=a,instance=i.prom");
	catalog_remove(catalog, slice_of("job=a,instance=i.prom"));
	catalog_remove(catalog, slice_of("job=none.prom"));
	catalog_save(catalog);
	catalog_close(catalog);
	assert_agrees(fixture);
	assert_int_equal(push_through_catalog(fixture, "/job/a", both), CATALOG_FITS);

	remove_file(fixture, "job=a.prom");
	assert_int_equal(push_through_catalog(fixture, "/job/b", "# TYPE m gauge\nm 1\n"), CATALOG_UNSURE);
	build_catalog(fixture);
	assert_int_equal(push_through_catalog(fixture, "/job/b", "# TYPE m gauge\nm 1\n"), CATALOG_FITS);
	assert_agrees(fixture);
}

static void test_limits(void **state)
{
	struct catalog_fixture *fixture = *state;
	fixture->limits.groups = 2;
	fixture->limits.series = 8;
	build_catalog(fixture);
	assert_int_equal(push_through_catalog(fixture, "/job/a", "m 1\n"), CATALOG_FITS);
	assert_int_equal(push_through_catalog(fixture, "/job/b", "m 1\nn 1\no 1\n"), CATALOG_FITS);
	assert_int_equal(push_through_catalog(fixture, "/job/c", "m 1\n"), CATALOG_UNSURE);
	assert_int_equal(push_through_catalog(fixture, "/job/b", "m 1\nn 1\no 1\n"), CATALOG_FITS);
	assert_int_equal(push_through_catalog(fixture, "/job/b", "m 1\nn 1\no 1\np 1\n"), CATALOG_UNSURE);
	assert_int_equal(push_through_catalog(fixture, "/job/b", "m 1\n"), CATALOG_FITS);
	assert_int_equal(push_through_catalog(fixture, "/job/a", "m 1\nn 1\n"), CATALOG_FITS);
	assert_agrees(fixture);
}

/* Files that came, changed and went without the catalog: as by hand. */
static void test_changes_of_others(void **state)
{
	struct catalog_fixture *fixture = *state;
	write_beside(fixture, "/job/old", "o 1\n");
	build_catalog(fixture);
	write_beside(fixture, "/job/new", "# TYPE m gauge\nm{x=\"1\"} 1\n");
	assert_int_equal(push_through_catalog(fixture, "/job/b", "# TYPE m counter\nm 1\n"), CATALOG_UNSURE);
	assert_int_equal(
		push_through_catalog(fixture, "/job/b", "# TYPE m gauge\nm{x=\"1\",job=\"c\"} 1\n"), CATALOG_FITS);
	assert_agrees(fixture);
	/* The same size at almost the same time. */
	replace_file(fixture, "job=c.prom", "# TYPE p gauge\np{instance=\"x\"} 1\n");
	assert_int_equal(push_through_catalog(fixture, "/job/b", "n 1\n"), CATALOG_FITS);
	replace_file(fixture, "job=c.prom", "# TYPE p gauge\np{instance=\"y\"} 1\n");
	assert_int_equal(push_through_catalog(fixture, "/job/c/instance/y", "# TYPE p gauge\np 1\n"), CATALOG_UNSURE);
	assert_int_equal(push_through_catalog(fixture, "/job/c/instance/x", "# TYPE p gauge\np 1\n"), CATALOG_FITS);
	assert_agrees(fixture);
	/* Two that change places. */
	replace_file(fixture, "job=s.prom", "# TYPE p gauge\np{instance=\"1\"} 1\np{instance=\"2\"} 1\n");
	assert_int_equal(push_through_catalog(fixture, "/job/b", "n 1\n"), CATALOG_FITS);
	replace_file(fixture, "job=s,instance=2.prom", "# TYPE p gauge\np 1\n");
	replace_file(fixture, "job=s.prom", "# TYPE p gauge\np{instance=\"1\"} 1\n");
	assert_int_equal(push_through_catalog(fixture, "/job/b", "n 1\n"), CATALOG_FITS);
	assert_agrees(fixture);
	remove_file(fixture, "job=s.prom");
	remove_file(fixture, "job=old.prom");
	assert_int_equal(push_through_catalog(fixture, "/job/s/instance/1", "# TYPE p gauge\np 1\n"), CATALOG_FITS);
	assert_agrees(fixture);
}

/* What was left by a writer that was killed goes when the directory is looked through. */
static void test_debris(void **state)
{
	struct catalog_fixture *fixture = *state;
	build_catalog(fixture);
	replace_file(fixture, ".pgw-1-2.tmp", "half");
	assert_int_equal(push_through_catalog(fixture, "/job/a", "m 1\n"), CATALOG_FITS);
	assert_int_equal(faccessat(fixture->spool.groups, ".pgw-1-2.tmp", F_OK, 0), -1);
}

/* Files that are left out: what can't be a group disturbs nobody, what clashes is for the view. */
static void test_files_left_out(void **state)
{
	struct catalog_fixture *fixture = *state;
	replace_file(fixture, "job=bad.prom", "m 1 2 3\n");
	build_catalog(fixture);
	assert_int_equal(push_through_catalog(fixture, "/job/a", "m 1\n"), CATALOG_FITS);
	assert_agrees(fixture);
	replace_file(fixture, "job=worse.prom", "{");
	assert_int_equal(push_through_catalog(fixture, "/job/a", "m 1\n"), CATALOG_FITS);
	assert_agrees(fixture);
	replace_file(fixture, "job=worse.prom", "n 1\n");
	assert_int_equal(push_through_catalog(fixture, "/job/worse/instance@base64/=", "n 1\n"), CATALOG_UNSURE);
	assert_int_equal(push_through_catalog(fixture, "/job/a", "m 1\n"), CATALOG_FITS);
	replace_file(fixture, "job=worse.prom", "# TYPE m gauge\nm 1\n");
	assert_int_equal(push_through_catalog(fixture, "/job/b", "m 1\n"), CATALOG_UNSURE);
	/* No catalog is made of files that clash. */
	assert_int_equal(unlinkat(fixture->spool.directory, CATALOG_FILE, 0), 0);
	build_catalog(fixture);
	assert_int_equal(push_through_catalog(fixture, "/job/b", "m 1\n"), CATALOG_BROKEN);
	remove_file(fixture, "job=worse.prom");
	build_catalog(fixture);
	assert_int_equal(push_through_catalog(fixture, "/job/b", "m 1\n"), CATALOG_FITS);
	assert_agrees(fixture);
}

/* A file that this process can't take for its limits may be taken by another. */
static void test_file_over_a_limit(void **state)
{
	struct catalog_fixture *fixture = *state;
	write_beside(fixture, "/job/long", "m{label=\"a value that is longer than the others\"} 1\n");
	build_catalog(fixture);
	fixture->limits.body = 20;
	write_beside(fixture, "/job/long", "m{label=\"a value that is longer than others\"} 1\n");
	assert_int_equal(push_through_catalog(fixture, "/job/a", "m 1\n"), CATALOG_UNSURE);
	fixture->limits = (struct limits)LIMITS_DEFAULT;
	assert_int_equal(push_through_catalog(fixture, "/job/a", "m 1\n"), CATALOG_FITS);
	assert_agrees(fixture);
}

/* More than a catalog has room for: it is given up, and the next one is larger. */
static void test_growth(void **state)
{
	struct catalog_fixture *fixture = *state;
	size_t fits = 0, broken = 0;
	build_catalog(fixture);
	for (unsigned i = 0; i < 1500; i++) {
		char path[32], text[512] = "";
		snprintf(path, sizeof(path), "/job/a/i/%u", i);
		for (unsigned j = 0; j < 12; j++)
			sprintf(text + strlen(text), "m{x=\"%u\"} 1\n", j);
		enum catalog_answer answer = push_through_catalog(fixture, path, text);
		if (answer == CATALOG_BROKEN) {
			broken++;
			assert_null(catalog_open(&fixture->spool, &fixture->limits));
			write_beside(fixture, path, text);
			build_catalog(fixture);
		}
		fits += answer == CATALOG_FITS;
	}
	assert_int_equal(fits + broken, 1500);
	assert_in_range(broken, 1, 4);
	assert_agrees(fixture);
}

/* Series that come and go with each push don't fill it up. */
static void test_series_that_go(void **state)
{
	struct catalog_fixture *fixture = *state;
	build_catalog(fixture);
	for (unsigned i = 0; i < 3000; i++) {
		char text[512] = "";
		for (unsigned j = 0; j < 12; j++)
			sprintf(text + strlen(text), "m{x=\"%u\"} 1\n", i * 12 + j);
		assert_int_equal(push_through_catalog(fixture, "/job/a", text), CATALOG_FITS);
	}
	assert_agrees(fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_without_a_catalog, catalog_set_up, catalog_tear_down),
		cmocka_unit_test_setup_teardown(test_clashes, catalog_set_up, catalog_tear_down),
		cmocka_unit_test_setup_teardown(test_making_room, catalog_set_up, catalog_tear_down),
		cmocka_unit_test_setup_teardown(test_limits, catalog_set_up, catalog_tear_down),
		cmocka_unit_test_setup_teardown(test_changes_of_others, catalog_set_up, catalog_tear_down),
		cmocka_unit_test_setup_teardown(test_debris, catalog_set_up, catalog_tear_down),
		cmocka_unit_test_setup_teardown(test_files_left_out, catalog_set_up, catalog_tear_down),
		cmocka_unit_test_setup_teardown(test_file_over_a_limit, catalog_set_up, catalog_tear_down),
		cmocka_unit_test_setup_teardown(test_growth, catalog_set_up, catalog_tear_down),
		cmocka_unit_test_setup_teardown(test_series_that_go, catalog_set_up, catalog_tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
