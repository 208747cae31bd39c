/*
 * pgw-list: the groups of a spool, as a table for people or as JSON for programs.
 */
#include <bsd/stdlib.h>
#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>

#include "clock.h"
#include "json.h"
#include "number.h"
#include "options.h"
#include "store.h"
#include "text.h"

#define OUTPUT_MAX ((size_t)4 << 30)
#define CELL_MAX   65536

enum column { JOB, LABELS, PUSHED, FAILED, FAMILIES, SERIES, BYTES, COLUMNS };

static const struct {
	const char *title;
	bool is_number; /* aligned to the right */
} columns[COLUMNS] = {
	[JOB] = {"JOB", false},
	[LABELS] = {"LABELS", false},
	[PUSHED] = {"PUSHED", true},
	[FAILED] = {"FAILED", true},
	[FAMILIES] = {"FAMILIES", true},
	[SERIES] = {"SERIES", true},
	[BYTES] = {"BYTES", true},
};

struct row {
	char *cells[COLUMNS];
};

struct list {
	const char *spool;
	struct grouping_key filter; /* set, not finished */
	bool json;
	bool quiet;
	bool verbose;
};

/* Equality with each label of the filter; a label that a group lacks is the empty one. */
static bool matches(const struct list *list, const struct group *group)
{
	for (size_t i = 0; i < list->filter.count; i++) {
		const struct label *wanted = &list->filter.labels[i];
		struct slice value = {0};
		for (size_t j = 0; j < group->key.count; j++)
			if (slice_equal(group->key.labels[j].name, wanted->name))
				value = group->key.labels[j].value;
		if (!slice_equal(value, wanted->value))
			return false;
	}
	return true;
}

static const struct group *next_match(const struct list *list, const struct view *view, const struct group *group)
{
	while ((group = view_next(view, group)) != NULL && !matches(list, group))
		;
	return group;
}

static char *format_age(int64_t then, int64_t now, const char *never)
{
	static const struct {
		int64_t below; /* seconds */
		int64_t unit;
		char suffix;
	} units[] = {{120, 1, 's'}, {120 * 60, 60, 'm'}, {48 * 3600, 3600, 'h'}, {INT64_MAX, 86400, 'd'}};
	char *text;
	if (then == 0)
		return strdup(never);
	int64_t age = now > then ? (now - then) / CLOCK_SECOND : 0;
	size_t i = 0;
	while (age >= units[i].below)
		i++;
	return asprintf(&text, "%lld%c", (long long)(age / units[i].unit), units[i].suffix) == -1 ? NULL : text;
}

static char *format_number(size_t number)
{
	char *text;
	return asprintf(&text, "%zu", number) == -1 ? NULL : text;
}

/* A text bare where it can't be misread, otherwise quoted. */
static struct quoted quote_if_needed(struct slice text)
{
	struct quoted quoted = quote(text);
	if (strlen(quoted.text) == text.len + 2 && memchr(text.data, ' ', text.len) == NULL) {
		memcpy(quoted.text, text.data, text.len);
		quoted.text[text.len] = '\0';
	}
	return quoted;
}

static char *format_labels(const struct grouping_key *key)
{
	struct buffer text;
	buffer_init(&text, CELL_MAX);
	int result = 0;
	for (size_t i = 0; i < key->count && result == 0; i++) {
		const struct label *label = &key->labels[i];
		if (!slice_is(label->name, "job"))
			result = buffer_printf(&text, "%s%.*s=%s", text.len > 0 ? "," : "", SLICE_PRINTF(label->name),
				quote(label->value).text);
	}
	/* A cell that would be too long even so ends where it is full. */
	if (result == -1 && errno != EMSGSIZE) {
		buffer_release(&text);
		return NULL;
	}
	char *cell = text.len > 0 ? strndup(text.data, text.len) : strdup("-");
	buffer_release(&text);
	return cell;
}

static void row_release(struct row *row)
{
	for (size_t i = 0; i < COLUMNS; i++)
		free(row->cells[i]);
}

static int row_init(struct row *row, const struct group *group, int64_t now)
{
	*row = (struct row){{
		[JOB] = strdup(quote_if_needed(grouping_key_value(&group->key, "job")).text),
		[LABELS] = format_labels(&group->key),
		[PUSHED] = format_age(group->push_time, now, "never"),
		[FAILED] = format_age(group->push_failure_time, now, "-"),
		[FAMILIES] = format_number(group->block_count),
		[SERIES] = format_number(group->series_count),
		[BYTES] = format_number(group->text_size),
	}};
	for (size_t i = 0; i < COLUMNS; i++)
		if (row->cells[i] == NULL) {
			row_release(row);
			return -1;
		}
	return 0;
}

/* How many characters a cell takes: bytes that continue a UTF-8 sequence take none. */
static size_t width_of(const char *text)
{
	size_t width = 0;
	for (; *text != '\0'; text++)
		width += ((unsigned char)*text & 0xc0) != 0x80;
	return width;
}

static void print_row(const char *const cells[COLUMNS], const size_t widths[COLUMNS])
{
	for (size_t i = 0; i < COLUMNS; i++) {
		int padding = (int)(widths[i] - width_of(cells[i]));
		const char *separator = i + 1 < COLUMNS ? "  " : "\n";
		if (columns[i].is_number)
			printf("%*s%s%s", padding, "", cells[i], separator);
		else
			printf("%s%*s%s", cells[i], padding, "", separator);
	}
}

static void print_rows(const struct row *rows, size_t count)
{
	const char *titles[COLUMNS];
	size_t widths[COLUMNS];
	for (size_t i = 0; i < COLUMNS; i++) {
		titles[i] = columns[i].title;
		widths[i] = strlen(titles[i]);
		for (size_t j = 0; j < count; j++) {
			size_t width = width_of(rows[j].cells[i]);
			widths[i] = width > widths[i] ? width : widths[i];
		}
	}
	print_row(titles, widths);
	for (size_t j = 0; j < count; j++)
		print_row((const char *const *)rows[j].cells, widths);
}

static int print_table(const struct list *list, const struct view *view, struct error *error)
{
	int64_t now = clock_wall();
	size_t count = 0;
	int result = 0;
	struct row *rows = reallocarray(NULL, view_counts(view).groups + 1, sizeof(*rows));
	if (rows == NULL)
		return error_set_memory(error);
	for (const struct group *group = NULL; (group = next_match(list, view, group)) != NULL; count++) {
		if (row_init(&rows[count], group, now) == -1) {
			result = error_set_memory(error);
			break;
		}
	}
	if (result == 0)
		print_rows(rows, count);
	for (size_t i = 0; i < count; i++)
		row_release(&rows[i]);
	free(rows);
	return result;
}

static void add_group(struct json *json, const struct group *group)
{
	json_begin_object(json);
	json_key(json, "labels");
	json_begin_object(json);
	for (size_t i = 0; i < group->key.count; i++) {
		json_key_slice(json, group->key.labels[i].name);
		json_string(json, group->key.labels[i].value);
	}
	json_end_object(json);
	json_key(json, "push_time_seconds");
	json_number(json, number_seconds(group->push_time));
	json_key(json, "push_failure_time_seconds");
	json_number(json, number_seconds(group->push_failure_time));
	json_key(json, "method");
	json_string(json, slice_of(group->method == PUSH_NONE ? "" : push_method_names[group->method]));
	json_key(json, "families");
	json_integer(json, (int64_t)group->block_count);
	json_key(json, "series");
	json_integer(json, (int64_t)group->series_count);
	json_key(json, "bytes");
	json_integer(json, (int64_t)group->text_size);
	json_key(json, "file");
	json_string(json, group->key.file);
	json_end_object(json);
}

static void add_rejected(struct json *json, const struct view *view)
{
	const void *cursor = NULL;
	const char *file, *reason;
	while (view_next_rejected(view, &cursor, &file, &reason)) {
		json_begin_object(json);
		json_key(json, "file");
		json_string(json, slice_of(file));
		json_key(json, "reason");
		json_string(json, slice_of(reason));
		json_end_object(json);
	}
}

static int print_json(const struct list *list, const struct view *view, struct error *error)
{
	struct buffer text;
	struct json json;
	buffer_init(&text, OUTPUT_MAX);
	json_init(&json, &text);
	json_begin_object(&json);
	json_key(&json, "groups");
	json_begin_array(&json);
	for (const struct group *group = NULL; (group = next_match(list, view, group)) != NULL;)
		add_group(&json, group);
	json_end_array(&json);
	json_key(&json, "rejected");
	json_begin_array(&json);
	add_rejected(&json, view);
	json_end_array(&json);
	json_end_object(&json);
	int result = json_finish(&json) == 0 && buffer_append_byte(&text, '\n') == 0 ? 0 : error_set_memory(error);
	if (result == 0)
		fwrite(text.data, 1, text.len, stdout);
	buffer_release(&text);
	return result;
}

static void warn_of_rejected(const struct view *view)
{
	const void *cursor = NULL;
	const char *file, *reason;
	while (view_next_rejected(view, &cursor, &file, &reason))
		warnx("%s: left out: %s", quote_if_needed(slice_of(file)).text, reason);
}

static int run(const struct list *list, struct error *error)
{
	const struct limits limits = LIMITS_DEFAULT;
	struct spool_options options = SPOOL_OPTIONS_DEFAULT;
	options.create = false;
	options.read_only = true;
	struct store store;
	if (store_open(&store, options_choose_spool(list->spool), &options, VIEW_SCAN, &limits, error) == -1)
		return -1;
	int result = view_refresh(store.view, error);
	if (result == 0)
		result = list->json ? print_json(list, store.view, error) : print_table(list, store.view, error);
	if (result == 0 && !list->quiet)
		warn_of_rejected(store.view);
	if (result == 0 && list->verbose) {
		struct view_counts counts = view_counts(store.view);
		warnx("%zu groups, %zu series, %zu bytes, %zu files left out", counts.groups, counts.series,
			counts.bytes, counts.rejected);
	}
	store_close(&store);
	return result;
}

int main(int argc, char *argv[])
{
	struct list list = {0};
	const struct option_spec specs[] = {
		OPTIONS_SPOOL(&list.spool),
		OPTIONS_KEY(&list.filter),
		{0, "json", NULL, OPTION_FLAG, &list.json, "print JSON"},
		OPTIONS_COMMON(&list.quiet, &list.verbose),
	};
	const struct command_line line = {
		.tool = "pgw-list",
		.synopsis = "[-d DIR] [-j JOB] [-l NAME=VALUE]... [-qv] [--json]",
		.purpose = "Lists the groups of a spool, those with all of the labels given.",
		.specs = specs,
		.count = OPTIONS_COUNT(specs),
		.notes = "PUSHED and FAILED are the ages of the last push that succeeded and of the last that was "
			 "refused.\n"
			 "--json prints {\"groups\":[GROUP...],\"rejected\":[{\"file\":...,\"reason\":...}...]}, where "
			 "a GROUP has\n"
			 "labels, push_time_seconds and push_failure_time_seconds (0 for never), method (POST, PUT or "
			 "empty),\n"
			 "families, series, bytes and file.",
	};
	struct error error;
	int status = EX_OK;
	grouping_key_init(&list.filter);
	int first = options_parse(&line, argc, argv, &error);
	if (first > 0 && first < argc)
		first = error_set(&error, ERROR_USAGE, "unexpected argument %s", quote(slice_of(argv[first])).text);
	if (first == -1 || (first > 0 && run(&list, &error) == -1))
		status = options_fail(&line, &error);
	grouping_key_release(&list.filter);
	return options_finish(status);
}
