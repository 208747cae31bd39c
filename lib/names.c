#include "names.h"

#include <stdint.h>

#include "byte_runs.h"
#include "text.h"

#define CHARACTER_MAX  0x10ffff
#define HEX_DIGITS_MAX 6

const char *const escaping_scheme_names[ESCAPING_SCHEME_COUNT] = {
	[ESCAPING_NONE] = "allow-utf-8",
	[ESCAPING_UNDERSCORES] = "underscores",
	[ESCAPING_DOTS] = "dots",
	[ESCAPING_VALUES] = "values",
};

static const struct slice values_prefix = SLICE_LITERAL("U__");

bool escaping_scheme_parse(struct slice name, enum escaping_scheme *scheme)
{
	for (size_t i = 0; i < ESCAPING_SCHEME_COUNT; i++) {
		if (slice_is(name, escaping_scheme_names[i])) {
			*scheme = (enum escaping_scheme)i;
			return true;
		}
	}
	return false;
}

static bool is_legacy(char c, bool first)
{
	return byte_in_name(c, true) && !(first && c >= '0' && c <= '9');
}

bool metric_name_is_legacy(struct slice name)
{
	const char *end = name.data + name.len;
	return name.len > 0 && is_legacy(name.data[0], true) && skip_name(name.data, end, true) == end;
}

bool name_is_utf8(struct slice name)
{
	return name.len > 0 && utf8_valid(name);
}

static int append_character(struct buffer *out, uint32_t character)
{
	/* The marks of the first byte by the number of those that follow. */
	static const unsigned char first_marks[] = {0, 0xc0, 0xe0, 0xf0};
	char bytes[4];
	size_t following = (character >= 0x80) + (character >= 0x800) + (character >= 0x10000);
	bytes[0] = (char)(first_marks[following] | character >> (6 * following));
	for (size_t i = 1; i <= following; i++)
		bytes[i] = (char)(0x80 | (character >> (6 * (following - i)) & 0x3f));
	return buffer_append(out, bytes, following + 1);
}

/* What stands for a character that a legacy name can't hold, or for an underscore where the scheme doubles it. */
static int append_escape(struct buffer *out, uint32_t character, enum escaping_scheme scheme)
{
	if (scheme == ESCAPING_UNDERSCORES)
		return buffer_append_byte(out, '_');
	if (character == '_')
		return buffer_append_string(out, "__");
	if (scheme == ESCAPING_DOTS)
		return buffer_append_string(out, character == '.' ? "_dot_" : "__");
	return buffer_printf(out, "_%x_", character);
}

/* A label's name may have no colon. */
static int escape(struct buffer *out, struct slice name, enum escaping_scheme scheme, bool colons)
{
	const size_t before = out->len;
	if (scheme == ESCAPING_VALUES && buffer_append_slice(out, values_prefix) == -1)
		goto fail;
	for (size_t i = 0, length; i < name.len; i += length) {
		char c = name.data[i];
		uint32_t character = utf8_decode(slice_make(name.data + i, name.len - i), &length);
		length += length == 0;
		bool stays = length == 1 && c != '_' && is_legacy(c, i == 0) && (colons || c != ':');
		if ((stays ? buffer_append_byte(out, c) : append_escape(out, character, scheme)) == -1)
			goto fail;
	}
	return 0;

fail:
	out->len = before;
	return -1;
}

int name_escape(struct buffer *out, struct slice name, enum escaping_scheme scheme)
{
	if (scheme == ESCAPING_NONE || name.len == 0 || metric_name_is_legacy(name))
		return buffer_append_slice(out, name);
	return escape(out, name, scheme, true);
}

int label_name_escape(struct buffer *out, struct slice name, enum escaping_scheme scheme)
{
	bool legacy = metric_name_is_legacy(name) && memchr(name.data, ':', name.len) == NULL;
	if (scheme == ESCAPING_NONE || name.len == 0 || legacy)
		return buffer_append_slice(out, name);
	return escape(out, name, scheme, false);
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* Reads HEX_ or _, what follows the underscore of an escape. How many bytes that is, or 0 where it is neither. */
static size_t read_escape(struct slice text, uint32_t *character)
{
	if (text.len > 0 && text.data[0] == '_') {
		*character = '_';
		return 1;
	}
	*character = 0;
	for (size_t i = 0; i < text.len && i <= HEX_DIGITS_MAX; i++) {
		if (text.data[i] == '_') {
			bool surrogate = *character >= 0xd800 && *character <= 0xdfff;
			return surrogate || *character > CHARACTER_MAX ? 0 : i + 1;
		}
		int digit = hex_digit(text.data[i]);
		if (digit == -1)
			return 0;
		*character = *character << 4 | (uint32_t)digit;
	}
	return 0;
}

int name_unescape_values(struct buffer *out, struct slice name)
{
	if (!slice_has_prefix(name, values_prefix))
		return buffer_append_slice(out, name);

	const size_t before = out->len;
	for (size_t i = values_prefix.len; i < name.len; i++) {
		if (name.data[i] != '_') {
			if (buffer_append_byte(out, name.data[i]) == -1)
				goto fail;
			continue;
		}
		uint32_t character;
		size_t length = read_escape(slice_make(name.data + i + 1, name.len - i - 1), &character);
		if (length == 0) {
			out->len = before;
			return buffer_append_slice(out, name);
		}
		if (append_character(out, character) == -1)
			goto fail;
		i += length;
	}
	return 0;

fail:
	out->len = before;
	return -1;
}
