/*
 * linger: connections that are answered and closed for writing while the client still sends.
 *
 * Closing a socket with unread bytes resets the connection, and the reset can overtake the answer. So the bytes are
 * read and dropped until the client has seen the end, for a short time.
 */
#ifndef PGW_LINGER_H
#define PGW_LINGER_H

#include <poll.h>
#include <stddef.h>
#include <stdint.h>

#define LINGER_MAX     64
#define LINGER_TIMEOUT 3000 /* ms */

struct linger_list {
	struct {
		int fd;
		int64_t deadline; /* ms of the monotonic clock */
	} entries[LINGER_MAX];
	size_t count;
};

/* Takes a descriptor over; when there are too many it is closed. */
void linger_add(struct linger_list *list, int fd, int64_t now);
void linger_release(struct linger_list *list);

/* Fills list->count entries. */
void linger_poll(const struct linger_list *list, struct pollfd *fds);

/* Reads and drops after poll(2), `fds` as filled before. */
void linger_run(struct linger_list *list, const struct pollfd *fds, int64_t now);

/* The next time limit, or INT64_MAX. */
int64_t linger_deadline(const struct linger_list *list);

#endif
