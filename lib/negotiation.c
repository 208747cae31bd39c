#include "negotiation.h"

#include <string.h>
#include <strings.h>

/* Weights are counted in thousandths, as RFC 9110 has three decimals. */
#define WEIGHT_MAX 1000

/* ---- elements of a list and their parameters ---- */

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static struct slice trim(struct slice text)
{
	while (text.len > 0 && is_blank(text.data[0]))
		text = slice_make(text.data + 1, text.len - 1);
	while (text.len > 0 && is_blank(text.data[text.len - 1]))
		text.len--;
	return text;
}

/* Takes what stands before the separator, or all, off the front of *rest. A separator in a quoted string is none; an
 * open quote goes up to the end. */
static struct slice take(struct slice *rest, char separator)
{
	bool quoted = false;
	size_t i = 0;
	for (; i < rest->len && (quoted || rest->data[i] != separator); i++) {
		if (rest->data[i] == '"')
			quoted = !quoted;
		else if (quoted && rest->data[i] == '\\' && i + 1 < rest->len)
			i++;
	}
	struct slice taken = slice_make(rest->data, i);
	size_t used = i < rest->len ? i + 1 : i;
	*rest = slice_make(rest->data + used, rest->len - used);
	return trim(taken);
}

static bool is_same_word(struct slice text, const char *word)
{
	return text.len == strlen(word) && strncasecmp(text.data, word, text.len) == 0;
}

struct parameter {
	struct slice name;
	struct slice value; /* without quotes; escapes in it stay, as nothing that is looked for has one */
};

static bool take_parameter(struct slice *rest, struct parameter *parameter)
{
	if (rest->len == 0)
		return false;
	struct slice value = take(rest, ';');
	parameter->name = take(&value, '=');
	value = trim(value);
	if (value.len >= 2 && value.data[0] == '"' && value.data[value.len - 1] == '"')
		value = slice_make(value.data + 1, value.len - 2);
	parameter->value = value;
	return true;
}

static size_t count_digits(struct slice text)
{
	size_t i = 0;
	while (i < text.len && text.data[i] >= '0' && text.data[i] <= '9')
		i++;
	return i;
}

/* A decimal fraction with an optional point and with more digits than RFC 9110 allows, as Java's ".2"; above 1 it is 1.
 * What is no weight is 0: not acceptable. */
static unsigned parse_weight(struct slice text)
{
	size_t whole = count_digits(text);
	struct slice decimals = slice_make(text.data + whole, text.len - whole);
	if (decimals.len > 0 && decimals.data[0] == '.')
		decimals = slice_make(decimals.data + 1, decimals.len - 1);
	else if (decimals.len > 0)
		return 0;
	if (count_digits(decimals) != decimals.len || whole + decimals.len == 0)
		return 0;
	for (size_t i = 0; i < whole; i++)
		if (text.data[i] != '0')
			return WEIGHT_MAX;
	unsigned weight = 0;
	for (size_t i = 0; i < 3; i++)
		weight = weight * 10 + (i < decimals.len ? (unsigned)(decimals.data[i] - '0') : 0);
	return weight;
}

/* ---- Accept ---- */

static const struct {
	const char *media_type;
	const char *version; /* NULL: the media type has none */
	bool is_default_version;
	const char *proto, *encoding;
	const char *content_types[ESCAPING_SCHEME_COUNT];
} formats[] = {
#define CONTENT_TYPES(start)                                                                                           \
	{                                                                                                              \
		[ESCAPING_NONE] = start "; escaping=allow-utf-8",                                                      \
		[ESCAPING_UNDERSCORES] = start "; escaping=underscores", [ESCAPING_DOTS] = start "; escaping=dots",    \
		[ESCAPING_VALUES] = start "; escaping=values",                                                         \
	}
	[FORMAT_TEXT_0_0_4] = {"text/plain", "0.0.4", true, NULL, NULL,
		CONTENT_TYPES("text/plain; version=0.0.4; charset=utf-8")},
	[FORMAT_TEXT_1_0_0] = {"text/plain", "1.0.0", false, NULL, NULL,
		CONTENT_TYPES("text/plain; version=1.0.0; charset=utf-8")},
	[FORMAT_PROTOBUF] = {"application/vnd.google.protobuf", NULL, false, "io.prometheus.client.MetricFamily",
		"delimited",
		CONTENT_TYPES("application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; "
			      "encoding=delimited")},
#undef CONTENT_TYPES
};

#define FORMAT_COUNT (sizeof(formats) / sizeof(formats[0]))

struct accept_element {
	struct slice media_type;
	unsigned weight;
	struct slice version, proto, encoding;
	bool has_escaping;
	enum escaping_scheme escaping;
};

static struct accept_element parse_accept_element(struct slice text)
{
	struct accept_element element = {.media_type = take(&text, ';'), .weight = WEIGHT_MAX};
	struct parameter parameter;
	while (take_parameter(&text, &parameter)) {
		if (is_same_word(parameter.name, "q"))
			element.weight = parse_weight(parameter.value);
		else if (is_same_word(parameter.name, "version"))
			element.version = parameter.value;
		else if (is_same_word(parameter.name, "proto"))
			element.proto = parameter.value;
		else if (is_same_word(parameter.name, "encoding"))
			element.encoding = parameter.value;
		else if (is_same_word(parameter.name, "escaping"))
			element.has_escaping |= escaping_scheme_parse(parameter.value, &element.escaping);
	}
	return element;
}

static bool is_format(const struct accept_element *element, size_t format)
{
	if (!is_same_word(element->media_type, formats[format].media_type))
		return false;
	if (formats[format].version != NULL && !slice_is(element->version, formats[format].version) &&
		!(formats[format].is_default_version && element->version.len == 0))
		return false;
	return formats[format].proto == NULL || (slice_is(element->proto, formats[format].proto) &&
							slice_is(element->encoding, formats[format].encoding));
}

static size_t find_format(const struct accept_element *element)
{
	size_t format = 0;
	while (format < FORMAT_COUNT && !is_format(element, format))
		format++;
	return format;
}

/* The weight that the chosen element has and what is left of the header behind it; weight 0 and nothing left where no
 * element names a format. */
static unsigned choose_format(struct slice accept, enum exposition_format *chosen, struct slice *behind)
{
	unsigned highest = 0;
	*behind = slice_make(accept.data, 0);
	while (accept.len > 0) {
		struct accept_element element = parse_accept_element(take(&accept, ','));
		size_t format = find_format(&element);
		if (element.weight > highest && format < FORMAT_COUNT) {
			highest = element.weight;
			*chosen = (enum exposition_format)format;
			*behind = accept;
		}
	}
	return highest;
}

/* Of the elements before or at the chosen one in the order of preference, the last with a known escaping decides. */
static enum escaping_scheme choose_escaping(struct slice accept, unsigned chosen_weight, size_t behind_chosen)
{
	enum escaping_scheme escaping = ESCAPING_UNDERSCORES;
	unsigned lowest = WEIGHT_MAX + 1;
	while (accept.len > 0) {
		struct accept_element element = parse_accept_element(take(&accept, ','));
		bool preferred = element.weight > chosen_weight ||
				 (element.weight == chosen_weight && accept.len >= behind_chosen);
		if (preferred && element.weight > 0 && element.weight <= lowest && element.has_escaping) {
			lowest = element.weight;
			escaping = element.escaping;
		}
	}
	return escaping;
}

struct negotiated negotiate_format(struct slice accept)
{
	struct negotiated negotiated = {.format = FORMAT_TEXT_0_0_4};
	struct slice behind;
	unsigned weight = choose_format(accept, &negotiated.format, &behind);
	negotiated.escaping = choose_escaping(accept, weight, behind.len);
	return negotiated;
}

const char *negotiated_content_type(struct negotiated negotiated)
{
	return formats[negotiated.format].content_types[negotiated.escaping];
}

/* ---- Accept-Encoding ---- */

#define WEIGHT_NONE (-1)

static int weight_of_coding(struct slice parameters)
{
	int weight = WEIGHT_MAX;
	struct parameter parameter;
	while (take_parameter(&parameters, &parameter))
		if (is_same_word(parameter.name, "q"))
			weight = (int)parse_weight(parameter.value);
	return weight;
}

bool negotiate_gzip(struct slice accept_encoding)
{
	int gzip = WEIGHT_NONE, identity = WEIGHT_NONE, any = WEIGHT_NONE;
	const struct {
		const char *name;
		int *weight;
	} codings[] = {{"gzip", &gzip}, {"x-gzip", &gzip}, {"identity", &identity}, {"*", &any}};

	while (accept_encoding.len > 0) {
		struct slice element = take(&accept_encoding, ',');
		struct slice name = take(&element, ';');
		int weight = weight_of_coding(element);
		for (size_t i = 0; i < sizeof(codings) / sizeof(codings[0]); i++)
			if (is_same_word(name, codings[i].name) && weight > *codings[i].weight)
				*codings[i].weight = weight;
	}
	if (gzip == WEIGHT_NONE)
		gzip = any;
	if (identity == WEIGHT_NONE)
		identity = any;
	return gzip > 0 && gzip > identity;
}
