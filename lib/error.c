#include "error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "text.h"

static const struct {
	int exit_status;
	unsigned http_status;
} kinds[] = {
	[ERROR_USAGE] = {EX_USAGE, 400},
	[ERROR_SYNTAX] = {EX_DATAERR, 400},
	[ERROR_INCONSISTENT] = {EX_DATAERR, 400},
	[ERROR_TOO_LARGE] = {EX_DATAERR, 413},
	[ERROR_REFUSED] = {EX_DATAERR, 502},
	[ERROR_NO_INPUT] = {EX_NOINPUT, 500},
	[ERROR_UNAVAILABLE] = {EX_UNAVAILABLE, 502},
	[ERROR_CREATE] = {EX_CANTCREAT, 500},
	[ERROR_IO] = {EX_IOERR, 500},
	[ERROR_FULL] = {EX_TEMPFAIL, 507},
	[ERROR_BUSY] = {EX_TEMPFAIL, 503},
	[ERROR_PERMISSION] = {EX_NOPERM, 500},
	[ERROR_MEMORY] = {EX_OSERR, 500},
};

static void format_message(struct error *error, const char *format, va_list arguments)
	__attribute__((format(printf, 2, 0)));

static void format_message(struct error *error, const char *format, va_list arguments)
{
	int length = vsnprintf(error->message, sizeof(error->message), format, arguments);
	if (length >= (int)sizeof(error->message))
		memcpy(error->message + sizeof(error->message) - 4, "...", 4);
	/* Messages quote strangers and end up on terminals. */
	text_blank_controls(error->message);
}

int error_set(struct error *error, enum error_kind kind, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	error->kind = kind;
	error->line = error->column = 0;
	format_message(error, format, arguments);
	va_end(arguments);
	return -1;
}

int error_set_at(struct error *error, enum error_kind kind, unsigned line, unsigned column, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	error->kind = kind;
	error->line = line;
	error->column = column;
	format_message(error, format, arguments);
	va_end(arguments);
	return -1;
}

static enum error_kind kind_of_errno(int number, enum error_kind otherwise)
{
	switch (number) {
	case ENOSPC:
	case EDQUOT:
	case EFBIG:
		return ERROR_FULL;
	case EACCES:
	case EPERM:
	case EROFS:
		return ERROR_PERMISSION;
	case ENOMEM:
		return ERROR_MEMORY;
	default:
		return otherwise;
	}
}

int error_set_errno(struct error *error, enum error_kind otherwise, const char *format, ...)
{
	int number = errno;
	va_list arguments;
	va_start(arguments, format);
	error->kind = kind_of_errno(number, otherwise);
	error->line = error->column = 0;
	format_message(error, format, arguments);
	va_end(arguments);
	size_t used = strlen(error->message);
	snprintf(error->message + used, sizeof(error->message) - used, ": %s", strerror(number));
	return -1;
}

int error_set_growth(struct error *error, const char *format, ...)
{
	if (errno != EMSGSIZE)
		return error_set_memory(error);
	va_list arguments;
	va_start(arguments, format);
	error->kind = ERROR_TOO_LARGE;
	error->line = error->column = 0;
	format_message(error, format, arguments);
	va_end(arguments);
	return -1;
}

int error_set_memory(struct error *error)
{
	return error_set(error, ERROR_MEMORY, "out of memory");
}

int error_prefix(struct error *error, const char *format, ...)
{
	char rest[ERROR_MESSAGE_SIZE];
	memcpy(rest, error->message, sizeof(rest));
	va_list arguments;
	va_start(arguments, format);
	format_message(error, format, arguments);
	va_end(arguments);
	size_t used = strlen(error->message);
	int length = snprintf(error->message + used, sizeof(error->message) - used, "%s", rest);
	if (used + (size_t)length >= sizeof(error->message))
		memcpy(error->message + sizeof(error->message) - 4, "...", 4);
	return -1;
}

int error_exit_status(enum error_kind kind)
{
	return kinds[kind].exit_status;
}

unsigned error_http_status(enum error_kind kind)
{
	return kinds[kind].http_status;
}
