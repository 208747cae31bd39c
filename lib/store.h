/*
 * store: pushes and deletions, from request to disk.
 *
 *	struct store store;
 *	store_open(&store, path, &spool_options, VIEW_SCAN, &limits, &error);
 *	struct store_change change = {.method = STORE_POST, .key = &key, .pushed = &exposition, .time = now};
 *	struct store_change *batch[] = {&change};
 *	store_commit(&store, batch, 1);
 *	if (change.failed) ... change.error
 *	store_close(&store);
 *
 * One lock, one refresh and mostly one wait for the disk serve a whole batch: a second one is due where a change takes
 * a name or a series that an earlier one of the batch gave up. The changes are applied in their order, so that two of
 * one group behave as if they came one after the other.
 *
 * A writer that looks at the whole spool deletes groups whose TTL is over, up to STORE_EXPIRED_MAX a commit.
 */
#ifndef PGW_STORE_H
#define PGW_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include "error.h"
#include "exposition.h"
#include "input_limits.h"
#include "labels.h"
#include "spool.h"
#include "view.h"

#define STORE_EXPIRED_MAX 64

enum store_method {
	STORE_POST,
	STORE_PUT,
	STORE_DELETE,
};

struct store_change {
	enum store_method method;
	const struct grouping_key *key;
	const struct exposition *pushed; /* NULL for STORE_DELETE */
	const struct error *refused; /* what the parser refused by a rule: recorded as a failed push; NULL for none */
	bool unchecked;		  /* the push is stored even where it clashes with others: a view leaves it out then */
	int64_t ttl;		  /* of a push, in ns, whole seconds; 0 for none */
	int64_t time;		  /* ns since the epoch */
	const int64_t *last_push; /* STORE_DELETE: only where the last push is still this one (group_last_push()); NULL
				   * for any */
	bool kept;		  /* out: the group stayed, since somebody pushed to it meanwhile */
	bool existed;		  /* out: the group was there, or a file of its name that was left out */
	bool failed;		  /* out */
	struct error error; /* out, where failed. ERROR_INCONSISTENT: the push was refused and its time recorded */
};

struct store {
	struct spool spool;
	struct view *view;
	struct limits limits;
	bool shortcuts; /* one change is made by the catalog where that can be, without reading the spool */
	bool swept;	/* of what killed writers left, when this process first wrote */
};

/* `mode` is that of the store's view. With VIEW_SCAN, a change that comes alone is made by the spool's catalog
 * (catalog.h): it costs its own group, and the view need not be refreshed before. */
int store_open(struct store *store, const char *path, const struct spool_options *options, enum view_mode mode,
	const struct limits *limits, struct error *error);
void store_close(struct store *store);

/* Removes what killed writers left, unless somebody holds the lock: the first change does it then. For the start of a
 * process that stays. */
void store_sweep(struct store *store);

/* Applies a batch. On return each change has its result; those that did not fail are as durable as the spool's
 * options say. Runs exposition_check() on what was pushed: a push that it refuses is recorded as failed, like one that
 * clashes with another group. */
void store_commit(struct store *store, struct store_change **changes, size_t count);

/* Checks one push against what is in the spool, changing neither. 0, or -1 with the error that store_commit()
 * would give. */
int store_check(struct store *store, const struct store_change *change, struct error *error);

#endif
