#include "exposition_scanner.h"

#include <stdio.h>
#include <string.h>

#include "names.h"

const unsigned char byte_classes[256] = {
	[' '] = BLANK,
	['\t'] = BLANK,
	['\n'] = LINE_END,
	[':'] = NAME_COLON,
	['_'] = NAME_START,
	['0' ... '9'] = DIGIT,
	['A' ... 'Z'] = NAME_START,
	['a' ... 'z'] = NAME_START,
};

const char *scan_fail_at_end(struct scanner *scanner)
{
	error_set_at(scanner->error, ERROR_SYNTAX, scanner->line, scan_column(scanner, scanner->sentinel),
		"unexpected end of input stream");
	return NULL;
}

const char *scan_fail_memory(struct scanner *scanner)
{
	error_set_memory(scanner->error);
	return NULL;
}

static const char *fail_too_large(struct scanner *scanner, const char *at, const char *what, size_t limit)
{
	error_set_at(scanner->error, ERROR_TOO_LARGE, scanner->line, scan_column(scanner, at),
		"the %s is too long, over the limit of %zu", what, limit);
	return NULL;
}

struct quoted quote_byte(char byte)
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

static bool is_escape(char byte)
{
	return byte == '\\' || byte == 'n' || byte == '"';
}

static const char *fail_escape(struct scanner *scanner, const char *at)
{
	return SCAN_FAIL(scanner, at, at - 1, "invalid escape sequence '\\%s'", byte_name(*at).text);
}

/* What is unescaped for a message: at most what quote() shows. */
struct quoted quote_escaped(struct slice escaped)
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

/* A text in quotes, from behind the opening one to behind the closing one. */
static const char *scan_quoted(
	struct scanner *scanner, const char *at, const char *what, struct slice *escaped, bool *beyond_ascii)
{
	const char *start = at;
	*beyond_ascii = false;
	for (;;) {
		at = skip_plain(at, scanner->end, beyond_ascii);
		if (*at == '"')
			break;
		if (*at == '\n')
			return SCAN_FAIL(scanner, at, at, "%s %s contains unescaped new-line", what,
				quote_escaped(slice_make(start, (size_t)(at - start))).text);
		at++;
		if (!is_escape(*at))
			return fail_escape(scanner, at);
		at++;
	}
	*escaped = slice_make(start, (size_t)(at - start));
	return at + 1;
}

const char *scan_label_value(struct scanner *scanner, const char *at, struct slice *value)
{
	const char *start = at;
	bool beyond_ascii;
	at = scan_quoted(scanner, at, "label value", value, &beyond_ascii);
	if (at == NULL)
		return NULL;
	if (value->len > scanner->limits->label_value)
		return fail_too_large(scanner, start, "label value", scanner->limits->label_value);
	if (beyond_ascii && !utf8_valid(*value))
		return SCAN_FAIL(scanner, at, start, "invalid label value %s", quote_escaped(*value).text);
	return at;
}

/* A name in quotes, unescaped: a slice of the input where it has no escapes. */
static const char *scan_quoted_name(struct scanner *scanner, const char *at, const char *what, struct slice *name)
{
	struct slice escaped;
	bool beyond_ascii;
	at = scan_quoted(scanner, at, what, &escaped, &beyond_ascii);
	if (at == NULL)
		return NULL;
	*name = escaped;
	if (memchr(escaped.data, '\\', escaped.len) == NULL)
		return at;
	char *plain = arena_alloc(scanner->arena, escaped.len);
	if (plain == NULL)
		return scan_fail_memory(scanner);
	size_t len = 0;
	for (size_t i = 0; i < escaped.len; i++) {
		bool escape = escaped.data[i] == '\\';
		i += escape;
		plain[len++] = escape && escaped.data[i] == 'n' ? '\n' : escaped.data[i];
	}
	*name = slice_make(plain, len);
	return at;
}

/* Both kinds of names: `first` is the class of their first byte outside quotes. */
static const char *scan_name(
	struct scanner *scanner, const char *at, unsigned first, const char *what, struct slice *name)
{
	const char *start = at;
	if (*at == '"') {
		at = scan_quoted_name(scanner, at + 1, what, name);
		if (at == NULL)
			return NULL;
		bool legacy = first & NAME_COLON ? metric_name_is_legacy(*name) : label_name_valid(*name);
		if (!legacy && !(scanner->limits->utf8_names && name_is_utf8(*name)))
			return SCAN_FAIL(scanner, at, start, "invalid %s %s", what, quote(*name).text);
		scanner->quoted_names |= !legacy;
	} else {
		if (byte_is(*at, first))
			at = skip_name(at + 1, scanner->end, (first & NAME_COLON) != 0);
		*name = slice_make(start, (size_t)(at - start));
	}
	if (name->len > scanner->limits->name)
		return fail_too_large(scanner, start, what, scanner->limits->name);
	return at;
}

const char *scan_metric_name(struct scanner *scanner, const char *at, struct slice *name)
{
	return scan_name(scanner, at, NAME_START | NAME_COLON, "metric name", name);
}

const char *scan_label_name(struct scanner *scanner, const char *at, struct slice *name)
{
	return scan_name(scanner, at, NAME_START, "label name", name);
}

/* Takes the escape out of \", which needs none in a HELP text. */
static int unescape_quotes(struct scanner *scanner, struct slice *help)
{
	struct slice copy = arena_copy(scanner->arena, *help);
	if (copy.data == NULL)
		return -1;
	char *to = (char *)copy.data;
	for (size_t i = 0; i < help->len; i++) {
		if (help->data[i] == '\\' && help->data[i + 1] != '"')
			*to++ = help->data[i++];
		else if (help->data[i] == '\\')
			i++;
		*to++ = help->data[i];
	}
	*help = slice_make(copy.data, (size_t)(to - copy.data));
	return 0;
}

const char *scan_help(struct scanner *scanner, const char *at, struct slice name, struct slice *help)
{
	const char *start = at;
	bool quotes = false;
	for (; *at != '\n'; at++) {
		if (*at != '\\')
			continue;
		at++;
		if (!is_escape(*at))
			return fail_escape(scanner, at);
		quotes |= *at == '"';
	}
	*help = slice_make(start, (size_t)(at - start));
	if (at == scanner->sentinel)
		return scan_fail_at_end(scanner);
	if (!utf8_valid(*help))
		return SCAN_FAIL(scanner, at, start, "the HELP text for metric name %s is not UTF-8", quote(name).text);
	return quotes && unescape_quotes(scanner, help) == -1 ? scan_fail_memory(scanner) : at;
}
