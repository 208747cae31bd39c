/*
 * log: a server's messages as lines of logfmt or JSON on stderr, or to syslog(3) where stderr is the client's
 * connection.
 *
 *	log_info("listening", "address", url, NULL);
 *	ts=2024-05-01T12:00:00.123Z level=info msg=listening address=http://127.0.0.1:9091
 *	{"ts":"2024-05-01T12:00:00.123Z","level":"info","msg":"listening","address":"http://127.0.0.1:9091"}
 *
 * Each function takes the message and then pairs of key and value (const char *), ended by NULL. Values are quoted and
 * escaped where needed (as by quote() of text.h, or as in json.h), so that nothing from a stranger forges a line or
 * does anything to the terminal that shows it. A line that is too long is cut: logfmt at its end, of JSON each long
 * value. Single-job tools use warnx(3) instead.
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

enum log_format {
	LOG_FORMAT_LOGFMT,
	LOG_FORMAT_JSON,
};

/* Messages below `level` are dropped; `use_syslog` sends them to syslog(3) as a daemon's, which adds the time and the
 * level. */
void log_open(enum log_level level, enum log_format format, bool use_syslog);

void log_debug(const char *message, ...) __attribute__((sentinel));
void log_info(const char *message, ...) __attribute__((sentinel));
void log_warn(const char *message, ...) __attribute__((sentinel));
void log_error(const char *message, ...) __attribute__((sentinel));

#endif
