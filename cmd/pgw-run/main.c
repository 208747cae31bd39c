/*
 * pgw-run: runs a command, as cron would, and pushes when it ran, how long, and what came of it.
 *
 * It exits as the command did, whatever becomes of the pushes, which are made by processes of their own (reporter.h).
 * The command is started first. That it runs is told once it has run for a moment, so that a short one is told of once;
 * after its end one push may take the time limit, and no more.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sysexits.h>
#include <unistd.h>

#include "clock.h"
#include "command.h"
#include "destination.h"
#include "file.h"
#include "options.h"
#include "reporter.h"
#include "text.h"

#define LIMIT	    5000		      /* ms */
#define FIRST_AFTER (100 * CLOCK_MILLISECOND) /* of running */

struct run {
	struct options_target target;
	struct grouping_key key;
	const char *lock_file;
	int lock;
	struct report report;
	struct command command;
};

/* 0, or -1 with ERROR_BUSY where another run has it. */
static int lock(struct run *run, struct error *error)
{
	if (run->lock_file == NULL)
		return 0;
	run->lock = open(run->lock_file, O_RDWR | O_CREAT | O_CLOEXEC | O_NOCTTY, FILE_MODE);
	if (run->lock == -1)
		return error_set_errno(error, ERROR_IO, "%s", run->lock_file);
	if (flock(run->lock, LOCK_EX | LOCK_NB) == 0)
		return 0;
	return errno == EWOULDBLOCK ? error_set(error, ERROR_BUSY, "%s: another run has the lock", run->lock_file)
				    : error_set_errno(error, ERROR_IO, "%s", run->lock_file);
}

/* A job or a URL that is missing or bad should be told before the command runs, once. */
static int check_destination(struct run *run, struct error *error)
{
	const struct limits limits = LIMITS_DEFAULT;
	const struct spool_options options = SPOOL_OPTIONS_DEFAULT;
	struct grouping_key key;
	struct destination destination;
	grouping_key_init(&key);
	int result = 0;
	for (size_t i = 0; i < run->key.count && result == 0; i++)
		result = grouping_key_set(&key, run->key.labels[i].name, run->key.labels[i].value, error);
	if (result == 0)
		result = destination_init(&destination, &run->target, &options, &key, error);
	if (result == 0) {
		result = grouping_key_finish(&key, &limits, error);
		destination_release(&destination);
	}
	grouping_key_release(&key);
	return result;
}

static void watch(struct run *run, struct reporter *reporter)
{
	int64_t first = run->command.began + FIRST_AFTER;
	bool reported = false;
	while (!run->command.ended) {
		int64_t now = clock_monotonic();
		if (!reported && now >= first) {
			reporter_start(reporter, &run->report, now + run->report.limit * CLOCK_MILLISECOND);
			reported = true;
		}
		bool done = reporter_is_done(reporter);
		command_wait(&run->command, !reported ? first : done ? INT64_MAX : reporter->deadline);
	}
}

static void report_end(struct run *run, struct reporter *reporter)
{
	int64_t half = run->report.limit * CLOCK_MILLISECOND / 2;
	int64_t end = clock_monotonic() + 2 * half;
	/* The push of the start must not come after that of the end. */
	if (reporter->deadline > end - half)
		reporter->deadline = end - half;
	while (!reporter_is_done(reporter))
		command_wait(&run->command, reporter->deadline);
	reporter_start(reporter, &run->report, end);
	while (!reporter_is_done(reporter))
		command_wait(&run->command, reporter->deadline);
}

/* What to exit with, unless the command was ended by a signal, which ends this process, too. */
static int run_command(struct run *run, struct error *error)
{
	struct reporter reporter = {0};
	if (check_destination(run, error) == -1 || lock(run, error) == -1)
		return -1;
	/* Without one the command has no place for samples, and is told so by the missing PGW_METRICS_FD. */
	run->command.metrics_fd = memfd_create("pgw-run samples", MFD_CLOEXEC);
	command_block_signals(&run->command);
	if (command_start(&run->command, error) == -1)
		warnx("%s", error->message);
	watch(run, &reporter);
	report_end(run, &reporter);
	return command_exit_as(&run->command);
}

static int fail(const struct command_line *line, const struct error *error)
{
	int status = options_fail(line, error);
	return error->kind == ERROR_BUSY ? status : EXIT_OWN_FAILURE;
}

int main(int argc, char *argv[])
{
	struct run run = {.lock = -1, .report = {.limit = LIMIT, .sync = true}, .command = {.metrics_fd = -1}};
	run.report.target = &run.target;
	run.report.key = &run.key;
	run.report.command = &run.command;
	const struct option_spec specs[] = {
		OPTIONS_SPOOL(&run.target.spool),
		OPTIONS_URL(&run.target.urls),
		OPTIONS_HTTP(&run.target.http),
		OPTIONS_COMPRESS(&run.target.http),
		OPTIONS_KEY(&run.key),
		{0, "lock", "FILE", OPTION_STRING, &run.lock_file, "don't run while another run has the lock on FILE"},
		{0, "metrics-from", "FILE", OPTION_STRING, &run.report.metrics_file,
			"samples to add, read when the command has ended"},
		{0, "no-sync", NULL, OPTION_UNFLAG, &run.report.sync, "don't wait until the spool is on disk"},
		{'t', "limit", "SECONDS", OPTION_DURATION, &run.report.limit,
			"that a push may hold up the exit (default: 5)"},
		{0, "timeout", "SECONDS", OPTION_DURATION, &run.command.timeout, "that the command may take"},
		OPTIONS_COMMON(&run.report.quiet, &run.report.verbose),
	};
	const struct command_line line = {
		.tool = "pgw-run",
		.synopsis = "[-d DIR | -u URL...] -j JOB [-l NAME=VALUE]... [-qvz] [-t SECONDS] [--timeout SECONDS] "
			    "[--retry N] [--lock FILE] [--metrics-from FILE] [--no-sync] [--] COMMAND [ARGUMENT...]",
		.purpose = "Runs a command and pushes when it ran, how long, and what came of it.",
		.specs = specs,
		.count = OPTIONS_COUNT(specs),
		.operands_are_a_command = true,
		.notes =
			"Exits as the command does; 124 when it took too long, 125 for a wrong usage, 126 and 127 when "
			"the command can't\nbe run or isn't there, 75 when another run has the lock.",
	};
	struct error error;
	int status = EX_OK;
	grouping_key_init(&run.key);
	int first = options_parse(&line, argc, argv, &error);
	if (first > 0 && first == argc)
		first = error_set(&error, ERROR_USAGE, "no command to run");
	if (first > 0)
		run.command.argv = argv + first;
	if (first > 0)
		status = run_command(&run, &error);
	if (first == -1 || status == -1)
		status = fail(&line, &error);
	options_target_release(&run.target);
	grouping_key_release(&run.key);
	return options_finish(status);
}
