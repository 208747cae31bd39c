/*
 * pgw-push: reads an exposition, checks it and makes it a group of a spool or of a gateway.
 *
 * All of the input is read and parsed before anything is changed.
 */
#include <err.h>
#include <sysexits.h>

#include "destination.h"
#include "input.h"
#include "options.h"

#define TIMEOUT 30000

struct push {
	struct options_target target;
	struct grouping_key key;
	struct input_options options;
	struct input input;
	bool replace;
	bool dry_run;
	bool lint;
	bool sync;
	unsigned timeout; /* ms */
	bool verbose;
};

static int apply(struct push *push, struct destination *destination, struct error *error)
{
	struct destination_change change = {
		.method = push->replace ? STORE_PUT : STORE_POST,
		.key = &push->key,
		.pushed = &push->input.payload.exposition,
		.timeout = push->timeout,
	};
	if (destination->spool == NULL && payload_text(&push->input.payload, &change.text, error) == -1)
		return -1;
	int result = push->dry_run ? destination_check(destination, &change, error)
				   : destination_apply(destination, &change, error);
	return result == 0 ? 0 : input_locate(&push->input, error);
}

static int run(struct push *push, char *files[], size_t file_count, struct error *error)
{
	const struct limits limits = LIMITS_DEFAULT;
	struct spool_options options = SPOOL_OPTIONS_DEFAULT;
	options.sync = push->sync;
	struct destination destination;
	if (destination_init(&destination, &push->target, &options, &push->key, error) == -1)
		return -1;
	int result = -1;
	if (grouping_key_finish(&push->key, &limits, error) == 0 &&
		input_read(&push->input, &push->options, files, file_count, error) == 0 &&
		(!push->lint || input_lint(&push->input, error) == 0))
		result = apply(push, &destination, error);
	destination_release(&destination);
	if (result == 0 && push->verbose)
		warnx("%s: %s (families: %u, samples: %zu)", grouping_key_show(&push->key).text,
			push->dry_run ? "checked" : "pushed", push->input.payload.exposition.family_count,
			payload_samples(&push->input.payload));
	return result;
}

int main(int argc, char *argv[])
{
	struct push push = {.sync = true, .timeout = TIMEOUT};
	const struct option_spec specs[] = {
		OPTIONS_SPOOL(&push.target.spool),
		OPTIONS_URL(&push.target.url),
		OPTIONS_KEY(&push.key),
		{'r', "replace", NULL, OPTION_FLAG, &push.replace, "replace the whole group, not only these families"},
		{'n', "dry-run", NULL, OPTION_FLAG, &push.dry_run, "check only, change nothing"},
		OPTIONS_INPUT(&push.options),
		{0, "lint", NULL, OPTION_FLAG, &push.lint, "give advice on names, units and help texts"},
		{0, "no-sync", NULL, OPTION_UNFLAG, &push.sync, "don't wait until the spool is on disk"},
		{'t', "timeout", "SECONDS", OPTION_DURATION, &push.timeout,
			"that a gateway has to answer (default: 30)"},
		OPTIONS_COMMON(&push.options.quiet, &push.verbose),
	};
	const struct command_line line = {
		.tool = "pgw-push",
		.synopsis = "[-d DIR | -u URL] -j JOB [-l NAME=VALUE]... [-nqrv] [-t SECONDS] "
			    "[-g | -c NAME[{LABELS}]=VALUE [--help-text TEXT]]... [--drop REGEX]... [--keep REGEX]... "
			    "[--drop-timestamps] [--allow-empty] [--lint] [--no-sync] [FILE...]",
		.purpose = "Pushes metrics in the text format from FILEs, or from standard input, as a group.",
		.specs = specs,
		.count = OPTIONS_COUNT(specs),
	};
	struct error error;
	int status = EX_OK;
	destination_ignore_signals();
	grouping_key_init(&push.key);
	input_init(&push.input);
	int first = options_parse(&line, argc, argv, &error);
	if (first == -1 || (first > 0 && run(&push, argv + first, (size_t)(argc - first), &error) == -1))
		status = options_fail(&line, &error);
	input_release(&push.input);
	option_list_release(&push.options.samples);
	option_list_release(&push.options.keep);
	option_list_release(&push.options.drop);
	grouping_key_release(&push.key);
	return options_finish(status);
}
