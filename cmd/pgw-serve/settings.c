#include "settings.h"

#include <errno.h>
#include <getopt.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "options.h"

#define SETTINGS_DEFAULT                                                                                               \
	{                                                                                                              \
		.spool_options = {.create = true, .sync = true, .lock_timeout = LOCK_TIMEOUT},                         \
		.log_level = LOG_LEVEL_INFO, .limits = LIMITS_DEFAULT, .server = {                                     \
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
#define FIRST_LONG     256 /* getopt's value of flags[0]; above every letter */
#define ADDRESSES_MAX  64
#define LABELS_MAX     60000
#define CONNECTION_MAX 1000000
#define FLAG_WIDTH     34

struct flag {
	int letter; /* 0 for none */
	const char *name;
	const char *argument; /* its name for the help; NULL for none */
	const char *help;
	int (*apply)(const struct flag *flag, struct settings *settings, const char *value, struct error *error);
	size_t offset; /* of the field */
	size_t max;
};

static int bad_value(const struct flag *flag, const char *value, const char *wanted, struct error *error)
{
	return error_set(error, ERROR_USAGE, "--%s: \"%s\" is not %s", flag->name, value, wanted);
}

static void *field(const struct flag *flag, struct settings *settings)
{
	return (char *)settings + flag->offset;
}

static int apply_string(const struct flag *flag, struct settings *settings, const char *value, struct error *error)
{
	*(const char **)field(flag, settings) = value;
	return 0;
}

static int apply_true(const struct flag *flag, struct settings *settings, const char *value, struct error *error)
{
	*(bool *)field(flag, settings) = true;
	return 0;
}

static int apply_address(const struct flag *flag, struct settings *settings, const char *value, struct error *error)
{
	if (settings->address_count == ADDRESSES_MAX)
		return error_set(error, ERROR_USAGE, "--%s: more than %d addresses", flag->name, ADDRESSES_MAX);
	const char **addresses =
		reallocarray(settings->addresses, settings->address_count + 1, sizeof(*settings->addresses));
	if (addresses == NULL)
		return error_set_memory(error);
	addresses[settings->address_count++] = value;
	settings->addresses = addresses;
	return 0;
}

/* Digits and, where `multiply`, a unit of powers of 1024. From 1 to flag->max. */
static int read_number(
	const struct flag *flag, const char *value, bool multiply, unsigned long long *number, struct error *error)
{
	static const char units[] = "kmgt";
	char *end;
	const char *unit = NULL;
	errno = 0;
	*number = strtoull(value, &end, 10);
	if (multiply && *end != '\0')
		unit = strchr(units, *end | 0x20);
	unsigned shift = unit == NULL ? 0 : 10 * ((unsigned)(unit - units) + 1);
	end += unit != NULL;
	if (*value < '0' || *value > '9' || *end != '\0' || errno != 0)
		return bad_value(flag, value, multiply ? "a size such as 512k, 64M or 1G" : "a number", error);
	if (*number == 0 || *number > flag->max >> shift)
		return error_set(error, ERROR_USAGE, "--%s: %s is not between 1 and %zu", flag->name, value, flag->max);
	*number <<= shift;
	return 0;
}

static int apply_size(const struct flag *flag, struct settings *settings, const char *value, struct error *error)
{
	unsigned long long number;
	if (read_number(flag, value, true, &number, error) == -1)
		return -1;
	*(size_t *)field(flag, settings) = (size_t)number;
	return 0;
}

static int apply_count(const struct flag *flag, struct settings *settings, const char *value, struct error *error)
{
	unsigned long long number;
	if (read_number(flag, value, false, &number, error) == -1)
		return -1;
	*(size_t *)field(flag, settings) = (size_t)number;
	return 0;
}

static int apply_unsigned(const struct flag *flag, struct settings *settings, const char *value, struct error *error)
{
	unsigned long long number;
	if (read_number(flag, value, false, &number, error) == -1)
		return -1;
	*(unsigned *)field(flag, settings) = (unsigned)number;
	return 0;
}

static int apply_duration(const struct flag *flag, struct settings *settings, const char *value, struct error *error)
{
	if (options_duration(value, field(flag, settings), error) == -1)
		return error_prefix(error, "--%s: ", flag->name);
	return 0;
}

static int apply_sync(const struct flag *flag, struct settings *settings, const char *value, struct error *error)
{
	settings->spool_options.sync = strcmp(value, "always") == 0;
	if (!settings->spool_options.sync && strcmp(value, "none") != 0)
		return bad_value(flag, value, "always or none", error);
	return 0;
}

static int apply_level(const struct flag *flag, struct settings *settings, const char *value, struct error *error)
{
	static const char *const names[] = {
		[LOG_LEVEL_DEBUG] = "debug",
		[LOG_LEVEL_INFO] = "info",
		[LOG_LEVEL_WARN] = "warn",
		[LOG_LEVEL_ERROR] = "error",
	};
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(value, names[i]) == 0) {
			settings->log_level = (enum log_level)i;
			return 0;
		}
	}
	return bad_value(flag, value, "debug, info, warn or error", error);
}

#define FIELD(member) offsetof(struct settings, member)

static const struct flag flags[] = {
	{'d', "spool", "DIR", "the spool (default: $PGW_SPOOL, else /var/spool/pgw)", apply_string, FIELD(spool), 0},
	{0, "spool.sync", "always|none", "none: answer before a push is on disk (default: always)", apply_sync, 0, 0},
	{'i', "inetd", NULL, "serve the client on standard input and output, also pipes", apply_true, FIELD(inetd), 0},
	{0, "inetd.idle-timeout", "AGE", "under inetd's wait, exit after so long without clients (60s)", apply_duration,
		FIELD(server.inetd_timeout), 0},
	{0, "web.listen-address", "ADDR", ":PORT, HOST:PORT, [IPV6]:PORT or unix:PATH, repeatable (:9091)",
		apply_address, 0, 0},
	{0, "web.read-timeout", "AGE", "for a request to arrive as a whole (30s)", apply_duration,
		FIELD(server.read_timeout), 0},
	{0, "web.idle-timeout", "AGE", "for a connection between two requests (120s)", apply_duration,
		FIELD(server.idle_timeout), 0},
	{0, "web.shutdown-timeout", "AGE", "for requests in flight after SIGTERM (10s)", apply_duration,
		FIELD(server.shutdown_timeout), 0},
	{0, "limit.connections", "N", "connections at a time (1024)", apply_unsigned, FIELD(server.connections),
		CONNECTION_MAX},
	{0, "limit.body", "SIZE", "bytes of a push (64M)", apply_size, FIELD(limits.body), UINT32_MAX},
	{0, "limit.groups", "N", "groups in the spool (1000000)", apply_count, FIELD(limits.groups), UINT32_MAX},
	{0, "limit.series", "N", "metrics in the spool (50000000)", apply_count, FIELD(limits.series), UINT32_MAX},
	{0, "limit.labels", "N", "labels of a metric (200)", apply_count, FIELD(limits.labels), LABELS_MAX},
	{0, "limit.name", "SIZE", "bytes of a metric's or label's name (1024)", apply_size, FIELD(limits.name),
		INT32_MAX},
	{0, "limit.label-value", "SIZE", "bytes of a label's value (64k)", apply_size, FIELD(limits.label_value),
		INT32_MAX},
	{0, "log.level", "LEVEL", "debug, info, warn or error (info)", apply_level, 0, 0},
	{'V', "version", NULL, "print the version", NULL, 0, 0},
	{'h', "help", NULL, "print this help", NULL, 0, 0},
};

static void print_help(void)
{
	fputs("usage: pgw-serve [-d DIR] [-i] [--web.listen-address=ADDR]... [OPTION]...\n\n"
	      "Serves the groups of a spool to Prometheus and takes pushes over HTTP, on addresses of its own, on\n"
	      "sockets that systemd or inetd pass, or on a pipe.\n\n",
		stdout);
	for (size_t i = 0; i < FLAG_COUNT; i++) {
		char name[64];
		snprintf(name, sizeof(name), "--%s%s%s", flags[i].name, flags[i].argument == NULL ? "" : "=",
			flags[i].argument == NULL ? "" : flags[i].argument);
		if (flags[i].letter != 0)
			printf("  -%c, %-*s%s\n", flags[i].letter, FLAG_WIDTH, name, flags[i].help);
		else
			printf("      %-*s%s\n", FLAG_WIDTH, name, flags[i].help);
	}
	fputs("\nAGE: 90s, 15m, 24h, 7d. SIZE: 512k, 64M, 1G.\n"
	      "Exit status: 0 done, 64 usage, 69 an address can't be used, 73 no spool, 74 spool or socket failed,\n"
	      "77 not permitted.\n",
		stdout);
}

static void fill_getopt(struct option long_options[FLAG_COUNT + 1], char letters[2 * FLAG_COUNT + 2])
{
	char *letter = letters;
	*letter++ = ':';
	for (size_t i = 0; i < FLAG_COUNT; i++) {
		int has_argument = flags[i].argument == NULL ? no_argument : required_argument;
		long_options[i] = (struct option){flags[i].name, has_argument, NULL, FIRST_LONG + (int)i};
		if (flags[i].letter == 0)
			continue;
		*letter++ = (char)flags[i].letter;
		if (has_argument == required_argument)
			*letter++ = ':';
	}
	long_options[FLAG_COUNT] = (struct option){0};
	*letter = '\0';
}

static const struct flag *find_flag(int option)
{
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
		error_set(error, ERROR_USAGE, "--%s takes no value", flag->name);
	else if (optopt != 0)
		error_set(error, ERROR_USAGE, "unknown option -%c", optopt);
	else
		error_set(error, ERROR_USAGE, "unknown or ambiguous option %s", argv[optind - 1]);
	return SETTINGS_BAD;
}

enum settings_result settings_parse(struct settings *settings, int argc, char *argv[], struct error *error)
{
	struct option long_options[FLAG_COUNT + 1];
	char letters[2 * FLAG_COUNT + 2];
	int option;
	*settings = (struct settings)SETTINGS_DEFAULT;
	fill_getopt(long_options, letters);
	while ((option = getopt_long(argc, argv, letters, long_options, NULL)) != -1) {
		if (option == '?' || option == ':')
			return bad_option(option, argv, error);
		const struct flag *flag = find_flag(option);
		if (flag->letter == 'h') {
			print_help();
			return SETTINGS_DONE;
		}
		if (flag->letter == 'V') {
			puts("pgw-serve " PGW_VERSION);
			return SETTINGS_DONE;
		}
		if (flag->apply(flag, settings, optarg, error) == -1)
			return SETTINGS_BAD;
	}
	if (optind < argc) {
		error_set(error, ERROR_USAGE, "unexpected argument %s", argv[optind]);
		return SETTINGS_BAD;
	}
	settings->spool = options_choose_spool(settings->spool);
	return SETTINGS_RUN;
}

void settings_release(struct settings *settings)
{
	free(settings->addresses);
	settings->addresses = NULL;
	settings->address_count = 0;
}
