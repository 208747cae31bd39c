#include "input.h"

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lint.h"

/* A part of the input and where its lines start in the whole. */
struct input_source {
	const char *name;
	unsigned first_line;
	bool is_argument; /* a sample of the command line: its name is its text */
};

void input_init(struct input *input)
{
	const struct limits limits = LIMITS_DEFAULT;
	*input = (struct input){0};
	payload_init(&input->payload, limits.body);
	filter_init(&input->filter);
}

void input_release(struct input *input)
{
	payload_release(&input->payload);
	filter_release(&input->filter);
	free(input->samples);
	free(input->sources);
}

static int read_descriptor(struct input *input, int fd, const char *name, struct error *error)
{
	struct buffer *text = &input->payload.text;
	if (buffer_read_fd(text, fd) == 0)
		return 0;
	if (errno == EMSGSIZE || errno == ENOMEM)
		return error_set_growth(error, "%s: the input is larger than %zu bytes", name, text->max);
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

static int read_source(struct input *input, const char *file, bool quiet, unsigned *line, struct error *error)
{
	bool is_stdin = strcmp(file, "-") == 0;
	struct input_source *source = &input->sources[input->source_count++];
	*source = (struct input_source){is_stdin ? "<stdin>" : file, *line, false};
	int fd = is_stdin ? STDIN_FILENO : open(file, O_RDONLY | O_CLOEXEC);
	if (fd == -1)
		return error_set(error, ERROR_NO_INPUT, "%s: %s", file, strerror(errno));
	struct buffer *text = &input->payload.text;
	size_t start = text->len;
	int result = read_descriptor(input, fd, source->name, error);
	if (!is_stdin)
		close(fd);
	if (result == -1)
		return -1;
	int mended = payload_end_text(&input->payload, error);
	if (mended == -1)
		return error_prefix(error, "%s: ", source->name);
	if (mended == 1 && !quiet)
		warnx("%s: added the newline that is missing at the end", source->name);
	*line += count_lines(slice_make(text->data + start, text->len - start));
	return 0;
}

/* The samples of the command line, each with the help text that was given for its family. */
static int take_samples(struct input *input, const struct option_list *list, struct error *error)
{
	input->samples = calloc(list->count + 1, sizeof(*input->samples));
	if (input->samples == NULL)
		return error_set_memory(error);
	size_t count = 0;
	for (size_t i = 0; i < list->count; i++) {
		const struct option_given *given = &list->given[i];
		if (given->spec->letter == 0 && count == 0)
			return error_set(error, ERROR_USAGE, "--%s: there is no -g or -c before it", given->spec->name);
		if (given->spec->letter == 0)
			input->samples[count - 1].help = given->argument;
		else
			input->samples[count++] = (struct sample_argument){
				.type = given->spec->letter == 'g' ? METRIC_GAUGE : METRIC_COUNTER,
				.text = given->argument,
			};
	}
	input->payload.samples = input->samples;
	input->payload.sample_count = count;
	return 0;
}

static int take_filter(struct input *input, const struct input_options *options, struct error *error)
{
	for (size_t i = 0; i < options->keep.count; i++)
		if (filter_keep(&input->filter, options->keep.given[i].argument, error) == -1)
			return error_prefix(error, "--keep: ");
	for (size_t i = 0; i < options->drop.count; i++)
		if (filter_drop(&input->filter, options->drop.given[i].argument, error) == -1)
			return error_prefix(error, "--drop: ");
	input->payload.filter = &input->filter;
	input->payload.drop_timestamps = options->drop_timestamps;
	return 0;
}

static int read_sources(struct input *input, char *files[], size_t count, bool quiet, struct error *error)
{
	size_t sample_count = input->payload.sample_count;
	input->sources = calloc(count + sample_count + 1, sizeof(*input->sources));
	if (input->sources == NULL)
		return error_set_memory(error);
	unsigned line = 1;
	for (size_t i = 0; i < count; i++)
		if (read_source(input, files[i], quiet, &line, error) == -1)
			return -1;
	for (size_t i = 0; i < sample_count; i++)
		input->sources[input->source_count++] = (struct input_source){input->samples[i].text, line++, true};
	return 0;
}

/* The source of a line of the whole, which becomes one of the source. */
static const struct input_source *find_source(const struct input *input, unsigned *line)
{
	const struct input_source *source = &input->sources[0];
	for (size_t i = 1; i < input->source_count; i++)
		if (input->sources[i].first_line <= *line)
			source = &input->sources[i];
	*line -= source->first_line - 1;
	return source;
}

int input_locate(const struct input *input, struct error *error)
{
	if (error->line == 0)
		return -1;
	unsigned line = error->line;
	const struct input_source *source = find_source(input, &line);
	if (source->is_argument)
		return error_prefix(error, "%s: ", quote(slice_of(source->name)).text);
	if (error->column == 0)
		return error_prefix(error, "%s:%u: ", source->name, line);
	return error_prefix(error, "%s:%u:%u: ", source->name, line, error->column);
}

int input_read(
	struct input *input, const struct input_options *options, char *files[], size_t count, struct error *error)
{
	static char only_stdin[] = "-";
	char *standard[] = {only_stdin};
	const struct limits limits = LIMITS_DEFAULT;
	if (take_samples(input, &options->samples, error) == -1 || take_filter(input, options, error) == -1)
		return -1;
	if (count == 0 && input->payload.sample_count == 0) {
		files = standard;
		count = 1;
	}
	if (read_sources(input, files, count, options->quiet, error) == -1)
		return -1;
	if (payload_parse(&input->payload, options->allow_empty, &limits, error) == 0) {
		if (input->payload.left_out && !options->quiet)
			warnx("left out of OpenMetrics: exemplars and _created, which the text format can't have");
		return 0;
	}
	if (error->line == 0 && error->kind != ERROR_USAGE && input->source_count == 1 &&
		!input->sources[0].is_argument)
		return error_prefix(error, "%s: ", input->sources[0].name);
	return input_locate(input, error);
}

static void print_advice(void *context, const struct metric_family *family, const char *advice)
{
	const struct input *input = context;
	unsigned line = family->line;
	const struct input_source *source = find_source(input, &line);
	if (source->is_argument)
		warnx("%s: %s: %s", quote(slice_of(source->name)).text, quote(family->name).text, advice);
	else
		warnx("%s:%u: %s: %s", source->name, line, quote(family->name).text, advice);
}

int input_lint(const struct input *input, struct error *error)
{
	return lint(&input->payload.exposition, print_advice, (void *)input, error);
}
