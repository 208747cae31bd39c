/*
 * log: a server's messages as logfmt lines on stderr, or to syslog(3) where stderr is the client's connection.
 *
 *	log_info("listening", "address", url, NULL);
 *	ts=2024-05-01T12:00:00.123Z level=info msg=listening address=http://127.0.0.1:9091
 *
 * Each function takes the message and then pairs of key and value (const char *), ended by NULL. Values are quoted and
 * escaped where needed, so that nothing from a stranger forges a line. Single-job tools use warnx(3) instead.
 */
#ifndef PGW_LOG_H
#define PGW_LOG_H

#include <stdbool.h>

enum log_level {
	LOG_LEVEL_DEBUG,
	LOG_LEVEL_INFO,
	LOG_LEVEL_WARN,
	LOG_LEVEL_ERROR,
};

/* Messages below `level` are dropped; `use_syslog` sends them to syslog(3) as a daemon's. */
void log_open(enum log_level level, bool use_syslog);

void log_debug(const char *message, ...) __attribute__((sentinel));
void log_info(const char *message, ...) __attribute__((sentinel));
void log_warn(const char *message, ...) __attribute__((sentinel));
void log_error(const char *message, ...) __attribute__((sentinel));

#endif
