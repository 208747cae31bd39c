#include "linger.h"

#include <errno.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <unistd.h>

#define READ_SIZE 65536

void linger_add(struct linger_list *list, int fd, int64_t now)
{
	if (list->count == LINGER_MAX) {
		close(fd);
		return;
	}
	list->entries[list->count].fd = fd;
	list->entries[list->count].deadline = now + LINGER_TIMEOUT;
	list->count++;
}

void linger_release(struct linger_list *list)
{
	while (list->count > 0)
		close(list->entries[--list->count].fd);
}

void linger_poll(const struct linger_list *list, struct pollfd *fds)
{
	for (size_t i = 0; i < list->count; i++)
		fds[i] = (struct pollfd){.fd = list->entries[i].fd, .events = POLLIN};
}

static bool has_ended(int fd)
{
	static char dropped[READ_SIZE];
	ssize_t got = recv(fd, dropped, sizeof(dropped), MSG_DONTWAIT);
	return got == 0 || (got == -1 && errno != EAGAIN && errno != EINTR);
}

void linger_run(struct linger_list *list, const struct pollfd *fds, int64_t now)
{
	/* From the end, so that an entry that moves into a gap was looked at. */
	for (size_t i = list->count; i-- > 0;) {
		bool readable = fds[i].revents != 0;
		if ((readable && has_ended(list->entries[i].fd)) || now >= list->entries[i].deadline) {
			close(list->entries[i].fd);
			list->entries[i] = list->entries[--list->count];
		}
	}
}

int64_t linger_deadline(const struct linger_list *list)
{
	int64_t deadline = INT64_MAX;
	for (size_t i = 0; i < list->count; i++)
		if (list->entries[i].deadline < deadline)
			deadline = list->entries[i].deadline;
	return deadline;
}
