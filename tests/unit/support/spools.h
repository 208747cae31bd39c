/*
 * spools: the spool "s" in the scratch folder, and what the tests of the spool's modules do with it.
 */
#ifndef PGW_TEST_SPOOLS_H
#define PGW_TEST_SPOOLS_H

#include "spool.h"

extern const struct spool_options defaults, no_sync, read_only;

/* Opens what must open. */
struct spool open_spool(const struct spool_options *options);

/* Skips the test where the scratch folder is on a file system without a journal of ours. */
void skip_where_nothing_is_kept(const struct spool *spool);

struct spool_change put(const char *file, const char *text);
struct spool_change removal(const char *file);

/* Applies changes under the lock; each has what came of it. */
void apply(struct spool *spool, struct spool_change *changes, size_t count);

/* Applies what must not fail. */
void apply_one(struct spool *spool, struct spool_change change);

/* Reads a file as spool_read() does, which finds this text and an id that fits it, or nothing. Returns what it does. */
int read_file(struct spool *spool, const char *file, const char *expected);

/* What a scan saw. */
struct seen_files {
	size_t count;
	unsigned sum;	     /* of the numbers in names job=NUMBER.prom */
	const char *stop_at; /* the visit of this name fails */
};

/* For spool_scan(); the context is a struct seen_files. */
int see_file(const char *file, void *context, struct error *error);

/* Closes the spool; the next process finds that the system was started anew. */
void crash(struct spool *spool);

/* That the next process mends what the crash left. */
void assert_recovered(void);

#endif
