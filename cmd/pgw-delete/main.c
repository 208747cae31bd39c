/*
 * pgw-delete: removes groups from a spool or from a gateway: one, exactly as named; several by their names; or those
 * that a selection has.
 *
 * All that may be wrong with the command line, the input and the list of groups is found before anything goes.
 */
#include <bsd/stdlib.h>
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "clock.h"
#include "deletion.h"
#include "remote_groups.h"
#include "text.h"

#define TIMEOUT 30000

/* With -e and no such group, or where somebody was asked and did not say yes. */
#define EXIT_NOTHING 1

/* How many groups a question names. */
#define ASKED_MAX 10

static bool selects(const struct deletion *deletion)
{
	const struct selection *selection = &deletion->selection;
	return deletion->all || selection->expired || selection->older_than >= 0 ||
	       !selector_is_empty(&selection->selector);
}

/* --- where the groups are --- */

static int open_spool(struct deletion *deletion, struct error *error)
{
	const struct limits limits = LIMITS_DEFAULT;
	struct spool_options options = SPOOL_OPTIONS_DEFAULT;
	options.create = false;
	options.read_only = deletion->dry_run;
	if (store_open(&deletion->store, deletion->destination.spool, &options, VIEW_SCAN, &limits, error) == -1)
		return -1;
	deletion->has_store = true;
	return 0;
}

static int list_groups(struct deletion *deletion, struct group_list *list, struct error *error)
{
	if (!deletion->has_store)
		return remote_groups_fetch(&deletion->destination, deletion->timeout, list, error);
	const struct view *view = deletion->store.view;
	bool expired = deletion->all || deletion->selection.expired;
	if (view_refresh(deletion->store.view, error) == -1 || group_list_add_view(list, view, error) == -1)
		return -1;
	return expired ? group_list_add_expired(list, view, error) : 0;
}

/* --- which groups --- */

static int add_named_group(struct deletion *deletion, struct error *error)
{
	const struct limits limits = LIMITS_DEFAULT;
	struct group_row row;
	if (grouping_key_value(&deletion->selection.labels, "job").data == NULL)
		return error_set(error, ERROR_USAGE,
			"which groups? Give a job (-j), a selection (-s, --older-than, --expired) or "
			"all (-a)");
	if (grouping_key_finish(&deletion->selection.labels, &limits, error) == -1)
		return -1;
	row = (struct group_row){.key = deletion->selection.labels};
	return group_list_add(&deletion->groups, &row, error);
}

static int compare_files(const void *a, const void *b)
{
	return slice_compare(((const struct group_row *)a)->key.file, ((const struct group_row *)b)->key.file);
}

/* Leaves the named groups that a gateway has: it answers a deletion alike whether there was something or not. One whose
 * key isn't certain may be the group. */
static int drop_missing(struct deletion *deletion, struct error *error)
{
	struct group_list list, *groups = &deletion->groups;
	size_t kept = 0;
	group_list_init(&list);
	int result = list_groups(deletion, &list, error);
	if (list.count > 0)
		qsort(list.rows, list.count, sizeof(*list.rows), compare_files);
	for (size_t i = 0; i < groups->count && result == 0; i++)
		if (list.count > 0 &&
			bsearch(&groups->rows[i], list.rows, list.count, sizeof(*list.rows), compare_files) != NULL)
			groups->rows[kept++] = groups->rows[i];
	groups->count = kept;
	group_list_release(&list);
	return result;
}

static int choose_groups(struct deletion *deletion, char *names[], size_t count, struct error *error)
{
	int result;
	if (selects(deletion)) {
		result = list_groups(deletion, &deletion->groups, error);
		if (result == 0)
			result = selection_apply(&deletion->selection, &deletion->groups, clock_wall(), error);
		if (result == 0 && deletion->selection.expired && !deletion->has_store && !deletion->quiet)
			warnx("--expired: nothing to delete: pgw-serve does so itself, and other gateways know no TTL");
		return result;
	}
	deletion->named = true;
	result = count > 0 || deletion->from_stdin ? deletion_read_names(deletion, names, count, error)
						   : add_named_group(deletion, error);
	if (result == 0 && deletion->error_unmatch && !deletion->has_store)
		result = drop_missing(deletion, error);
	return result;
}

/* --- what is shown of them --- */

/* As pgw-list -0 has it, but a file that is left out and does not tell its labels by its name. */
static int print_name(FILE *out, const struct grouping_key *key, struct error *error)
{
	struct buffer text;
	buffer_init(&text, SIZE_MAX / 2);
	int result =
		key->count > 0 ? selector_append_key(&text, key) : buffer_append_string(&text, quote(key->file).text);
	if (result == 0)
		fprintf(out, "%.*s\n", SLICE_PRINTF(text));
	buffer_release(&text);
	return result == 0 ? 0 : error_set_memory(error);
}

/* A gateway that wasn't asked for its groups has no groups to show, but URLs that would be deleted. */
static int show_urls(struct deletion *deletion, const struct grouping_key *key, struct error *error)
{
	for (size_t i = 0; i < deletion->destination.gateway_count; i++) {
		char *url = gateway_bare_url(&deletion->destination.gateways[i], key, error);
		if (url == NULL)
			return -1;
		puts(url);
		free(url);
	}
	deletion->matched++;
	return 0;
}

static int show_group(struct deletion *deletion, const struct group_row *row, struct error *error)
{
	const struct grouping_key *key = &row->key;
	struct file_id unused;
	int there = 1;
	if (row->reason != NULL && !deletion->has_store) {
		warnx("%s: stays: %s", grouping_key_show(key).text, row->reason);
		return 0;
	}
	if (deletion->named && !deletion->has_store)
		return show_urls(deletion, key, error);
	if (deletion->named)
		there = spool_identify(&deletion->store.spool, key->file.data, &unused, error);
	if (there == 0 && deletion->verbose)
		warnx("%s: not there", grouping_key_show(key).text);
	deletion->matched += there == 1;
	return there == 1 ? print_name(stdout, key, error) : there;
}

static int show(struct deletion *deletion, struct error *error)
{
	for (size_t i = 0; i < deletion->groups.count; i++)
		if (show_group(deletion, &deletion->groups.rows[i], error) == -1)
			return -1;
	return 0;
}

/* Asks on a terminal. 1 for yes, 0 for no, -1 with an error. */
static int confirm(const struct deletion *deletion, struct error *error)
{
	char answer[16] = "";
	size_t count = deletion->groups.count, named = count <= ASKED_MAX + 1 ? count : ASKED_MAX;
	if (count <= 1 || deletion->force || deletion->from_stdin || !isatty(STDIN_FILENO))
		return 1;
	for (size_t i = 0; i < named; i++)
		if (print_name(stderr, &deletion->groups.rows[i].key, error) == -1)
			return -1;
	if (named < count)
		fprintf(stderr, "and %zu more\n", count - named);
	fprintf(stderr, "%s: delete these %zu groups? [y/N] ", getprogname(), count);
	if (fgets(answer, sizeof(answer), stdin) == NULL)
		fputc('\n', stderr);
	answer[strcspn(answer, "\n")] = '\0';
	return strcmp(answer, "y") == 0 || strcmp(answer, "Y") == 0 || strcmp(answer, "yes") == 0;
}

/* --- all of it --- */

/* The exit status, or -1 with an error. */
static int delete_or_show(struct deletion *deletion, struct error *error)
{
	int confirmed = 1, result;
	if (deletion->dry_run) {
		result = show(deletion, error);
	} else {
		confirmed = confirm(deletion, error);
		result = confirmed == 1 ? deletion_apply(deletion, error) : confirmed;
	}
	if (result == -1)
		return -1;
	if (confirmed == 0)
		warnx("nothing was deleted");
	return confirmed == 0 || (deletion->error_unmatch && deletion->matched == 0) ? EXIT_NOTHING : EX_OK;
}

static int check_usage(const struct deletion *deletion, size_t names, struct error *error)
{
	bool named = names > 0 || deletion->from_stdin;
	if (named && (selects(deletion) || deletion->selection.labels.count > 0))
		return error_set(error, ERROR_USAGE, "groups are given by their names or selected, not both");
	return 0;
}

/* The same. */
static int run(struct deletion *deletion, char *names[], size_t count, struct error *error)
{
	const struct spool_options options = SPOOL_OPTIONS_DEFAULT;
	if (check_usage(deletion, count, error) == -1 || destination_init_any(&deletion->destination, &deletion->target,
								 &options, &deletion->selection.labels, error) == -1)
		return -1;
	/* Labels may have come with the URL. */
	int result = check_usage(deletion, count, error);
	if (result == 0 && deletion->destination.spool != NULL)
		result = open_spool(deletion, error);
	if (result == 0)
		result = choose_groups(deletion, names, count, error);
	if (result == 0)
		result = delete_or_show(deletion, error);
	if (deletion->has_store)
		store_close(&deletion->store);
	destination_release(&deletion->destination);
	return result;
}

int main(int argc, char *argv[])
{
	struct deletion deletion = {.timeout = TIMEOUT};
	const struct option_spec specs[] = {
		OPTIONS_SPOOL(&deletion.target.spool),
		OPTIONS_URL(&deletion.target.urls),
		OPTIONS_HTTP(&deletion.target.http),
		OPTIONS_KEY(&deletion.selection.labels),
		OPTIONS_SELECTION(&deletion.selection),
		{'a', "all", NULL, OPTION_FLAG, &deletion.all, "all groups"},
		{0, "expired", NULL, OPTION_FLAG, &deletion.selection.expired, "groups whose TTL is over"},
		{'0', "null", NULL, OPTION_FLAG, &deletion.from_stdin,
			"the groups named on standard input, as pgw-list -0 does"},
		{'e', "error-unmatch", NULL, OPTION_FLAG, &deletion.error_unmatch,
			"exit 1 where there is no such group"},
		{'f', "force", NULL, OPTION_FLAG, &deletion.force, "don't ask on a terminal before several groups go"},
		{'n', "dry-run", NULL, OPTION_FLAG, &deletion.dry_run, "print what would go, change nothing"},
		{'t', "timeout", "SECONDS", OPTION_DURATION, &deletion.timeout,
			"that the gateways have for a group, all tries together (default: 30)"},
		OPTIONS_COMMON(&deletion.quiet, &deletion.verbose),
	};
	const struct command_line line = {
		.tool = "pgw-delete",
		.synopsis = "[-d DIR | -u URL...] [-efnqv] [-t SECONDS] [--retry N] -j JOB [-l NAME=VALUE]... | -0 | "
			    "GROUP... |\n"
			    "                  [-a] [-s SELECTOR]... [--older-than AGE] [--expired] [-j JOB] [-l "
			    "NAME=VALUE]...",
		.purpose =
			"Deletes groups: the one with exactly these labels, those named, or those selected. One that "
			"isn't there is fine.",
		.specs = specs,
		.count = OPTIONS_COUNT(specs),
		.notes = "With -a, -s, --older-than or --expired, -j and -l select too: the groups go for which all of "
			 "them hold. "
			 "A "
			 "GROUP is\n"
			 "written {job=\"backup\",instance=\"db1\"}.",
	};
	struct error error;
	int status = EX_OK;
	destination_ignore_signals();
	selection_init(&deletion.selection);
	group_list_init(&deletion.groups);
	int first = options_parse(&line, argc, argv, &error);
	if (first > 0)
		status = run(&deletion, argv + first, (size_t)(argc - first), &error);
	if (first == -1 || status == -1)
		status = options_fail(&line, &error);
	options_target_release(&deletion.target);
	group_list_release(&deletion.groups);
	selection_release(&deletion.selection);
	return options_finish(status);
}
