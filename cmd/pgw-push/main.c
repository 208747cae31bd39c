/*
 * pgw-push: reads an exposition, checks it and makes it a group of a spool or of a gateway.
 *
 * All of the input is read and parsed before anything is changed.
 */
#include <err.h>
#include <sysexits.h>

#include "deliver.h"
#include "destination.h"
#include "input.h"
#include "options.h"

#define TIMEOUT 30000

struct push {
	struct options_target target;
	struct grouping_key key;
	struct input_options options;
	struct input input;
	struct deliver_options delivery;
	bool replace;
	bool lint;
	bool sync;
	int64_t ttl;	  /* ns */
	unsigned timeout; /* ms */
};

static int apply(struct push *push, struct destination *destination, bool *queued, struct error *error)
{
	struct destination_change change = {
		.method = push->replace ? STORE_PUT : STORE_POST,
		.key = &push->key,
		.pushed = &push->input.payload.exposition,
		.ttl = push->ttl,
		.timeout = push->timeout,
	};
	if (destination->spool == NULL && payload_text(&push->input.payload, &change.text, error) == -1)
		return -1;
	int result = deliver(&push->delivery, destination, &change, queued, error);
	return result == 0 ? 0 : input_locate(&push->input, error);
}

static int check_options(const struct push *push, size_t file_count, struct error *error)
{
	const struct queue_options *queue = &push->delivery.queue;
	if (queue->flush && queue->path == NULL)
		return error_set(error, ERROR_USAGE, "--flush is of no use without --queue");
	if (queue->flush && (file_count > 0 || push->options.samples.count > 0 || push->key.count > 0))
		return error_set(error, ERROR_USAGE, "--flush sends what waits, and no other metrics");
	return 0;
}

static int push_input(struct push *push, char *files[], size_t file_count, struct error *error)
{
	const struct limits limits = LIMITS_DEFAULT;
	struct spool_options options = SPOOL_OPTIONS_DEFAULT;
	options.sync = push->sync;
	struct destination destination;
	bool queued = false;
	if (destination_init(&destination, &push->target, &options, &push->key, error) == -1)
		return -1;
	int result = -1;
	if (push->delivery.queue.path != NULL && destination.spool != NULL)
		error_set(error, ERROR_USAGE, "a queue (--queue) is for gateways (-u), not for a spool (-d)");
	else if (grouping_key_finish(&push->key, &limits, error) == 0 &&
		 input_read(&push->input, &push->options, files, file_count, error) == 0 &&
		 (!push->lint || input_lint(&push->input, error) == 0))
		result = apply(push, &destination, &queued, error);
	destination_release(&destination);
	if (result == 0 && push->delivery.verbose)
		warnx("%s: %s (families: %u, samples: %zu)", grouping_key_show(&push->key).text,
			push->delivery.dry_run ? "checked"
			: queued	       ? "waits"
					       : "pushed",
			push->input.payload.exposition.family_count, payload_samples(&push->input.payload));
	return result;
}

static int run(struct push *push, char *files[], size_t file_count, struct error *error)
{
	push->delivery.quiet = push->options.quiet;
	if (check_options(push, file_count, error) == -1)
		return -1;
	if (push->delivery.queue.flush)
		return deliver_queue(&push->delivery, &push->target, push->timeout, error);
	return push_input(push, files, file_count, error);
}

int main(int argc, char *argv[])
{
	struct push push = {.sync = true, .timeout = TIMEOUT, .delivery.queue = QUEUE_OPTIONS_DEFAULT};
	const struct option_spec specs[] = {
		OPTIONS_SPOOL(&push.target.spool),
		OPTIONS_URL(&push.target.urls),
		OPTIONS_HTTP(&push.target.http),
		OPTIONS_COMPRESS(&push.target.http),
		OPTIONS_KEY(&push.key),
		{'r', "replace", NULL, OPTION_FLAG, &push.replace, "replace the whole group, not only these families"},
		{'n', "dry-run", NULL, OPTION_FLAG, &push.delivery.dry_run, "check only, change nothing"},
		OPTIONS_INPUT(&push.options),
		{0, "ttl", "AGE", OPTION_TTL, &push.ttl, "the group is gone that long after its last push"},
		{0, "lint", NULL, OPTION_FLAG, &push.lint, "give advice on names, units and help texts"},
		{0, "no-sync", NULL, OPTION_UNFLAG, &push.sync, "don't wait until the spool is on disk"},
		OPTIONS_QUEUE(&push.delivery.queue),
		{'t', "timeout", "SECONDS", OPTION_DURATION, &push.timeout,
			"that the gateways have, all tries together (default: 30)"},
		OPTIONS_COMMON(&push.options.quiet, &push.delivery.verbose),
	};
	const struct command_line line = {
		.tool = "pgw-push",
		.synopsis =
			"[-d DIR | -u URL...] -j JOB [-l NAME=VALUE]... [-nqrvz] [-t SECONDS] [--retry N] "
			"[-g | -c NAME[{LABELS}]=VALUE [--help-text TEXT]]... [--drop REGEX]... [--keep REGEX]... "
			"[--drop-timestamps] [--allow-empty] [--lint] [--no-sync] [--ttl AGE] [--queue DIR] [FILE...]\n"
			"       pgw-push --flush --queue DIR [-nqvz] [-t SECONDS] [-u URL]...",
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
	options_target_release(&push.target);
	grouping_key_release(&push.key);
	return options_finish(status);
}
