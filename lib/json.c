#include "json.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "number.h"
#include "text.h"

void json_init(struct json *json, struct buffer *out)
{
	*json = (struct json){.out = out};
}

static void append(struct json *json, const char *data, size_t len)
{
	if (json->failed == 0 && buffer_append(json->out, data, len) == -1)
		json->failed = errno;
}

static void append_string(struct json *json, const char *string)
{
	append(json, string, strlen(string));
}

/* The comma before a value or a key that is not the first one at its depth. */
static void separate(struct json *json)
{
	if (json->depth == 0)
		return;
	if (!json->empty[json->depth - 1])
		append(json, ",", 1);
	json->empty[json->depth - 1] = false;
}

static bool in_object(const struct json *json)
{
	return json->depth > 0 && json->closers[json->depth - 1] == '}';
}

static void begin_value(struct json *json)
{
	assert(json->after_key == in_object(json));
	if (!json->after_key)
		separate(json);
	json->after_key = false;
}

static void begin(struct json *json, const char *opener, char closer)
{
	begin_value(json);
	assert(json->depth < JSON_DEPTH_MAX);
	append(json, opener, 1);
	json->empty[json->depth] = true;
	json->closers[json->depth] = closer;
	json->depth++;
}

static void end(struct json *json, char closer)
{
	assert(json->depth > 0 && json->closers[json->depth - 1] == closer && !json->after_key);
	json->depth--;
	append(json, &closer, 1);
}

void json_begin_object(struct json *json)
{
	begin(json, "{", '}');
}

void json_end_object(struct json *json)
{
	end(json, '}');
}

void json_begin_array(struct json *json)
{
	begin(json, "[", ']');
}

void json_end_array(struct json *json)
{
	end(json, ']');
}

/* How many bytes from the start stand for themselves in a string. */
static size_t plain_length(struct slice text)
{
	size_t plain = 0, length;
	while (plain < text.len) {
		uint32_t character = utf8_decode(slice_make(text.data + plain, text.len - plain), &length);
		if (length == 0 || character == '"' || character == '\\' || !character_is_shown(character))
			break;
		plain += length;
	}
	return plain;
}

/* Appends the escape of the character, or the stray byte, that the text starts with. Returns its length in bytes. */
static size_t append_escape(struct json *json, struct slice text)
{
	static const char escaped[] = "\"\\\b\f\n\r\t";
	static const char letters[] = "\"\\bfnrt";

	size_t length;
	uint32_t character = utf8_decode(text, &length);
	const char *escape = memchr(escaped, *text.data, sizeof(escaped) - 1);
	char out[16];
	if (length == 0)
		snprintf(out, sizeof(out), "\xef\xbf\xbd"); /* U+FFFD */
	else if (escape != NULL)
		snprintf(out, sizeof(out), "\\%c", letters[escape - escaped]);
	else if (character < 0x10000)
		snprintf(out, sizeof(out), "\\u%04x", character);
	else
		snprintf(out, sizeof(out), "\\u%04x\\u%04x", 0xd800 + ((character - 0x10000) >> 10),
			0xdc00 + (character & 0x3ff));
	append_string(json, out);
	return length == 0 ? 1 : length;
}

static void append_quoted(struct json *json, struct slice text)
{
	append(json, "\"", 1);
	while (text.len > 0) {
		size_t plain = plain_length(text);
		append(json, text.data, plain);
		text = slice_make(text.data + plain, text.len - plain);
		if (text.len == 0)
			break;
		size_t length = append_escape(json, text);
		text = slice_make(text.data + length, text.len - length);
	}
	append(json, "\"", 1);
}

void json_key(struct json *json, const char *key)
{
	json_key_slice(json, slice_of(key));
}

void json_key_slice(struct json *json, struct slice key)
{
	assert(in_object(json) && !json->after_key);
	separate(json);
	append_quoted(json, key);
	append(json, ":", 1);
	json->after_key = true;
}

void json_string(struct json *json, struct slice value)
{
	begin_value(json);
	append_quoted(json, value);
}

void json_number(struct json *json, double value)
{
	begin_value(json);
	char text[NUMBER_TEXT_SIZE];
	if (isfinite(value))
		append(json, text, number_format(value, text));
	else
		append_string(json, "null");
}

void json_integer(struct json *json, int64_t value)
{
	begin_value(json);
	char text[24];
	append(json, text, (size_t)snprintf(text, sizeof(text), "%" PRId64, value));
}

void json_bool(struct json *json, bool value)
{
	begin_value(json);
	append_string(json, value ? "true" : "false");
}

int json_finish(struct json *json)
{
	assert(json->depth == 0);
	if (json->failed == 0)
		return 0;
	errno = json->failed;
	return -1;
}
