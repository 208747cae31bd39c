/*
 * ttl: how long after its last push a group is gone, as users, the HTTP API and JSON have it.
 */
#ifndef PGW_TTL_H
#define PGW_TTL_H

#include <stdint.h>

#include "error.h"
#include "slice.h"

/* The header of a push that has one; other gateways ignore it. */
#define TTL_HEADER "Pgw-Ttl"

/* What /api/v1/metrics of pgw-serve has of a group with one, in seconds. No family of a plain name has that name. */
#define TTL_KEY "pgw-ttl"

#define TTL_TEXT_SIZE 24

/* Writes a TTL for that header: "3600s". */
void ttl_format(int64_t ttl, char text[TTL_TEXT_SIZE]);

/* Reads an age (age.h), rounded up to whole seconds and at least one, in ns. 0, or -1 with ERROR_USAGE. */
int ttl_parse(struct slice text, int64_t *ttl, struct error *error);

#endif
