/*
 * pgw-list: the groups of a spool or of a gateway, as a table for people, as JSON for programs, as names for xargs.
 */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "clock.h"
#include "list.h"
#include "remote_groups.h"
#include "table.h"
#include "text.h"

#define TIMEOUT 30000

/* A terminal shows them, unless somebody wishes otherwise (https://no-color.org). */
static bool wants_colours(void)
{
	const char *none = getenv("NO_COLOR"), *terminal = getenv("TERM");
	return isatty(STDOUT_FILENO) && (none == NULL || *none == '\0') &&
	       (terminal == NULL || strcmp(terminal, "dumb") != 0);
}

/* --- the groups --- */

/* The groups of the view come first, and those of them that are selected; all that is left out follows. */
static int select_groups(struct list *list, struct error *error)
{
	struct group_list *groups = &list->groups;
	size_t kept = 0, i = 0;
	for (; i < groups->count && groups->rows[i].reason == NULL; i++) {
		int matches = selection_matches(&list->selection, &groups->rows[i], list->now, error);
		if (matches == -1)
			return -1;
		if (matches == 1)
			groups->rows[kept++] = groups->rows[i];
	}
	list->shown = kept;
	while (i < groups->count)
		groups->rows[kept++] = groups->rows[i++];
	groups->count = kept;
	return 0;
}

static int fetch(struct list *list, struct error *error)
{
	if (!list->has_store)
		return remote_groups_fetch(&list->destination, list->timeout, &list->groups, error);
	if (view_refresh(list->store.view, error) == -1)
		return -1;
	return group_list_add_view(&list->groups, list->store.view, error);
}

int list_load(struct list *list, struct error *error)
{
	group_list_release(&list->groups);
	list->shown = 0;
	if (fetch(list, error) == -1)
		return -1;
	list->now = clock_wall();
	if (select_groups(list, error) == -1)
		return -1;
	if (list->sort != NULL)
		return table_sort(list->groups.rows, list->shown, list->sort, list->reverse, error);
	for (size_t i = 0; list->reverse && i < list->shown / 2; i++) {
		struct group_row *rows = list->groups.rows, row = rows[i];
		rows[i] = rows[list->shown - 1 - i];
		rows[list->shown - 1 - i] = row;
	}
	return 0;
}

/* --- what is printed --- */

static int print_names(const struct list *list, struct error *error)
{
	struct buffer text;
	buffer_init(&text, SIZE_MAX / 2);
	int result = 0;
	for (size_t i = 0; i < list->shown && result == 0; i++) {
		buffer_clear(&text);
		result = selector_append_key(&text, &list->groups.rows[i].key);
		if (result == 0)
			result = buffer_append_byte(&text, '\0');
		if (result == 0)
			fwrite(text.data, 1, text.len, stdout);
	}
	buffer_release(&text);
	return result == 0 ? 0 : error_set_memory(error);
}

static int print_table(const struct list *list, struct error *error)
{
	const struct table_style style = {.colours = list->colours, .line_end = "\n"};
	return table_print(stdout, list->groups.rows, list->shown, list->now, &style, error);
}

static void warn_of_left_out(const struct list *list)
{
	for (size_t i = list->shown; i < list->groups.count; i++) {
		const struct group_row *row = &list->groups.rows[i];
		struct quoted name = quote(row->key.file);
		bool plain = strlen(name.text) == row->key.file.len + 2 && strchr(name.text, ' ') == NULL;
		warnx("%s: left out: %s", plain ? row->key.file.data : name.text, row->reason);
	}
}

static void warn_of_totals(const struct list *list)
{
	struct view_counts counts = view_counts(list->store.view);
	warnx("%zu groups, %zu series, %zu bytes, %zu files left out", counts.groups, counts.series, counts.bytes,
		counts.rejected);
}

static int print_once(struct list *list, struct error *error)
{
	if (list_load(list, error) == -1)
		return -1;
	int result = list->json	   ? list_print_json(list, error)
		     : list->names ? print_names(list, error)
				   : print_table(list, error);
	if (result == 0 && !list->quiet)
		warn_of_left_out(list);
	if (result == 0 && list->verbose && list->has_store)
		warn_of_totals(list);
	return result;
}

/* --- all of it --- */

static int open_spool(struct list *list, struct error *error)
{
	const struct limits limits = LIMITS_DEFAULT;
	struct spool_options options = SPOOL_OPTIONS_DEFAULT;
	options.create = false;
	options.read_only = true;
	enum view_mode mode = list->watch > 0 ? VIEW_FOLLOW : VIEW_SCAN;
	if (store_open(&list->store, list->destination.spool, &options, mode, &limits, error) == -1)
		return -1;
	list->has_store = true;
	return 0;
}

static int check_usage(struct list *list, struct error *error)
{
	if (list->json + list->names + (list->watch > 0) > 1)
		return error_set(error, ERROR_USAGE, "only one of --json, -0 and --watch can be given");
	if (list->watch > 0 && !isatty(STDOUT_FILENO))
		return error_set(error, ERROR_USAGE, "--watch needs a terminal on standard output");
	if (list->sort != NULL && table_check_column(list->sort, error) == -1)
		return -1;
	return 0;
}

static int run(struct list *list, struct error *error)
{
	const struct spool_options options = SPOOL_OPTIONS_DEFAULT;
	if (check_usage(list, error) == -1 ||
		destination_init_any(&list->destination, &list->target, &options, &list->selection.labels, error) == -1)
		return -1;
	int result = list->destination.spool != NULL ? open_spool(list, error) : 0;
	if (result == 0)
		result = list->watch > 0 ? list_watch(list, error) : print_once(list, error);
	if (list->has_store)
		store_close(&list->store);
	destination_release(&list->destination);
	return result;
}

int main(int argc, char *argv[])
{
	struct list list = {.timeout = TIMEOUT, .colours = wants_colours()};
	const struct option_spec specs[] = {
		OPTIONS_SPOOL(&list.target.spool),
		OPTIONS_URL(&list.target.urls),
		OPTIONS_HTTP(&list.target.http),
		OPTIONS_KEY(&list.selection.labels),
		OPTIONS_SELECTION(&list.selection),
		{0, "failed", NULL, OPTION_FLAG, &list.selection.failed, "groups whose last push was refused"},
		{0, "sort", "COLUMN", OPTION_STRING, &list.sort,
			"order by a column: job, labels, pushed, failed, families, series, bytes or ttl"},
		{'r', "reverse", NULL, OPTION_FLAG, &list.reverse, "the other way round"},
		{0, "json", NULL, OPTION_FLAG, &list.json, "print JSON"},
		{'0', "null", NULL, OPTION_FLAG, &list.names, "print names, a NUL byte after each"},
		{'w', "watch", "[=SECONDS]", OPTION_DURATION, &list.watch, "show the table again and again"},
		{'t', "timeout", "SECONDS", OPTION_DURATION, &list.timeout,
			"that a gateway has, all tries together (default: 30)"},
		OPTIONS_COMMON(&list.quiet, &list.verbose),
	};
	const struct command_line line = {
		.tool = "pgw-list",
		.synopsis = "[-d DIR | -u URL] [-j JOB] [-l NAME=VALUE]... [-s SELECTOR]... [--older-than AGE]\n"
			    "                [--failed] [--sort COLUMN] [-qrv] [-t SECONDS] [--retry N] [--json | -0 | "
			    "-w[SECONDS]]",
		.purpose = "Lists the groups of a spool or a gateway, those for which all holds that is given.",
		.specs = specs,
		.count = OPTIONS_COUNT(specs),
		.notes = "PUSHED and FAILED are the ages of the last push that succeeded and of the last that was "
			 "refused,\n"
			 "TTL is how long the group has still to stay.\n"
			 "--json prints {\"groups\":[GROUP...],\"rejected\":[{\"file\":...,\"reason\":...}...]}, where "
			 "a GROUP has\n"
			 "labels, push_time_seconds and push_failure_time_seconds (0 for never), method (POST, PUT or "
			 "empty),\n"
			 "families, series, bytes and file, and ttl_seconds where it has a TTL. -0 prints names as "
			 "pgw-delete -0 reads them.",
	};
	struct error error;
	int status = EX_OK;
	selection_init(&list.selection);
	group_list_init(&list.groups);
	destination_ignore_signals();
	int first = options_parse(&line, argc, argv, &error);
	if (first > 0 && first < argc)
		first = error_set(&error, ERROR_USAGE, "unexpected argument %s", quote(slice_of(argv[first])).text);
	if (first == -1 || (first > 0 && run(&list, &error) == -1))
		status = options_fail(&line, &error);
	group_list_release(&list.groups);
	selection_release(&list.selection);
	options_target_release(&list.target);
	return options_finish(status);
}
