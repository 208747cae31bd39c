/*
 * command: the process that is watched: started, given the signals that were meant for it, ended when it takes too
 * long, and measured.
 *
 *	struct command command = {.argv = argv, .metrics_fd = -1};
 *	command_block_signals(&command);
 *	if (command_start(&command, &error) == -1)
 *		...
 *	while (!command.ended)
 *		command_wait(&command, deadline);
 *
 * One at a time: the signals of the process are its own.
 */
#ifndef PGW_RUN_COMMAND_H
#define PGW_RUN_COMMAND_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>

#include "error.h"

/* As timeout(1) and env(1) exit. */
enum {
	EXIT_TIMED_OUT = 124,
	EXIT_OWN_FAILURE = 125,
	EXIT_CANNOT_INVOKE = 126,
	EXIT_NOT_FOUND = 127,
	EXIT_SIGNAL_BASE = 128, /* and the signal's number, as a shell has it */
};

struct command {
	char **argv;	  /* ends with NULL */
	unsigned timeout; /* ms it may take; 0 for no limit. It then has a process group of its own, which is ended
			     whole */
	int metrics_fd;	  /* a file for samples, which the command gets as PGW_METRICS_FD; -1 for none */

	pid_t pid;
	sigset_t inherited;   /* the signals that were blocked before */
	bool ended;	      /* all below are set */
	bool timed_out;	      /* it took too long and was told to end */
	int status;	      /* of wait(2) */
	struct rusage usage;  /* with that of the processes it waited for */
	int64_t start, end;   /* ns since the epoch */
	int64_t duration;     /* ns */
	int64_t began;	      /* ns of the monotonic clock */
	int64_t end_deadline; /* ns of the same: when the next signal of a timeout is due */
};

/* From now on signals wait until command_wait() passes them on. */
void command_block_signals(struct command *command);

/* Starts it. 0, or -1 with an error; `ended` is set then, with the exit status of a shell: 126 or 127. */
int command_start(struct command *command, struct error *error);

/* Waits for a signal, the end of any child, or the deadline (ns of the monotonic clock), whichever comes first. */
void command_wait(struct command *command, int64_t deadline);

/* As a shell has it: 124 for one that timed out, 128 and its number for a signal. */
int command_exit_code(const struct command *command);

/* Ends this process as the command ended: by the same signal, or returning the status to exit with. */
int command_exit_as(const struct command *command);

#endif
