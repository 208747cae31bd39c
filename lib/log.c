#include "log.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/syslog.h>
#include <time.h>
#include <unistd.h>

#include "slice.h"
#include "text.h"

/* A longer line ends in LINE_CUT. */
#define LINE_SIZE 4096
#define LINE_CUT  "..."

struct line {
	char text[LINE_SIZE];
	size_t len;
	bool full;
};

static const struct {
	const char *name;
	int priority; /* syslog's */
} levels[] = {
	[LOG_LEVEL_DEBUG] = {"debug", LOG_DEBUG},
	[LOG_LEVEL_INFO] = {"info", LOG_INFO},
	[LOG_LEVEL_WARN] = {"warn", LOG_WARNING},
	[LOG_LEVEL_ERROR] = {"error", LOG_ERR},
};

static enum log_level level_shown = LOG_LEVEL_INFO;
static bool to_syslog = false;

void log_open(enum log_level level, bool use_syslog)
{
	level_shown = level;
	if (use_syslog && !to_syslog)
		openlog(NULL, LOG_PID, LOG_DAEMON);
	if (!use_syslog && to_syslog)
		closelog();
	to_syslog = use_syslog;
}

/* All of the bytes or none, so that a cut is never inside an escape; room for LINE_CUT and a newline stays. */
static void line_append(struct line *line, const char *data, size_t len)
{
	if (line->full || len > sizeof(line->text) - line->len - sizeof(LINE_CUT) - 1) {
		line->full = true;
		return;
	}
	memcpy(line->text + line->len, data, len);
	line->len += len;
}

static bool needs_quotes(const char *value)
{
	if (*value == '\0')
		return true;
	for (const unsigned char *byte = (const unsigned char *)value; *byte != '\0'; byte++)
		if (*byte <= ' ' || *byte >= 0x7f || *byte == '"' || *byte == '\\' || *byte == '=')
			return true;
	return false;
}

/* The length of the UTF-8 sequence that may be shown as it is, or 0. */
static size_t printable(struct slice text)
{
	return control_length(text) > 0 ? 0 : utf8_length(text);
}

static void line_append_quoted(struct line *line, const char *value)
{
	size_t left = strlen(value);
	line_append(line, "\"", 1);
	while (left > 0) {
		char escape[8];
		size_t len = printable(slice_make(value, left));
		if (*value == '"' || *value == '\\') {
			line_append(line, (const char[]){'\\', *value}, 2);
		} else if (*value == '\n') {
			line_append(line, "\\n", 2);
		} else if (len == 0) {
			snprintf(escape, sizeof(escape), "\\x%02x", (unsigned char)*value);
			line_append(line, escape, 4);
		} else {
			line_append(line, value, len);
		}
		value += len == 0 ? 1 : len;
		left -= len == 0 ? 1 : len;
	}
	line_append(line, "\"", 1);
}

static void line_append_pair(struct line *line, const char *key, const char *value)
{
	if (line->len > 0)
		line_append(line, " ", 1);
	line_append(line, key, strlen(key));
	line_append(line, "=", 1);
	if (needs_quotes(value))
		line_append_quoted(line, value);
	else
		line_append(line, value, strlen(value));
}

static void line_append_time(struct line *line)
{
	struct timespec now;
	struct tm fields;
	char seconds[32];
	char text[48];
	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &fields);
	strftime(seconds, sizeof(seconds), "%Y-%m-%dT%H:%M:%S", &fields);
	snprintf(text, sizeof(text), "%s.%03dZ", seconds, (int)(now.tv_nsec / 1000000));
	line_append_pair(line, "ts", text);
}

static void log_line(enum log_level level, const char *message, va_list pairs)
{
	struct line line = {.len = 0};
	const char *key;
	if (level < level_shown)
		return;
	if (!to_syslog) {
		line_append_time(&line);
		line_append_pair(&line, "level", levels[level].name);
	}
	line_append_pair(&line, "msg", message);
	while ((key = va_arg(pairs, const char *)) != NULL)
		line_append_pair(&line, key, va_arg(pairs, const char *));
	if (line.full) {
		memcpy(line.text + line.len, LINE_CUT, strlen(LINE_CUT));
		line.len += strlen(LINE_CUT);
	}
	if (to_syslog) {
		syslog(levels[level].priority, "%.*s", (int)line.len, line.text);
		return;
	}
	line.text[line.len++] = '\n';
	/* One write(2), so that lines of several processes don't mix. Nobody can be told where it fails. */
	ssize_t written = write(STDERR_FILENO, line.text, line.len);
	(void)written;
}

#define DEFINE_LOG(function, level)                                                                                    \
	void function(const char *message, ...)                                                                        \
	{                                                                                                              \
		va_list pairs;                                                                                         \
		va_start(pairs, message);                                                                              \
		log_line(level, message, pairs);                                                                       \
		va_end(pairs);                                                                                         \
	}

DEFINE_LOG(log_debug, LOG_LEVEL_DEBUG)
DEFINE_LOG(log_info, LOG_LEVEL_INFO)
DEFINE_LOG(log_warn, LOG_LEVEL_WARN)
DEFINE_LOG(log_error, LOG_LEVEL_ERROR)
