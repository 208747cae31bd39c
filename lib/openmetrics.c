#include "openmetrics.h"

#include "number.h"

static const struct slice eof_line = SLICE_LITERAL("# EOF");

/* The family that the last HELP, TYPE or UNIT line was about. */
struct family {
	struct slice name; /* as those lines have it; data is NULL before the first one */
	struct slice help; /* data is NULL where there was no HELP */
	unsigned type;	   /* index into the types */
	bool typed;	   /* there was a TYPE */
	bool united;	   /* there was a UNIT */
	bool sampled;	   /* there were samples */
	uint32_t line;	   /* of its first mention */
	uint32_t first;	   /* families of the exposition from here on are made from it */
};

struct reader {
	struct parser *parser;
	struct family family;
	struct slice name; /* of the last sample; data is NULL where it has to be looked up again */
	bool dropped;	   /* samples of that name are */
	bool left_out;	   /* there was something that format 0.0.4 can't say */
};

#define FAIL(reader, at, token, ...) SCAN_FAIL(&(reader)->parser->scanner, at, token, __VA_ARGS__)

enum { UNKNOWN, COUNTER, GAUGE, HISTOGRAM, GAUGE_HISTOGRAM, SUMMARY, INFO, STATE_SET, TYPES };

static const char *const type_names[TYPES] = {
	[UNKNOWN] = "unknown",
	[COUNTER] = "counter",
	[GAUGE] = "gauge",
	[HISTOGRAM] = "histogram",
	[GAUGE_HISTOGRAM] = "gaugehistogram",
	[SUMMARY] = "summary",
	[INFO] = "info",
	[STATE_SET] = "stateset",
};

/* What becomes of a sample by the type of its family and by what its name has behind the family's. A family of format
 * 0.0.4 is named like the sample, but for histograms and summaries, which have samples of several names. */
static const struct rule {
	unsigned type;
	const char *suffix;
	enum metric_type as;
	bool dropped;
} rules[] = {
	{UNKNOWN, "", METRIC_UNTYPED, false},
	{COUNTER, "_total", METRIC_COUNTER, false},
	{COUNTER, "", METRIC_COUNTER, false}, /* not allowed, but seen: TYPE x_total counter */
	{COUNTER, "_created", METRIC_UNTYPED, true},
	{GAUGE, "", METRIC_GAUGE, false},
	{HISTOGRAM, "_bucket", METRIC_HISTOGRAM, false},
	{HISTOGRAM, "_count", METRIC_HISTOGRAM, false},
	{HISTOGRAM, "_sum", METRIC_HISTOGRAM, false},
	{HISTOGRAM, "_created", METRIC_UNTYPED, true},
	{GAUGE_HISTOGRAM, "_bucket", METRIC_GAUGE, false},
	{GAUGE_HISTOGRAM, "_gcount", METRIC_GAUGE, false},
	{GAUGE_HISTOGRAM, "_gsum", METRIC_GAUGE, false},
	{SUMMARY, "", METRIC_SUMMARY, false},
	{SUMMARY, "_count", METRIC_SUMMARY, false},
	{SUMMARY, "_sum", METRIC_SUMMARY, false},
	{SUMMARY, "_created", METRIC_UNTYPED, true},
	{INFO, "_info", METRIC_GAUGE, false},
	{INFO, "", METRIC_GAUGE, false}, /* likewise */
	{STATE_SET, "", METRIC_GAUGE, false},
};

bool openmetrics_is(struct slice text)
{
	if (text.len > 0 && text.data[text.len - 1] == '\n')
		text.len--;
	return slice_has_suffix(text, eof_line) &&
	       (text.len == eof_line.len || text.data[text.len - eof_line.len - 1] == '\n');
}

static const struct rule *find_rule(const struct family *family, struct slice name)
{
	if (family->name.data == NULL || !slice_has_prefix(name, family->name))
		return NULL;
	struct slice suffix = slice_make(name.data + family->name.len, name.len - family->name.len);
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		if (rules[i].type == family->type && slice_is(suffix, rules[i].suffix))
			return &rules[i];
	}
	return NULL;
}

/* Gives the current family of the exposition the type and the help. */
static const char *settle(struct reader *reader, const struct rule *rule, struct slice name, const char *at)
{
	struct parser *parser = reader->parser;
	struct metric_family *family = parser_family(parser);
	bool *typed = &parser->builder.typed[parser->family];
	if (!slice_equal(family->name, name))
		return FAIL(reader, at, at, "the name %s belongs to the %s %s", quote(name).text,
			metric_type_names[family->type], quote(family->name).text);
	if (*typed && parser->family < reader->family.first && reader->family.typed)
		return FAIL(reader, at, at, "second TYPE line for metric name %s, or TYPE reported after samples",
			quote(name).text);
	if (!*typed) {
		family->type = rule->as;
		family->line = reader->family.line;
		*typed = true;
	}
	if (family->help.data == NULL)
		family->help = reader->family.help;
	return at;
}

/* Finds out what the samples of a name are. `at` is where it stands. */
static const char *resolve(struct reader *reader, struct slice name, const char *at)
{
	struct parser *parser = reader->parser;
	struct family *family = &reader->family;
	const struct rule *rule = find_rule(family, name);
	family->sampled |= rule != NULL;
	if (rule == NULL && family->name.data != NULL && slice_equal(name, family->name))
		return FAIL(reader, at, at, "a metric of type %s has no sample with the name %s itself",
			type_names[family->type], quote(name).text);
	parser->name = (struct slice){0};
	bool shared = rule != NULL && metric_type_is_distribution(rule->as);
	if (shared && parser_select_family(parser, family->name) == -1)
		return scan_fail_memory(&parser->scanner);
	if (shared && settle(reader, rule, family->name, at) == NULL)
		return NULL;
	if (parser_select_family(parser, name) == -1)
		return scan_fail_memory(&parser->scanner);
	if (rule != NULL && !shared && !rule->dropped && settle(reader, rule, name, at) == NULL)
		return NULL;
	reader->name = name;
	reader->dropped = rule != NULL && rule->dropped;
	return at;
}

/* Makes the family of a HELP, TYPE or UNIT line the one that is being read. */
static const char *begin_family(struct reader *reader, struct slice name, const char *at, const char *token)
{
	struct family *family = &reader->family;
	reader->name = (struct slice){0};
	if (family->name.data == NULL || !slice_equal(family->name, name))
		*family = (struct family){.name = name,
			.line = reader->parser->scanner.line,
			.first = reader->parser->exposition->family_count};
	if (family->sampled)
		return FAIL(
			reader, at, token, "HELP, TYPE or UNIT of metric name %s after its samples", quote(name).text);
	return at;
}

static const char *read_type(struct reader *reader, const char *at)
{
	struct family *family = &reader->family;
	const char *start = at;
	while (*at != '\n')
		at++;
	struct slice word = slice_make(start, (size_t)(at - start));
	if (family->typed)
		return FAIL(reader, at, start, "second TYPE line for metric name %s", quote(family->name).text);
	for (unsigned i = 0; i < TYPES; i++) {
		if (slice_is(word, type_names[i])) {
			family->type = i;
			family->typed = true;
			return at;
		}
	}
	return FAIL(reader, at, start, "unknown metric type %s", quote(word).text);
}

static const char *read_help(struct reader *reader, const char *at)
{
	struct family *family = &reader->family;
	if (family->help.data != NULL)
		return FAIL(reader, at, at, "second HELP line for metric name %s", quote(family->name).text);
	return scan_help(&reader->parser->scanner, at, family->name, &family->help);
}

static const char *read_unit(struct reader *reader, const char *at)
{
	struct family *family = &reader->family;
	const char *start = at;
	while (*at != '\n')
		at++;
	struct slice unit = slice_make(start, (size_t)(at - start)), name = family->name;
	if (family->united)
		return FAIL(reader, at, start, "second UNIT line for metric name %s", quote(name).text);
	family->united = true;
	if (name.len <= unit.len || !slice_has_suffix(name, unit) || name.data[name.len - unit.len - 1] != '_')
		return FAIL(reader, at, start, "the metric name %s does not end in its unit %s", quote(name).text,
			quote(unit).text);
	return at;
}

/* What follows a '#' at the start of a line, up to the newline. */
static const char *read_comment(struct reader *reader, const char *at)
{
	static const struct {
		const char *keyword;
		const char *(*read)(struct reader *reader, const char *at);
	} keywords[] = {{"HELP", read_help}, {"TYPE", read_type}, {"UNIT", read_unit}};
	const char *start = skip_blanks(at);
	struct slice word;
	at = scan_word(&reader->parser->scanner, start, &word);
	for (size_t i = 0; i < sizeof(keywords) / sizeof(keywords[0]); i++) {
		if (!slice_is(word, keywords[i].keyword))
			continue;
		struct slice name;
		start = skip_blanks(at);
		at = scan_metric_name(&reader->parser->scanner, start, &name);
		if (at == NULL)
			return NULL;
		if (name.len == 0 || !byte_is(*at, BLANK | LINE_END))
			return FAIL(reader, at, at, "invalid metric name in comment");
		if (begin_family(reader, name, at, start) == NULL)
			return NULL;
		at = skip_blanks(at);
		return *at == '\n' ? at : keywords[i].read(reader, at);
	}
	if (slice_equal(
		    slice_make(reader->parser->scanner.line_start, (size_t)(at - reader->parser->scanner.line_start)),
		    eof_line) &&
		*at == '\n')
		return FAIL(reader, at, reader->parser->scanner.line_start, "unexpected text after \"# EOF\"");
	return skip_line(at);
}

/* The labels of an exemplar are checked like those of a sample; the line ends behind it. */
static const char *skip_exemplar(struct reader *reader, const char *at)
{
	struct exposition *exposition = reader->parser->exposition;
	struct sample exemplar = {.first_label = exposition->label_count};
	double number;
	reader->left_out = true;
	at = skip_blanks(at);
	if (*at != '{')
		return FAIL(reader, at, at, "expected '{' at start of exemplar, found %s", quote_byte(*at).text);
	at = parser_labels(reader->parser, &exemplar, at + 1);
	exposition->label_count = exemplar.first_label;
	for (int i = 0; i < 2 && at != NULL && (i == 0 || *at != '\n'); i++) {
		const char *start = at;
		struct slice text;
		at = scan_word(&reader->parser->scanner, start, &text);
		if (number_parse(text, &number) == -1)
			return FAIL(reader, at, start, "expected float as %s of exemplar, got %s",
				i == 0 ? "value" : "timestamp", quote(text).text);
		at = skip_blanks(at);
	}
	if (at != NULL && *at != '\n')
		return FAIL(reader, at, at, "spurious string after exemplar: %s",
			quote(slice_make(at, (size_t)(skip_line(at) - at))).text);
	return at;
}

/* Behind a value and the blanks there: a timestamp, an exemplar, both or none. */
static const char *read_rest(struct reader *reader, const char *at)
{
	double timestamp;
	if (*at != '\n' && *at != '#') {
		const char *start = at;
		struct slice text;
		at = scan_word(&reader->parser->scanner, start, &text);
		if (number_parse(text, &timestamp) == -1)
			return FAIL(reader, at, start, "expected float as timestamp, got %s", quote(text).text);
		if (!reader->dropped)
			parser_timestamp(reader->parser, start);
		at = skip_blanks(at);
	}
	if (*at == '#')
		return skip_exemplar(reader, at + 1);
	if (*at != '\n')
		return FAIL(reader, at, at, "spurious string after timestamp: %s",
			quote(slice_make(at, (size_t)(skip_line(at) - at))).text);
	return at;
}

static const char *read_value(struct reader *reader, const struct sample *sample, const char *at)
{
	double value;
	const char *start = at;
	struct slice text;
	at = scan_word(&reader->parser->scanner, start, &text);
	if (number_parse(text, &value) == -1)
		return FAIL(reader, at, start, "expected float as value, got %s", quote(text).text);
	reader->left_out |= reader->dropped;
	if (reader->dropped)
		reader->parser->exposition->label_count = sample->first_label;
	else if (parser_value(reader->parser, sample, start, value) == -1)
		return NULL;
	return read_rest(reader, skip_blanks(at));
}

static const char *read_sample(struct reader *reader, const char *at)
{
	struct parser *parser = reader->parser;
	struct sample sample = {.first_label = parser->exposition->label_count, .name_in_braces = *at == '{'};
	struct slice name;
	const char *start = sample.name_in_braces ? skip_blanks(at + 1) : at;
	at = parser_sample_name(parser, start, sample.name_in_braces, &name);
	if (at == NULL)
		return NULL;
	if ((reader->name.data == NULL || !slice_equal(name, reader->name)) && resolve(reader, name, start) == NULL)
		return NULL;
	parser->builder.typed[parser->family] = true;
	at = skip_blanks(at);
	if (sample.name_in_braces || *at == '{') {
		at = parser_labels(parser, &sample, at + !sample.name_in_braces);
		if (at == NULL)
			return NULL;
	}
	return read_value(reader, &sample, at);
}

int openmetrics_parse(struct parser *parser, struct slice text, bool *left_out)
{
	struct reader reader = {.parser = parser};
	struct scanner *scanner = &parser->scanner;
	if (parser_check_size(parser, text) == -1)
		return -1;
	/* What stands before the last line ends in a newline. */
	const char *at = text.data;
	scanner->end = text.data + text.len - eof_line.len - (text.data[text.len - 1] == '\n');
	scanner->sentinel = NULL;
	while (at < scanner->end) {
		scanner->line++;
		scanner->line_start = at;
		at = skip_blanks(at);
		if (*at == '#')
			at = read_comment(&reader, at + 1);
		else if (*at != '\n')
			at = read_sample(&reader, at);
		if (at == NULL)
			return -1;
		at++;
	}
	scanner->line++;
	parser->name = (struct slice){0};
	*left_out |= reader.left_out;
	return 0;
}
