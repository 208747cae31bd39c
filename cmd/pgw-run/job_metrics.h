/*
 * job_metrics: a run of a command as families of metrics, and the samples that the command adds.
 */
#ifndef PGW_RUN_JOB_METRICS_H
#define PGW_RUN_JOB_METRICS_H

#include "buffer.h"
#include "command.h"
#include "error.h"
#include "input_limits.h"

/* The names that are pgw-run's. */
#define JOB_METRICS_PREFIX "job_run_"

/* Appends the exposition of a run: while it lasts its start and job_run_running 1; once it has ended all of it, with
 * job_run_success_time_seconds only where the exit code is 0, so that a failure leaves the old one. 0 or -1 with
 * ERROR_MEMORY. */
int job_metrics_append(struct buffer *text, const struct command *command, struct error *error);

/* Appends the samples that a command left in a file, after checking that they parse, that none is named job_run_ and
 * that none has a timestamp. 0, or -1 with the error, whose line is one of the file, and nothing appended. An empty
 * file is fine. */
int job_metrics_append_file(
	struct buffer *text, int fd, const char *name, const struct limits *limits, struct error *error);

#endif
