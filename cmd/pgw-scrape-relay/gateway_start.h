/*
 * gateway_start: when a gateway started, which tells whether it may have lost what it had.
 *
 *	struct gateway_start start;
 *	gateway_start_init(&start);
 *	gateway_start_ask(&start, &destination, 0, timeout, http, done, context, &error);
 *	http_run(http, &error);				calls done(): start.history
 *	gateway_start_release(&start);
 *
 * By the API's /api/v1/status, which pgw-serve and the upstream have. One pgw-serve for each connection, under inetd,
 * starts all the time and loses nothing: it counts as one that never restarts.
 */
#ifndef PGW_SCRAPE_RELAY_GATEWAY_START_H
#define PGW_SCRAPE_RELAY_GATEWAY_START_H

#include <stdbool.h>
#include <stdint.h>

#include "buffer.h"
#include "destination.h"
#include "error.h"
#include "http.h"

enum gateway_history {
	GATEWAY_AWAY,	   /* no answer: see error */
	GATEWAY_UNKNOWN,   /* it did not say now, or not the last time that it answered */
	GATEWAY_STAYED,	   /* it is the same process as then */
	GATEWAY_RESTARTED, /* it isn't */
};

struct gateway_start {
	struct buffer time; /* as the gateway wrote it; empty where it doesn't say */
	enum gateway_history history;
	struct error error;
	void (*done)(void *context);
	void *context;
};

void gateway_start_init(struct gateway_start *start);
void gateway_start_release(struct gateway_start *start);

/* Asks a gateway of a destination, and calls `done` from http_run() when the history is known. `timeout` in ms. 0, or
 * -1 with an error and `done` not called. */
int gateway_start_ask(struct gateway_start *start, const struct destination *destination, size_t gateway,
	unsigned timeout, struct http *http, void (*done)(void *context), void *context, struct error *error);

#endif
