/*
 * pipe: a client on two pipes, seen by the HTTP library as a socket.
 *
 * One end of a socketpair(2) goes to the HTTP library; the pump carries bytes from standard input to the other end and
 * from there to standard output, in the event loop of the server. The end of the input is passed on as a half-close.
 */
#ifndef PGW_PIPE_H
#define PGW_PIPE_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>

#define PUMP_FDS  3
#define PUMP_SIZE 65536

/* Bytes on their way in one direction. */
struct pump_flow {
	char data[PUMP_SIZE];
	size_t start;
	size_t end;
	bool finished; /* nothing more comes from its source */
};

struct pump {
	int end;	      /* our end of the socket pair; -1 when closed */
	bool half_closed;     /* the end of the input was passed on */
	int failed;	      /* errno of writing to standard output, or 0 */
	struct pump_flow in;  /* standard input to the library */
	struct pump_flow out; /* the library to standard output */
};

/* Makes the socket pair and returns the library's end, or -1 with errno. */
int pump_init(struct pump *pump);
void pump_release(struct pump *pump);

/* What the pump waits for: fills PUMP_FDS entries. */
void pump_poll(const struct pump *pump, struct pollfd fds[PUMP_FDS]);

/* Moves what can be moved after poll(2). */
void pump_run(struct pump *pump, const struct pollfd fds[PUMP_FDS]);

/* Whether the library closed the connection and all its bytes are written, or cannot be. */
bool pump_done(const struct pump *pump);

#endif
