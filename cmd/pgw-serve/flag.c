#include "flag.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "duration.h"
#include "options.h"
#include "text.h"

#define ADDRESSES_MAX	 64
#define NS_PER_MS	 INT64_C(1000000)
#define AGE_MAX		 INT32_MAX /* ms */
#define COUNT_OF(values) (sizeof(values) / sizeof((values)[0]))

static int bad_value(const struct flag *flag, const char *value, const char *wanted, struct error *error)
{
	return error_set(error, ERROR_USAGE, "--%s: %s is not %s", flag->name, quote(slice_of(value)).text, wanted);
}

static void *field(const struct flag *flag, struct settings *settings)
{
	return (char *)settings + flag->offset;
}

static const void *field_shown(const struct flag *flag, const struct settings *settings)
{
	return (const char *)settings + flag->offset;
}

static int read_switch(const struct flag *flag, struct settings *settings, const char *value, struct error *error)
{
	*(bool *)field(flag, settings) = strcmp(value, "true") == 0;
	return 0;
}

static int show_switch(const struct flag *flag, const struct settings *settings, struct buffer *out)
{
	return buffer_append_string(out, *(const bool *)field_shown(flag, settings) ? "true" : "false");
}

const struct flag_kind flag_switch = {read_switch, show_switch};

static int read_string(const struct flag *flag, struct settings *settings, const char *value, struct error *error)
{
	*(const char **)field(flag, settings) = value;
	return 0;
}

static int show_string(const struct flag *flag, const struct settings *settings, struct buffer *out)
{
	const char *value = *(const char *const *)field_shown(flag, settings);
	return value == NULL ? 0 : buffer_append_string(out, value);
}

const struct flag_kind flag_string = {read_string, show_string};

static int read_address(const struct flag *flag, struct settings *settings, const char *value, struct error *error)
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

static int show_addresses(const struct flag *flag, const struct settings *settings, struct buffer *out)
{
	if (settings->address_count == 0)
		return buffer_append_string(out, SETTINGS_DEFAULT_ADDRESS);
	for (size_t i = 0; i < settings->address_count; i++)
		if (buffer_printf(out, "%s%s", i > 0 ? "," : "", settings->addresses[i]) == -1)
			return -1;
	return 0;
}

const struct flag_kind flag_addresses = {read_address, show_addresses};

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

static int read_size(const struct flag *flag, struct settings *settings, const char *value, struct error *error)
{
	unsigned long long number;
	if (read_number(flag, value, flag->kind == &flag_size, &number, error) == -1)
		return -1;
	*(size_t *)field(flag, settings) = (size_t)number;
	return 0;
}

static int show_size(const struct flag *flag, const struct settings *settings, struct buffer *out)
{
	return buffer_printf(out, "%zu", *(const size_t *)field_shown(flag, settings));
}

const struct flag_kind flag_size = {read_size, show_size};
const struct flag_kind flag_count = {read_size, show_size};

static int read_unsigned(const struct flag *flag, struct settings *settings, const char *value, struct error *error)
{
	unsigned long long number;
	if (read_number(flag, value, false, &number, error) == -1)
		return -1;
	*(unsigned *)field(flag, settings) = (unsigned)number;
	return 0;
}

static int show_unsigned(const struct flag *flag, const struct settings *settings, struct buffer *out)
{
	return buffer_printf(out, "%u", *(const unsigned *)field_shown(flag, settings));
}

const struct flag_kind flag_unsigned = {read_unsigned, show_unsigned};

/* In Go's form, or in that of the other tools. */
static int read_age(const struct flag *flag, struct settings *settings, const char *value, struct error *error)
{
	unsigned *milliseconds = field(flag, settings);
	int64_t nanoseconds;
	if (duration_parse(value, &nanoseconds) == 0 && nanoseconds >= NS_PER_MS &&
		nanoseconds / NS_PER_MS <= AGE_MAX) {
		*milliseconds = (unsigned)(nanoseconds / NS_PER_MS);
		return 0;
	}
	return options_duration(value, milliseconds, error) == -1 ? error_prefix(error, "--%s: ", flag->name) : 0;
}

static int show_age(const struct flag *flag, const struct settings *settings, struct buffer *out)
{
	int64_t nanoseconds = *(const unsigned *)field_shown(flag, settings) * NS_PER_MS;
	return buffer_append_string(out, duration_text(nanoseconds).text);
}

const struct flag_kind flag_age = {read_age, show_age};

static int read_interval(const struct flag *flag, struct settings *settings, const char *value, struct error *error)
{
	if (duration_parse(value, field(flag, settings)) == -1)
		return bad_value(flag, value, "a duration such as 90s, 5m or 1h30m", error);
	return 0;
}

static int show_interval(const struct flag *flag, const struct settings *settings, struct buffer *out)
{
	return buffer_append_string(out, duration_text(*(const int64_t *)field_shown(flag, settings)).text);
}

const struct flag_kind flag_interval = {read_interval, show_interval};

/* One of a few names; the place in the list, or -1. */
static int read_choice(const char *const *names, size_t count, const char *value)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(value, names[i]) == 0)
			return (int)i;
	return -1;
}

static const char *const sync_names[] = {[false] = "none", [true] = "always"};

static int read_sync(const struct flag *flag, struct settings *settings, const char *value, struct error *error)
{
	int choice = read_choice(sync_names, COUNT_OF(sync_names), value);
	if (choice == -1)
		return bad_value(flag, value, "always or none", error);
	*(bool *)field(flag, settings) = choice == true;
	return 0;
}

static int show_sync(const struct flag *flag, const struct settings *settings, struct buffer *out)
{
	return buffer_append_string(out, sync_names[*(const bool *)field_shown(flag, settings)]);
}

const struct flag_kind flag_sync = {read_sync, show_sync};

static const char *const level_names[] = {
	[LOG_LEVEL_DEBUG] = "debug",
	[LOG_LEVEL_INFO] = "info",
	[LOG_LEVEL_WARN] = "warn",
	[LOG_LEVEL_ERROR] = "error",
};

static int read_level(const struct flag *flag, struct settings *settings, const char *value, struct error *error)
{
	int choice = read_choice(level_names, COUNT_OF(level_names), value);
	if (choice == -1)
		return bad_value(flag, value, "debug, info, warn or error", error);
	*(enum log_level *)field(flag, settings) = (enum log_level)choice;
	return 0;
}

static int show_level(const struct flag *flag, const struct settings *settings, struct buffer *out)
{
	return buffer_append_string(out, level_names[*(const enum log_level *)field_shown(flag, settings)]);
}

const struct flag_kind flag_level = {read_level, show_level};

static const char *const format_names[] = {[LOG_FORMAT_LOGFMT] = "logfmt", [LOG_FORMAT_JSON] = "json"};

static int read_format(const struct flag *flag, struct settings *settings, const char *value, struct error *error)
{
	int choice = read_choice(format_names, COUNT_OF(format_names), value);
	if (choice == -1)
		return bad_value(flag, value, "logfmt or json", error);
	*(enum log_format *)field(flag, settings) = (enum log_format)choice;
	return 0;
}

static int show_format(const struct flag *flag, const struct settings *settings, struct buffer *out)
{
	return buffer_append_string(out, format_names[*(const enum log_format *)field_shown(flag, settings)]);
}

const struct flag_kind flag_format = {read_format, show_format};

/* The empty value is the upstream's default and asks for nothing. */
static int read_refused(const struct flag *flag, struct settings *settings, const char *value, struct error *error)
{
	if (*value == '\0')
		return 0;
	return error_set(error, ERROR_USAGE,
		"--%s is not supported yet: leave it out, and put a proxy in front for TLS and passwords", flag->name);
}

static int show_nothing(const struct flag *flag, const struct settings *settings, struct buffer *out)
{
	return 0;
}

const struct flag_kind flag_refused = {read_refused, show_nothing};
