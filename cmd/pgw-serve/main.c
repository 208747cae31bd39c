/*
 * pgw-serve: the Pushgateway's HTTP API over a spool.
 *
 * settings reads the command line, sockets finds the way in, service answers requests from the spool, server waits for
 * everything in one thread. This file puts them together.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sysexits.h>
#include <unistd.h>

#include "error.h"
#include "file.h"
#include "log.h"
#include "options.h"
#include "routes.h"
#include "server.h"
#include "service.h"
#include "settings.h"
#include "sockets.h"

/* Descriptors for all but the connections: the spool, the sockets, a batch of new group files, those that linger. */
#define OTHER_DESCRIPTORS 200

/* Finds the ways in, and binds addresses of our own where nothing is handed over. Whoever asks for an address does not
 * mean standard input, even if that happens to be a socket. */
static int open_sockets(struct sockets *sockets, const struct settings *settings, struct error *error)
{
	static const char *const default_addresses[] = {SETTINGS_DEFAULT_ADDRESS};
	bool asked = settings->address_count > 0;
	const char *const *addresses = asked ? settings->addresses : default_addresses;
	size_t count = asked ? settings->address_count : 1;
	if (asked && settings->inetd)
		return error_set(error, ERROR_USAGE, "--inetd and --web.listen-address exclude each other");
	if (settings->systemd_socket && settings->inetd)
		return error_set(error, ERROR_USAGE, "--inetd and --web.systemd-socket exclude each other");
	if (sockets_inherit(sockets, !asked && !settings->systemd_socket, settings->inetd, error) == -1)
		return -1;
	if (sockets->count > 0)
		return 0;
	if (settings->systemd_socket)
		return error_set(error, ERROR_USAGE, "--web.systemd-socket: no sockets were passed");
	for (size_t i = 0; i < count; i++)
		if (sockets_listen(sockets, addresses[i], error) == -1)
			return -1;
	return 0;
}

static void print_ready(const struct sockets *sockets)
{
	for (size_t i = 0; i < sockets->count; i++)
		if (sockets->entries[i].ours)
			fprintf(stderr, "pgw-serve: listening on %s\n", sockets->entries[i].name);
}

/* As many descriptors as the connections may need, or else fewer connections: without one the spool can't be read. */
static void fit_connections(unsigned *connections)
{
	struct rlimit limit;
	rlim_t wanted = (rlim_t)*connections + OTHER_DESCRIPTORS;
	if (getrlimit(RLIMIT_NOFILE, &limit) == -1 || limit.rlim_cur >= wanted)
		return;
	limit.rlim_cur = wanted < limit.rlim_max ? wanted : limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
	if (getrlimit(RLIMIT_NOFILE, &limit) == -1 || limit.rlim_cur >= wanted)
		return;
	rlim_t room = limit.rlim_cur > 2 * OTHER_DESCRIPTORS ? limit.rlim_cur - OTHER_DESCRIPTORS : limit.rlim_cur / 4;
	*connections = room > 0 ? (unsigned)room : 1;
	log_warn("fewer connections than asked for: the limit of open files is low", NULL);
}

/* One that only answers a client and ends need not hear what others change meanwhile. */
static enum view_mode choose_view_mode(const struct sockets *sockets)
{
	for (size_t i = 0; i < sockets->count; i++)
		if (sockets->entries[i].kind == SOCKET_LISTENING)
			return VIEW_FOLLOW;
	return VIEW_SCAN;
}

static int serve(struct settings *settings, struct sockets *sockets, struct error *error)
{
	struct service service;
	if (routes_check(settings, error) == -1 || open_sockets(sockets, settings, error) == -1)
		return -1;
	log_open(settings->log_level, settings->log_format, sockets->stderr_taken);
	fit_connections(&settings->server.connections);
	if (service_init(&service, settings, choose_view_mode(sockets), error) == -1)
		return -1;
	print_ready(sockets);
	int result = server_run(&service, sockets, &settings->server, error);
	service_release(&service);
	return result;
}

static int fail(const struct error *error, bool stderr_taken)
{
	if (stderr_taken)
		log_error("failed", "reason", error->message, NULL);
	else
		fprintf(stderr, "pgw-serve: %s\n", error->message);
	if (error->kind == ERROR_USAGE && !stderr_taken)
		fputs("try: pgw-serve --help\n", stderr);
	return error_exit_status(error->kind);
}

int main(int argc, char *argv[])
{
	struct settings settings;
	struct sockets sockets;
	struct error error;
	int status = EX_OK;
	file_reserve_standard();
	sockets_init(&sockets);
	switch (settings_parse(&settings, argc, argv, &error)) {
	case SETTINGS_RUN:
		server_block_signals();
		signal(SIGPIPE, SIG_IGN);
		signal(SIGXFSZ, SIG_IGN); /* a file over the limit of size is an error of its write */
		if (serve(&settings, &sockets, &error) == -1)
			status = fail(&error, sockets.stderr_taken);
		break;
	case SETTINGS_DONE:
		status = options_finish(EX_OK);
		break;
	case SETTINGS_BAD:
		status = fail(&error, false);
		break;
	}
	sockets_release(&sockets);
	settings_release(&settings);
	return status;
}
