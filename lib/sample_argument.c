#include "sample_argument.h"

#include "number.h"
#include "text.h"

/* The family of the sample, of its type. */
static int settle(struct parser *parser, const struct sample_argument *argument, struct slice name)
{
	if (parser_select_family(parser, name) == -1)
		return error_set_memory(parser->scanner.error);
	struct metric_family *family = parser_family(parser);
	bool *typed = &parser->builder.typed[parser->family];
	if (!slice_equal(family->name, name))
		return error_set(parser->scanner.error, ERROR_INCONSISTENT, "%s belongs to the %s %s", quote(name).text,
			metric_type_names[family->type], quote(family->name).text);
	if (*typed && family->type != argument->type)
		return error_set(parser->scanner.error, ERROR_INCONSISTENT, "%s has the type %s already, not %s",
			quote(name).text, metric_type_names[family->type], metric_type_names[argument->type]);
	family->type = argument->type;
	*typed = true;
	return 0;
}

/* In the escaped form of the format, without the blanks that it can't begin with; empty where nothing is left. */
static int escape_help(struct buffer *escaped, const char *plain)
{
	for (plain += strspn(plain, " \t"); *plain != '\0'; plain++) {
		if ((*plain == '\\' || *plain == '\n') && buffer_append_byte(escaped, '\\') == -1)
			return -1;
		if (buffer_append_byte(escaped, *plain == '\n' ? 'n' : *plain) == -1)
			return -1;
	}
	return 0;
}

static int set_help(struct parser *parser, const char *plain)
{
	struct metric_family *family = parser_family(parser);
	struct error *error = parser->scanner.error;
	struct buffer escaped;
	int result = -1;
	if (!utf8_valid(slice_of(plain)))
		return error_set(error, ERROR_USAGE, "the help text %s is not UTF-8", quote(slice_of(plain)).text);
	buffer_init(&escaped, parser->scanner.limits->body);
	if (escape_help(&escaped, plain) == -1) {
		result = error_set_growth(error, "the help text is larger than %zu bytes", escaped.max);
		goto out;
	}
	if (family->help.data != NULL) {
		result = slice_equal(family->help, buffer_slice(&escaped))
				 ? 0
				 : error_set(error, ERROR_INCONSISTENT, "%s has another help text already",
					   quote(family->name).text);
		goto out;
	}
	if (escaped.len > 0) {
		family->help = arena_copy(parser->scanner.arena, buffer_slice(&escaped));
		if (family->help.data == NULL) {
			result = error_set_memory(error);
			goto out;
		}
	}
	result = 0;
out:
	buffer_release(&escaped);
	return result;
}

/* The series, which ends in a newline: what stands before the value. */
static int parse_series(
	struct parser *parser, const struct sample_argument *argument, struct slice series, struct sample *sample)
{
	struct scanner *scanner = &parser->scanner;
	struct slice name;
	scanner->line_start = series.data;
	scanner->end = series.data + series.len;
	scanner->sentinel = scanner->end - 1;
	sample->name_in_braces = *series.data == '{';
	const char *at =
		parser_sample_name(parser, series.data + sample->name_in_braces, sample->name_in_braces, &name);
	if (at == NULL || settle(parser, argument, name) == -1)
		return -1;
	const char *labels = skip_blanks(at);
	if (sample->name_in_braces || *labels == '{')
		at = parser_labels(parser, sample, labels + !sample->name_in_braces);
	if (at == NULL)
		return -1;
	if (at != scanner->end - 1)
		return error_set(scanner->error, ERROR_USAGE, "unexpected %s behind the %s", quote_byte(*at).text,
			at[-1] == '}' ? "labels" : "name");
	return 0;
}

static int parse(struct parser *parser, const struct sample_argument *argument)
{
	struct error *error = parser->scanner.error;
	struct sample sample = {.first_label = parser->exposition->label_count};
	const char *equals = strrchr(argument->text, '=');
	double value;
	parser->name = (struct slice){0};
	parser->scanner.line++;
	if (equals == NULL || equals == argument->text)
		return error_set(error, ERROR_USAGE, "a sample is given as NAME=VALUE or NAME{LABELS}=VALUE");
	if (number_parse(slice_of(equals + 1), &value) == -1)
		return error_set(
			error, ERROR_USAGE, "expected float as value, got %s", quote(slice_of(equals + 1)).text);
	if (memchr(argument->text, '\n', (size_t)(equals - argument->text)) != NULL)
		return error_set(error, ERROR_USAGE, "a sample has no newlines, in label values they are \\n");
	struct slice series = slice_make(argument->text, (size_t)(equals - argument->text) + 1);
	series = arena_copy(parser->scanner.arena, series);
	if (series.data == NULL)
		return error_set_memory(error);
	((char *)series.data)[series.len - 1] = '\n';
	if (parse_series(parser, argument, series, &sample) == -1 ||
		parser_value(parser, &sample, series.data, value) == -1)
		return -1;
	return argument->help == NULL ? 0 : set_help(parser, argument->help);
}

int sample_argument_parse(struct parser *parser, const struct sample_argument *sample)
{
	struct error *error = parser->scanner.error;
	int result = parse(parser, sample);
	parser->name = (struct slice){0};
	if (result == 0 || error->kind == ERROR_MEMORY)
		return result;
	if (error->kind != ERROR_INCONSISTENT)
		error->kind = ERROR_USAGE;
	error->line = 0;
	return error_prefix(error, "%s: ", quote(slice_of(sample->text)).text);
}
