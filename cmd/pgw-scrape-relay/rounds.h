/*
 * rounds: when each target is scraped, and what ends the process.
 */
#ifndef PGW_RELAY_ROUNDS_H
#define PGW_RELAY_ROUNDS_H

#include "relay.h"

/* Scrapes all targets once. 0, or -1 where libcurl failed. */
int rounds_once(struct relay *relay, struct error *error);

/* Scrapes them every interval until SIGTERM or SIGINT, each at a moment of its own, which its group's name gives it.
 * SIGHUP has the files of targets read again. */
int rounds_run(struct relay *relay, struct error *error);

#endif
