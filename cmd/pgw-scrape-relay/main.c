/*
 * pgw-scrape-relay: scrapes targets and pushes each as a group.
 *
 * Up to -P targets are on their way at once, each from its scrape through its push; the next one starts when one of
 * them is done, so that no more than P expositions are held. Without -i the exit status is that of the first target, in
 * the order given, that failed.
 */
#include <bsd/stdlib.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sysexits.h>

#include "forward.h"
#include "relay.h"
#include "report.h"
#include "rounds.h"
#include "scrape.h"
#include "targets.h"

#define TIMEOUT		 10000 /* ms */
#define PARALLEL	 100
#define FORWARD_PARALLEL 8 /* of each gateway: other clients have theirs */

#define OTHER_DESCRIPTORS 32 /* of the process, its spool and libcurl */

static int first_failure(struct relay *relay)
{
	struct target *target, *first = NULL;
	RB_FOREACH(target, target_tree, &relay->targets)
	{
		if (target->status != EX_OK && (first == NULL || target->order < first->order))
			first = target;
	}
	return first == NULL ? EX_OK : first->status;
}

/* A scrape that takes longer than the interval would never be up to date. */
static int choose_timeout(struct relay *relay, struct error *error)
{
	if (relay->interval > 0 && relay->timeout > relay->interval)
		return error_set(error, ERROR_USAGE, "the limit of time (-t) is longer than the interval (-i)");
	if (relay->timeout == 0)
		relay->timeout = relay->interval > 0 && relay->interval < TIMEOUT ? relay->interval : TIMEOUT;
	return 0;
}

/* Files may name the job of each target. */
static int choose_destination(struct relay *relay, struct error *error)
{
	struct spool_options options = SPOOL_OPTIONS_DEFAULT;
	options.reuse = relay->interval > 0;
	int result = relay->files.count > 0
			     ? destination_init_any(&relay->destination, &relay->options, &options, &relay->key, error)
			     : destination_init(&relay->destination, &relay->options, &options, &relay->key, error);
	return result;
}

/* What is for targets only is no option of a forwarding. */
static int check_forward(const struct relay *relay, size_t operands, struct error *error)
{
	if (operands > 0 || relay->files.count > 0)
		return error_set(error, ERROR_USAGE, "--from-spool takes no targets");
	if (relay->key.count > 0)
		return error_set(error, ERROR_USAGE, "--from-spool takes no labels, the groups have their own");
	if (relay->ttl > 0 || relay->replace || relay->keep_stale || relay->drop_timestamps || relay->native_histograms)
		return error_set(error, ERROR_USAGE, "--from-spool takes the groups as they are");
	if (relay->dry_run && relay->interval > 0)
		return error_set(error, ERROR_USAGE, "--from-spool with -n is for one round, without -i");
	return 0;
}

static int forward(struct relay *relay, size_t operands, int *status, struct error *error)
{
	if (check_forward(relay, operands, error) == -1 || choose_timeout(relay, error) == -1)
		return -1;
	const struct forward_options options = {
		.parallel = relay->parallel > 0 ? relay->parallel : FORWARD_PARALLEL,
		.timeout = relay->timeout,
		.interval = relay->interval,
		.dry_run = relay->dry_run,
		.quiet = relay->quiet,
		.verbose = relay->verbose,
	};
	return forward_run(&options, &relay->options, status, error);
}

/* As many descriptors as the targets on their way may need, or else fewer of these: one that can't be connected to for
 * want of a descriptor is not down. Returns how many transfers there are at once. */
static unsigned fit_parallel(struct relay *relay)
{
	struct rlimit limit;
	unsigned transfers = relay->destination.gateway_count > 1 ? (unsigned)relay->destination.gateway_count : 1;
	rlim_t wanted = (rlim_t)relay->parallel * transfers * HTTP_DESCRIPTORS + OTHER_DESCRIPTORS;
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < wanted) {
		limit.rlim_cur = wanted < limit.rlim_max ? wanted : limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < wanted) {
		rlim_t room = limit.rlim_cur > OTHER_DESCRIPTORS ? limit.rlim_cur - OTHER_DESCRIPTORS : 0;
		relay->parallel = (unsigned)(room / HTTP_DESCRIPTORS / transfers);
		relay->parallel += relay->parallel == 0;
		report_note(relay, "only %u scrapes at once: the limit of open files is %ju", relay->parallel,
			(uintmax_t)limit.rlim_cur);
	}
	return relay->parallel * transfers;
}

/* 0 with the exit status, or -1 with the error that ended all. */
static int run(struct relay *relay, char *operands[], size_t count, int *status, struct error *error)
{
	if (relay->from_spool)
		return forward(relay, count, status, error);
	if (relay->parallel == 0)
		relay->parallel = PARALLEL;
	if (choose_timeout(relay, error) == -1 || choose_destination(relay, error) == -1)
		return -1;
	int result = targets_init(relay, operands, count, error);
	relay->destination.stays = relay->interval > 0 || relay->count > SCRAPE_BATCH_MAX;
	relay->http = result == 0 ? http_new(fit_parallel(relay), error) : NULL;
	if (relay->http == NULL)
		result = -1;
	if (result == 0)
		result = relay->interval > 0 ? rounds_run(relay, error) : rounds_once(relay, error);
	*status = relay->interval > 0 ? EX_OK : first_failure(relay);
	http_free(relay->http);
	targets_release(relay);
	destination_release(&relay->destination);
	return result;
}

int main(int argc, char *argv[])
{
	struct relay relay = {
		.max_redirects = HTTP_REDIRECTS_DEFAULT,
		.limits = LIMITS_DEFAULT,
		.targets = RB_INITIALIZER(&relay.targets),
		.due = STAILQ_HEAD_INITIALIZER(relay.due),
		.batch = STAILQ_HEAD_INITIALIZER(relay.batch),
	};
	const struct option_spec specs[] = {
		OPTIONS_SPOOL(&relay.options.spool),
		OPTIONS_URL(&relay.options.urls),
		OPTIONS_HTTP(&relay.options.http),
		OPTIONS_COMPRESS(&relay.options.http),
		OPTIONS_KEY(&relay.key),
		{'c', "file-sd", "FILE", OPTION_LIST, &relay.files,
			"targets from Prometheus's file_sd JSON (repeatable)"},
		{0, "from-spool", NULL, OPTION_FLAG, &relay.from_spool,
			"forward the groups of the spool (-d) to the gateways (-u)"},
		{'i', "interval", "INTERVAL", OPTION_DURATION, &relay.interval,
			"scrape every INTERVAL, until a signal (default: once)"},
		{'P', "parallel", "N", OPTION_COUNT, &relay.parallel,
			"how many scrapes at once (default: 100), or pushes to each gateway with --from-spool "
			"(default: 8)"},
		{'t', "timeout", "SECONDS", OPTION_DURATION, &relay.timeout,
			"for each scrape, and for each push with all its tries (default: 10)"},
		{0, "body-size-limit", "SIZE", OPTION_SIZE, &relay.limits.body,
			"what a target may answer, unpacked (default: 64m)"},
		{0, "max-redirects", "N", OPTION_NUMBER, &relay.max_redirects, "that a scrape follows (default: 5)"},
		{0, "native-histograms", NULL, OPTION_FLAG, &relay.native_histograms, "ask targets for protobuf"},
		{0, "drop-timestamps", NULL, OPTION_FLAG, &relay.drop_timestamps, "of samples, which are refused else"},
		{0, "keep-stale", NULL, OPTION_FLAG, &relay.keep_stale,
			"what a target had stays when it is down or gone"},
		{0, "ttl", "AGE", OPTION_TTL, &relay.ttl, "the groups go when they were not pushed for so long"},
		{'n', "dry-run", NULL, OPTION_FLAG, &relay.dry_run, "scrape and check only, change nothing"},
		{'r', "replace", NULL, OPTION_FLAG, &relay.replace, "replace whole groups, not only their families"},
		OPTIONS_COMMON(&relay.quiet, &relay.verbose),
	};
	const struct command_line line = {
		.tool = "pgw-scrape-relay",
		.synopsis =
			"[-d DIR | -u URL...] [-j JOB] [-l NAME=VALUE]... [-nqrvz] [-c FILE]... [-i INTERVAL] [-P N] "
			"[-t SECONDS] [--retry N] [--from-spool | URL... | -]",
		.purpose = "Scrapes each URL, once or at an interval, and pushes what it has as a group.",
		.specs = specs,
		.count = OPTIONS_COUNT(specs),
		.notes = "With several URLs each group has the label instance=HOST:PORT of its URL. - reads URLs from\n"
			 "standard input, one a line.\n"
			 "With --from-spool, -d and -u are given together.",
	};
	struct error error;
	int status = EX_OK;
	destination_ignore_signals();
	grouping_key_init(&relay.key);
	int first = options_parse(&line, argc, argv, &error);
	if (first == -1 || (first > 0 && run(&relay, argv + first, (size_t)(argc - first), &status, &error) == -1))
		status = options_fail(&line, &error);
	options_target_release(&relay.options);
	option_list_release(&relay.files);
	grouping_key_release(&relay.key);
	return options_finish(status);
}
