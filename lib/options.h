/*
 * options: the command lines of the tools.
 *
 * A tool lists its options in one table, from which come the parsing, the usage line's help and the messages:
 *
 *	struct grouping_key key;	initialised
 *	struct options_target target = {0};
 *	bool replace = false, quiet = false;
 *	const struct option_spec specs[] = {
 *		OPTIONS_SPOOL(&target.spool),
 *		OPTIONS_URL(&target.urls),
 *		OPTIONS_HTTP(&target.http),		http_options.h
 *		OPTIONS_KEY(&key),
 *		{'r', "replace", NULL, OPTION_FLAG, &replace, "replace the group, not only its families"},
 *		OPTIONS_COMMON(&quiet, &verbose),
 *	};
 *	const struct command_line line = {"pgw-push", "-j JOB [FILE...]", "...", specs, OPTIONS_COUNT(specs), NULL};
 *	int first = options_parse(&line, argc, argv, &error);
 *	if (first == -1)
 *		return options_fail(&line, &error);
 *	if (first == 0)
 *		return options_finish(EX_OK);	-h or -V was answered
 *	...the operands are argv[first], ...
 *
 * Where an option is given twice, the last one counts, but for labels, URLs and OPTION_LIST. Unlike the rest of lib/,
 * the functions that say so write to stdout and stderr; the exit is the tool's.
 */
#ifndef PGW_OPTIONS_H
#define PGW_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "error.h"
#include "http_options.h"
#include "labels.h"

enum option_type {
	OPTION_FLAG,	 /* bool *, becomes true */
	OPTION_UNFLAG,	 /* bool *, becomes false */
	OPTION_STRING,	 /* const char **, points into argv */
	OPTION_DURATION, /* unsigned *, in ms; UINT_MAX where the argument was optional and not given */
	OPTION_AGE,	 /* int64_t *, in ns, up to 100 years (age.h) */
	OPTION_TTL,	 /* int64_t *, in ns, whole seconds from one on */
	OPTION_COUNT,	 /* unsigned *, from 1 to 1000 */
	OPTION_NUMBER,	 /* unsigned *, from 0 to 1000 */
	OPTION_JOB,	 /* struct grouping_key *: the label job */
	OPTION_LABEL,	 /* struct grouping_key *: another label, NAME=VALUE */
	OPTION_LIST,	 /* struct option_list *: each of its arguments is kept */
	OPTION_URL,	 /* struct url_list *: likewise */
	OPTION_SIZE,	 /* size_t *, in bytes */
	OPTION_SELECTOR, /* struct selector *, initialised: adds one */
	OPTION_VERSION,	 /* NULL */
	OPTION_HELP,	 /* NULL */
};

struct option_spec {
	int letter; /* 0 for none */
	const char *name;
	const char *argument; /* its name for the help, "[=NAME]" where it is optional; NULL for none */
	enum option_type type;
	void *value;
	const char *help;
};

/* The arguments of an option that may be given again, in their order; that of several options where they share a list.
 * All zeros at first. */
struct option_list {
	struct option_given {
		const struct option_spec *spec;
		const char *argument; /* points into argv */
	} * given;
	size_t count;
};

void option_list_release(struct option_list *list);

/* The URLs that were given, in their order, as copies: those in argv lose user and password, for ps(1) shows them. All
 * zeros at first. */
struct url_list {
	char **urls;
	size_t count;
};

#define OPTIONS_MAX	     64
#define OPTIONS_COUNT(specs) (sizeof(specs) / sizeof((specs)[0]))

#define OPTIONS_SPOOL(value)                                                                                           \
	{                                                                                                              \
		'd', "spool", "DIR", OPTION_STRING, (value), "the spool (default: $PGW_SPOOL, else /var/spool/pgw)"    \
	}
#define OPTIONS_URL(value)                                                                                             \
	{                                                                                                              \
		'u', "url", "URL", OPTION_URL, (value),                                                                \
			"a gateway, or a group's whole URL (repeatable; default: $PGW_URL)"                            \
	}
#define OPTIONS_KEY(value)                                                                                             \
	{'j', "job", "JOB", OPTION_JOB, (value), "the group's label job"},                                             \
	{                                                                                                              \
		'l', "label", "NAME=VALUE", OPTION_LABEL, (value), "another label of the group (repeatable)"           \
	}
#define OPTIONS_COMMON(quiet, verbose)                                                                                 \
	{'q', "quiet", NULL, OPTION_FLAG, (quiet), "no warnings"},                                                     \
		{'v', "verbose", NULL, OPTION_FLAG, (verbose), "say what was done"},                                   \
		{'V', "version", NULL, OPTION_VERSION, NULL, "print the version"},                                     \
	{                                                                                                              \
		'h', "help", NULL, OPTION_HELP, NULL, "print this help"                                                \
	}

struct command_line {
	const char *tool;     /* "pgw-push" */
	const char *synopsis; /* what follows the tool's name in the usage line */
	const char *purpose;  /* one sentence for the help */
	const struct option_spec *specs;
	size_t count;		     /* at most OPTIONS_MAX */
	const char *notes;	     /* lines after the options in the help; NULL for none */
	bool operands_are_a_command; /* options end at the first operand, as for env(1) */
};

/* Applies the options, after file_reserve_standard(). The index of the first operand in argv, which is reordered so
 * that the operands come last; 0 where -h or -V was answered on stdout; -1 with ERROR_USAGE or ERROR_MEMORY. */
int options_parse(const struct command_line *line, int argc, char *argv[], struct error *error);

/* Prints "pgw-push: MESSAGE" on stderr, for ERROR_USAGE the usage line below it. Returns the exit status. */
int options_fail(const struct command_line *line, const struct error *error);

/* What a tool's main() returns with: `status`, or EX_IOERR and a message where stdout could not be written. */
int options_finish(int status);

/* Where a tool works, and how it speaks to a gateway: -d and -u as given, NULL and none for not. All zeros at first. */
struct options_target {
	const char *spool;
	struct url_list urls;
	struct http_options http;
};

/* Leaves exactly one of the two: the option given, else the environment's PGW_SPOOL or PGW_URL, else the default
 * spool. 0, or -1 with ERROR_USAGE for two options, or two variables and no option, or with ERROR_MEMORY. */
int options_choose_target(struct options_target *target, struct error *error);

/* Adds a copy of a URL. 0, or -1 with ERROR_MEMORY. */
int options_add_url(struct url_list *list, const char *url, struct error *error);

void options_target_release(struct options_target *target);

/* The spool for a tool that knows no URLs: the one given, else $PGW_SPOOL, else the default. */
const char *options_choose_spool(const char *given);

/* Reads "2", "0.5", "90s", "15m", "24h" or "7d" (seconds without a unit) as ms, from 1 to 24 days. 0, or -1 with
 * ERROR_USAGE. */
int options_duration(const char *text, unsigned *milliseconds, struct error *error);

#endif
