/*
 * targets: which targets there are.
 */
#ifndef PGW_RELAY_TARGETS_H
#define PGW_RELAY_TARGETS_H

#include "relay.h"

/* Makes the targets of the command line, of standard input for the operand "-", and of the files. 0, or -1 with
 * ERROR_USAGE (a bad URL, two that would be one group, no target at all), ERROR_NO_INPUT, ... */
int targets_init(struct relay *relay, char *operands[], size_t count, struct error *error);
void targets_release(struct relay *relay);

/* Reads files that have changed again, or all of them. New targets are there, those that are no longer listed are
 * `gone`. Of a file that can't be read its targets stay, and report.h says why, once for each state of the file. True
 * where targets came or went. */
bool targets_refresh(struct relay *relay, bool all);

/* Frees a target that is gone. */
void target_remove(struct target *target);

#endif
