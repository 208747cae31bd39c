/*
 * group_body: a group of a spool as the body of a push.
 *
 * Text where that holds all; protobuf where a metric has what text can't hold: a native histogram, exemplars, created
 * timestamps. The group's own two push times stay behind.
 */
#ifndef PGW_SCRAPE_RELAY_GROUP_BODY_H
#define PGW_SCRAPE_RELAY_GROUP_BODY_H

#include "buffer.h"
#include "error.h"
#include "group.h"

/* Appends the body: delimited protobuf where the group has natives, otherwise text. 0, or -1 with ERROR_TOO_LARGE,
 * ERROR_MEMORY or what a text that is damaged gives. */
int group_body_append(const struct group *group, struct buffer *body, struct error *error);

#endif
