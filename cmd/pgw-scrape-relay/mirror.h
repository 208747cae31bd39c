/*
 * mirror: which groups of a spool the gateways have.
 *
 *	struct mirror mirror;
 *	mirror_init(&mirror, gateway_count);
 *	mirror_update(&mirror, view, &error);		at each round
 *	while ((group = mirror_next(&mirror, group)) != NULL)
 *		... group->copies[gateway]
 *	mirror_sweep(&mirror);
 *	mirror_release(&mirror);
 *
 * A group has changed when its last push, its TTL or its text has; a push to it that was refused is no change.
 */
#ifndef PGW_SCRAPE_RELAY_MIRROR_H
#define PGW_SCRAPE_RELAY_MIRROR_H

#include <bsd/sys/tree.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"
#include "group.h"
#include "hash.h"
#include "labels.h"
#include "view.h"

/* A group at one gateway. */
struct mirror_copy {
	bool present;	      /* it may be there: it was sent, whatever the answer was */
	bool accepted;	      /* it is there as it was in the spool once, */
	bool current;	      /* and still is */
	bool told;	      /* the user knows why it isn't */
	bool failed;	      /* in this round */
	enum error_kind kind; /* where it failed */
};

struct mirror_group {
	RB_ENTRY(mirror_group) link;
	struct slice file;	   /* name of the group file */
	struct grouping_key key;   /* not set before the group was seen, which it is where it has a copy */
	const struct group *group; /* of the view; NULL where it is gone or left out */
	char *reason;		   /* why it is left out; NULL where it isn't */
	bool reason_is_new;	   /* since the update before */
	uint64_t round;		   /* when it was last seen */
	int64_t push_time;	   /* of what the copies are compared with */
	int64_t ttl;
	struct fingerprint text;
	void *key_memory;
	struct mirror_copy copies[]; /* one for each gateway */
};

RB_HEAD(mirror_groups, mirror_group);
RB_PROTOTYPE(mirror_groups, mirror_group, link, )

struct mirror {
	struct mirror_groups groups; /* by file, in byte order */
	size_t gateway_count;
	uint64_t round;
};

void mirror_init(struct mirror *mirror, size_t gateway_count);
void mirror_release(struct mirror *mirror);

/* Takes over what a refreshed view has, until the view changes; no copy has failed then. Copies of what changed are no
 * longer current. 0, or -1 with ERROR_MEMORY. */
int mirror_update(struct mirror *mirror, const struct view *view, struct error *error);

/* The next one, or the first where `group` is NULL; NULL at the end. */
struct mirror_group *mirror_next(const struct mirror *mirror, const struct mirror_group *group);

/* A gateway may have lost everything: none of its copies is current. */
void mirror_doubt(struct mirror *mirror, size_t gateway);

/* Forgets groups that are gone from the spool and that no gateway can have. */
void mirror_sweep(struct mirror *mirror);

/* Whether the spool no longer has the group; one that is left out is still there. */
static inline bool mirror_is_gone(const struct mirror_group *group)
{
	return group->group == NULL && group->reason == NULL;
}

#endif
