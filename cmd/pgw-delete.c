/*
 * pgw-delete: removes one group, exactly the one named, from a spool or from a gateway.
 */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>

#include "destination.h"
#include "options.h"
#include "text.h"

#define TIMEOUT 30000

struct deletion {
	struct options_target target;
	struct grouping_key key;
	bool dry_run;
	unsigned timeout; /* ms */
	bool quiet;
	bool verbose;
};

static int show_urls(const struct destination *destination, const struct grouping_key *key, struct error *error)
{
	for (size_t i = 0; i < destination->gateway_count; i++) {
		char *url = gateway_bare_url(&destination->gateways[i], key, error);
		if (url == NULL)
			return -1;
		puts(url);
		free(url);
	}
	return 0;
}

/* Prints the key of the group where it is there. */
static int show_group(const char *path, const struct deletion *deletion, struct error *error)
{
	struct spool_options options = SPOOL_OPTIONS_DEFAULT;
	options.create = false;
	options.read_only = true;
	struct spool spool;
	struct file_id unused;
	if (spool_open(&spool, path, &options, error) == -1)
		return -1;
	int there = spool_identify(&spool, deletion->key.file.data, &unused, error);
	if (there == 1)
		puts(deletion->key.text.data);
	else if (there == 0 && deletion->verbose)
		warnx("%s: not there", grouping_key_show(&deletion->key).text);
	spool_close(&spool);
	return there == -1 ? -1 : 0;
}

static int show(const struct destination *destination, const struct deletion *deletion, struct error *error)
{
	return destination->spool != NULL ? show_group(destination->spool, deletion, error)
					  : show_urls(destination, &deletion->key, error);
}

static int delete_group(struct destination *destination, const struct deletion *deletion, struct error *error)
{
	struct destination_change change = {
		.method = STORE_DELETE, .key = &deletion->key, .timeout = deletion->timeout};
	if (destination_apply(destination, &change, error) == -1)
		return -1;
	bool known_missing = destination->spool != NULL && !change.existed;
	if (deletion->verbose)
		warnx("%s: %s", grouping_key_show(&deletion->key).text, known_missing ? "not there" : "deleted");
	return 0;
}

static int run(struct deletion *deletion, struct error *error)
{
	const struct limits limits = LIMITS_DEFAULT;
	struct spool_options options = SPOOL_OPTIONS_DEFAULT;
	options.create = false;
	struct destination destination;
	if (destination_init(&destination, &deletion->target, &options, &deletion->key, error) == -1)
		return -1;
	int result = grouping_key_finish(&deletion->key, &limits, error);
	if (result == 0)
		result = deletion->dry_run ? show(&destination, deletion, error)
					   : delete_group(&destination, deletion, error);
	destination_release(&destination);
	return result;
}

int main(int argc, char *argv[])
{
	struct deletion deletion = {.timeout = TIMEOUT};
	const struct option_spec specs[] = {
		OPTIONS_SPOOL(&deletion.target.spool),
		OPTIONS_URL(&deletion.target.urls),
		OPTIONS_HTTP(&deletion.target.http),
		OPTIONS_KEY(&deletion.key),
		{'n', "dry-run", NULL, OPTION_FLAG, &deletion.dry_run, "print what would go, change nothing"},
		{'t', "timeout", "SECONDS", OPTION_DURATION, &deletion.timeout,
			"that the gateways have, all tries together (default: 30)"},
		OPTIONS_COMMON(&deletion.quiet, &deletion.verbose),
	};
	const struct command_line line = {
		.tool = "pgw-delete",
		.synopsis = "[-d DIR | -u URL...] -j JOB [-l NAME=VALUE]... [-nqv] [-t SECONDS] [--retry N]",
		.purpose = "Deletes the group with exactly these labels; one that isn't there is fine.",
		.specs = specs,
		.count = OPTIONS_COUNT(specs),
	};
	struct error error;
	int status = EX_OK;
	destination_ignore_signals();
	grouping_key_init(&deletion.key);
	int first = options_parse(&line, argc, argv, &error);
	if (first > 0 && first < argc)
		first = error_set(&error, ERROR_USAGE, "unexpected argument %s", quote(slice_of(argv[first])).text);
	if (first == -1 || (first > 0 && run(&deletion, &error) == -1))
		status = options_fail(&line, &error);
	options_target_release(&deletion.target);
	grouping_key_release(&deletion.key);
	return options_finish(status);
}
