#include "connection.h"

#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define EVENTS_PER_TURN 64

int connections_init(struct connections *connections)
{
	*connections = (struct connections)CONNECTIONS_NONE;
	LIST_INIT(&connections->list);
	connections->ends_fd = epoll_create1(EPOLL_CLOEXEC);
	return connections->ends_fd == -1 ? -1 : 0;
}

void connections_release(struct connections *connections)
{
	if (connections->ends_fd != -1)
		close(connections->ends_fd);
	connections->ends_fd = -1;
}

void connections_add(struct connections *connections, struct connection *connection)
{
	struct epoll_event event = {.events = EPOLLRDHUP | EPOLLONESHOT, .data.ptr = connection};
	LIST_INSERT_HEAD(&connections->list, connection, next);
	connections->count++;
	epoll_ctl(connections->ends_fd, EPOLL_CTL_ADD, connection->fd, &event);
}

void connections_remove(struct connections *connections, struct connection *connection)
{
	/* Closing the descriptor would not do while another one lingers. */
	epoll_ctl(connections->ends_fd, EPOLL_CTL_DEL, connection->fd, NULL);
	connections->ended_count -= connection->ended;
	LIST_REMOVE(connection, next);
	free(connection);
	connections->count--;
}

void connections_enter(
	struct connections *connections, struct connection *connection, enum connection_state state, int64_t deadline)
{
	connection->state = state;
	connection->deadline = deadline;
	if (deadline < connections->next_deadline)
		connections->next_deadline = deadline;
}

void connection_cut(struct connection *connection)
{
	if (!connection->cut)
		shutdown(connection->fd, SHUT_RDWR);
	connection->cut = true;
}

void connections_cut_overdue(struct connections *connections, int64_t now)
{
	struct connection *connection;
	if (now < connections->next_deadline)
		return;
	connections->next_deadline = CONNECTION_NO_DEADLINE;
	LIST_FOREACH(connection, &connections->list, next)
	{
		if (now >= connection->deadline)
			connection_cut(connection);
		else if (connection->deadline < connections->next_deadline)
			connections->next_deadline = connection->deadline;
	}
}

void connections_cut_idle(struct connections *connections)
{
	struct connection *connection;
	LIST_FOREACH(connection, &connections->list, next)
	{
		if (connection->state == CONNECTION_IDLE)
			connection_cut(connection);
	}
}

void connections_note_ends(struct connections *connections)
{
	struct epoll_event events[EVENTS_PER_TURN];
	int count = epoll_wait(connections->ends_fd, events, EVENTS_PER_TURN, 0);
	for (int i = 0; i < count; i++) {
		struct connection *connection = events[i].data.ptr;
		connections->ended_count += !connection->ended;
		connection->ended = true;
	}
}

void connections_cut_ended(struct connections *connections)
{
	struct connection *connection;
	char byte;
	if (connections->ended_count == 0)
		return;
	LIST_FOREACH(connection, &connections->list, next)
	{
		if (connection->ended && connection->state != CONNECTION_ANSWERING && !connection->cut &&
			recv(connection->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0)
			connection_cut(connection);
	}
}
