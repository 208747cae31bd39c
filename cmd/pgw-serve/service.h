/*
 * service: what the gateway does for a request, whoever brought it.
 *
 * Changes are queued when their request is whole, and service_commit() makes all that are queued together: one lock and
 * one wait for the disk for the pushes of many connections. Everything else is answered at once.
 */
#ifndef PGW_SERVICE_H
#define PGW_SERVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "error.h"
#include "input_limits.h"
#include "scrape.h"
#include "store.h"

struct request;

TAILQ_HEAD(request_queue, request);

/* Answers that are the same for everybody. */
enum fixed_answer {
	ANSWER_PUSHED,	/* 200 without a body */
	ANSWER_DELETED, /* 202 without a body */
	ANSWER_OK,	/* 200 "OK" */
	ANSWER_COUNT,
};

struct service {
	struct store store;
	struct limits limits;
	struct rejected_files rejected; /* those that were logged */
	struct request_queue queue;	/* changes to be made */
	size_t queued;
	size_t body_bytes;     /* of all requests that are being received */
	size_t body_bytes_max; /* above it pushes are told to come again later */
	size_t answer_bytes;   /* of all answers that are on their way */
	bool closing;	       /* answers end their connections */
	struct MHD_Response *fixed[ANSWER_COUNT];
};

/* Opens the spool and reads all of it. 0 or -1. */
int service_init(struct service *service, const char *spool, const struct spool_options *spool_options,
	enum view_mode mode, const struct limits *limits, struct error *error);
void service_release(struct service *service);

/* Takes notice of what others changed in the spool. 0, or -1 with an error. */
int service_refresh(struct service *service, struct error *error);

/* Makes the queued changes and gives their requests an answer each. */
void service_commit(struct service *service);

#endif
