/*
 * deliver: a push on its way out of pgw-push: into the spool, or to gateways, with a queue (queue.h) where one is
 * given.
 *
 * What waits is sent before a new push, gateway by gateway and in the order in which it came. A gateway for which
 * something still waits then doesn't get the new push, which waits, too: it must not be overwritten by an older one.
 */
#ifndef PGW_PUSH_DELIVER_H
#define PGW_PUSH_DELIVER_H

#include "clock.h"
#include "destination.h"
#include "options.h"

struct queue_options {
	const char *path; /* NULL for none */
	int64_t age;	  /* ns */
	size_t size;	  /* bytes */
	bool flush;	  /* send what waits, and nothing else */
};

#define QUEUE_OPTIONS_DEFAULT                                                                                          \
	{                                                                                                              \
		.age = 7 * 86400 * CLOCK_SECOND, .size = 64 << 20                                                      \
	}

#define OPTIONS_QUEUE(options)                                                                                         \
	{0, "queue", "DIR", OPTION_STRING, &(options)->path, "keep what can't be delivered, and send it later"},       \
		{0, "queue-age", "AGE", OPTION_AGE, &(options)->age, "how long it is kept (default: 7d)"},             \
		{0, "queue-size", "SIZE", OPTION_SIZE, &(options)->size, "how much is kept (default: 64m)"},           \
	{                                                                                                              \
		0, "flush", NULL, OPTION_FLAG, &(options)->flush, "send what waits in the queue, and nothing else"     \
	}

struct deliver_options {
	struct queue_options queue;
	bool dry_run;
	bool quiet; /* no warnings */
	bool verbose;
};

/* 0 where the destination has the push, or the queue has it (*queued, and a warning on stderr); -1 with an error, whose
 * line is one of the exposition. */
int deliver(const struct deliver_options *options, struct destination *destination, struct destination_change *change,
	bool *queued, struct error *error);

/* Sends what waits: to the target's gateways where it has any, else to those that it waits for; with dry_run, only
 * prints what that is. The timeout, in ms, is for each push. 0, or -1 with the error of the first push that was refused
 * or still waits; the others are told of on stderr. */
int deliver_queue(
	const struct deliver_options *options, struct options_target *target, unsigned timeout, struct error *error);

#endif
