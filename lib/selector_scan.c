#include "selector_scan.h"

#include <stdint.h>

static int fail_at(size_t at, const char *what, struct error *error)
{
	return error_set(error, ERROR_USAGE, "column %zu: %s", at + 1, what);
}

/* The byte there; -1 behind the end. */
static int peek(const struct selector_scan *scan)
{
	return scan->at < scan->text.len ? (unsigned char)scan->text.data[scan->at] : -1;
}

static void skip_blanks(struct selector_scan *scan)
{
	while (peek(scan) == ' ' || peek(scan) == '\t' || peek(scan) == '\n' || peek(scan) == '\r')
		scan->at++;
}

static bool is_quote(int byte)
{
	return byte == '"' || byte == '\'' || byte == '`';
}

/* Which letter escapes which byte. */
static const char escape_letters[] = "abfnrtv\\";
static const char escape_bytes[] = "\a\b\f\n\r\t\v\\";

/* Escapes with the number of a byte or a character. Octal ones have no letter. */
static const struct numeric_escape {
	int letter;
	unsigned digits;
	unsigned base;
	bool is_character;
} numeric_escapes[] = {{'x', 2, 16, false}, {'u', 4, 16, true}, {'U', 8, 16, true}, {0, 3, 8, false}};

static const struct numeric_escape *find_numeric(int byte)
{
	if (byte >= '0' && byte <= '7')
		return &numeric_escapes[3];
	for (size_t i = 0; i < 3; i++)
		if (byte == numeric_escapes[i].letter)
			return &numeric_escapes[i];
	return NULL;
}

static unsigned digit_of(int byte)
{
	if (byte >= '0' && byte <= '9')
		return (unsigned)(byte - '0');
	if (byte >= 'a' && byte <= 'f')
		return (unsigned)(byte - 'a' + 10);
	return byte >= 'A' && byte <= 'F' ? (unsigned)(byte - 'A' + 10) : UINT32_MAX;
}

static char *put_character(char *to, uint32_t character)
{
	static const unsigned char leads[] = {0, 0xc0, 0xe0, 0xf0};
	unsigned more = (character >= 0x80) + (character >= 0x800) + (character >= 0x10000);
	*to++ = (char)(leads[more] | character >> 6 * more);
	while (more-- > 0)
		*to++ = (char)(0x80 | (character >> 6 * more & 0x3f));
	return to;
}

/* Reads the digits of an escape, the letter being read. */
static int unescape_number(
	struct selector_scan *scan, const struct numeric_escape *escape, char **to, struct error *error)
{
	uint32_t number = 0;
	size_t start = scan->at;
	for (unsigned i = 0; i < escape->digits; i++, scan->at++) {
		unsigned digit = digit_of(peek(scan));
		if (digit >= escape->base)
			return fail_at(scan->at, "a digit of the escape is missing", error);
		number = number * escape->base + digit;
	}
	if (!escape->is_character && number > UINT8_MAX)
		return fail_at(start, "the escape is no byte", error);
	if (escape->is_character && (number > 0x10ffff || (number >= 0xd800 && number <= 0xdfff)))
		return fail_at(start, "the escape is no character", error);
	if (escape->is_character)
		*to = put_character(*to, number);
	else
		*(*to)++ = (char)number;
	return 0;
}

/* Reads an escape, the backslash being read. It is never shorter than what it stands for. */
static int unescape(struct selector_scan *scan, int quote, char **to, struct error *error)
{
	int byte = peek(scan);
	const char *letter = byte > 0 ? strchr(escape_letters, byte) : NULL;
	const struct numeric_escape *numeric = find_numeric(byte);
	if (numeric != NULL) {
		scan->at += numeric->letter != 0;
		return unescape_number(scan, numeric, to, error);
	}
	if (byte == -1 || (letter == NULL && byte != quote))
		return fail_at(scan->at - 1, "unknown escape sequence", error);
	*(*to)++ = letter != NULL ? escape_bytes[letter - escape_letters] : (char)quote;
	scan->at++;
	return 0;
}

/* How long the string is that begins here, with its quotes; at least 2. */
static size_t measure_string(const struct selector_scan *scan)
{
	size_t end = scan->at + 1;
	char quote = scan->text.data[scan->at];
	while (end < scan->text.len && scan->text.data[end] != quote)
		end += scan->text.data[end] == '\\' && quote != '`' ? 2 : 1;
	return end + 1 - scan->at;
}

static int scan_string(struct selector_scan *scan, struct slice *string, struct error *error)
{
	size_t start = scan->at;
	int quote = peek(scan);
	char *copy = arena_alloc(scan->arena, measure_string(scan)), *to = copy;
	if (copy == NULL)
		return error_set_memory(error);
	for (scan->at++; peek(scan) != quote;) {
		int byte = peek(scan);
		if (byte == -1 || (byte == '\n' && quote != '`'))
			return fail_at(start, "the string has no end", error);
		scan->at++;
		if (byte != '\\' || quote == '`')
			*to++ = (char)byte;
		else if (unescape(scan, quote, &to, error) == -1)
			return -1;
	}
	scan->at++;
	*to = '\0';
	*string = slice_make(copy, (size_t)(to - copy));
	return 0;
}

static bool is_name_byte(int byte, bool first)
{
	return byte == '_' || (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
	       (!first && byte >= '0' && byte <= '9');
}

static int scan_name(struct selector_scan *scan, struct slice *name, struct error *error)
{
	size_t start = scan->at;
	if (is_quote(peek(scan))) {
		if (scan_string(scan, name, error) == -1)
			return -1;
		return name->len > 0 ? 0 : fail_at(start, "the name of a label is empty", error);
	}
	while (is_name_byte(peek(scan), scan->at == start))
		scan->at++;
	if (scan->at == start)
		return fail_at(start, "expected the name of a label", error);
	*name = arena_copy(scan->arena, slice_make(scan->text.data + start, scan->at - start));
	return name->data != NULL ? 0 : error_set_memory(error);
}

static int scan_operator(struct selector_scan *scan, struct scanned_matcher *matcher, struct error *error)
{
	static const struct {
		const char text[3];
		bool is_regex, negated;
	} operators[] = {{"=~", true, false}, {"!~", true, true}, {"!=", false, true}, {"=", false, false}};
	struct slice rest = slice_make(scan->text.data + scan->at, scan->text.len - scan->at);
	for (size_t i = 0; i < sizeof(operators) / sizeof(operators[0]); i++) {
		if (!slice_has_prefix(rest, slice_of(operators[i].text)))
			continue;
		matcher->is_regex = operators[i].is_regex;
		matcher->negated = operators[i].negated;
		scan->at += strlen(operators[i].text);
		return 0;
	}
	return fail_at(scan->at, "expected =, !=, =~ or !~ after the name of a label", error);
}

static int scan_matcher(struct selector_scan *scan, struct scanned_matcher *matcher, struct error *error)
{
	matcher->name_column = scan->at + 1;
	if (scan_name(scan, &matcher->name, error) == -1)
		return -1;
	if (slice_is(matcher->name, "__name__"))
		return fail_at(matcher->name_column - 1, "a group has no metric name", error);
	skip_blanks(scan);
	if (!scan->braces && peek(scan) == '{')
		return fail_at(matcher->name_column - 1, "a group has no metric name", error);
	if (scan_operator(scan, matcher, error) == -1)
		return -1;
	skip_blanks(scan);
	matcher->value_column = scan->at + 1;
	if (!is_quote(peek(scan)))
		return fail_at(scan->at, "expected a string in quotes", error);
	return scan_string(scan, &matcher->value, error);
}

static void begin(struct selector_scan *scan)
{
	scan->begun = true;
	skip_blanks(scan);
	scan->braces = peek(scan) == '{';
	scan->at += scan->braces;
	skip_blanks(scan);
}

/* Whether the selector ends here: 1 or 0; -1 where something follows its end. */
static int at_end(struct selector_scan *scan, struct error *error)
{
	if (!scan->braces)
		return peek(scan) == -1;
	if (peek(scan) != '}')
		return 0;
	scan->at++;
	skip_blanks(scan);
	return peek(scan) == -1 ? 1 : fail_at(scan->at, "nothing may follow the selector", error);
}

/* What stands between two matchers, or behind the last. */
static int scan_comma(struct selector_scan *scan, struct error *error)
{
	skip_blanks(scan);
	if (peek(scan) == (scan->braces ? '}' : -1))
		return 0;
	if (peek(scan) != ',')
		return fail_at(scan->at, scan->braces ? "expected , or }" : "expected , or the end", error);
	scan->at++;
	skip_blanks(scan);
	return 0;
}

int selector_scan_next(struct selector_scan *scan, struct scanned_matcher *matcher, struct error *error)
{
	*matcher = (struct scanned_matcher){0};
	if (!scan->begun)
		begin(scan);
	int end = at_end(scan, error);
	if (end != 0)
		return end == 1 ? 0 : -1;
	return scan_matcher(scan, matcher, error) == -1 || scan_comma(scan, error) == -1 ? -1 : 1;
}
