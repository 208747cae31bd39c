/*
 * settings: the command line of pgw-serve: its own flags and all of the upstream's (main.go and exporter-toolkit's
 * web/kingpinflag, release 1.11), under their names.
 *
 * As there, a flag without an argument can be taken back by --no-NAME, and durations have Go's form. Where a flag is
 * given twice, the last one counts.
 */
#ifndef PGW_SETTINGS_H
#define PGW_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"
#include "input_limits.h"
#include "json.h"
#include "log.h"
#include "server.h"
#include "slice.h"
#include "spool.h"

#define SETTINGS_DEFAULT_ADDRESS ":9091"

struct settings {
	const char *spool;
	struct spool_options spool_options;
	const char **addresses; /* of --web.listen-address */
	size_t address_count;
	bool inetd;
	bool systemd_socket; /* serve on the sockets that systemd passes, and on nothing else */
	enum log_level log_level;
	enum log_format log_format;
	struct limits limits;
	struct server_options server;

	/* Pushes are stored without a look at other groups. */
	bool unchecked;

	bool lifecycle; /* /-/quit */
	bool admin_api; /* /api/v1/admin */

	/* As given, but for the prefix: what it came to. */
	const char *external_url;
	const char *telemetry_path_given;
	const char *route_prefix_given;
	const char *persistence_file;
	int64_t persistence_interval; /* ns */

	/* Decoded and clean: owned, and never NULL once parsed. */
	char *route_prefix;   /* "" or "/prefix" */
	char *telemetry_path; /* with the prefix */
};

enum settings_result {
	SETTINGS_RUN,
	SETTINGS_DONE, /* help or version was printed */
	SETTINGS_BAD,  /* with an error */
};

/* Reads the command line. The strings point into argv. settings_release() follows in any case. */
enum settings_result settings_parse(struct settings *settings, int argc, char *argv[], struct error *error);
void settings_release(struct settings *settings);

/* Calls `show` for each flag with its value, in the form that the upstream shows it in. 0, or -1 with errno, also where
 * `show` returns that. */
int settings_each_flag(const struct settings *settings,
	int (*show)(void *context, const char *name, struct slice value), void *context);

/* Writes all flags with their values as an object of strings. */
void settings_append_flags(const struct settings *settings, struct json *json);

#endif
