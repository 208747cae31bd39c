#include "pipe.h"

#include <errno.h>
#include <limits.h>
#include <sys/socket.h>
#include <unistd.h>

enum pump_fd {
	PUMP_STDIN,
	PUMP_STDOUT,
	PUMP_END,
};

int pump_init(struct pump *pump)
{
	int pair[2];
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) == -1)
		return -1;
	pump->end = pair[0];
	pump->half_closed = false;
	pump->failed = 0;
	pump->in.start = pump->in.end = pump->out.start = pump->out.end = 0;
	pump->in.finished = pump->out.finished = false;
	return pair[1];
}

void pump_release(struct pump *pump)
{
	if (pump->end != -1)
		close(pump->end);
	pump->end = -1;
}

static bool is_empty(const struct pump_flow *flow)
{
	return flow->start == flow->end;
}

void pump_poll(const struct pump *pump, struct pollfd fds[PUMP_FDS])
{
	bool read_input = is_empty(&pump->in) && !pump->in.finished;
	bool read_end = is_empty(&pump->out) && !pump->out.finished;
	fds[PUMP_STDIN] = (struct pollfd){.fd = read_input ? STDIN_FILENO : -1, .events = POLLIN};
	fds[PUMP_STDOUT] = (struct pollfd){.fd = is_empty(&pump->out) ? -1 : STDOUT_FILENO, .events = POLLOUT};
	fds[PUMP_END] = (struct pollfd){.fd = -1};
	if (read_end)
		fds[PUMP_END].events |= POLLIN;
	if (!is_empty(&pump->in))
		fds[PUMP_END].events |= POLLOUT;
	if (fds[PUMP_END].events != 0)
		fds[PUMP_END].fd = pump->end;
}

static bool is_temporary(int number)
{
	return number == EAGAIN || number == EWOULDBLOCK || number == EINTR;
}

static void fill(struct pump_flow *flow, int fd)
{
	ssize_t got = read(fd, flow->data, sizeof(flow->data));
	if (got > 0) {
		flow->start = 0;
		flow->end = (size_t)got;
	} else if (got == 0 || !is_temporary(errno)) {
		flow->finished = true;
	}
}

static bool is_writable(int fd)
{
	struct pollfd ready = {.fd = fd, .events = POLLOUT};
	return poll(&ready, 1, 0) == 1;
}

/* Standard output may block, and making it not to would do so for whoever shares it. A pipe that polls as writable
 * has room for PIPE_BUF bytes. */
static void drain_to_stdout(struct pump *pump)
{
	struct pump_flow *flow = &pump->out;
	do {
		size_t left = flow->end - flow->start;
		ssize_t put = write(STDOUT_FILENO, flow->data + flow->start, left < PIPE_BUF ? left : PIPE_BUF);
		if (put > 0) {
			flow->start += (size_t)put;
		} else if (put == -1 && !is_temporary(errno)) {
			pump->failed = errno;
			return;
		}
	} while (!is_empty(flow) && is_writable(STDOUT_FILENO));
}

static void drain_to_library(struct pump *pump)
{
	struct pump_flow *flow = &pump->in;
	ssize_t put = send(pump->end, flow->data + flow->start, flow->end - flow->start, MSG_NOSIGNAL);
	if (put > 0) {
		flow->start += (size_t)put;
	} else if (put == -1 && !is_temporary(errno)) {
		/* The library closed the connection: what still comes is for nobody. */
		flow->start = flow->end;
		flow->finished = true;
	}
}

void pump_run(struct pump *pump, const struct pollfd fds[PUMP_FDS])
{
	if (fds[PUMP_STDIN].revents != 0)
		fill(&pump->in, STDIN_FILENO);
	if (fds[PUMP_STDOUT].revents != 0)
		drain_to_stdout(pump);
	if (!is_empty(&pump->in) && fds[PUMP_END].revents & (POLLOUT | POLLERR | POLLHUP))
		drain_to_library(pump);
	if (pump->in.finished && is_empty(&pump->in) && !pump->half_closed) {
		shutdown(pump->end, SHUT_WR);
		pump->half_closed = true;
	}
	if (is_empty(&pump->out) && fds[PUMP_END].revents & (POLLIN | POLLERR | POLLHUP))
		fill(&pump->out, pump->end);
}

bool pump_done(const struct pump *pump)
{
	return pump->failed != 0 || (pump->out.finished && is_empty(&pump->out));
}
