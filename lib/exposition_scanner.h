/*
 * exposition_scanner: the tokens of the text format, for its parser.
 *
 * Every token ends at a newline at the latest, so the scanning loops have no other bound: they run over lines that are
 * known to end in one. The functions take where a token begins and return where it ended, or NULL with the error.
 */
#ifndef PGW_EXPOSITION_SCANNER_H
#define PGW_EXPOSITION_SCANNER_H

#include "byte_runs.h"
#include "exposition.h"
#include "text.h"

enum byte_class {
	BLANK = 1,	/* space, tab */
	NAME_START = 2, /* letters, _ */
	NAME_COLON = 4, /* : */
	DIGIT = 8,
	LINE_END = 16,
};

#define METRIC_NAME (NAME_START | NAME_COLON | DIGIT)

extern const unsigned char byte_classes[256];

struct scanner {
	struct arena *arena; /* for what can't be a slice of the input */
	const struct limits *limits;
	struct error *error;
	const char *line_start;
	const char *end;      /* of what is parsed: the byte before is a newline */
	const char *sentinel; /* the newline that the input lacks, or NULL */
	uint32_t line;
	bool quoted_names; /* a name was read that needs quotes */
};

static inline bool byte_is(char byte, unsigned class)
{
	return (byte_classes[(unsigned char)byte] & class) != 0;
}

static inline const char *skip_class(const char *at, unsigned class)
{
	while (byte_is(*at, class))
		at++;
	return at;
}

static inline const char *skip_blanks(const char *at)
{
	return skip_class(at, BLANK);
}

/* Up to the newline. */
static inline const char *skip_line(const char *at)
{
	while (*at != '\n')
		at++;
	return at;
}

static inline unsigned scan_column(const struct scanner *scanner, const char *at)
{
	return (unsigned)(at - scanner->line_start) + 1;
}

/* What stands before the next blank or newline, maybe nothing. */
static inline const char *scan_word(const struct scanner *scanner, const char *at, struct slice *word)
{
	const char *end = skip_word(at, scanner->end);
	*word = slice_make(at, (size_t)(end - at));
	return end;
}

const char *scan_fail_at_end(struct scanner *scanner);
const char *scan_fail_memory(struct scanner *scanner);

/*
 * Fails at `at`, where the scanner stopped reading; `token` is where the reported token began. The end of the input
 * is the reason for whatever went wrong there.
 */
#define SCAN_FAIL(scanner, at, token, ...)                                                                             \
	((at) == (scanner)->sentinel ? scan_fail_at_end(scanner)                                                       \
				     : (error_set_at((scanner)->error, ERROR_SYNTAX, (scanner)->line,                  \
						scan_column(scanner, token), __VA_ARGS__),                             \
					       (const char *)NULL))

/* A metric name, plain or in quotes; *name is empty where there is none. */
const char *scan_metric_name(struct scanner *scanner, const char *at, struct slice *name);

/* A label name, likewise. */
const char *scan_label_name(struct scanner *scanner, const char *at, struct slice *name);

/* A label value from behind the opening quote to behind the closing one; it stays escaped. */
const char *scan_label_value(struct scanner *scanner, const char *at, struct slice *value);

/* A HELP text up to the newline, in the escaped form that has no \". */
const char *scan_help(struct scanner *scanner, const char *at, struct slice name, struct slice *help);

/* An escaped label value as a message shows it. */
struct quoted quote_escaped(struct slice escaped);

/* A byte as Go's %q writes it, which the upstream's messages use: as the character of that number. */
struct quoted quote_byte(char byte);

#endif
