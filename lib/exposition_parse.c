/*
 * The parser, line by line. An input that lacks its last newline has its tail copied with a newline added, the
 * sentinel; a parser that arrives there has met the end of the input.
 */
#include "exposition.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "exposition_parse.h"
#include "number.h"
#include "text.h"

#define FAIL(parser, at, token, ...) SCAN_FAIL(&(parser)->scanner, at, token, __VA_ARGS__)

int parser_select_family(struct parser *parser, struct slice name)
{
	if (slice_equal(name, parser->name))
		return 0;
	if (exposition_builder_family(&parser->builder, name, parser->scanner.line, &parser->family, &parser->role) ==
		-1)
		return -1;
	parser->name = name;
	parser->form.after.len = 0;
	return 0;
}

/* gauge_histogram and gaugehistogram are taken as expfmt takes them: the text format has no such type. */
static const struct {
	const char *name;
	enum metric_type type;
} types[] = {
	{"counter", METRIC_COUNTER},
	{"gauge", METRIC_GAUGE},
	{"summary", METRIC_SUMMARY},
	{"untyped", METRIC_UNTYPED},
	{"histogram", METRIC_HISTOGRAM},
	{"gauge_histogram", METRIC_HISTOGRAM},
	{"gaugehistogram", METRIC_HISTOGRAM},
};

static const char *parse_type(struct parser *parser, const char *at)
{
	struct metric_family *family = parser_family(parser);
	if (parser->builder.typed[parser->family])
		return FAIL(parser, at, at, "second TYPE line for metric name %s, or TYPE reported after samples",
			quote(family->name).text);
	const char *start = at;
	at = skip_line(at);
	size_t len = (size_t)(at - start);
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		if (strlen(types[i].name) == len && strncasecmp(types[i].name, start, len) == 0) {
			if (at == parser->scanner.sentinel)
				return scan_fail_at_end(&parser->scanner);
			family->type = types[i].type;
			parser->builder.typed[parser->family] = true;
			/* Its samples' names may belong to other families now. */
			parser->name = (struct slice){0};
			parser->form.after.len = 0;
			return at + 1;
		}
	}
	return FAIL(parser, at, start, "unknown metric type %s", quote(slice_make(start, len)).text);
}

static const char *parse_help(struct parser *parser, const char *at)
{
	struct metric_family *family = parser_family(parser);
	if (family->help.data != NULL)
		return FAIL(parser, at, at, "second HELP line for metric name %s", quote(family->name).text);
	at = scan_help(&parser->scanner, at, family->name, &family->help);
	return at == NULL ? NULL : at + 1;
}

/* What follows a '#'. */
static const char *parse_comment(struct parser *parser, const char *at)
{
	struct slice word;
	at = scan_word(&parser->scanner, skip_blanks(at), &word);
	bool help = slice_equal(word, (struct slice)SLICE_LITERAL("HELP"));
	if (*at == '\n' || (!help && !slice_equal(word, (struct slice)SLICE_LITERAL("TYPE")))) {
		at = skip_line(at);
		return at == parser->scanner.sentinel ? scan_fail_at_end(&parser->scanner) : at + 1;
	}
	struct slice name;
	at = skip_blanks(at);
	at = scan_metric_name(&parser->scanner, at, &name);
	if (at == NULL)
		return NULL;
	if (*at == '\n')
		return at == parser->scanner.sentinel ? scan_fail_at_end(&parser->scanner) : at + 1;
	if (!byte_is(*at, BLANK) || name.len == 0)
		return FAIL(parser, at, at, "invalid metric name in comment");
	if (parser_select_family(parser, name) == -1)
		return scan_fail_memory(&parser->scanner);
	at = skip_blanks(at);
	if (*at == '\n')
		return at == parser->scanner.sentinel ? scan_fail_at_end(&parser->scanner) : at + 1;
	return help ? parse_help(parser, at) : parse_type(parser, at);
}

/* Where a label goes among those of the sample, which stay sorted: exporters mostly write them so. -1 when its name is
 * there already. */
static int label_position(const struct label *labels, uint32_t count, struct slice name, uint32_t *position)
{
	uint32_t low = count;
	while (low > 0) {
		int order = slice_compare(labels[low - 1].name, name);
		if (order == 0)
			return -1;
		if (order < 0)
			break;
		low--;
	}
	*position = low;
	return 0;
}

static const char *add_label(
	struct parser *parser, struct sample *sample, const char *at, const char *token, struct slice name)
{
	struct exposition *exposition = parser->exposition;
	if (exposition_builder_reserve_labels(&parser->builder, 1) == -1)
		return scan_fail_memory(&parser->scanner);
	if (sample->label_count == parser->scanner.limits->labels) {
		error_set_at(parser->scanner.error, ERROR_TOO_LARGE, parser->scanner.line,
			scan_column(&parser->scanner, token), "the sample has too many labels, over the limit of %zu",
			parser->scanner.limits->labels);
		return NULL;
	}
	struct label *labels = exposition->labels + sample->first_label;
	uint32_t position;
	if (label_position(labels, sample->label_count, name, &position) == -1)
		return FAIL(parser, at, token, "duplicate label names for metric %s",
			quote(parser_family(parser)->name).text);
	memmove(labels + position + 1, labels + position, (sample->label_count - position) * sizeof(*labels));
	at = skip_blanks(at);
	if (*at != '"')
		return FAIL(parser, at, at, "expected '\"' at start of label value, found %s", quote_byte(*at).text);
	sample->last_value = at + 1;
	at = scan_label_value(&parser->scanner, at + 1, &labels[position].value);
	if (at == NULL)
		return NULL;
	labels[position].name = name;
	parser->reserved_names |= label_name_reserved(name);
	sample->label_count++;
	exposition->label_count++;
	return at;
}

/* quantile of a summary and le of a histogram are no labels of the metric. */
static const char *parse_bound(struct parser *parser, struct sample *sample, const char *at, const char *token)
{
	if (sample->bound.data != NULL)
		return FAIL(parser, at, token, "duplicate label names for metric %s",
			quote(parser_family(parser)->name).text);
	at = skip_blanks(at);
	if (*at != '"')
		return FAIL(parser, at, at, "expected '\"' at start of label value, found %s", quote_byte(*at).text);
	sample->last_value = at + 1;
	return scan_label_value(&parser->scanner, at + 1, &sample->bound);
}

static bool is_bound(enum metric_type type, struct slice name)
{
	return (type == METRIC_HISTOGRAM && slice_equal(name, (struct slice)SLICE_LITERAL("le"))) ||
	       (type == METRIC_SUMMARY && slice_equal(name, (struct slice)SLICE_LITERAL("quantile")));
}

/* One label, name to value. */
static const char *parse_label(struct parser *parser, struct sample *sample, const char *at)
{
	const struct metric_family *family = parser_family(parser);
	const char *token = at;
	struct slice name;
	at = scan_label_name(&parser->scanner, at, &name);
	if (at == NULL)
		return NULL;
	if (name.len == 0)
		return FAIL(parser, at, at, "invalid label name for metric %s", quote(family->name).text);
	at = skip_blanks(at);
	if (*at != '=' && sample->name_in_braces && (*at == ',' || *at == '}'))
		return FAIL(parser, at, token, "multiple metric names for metric %s", quote(family->name).text);
	if (*at != '=')
		return FAIL(parser, at, at, "expected '=' after label name, found %s", quote_byte(*at).text);
	if (slice_equal(name, (struct slice)SLICE_LITERAL("__name__")))
		return FAIL(parser, at, token, "label name \"__name__\" is reserved");
	if (metric_type_is_distribution(family->type) && is_bound(family->type, name))
		return parse_bound(parser, sample, at + 1, token);
	return add_label(parser, sample, at + 1, token, name);
}

const char *parser_labels(struct parser *parser, struct sample *sample, const char *at)
{
	for (;;) {
		at = skip_blanks(at);
		if (*at == '}')
			return skip_blanks(at + 1);
		at = parse_label(parser, sample, at);
		if (at == NULL)
			return NULL;
		const char *after = skip_blanks(at);
		if (*after == '}')
			return skip_blanks(after + 1);
		if (*after != ',')
			return FAIL(parser, after, after, "unexpected end of label value %s",
				quote_escaped(slice_make(sample->last_value, (size_t)(at - 1 - sample->last_value)))
					.text);
		at = after + 1;
	}
}

/* Puts a value where its name and labels say. The counts of a histogram may be fractions, those of a summary are cut
 * to integers, as in the upstream's data model; neither may be negative. 0, or -1 with the error filled. */
static int distribution_set(struct parser *parser, const struct sample *sample, const char *at, double value)
{
	const struct metric_family *family = parser_family(parser);
	const char *type = metric_type_names[family->type];
	struct distribution *distribution = exposition_builder_distribution(
		&parser->builder, parser->family, sample->label_count, parser->scanner.line);
	if (distribution == NULL)
		return error_set_memory(parser->scanner.error);
	if (parser->role == SAMPLE_COUNT) {
		if (value < 0 || (family->type == METRIC_SUMMARY && !(value < 0x1p64)))
			return error_set_at(parser->scanner.error, ERROR_SYNTAX, parser->scanner.line,
				scan_column(&parser->scanner, at), "%s count for %s %s",
				value < 0 ? "negative" : "invalid", type, quote(family->name).text);
		if (distribution->has_count)
			return error_set_at(parser->scanner.error, ERROR_SYNTAX, parser->scanner.line, 1,
				"second count for %s %s", type, quote(family->name).text);
		distribution->has_count = true;
		distribution->count = family->type == METRIC_SUMMARY ? trunc(value) : value;
		return 0;
	}
	if (parser->role == SAMPLE_SUM) {
		if (distribution->has_sum)
			return error_set_at(parser->scanner.error, ERROR_SYNTAX, parser->scanner.line, 1,
				"second sum for %s %s", type, quote(family->name).text);
		distribution->has_sum = true;
		distribution->sum = value;
		return 0;
	}
	double bound = NAN;
	if (sample->bound.data != NULL && number_parse(sample->bound, &bound) == -1)
		return error_set_at(parser->scanner.error, ERROR_SYNTAX, parser->scanner.line,
			scan_column(&parser->scanner, sample->bound.data),
			"expected float as value for '%s' label, got %s",
			family->type == METRIC_SUMMARY ? "quantile" : "le", quote_escaped(sample->bound).text);
	if (isnan(bound))
		return 0;
	if (family->type == METRIC_HISTOGRAM && value < 0)
		return error_set_at(parser->scanner.error, ERROR_SYNTAX, parser->scanner.line,
			scan_column(&parser->scanner, at), "negative bucket population for histogram %s",
			quote(family->name).text);
	return exposition_builder_point(&parser->builder, distribution, bound, value, parser->scanner.line) == -1
		       ? error_set_memory(parser->scanner.error)
		       : 0;
}

/* One of 64 bits, as expfmt's strconv.ParseInt takes it. */
static bool is_integer(struct slice text)
{
	size_t i = text.len > 0 && (text.data[0] == '-' || text.data[0] == '+');
	uint64_t most = (uint64_t)INT64_MAX + (i == 1 && text.data[0] == '-'), value = 0;
	if (i == text.len)
		return false;
	for (; i < text.len; i++) {
		uint64_t digit = (uint64_t)(text.data[i] - '0');
		if (!byte_is(text.data[i], DIGIT) || value > (most - digit) / 10)
			return false;
		value = value * 10 + digit;
	}
	return true;
}

void parser_timestamp(struct parser *parser, const char *at)
{
	struct metric_family *family = parser_family(parser);
	if (family->timestamp_line != 0)
		return;
	family->timestamp_line = parser->scanner.line;
	family->timestamp_column = scan_column(&parser->scanner, at);
}

/* Behind a value that a blank follows. */
static const char *parse_timestamp(struct parser *parser, const char *at)
{
	const char *start = skip_blanks(at);
	struct slice timestamp;
	at = scan_word(&parser->scanner, start, &timestamp);
	if (!is_integer(timestamp))
		return FAIL(parser, at, start, "expected integer as timestamp, got %s", quote(timestamp).text);
	const char *rest = at;
	at = skip_line(at);
	if (at != rest)
		return FAIL(parser, at, rest, "spurious string after timestamp: %s",
			quote(slice_make(rest, (size_t)(at - rest))).text);
	parser_timestamp(parser, start);
	return at;
}

int parser_value(struct parser *parser, const struct sample *sample, const char *at, double value)
{
	if (metric_type_is_distribution(parser_family(parser)->type))
		return distribution_set(parser, sample, at, value);
	struct metric *metric =
		exposition_builder_metric(&parser->builder, parser->family, sample->label_count, parser->scanner.line);
	if (metric == NULL)
		return error_set_memory(parser->scanner.error);
	metric->value = value;
	return 0;
}

static const char *parse_value(struct parser *parser, const struct sample *sample, const char *at)
{
	double value;
	const char *start = at;
	struct slice text;
	at = scan_word(&parser->scanner, start, &text);
	if (number_parse(text, &value) == -1)
		return FAIL(parser, at, start, "expected float as value, got %s", quote(text).text);
	if (parser_value(parser, sample, start, value) == -1)
		return NULL;
	if (*at != '\n')
		at = parse_timestamp(parser, at);
	if (at != NULL && at == parser->scanner.sentinel)
		return scan_fail_at_end(&parser->scanner);
	return at == NULL ? NULL : at + 1;
}

/* Whether the name of the line before comes again: most lines of an exposition save the search for their family so. */
static bool name_again(const struct parser *parser, const char *at)
{
	size_t len = parser->name.len;
	return len > 0 && len < (size_t)(parser->scanner.end - at) && memcmp(at, parser->name.data, len) == 0 &&
	       !byte_is(at[len], METRIC_NAME);
}

const char *parser_sample_name(struct parser *parser, const char *at, bool in_braces, struct slice *name)
{
	const char *start = at;
	at = scan_metric_name(&parser->scanner, at, name);
	if (at == NULL)
		return NULL;
	if (name->len == 0)
		return FAIL(parser, start, start, "invalid metric name");
	if (in_braces) {
		at = skip_blanks(at);
		if (*at != ',' && *at != '}')
			return FAIL(parser, at, start, "invalid metric name");
		at += *at == ',';
	}
	return at;
}

/* The name at the start of a sample, whose family becomes the current one. */
static const char *parse_name(struct parser *parser, const char *at, bool in_braces)
{
	struct slice name;
	if (!in_braces && name_again(parser, at))
		return at + parser->name.len;
	at = parser_sample_name(parser, at, in_braces, &name);
	if (at == NULL)
		return NULL;
	return parser_select_family(parser, name) == -1 ? scan_fail_memory(&parser->scanner) : at;
}

static const char *parse_sample(struct parser *parser, const char *at)
{
	struct sample sample = {.first_label = parser->exposition->label_count, .name_in_braces = *at == '{'};
	at = parse_name(parser, sample.name_in_braces ? skip_blanks(at + 1) : at, sample.name_in_braces);
	if (at == NULL)
		return NULL;
	parser->builder.typed[parser->family] = true;
	at = skip_blanks(at);
	if (sample.name_in_braces || *at == '{') {
		at = parser_labels(parser, &sample, at + !sample.name_in_braces);
		if (at == NULL)
			return NULL;
	}
	const struct label *labels = sample.label_count == 0 ? NULL : parser->exposition->labels + sample.first_label;
	line_form_learn(&parser->form, parser->scanner.line_start, at, labels, sample.label_count, sample.bound);
	return parse_value(parser, &sample, at);
}

/* One line. Returns the start of the next one, or NULL on failure. */
static const char *parse_line(struct parser *parser, const char *at)
{
	parser->scanner.line++;
	parser->scanner.line_start = at;
	at = skip_blanks(at);
	if (*at == '\n')
		return at + 1;
	return *at == '#' ? parse_comment(parser, at + 1) : parse_sample(parser, at);
}

/* Behind the last line that ends METRIC_ALIKE_TAIL bytes before the end. */
static const char *find_alike_end(const char *start, const char *end)
{
	size_t len = (size_t)(end - start);
	const char *newline = len <= METRIC_ALIKE_TAIL ? NULL : memrchr(start, '\n', len - METRIC_ALIKE_TAIL);
	return newline == NULL ? start : newline + 1;
}

static int parse_lines(struct parser *parser, struct slice text)
{
	const char *end = text.len == 0 ? text.data : memrchr(text.data, '\n', text.len);
	end = end == NULL ? text.data : text.len == 0 ? end : end + 1;
	const char *at = text.data;
	parser->scanner.sentinel = NULL;
	parser->scanner.end = end;
	parser->form.after.len = 0;
	parser->alike_end = find_alike_end(text.data, end);
	while (at < end) {
		at = parse_line(parser, at);
		if (at != NULL && parser->form.after.len > 0)
			at = parser_alike_lines(parser, at);
		if (at == NULL)
			return -1;
	}
	size_t rest = text.len - (size_t)(end - text.data);
	if (rest == 0)
		return 0;
	char *tail = arena_alloc(&parser->exposition->arena, rest + 1);
	if (tail == NULL)
		return error_set_memory(parser->scanner.error);
	memcpy(tail, end, rest);
	tail[rest] = '\n';
	parser->scanner.sentinel = tail + rest;
	parser->scanner.end = tail + rest + 1;
	parser->form.after.len = 0;
	return parse_line(parser, tail) == NULL ? -1 : 0;
}

int parser_init(struct parser *parser, struct exposition *exposition, const struct limits *limits, struct error *error)
{
	*parser = (struct parser){
		.scanner = {.arena = &exposition->arena, .limits = limits, .error = error},
		.exposition = exposition,
	};
	return exposition_builder_init(&parser->builder, exposition) == -1 ? error_set_memory(error) : 0;
}

void parser_release(struct parser *parser)
{
	exposition_builder_release(&parser->builder);
}

int parser_check_size(struct parser *parser, struct slice text)
{
	/* Indices have 32 bits, and no element takes less than a byte of input. */
	if (text.len > parser->scanner.limits->body || text.len >= EXPOSITION_NONE)
		return error_set(parser->scanner.error, ERROR_TOO_LARGE,
			"the exposition has %zu bytes, over the limit of %zu", text.len, parser->scanner.limits->body);
	return 0;
}

int parser_text(struct parser *parser, struct slice text)
{
	if (parser_check_size(parser, text) == -1)
		return -1;
	const struct exposition *exposition = parser->exposition;
	bool first = exposition->metric_capacity == 0 && exposition->label_capacity == 0;
	if (first && exposition_builder_expect(&parser->builder, text.len) == -1)
		return error_set_memory(parser->scanner.error);
	return parse_lines(parser, text);
}

void parser_finish(struct parser *parser)
{
	parser->exposition->quoted_names = parser->scanner.quoted_names;
	parser->exposition->label_names_fine = !parser->reserved_names;
	exposition_builder_finish(&parser->builder);
	exposition_find_timestamp(parser->exposition);
}

int exposition_parse(struct exposition *exposition, struct slice text, const struct limits *limits, struct error *error)
{
	struct parser parser;
	int status = -1;
	if (parser_init(&parser, exposition, limits, error) == 0 && parser_text(&parser, text) == 0) {
		parser_finish(&parser);
		status = 0;
	}
	parser_release(&parser);
	return status;
}
