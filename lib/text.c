#include "text.h"

#include <stdint.h>
#include <stdio.h>

#define REPLACEMENT_CHARACTER 0xfffd

/* What may follow a first byte: how many bytes, of which the second is in a range that leaves out overlong forms,
 * surrogates and what is above U+10FFFF (RFC 3629, section 4). */
static const struct {
	unsigned char first, last;
	unsigned char second_min, second_max;
	unsigned char length;
} utf8_forms[] = {
	{0xc2, 0xdf, 0x80, 0xbf, 2},
	{0xe0, 0xe0, 0xa0, 0xbf, 3},
	{0xe1, 0xec, 0x80, 0xbf, 3},
	{0xed, 0xed, 0x80, 0x9f, 3},
	{0xee, 0xef, 0x80, 0xbf, 3},
	{0xf0, 0xf0, 0x90, 0xbf, 4},
	{0xf1, 0xf3, 0x80, 0xbf, 4},
	{0xf4, 0xf4, 0x80, 0x8f, 4},
};

size_t utf8_length(struct slice text)
{
	const unsigned char *bytes = (const unsigned char *)text.data;
	if (text.len == 0)
		return 0;
	if (bytes[0] < 0x80)
		return 1;
	for (size_t i = 0; i < sizeof(utf8_forms) / sizeof(utf8_forms[0]); i++) {
		if (bytes[0] < utf8_forms[i].first || bytes[0] > utf8_forms[i].last)
			continue;
		size_t length = utf8_forms[i].length;
		if (text.len < length || bytes[1] < utf8_forms[i].second_min || bytes[1] > utf8_forms[i].second_max)
			return 0;
		for (size_t k = 2; k < length; k++)
			if ((bytes[k] & 0xc0) != 0x80)
				return 0;
		return length;
	}
	return 0;
}

uint32_t utf8_decode(struct slice text, size_t *length)
{
	static const unsigned char first_masks[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
	*length = utf8_length(text);
	if (*length == 0)
		return REPLACEMENT_CHARACTER;
	uint32_t character = (unsigned char)text.data[0] & first_masks[*length];
	for (size_t i = 1; i < *length; i++)
		character = character << 6 | ((unsigned char)text.data[i] & 0x3f);
	return character;
}

static bool is_ascii_word(const char *data)
{
	uint64_t word;
	memcpy(&word, data, sizeof(word));
	return (word & UINT64_C(0x8080808080808080)) == 0;
}

bool utf8_valid(struct slice text)
{
	size_t i = 0;
	while (i < text.len) {
		if (text.len - i >= 8 && is_ascii_word(text.data + i)) {
			i += 8;
			continue;
		}
		size_t length = utf8_length(slice_make(text.data + i, text.len - i));
		if (length == 0)
			return false;
		i += length;
	}
	return true;
}

size_t control_length(struct slice text)
{
	const unsigned char *bytes = (const unsigned char *)text.data;
	if (text.len > 0 && (bytes[0] < 0x20 || bytes[0] == 0x7f))
		return 1;
	return text.len > 1 && bytes[0] == 0xc2 && bytes[1] >= 0x80 && bytes[1] < 0xa0 ? 2 : 0;
}

void text_blank_controls(char *text)
{
	for (size_t left = strlen(text); left > 0; text++, left--)
		memset(text, '?', control_length(slice_make(text, left)));
}

/* Characters that show nothing, or change how what is around them shows. */
static const struct {
	uint32_t first, last;
} invisible[] = {
	{0x80, 0xa0},	     /* C1 controls, no-break space */
	{0xad, 0xad},	     /* soft hyphen */
	{0x61c, 0x61c},	     /* Arabic letter mark */
	{0x2000, 0x200f},    /* spaces, joiners, direction marks */
	{0x2028, 0x202f},    /* line and paragraph separators, embeddings and overrides of direction */
	{0x205f, 0x206f},    /* invisible operators, isolates */
	{0x3000, 0x3000},    /* ideographic space */
	{0xe000, 0xf8ff},    /* private use */
	{0xfeff, 0xfeff},    /* byte order mark */
	{0xfff0, 0xfffb},    /* annotation anchors */
	{0xe0000, 0x10ffff}, /* tags, private use */
};

bool character_is_shown(uint32_t character)
{
	if (character < 0x20 || character == 0x7f)
		return false;
	for (size_t i = 0; i < sizeof(invisible) / sizeof(invisible[0]); i++)
		if (character >= invisible[i].first && character <= invisible[i].last)
			return false;
	return true;
}

size_t quote_piece(struct slice text, char piece[QUOTED_PIECE_SIZE], size_t *length)
{
	static const char escaped[] = "\"\\\a\b\f\n\r\t\v";
	static const char letters[] = "\"\\abfnrtv";

	uint32_t character = utf8_decode(text, length);
	unsigned char byte = (unsigned char)text.data[0];
	if (*length == 0) {
		*length = 1;
		return (size_t)snprintf(piece, QUOTED_PIECE_SIZE, "\\x%02x", byte);
	}
	const char *escape = memchr(escaped, byte, sizeof(escaped) - 1);
	if (escape != NULL)
		return (size_t)snprintf(piece, QUOTED_PIECE_SIZE, "\\%c", letters[escape - escaped]);
	if (control_length(text) == 1)
		return (size_t)snprintf(piece, QUOTED_PIECE_SIZE, "\\x%02x", byte);
	if (!character_is_shown(character))
		return (size_t)snprintf(
			piece, QUOTED_PIECE_SIZE, character > 0xffff ? "\\U%08x" : "\\u%04x", character);
	memcpy(piece, text.data, *length);
	return *length;
}

struct quoted quote(struct slice text)
{
	static const char cut_mark[] = "...";
	const size_t end_max = QUOTED_SIZE - 2; /* the closing quote and NUL */
	const size_t cut_max = end_max - (sizeof(cut_mark) - 1);
	struct quoted quoted;
	size_t end = 1, cut_end = 1;

	quoted.text[0] = '"';
	while (text.len > 0) {
		char piece[QUOTED_PIECE_SIZE];
		size_t length;
		size_t piece_length = quote_piece(text, piece, &length);
		if (end + piece_length > end_max) {
			memcpy(quoted.text + cut_end, cut_mark, sizeof(cut_mark) - 1);
			end = cut_end + sizeof(cut_mark) - 1;
			break;
		}
		memcpy(quoted.text + end, piece, piece_length);
		end += piece_length;
		if (end <= cut_max)
			cut_end = end;
		text = slice_make(text.data + length, text.len - length);
	}
	quoted.text[end] = '"';
	quoted.text[end + 1] = '\0';
	return quoted;
}

static bool needs_escape(char c)
{
	return (c == '\\') | (c == '"') | (c == '\n');
}

int text_escape(struct buffer *out, struct slice value)
{
	size_t escapes = 0;
	for (size_t i = 0; i < value.len; i++)
		escapes += needs_escape(value.data[i]);
	if (escapes == 0)
		return buffer_append_slice(out, value);

	/* No overflow: a value is an object in memory, so its length is less than half of SIZE_MAX. */
	if (buffer_reserve(out, value.len + escapes) == -1)
		return -1;
	char *p = out->data + out->len;
	for (size_t i = 0; i < value.len; i++) {
		char c = value.data[i];
		if (needs_escape(c))
			*p++ = '\\';
		*p++ = c == '\n' ? 'n' : c;
	}
	out->len += value.len + escapes;
	return 0;
}

/* How many bytes stand before the first backslash. */
static size_t plain_length(struct slice text)
{
	const char *backslash = text.len == 0 ? NULL : memchr(text.data, '\\', text.len);
	return backslash == NULL ? text.len : (size_t)(backslash - text.data);
}

int text_unescape(struct buffer *out, struct slice escaped)
{
	const size_t before = out->len;
	while (escaped.len > 0) {
		size_t plain = plain_length(escaped);
		if (buffer_append(out, escaped.data, plain) == -1)
			goto fail;
		if (plain + 1 >= escaped.len)
			break;
		char c = escaped.data[plain + 1];
		if (buffer_append_byte(out, c == 'n' ? '\n' : c) == -1)
			goto fail;
		escaped = slice_make(escaped.data + plain + 2, escaped.len - plain - 2);
	}
	return 0;

fail:
	out->len = before;
	return -1;
}
