/*
 * stores: a store on a spool in a folder of its own, as pgw-serve and pgw-push have it, and what a test does with it.
 */
#ifndef PGW_TEST_STORES_H
#define PGW_TEST_STORES_H

#include "scratch.h"
#include "store.h"

#define SECOND 1000000000LL /* ns */

extern const struct limits default_limits;

struct store_fixture {
	char path[SCRATCH_PATH_SIZE];
	struct store store;
};

/* Each in both modes of the view. */
#define WITH_SPOOL(test)                                                                                               \
	cmocka_unit_test_setup_teardown(test, store_set_up_scan, store_tear_down),                                     \
		cmocka_unit_test_setup_teardown(test, store_set_up_follow, store_tear_down)

int store_set_up_scan(void **state);
int store_set_up_follow(void **state);
int store_tear_down(void **state);

/* Opens what must open. */
void open_store(struct store *store, const char *path, enum view_mode mode, const struct limits *limits);

/* The key that a URL's path has. */
void make_key(struct grouping_key *key, const char *path);

/* Pushes, each time a second later, and gives the error or NULL. Later calls overwrite it. */
const struct error *push_as(struct store *store, enum store_method method, const char *path, const char *text);

/* Pushes by POST what is taken, or what is refused at that line. */
void push(struct store *store, const char *path, const char *text);
void refuse(struct store *store, const char *path, const char *text, unsigned line, const char *message);

/* The exposition but for the push times, which only some tests look at. The caller frees it. */
char *expose(struct store *store);
void assert_exposed(struct store *store, const char *expected);

/* That a view made afresh sees the same. */
void assert_fresh_agrees(struct store_fixture *fixture);

/* The group in a file of that name, as the store's view has it when it has looked again. */
const struct group *find_group(struct store *store, const char *file);

#endif
