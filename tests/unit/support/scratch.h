/*
 * scratch: folders of the unit tests, of which nothing is left.
 *
 *	cmocka_unit_test_setup_teardown(test, scratch_enter, scratch_leave)
 *
 * gives each test a folder of its own, which is its working directory. Where a set-up does more, it calls these. A test
 * that must not change its working directory makes a folder and removes it.
 */
#ifndef PGW_TEST_SCRATCH_H
#define PGW_TEST_SCRATCH_H

#define SCRATCH_PATH_SIZE 128

/* Makes a folder in TMPDIR, or /tmp, and tells its path. 0, or -1, also where that is too long. */
int scratch_make(char path[SCRATCH_PATH_SIZE]);

/* Removes a folder with all that is in it; links are not followed. 0, or -1. */
int scratch_remove(const char *path);

/* Makes the folder of the test that begins, where new files have the usual modes. 0, or -1. */
int scratch_enter(void **state);

/* Removes it. 0, or -1. */
int scratch_leave(void **state);

/* Its path. */
const char *scratch_path(void);

#endif
