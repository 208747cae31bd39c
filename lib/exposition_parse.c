/*
 * The parser. Every token of the format ends at a newline at the latest, so the scanning loops have no other bound:
 * they run over lines that are known to end in one. An input that lacks its last newline has its tail copied with a
 * newline added, the sentinel; a parser that arrives there has met the end of the input.
 */
#include "exposition.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "exposition_builder.h"
#include "number.h"
#include "text.h"

enum {
	BLANK = 1,	/* space, tab */
	NAME_START = 2, /* letters, _ */
	NAME_COLON = 4, /* : */
	DIGIT = 8,
	LINE_END = 16,
	VALUE_STOP = 32, /* what ends a run of plain bytes in a label value */
};

#define METRIC_NAME (NAME_START | NAME_COLON | DIGIT)
#define LABEL_NAME  (NAME_START | DIGIT)

static const unsigned char classes[256] = {
	[' '] = BLANK,
	['\t'] = BLANK,
	['\n'] = LINE_END | VALUE_STOP,
	['"'] = VALUE_STOP,
	['\\'] = VALUE_STOP,
	[':'] = NAME_COLON,
	['_'] = NAME_START,
	['0' ... '9'] = DIGIT,
	['A' ... 'Z'] = NAME_START,
	['a' ... 'z'] = NAME_START,
};

struct parser {
	struct exposition *exposition;
	struct exposition_builder builder;
	const struct limits *limits;
	struct error *error;
	const char *line_start;
	const char *end;      /* of what is parsed: the byte before is a newline */
	const char *sentinel; /* the newline that the input lacks, or NULL */
	uint32_t line;
	/* The name read last, which mostly comes again, and what it stands for. */
	struct slice name;
	uint32_t family;
	enum sample_role role;
};

/*
 * Fails at `at`, where the parser stopped reading; `token` is where the reported token began. The end of the input
 * is the reason for whatever went wrong there.
 */
#define FAIL(parser, at, token, ...)                                                                                   \
	((at) == (parser)->sentinel ? fail_at_end(parser)                                                              \
				    : (error_set_at((parser)->error, ERROR_SYNTAX, (parser)->line,                     \
					       column_of(parser, token), __VA_ARGS__),                                 \
					      (const char *)NULL))

static unsigned column_of(const struct parser *parser, const char *at)
{
	return (unsigned)(at - parser->line_start) + 1;
}

static const char *fail_at_end(struct parser *parser)
{
	error_set_at(parser->error, ERROR_SYNTAX, parser->line, column_of(parser, parser->sentinel),
		"unexpected end of input stream");
	return NULL;
}

static const char *fail_too_large(struct parser *parser, const char *at, const char *what, size_t limit)
{
	error_set_at(parser->error, ERROR_TOO_LARGE, parser->line, column_of(parser, at), "%s, over the limit of %zu",
		what, limit);
	return NULL;
}

static const char *fail_memory(struct parser *parser)
{
	error_set_memory(parser->error);
	return NULL;
}

static const char *skip_blanks(const char *at)
{
	while (classes[(unsigned char)*at] & BLANK)
		at++;
	return at;
}

static const char *skip_class(const char *at, unsigned class)
{
	while (classes[(unsigned char)*at] & class)
		at++;
	return at;
}

static const char *skip_word(const char *at)
{
	while (!(classes[(unsigned char)*at] & (BLANK | LINE_END)))
		at++;
	return at;
}

/* A byte as Go's %q writes it, which the upstream's messages use: as the character of that number. */
static struct quoted quote_byte(char byte)
{
	struct quoted quoted;
	unsigned value = (unsigned char)byte;
	const char utf8[2] = {(char)(0xc0 | value >> 6), (char)(0x80 | (value & 0x3f))};
	if (byte == '"')
		return (struct quoted){"'\"'"};
	if (byte == '\'')
		return (struct quoted){"'\\''"};
	if (value >= 0x80 && (value <= 0xa0 || value == 0xad)) {
		snprintf(quoted.text, sizeof(quoted.text), "'\\u%04x'", value);
		return quoted;
	}
	quoted = value < 0x80 ? quote(slice_make(&byte, 1)) : quote(slice_make(utf8, 2));
	quoted.text[0] = quoted.text[strlen(quoted.text) - 1] = '\'';
	return quoted;
}

/* The byte alone, without quotes. */
static struct quoted byte_name(char byte)
{
	struct quoted quoted = quote(slice_make(&byte, 1)), name = {0};
	memcpy(name.text, quoted.text + 1, strlen(quoted.text) - 2);
	return name;
}

/* Makes the family of a name the current one. 0, or -1 when out of memory. */
static int select_family(struct parser *parser, struct slice name)
{
	if (slice_equal(name, parser->name))
		return 0;
	if (exposition_builder_family(&parser->builder, name, parser->line, &parser->family, &parser->role) == -1)
		return -1;
	parser->name = name;
	return 0;
}

static struct metric_family *current_family(const struct parser *parser)
{
	return &parser->exposition->families[parser->family];
}

/* Reads a metric name; *name is empty where there is none. NULL on failure. */
static const char *parse_metric_name(struct parser *parser, const char *at, struct slice *name)
{
	const char *start = at;
	if (classes[(unsigned char)*at] & (NAME_START | NAME_COLON))
		at = skip_class(at, METRIC_NAME);
	*name = slice_make(start, (size_t)(at - start));
	if (name->len > parser->limits->name)
		return fail_too_large(parser, start, "the metric name is too long", parser->limits->name);
	return at;
}

/* The escapes of a HELP text are \\ and \n, and \" which needs none. */
static const char *parse_help(struct parser *parser, const char *at)
{
	struct metric_family *family = current_family(parser);
	if (family->help.data != NULL)
		return FAIL(parser, at, at, "second HELP line for metric name %s", quote(family->name).text);
	const char *start = at;
	bool quotes = false;
	for (; *at != '\n'; at++) {
		if (*at != '\\')
			continue;
		at++;
		if (*at != '\\' && *at != 'n' && *at != '"')
			return FAIL(parser, at, at - 1, "invalid escape sequence '\\%s'", byte_name(*at).text);
		quotes |= *at == '"';
	}
	struct slice help = slice_make(start, (size_t)(at - start));
	if (at == parser->sentinel)
		return fail_at_end(parser);
	if (!utf8_valid(help))
		return FAIL(
			parser, at, start, "the HELP text for metric name %s is not UTF-8", quote(family->name).text);
	if (quotes) {
		struct slice copy = arena_copy(&parser->exposition->arena, help);
		if (copy.data == NULL)
			return fail_memory(parser);
		char *to = (char *)copy.data;
		for (size_t i = 0; i < help.len; i++) {
			if (help.data[i] == '\\' && help.data[i + 1] != '"')
				*to++ = help.data[i++];
			else if (help.data[i] == '\\')
				i++;
			*to++ = help.data[i];
		}
		help = slice_make(copy.data, (size_t)(to - copy.data));
	}
	family->help = help;
	return at + 1;
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
	struct metric_family *family = current_family(parser);
	if (parser->builder.typed[parser->family])
		return FAIL(parser, at, at, "second TYPE line for metric name %s, or TYPE reported after samples",
			quote(family->name).text);
	const char *start = at;
	while (*at != '\n')
		at++;
	size_t len = (size_t)(at - start);
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		if (strlen(types[i].name) == len && strncasecmp(types[i].name, start, len) == 0) {
			if (at == parser->sentinel)
				return fail_at_end(parser);
			family->type = types[i].type;
			parser->builder.typed[parser->family] = true;
			/* Its samples' names may belong to other families now. */
			parser->name = (struct slice){0};
			return at + 1;
		}
	}
	return FAIL(parser, at, start, "unknown metric type %s", quote(slice_make(start, len)).text);
}

/* What follows a '#'. */
static const char *parse_comment(struct parser *parser, const char *at)
{
	const char *keyword = skip_blanks(at);
	at = skip_word(keyword);
	struct slice word = slice_make(keyword, (size_t)(at - keyword));
	bool help = slice_equal(word, (struct slice)SLICE_LITERAL("HELP"));
	if (*at == '\n' || (!help && !slice_equal(word, (struct slice)SLICE_LITERAL("TYPE")))) {
		while (*at != '\n')
			at++;
		return at == parser->sentinel ? fail_at_end(parser) : at + 1;
	}
	struct slice name;
	at = skip_blanks(at);
	at = parse_metric_name(parser, at, &name);
	if (at == NULL)
		return NULL;
	if (*at == '\n')
		return at == parser->sentinel ? fail_at_end(parser) : at + 1;
	if (!(classes[(unsigned char)*at] & BLANK) || name.len == 0)
		return FAIL(parser, at, at, "invalid metric name in comment");
	if (select_family(parser, name) == -1)
		return fail_memory(parser);
	at = skip_blanks(at);
	if (*at == '\n')
		return at == parser->sentinel ? fail_at_end(parser) : at + 1;
	return help ? parse_help(parser, at) : parse_type(parser, at);
}

/* A sample while it is read. */
struct sample {
	uint32_t first_label;
	uint32_t label_count;
	struct slice bound;	 /* the value of quantile or le; data is NULL where there is none */
	struct slice last_value; /* of the label read last */
};

/* What is unescaped for a message: at most what quote() shows. */
static struct quoted quote_value(struct slice escaped)
{
	char plain[QUOTED_SIZE];
	size_t len = 0;
	for (size_t i = 0; i < escaped.len && len < sizeof(plain); i++) {
		bool escape = escaped.data[i] == '\\' && i + 1 < escaped.len;
		i += escape;
		plain[len++] = escape && escaped.data[i] == 'n' ? '\n' : escaped.data[i];
	}
	return quote(slice_make(plain, len));
}

/* From behind the opening quote to behind the closing one. */
static const char *parse_label_value(struct parser *parser, const char *at, struct slice *value)
{
	const char *start = at;
	unsigned char seen = 0;
	for (;;) {
		while (!(classes[(unsigned char)*at] & VALUE_STOP))
			seen |= (unsigned char)*at++;
		if (*at == '"')
			break;
		if (*at == '\n')
			return FAIL(parser, at, at, "label value %s contains unescaped new-line",
				quote_value(slice_make(start, (size_t)(at - start))).text);
		at++;
		if (*at != '\\' && *at != 'n' && *at != '"')
			return FAIL(parser, at, at - 1, "invalid escape sequence '\\%s'", byte_name(*at).text);
		at++;
	}
	*value = slice_make(start, (size_t)(at - start));
	if (value->len > parser->limits->label_value)
		return fail_too_large(parser, start, "the label value is too long", parser->limits->label_value);
	if (seen >= 0x80 && !utf8_valid(*value))
		return FAIL(parser, at, start, "invalid label value %s",
			quote_value(slice_make(start, (size_t)(at - start))).text);
	return at + 1;
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

static const char *add_label(struct parser *parser, struct sample *sample, const char *at, struct slice name)
{
	struct exposition *exposition = parser->exposition;
	if (exposition_builder_reserve_label(&parser->builder) == -1)
		return fail_memory(parser);
	if (sample->label_count == parser->limits->labels)
		return fail_too_large(parser, name.data, "the sample has too many labels", parser->limits->labels);
	struct label *labels = exposition->labels + sample->first_label;
	uint32_t position;
	if (label_position(labels, sample->label_count, name, &position) == -1)
		return FAIL(parser, at, name.data, "duplicate label names for metric %s",
			quote(current_family(parser)->name).text);
	memmove(labels + position + 1, labels + position, (sample->label_count - position) * sizeof(*labels));
	at = skip_blanks(at);
	if (*at != '"')
		return FAIL(parser, at, at, "expected '\"' at start of label value, found %s", quote_byte(*at).text);
	at = parse_label_value(parser, at + 1, &labels[position].value);
	if (at == NULL)
		return NULL;
	labels[position].name = name;
	sample->last_value = labels[position].value;
	sample->label_count++;
	exposition->label_count++;
	return at;
}

/* quantile of a summary and le of a histogram are no labels of the metric. */
static const char *parse_bound(struct parser *parser, struct sample *sample, const char *at, struct slice name)
{
	if (sample->bound.data != NULL)
		return FAIL(parser, at, name.data, "duplicate label names for metric %s",
			quote(current_family(parser)->name).text);
	at = skip_blanks(at);
	if (*at != '"')
		return FAIL(parser, at, at, "expected '\"' at start of label value, found %s", quote_byte(*at).text);
	at = parse_label_value(parser, at + 1, &sample->bound);
	sample->last_value = sample->bound;
	return at;
}

static bool is_bound(enum metric_type type, struct slice name)
{
	return (type == METRIC_HISTOGRAM && slice_equal(name, (struct slice)SLICE_LITERAL("le"))) ||
	       (type == METRIC_SUMMARY && slice_equal(name, (struct slice)SLICE_LITERAL("quantile")));
}

/* One label, name to value. */
static const char *parse_label(struct parser *parser, struct sample *sample, const char *at)
{
	const struct metric_family *family = current_family(parser);
	struct slice name = {at, 0};
	if (classes[(unsigned char)*at] & NAME_START)
		at = skip_class(at, LABEL_NAME);
	name.len = (size_t)(at - name.data);
	if (name.len == 0)
		return FAIL(parser, at, at, "invalid label name for metric %s", quote(family->name).text);
	if (name.len > parser->limits->name)
		return fail_too_large(parser, name.data, "the label name is too long", parser->limits->name);
	at = skip_blanks(at);
	if (*at != '=')
		return FAIL(parser, at, at, "expected '=' after label name, found %s", quote_byte(*at).text);
	if (slice_equal(name, (struct slice)SLICE_LITERAL("__name__")))
		return FAIL(parser, at, name.data, "label name \"__name__\" is reserved");
	if (metric_type_is_distribution(family->type) && is_bound(family->type, name))
		return parse_bound(parser, sample, at + 1, name);
	return add_label(parser, sample, at + 1, name);
}

/* From behind the opening brace to the value. */
static const char *parse_labels(struct parser *parser, struct sample *sample, const char *at)
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
				quote_value(sample->last_value).text);
		at = after + 1;
	}
}

/* Puts a value where its name and labels say. The counts of a histogram may be fractions, those of a summary are cut
 * to integers, as in the upstream's data model; neither may be negative. 0, or -1 with the error filled. */
static int distribution_set(struct parser *parser, const struct sample *sample, const char *at, double value)
{
	const struct metric_family *family = current_family(parser);
	const char *type = metric_type_names[family->type];
	struct distribution *distribution =
		exposition_builder_distribution(&parser->builder, parser->family, sample->label_count, parser->line);
	if (distribution == NULL)
		return error_set_memory(parser->error);
	if (parser->role == SAMPLE_COUNT) {
		if (value < 0 || (family->type == METRIC_SUMMARY && !(value < 0x1p64)))
			return error_set_at(parser->error, ERROR_SYNTAX, parser->line, column_of(parser, at),
				"%s count for %s %s", value < 0 ? "negative" : "invalid", type,
				quote(family->name).text);
		if (distribution->has_count)
			return error_set_at(parser->error, ERROR_SYNTAX, parser->line, 1, "second count for %s %s",
				type, quote(family->name).text);
		distribution->has_count = true;
		distribution->count = family->type == METRIC_SUMMARY ? trunc(value) : value;
		return 0;
	}
	if (parser->role == SAMPLE_SUM) {
		if (distribution->has_sum)
			return error_set_at(parser->error, ERROR_SYNTAX, parser->line, 1, "second sum for %s %s", type,
				quote(family->name).text);
		distribution->has_sum = true;
		distribution->sum = value;
		return 0;
	}
	double bound = NAN;
	if (sample->bound.data != NULL && number_parse(sample->bound, &bound) == -1)
		return error_set_at(parser->error, ERROR_SYNTAX, parser->line, column_of(parser, sample->bound.data),
			"expected float as value for '%s' label, got %s",
			family->type == METRIC_SUMMARY ? "quantile" : "le", quote_value(sample->bound).text);
	if (isnan(bound))
		return 0;
	if (family->type == METRIC_HISTOGRAM && value < 0)
		return error_set_at(parser->error, ERROR_SYNTAX, parser->line, column_of(parser, at),
			"negative bucket population for histogram %s", quote(family->name).text);
	return exposition_builder_point(&parser->builder, distribution, bound, value, parser->line) == -1
		       ? error_set_memory(parser->error)
		       : 0;
}

/* The integer that expfmt's strconv.ParseInt takes. */
static bool is_integer(struct slice text)
{
	size_t i = text.len > 0 && (text.data[0] == '-' || text.data[0] == '+');
	if (i == text.len || text.len - i > 19)
		return false;
	for (; i < text.len; i++) {
		if (!(classes[(unsigned char)text.data[i]] & DIGIT))
			return false;
	}
	return true;
}

/* Behind a value that a blank follows. */
static const char *parse_timestamp(struct parser *parser, const char *at)
{
	const char *start = skip_blanks(at);
	at = skip_word(start);
	struct slice timestamp = slice_make(start, (size_t)(at - start));
	if (!is_integer(timestamp))
		return FAIL(parser, at, start, "expected integer as timestamp, got %s", quote(timestamp).text);
	const char *rest = at;
	while (*at != '\n')
		at++;
	if (at != rest)
		return FAIL(parser, at, rest, "spurious string after timestamp: %s",
			quote(slice_make(rest, (size_t)(at - rest))).text);
	if (parser->exposition->timestamp_line == 0) {
		parser->exposition->timestamp_line = parser->line;
		parser->exposition->timestamp_column = column_of(parser, start);
	}
	return at;
}

static const char *parse_value(struct parser *parser, const struct sample *sample, const char *at)
{
	double value;
	const char *start = at;
	at = skip_word(start);
	struct slice text = slice_make(start, (size_t)(at - start));
	if (number_parse(text, &value) == -1)
		return FAIL(parser, at, start, "expected float as value, got %s", quote(text).text);
	if (metric_type_is_distribution(current_family(parser)->type)) {
		if (distribution_set(parser, sample, start, value) == -1)
			return NULL;
	} else {
		if (exposition_builder_metric(&parser->builder, parser->family, sample->label_count, parser->line) ==
			-1)
			return fail_memory(parser);
		parser->exposition->metrics[parser->exposition->metric_count - 1].value = value;
	}
	if (*at != '\n')
		at = parse_timestamp(parser, at);
	if (at != NULL && at == parser->sentinel)
		return fail_at_end(parser);
	return at == NULL ? NULL : at + 1;
}

/* Whether the name of the line before comes again: most lines of an exposition save the search for their family so. */
static bool name_again(const struct parser *parser, const char *at)
{
	size_t len = parser->name.len;
	return len > 0 && len < (size_t)(parser->end - at) && memcmp(at, parser->name.data, len) == 0 &&
	       !(classes[(unsigned char)at[len]] & METRIC_NAME);
}

static const char *parse_sample(struct parser *parser, const char *at)
{
	const char *start = at;
	struct slice name;
	if (name_again(parser, at)) {
		at += parser->name.len;
	} else {
		at = parse_metric_name(parser, at, &name);
		if (at == NULL)
			return NULL;
		if (name.len == 0)
			return FAIL(parser, start, start, "invalid metric name");
		if (select_family(parser, name) == -1)
			return fail_memory(parser);
	}
	parser->builder.typed[parser->family] = true;
	struct sample sample = {.first_label = parser->exposition->label_count};
	at = skip_blanks(at);
	if (*at == '{') {
		at = parse_labels(parser, &sample, at + 1);
		if (at == NULL)
			return NULL;
	}
	return parse_value(parser, &sample, at);
}

/* One line. Returns the start of the next one, or NULL on failure. */
static const char *parse_line(struct parser *parser, const char *at)
{
	parser->line++;
	parser->line_start = at;
	at = skip_blanks(at);
	if (*at == '\n')
		return at + 1;
	return *at == '#' ? parse_comment(parser, at + 1) : parse_sample(parser, at);
}

static int parse_lines(struct parser *parser, struct slice text)
{
	const char *end = text.len == 0 ? text.data : memrchr(text.data, '\n', text.len);
	end = end == NULL ? text.data : text.len == 0 ? end : end + 1;
	const char *at = text.data;
	parser->end = end;
	while (at < end) {
		at = parse_line(parser, at);
		if (at == NULL)
			return -1;
	}
	size_t rest = text.len - (size_t)(end - text.data);
	if (rest == 0)
		return 0;
	char *tail = arena_alloc(&parser->exposition->arena, rest + 1);
	if (tail == NULL)
		return error_set_memory(parser->error);
	memcpy(tail, end, rest);
	tail[rest] = '\n';
	parser->sentinel = tail + rest;
	parser->end = tail + rest + 1;
	return parse_line(parser, tail) == NULL ? -1 : 0;
}

int exposition_parse(struct exposition *exposition, struct slice text, const struct limits *limits, struct error *error)
{
	struct parser parser = {.exposition = exposition, .limits = limits, .error = error};
	int status = -1;
	/* Indices have 32 bits, and no element takes less than a byte of input. */
	if (text.len > limits->body || text.len >= EXPOSITION_NONE)
		return error_set(error, ERROR_TOO_LARGE, "the exposition has %zu bytes, over the limit of %zu",
			text.len, limits->body);
	if (exposition_builder_init(&parser.builder, exposition) == -1) {
		error_set_memory(error);
		goto out;
	}
	status = parse_lines(&parser, text);
	if (status == 0)
		exposition_builder_finish(&parser.builder);
out:
	exposition_builder_release(&parser.builder);
	return status;
}
