/*
 * pgw-push: reads an exposition, checks it and makes it a group of a spool or of a gateway.
 *
 * All of the input is read and parsed before anything is changed. The input of several files is one exposition; the
 * messages count the lines of each file for itself.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "destination.h"
#include "options.h"
#include "payload.h"

#define TIMEOUT 30000

/* A file of the input and where its lines start in the whole. */
struct source {
	const char *name;
	unsigned first_line;
};

struct push {
	struct options_target target;
	struct grouping_key key;
	bool replace;
	bool dry_run;
	bool allow_empty;
	bool sync;
	unsigned timeout; /* ms */
	bool quiet;
	bool verbose;
	struct payload payload;
	struct source *sources;
	size_t source_count;
};

static int read_descriptor(struct push *push, int fd, const char *name, struct error *error)
{
	struct buffer *text = &push->payload.text;
	if (buffer_read_fd(text, fd) == 0)
		return 0;
	if (errno == EMSGSIZE)
		return error_set(error, ERROR_TOO_LARGE, "%s: the input is larger than %zu bytes", name, text->max);
	if (errno == ENOMEM)
		return error_set_memory(error);
	return error_set(error, ERROR_NO_INPUT, "%s: %s", name, strerror(errno));
}

static unsigned count_lines(struct slice text)
{
	unsigned lines = 0;
	const char *end = text.data + text.len;
	for (const char *next = text.data; next != end && (next = memchr(next, '\n', (size_t)(end - next))); next++)
		lines++;
	return lines;
}

static int read_source(struct push *push, const char *file, unsigned *line, struct error *error)
{
	bool is_stdin = strcmp(file, "-") == 0;
	struct source *source = &push->sources[push->source_count++];
	*source = (struct source){is_stdin ? "<stdin>" : file, *line};
	int fd = is_stdin ? STDIN_FILENO : open(file, O_RDONLY | O_CLOEXEC);
	if (fd == -1)
		return error_set(error, ERROR_NO_INPUT, "%s: %s", file, strerror(errno));
	struct buffer *text = &push->payload.text;
	size_t start = text->len;
	int result = read_descriptor(push, fd, source->name, error);
	if (!is_stdin)
		close(fd);
	if (result == -1)
		return -1;
	/* A file without bytes has no last line, whatever came before it. */
	int mended = text->len > start ? payload_end_text(&push->payload, error) : 0;
	if (mended == -1)
		return error_prefix(error, "%s: ", source->name);
	if (mended == 1 && !push->quiet)
		warnx("%s: added the newline that is missing at the end", source->name);
	*line += count_lines(slice_make(text->data + start, text->len - start));
	return 0;
}

static int read_sources(struct push *push, char *files[], size_t count, struct error *error)
{
	static char only_stdin[] = "-";
	char *standard[] = {only_stdin};
	if (count == 0) {
		files = standard;
		count = 1;
	}
	push->sources = reallocarray(NULL, count, sizeof(*push->sources));
	if (push->sources == NULL)
		return error_set_memory(error);
	unsigned line = 1;
	for (size_t i = 0; i < count; i++)
		if (read_source(push, files[i], &line, error) == -1)
			return -1;
	return 0;
}

/* Puts FILE:LINE:COLUMN before the message of an error that has its place in the input. */
static int locate(const struct push *push, struct error *error)
{
	if (error->line == 0)
		return -1;
	const struct source *source = &push->sources[0];
	for (size_t i = 1; i < push->source_count; i++)
		if (push->sources[i].first_line <= error->line)
			source = &push->sources[i];
	unsigned line = error->line - source->first_line + 1;
	if (error->column == 0)
		return error_prefix(error, "%s:%u: ", source->name, line);
	return error_prefix(error, "%s:%u:%u: ", source->name, line, error->column);
}

static int parse_input(struct push *push, const struct limits *limits, struct error *error)
{
	if (payload_parse(&push->payload, push->allow_empty, limits, error) == 0)
		return 0;
	if (error->line == 0 && push->source_count == 1)
		return error_prefix(error, "%s: ", push->sources[0].name);
	return locate(push, error);
}

static int apply(struct push *push, struct destination *destination, struct error *error)
{
	struct destination_change change = {
		.method = push->replace ? STORE_PUT : STORE_POST,
		.key = &push->key,
		.text = buffer_slice(&push->payload.text),
		.pushed = &push->payload.exposition,
		.timeout = push->timeout,
	};
	int result = push->dry_run ? destination_check(destination, &change, error)
				   : destination_apply(destination, &change, error);
	return result == 0 ? 0 : locate(push, error);
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
	if (grouping_key_finish(&push->key, &limits, error) == 0 && read_sources(push, files, file_count, error) == 0 &&
		parse_input(push, &limits, error) == 0)
		result = apply(push, &destination, error);
	destination_release(&destination);
	if (result == 0 && push->verbose)
		warnx("%s: %s (families: %u, samples: %zu)", grouping_key_show(&push->key).text,
			push->dry_run ? "checked" : "pushed", push->payload.exposition.family_count,
			payload_samples(&push->payload));
	return result;
}

int main(int argc, char *argv[])
{
	const struct limits limits = LIMITS_DEFAULT;
	struct push push = {.sync = true, .timeout = TIMEOUT};
	const struct option_spec specs[] = {
		OPTIONS_SPOOL(&push.target.spool),
		OPTIONS_URL(&push.target.url),
		OPTIONS_KEY(&push.key),
		{'r', "replace", NULL, OPTION_FLAG, &push.replace, "replace the whole group, not only these families"},
		{'n', "dry-run", NULL, OPTION_FLAG, &push.dry_run, "check only, change nothing"},
		{0, "allow-empty", NULL, OPTION_FLAG, &push.allow_empty, "push even where there is no sample"},
		{0, "no-sync", NULL, OPTION_UNFLAG, &push.sync, "don't wait until the spool is on disk"},
		{'t', "timeout", "SECONDS", OPTION_DURATION, &push.timeout,
			"that a gateway has to answer (default: 30)"},
		OPTIONS_COMMON(&push.quiet, &push.verbose),
	};
	const struct command_line line = {
		.tool = "pgw-push",
		.synopsis = "[-d DIR | -u URL] -j JOB [-l NAME=VALUE]... [-nqrv] [-t SECONDS] [--allow-empty] "
			    "[--no-sync] [FILE...]",
		.purpose = "Pushes metrics in the text format from FILEs, or from standard input, as a group.",
		.specs = specs,
		.count = OPTIONS_COUNT(specs),
	};
	struct error error;
	int status = EX_OK;
	destination_ignore_signals();
	grouping_key_init(&push.key);
	payload_init(&push.payload, limits.body);
	int first = options_parse(&line, argc, argv, &error);
	if (first == -1 || (first > 0 && run(&push, argv + first, (size_t)(argc - first), &error) == -1))
		status = options_fail(&line, &error);
	free(push.sources);
	payload_release(&push.payload);
	grouping_key_release(&push.key);
	return options_finish(status);
}
