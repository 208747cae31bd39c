/*
 * process_metrics: the process_* families, of this process alone, as client_golang has them
 * (prometheus/process_collector_procfsenabled.go).
 *
 * The two of the network are those of the whole network namespace, as there; client_golang has them since 1.20.
 *
 * They come from /proc/self and getrlimit(2). A family that can't be read, as in a chroot without /proc, is left out.
 */
#ifndef PGW_PROCESS_METRICS_H
#define PGW_PROCESS_METRICS_H

#include "buffer.h"
#include "error.h"

/* Appends them as text, HELP and TYPE included, in the order of their names. 0, or -1 with ERROR_MEMORY and nothing
 * appended. */
int process_metrics_append(struct buffer *out, struct error *error);

#endif
