/*
 * exposition_parse: several texts, one after the other, into one exposition.
 *
 *	struct parser parser;
 *	if (parser_init(&parser, &exposition, &limits, &error) == 0 && parser_text(&parser, first) == 0 &&
 *		parser_text(&parser, second) == 0)
 *		parser_finish(&parser);
 *	parser_release(&parser);
 *
 * Lines are counted through all of the texts. For the readers of formats, which use its parts; others call
 * exposition_parse(). The parts that are on a line take where in it they begin, return where they ended, and NULL with
 * the error filled; like the scanner's they stop at a newline, which a line must have.
 */
#ifndef PGW_EXPOSITION_PARSE_H
#define PGW_EXPOSITION_PARSE_H

#include "exposition_builder.h"
#include "exposition_scanner.h"
#include "line_form.h"

struct parser {
	struct scanner scanner;
	struct exposition *exposition;
	struct exposition_builder builder;
	/* The name read last, which mostly comes again, and what it stands for. */
	struct slice name;
	uint32_t family;
	enum sample_role role;
	struct line_form form; /* of a line with that name */
	bool reserved_names;   /* a label's name started with "__" */
	const char *alike_end; /* lines that begin before it end METRIC_ALIKE_TAIL bytes before the text does */
};

/* A sample while it is read. */
struct sample {
	uint32_t first_label;
	uint32_t label_count;
	struct slice bound;	/* the value of quantile or le; data is NULL where there is none */
	const char *last_value; /* of the label read last */
	bool name_in_braces;	/* {"name",...}, as names beyond the plain ones are written */
};

/* The exposition is empty and initialised; all arguments outlive the parser. 0, or -1 with ERROR_MEMORY. */
int parser_init(struct parser *parser, struct exposition *exposition, const struct limits *limits, struct error *error);
void parser_release(struct parser *parser);

/* Parses one text of format 0.0.4. 0, or -1 as exposition_parse(). */
int parser_text(struct parser *parser, struct slice text);

/* Makes the exposition what exposition_parse() makes it, after the last text. */
void parser_finish(struct parser *parser);

/* Whether a text is within what one parser takes. 0, or -1 with ERROR_TOO_LARGE. */
int parser_check_size(struct parser *parser, struct slice text);

/* Reads the lines from `at` on that are of the form that was learned. Returns where the first other one begins, or one
 * that needs a closer look; NULL with the error. */
const char *parser_alike_lines(struct parser *parser, const char *at);

/* The name of a sample; behind an opening brace, also the comma after it. */
const char *parser_sample_name(struct parser *parser, const char *at, bool in_braces, struct slice *name);

/* Makes the family that a name belongs to the current one. 0, or -1 when out of memory, without the error. */
int parser_select_family(struct parser *parser, struct slice name);

static inline struct metric_family *parser_family(const struct parser *parser)
{
	return &parser->exposition->families[parser->family];
}

/* The labels from behind the opening brace to behind the closing one, and the blanks there. They are the last ones of
 * exposition.labels. */
const char *parser_labels(struct parser *parser, struct sample *sample, const char *at);

/* Puts a value into the current family; `at` is where it stands. 0, or -1 with the error. */
int parser_value(struct parser *parser, const struct sample *sample, const char *at, double value);

/* Remembers that the current family has a timestamp there. */
void parser_timestamp(struct parser *parser, const char *at);

#endif
