/*
 * group_make: a group from its parts. For group.c and group_read.c; others push to groups and read them.
 */
#ifndef PGW_GROUP_MAKE_H
#define PGW_GROUP_MAKE_H

#include <stddef.h>
#include <stdint.h>

#include "group.h"

/* When a family was pushed, where that was not with the last push. */
struct family_time {
	struct slice name;
	int64_t pushed; /* ns since the epoch */
};

/* Families that were pushed or read, and those of the group before. */
struct parts {
	const struct grouping_key *key;	 /* finished */
	const struct exposition *pushed; /* or NULL */
	const struct group *old;	 /* or NULL; its families give way to pushed ones of their name */
	int64_t pushed_at;		 /* when `pushed` was, unless `times` has the family */
	const struct family_time *times; /* by name in byte order */
	size_t time_count;
	int64_t push_time;
	int64_t push_failure_time;
	int64_t ttl;
	enum push_method method;
};

/* The group, which holds no pointer to its parts, or NULL with the error. */
struct group *group_make(const struct parts *parts, const struct limits *limits, struct error *error);

#endif
