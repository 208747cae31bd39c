/*
 * connection: what the server knows of a client beside what libmicrohttpd knows.
 */
#ifndef PGW_CONNECTION_H
#define PGW_CONNECTION_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

/* Each state has its own time limit; a connection whose deadline has passed is cut. */
enum connection_state {
	CONNECTION_IDLE,      /* between requests */
	CONNECTION_RECEIVING, /* a request's first line is here, the rest of it not yet */
	CONNECTION_ANSWERING, /* the request is whole */
};

#define CONNECTION_NO_DEADLINE INT64_MAX

struct connection {
	LIST_ENTRY(connection) next;
	int fd; /* libmicrohttpd's; good for shutdown(2) */
	enum connection_state state;
	int64_t deadline; /* ms of the monotonic clock */
	bool pipes;	  /* not a socket of a stranger but a pump */
	bool linger;	  /* answered before the request was read */
	bool ended;	  /* the client sends no more */
	bool cut;	  /* shut down already */
};

LIST_HEAD(connection_list, connection);

#endif
