/*
 * input: what pgw-push pushes: files or stdin, samples of the command line, filters over both, and advice on the whole.
 *
 *	struct input input;
 *	struct input_options options = {0};	filled by the command line
 *	input_init(&input);
 *	if (input_read(&input, &options, files, count, &error) == -1)
 *		...
 *	input_release(&input);
 *
 * All of the input is one exposition; messages count the lines of each file for itself.
 */
#ifndef PGW_PUSH_INPUT_H
#define PGW_PUSH_INPUT_H

#include "options.h"
#include "payload.h"

struct input_options {
	struct option_list samples; /* -g, -c and --help-text */
	struct option_list keep;
	struct option_list drop;
	bool drop_timestamps;
	bool allow_empty;
	bool quiet; /* no warnings */
};

/* The options as the table of a tool has them. */
#define OPTIONS_INPUT(options)                                                                                         \
	{'g', "gauge", "NAME=VALUE", OPTION_LIST, &(options)->samples, "a gauge, NAME[{LABELS}]=VALUE (repeatable)"},  \
		{'c', "counter", "NAME=VALUE", OPTION_LIST, &(options)->samples, "a counter, likewise (repeatable)"},  \
		{0, "help-text", "TEXT", OPTION_LIST, &(options)->samples, "describes the -g or -c before it"},        \
		{0, "keep", "REGEX", OPTION_LIST, &(options)->keep, "push only families of such names (repeatable)"},  \
		{0, "drop", "REGEX", OPTION_LIST, &(options)->drop, "don't push families of such names (repeatable)"}, \
		{0, "drop-timestamps", NULL, OPTION_FLAG, &(options)->drop_timestamps,                                 \
			"push samples without their timestamps"},                                                      \
	{                                                                                                              \
		0, "allow-empty", NULL, OPTION_FLAG, &(options)->allow_empty, "push even where there is no sample"     \
	}

struct input_source;

struct input {
	struct payload payload;
	struct filter filter;
	struct sample_argument *samples;
	struct input_source *sources; /* by first line */
	size_t source_count;
};

void input_init(struct input *input);
void input_release(struct input *input);

/* Reads and parses everything. Without files it reads stdin, unless there are samples; the file "-" is stdin. A newline
 * that it added and what it left out are warned of on stderr. 0, or -1 with an error. */
int input_read(
	struct input *input, const struct input_options *options, char *files[], size_t count, struct error *error);

/* Puts FILE:LINE:COLUMN before the message of an error that has its place in the input. Returns -1. */
int input_locate(const struct input *input, struct error *error);

/* Prints advice on the metrics (lint.h) on stderr. 0, or -1 with ERROR_MEMORY. */
int input_lint(const struct input *input, struct error *error);

#endif
