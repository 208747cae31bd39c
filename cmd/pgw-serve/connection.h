/*
 * connection: what the server knows of its clients beside what libmicrohttpd knows: their time limits, and which of
 * them send no more.
 */
#ifndef PGW_CONNECTION_H
#define PGW_CONNECTION_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

/* What libmicrohttpd gets for each, bytes. It bounds the header, too: RFC 9110 asks for a request line of 8,000. All of
 * it is cleared after each request: with 32 kB, 32 connections pushed 12 % less to 10 groups and 5 % less to 10,000. */
#define CONNECTION_MEMORY 16384

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

struct connections {
	struct connection_list list;
	unsigned count;
	unsigned ended_count;
	int ends_fd;	       /* an epoll(7) descriptor, readable when a client sends no more */
	int64_t next_deadline; /* not after the first deadline of a connection */
};

/* Which need no release. */
#define CONNECTIONS_NONE                                                                                               \
	{                                                                                                              \
		.ends_fd = -1, .next_deadline = CONNECTION_NO_DEADLINE                                                 \
	}

/* 0, or -1 with errno. */
int connections_init(struct connections *connections);
void connections_release(struct connections *connections);

/* Adds one whose descriptor is set; removes one before its descriptor is closed, and frees it. */
void connections_add(struct connections *connections, struct connection *connection);
void connections_remove(struct connections *connections, struct connection *connection);

/* Puts one into a state, up to a deadline. */
void connections_enter(
	struct connections *connections, struct connection *connection, enum connection_state state, int64_t deadline);

/* Ends a connection: libmicrohttpd sees its end and closes. */
void connection_cut(struct connection *connection);

/* Ends those whose deadline has passed. */
void connections_cut_overdue(struct connections *connections, int64_t now);

/* Ends those between requests. */
void connections_cut_idle(struct connections *connections);

/* Takes note of clients that send no more. */
void connections_note_ends(struct connections *connections);

/* Ends those of such clients that were read to the end and wait for no answer, when libmicrohttpd has no work left.
 * That (0.9.75) misses the end of the input that comes together with a request: its epoll(7) is edge-triggered and a
 * short read ends its reading. Without this such a client would wait for the idle time limit. */
void connections_cut_ended(struct connections *connections);

#endif
