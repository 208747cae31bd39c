#include "options.h"

#include <bsd/stdlib.h>
#include <err.h>
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "age.h"
#include "file.h"
#include "number.h"
#include "selector.h"
#include "spool.h"
#include "text.h"
#include "ttl.h"
#include "url.h"

#define COUNT_MAX   1000
#define HELP_COLUMN 28

/* getopt_long(3) gives this and up for what has no letter: the index into the table is added. */
#define NO_LETTER 256

static int bad_value(const char *text, const char *reason, struct error *error)
{
	return error_set(error, ERROR_USAGE, "%s: %s", quote(slice_of(text)).text, reason);
}

int options_duration(const char *text, unsigned *milliseconds, struct error *error)
{
	static const struct {
		const char *suffix;
		double seconds;
	} units[] = {{"", 1}, {"s", 1}, {"m", 60}, {"h", 3600}, {"d", 86400}};
	size_t digits = strspn(text, "0123456789.");
	double value;
	if (number_parse(slice_make(text, digits), &value) == -1)
		return bad_value(text, "not a duration, such as 30, 0.5, 90s, 15m, 24h or 7d", error);
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (strcmp(text + digits, units[i].suffix) != 0)
			continue;
		double scaled = value * units[i].seconds * 1000;
		if (scaled < 1 || scaled > INT32_MAX)
			return bad_value(text, "a duration must be from 0.001 seconds to 24 days", error);
		*milliseconds = (unsigned)scaled;
		return 0;
	}
	return bad_value(text, "not a duration, such as 30, 0.5, 90s, 15m, 24h or 7d", error);
}

static int set_count(const char *text, int least, unsigned *count, struct error *error)
{
	const char *reason;
	long long value = strtonum(text, least, COUNT_MAX, &reason);
	if (reason != NULL)
		return error_set(error, ERROR_USAGE, "%s: not a number from %d to %d", quote(slice_of(text)).text,
			least, COUNT_MAX);
	*count = (unsigned)value;
	return 0;
}

/* A bad label is a bad option here, whatever it is elsewhere. */
static int set_label(struct grouping_key *key, struct slice name, struct slice value, struct error *error)
{
	if (grouping_key_set(key, name, value, error) == 0)
		return 0;
	if (error->kind != ERROR_MEMORY)
		error->kind = ERROR_USAGE;
	return -1;
}

static int set_pair(const char *text, struct grouping_key *key, struct error *error)
{
	const char *equals = strchr(text, '=');
	if (equals == NULL)
		return bad_value(text, "a label is given as NAME=VALUE", error);
	struct slice name = slice_make(text, (size_t)(equals - text));
	if (slice_is(name, "job"))
		return bad_value(text, "the label job is given with -j", error);
	return set_label(key, name, slice_of(equals + 1), error);
}

static int add_to_list(const struct option_spec *spec, const char *argument, struct error *error)
{
	struct option_list *list = spec->value;
	struct option_given *grown = reallocarray(list->given, list->count + 1, sizeof(*grown));
	if (grown == NULL)
		return error_set_memory(error);
	list->given = grown;
	list->given[list->count++] = (struct option_given){spec, argument};
	return 0;
}

void option_list_release(struct option_list *list)
{
	free(list->given);
	*list = (struct option_list){0};
}

int options_add_url(struct url_list *list, const char *url, struct error *error)
{
	char **grown = reallocarray(list->urls, list->count + 1, sizeof(*grown));
	if (grown == NULL)
		return error_set_memory(error);
	list->urls = grown;
	list->urls[list->count] = strdup(url);
	if (list->urls[list->count] == NULL)
		return error_set_memory(error);
	list->count++;
	return 0;
}

static int take_url(char *argument, struct url_list *list, struct error *error)
{
	int result = options_add_url(list, argument, error);
	url_cut_user(argument);
	return result;
}

void options_target_release(struct options_target *target)
{
	for (size_t i = 0; i < target->urls.count; i++) {
		explicit_bzero(target->urls.urls[i], strlen(target->urls.urls[i]));
		free(target->urls.urls[i]);
	}
	free(target->urls.urls);
	target->urls = (struct url_list){0};
}

static int set_size(const char *text, size_t *bytes, struct error *error)
{
	static const char units[] = "kmg";
	char *end;
	errno = 0;
	unsigned long long value = strtoull(text, &end, 10);
	const char *unit = *end != '\0' ? strchr(units, *end) : NULL;
	unsigned shift = unit != NULL ? 10 * (unsigned)(unit - units + 1) : 0;
	if (*text < '0' || *text > '9' || (*end != '\0' && unit == NULL) || (unit != NULL && end[1] != '\0'))
		return bad_value(text, "not a size, such as 4096, 64k or 16m", error);
	if (errno != 0 || value == 0 || value > (SIZE_MAX / 2 >> shift))
		return bad_value(text, "a size must be from 1 byte to 8 EiB", error);
	*bytes = (size_t)value << shift;
	return 0;
}

static int apply(const struct option_spec *spec, char *argument, struct error *error)
{
	switch (spec->type) {
	case OPTION_FLAG:
	case OPTION_UNFLAG:
		*(bool *)spec->value = spec->type == OPTION_FLAG;
		return 0;
	case OPTION_STRING:
		*(const char **)spec->value = argument;
		return 0;
	case OPTION_DURATION:
		if (argument == NULL)
			*(unsigned *)spec->value = UINT_MAX;
		return argument == NULL ? 0 : options_duration(argument, spec->value, error);
	case OPTION_AGE:
		return age_parse(slice_of(argument), spec->value, error);
	case OPTION_TTL:
		return ttl_parse(slice_of(argument), spec->value, error);
	case OPTION_COUNT:
	case OPTION_NUMBER:
		return set_count(argument, spec->type == OPTION_COUNT ? 1 : 0, spec->value, error);
	case OPTION_JOB:
		return set_label(spec->value, slice_of("job"), slice_of(argument), error);
	case OPTION_LABEL:
		return set_pair(argument, spec->value, error);
	case OPTION_LIST:
		return add_to_list(spec, argument, error);
	case OPTION_URL:
		return take_url(argument, spec->value, error);
	case OPTION_SIZE:
		return set_size(argument, spec->value, error);
	case OPTION_SELECTOR:
		return selector_add(spec->value, argument, error);
	case OPTION_VERSION:
	case OPTION_HELP:
		break;
	}
	return 0;
}

static void print_usage(const struct command_line *line, FILE *out)
{
	fprintf(out, "usage: %s %s\n", line->tool, line->synopsis);
}

/* As getopt_long(3) calls it. */
static int takes_argument(const struct option_spec *spec)
{
	if (spec->argument == NULL)
		return no_argument;
	return spec->argument[0] == '[' ? optional_argument : required_argument;
}

static void print_help(const struct command_line *line)
{
	print_usage(line, stdout);
	printf("%s\n\n", line->purpose);
	for (size_t i = 0; i < line->count; i++) {
		const struct option_spec *spec = &line->specs[i];
		char letter[] = {'-', (char)spec->letter, ',', ' ', '\0'};
		int used = printf("  %s--%s%s%s", spec->letter != 0 ? letter : "    ", spec->name,
			spec->argument == NULL || takes_argument(spec) == optional_argument ? "" : " ",
			spec->argument != NULL ? spec->argument : "");
		printf("%*s%s\n", used < HELP_COLUMN ? HELP_COLUMN - used : 2, "", spec->help);
	}
	if (line->notes != NULL)
		printf("\n%s\n", line->notes);
}

static void answer(const struct command_line *line, enum option_type type)
{
	if (type == OPTION_VERSION)
		printf("%s %s\n", line->tool, PGW_VERSION);
	else
		print_help(line);
}

/* The table in the forms that getopt_long(3) wants. */
struct getopt_tables {
	char letters[3 * OPTIONS_MAX + 3];
	struct option names[OPTIONS_MAX + 1];
};

static void make_tables(const struct command_line *line, struct getopt_tables *tables)
{
	char *next = tables->letters;
	if (line->operands_are_a_command)
		*next++ = '+';
	*next++ = ':';
	for (size_t i = 0; i < line->count; i++) {
		const struct option_spec *spec = &line->specs[i];
		int has_argument = takes_argument(spec);
		tables->names[i] = (struct option){
			spec->name, has_argument, NULL, spec->letter != 0 ? spec->letter : NO_LETTER + (int)i};
		if (spec->letter == 0)
			continue;
		*next++ = (char)spec->letter;
		/* no_argument, required_argument, optional_argument are 0, 1, 2. */
		for (int colons = has_argument; colons > 0; colons--)
			*next++ = ':';
	}
	*next = '\0';
	tables->names[line->count] = (struct option){0};
}

static const struct option_spec *find(const struct command_line *line, int value)
{
	for (size_t i = 0; i < line->count; i++)
		if (value == (line->specs[i].letter != 0 ? line->specs[i].letter : NO_LETTER + (int)i))
			return &line->specs[i];
	return NULL;
}

/* What getopt_long(3) did not like, told from what it leaves behind, in its words. */
static int bad_option(const struct command_line *line, int result, const char *word, struct error *error)
{
	const struct option_spec *spec = optopt != 0 ? find(line, optopt) : NULL;
	char letter[] = {(char)optopt, '\0'};
	if (spec != NULL && result == ':')
		return error_set(error, ERROR_USAGE, "option '--%s' requires an argument", spec->name);
	if (spec != NULL)
		return error_set(error, ERROR_USAGE, "option '--%s' doesn't allow an argument", spec->name);
	if (optopt != 0)
		return error_set(error, ERROR_USAGE, "invalid option -- %s", quote(slice_of(letter)).text);
	return error_set(error, ERROR_USAGE, "unrecognized option %s", quote(slice_of(word)).text);
}

int options_parse(const struct command_line *line, int argc, char *argv[], struct error *error)
{
	struct getopt_tables tables;
	file_reserve_standard();
	make_tables(line, &tables);
	opterr = 0;
	optind = 0; /* forgets an earlier command line */
	int result;
	while ((result = getopt_long(argc, argv, tables.letters, tables.names, NULL)) != -1) {
		if (result == '?' || result == ':')
			return bad_option(line, result, argv[optind - 1], error);
		const struct option_spec *spec = find(line, result);
		if (spec->type == OPTION_HELP || spec->type == OPTION_VERSION) {
			answer(line, spec->type);
			return 0;
		}
		if (apply(spec, optarg, error) == -1)
			return error_prefix(error, "--%s: ", spec->name);
	}
	return optind;
}

int options_fail(const struct command_line *line, const struct error *error)
{
	warnx("%s", error->message);
	if (error->kind == ERROR_USAGE)
		print_usage(line, stderr);
	return error_exit_status(error->kind);
}

int options_finish(int status)
{
	if (fflush(stdout) == EOF || ferror(stdout)) {
		warn("standard output");
		return EX_IOERR;
	}
	return status;
}

static const char *environment(const char *name)
{
	const char *value = getenv(name);
	return value != NULL && *value != '\0' ? value : NULL;
}

const char *options_choose_spool(const char *given)
{
	if (given == NULL)
		given = environment("PGW_SPOOL");
	return given != NULL ? given : SPOOL_DEFAULT_PATH;
}

int options_choose_target(struct options_target *target, struct error *error)
{
	if (target->spool != NULL && target->urls.count > 0)
		return error_set(error, ERROR_USAGE, "a spool (-d) and a gateway (-u) can't be given together");
	if (target->spool != NULL || target->urls.count > 0)
		return 0;
	const char *url = environment("PGW_URL");
	if (url != NULL && environment("PGW_SPOOL") != NULL)
		return error_set(error, ERROR_USAGE, "PGW_SPOOL and PGW_URL are both set, choose with -d or -u");
	if (url != NULL)
		return options_add_url(&target->urls, url, error);
	target->spool = options_choose_spool(NULL);
	return 0;
}
