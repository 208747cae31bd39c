#include "reporter.h"

#include <err.h>
#include <fcntl.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "clock.h"
#include "destination.h"
#include "file.h"
#include "job_metrics.h"
#include "payload.h"

static int push_text(struct destination *destination, const struct report *report, struct slice text,
	const struct limits *limits, struct error *error)
{
	struct payload payload;
	payload_init(&payload, SIZE_MAX);
	int result = buffer_append_slice(&payload.text, text) == -1 ? error_set_memory(error) : 0;
	if (result == 0)
		result = payload_parse(&payload, false, limits, error);
	if (result == 0) {
		struct destination_change change = {
			.method = STORE_POST,
			.key = report->key,
			.text = text,
			.pushed = &payload.exposition,
			.timeout = report->limit,
		};
		result = destination_apply(destination, &change, error);
	}
	payload_release(&payload);
	return result;
}

/* The samples of the command after those of the run. What is wrong with them is told, and they stay away. */
static void append_samples(const struct report *report, struct buffer *text, const struct limits *limits)
{
	struct error error;
	int fd = report->command->metrics_fd;
	if (fd != -1 && (lseek(fd, 0, SEEK_SET) == -1 ||
				job_metrics_append_file(text, fd, "PGW_METRICS_FD", limits, &error) == -1))
		warnx("the command's samples are left out: %s", error.message);
	if (report->metrics_file == NULL)
		return;
	fd = open(report->metrics_file, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd == -1)
		warn("the command's samples are left out: %s", report->metrics_file);
	else if (job_metrics_append_file(text, fd, report->metrics_file, limits, &error) == -1)
		warnx("the command's samples are left out: %s", error.message);
	file_close(fd);
}

/* Whether the gateway said no to what was pushed, and not to the whole push. */
static bool is_refusal(enum error_kind kind)
{
	return kind == ERROR_REFUSED || kind == ERROR_INCONSISTENT || kind == ERROR_SYNTAX || kind == ERROR_TOO_LARGE;
}

static int push(struct destination *destination, const struct report *report, struct error *error)
{
	const struct limits limits = LIMITS_DEFAULT;
	struct buffer text;
	buffer_init(&text, SIZE_MAX);
	int result = job_metrics_append(&text, report->command, error);
	size_t own = text.len;
	if (result == 0 && report->command->ended)
		append_samples(report, &text, &limits);
	if (result == 0)
		result = push_text(destination, report, buffer_slice(&text), &limits, error);
	if (result == -1 && text.len > own && is_refusal(error->kind)) {
		warnx("the command's samples are left out: %s", error->message);
		result = push_text(destination, report, slice_make(text.data, own), &limits, error);
	}
	buffer_release(&text);
	return result;
}

static int report_run(const struct report *report, struct error *error)
{
	const struct limits limits = LIMITS_DEFAULT;
	struct spool_options options = SPOOL_OPTIONS_DEFAULT;
	struct destination destination;
	options.sync = report->sync;
	options.lock_timeout = report->limit;
	destination_ignore_signals();
	if (destination_init(&destination, report->target, &options, report->key, error) == -1)
		return -1;
	int result = grouping_key_finish(report->key, &limits, error);
	if (result == 0)
		result = push(&destination, report, error);
	destination_release(&destination);
	return result;
}

void reporter_start(struct reporter *reporter, const struct report *report, int64_t deadline)
{
	struct error error;
	*reporter = (struct reporter){.deadline = deadline, .quiet = report->quiet, .pid = fork()};
	if (reporter->pid == -1) {
		warn("the run can't be reported");
		reporter->pid = 0;
	} else if (reporter->pid == 0) {
		int result = report_run(report, &error);
		if (result == -1)
			warnx("the run can't be reported: %s", error.message);
		else if (report->verbose)
			warnx("%s: pushed", grouping_key_show(report->key).text);
		_exit(result == -1 ? error_exit_status(error.kind) : EX_OK);
	}
}

bool reporter_is_done(struct reporter *reporter)
{
	if (reporter->pid == 0 || waitpid(reporter->pid, NULL, WNOHANG) != 0) {
		reporter->pid = 0;
		return true;
	}
	if (clock_monotonic() < reporter->deadline)
		return false;
	/* Not waited for: a process that waits for a dead disk can't be killed before that answers. */
	kill(reporter->pid, SIGKILL);
	if (!reporter->quiet)
		warnx("the run can't be reported in time");
	reporter->pid = 0;
	return true;
}
