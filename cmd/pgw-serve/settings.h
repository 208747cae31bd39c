/*
 * settings: the command line of pgw-serve.
 */
#ifndef PGW_SETTINGS_H
#define PGW_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>

#include "error.h"
#include "input_limits.h"
#include "log.h"
#include "server.h"
#include "spool.h"

struct settings {
	const char *spool;
	struct spool_options spool_options;
	const char **addresses; /* of --web.listen-address */
	size_t address_count;
	bool inetd;
	enum log_level log_level;
	struct limits limits;
	struct server_options server;
};

enum settings_result {
	SETTINGS_RUN,
	SETTINGS_DONE, /* help or version was printed */
	SETTINGS_BAD,  /* with an error */
};

/* Reads the command line. The strings point into argv. settings_release() follows in any case. */
enum settings_result settings_parse(struct settings *settings, int argc, char *argv[], struct error *error);
void settings_release(struct settings *settings);

#endif
