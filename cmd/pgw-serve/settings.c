#include "settings.h"

#include <errno.h>
#include <getopt.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "flag.h"
#include "options.h"
#include "path.h"
#include "text.h"

#define SETTINGS_DEFAULT                                                                                               \
	{                                                                                                              \
		.spool_options = {.create = true, .sync = true, .lock_timeout = LOCK_TIMEOUT},                         \
		.log_level = LOG_LEVEL_INFO, .log_format = LOG_FORMAT_LOGFMT, .telemetry_path_given = "/metrics",      \
		.external_url = "", .persistence_interval = 300 * CLOCK_SECOND, .limits = LIMITS_DEFAULT, .server = {  \
			.connections = 1024,                                                                           \
			.read_timeout = 30000,                                                                         \
			.idle_timeout = 120000,                                                                        \
			.shutdown_timeout = 10000,                                                                     \
			.inetd_timeout = 60000                                                                         \
		}                                                                                                      \
	}

/* ms. While a writer of another process holds the lock, nobody is answered. */
#define LOCK_TIMEOUT 3000

#define FLAG_COUNT     (sizeof(flags) / sizeof(flags[0]))
#define FIRST_LONG     256  /* getopt's value of flags[0]; above every letter */
#define FIRST_NEGATED  4096 /* likewise for --no-NAME */
#define NAME_SIZE      64
#define LABELS_MAX     60000
#define CONNECTION_MAX 1000000
#define FLAG_WIDTH     40
#define PATH_BYTES_MAX 4096

#define FIELD(member) offsetof(struct settings, member)

static const struct flag flags[] = {
	{'d', "spool", "DIR", "the spool (default: $PGW_SPOOL, else /var/spool/pgw)", &flag_string, FIELD(spool), 0},
	{0, "persistence.file", "DIR", "the same", &flag_string, FIELD(persistence_file), 0},
	{0, "persistence.interval", "AGE", "for the Pushgateway's unit files: every push is on disk when answered",
		&flag_interval, FIELD(persistence_interval), 0},
	{0, "spool.sync", "always|none", "none: answer before a push is on disk (always)", &flag_sync,
		FIELD(spool_options.sync), 0},
	{'i', "inetd", NULL, "serve the client on standard input and output, also pipes", &flag_switch, FIELD(inetd),
		0},
	{0, "inetd.idle-timeout", "AGE", "under inetd's wait, exit after so long without clients (60s)", &flag_age,
		FIELD(server.inetd_timeout), 0},
	{0, "web.listen-address", "ADDR", ":PORT, HOST:PORT, [IPV6]:PORT or unix:PATH, repeatable (:9091)",
		&flag_addresses, 0, 0},
	{0, "web.systemd-socket", NULL, "serve on the sockets that systemd passes, or not at all", &flag_switch,
		FIELD(systemd_socket), 0},
	{0, "web.config.file", "FILE", "refused: not there yet", &flag_refused, 0, 0},
	{0, "web.telemetry-path", "PATH", "where Prometheus finds the metrics (/metrics)", &flag_string,
		FIELD(telemetry_path_given), 0},
	{0, "web.external-url", "URL", "how the gateway is reached from outside", &flag_string, FIELD(external_url), 0},
	{0, "web.route-prefix", "PATH", "comes before every path (default: the path of --web.external-url)",
		&flag_string, FIELD(route_prefix_given), 0},
	{0, "web.enable-lifecycle", NULL, "PUT /-/quit ends the gateway", &flag_switch, FIELD(lifecycle), 0},
	{0, "web.enable-admin-api", NULL, "PUT /api/v1/admin/wipe deletes all groups", &flag_switch, FIELD(admin_api),
		0},
	{0, "web.read-timeout", "AGE", "for a request to arrive as a whole (30s)", &flag_age,
		FIELD(server.read_timeout), 0},
	{0, "web.idle-timeout", "AGE", "for a connection between two requests (120s)", &flag_age,
		FIELD(server.idle_timeout), 0},
	{0, "web.shutdown-timeout", "AGE", "for requests in flight after SIGTERM (10s)", &flag_age,
		FIELD(server.shutdown_timeout), 0},
	{0, "push.disable-consistency-check", NULL, "store pushes that clash with other groups, which are left out",
		&flag_switch, FIELD(unchecked), 0},
	{0, "push.enable-utf8-names", NULL, "allow all of UTF-8 in names of metrics and labels", &flag_switch,
		FIELD(limits.utf8_names), 0},
	{0, "limit.connections", "N", "connections at a time (1024)", &flag_unsigned, FIELD(server.connections),
		CONNECTION_MAX},
	{0, "limit.body", "SIZE", "bytes of a push (64M)", &flag_size, FIELD(limits.body), UINT32_MAX},
	{0, "limit.groups", "N", "groups in the spool (1000000)", &flag_count, FIELD(limits.groups), UINT32_MAX},
	{0, "limit.series", "N", "metrics in the spool (50000000)", &flag_count, FIELD(limits.series), UINT32_MAX},
	{0, "limit.labels", "N", "labels of a metric (200)", &flag_count, FIELD(limits.labels), LABELS_MAX},
	{0, "limit.name", "SIZE", "bytes of a metric's or label's name (1024)", &flag_size, FIELD(limits.name),
		INT32_MAX},
	{0, "limit.label-value", "SIZE", "bytes of a label's value (64k)", &flag_size, FIELD(limits.label_value),
		INT32_MAX},
	{0, "log.level", "LEVEL", "debug, info, warn or error (info)", &flag_level, FIELD(log_level), 0},
	{0, "log.format", "FORMAT", "logfmt or json (logfmt)", &flag_format, FIELD(log_format), 0},
	{'V', "version", NULL, "print the version", NULL, 0, 0},
	{'h', "help", NULL, "print this help", NULL, 0, 0},
};

static bool is_switch(const struct flag *flag)
{
	return flag->argument == NULL && flag->kind != NULL;
}

static void print_help(void)
{
	fputs("usage: pgw-serve [-d DIR] [-i] [--web.listen-address=ADDR]... [OPTION]...\n\n"
	      "Serves the groups of a spool to Prometheus and takes pushes over HTTP, on addresses of its own, on\n"
	      "sockets that systemd or inetd pass, or on a pipe.\n\n",
		stdout);
	for (size_t i = 0; i < FLAG_COUNT; i++) {
		char name[NAME_SIZE];
		char letter[] = {'-', (char)flags[i].letter, ',', '\0'};
		snprintf(name, sizeof(name), "--%s%s%s", flags[i].name, flags[i].argument == NULL ? "" : "=",
			flags[i].argument == NULL ? "" : flags[i].argument);
		printf("  %-3s %-*s%s\n", flags[i].letter == 0 ? "" : letter, FLAG_WIDTH, name, flags[i].help);
	}
	fputs("\nA flag without a value is taken back by the same one with no- before its name.\n"
	      "AGE: 90s, 15m, 1h30m, 7d. SIZE: 512k, 64M, 1G.\n"
	      "Exit status: 0 done, 64 usage, 69 an address can't be used, 71 no memory, 73 no spool, 74 spool or "
	      "socket\n"
	      "failed, 75 disk full or spool locked, 77 not permitted.\n",
		stdout);
}

/* The table in the forms that getopt_long(3) wants. */
struct getopt_tables {
	struct option options[2 * FLAG_COUNT + 1];
	char negated[FLAG_COUNT][NAME_SIZE];
	char letters[2 * FLAG_COUNT + 2];
};

static void fill_getopt(struct getopt_tables *tables)
{
	struct option *option = tables->options;
	char *letter = tables->letters;
	*letter++ = ':';
	for (size_t i = 0; i < FLAG_COUNT; i++) {
		int has_argument = flags[i].argument == NULL ? no_argument : required_argument;
		*option++ = (struct option){flags[i].name, has_argument, NULL, FIRST_LONG + (int)i};
		if (is_switch(&flags[i])) {
			snprintf(tables->negated[i], NAME_SIZE, "no-%s", flags[i].name);
			*option++ = (struct option){tables->negated[i], no_argument, NULL, FIRST_NEGATED + (int)i};
		}
		if (flags[i].letter == 0)
			continue;
		*letter++ = (char)flags[i].letter;
		if (has_argument == required_argument)
			*letter++ = ':';
	}
	*option = (struct option){0};
	*letter = '\0';
}

static const struct flag *find_flag(int option)
{
	if (option >= FIRST_NEGATED)
		return &flags[option - FIRST_NEGATED];
	if (option >= FIRST_LONG)
		return &flags[option - FIRST_LONG];
	for (size_t i = 0; i < FLAG_COUNT; i++)
		if (flags[i].letter == option)
			return &flags[i];
	return NULL;
}

static enum settings_result bad_option(int option, char *argv[], struct error *error)
{
	const struct flag *flag = find_flag(optopt);
	if (option == ':')
		error_set(error, ERROR_USAGE, "--%s: missing value", flag->name);
	else if (optopt >= FIRST_LONG)
		error_set(
			error, ERROR_USAGE, "--%s%s takes no value", optopt >= FIRST_NEGATED ? "no-" : "", flag->name);
	else if (optopt != 0)
		error_set(error, ERROR_USAGE, "unknown option -%c", optopt);
	else
		error_set(error, ERROR_USAGE, "unknown or ambiguous option %s", argv[optind - 1]);
	return SETTINGS_BAD;
}

/* The path of a URL; "" where it has none. */
static struct slice url_path(const char *url)
{
	const char *start = strstr(url, "://");
	start = start == NULL ? url : start + strlen("://") + strcspn(start + strlen("://"), "/?#");
	size_t len = strcspn(start, "?#");
	/* localhost:9091 is a scheme and something that has no path. */
	if (start == url && memchr(url, ':', len) != NULL && *url != '/')
		len = 0;
	return slice_make(start, len);
}

/* A path behind another, clean, with a slash before and none at its end; "" for the root. NULL with an error. */
static char *join_paths(struct slice first, struct slice second, const char *flag, struct error *error)
{
	struct buffer joined, clean;
	char *result = NULL;
	buffer_init(&joined, PATH_BYTES_MAX);
	buffer_init(&clean, PATH_BYTES_MAX);
	if (buffer_append_byte(&joined, '/') == -1 || buffer_append_slice(&joined, first) == -1 ||
		buffer_append_byte(&joined, '/') == -1 || buffer_append_slice(&joined, second) == -1 ||
		path_clean(&clean, buffer_slice(&joined)) == -1)
		goto out;
	while (clean.len > 0 && clean.data[clean.len - 1] == '/')
		clean.len--;
	if (buffer_append_byte(&clean, '\0') == 0)
		result = buffer_detach(&clean);
out:
	if (result == NULL)
		error_set_errno(error, ERROR_USAGE, "--%s", flag);
	buffer_release(&joined);
	buffer_release(&clean);
	return result;
}

static char *prefix_from_url(const char *url, struct error *error)
{
	static const char flag[] = "web.external-url";
	struct slice path = url_path(url), nothing = {0};
	struct buffer decoded;
	char *result = NULL;
	buffer_init(&decoded, PATH_BYTES_MAX);
	/* Without a slash before it, as with the upstream, it gets one. */
	char *encoded = join_paths(path, nothing, flag, error);
	if (encoded == NULL)
		return NULL;
	if (*encoded != '\0' && path_decode(&decoded, slice_of(encoded)) == -1)
		error_set(error, ERROR_USAGE, "--%s: %s is not a URL", flag, quote(slice_of(url)).text);
	else
		result = join_paths(buffer_slice(&decoded), nothing, flag, error);
	free(encoded);
	buffer_release(&decoded);
	return result;
}

/* As computeRoutePrefix() of the upstream's main.go. */
static int choose_paths(struct settings *settings, struct error *error)
{
	struct slice nothing = {0};
	const char *given = settings->route_prefix_given;
	settings->route_prefix = given != NULL && *given != '\0'
					 ? join_paths(slice_of(given), nothing, "web.route-prefix", error)
					 : prefix_from_url(settings->external_url, error);
	if (settings->route_prefix == NULL)
		return -1;
	/* As the upstream shows it. */
	settings->route_prefix_given = settings->route_prefix;
	settings->telemetry_path = join_paths(slice_of(settings->route_prefix),
		slice_of(settings->telemetry_path_given), "web.telemetry-path", error);
	if (settings->telemetry_path == NULL)
		return -1;
	if (strcmp(settings->telemetry_path, settings->route_prefix) == 0)
		return error_set(error, ERROR_USAGE, "--web.telemetry-path: there must be a path");
	return 0;
}

/* The upstream keeps one file; here it is a directory. An empty name, its way to keep nothing, means the default. */
static int choose_spool(struct settings *settings, struct error *error)
{
	struct stat status;
	const char *file = settings->persistence_file;
	bool named = file != NULL && *file != '\0';
	if (named && settings->spool != NULL)
		return error_set(error, ERROR_USAGE, "--spool and --persistence.file exclude each other");
	if (named && stat(file, &status) == 0 && !S_ISDIR(status.st_mode))
		return error_set(error, ERROR_CREATE,
			"--persistence.file: %s is a file, and pgw-serve keeps groups in a directory: name another "
			"path, or move the file away (what is in it must be pushed again)",
			quote(slice_of(file)).text);
	settings->spool = options_choose_spool(named ? file : settings->spool);
	return 0;
}

enum settings_result settings_parse(struct settings *settings, int argc, char *argv[], struct error *error)
{
	struct getopt_tables tables;
	int option;
	*settings = (struct settings)SETTINGS_DEFAULT;
	fill_getopt(&tables);
	while ((option = getopt_long(argc, argv, tables.letters, tables.options, NULL)) != -1) {
		if (option == '?' || option == ':')
			return bad_option(option, argv, error);
		const struct flag *flag = find_flag(option);
		const char *value = is_switch(flag) ? (option >= FIRST_NEGATED ? "false" : "true") : optarg;
		if (flag->letter == 'h') {
			print_help();
			return SETTINGS_DONE;
		}
		if (flag->letter == 'V') {
			puts("pgw-serve " PGW_VERSION);
			return SETTINGS_DONE;
		}
		if (flag->kind->read(flag, settings, value, error) == -1)
			return SETTINGS_BAD;
	}
	if (optind < argc) {
		error_set(error, ERROR_USAGE, "unexpected argument %s", argv[optind]);
		return SETTINGS_BAD;
	}
	if (choose_spool(settings, error) == -1 || choose_paths(settings, error) == -1)
		return SETTINGS_BAD;
	return SETTINGS_RUN;
}

void settings_release(struct settings *settings)
{
	free(settings->addresses);
	free(settings->route_prefix);
	free(settings->telemetry_path);
	*settings = (struct settings){0};
}

int settings_each_flag(const struct settings *settings,
	int (*show)(void *context, const char *name, struct slice value), void *context)
{
	struct buffer value;
	int result = 0;
	buffer_init(&value, SIZE_MAX);
	for (size_t i = 0; result == 0 && i < FLAG_COUNT; i++) {
		if (flags[i].kind == NULL)
			continue;
		buffer_clear(&value);
		result = flags[i].kind->show(&flags[i], settings, &value);
		if (result == 0)
			result = show(context, flags[i].name, buffer_slice(&value));
	}
	buffer_release(&value);
	return result;
}

static int append_flag(void *json, const char *name, struct slice value)
{
	json_key(json, name);
	json_string(json, value);
	return 0;
}

void settings_append_flags(const struct settings *settings, struct json *json)
{
	json_begin_object(json);
	if (settings_each_flag(settings, append_flag, json) == -1)
		json->failed = errno;
	json_end_object(json);
}
