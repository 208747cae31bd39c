/*
 * reporter: a child process that pushes what is known of a run.
 *
 * A process of its own, since nothing that a gateway, a network or a disk does may hold up the command: at its deadline
 * it is killed, which leaves a spool whole (pgw-spool(5)).
 *
 *	reporter_start(&reporter, &report, deadline);
 *	while (!reporter_is_done(&reporter))
 *		command_wait(&command, reporter.deadline);
 */
#ifndef PGW_RUN_REPORTER_H
#define PGW_RUN_REPORTER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "command.h"
#include "labels.h"
#include "options.h"

struct report {
	struct options_target *target;
	struct grouping_key *key; /* not finished */
	unsigned limit;		  /* ms that a gateway or the spool's lock may take */
	bool sync;
	bool quiet;
	bool verbose;
	const struct command *command;
	const char *metrics_file; /* samples to add to those of a run that has ended; NULL for none */
};

struct reporter {
	pid_t pid;	  /* 0 where there is none */
	int64_t deadline; /* ns of the monotonic clock */
	bool quiet;
};

/* Begins to push the run as it is now. What goes wrong is told on standard error. */
void reporter_start(struct reporter *reporter, const struct report *report, int64_t deadline);

/* Whether the process has ended, or was killed at its deadline just now. */
bool reporter_is_done(struct reporter *reporter);

#endif
