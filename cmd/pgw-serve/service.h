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

#include "ahead.h"
#include "checkpoint.h"
#include "counters.h"
#include "error.h"
#include "gzip_part.h"
#include "input_limits.h"
#include "negotiation.h"
#include "rejected.h"
#include "store.h"

struct request;
struct settings;

TAILQ_HEAD(request_queue, request);

/* Answers that are the same for everybody. */
enum fixed_answer {
	ANSWER_EMPTY, /* no body */
	ANSWER_OK,    /* "OK" */
	ANSWER_COUNT,
};

struct service {
	const struct settings *settings;
	struct store store;
	struct limits limits;
	bool stays; /* there is time to sync beside the work */
	struct checkpoint checkpoint;
	struct counters *counters;	/* NULL where they can't be opened */
	struct rejected_files rejected; /* those that were logged */
	struct request_queue queue;	/* changes to be made */
	size_t queued;
	size_t body_bytes;	/* of all requests that are being received, with what decompresses them */
	size_t body_bytes_max;	/* above it pushes are told to come again later */
	int64_t flush_after;	/* ms of the monotonic clock: when the counters are to be stored again */
	int64_t flush_interval; /* ms */
	bool flush_failed;	/* was logged */
	size_t answer_bytes;	/* of memory that only answers on their way have */
	struct gzip_compressor *compressor;
	struct ahead ahead;
	int64_t start_time; /* ns since the epoch */
	bool closing;	    /* answers end their connections */
	bool quit;	    /* a client asked for the end */
	struct MHD_Response *fixed[ANSWER_COUNT];
};

/* Opens the spool and, with VIEW_FOLLOW, reads all of it. The settings must outlive the service. 0 or -1. */
int service_init(struct service *service, const struct settings *settings, enum view_mode mode, struct error *error);
void service_release(struct service *service);

/* Adds what was counted to the spool's file: at once in a process of one client, otherwise where it was last done a
 * second ago. `now` is in ms of the monotonic clock. What is pending when the service is released is stored then. */
void service_flush_counts(struct service *service, int64_t now);

/* Whether service_flush_counts() is to be called again, from flush_after on. */
bool service_counts_pending(const struct service *service);

/* Counts and logs what encode_exposition() left out of a scrape, if anything. */
void service_note_dropped(struct service *service, size_t series, struct negotiated negotiated);

/* Begins to count from zero, where the file has what can't be. */
void service_reset_counters(struct service *service);

/* Whether another large answer may be made: scrapes that nobody reads must not fill the memory. */
bool service_takes_answer(const struct service *service);

/* What makes the next scrape cheaper (ahead.h): whether there is something, and doing some of it. To be called in each
 * turn of the loop, when answers are on their way. */
bool service_has_work_ahead(const struct service *service);
void service_work_ahead(struct service *service);

/* Takes notice of what others changed in the spool. 0, or -1 with an error. */
int service_refresh(struct service *service, struct error *error);

/* Makes the queued changes and gives their requests an answer each. To be called in each turn of the loop. */
void service_commit(struct service *service);

/* Deletes all groups, those that are left out too. 0, or -1 with the first error; others are deleted then. */
int service_wipe(struct service *service, struct error *error);

#endif
