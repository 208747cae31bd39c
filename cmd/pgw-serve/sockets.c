#include "sockets.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "text.h"

#define LISTEN_FDS_START 3 /* sd_listen_fds(3) */
#define LISTEN_FDS_MAX	 1024
#define UNIX_PREFIX	 "unix:"
#define FIRST_FREE_FD	 3
#define NAME_SIZE	 (NI_MAXHOST + NI_MAXSERV + sizeof("http://[]:"))

void sockets_init(struct sockets *sockets)
{
	*sockets = (struct sockets){0};
}

static void entry_close(struct socket_entry *entry)
{
	/* In this order: once it is closed, a successor may bind the path, and its socket is not ours to remove. */
	if (entry->path != NULL)
		unlink(entry->path);
	if (entry->fd != -1)
		close(entry->fd);
	entry->fd = -1;
	free(entry->path);
	entry->path = NULL;
}

void sockets_stop_listening(struct sockets *sockets)
{
	for (size_t i = 0; i < sockets->count; i++)
		if (sockets->entries[i].kind == SOCKET_LISTENING)
			entry_close(&sockets->entries[i]);
}

void sockets_release(struct sockets *sockets)
{
	for (size_t i = 0; i < sockets->count; i++) {
		entry_close(&sockets->entries[i]);
		free(sockets->entries[i].name);
	}
	free(sockets->entries);
	sockets_init(sockets);
}

/* The entry owns fd, name and path only where this succeeds. */
static int add_entry(struct sockets *sockets, const struct socket_entry *entry, struct error *error)
{
	struct socket_entry *entries = reallocarray(sockets->entries, sockets->count + 1, sizeof(*entries));
	if (entries == NULL)
		return error_set_memory(error);
	entries[sockets->count] = *entry;
	sockets->entries = entries;
	sockets->count++;
	return 0;
}

static int socket_option(int fd, int option)
{
	int value;
	socklen_t size = sizeof(value);
	return getsockopt(fd, SOL_SOCKET, option, &value, &size) == 0 ? value : -1;
}

static bool is_stream_socket(int fd)
{
	return socket_option(fd, SO_TYPE) == SOCK_STREAM;
}

static bool same_file(int a, int b)
{
	struct stat first, second;
	return fstat(a, &first) == 0 && fstat(b, &second) == 0 && first.st_dev == second.st_dev &&
	       first.st_ino == second.st_ino;
}

static int set_flags(int fd)
{
	int flags = fcntl(fd, F_GETFL);
	return flags == -1 || fcntl(fd, F_SETFD, FD_CLOEXEC) == -1 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) == -1 ? -1
														   : 0;
}

/* inetd makes 0, 1 and 2 the client's connection: while one of them is open, the client never sees the end. */
static int replace_standard_descriptors(int connection, bool *stderr_taken)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	int result = null == -1 ? -1 : 0;
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO && result == 0; fd++) {
		if (fd == connection || !same_file(fd, connection))
			continue;
		*stderr_taken |= fd == STDERR_FILENO;
		result = dup2(null, fd) == -1 ? -1 : 0;
	}
	if (null > STDERR_FILENO)
		close(null);
	return result;
}

/* Takes a descriptor over. It must not be one of the standard ones. */
static int inherit_socket(struct sockets *sockets, int fd, struct error *error)
{
	struct socket_entry entry = {.fd = fd};
	if (!is_stream_socket(fd))
		return error_set(error, ERROR_USAGE, "descriptor %d, passed by the parent, is not a stream socket", fd);
	entry.kind = socket_option(fd, SO_ACCEPTCONN) == 1 ? SOCKET_LISTENING : SOCKET_CONNECTION;
	if (set_flags(fd) == -1)
		return error_set_errno(error, ERROR_IO, "cannot use the passed socket");
	if (entry.kind == SOCKET_CONNECTION && replace_standard_descriptors(fd, &sockets->stderr_taken) == -1)
		return error_set_errno(error, ERROR_IO, "/dev/null");
	return add_entry(sockets, &entry, error);
}

/* How many descriptors systemd passes to this very process; it leaves its variables to children, too. */
static int passed_descriptors(void)
{
	const char *pid = getenv("LISTEN_PID");
	const char *count = getenv("LISTEN_FDS");
	char *end;
	int passed = 0;
	if (pid != NULL && count != NULL && strtol(pid, &end, 10) == (long)getpid() && *end == '\0') {
		long value = strtol(count, &end, 10);
		passed = *end == '\0' && value > 0 && value <= LISTEN_FDS_MAX ? (int)value : 0;
	}
	unsetenv("LISTEN_PID");
	unsetenv("LISTEN_FDS");
	unsetenv("LISTEN_FDNAMES");
	return passed;
}

static int inherit_stdin_socket(struct sockets *sockets, struct error *error)
{
	int fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, FIRST_FREE_FD);
	if (fd == -1)
		return error_set_errno(error, ERROR_IO, "standard input");
	if (inherit_socket(sockets, fd, error) == -1) {
		close(fd);
		return -1;
	}
	sockets->inetd_wait = sockets->entries[0].kind == SOCKET_LISTENING;
	if (sockets->inetd_wait && replace_standard_descriptors(fd, &sockets->stderr_taken) == -1)
		return error_set_errno(error, ERROR_IO, "/dev/null");
	return 0;
}

int sockets_inherit(struct sockets *sockets, bool use_stdin, bool force_stdin, struct error *error)
{
	int passed = passed_descriptors();
	for (int i = 0; i < passed; i++)
		if (inherit_socket(sockets, LISTEN_FDS_START + i, error) == -1)
			return -1;
	if (passed > 0)
		return 0;
	if ((use_stdin || force_stdin) && is_stream_socket(STDIN_FILENO))
		return inherit_stdin_socket(sockets, error);
	if (!force_stdin)
		return 0;
	struct socket_entry pipes = {.kind = SOCKET_PIPES, .fd = -1};
	return add_entry(sockets, &pipes, error);
}

static int cannot_listen(const char *address, struct error *error)
{
	const char *advice = errno == EADDRINUSE ? " (somebody else listens there: stop it, or choose another address "
						   "with --web.listen-address)"
						 : "";
	error_set_errno(error, ERROR_UNAVAILABLE, "cannot listen on %s", address);
	size_t used = strlen(error->message);
	snprintf(error->message + used, sizeof(error->message) - used, "%s", advice);
	return -1;
}

/* A socket file that a killed process left behind refuses every connection; one in use must stay. */
static void remove_stale(const struct sockaddr_un *address)
{
	struct stat status;
	if (lstat(address->sun_path, &status) == -1 || !S_ISSOCK(status.st_mode))
		return;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd == -1)
		return;
	if (connect(fd, (const struct sockaddr *)address, sizeof(*address)) == -1 && errno == ECONNREFUSED)
		unlink(address->sun_path);
	close(fd);
}

/* An IPv6 socket for every address serves IPv4 as well. */
static int bind_socket(const struct sockaddr *address, socklen_t len, bool dual_stack)
{
	int on = 1, off = 0;
	int fd = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd == -1)
		return -1;
	if (address->sa_family != AF_UNIX)
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (address->sa_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, dual_stack ? &off : &on, sizeof(on));
	if (bind(fd, address, len) == 0 && listen(fd, SOMAXCONN) == 0)
		return fd;
	int saved = errno;
	close(fd);
	errno = saved;
	return -1;
}

static int listen_unix(const char *address, struct socket_entry *entry, struct error *error)
{
	struct sockaddr_un unix_address = {.sun_family = AF_UNIX};
	const char *path = address + strlen(UNIX_PREFIX);
	if (*path == '\0' || strlen(path) >= sizeof(unix_address.sun_path))
		return error_set(error, ERROR_USAGE, "%s: the path must have 1 to %zu bytes", address,
			sizeof(unix_address.sun_path) - 1);
	memcpy(unix_address.sun_path, path, strlen(path) + 1);
	remove_stale(&unix_address);
	entry->fd = bind_socket((struct sockaddr *)&unix_address, sizeof(unix_address), false);
	if (entry->fd == -1)
		return cannot_listen(address, error);
	entry->path = strdup(path);
	entry->name = strdup(address);
	return entry->path == NULL || entry->name == NULL ? error_set_memory(error) : 0;
}

/* Cuts "host:port" or "[host]:port" in two. */
static int split_address(char *address, char **host, char **port)
{
	char *colon = strrchr(address, ':');
	if (colon == NULL)
		return -1;
	*colon = '\0';
	*port = colon + 1;
	*host = address;
	size_t len = strlen(address);
	if (address[0] == '[' && address[len - 1] == ']') {
		address[len - 1] = '\0';
		*host = address + 1;
	} else if (strchr(address, ':') != NULL) {
		return -1;
	}
	/* getaddrinfo(3) takes numbers with signs and of any size. */
	char *end;
	bool too_large = strtoul(*port, &end, 10) > UINT16_MAX && *end == '\0';
	return !isalnum((unsigned char)**port) || too_large ? -1 : 0;
}

static char *bound_name(int fd)
{
	struct sockaddr_storage address;
	socklen_t len = sizeof(address);
	char host[NI_MAXHOST], port[NI_MAXSERV], name[NAME_SIZE];
	if (getsockname(fd, (struct sockaddr *)&address, &len) == -1 ||
		getnameinfo((struct sockaddr *)&address, len, host, sizeof(host), port, sizeof(port),
			NI_NUMERICHOST | NI_NUMERICSERV) != 0)
		return NULL;
	bool brackets = address.ss_family == AF_INET6;
	snprintf(name, sizeof(name), "http://%s%s%s:%s", brackets ? "[" : "", host, brackets ? "]" : "", port);
	return strdup(name);
}

/* The first address of the family that can be bound, or -1 with errno. */
static int bind_first(const struct addrinfo *addresses, int family, bool dual_stack)
{
	int fd = -1;
	errno = EAFNOSUPPORT;
	for (const struct addrinfo *at = addresses; at != NULL && fd == -1; at = at->ai_next)
		if (at->ai_family == family)
			fd = bind_socket(at->ai_addr, at->ai_addrlen, dual_stack);
	return fd;
}

static int listen_internet(const char *address, struct socket_entry *entry, struct error *error)
{
	struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE};
	struct addrinfo *addresses = NULL;
	char *host, *port;
	int result = -1;
	char *copy = strdup(address);
	if (copy == NULL)
		return error_set_memory(error);
	if (split_address(copy, &host, &port) == -1) {
		error_set(error, ERROR_USAGE,
			"--web.listen-address: %s is not :PORT, HOST:PORT, [IPV6]:PORT or unix:PATH",
			quote(slice_of(address)).text);
		goto out;
	}
	bool everywhere = *host == '\0';
	int failed = getaddrinfo(everywhere ? NULL : host, port, &hints, &addresses);
	if (failed != 0) {
		error_set(error, ERROR_USAGE, "%s: %s", address, gai_strerror(failed));
		goto out;
	}
	/* A name that has both, as localhost may, means IPv4 first, as with the upstream. */
	entry->fd = bind_first(addresses, everywhere ? AF_INET6 : AF_INET, everywhere);
	if (entry->fd == -1 && errno == EAFNOSUPPORT)
		entry->fd = bind_first(addresses, everywhere ? AF_INET : AF_INET6, false);
	if (entry->fd == -1) {
		cannot_listen(address, error);
		goto out;
	}
	entry->name = bound_name(entry->fd);
	result = entry->name == NULL ? error_set_memory(error) : 0;
out:
	if (addresses != NULL)
		freeaddrinfo(addresses);
	free(copy);
	return result;
}

int sockets_listen(struct sockets *sockets, const char *address, struct error *error)
{
	struct socket_entry entry = {.kind = SOCKET_LISTENING, .fd = -1, .ours = true};
	bool is_unix = strncmp(address, UNIX_PREFIX, strlen(UNIX_PREFIX)) == 0;
	int result = is_unix ? listen_unix(address, &entry, error) : listen_internet(address, &entry, error);
	if (result == 0)
		result = add_entry(sockets, &entry, error);
	if (result == -1) {
		entry_close(&entry);
		free(entry.name);
	}
	return result;
}
