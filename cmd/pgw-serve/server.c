#include "server.h"

#include <errno.h>
#include <fcntl.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"
#include "connection.h"
#include "linger.h"
#include "log.h"
#include "pipe.h"
#include "request.h"

#define ACCEPTS_PER_TURN 64
#define TURN_TIME	 20 /* ms */
#define GATHERING_ROUNDS 8
#define ACCEPT_PAUSE	 100  /* ms, when there are no descriptors left */
#define REFRESH_PAUSE	 1000 /* ms, when the spool can't be read */
#define SLOWEST_READER	 16   /* bytes an answer must lose in each ms, over the idle time limit */

/* The places in server.polled; the listening sockets follow, then those that linger. */
enum polled {
	POLLED_HTTP,
	POLLED_SIGNALS,
	POLLED_SPOOL,
	POLLED_ENDS,
	POLLED_PUMP,
	POLLED_SOCKETS = POLLED_PUMP + PUMP_FDS,
};

struct server {
	struct service *service;
	struct sockets *sockets;
	const struct server_options *options;
	struct MHD_Daemon *http;
	int http_fd; /* its epoll(7) descriptor */
	int signal_fd;
	struct connections connections;
	struct connection *adding; /* waits for libmicrohttpd to take it */
	struct pump *pump;	   /* NULL without pipes */
	struct linger_list lingering;
	struct pollfd *polled;
	size_t polled_count;
	bool single;   /* ends with its connections: nothing listens */
	bool stopping; /* after a signal */

	/* All in ms of the monotonic clock. */
	int64_t now;
	int64_t stop_deadline;
	int64_t idle_since;
	int64_t accept_after;
	int64_t refresh_after;
};

static const int stop_signals[] = {SIGTERM, SIGINT};

static void stop_signal_set(sigset_t *set)
{
	sigemptyset(set);
	for (size_t i = 0; i < sizeof(stop_signals) / sizeof(stop_signals[0]); i++)
		sigaddset(set, stop_signals[i]);
}

void server_block_signals(void)
{
	sigset_t set;
	stop_signal_set(&set);
	sigprocmask(SIG_BLOCK, &set, NULL);
}

static int64_t earlier(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* Whether libmicrohttpd has work that no descriptor tells of. */
static bool http_pending(const struct server *server)
{
	MHD_UNSIGNED_LONG_LONG timeout;
	return MHD_get_timeout(server->http, &timeout) == MHD_YES && timeout == 0;
}

/* What libmicrohttpd calls. */
static struct connection *connection_of(struct MHD_Connection *http)
{
	return MHD_get_connection_info(http, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;
}

static void connection_started(struct server *server, struct MHD_Connection *http, void **context)
{
	struct connection *connection = server->adding;
	server->adding = NULL;
	connection->fd = MHD_get_connection_info(http, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
	connections_add(&server->connections, connection);
	connections_enter(
		&server->connections, connection, CONNECTION_IDLE, server->now + server->options->read_timeout);
	*context = connection;
}

static void connection_closed(struct server *server, struct connection *connection)
{
	int unread = 0;
	bool linger = connection->linger || (ioctl(connection->fd, FIONREAD, &unread) == 0 && unread > 0);
	if (linger && !connection->cut) {
		int fd = fcntl(connection->fd, F_DUPFD_CLOEXEC, 0);
		if (fd != -1)
			linger_add(&server->lingering, fd, server->now);
	}
	connections_remove(&server->connections, connection);
	server->idle_since = server->now;
}

static void notify_connection(
	void *context, struct MHD_Connection *http, void **socket_context, enum MHD_ConnectionNotificationCode code)
{
	if (code == MHD_CONNECTION_NOTIFY_STARTED)
		connection_started(context, http, socket_context);
	else
		connection_closed(context, *socket_context);
}

static void *request_started(void *context, const char *target, struct MHD_Connection *http)
{
	struct server *server = context;
	struct connection *connection = connection_of(http);
	connections_enter(
		&server->connections, connection, CONNECTION_RECEIVING, server->now + server->options->read_timeout);
	return request_new(server->service, connection, http, target);
}

static void request_completed(
	void *context, struct MHD_Connection *http, void **request_context, enum MHD_RequestTerminationCode code)
{
	struct server *server = context;
	struct connection *connection = connection_of(http);
	if (*request_context != NULL)
		request_free(*request_context);
	*request_context = NULL;
	connections_enter(
		&server->connections, connection, CONNECTION_IDLE, server->now + server->options->idle_timeout);
	if (server->stopping && !connection->linger)
		connection_cut(connection);
}

static enum MHD_Result request_continues(void *context, struct MHD_Connection *http, const char *url,
	const char *method, const char *version, const char *data, size_t *size, void **request_context)
{
	struct server *server = context;
	struct request *request = *request_context;
	int64_t deadline = CONNECTION_NO_DEADLINE;
	if (request == NULL)
		return MHD_NO;
	enum MHD_Result result = request_handle(request, method, version, data, size);
	if (request->state != REQUEST_WHOLE)
		return result;
	/* Whoever reads from a pipe may take all the time, as with any other filter. */
	if (request->answered && !request->connection->pipes)
		deadline =
			server->now + server->options->idle_timeout + (int64_t)(request->answer_size / SLOWEST_READER);
	connections_enter(&server->connections, request->connection, CONNECTION_ANSWERING, deadline);
	return result;
}

/* The path is decoded by path_decode(), which knows its length. */
static size_t keep_escaped(void *context, struct MHD_Connection *http, char *text)
{
	return strlen(text);
}

static void log_library(void *context, const char *format, va_list arguments) __attribute__((format(printf, 2, 0)));

static void log_library(void *context, const char *format, va_list arguments)
{
	char message[512];
	vsnprintf(message, sizeof(message), format, arguments);
	message[strcspn(message, "\n")] = '\0';
	log_debug("libmicrohttpd", "message", message, NULL);
}

/* Ways in. */

/* Hands a socket to libmicrohttpd, which closes it also where this fails. */
static int add_connection(struct server *server, int fd, const struct sockaddr *address, socklen_t len, bool pipes)
{
	server->adding = calloc(1, sizeof(*server->adding));
	if (server->adding == NULL) {
		close(fd);
		return -1;
	}
	server->adding->pipes = pipes;
	if (MHD_add_connection(server->http, fd, address, len) == MHD_YES)
		return 0;
	free(server->adding);
	server->adding = NULL;
	return -1;
}

static int add_socket(struct server *server, int fd)
{
	struct sockaddr_storage address = {.ss_family = AF_UNSPEC};
	socklen_t len = sizeof(address);
	if (getpeername(fd, (struct sockaddr *)&address, &len) == -1 || len < sizeof(address.ss_family))
		len = sizeof(address.ss_family);
	return add_connection(server, fd, (struct sockaddr *)&address, len, false);
}

static int add_pipes(struct server *server)
{
	struct sockaddr address = {.sa_family = AF_UNIX};
	server->pump = malloc(sizeof(*server->pump));
	if (server->pump == NULL)
		return -1;
	int fd = pump_init(server->pump);
	if (fd == -1) {
		free(server->pump);
		server->pump = NULL;
		return -1;
	}
	return add_connection(server, fd, &address, sizeof(address.sa_family), true);
}

/* Takes over the connections among the sockets. */
static int add_inherited(struct server *server, struct error *error)
{
	server->single = true;
	for (size_t i = 0; i < server->sockets->count; i++) {
		struct socket_entry *entry = &server->sockets->entries[i];
		if (entry->kind == SOCKET_LISTENING) {
			server->single = false;
			continue;
		}
		int added = entry->kind == SOCKET_PIPES ? add_pipes(server) : add_socket(server, entry->fd);
		entry->fd = -1;
		if (added == -1)
			return error_set_errno(error, ERROR_IO, "cannot serve the client");
	}
	return 0;
}

static bool is_exhausted(int number)
{
	return number == EMFILE || number == ENFILE || number == ENOBUFS || number == ENOMEM;
}

static void accept_clients(struct server *server, int listening)
{
	for (unsigned i = 0; i < ACCEPTS_PER_TURN && server->connections.count < server->options->connections; i++) {
		struct sockaddr_storage address = {.ss_family = AF_UNSPEC};
		socklen_t len = sizeof(address);
		int fd = accept4(listening, (struct sockaddr *)&address, &len, SOCK_CLOEXEC | SOCK_NONBLOCK);
		if (fd != -1) {
			if (len < sizeof(address.ss_family))
				len = sizeof(address.ss_family);
			add_connection(server, fd, (struct sockaddr *)&address, len, false);
		} else if (is_exhausted(errno)) {
			log_warn("cannot accept a connection", "reason", strerror(errno), NULL);
			server->accept_after = server->now + ACCEPT_PAUSE;
			return;
		} else if (errno != EINTR && errno != ECONNABORTED) {
			return;
		}
	}
}

static void accept_everywhere(struct server *server, bool ready_only)
{
	for (size_t i = 0; i < server->sockets->count; i++) {
		const struct socket_entry *entry = &server->sockets->entries[i];
		if (entry->kind == SOCKET_LISTENING && entry->fd != -1 &&
			(!ready_only || server->polled[POLLED_SOCKETS + i].revents != 0))
			accept_clients(server, entry->fd);
	}
}

/* One turn of the loop. */

/* While some pushes are read others arrive: all that wait together are committed together. */
static void gather(struct server *server)
{
	for (unsigned rounds = 0; rounds < GATHERING_ROUNDS; rounds++) {
		size_t before = server->service->queued;
		MHD_run(server->http);
		if (server->service->queued == before)
			break;
	}
}

/* Reads and writes all that can be, and commits the pushes that became whole. Connections with much to say, or commits
 * that wait for the lock, must not keep the loop from its other work: who comes anew, and signals. */
static void run_http(struct server *server)
{
	do {
		gather(server);
		service_commit(server->service);
	} while (http_pending(server) && clock_monotonic() / CLOCK_MILLISECOND - server->now < TURN_TIME);
}

static void refresh(struct server *server)
{
	struct error error;
	if (service_refresh(server->service, &error) == 0)
		return;
	log_error("cannot read the spool", "reason", error.message, NULL);
	server->refresh_after = server->now + REFRESH_PAUSE;
}

/* The first signal, or a client's wish. The next signal ends the process, as signals do by default. */
static void begin_stop(struct server *server, const char *reason)
{
	sigset_t set;
	log_info("stopping", "reason", reason, NULL);
	server->stopping = true;
	server->service->closing = true;
	server->stop_deadline = server->now + server->options->shutdown_timeout;
	/* Those who connected before the signal are served. */
	accept_everywhere(server, false);
	sockets_stop_listening(server->sockets);
	run_http(server);
	connections_cut_idle(&server->connections);
	stop_signal_set(&set);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
}

static void read_signal(struct server *server)
{
	struct signalfd_siginfo info;
	if (read(server->signal_fd, &info, sizeof(info)) == sizeof(info) && !server->stopping)
		begin_stop(server, strsignal((int)info.ssi_signo));
}

static bool is_over(const struct server *server)
{
	if (server->stopping && server->now >= server->stop_deadline)
		return true;
	if (server->pump != NULL)
		return pump_done(server->pump);
	if (server->connections.count > 0 || server->lingering.count > 0)
		return false;
	bool unused = server->sockets->inetd_wait &&
		      server->now - server->idle_since >= (int64_t)server->options->inetd_timeout;
	return server->stopping || server->single || unused;
}

static int wait_time(const struct server *server)
{
	int64_t until = earlier(server->connections.next_deadline, linger_deadline(&server->lingering));
	if (http_pending(server))
		return 0;
	if (service_has_work_ahead(server->service))
		return 0;
	if (server->stopping)
		until = earlier(until, server->stop_deadline);
	if (server->sockets->inetd_wait && server->connections.count == 0)
		until = earlier(until, server->idle_since + server->options->inetd_timeout);
	if (server->accept_after > server->now)
		until = earlier(until, server->accept_after);
	if (server->refresh_after > server->now)
		until = earlier(until, server->refresh_after);
	if (service_counts_pending(server->service))
		until = earlier(until, server->service->flush_after);
	if (until == INT64_MAX)
		return -1;
	int64_t wait = until - server->now;
	return wait < 0 ? 0 : wait > 60000 ? 60000 : (int)wait;
}

static void fill_polled(struct server *server)
{
	struct pollfd *polled = server->polled;
	bool may_accept =
		server->connections.count < server->options->connections && server->now >= server->accept_after;
	int spool_fd = server->now >= server->refresh_after ? view_fd(server->service->store.view) : -1;
	polled[POLLED_HTTP] = (struct pollfd){.fd = server->http_fd, .events = POLLIN};
	polled[POLLED_SIGNALS] = (struct pollfd){.fd = server->stopping ? -1 : server->signal_fd, .events = POLLIN};
	polled[POLLED_SPOOL] = (struct pollfd){.fd = spool_fd, .events = POLLIN};
	polled[POLLED_ENDS] = (struct pollfd){.fd = server->connections.ends_fd, .events = POLLIN};
	for (size_t i = 0; i < PUMP_FDS; i++)
		polled[POLLED_PUMP + i] = (struct pollfd){.fd = -1};
	if (server->pump != NULL)
		pump_poll(server->pump, polled + POLLED_PUMP);
	for (size_t i = 0; i < server->sockets->count; i++) {
		const struct socket_entry *entry = &server->sockets->entries[i];
		bool listens = may_accept && entry->kind == SOCKET_LISTENING;
		polled[POLLED_SOCKETS + i] = (struct pollfd){.fd = listens ? entry->fd : -1, .events = POLLIN};
	}
	linger_poll(&server->lingering, polled + POLLED_SOCKETS + server->sockets->count);
	server->polled_count = POLLED_SOCKETS + server->sockets->count + server->lingering.count;
}

static int turn(struct server *server, struct error *error)
{
	fill_polled(server);
	int ready = poll(server->polled, server->polled_count, wait_time(server));
	if (ready == -1) {
		if (errno == EINTR)
			return 0;
		return error_set_errno(error, ERROR_IO, "poll");
	}
	server->now = clock_monotonic() / CLOCK_MILLISECOND;
	/* Before anything that may add to it. */
	linger_run(&server->lingering, server->polled + POLLED_SOCKETS + server->sockets->count, server->now);
	if (server->polled[POLLED_ENDS].revents != 0)
		connections_note_ends(&server->connections);
	if (server->polled[POLLED_SPOOL].revents != 0)
		refresh(server);
	if (server->pump != NULL)
		pump_run(server->pump, server->polled + POLLED_PUMP);
	accept_everywhere(server, true);
	run_http(server);
	service_work_ahead(server->service);
	if (server->polled[POLLED_SIGNALS].revents != 0)
		read_signal(server);
	if (server->service->quit && !server->stopping)
		begin_stop(server, "requested over HTTP");
	if (!http_pending(server))
		connections_cut_ended(&server->connections);
	connections_cut_overdue(&server->connections, server->now);
	service_flush_counts(server->service, server->now);
	return 0;
}

static int start_http(struct server *server, struct error *error)
{
	unsigned flags = MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET | MHD_USE_ERROR_LOG;
	/* The logger first, for what goes wrong with the others. */
	server->http = MHD_start_daemon(flags, 0, NULL, NULL, request_continues, server, MHD_OPTION_EXTERNAL_LOGGER,
		log_library, NULL, MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1, MHD_OPTION_CONNECTION_LIMIT,
		server->options->connections, MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY,
		MHD_OPTION_CONNECTION_TIMEOUT, 0u, MHD_OPTION_UNESCAPE_CALLBACK, keep_escaped, NULL,
		MHD_OPTION_URI_LOG_CALLBACK, request_started, server, MHD_OPTION_NOTIFY_CONNECTION, notify_connection,
		server, MHD_OPTION_NOTIFY_COMPLETED, request_completed, server, MHD_OPTION_END);
	if (server->http == NULL)
		return error_set(error, ERROR_MEMORY, "cannot start the HTTP library");
	server->http_fd = MHD_get_daemon_info(server->http, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
	return 0;
}

static int start(struct server *server, struct error *error)
{
	sigset_t set;
	stop_signal_set(&set);
	server->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (server->signal_fd == -1)
		return error_set_errno(error, ERROR_IO, "signalfd");
	if (connections_init(&server->connections) == -1)
		return error_set_errno(error, ERROR_IO, "epoll");
	server->polled = calloc(POLLED_SOCKETS + server->sockets->count + LINGER_MAX, sizeof(*server->polled));
	if (server->polled == NULL)
		return error_set_memory(error);
	return start_http(server, error) == -1 || add_inherited(server, error) == -1 ? -1 : 0;
}

int server_run(
	struct service *service, struct sockets *sockets, const struct server_options *options, struct error *error)
{
	struct server server = {.service = service,
		.sockets = sockets,
		.options = options,
		.signal_fd = -1,
		.connections = CONNECTIONS_NONE,
		.now = clock_monotonic() / CLOCK_MILLISECOND};
	int result = -1;
	server.idle_since = server.now;
	if (start(&server, error) == -1)
		goto out;
	do
		result = turn(&server, error);
	while (result == 0 && !is_over(&server));
	if (result == 0 && server.pump != NULL && server.pump->failed != 0 && server.pump->failed != EPIPE) {
		errno = server.pump->failed;
		result = error_set_errno(error, ERROR_IO, "standard output");
	}
	if (result == 0 && server.connections.count > 0 && server.stopping)
		log_warn("requests in flight were cut off", NULL);
out:
	/* Closes the connections that are left, through the callbacks above. */
	if (server.http != NULL)
		MHD_stop_daemon(server.http);
	linger_release(&server.lingering);
	if (server.pump != NULL)
		pump_release(server.pump);
	free(server.pump);
	free(server.polled);
	if (server.signal_fd != -1)
		close(server.signal_fd);
	connections_release(&server.connections);
	return result;
}
