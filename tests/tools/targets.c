/*
 * targets NUMBER: that many exporters in one process, each on a port of 127.0.0.1 that the kernel chose. Prints their
 * URLs, one a line, closes standard output when all listen, and serves until it is killed. A target has 20 samples in
 * two families, whose values tell which target it is. Connections stay open until the client closes them or asks for
 * it.
 */
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <bsd/stdlib.h>

#include "buffer.h"

#define TARGETS_MAX 100000
#define BACKLOG	    64
#define EVENTS	    64
#define REQUEST_MAX 4096
#define ANSWER_MAX  4096
#define SAMPLES	    10 /* of a family */

/* What epoll tells of: a listening socket, or a connection to one. */
struct endpoint {
	int fd;
	unsigned target;
	bool listens;
	size_t length;
	char request[]; /* of a connection: REQUEST_MAX bytes */
};

static struct endpoint *endpoint_new(int fd, unsigned target, bool listens)
{
	struct endpoint *endpoint = calloc(1, sizeof(*endpoint) + (listens ? 0 : REQUEST_MAX));
	if (endpoint == NULL)
		err(1, NULL);
	endpoint->fd = fd;
	endpoint->target = target;
	endpoint->listens = listens;
	return endpoint;
}

static void watch(int epoll, struct endpoint *endpoint)
{
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = endpoint};
	if (epoll_ctl(epoll, EPOLL_CTL_ADD, endpoint->fd, &event) == -1)
		err(1, "epoll_ctl");
}

static unsigned listen_on_free_port(int fd)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(address);
	if (bind(fd, (struct sockaddr *)&address, size) == -1 || listen(fd, BACKLOG) == -1 ||
		getsockname(fd, (struct sockaddr *)&address, &size) == -1)
		err(1, "listen");
	return ntohs(address.sin_port);
}

static void start_targets(int epoll, unsigned number)
{
	for (unsigned target = 0; target < number; target++) {
		int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
		if (fd == -1)
			err(1, "socket %u of %u", target + 1, number);
		printf("http://127.0.0.1:%u/metrics\n", listen_on_free_port(fd));
		watch(epoll, endpoint_new(fd, target, true));
	}
	if (fclose(stdout) == EOF)
		err(1, "stdout");
}

static int append_exposition(struct buffer *text, unsigned target)
{
	int result = buffer_printf(text, "# HELP target_queue_length Entries that wait.\n"
					 "# TYPE target_queue_length gauge\n");
	for (unsigned i = 0; i < SAMPLES; i++)
		result |= buffer_printf(text, "target_queue_length{queue=\"q%u\"} %u\n", i, target + i);
	result |= buffer_printf(text, "# HELP target_requests_total Requests that were answered.\n"
				      "# TYPE target_requests_total counter\n");
	for (unsigned i = 0; i < SAMPLES; i++)
		result |= buffer_printf(text, "target_requests_total{code=\"%u\"} %u.5\n", 200 + i, 1000 * target + i);
	return result;
}

/* Whether the connection stays. An answer that doesn't fit into the socket's buffer belongs to a client that sends
 * requests and reads nothing. */
static bool answer(const struct endpoint *connection)
{
	struct buffer body, head;
	bool found = strncmp(connection->request, "GET /metrics ", 13) == 0;
	bool stays = strcasestr(connection->request, "\r\nConnection: close\r\n") == NULL &&
		     strstr(connection->request, " HTTP/1.0\r\n") == NULL;
	buffer_init(&body, ANSWER_MAX);
	buffer_init(&head, ANSWER_MAX);
	if ((found && append_exposition(&body, connection->target) != 0) ||
		buffer_printf(&head,
			"HTTP/1.1 %s\r\nContent-Type: text/plain; version=0.0.4\r\n%sContent-Length: %zu\r\n\r\n",
			found ? "200 OK" : "404 Not Found", stays ? "" : "Connection: close\r\n", body.len) == -1 ||
		buffer_append_slice(&head, buffer_slice(&body)) == -1)
		errx(1, "an answer is too large");
	stays &= send(connection->fd, head.data, head.len, MSG_NOSIGNAL) == (ssize_t)head.len;
	buffer_release(&head);
	buffer_release(&body);
	return stays;
}

/* Whether the connection stays. */
static bool read_requests(struct endpoint *connection)
{
	char *request = connection->request;
	ssize_t count = recv(connection->fd, request + connection->length, REQUEST_MAX - 1 - connection->length, 0);
	if (count == -1 && (errno == EAGAIN || errno == EINTR))
		return true;
	if (count <= 0) /* the end, an error, or no room: the request is too long */
		return false;
	connection->length += (size_t)count;
	request[connection->length] = '\0';
	char *end;
	while ((end = strstr(request, "\r\n\r\n")) != NULL) {
		if (!answer(connection))
			return false;
		connection->length -= (size_t)(end + 4 - request);
		memmove(request, end + 4, connection->length + 1);
	}
	return true;
}

static void take_connection(int epoll, const struct endpoint *listener)
{
	int fd = accept4(listener->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (fd == -1 && (errno == EAGAIN || errno == ECONNABORTED || errno == EINTR))
		return;
	if (fd == -1)
		err(1, "accept");
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
	watch(epoll, endpoint_new(fd, listener->target, false));
}

static void handle(int epoll, struct endpoint *endpoint)
{
	if (endpoint->listens) {
		take_connection(epoll, endpoint);
	} else if (!read_requests(endpoint)) {
		close(endpoint->fd);
		free(endpoint);
	}
}

static void raise_open_files(void)
{
	struct rlimit limit;
	if (getrlimit(RLIMIT_NOFILE, &limit) == -1)
		err(1, "getrlimit");
	limit.rlim_cur = limit.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &limit) == -1)
		err(1, "setrlimit");
}

int main(int argc, char *argv[])
{
	const char *problem = "one argument is wanted";
	unsigned number = 0;
	if (argc == 2)
		number = (unsigned)strtonum(argv[1], 1, TARGETS_MAX, &problem);
	if (problem != NULL)
		errx(1, "usage: targets NUMBER: %s", problem);
	raise_open_files();
	int epoll = epoll_create1(EPOLL_CLOEXEC);
	if (epoll == -1)
		err(1, "epoll_create1");
	start_targets(epoll, number);
	for (;;) {
		struct epoll_event events[EVENTS];
		int count = epoll_wait(epoll, events, EVENTS, -1);
		if (count == -1 && errno != EINTR)
			err(1, "epoll_wait");
		for (int i = 0; i < count; i++)
			handle(epoll, events[i].data.ptr);
	}
}
