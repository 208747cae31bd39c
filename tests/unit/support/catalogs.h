/*
 * catalogs: a spool in a folder of its own with a catalog that is put to use as the store does it. The tests hold the
 * lock all the time, and change files beside it as by hand.
 */
#ifndef PGW_TEST_CATALOGS_H
#define PGW_TEST_CATALOGS_H

#include "catalog.h"
#include "scratch.h"

struct catalog_fixture {
	char path[SCRATCH_PATH_SIZE];
	struct spool spool;
	struct limits limits; /* the default ones */
	int64_t now;	      /* of the last push */
};

int catalog_set_up(void **state);
int catalog_tear_down(void **state);

/* Opens fixture->spool, and takes its lock. */
void open_locked_spool(struct catalog_fixture *fixture);

/* Writes a group that the catalog hears nothing of. */
void write_beside(struct catalog_fixture *fixture, const char *path, const char *text);

/* Writes a file in place of another of that name, as cp and mv would. */
void replace_file(struct catalog_fixture *fixture, const char *file, const char *text);

void remove_file(struct catalog_fixture *fixture, const char *file);

/* Makes a catalog in the place of the one that is there. Whether one could be made. */
bool build_catalog(struct catalog_fixture *fixture);

/* One push as store.c makes it. */
enum catalog_answer push_through_catalog(struct catalog_fixture *fixture, const char *path, const char *text);

/* That the catalog says what the files do. */
void assert_agrees(struct catalog_fixture *fixture);

#endif
