/*
 * scrape: one target, from its scrape through its push.
 */
#ifndef PGW_RELAY_SCRAPE_H
#define PGW_RELAY_SCRAPE_H

#include "relay.h"

#define SCRAPE_BATCH_MAX 32 /* targets that are written into a spool together */

/* Makes the place for what a new target says; payload_release() ends it. */
void scrape_prepare(struct target *target);

/* Puts a target that is idle in the queue of those that are due. */
void scrape_queue(struct target *target);

/* Starts as many of the queue as there are places. */
void scrape_start_due(struct relay *relay);

/* Writes into the spool what waits for that. Whoever is settled makes room for others. */
void scrape_store_batch(struct relay *relay);

#endif
