/*
 * group: one group of metrics, as it is in a group file and in memory.
 *
 * A group is never changed: a push makes a new one from the old one and what was pushed. It holds what an exposition
 * sends, the sample lines, once and in one piece of memory with all the rest; the group file of format 1, described in
 * pgw-spool(5), is made from it where it is needed. group_free() frees all.
 */
#ifndef PGW_GROUP_H
#define PGW_GROUP_H

#include <bsd/sys/queue.h>
#include <stdint.h>

#include "canonical.h"
#include "error.h"
#include "exposition.h"
#include "input_limits.h"
#include "labels.h"

/* The upstream's two families that every group has. */
#define PUSH_TIME_NAME	       "push_time_seconds"
#define PUSH_FAILURE_TIME_NAME "push_failure_time_seconds"

enum push_method {
	PUSH_NONE, /* never pushed with success, or made by hand */
	PUSH_POST, /* replaced families of the same name */
	PUSH_PUT,  /* replaced the group */
};

/* "-", "POST", "PUT". */
extern const char *const push_method_names[];

/* One family of a group. */
struct block {
	struct slice name;
	struct slice help;    /* escaped; data is NULL where there is none */
	struct slice samples; /* the sample lines */
	int64_t pushed;	      /* when this family was pushed, ns since the epoch */
	enum metric_type type;
	uint32_t series_count;
};

struct group {
	STAILQ_ENTRY(group) retired; /* for a view, as the next one */
	uint64_t since;		     /* the number of the first snapshot that may have it */
	struct grouping_key key;     /* has nothing to release */
	struct block *blocks;	     /* by name in byte order */
	size_t block_count;
	size_t series_count;	   /* of all blocks */
	size_t text_size;	   /* bytes of the group file */
	struct fingerprint shape;  /* of the names, types and series, in their order (hash_series()) */
	uint32_t *lines;	   /* of each series in what was pushed, 0 for one that was there before; or NULL */
	int64_t push_time;	   /* last push that succeeded, ns since the epoch; 0 for never */
	int64_t push_failure_time; /* last push that was refused, the same */
	int64_t ttl;		   /* ns after the last push that the group is gone, in whole seconds; 0 for never */
	enum push_method method;   /* of the last push that succeeded */
	bool quoted_names;	   /* a name may need quotes in text */
	bool natives;		   /* a metric may have a native */
	bool by_hand;		   /* read from a file without pgw's header */
};

STAILQ_HEAD(group_queue, group);

/* When somebody last pushed to a group: with success, or else what was refused. */
static inline int64_t group_last_push(const struct group *group)
{
	return group->push_time != 0 ? group->push_time : group->push_failure_time;
}

/* When the group is gone, ns since the epoch; INT64_MAX for never. */
static inline int64_t group_expires(const struct group *group)
{
	int64_t last = group_last_push(group);
	return group->ttl == 0 || last > INT64_MAX - group->ttl ? INT64_MAX : last + group->ttl;
}

static inline bool group_has_expired(const struct group *group, int64_t now)
{
	return group->ttl != 0 && group_expires(group) <= now;
}

/* The limits for group files: a file holds what was pushed with the grouping labels on every sample. */
struct limits group_file_limits(const struct limits *limits);

void group_free(struct group *group);

/* Appends the group file. 0, or -1 with errno. */
int group_append_text(const struct group *group, struct buffer *out);

/* Forgets in which lines the series stood when they were pushed, which only refusals tell. */
void group_forget_lines(struct group *group);

/*
 * Reads a group file. `file` is its name, `modified` its time of modification in ns since the epoch, the push time
 * of a file without a header. A file made by hand needs no header when its name can be read back; its labels are
 * overridden by the grouping labels, as those of a push are.
 * NULL and ERROR_SYNTAX, ERROR_INCONSISTENT or ERROR_TOO_LARGE when the file can't be a group: it doesn't parse, has
 * timestamps, or its name and its key disagree.
 */
struct group *group_read(
	struct slice file, struct slice text, int64_t modified, const struct limits *limits, struct error *error);

/* Whether a file that group_read() refused like this can be a group for nobody, whatever his limits. */
bool group_is_malformed(enum error_kind kind);

/*
 * The group after a push. `old` is the group before, or NULL; `key` is finished; `pushed` has passed
 * exposition_check(). POST keeps the old families whose names were not pushed, PUT drops them; families named as the
 * two above are replaced by the group's own. `now` in ns since the epoch. The new group has the `ttl` of this push, in
 * ns, a whole number of seconds; 0 for none. NULL with an error when the group is
 * inconsistent in itself or too large; that it has a series twice is the view's to find.
 */
struct group *group_push(const struct group *old, const struct grouping_key *key, const struct exposition *pushed,
	enum push_method method, int64_t now, int64_t ttl, const struct limits *limits, struct error *error);

/* The group after a push that was refused: as before but for the failure time; a new one without push time where there
 * was none, with the TTL of that push. */
struct group *group_push_failed(const struct group *old, const struct grouping_key *key, int64_t now, int64_t ttl,
	const struct limits *limits, struct error *error);

/* Whether two groups have the same families, types and series, in the same order, so that one in the place of the other
 * changes nobody else's standing. */
static inline bool group_same_shape(const struct group *a, const struct group *b)
{
	return fingerprint_equal(a->shape, b->shape);
}

/* Whether a group has each family of another one with its type and each of its series, in their order: the other one in
 * its place takes nothing that could be somebody else's. */
bool group_includes(const struct group *group, const struct group *other);

/* The line of a series of a block in what was pushed; 0 where there is none, or where it was forgotten. */
uint32_t group_line(const struct group *group, const struct block *block, size_t series);

/* The block of a family, or NULL. */
const struct block *group_block(const struct group *group, struct slice name);

#endif
