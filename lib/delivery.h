/*
 * delivery: one change on its way to the gateways of a destination, for destination.c.
 */
#ifndef PGW_DELIVERY_H
#define PGW_DELIVERY_H

#include "destination.h"

/* Adds a request for each gateway that is not skipped, and calls `done` from http_run() when all of them are settled:
 * answered, or given up. 0, or -1 with an error and `done` not called. */
int delivery_start(struct destination *destination, struct http *http, struct destination_change *change,
	destination_done *done, void *context, struct error *error);

#endif
