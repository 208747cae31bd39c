/*
 * views: a spool in a folder of its own, for views of it that scan or follow it.
 *
 *	const struct CMUnitTest tests[] = {
 *		BOTH_VIEW_MODES(a_test),
 */
#ifndef PGW_TEST_VIEWS_H
#define PGW_TEST_VIEWS_H

#include "scratch.h"
#include "view.h"

struct view_fixture {
	char path[SCRATCH_PATH_SIZE];
	struct spool spool;
	struct limits limits; /* the default ones */
	enum view_mode mode;
};

int view_set_up_scan(void **state);
int view_set_up_follow(void **state);
int view_tear_down(void **state);

#define BOTH_VIEW_MODES(test)                                                                                          \
	cmocka_unit_test_setup_teardown(test, view_set_up_scan, view_tear_down),                                       \
		cmocka_unit_test_setup_teardown(test, view_set_up_follow, view_tear_down)

/* A view of the spool in the mode, with nothing in it yet. */
struct view *make_view(struct view_fixture *fixture);

/* That it can be refreshed. */
void refresh_view(struct view *view);

/* The path of a group file, of VIEW_PATH_SIZE bytes at most. */
#define VIEW_PATH_SIZE (SCRATCH_PATH_SIZE + 128)
void group_file_path(const struct view_fixture *fixture, const char *name, char path[VIEW_PATH_SIZE]);

/* Writes it in place, as by hand. */
void put_group_file(const struct view_fixture *fixture, const char *name, const char *text);
void remove_group_file(const struct view_fixture *fixture, const char *name);

#endif
