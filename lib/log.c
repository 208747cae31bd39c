#include "log.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/syslog.h>
#include <time.h>
#include <unistd.h>

#include "buffer.h"
#include "json.h"
#include "slice.h"
#include "text.h"

/* A longer line ends in LINE_CUT. */
#define LINE_SIZE 4096
#define LINE_CUT  "..."

/* Likewise a longer value of a JSON line, in bytes before they are escaped. */
#define JSON_VALUE_MAX 1024
#define JSON_LINE_MAX  65536

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
static enum log_format format_used = LOG_FORMAT_LOGFMT;
static bool to_syslog = false;

void log_open(enum log_level level, enum log_format format, bool use_syslog)
{
	level_shown = level;
	format_used = format;
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

static void line_append_quoted(struct line *line, const char *value)
{
	struct slice rest = slice_of(value);
	line_append(line, "\"", 1);
	while (rest.len > 0) {
		char piece[QUOTED_PIECE_SIZE];
		size_t length, len = quote_piece(rest, piece, &length);
		line_append(line, piece, len);
		rest = slice_make(rest.data + length, rest.len - length);
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

struct time_text {
	char text[48];
};

static struct time_text time_text(void)
{
	struct timespec now;
	struct tm fields;
	struct time_text time;
	char seconds[32];
	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &fields);
	strftime(seconds, sizeof(seconds), "%Y-%m-%dT%H:%M:%S", &fields);
	snprintf(time.text, sizeof(time.text), "%s.%03dZ", seconds, (int)(now.tv_nsec / 1000000));
	return time;
}

/* Room for a newline stays behind what is written. */
static void write_line(enum log_level level, char *text, size_t len)
{
	if (to_syslog) {
		syslog(levels[level].priority, "%.*s", (int)len, text);
		return;
	}
	text[len++] = '\n';
	/* One write(2), so that lines of several processes don't mix. Nobody can be told where it fails. */
	ssize_t written = write(STDERR_FILENO, text, len);
	(void)written;
}

static void log_logfmt(enum log_level level, const char *message, va_list pairs)
{
	struct line line = {.len = 0};
	const char *key;
	if (!to_syslog) {
		line_append_pair(&line, "ts", time_text().text);
		line_append_pair(&line, "level", levels[level].name);
	}
	line_append_pair(&line, "msg", message);
	while ((key = va_arg(pairs, const char *)) != NULL)
		line_append_pair(&line, key, va_arg(pairs, const char *));
	if (line.full) {
		memcpy(line.text + line.len, LINE_CUT, strlen(LINE_CUT));
		line.len += strlen(LINE_CUT);
	}
	write_line(level, line.text, line.len);
}

static void json_append_pair(struct json *json, const char *key, const char *value)
{
	char cut[JSON_VALUE_MAX + sizeof(LINE_CUT)];
	size_t len = strnlen(value, JSON_VALUE_MAX + 1);
	if (len > JSON_VALUE_MAX) {
		/* Not inside a character. */
		for (len = JSON_VALUE_MAX; len > JSON_VALUE_MAX - 3 && (value[len] & 0xc0) == 0x80; len--)
			;
		memcpy(cut, value, len);
		strcpy(cut + len, LINE_CUT);
		value = cut;
	}
	json_key(json, key);
	json_string(json, slice_of(value));
}

/* 0, or -1 where there is no memory for the line. */
static int log_json(enum log_level level, const char *message, va_list pairs)
{
	struct buffer text;
	struct json json;
	const char *key;
	buffer_init(&text, JSON_LINE_MAX);
	json_init(&json, &text);
	json_begin_object(&json);
	if (!to_syslog) {
		json_append_pair(&json, "ts", time_text().text);
		json_append_pair(&json, "level", levels[level].name);
	}
	json_append_pair(&json, "msg", message);
	while ((key = va_arg(pairs, const char *)) != NULL)
		json_append_pair(&json, key, va_arg(pairs, const char *));
	json_end_object(&json);
	int status = json_finish(&json) != 0 || buffer_reserve(&text, 1) == -1 ? -1 : 0;
	if (status == 0)
		write_line(level, text.data, text.len);
	buffer_release(&text);
	return status;
}

static void log_line(enum log_level level, const char *message, va_list pairs)
{
	va_list again;
	if (level < level_shown)
		return;
	va_copy(again, pairs);
	if (format_used == LOG_FORMAT_LOGFMT || log_json(level, message, again) == -1)
		log_logfmt(level, message, pairs);
	va_end(again);
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
