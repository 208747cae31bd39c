/*
 * The lines of samples that are like the one before, which are most: their labels and numbers are put into the
 * exposition right here. Whatever is unusual about a line is left to the parser, which reads it again from its start.
 */
#include "exposition_parse.h"
#include "line_number.h"
#include "number.h"

/* The number of a line. Returns the newline behind it, or NULL where something else follows. */
static const char *read_number(const struct scanner *scanner, const char *at, double *value, bool *canonical)
{
	/* Most samples are 0 or 1. */
	if (at[1] == '\n' && byte_is(at[0], DIGIT)) {
		*value = at[0] - '0';
		*canonical = true;
		return at + 1;
	}
	const char *newline = line_number_parse(at, value, canonical);
	if (newline != NULL)
		return newline;
	struct slice text;
	*canonical = false;
	at = scan_word(scanner, at, &text);
	return *at != '\n' || number_parse(text, value) == -1 ? NULL : at;
}

const char *parser_alike_lines(struct parser *parser, const char *at)
{
	struct exposition *exposition = parser->exposition;
	const struct line_form *form = &parser->form;
	bool distribution = metric_type_is_distribution(parser_family(parser)->type);
	struct sample sample = {.label_count = form->label_count};
	while (at < parser->alike_end) {
		double value;
		bool canonical;
		if (exposition_builder_reserve_labels(&parser->builder, form->label_count + 1) == -1)
			return at;
		const char *number = line_form_match(form, at, parser->scanner.limits->label_value,
			exposition->labels + exposition->label_count, &sample.bound);
		const char *end = number == NULL ? NULL : read_number(&parser->scanner, number, &value, &canonical);
		if (end == NULL)
			return at;
		parser->scanner.line++;
		parser->scanner.line_start = at;
		exposition->label_count += form->label_count;
		if (distribution) {
			if (parser_value(parser, &sample, number, value) == -1)
				return NULL;
		} else {
			struct metric *metric = exposition_builder_metric(
				&parser->builder, parser->family, form->label_count, parser->scanner.line);
			if (metric == NULL)
				return scan_fail_memory(&parser->scanner);
			metric->alike = true;
			metric->value = value;
			if (canonical && form->label_count > 0) {
				const struct label *first = &exposition->labels[metric->first_label];
				metric->number_len = (uint8_t)(end - number);
				metric->number_distance = (uint32_t)(number - first->value.data);
			}
		}
		at = end + 1;
	}
	return at;
}
