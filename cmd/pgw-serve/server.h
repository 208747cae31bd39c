/*
 * server: the event loop.
 *
 * One thread waits for everything: new clients, libmicrohttpd's sockets (through its epoll descriptor), changes of the
 * spool, signals, time limits. libmicrohttpd gets its connections from here, however they came in, and never waits by
 * itself. Each turn reads what is readable, then commits the pushes that are whole, then writes.
 */
#ifndef PGW_SERVER_H
#define PGW_SERVER_H

#include "error.h"
#include "service.h"
#include "sockets.h"

struct server_options {
	unsigned connections;	   /* at most so many at a time */
	unsigned read_timeout;	   /* ms for a request to be whole */
	unsigned idle_timeout;	   /* ms between two requests */
	unsigned shutdown_timeout; /* ms for requests in flight after the first signal */
	unsigned inetd_timeout;	   /* ms without clients, after which inetd takes its socket back */
};

/* Serves until a signal, the end of the only connection, or the time limit of inetd's wait. 0, or -1 with an error.
 * Connections among the sockets are taken over. */
int server_run(
	struct service *service, struct sockets *sockets, const struct server_options *options, struct error *error);

/* Blocks the signals that server_run() waits for, so that none is lost before. */
void server_block_signals(void);

#endif
