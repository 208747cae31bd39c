/*
 * sockets: the ways in: addresses of our own, sockets that systemd or inetd hand over, and pipes.
 *
 *	struct sockets sockets;
 *	sockets_init(&sockets);
 *	if (sockets_inherit(&sockets, true, force, &error) == -1) ...
 *	if (sockets.count == 0)
 *		sockets_listen(&sockets, ":9091", &error);
 *	sockets_release(&sockets);	closes what nobody took and removes our own Unix sockets
 *
 * Protocols: sd_listen_fds(3) for systemd, inetd(8) for nowait (fd 0 is a connection) and wait (fd 0 listens).
 */
#ifndef PGW_SOCKETS_H
#define PGW_SOCKETS_H

#include <stdbool.h>
#include <stddef.h>

#include "error.h"

enum socket_kind {
	SOCKET_LISTENING,
	SOCKET_CONNECTION, /* one client, who is all there is to serve */
	SOCKET_PIPES,	   /* the same, reading fd 0 and writing fd 1 */
};

struct socket_entry {
	enum socket_kind kind;
	int fd;	    /* non-blocking where it listens; -1 for SOCKET_PIPES, and once somebody else owns it */
	bool ours;  /* bound by us, so that the ready line names it */
	char *name; /* "http://127.0.0.1:9091" or "unix:/path" where it is ours, for people */
	char *path; /* of our own Unix socket, to be removed; or NULL */
};

struct sockets {
	struct socket_entry *entries;
	size_t count;
	bool inetd_wait;   /* fd 0 listens, and inetd takes it back when we exit */
	bool stderr_taken; /* stderr is a client's connection: log elsewhere */
};

void sockets_init(struct sockets *sockets);
void sockets_release(struct sockets *sockets);

/*
 * Takes what the parent process hands over: the descriptors of LISTEN_FDS if LISTEN_PID is this process, else fd 0 if
 * it is a stream socket and `use_stdin`, else both fd 0 and 1 as pipes if `force_stdin`. Standard descriptors that are
 * the client's connection are replaced by /dev/null. The environment variables are removed. 0 (also where there is
 * nothing), or -1 with ERROR_USAGE or ERROR_IO.
 */
int sockets_inherit(struct sockets *sockets, bool use_stdin, bool force_stdin, struct error *error);

/* Binds an address: ":9091" (every address, IPv4 and IPv6), "host:port", "[::1]:port" or "unix:/path". A port is a
 * number, of which 0 lets the kernel choose, or a name of services(5). 0, or -1 with ERROR_USAGE (not an address),
 * ERROR_UNAVAILABLE or ERROR_PERMISSION. */
int sockets_listen(struct sockets *sockets, const char *address, struct error *error);

/* Closes the listening sockets and removes our own Unix sockets, so that no new client comes. */
void sockets_stop_listening(struct sockets *sockets);

#endif
