/*
 * forward: a whole spool to other gateways, once or again and again.
 *
 * Each group is put (PUT) to each gateway as it is; a gateway that has it already doesn't get it again. What a gateway
 * missed while it was away it gets when it is back; all, when it was restarted meanwhile (gateway_start.h). A group
 * that is no longer in the spool is deleted where this process had sent it. A gateway that is away keeps none of the
 * others waiting: each gets its groups at its own pace.
 *
 * The gateways set the time of the last push, to that of the forwarding: what is unchanged is therefore not sent again
 * without need.
 */
#ifndef PGW_SCRAPE_RELAY_FORWARD_H
#define PGW_SCRAPE_RELAY_FORWARD_H

#include <stdbool.h>

#include "error.h"
#include "options.h"

struct forward_options {
	unsigned parallel; /* pushes at once to each gateway */
	unsigned timeout;  /* ms for each push with all its tries */
	unsigned interval; /* ms from one round to the next; 0 for one round */
	bool dry_run;	   /* say what would be sent, once */
	bool quiet;
	bool verbose;
};

/* Forwards the target's spool (or the environment's) to its gateways (or the environment's): both are there, unlike for
 * other uses of a target. Tells on stderr what fails. 0 with the exit status: after one round that of the first group,
 * in byte order of the files' names, that some gateway did not take; with an interval it returns on SIGTERM and SIGINT
 * only, when what is on its way has arrived, and the status is 0. -1 with the error that ended all. */
int forward_run(const struct forward_options *options, struct options_target *target, int *status, struct error *error);

#endif
