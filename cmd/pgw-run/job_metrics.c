#include "job_metrics.h"

#include <errno.h>
#include <string.h>

#include "canonical.h"
#include "clock.h"
#include "number.h"
#include "payload.h"
#include "text.h"

/* Of ru_maxrss, on Linux. */
#define RESIDENT_UNIT 1024

struct gauge_sample {
	const char *labels; /* with their braces; "" for none */
	double value;
};

static int append_number(struct buffer *text, double value)
{
	char number[NUMBER_TEXT_SIZE];
	return buffer_append(text, number, number_format(value, number));
}

static int append_family(
	struct buffer *text, const char *name, const char *help, const struct gauge_sample *samples, size_t count)
{
	if (canonical_append_head(text, slice_of(name), slice_of(help), METRIC_GAUGE) == -1)
		return -1;
	for (size_t i = 0; i < count; i++)
		if (buffer_printf(text, "%s%s ", name, samples[i].labels) == -1 ||
			append_number(text, samples[i].value) == -1 || buffer_append_byte(text, '\n') == -1)
			return -1;
	return 0;
}

static int append_gauge(struct buffer *text, const char *name, const char *help, double value)
{
	return append_family(text, name, help, &(const struct gauge_sample){"", value}, 1);
}

static double timeval_seconds(const struct timeval *time)
{
	return (double)time->tv_sec + (double)time->tv_usec / 1e6;
}

static int append_cpu(struct buffer *text, const struct rusage *usage)
{
	const struct gauge_sample samples[] = {
		{"{mode=\"system\"}", timeval_seconds(&usage->ru_stime)},
		{"{mode=\"user\"}", timeval_seconds(&usage->ru_utime)},
	};
	return append_family(text, "job_run_cpu_seconds",
		"CPU time of the last run, with that of the processes it waited for.", samples, 2);
}

static int append_result(struct buffer *text, const struct command *command)
{
	int code = command_exit_code(command);
	if (append_cpu(text, &command->usage) == -1 ||
		append_gauge(text, "job_run_duration_seconds", "How long the last run took.",
			number_seconds(command->duration)) == -1 ||
		append_gauge(text, "job_run_end_time_seconds", "When the last run ended, in Unix time.",
			number_seconds(command->end)) == -1 ||
		append_gauge(text, "job_run_exit_code",
			"What the last run exited with; 124 if it took too long, 128 and its number for a signal.",
			code) == -1 ||
		append_gauge(text, "job_run_max_resident_memory_bytes",
			"Most memory that one process of the last run had resident.",
			(double)command->usage.ru_maxrss * RESIDENT_UNIT) == -1)
		return -1;
	return code != 0 ? 0
			 : append_gauge(text, "job_run_success_time_seconds",
				   "When a run last ended with success, in Unix time.", number_seconds(command->end));
}

int job_metrics_append(struct buffer *text, const struct command *command, struct error *error)
{
	if (append_gauge(text, "job_run_running", "Whether the command is running now.", !command->ended) == -1 ||
		append_gauge(text, "job_run_start_time_seconds", "When the last run began, in Unix time.",
			number_seconds(command->start)) == -1 ||
		(command->ended && append_result(text, command) == -1))
		return error_set_memory(error);
	return 0;
}

static int check_names(const struct exposition *exposition, struct error *error)
{
	for (uint32_t i = 0; i < exposition->family_count; i++) {
		const struct metric_family *family = &exposition->families[i];
		if (slice_has_prefix(family->name, slice_of(JOB_METRICS_PREFIX)))
			return error_set_at(error, ERROR_INCONSISTENT, family->line, 0,
				"the name %s is pgw-run's own, as all that begin with " JOB_METRICS_PREFIX,
				quote(family->name).text);
	}
	return 0;
}

static int read_payload(
	struct payload *payload, int fd, const char *name, const struct limits *limits, struct error *error)
{
	if (buffer_read_fd(&payload->text, fd) == -1)
		return errno == EMSGSIZE ? error_set(error, ERROR_TOO_LARGE, "%s: more than %zu bytes of samples", name,
						   limits->body)
					 : error_set_errno(error, ERROR_NO_INPUT, "%s", name);
	if (payload_end_text(payload, error) == -1)
		return -1;
	if (payload_parse(payload, true, limits, error) == 0 && exposition_check(&payload->exposition, error) == 0 &&
		check_names(&payload->exposition, error) == 0)
		return 0;
	return error->line > 0 ? error_prefix(error, "%s:%u: ", name, error->line) : error_prefix(error, "%s: ", name);
}

int job_metrics_append_file(
	struct buffer *text, int fd, const char *name, const struct limits *limits, struct error *error)
{
	struct payload payload;
	payload_init(&payload, limits->body);
	int result = read_payload(&payload, fd, name, limits, error);
	if (result == 0 && buffer_append_slice(text, buffer_slice(&payload.text)) == -1)
		result = error_set_memory(error);
	payload_release(&payload);
	return result;
}
