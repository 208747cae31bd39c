/*
 * remote_groups: the groups of a gateway, by its API /api/v1/metrics.
 *
 * The answer has every metric of the gateway. A gateway may be anybody: what it answers is bounded in bytes, in values
 * and in depth before it is parsed (by jansson), and an answer of another shape is an error.
 */
#ifndef PGW_REMOTE_GROUPS_H
#define PGW_REMOTE_GROUPS_H

#include "destination.h"
#include "error.h"
#include "group_list.h"
#include "slice.h"

/* Of an answer: 200,000 series with five labels each have some 40 MB and 2,000,000 values. */
#define REMOTE_GROUPS_BYTES_MAX	 (256u << 20)
#define REMOTE_GROUPS_VALUES_MAX 8000000
#define REMOTE_GROUPS_DEPTH_MAX	 16

/* Asks the only gateway of a destination and adds its groups to a list, in byte order of their files' names. `timeout`
 * in ms for all tries. 0, or -1 with ERROR_USAGE where there are several, the error of gateway_result(), or that of
 * remote_groups_parse() with the URL before it. */
int remote_groups_fetch(
	const struct destination *destination, unsigned timeout, struct group_list *list, struct error *error);

/* Adds the groups of an answer to an empty list, in that order. What pgw-serve and the upstream write: the labels, the
 * two push times as samples of the families of their names, the TTL with pgw-serve, and the other families. Last come
 * groups whose key isn't certain, or over our limits, with a reason: who deletes by such a key may hit another group.
 * 0, or -1 with ERROR_UNAVAILABLE for another shape, ERROR_TOO_LARGE or ERROR_MEMORY. */
int remote_groups_parse(struct slice text, struct group_list *list, struct error *error);

#endif
