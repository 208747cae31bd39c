#include "messages.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "bytes.h"
#include "canonical.h"

static const struct limits limits = LIMITS_DEFAULT;

void put_varint(struct buffer *out, uint64_t value)
{
	for (; value >= 0x80; value >>= 7)
		assert_int_equal(buffer_append_byte(out, (char)(value | 0x80)), 0);
	assert_int_equal(buffer_append_byte(out, (char)value), 0);
}

void put_delimited(struct buffer *out, struct slice bytes)
{
	put_varint(out, bytes.len);
	assert_int_equal(buffer_append_slice(out, bytes), 0);
}

static void put_number(struct buffer *out, uint64_t field, const char **at)
{
	size_t len = strcspn(*at, " };");
	char token[48] = "";
	assert_true(len < sizeof(token));
	memcpy(token, *at, len);
	*at += len;
	if (strpbrk(token, ".nf") != NULL) {
		double value = strtod(token, NULL);
		put_varint(out, field << 3 | 1);
		assert_int_equal(buffer_append(out, &value, sizeof(value)), 0);
		return;
	}
	int64_t value = token[0] == '-' ? strtoll(token, NULL, 10) : (int64_t)strtoull(token, NULL, 10);
	put_varint(out, field << 3);
	put_varint(out, token[len - 1] == 'z' ? (uint64_t)value << 1 ^ (uint64_t)(value >> 63) : (uint64_t)value);
}

static void put_text(struct buffer *out, const char **at)
{
	size_t len = strcspn(++*at, "'");
	size_t start = out->len + (len < 0x80 ? 1 : 2);
	put_delimited(out, slice_make(*at, len));
	for (size_t i = start; i < out->len; i++)
		out->data[i] = out->data[i] == '@' ? '\0' : out->data[i];
	*at += len + 1;
}

static void put_fields(struct buffer *out, const char **at)
{
	for (; *(*at += strspn(*at, " ")) != '\0' && **at != '}' && **at != ';';) {
		char *colon;
		uint64_t field = strtoull(*at, &colon, 10);
		assert_int_equal(*colon, ':');
		*at = colon + 1;
		if (**at != '\'' && **at != '{') {
			put_number(out, field, at);
			continue;
		}
		put_varint(out, field << 3 | 2);
		if (**at == '\'') {
			put_text(out, at);
			continue;
		}
		struct buffer inner;
		buffer_init(&inner, 1 << 20);
		++*at;
		put_fields(&inner, at);
		put_delimited(out, buffer_slice(&inner));
		buffer_release(&inner);
		assert_int_equal(*(*at)++, '}');
	}
}

void encode_messages(struct buffer *out, const char *notation)
{
	struct buffer message;
	buffer_init(out, 64 << 20);
	buffer_init(&message, 1 << 20);
	while (*(notation += strspn(notation, " ")) != '\0') {
		buffer_clear(&message);
		put_fields(&message, &notation);
		put_delimited(out, buffer_slice(&message));
		assert_int_equal(*notation++, ';');
	}
	buffer_release(&message);
}

void parse_message_bytes(struct messages *messages, const struct limits *with)
{
	exposition_init(&messages->exposition);
	messages->status =
		protobuf_parse(&messages->exposition, buffer_slice(&messages->bytes), with, &messages->error);
}

void parse_messages(struct messages *messages, const char *notation)
{
	encode_messages(&messages->bytes, notation);
	parse_message_bytes(messages, &limits);
}

void release_messages(struct messages *messages)
{
	exposition_release(&messages->exposition);
	buffer_release(&messages->bytes);
}

void append_exposition_text(struct buffer *text, const struct exposition *exposition)
{
	const struct canonical_key none = {.default_instance = SIZE_MAX};
	/* The comments for the natives are tested by themselves. */
	struct exposition plain = *exposition;
	struct error error;
	plain.native_count = 0;
	for (uint32_t f = 0; f < exposition->family_count; f++) {
		struct fingerprint fingerprints[10];
		const struct metric_family *family = &exposition->families[f];
		assert_true(family->metric_count <= 10);
		assert_int_equal(canonical_append_head(text, family->name, family->help, family->type), 0);
		assert_int_equal(canonical_append_samples(text, &plain, family, &none, fingerprints, &error), 0);
	}
	assert_int_equal(buffer_append_byte(text, '\0'), 0);
}

void append_protobuf(struct buffer *out, const struct exposition *exposition)
{
	struct error error;
	for (uint32_t f = 0; f < exposition->family_count; f++)
		assert_int_equal(protobuf_append_family(out, exposition, &exposition->families[f], &error), 0);
}

void assert_message_text(const char *notation, uint32_t natives, const char *expected)
{
	struct messages messages;
	struct buffer text;
	buffer_init(&text, 1 << 20);
	parse_messages(&messages, notation);
	if (messages.status == -1)
		fail_msg("%s: %s", notation, messages.error.message);
	append_exposition_text(&text, &messages.exposition);
	assert_string_equal(text.data, expected);
	assert_int_equal(messages.exposition.native_count, natives);
	buffer_release(&text);
	release_messages(&messages);
}

void assert_messages_kept(const char *notation, uint32_t natives)
{
	struct messages messages;
	struct buffer out;
	buffer_init(&out, 1 << 20);
	parse_messages(&messages, notation);
	if (messages.status == -1)
		fail_msg("%s: %s", notation, messages.error.message);
	assert_int_equal(messages.exposition.native_count, natives);
	append_protobuf(&out, &messages.exposition);
	assert_bytes(buffer_slice(&out), buffer_slice(&messages.bytes));
	buffer_release(&out);
	release_messages(&messages);
}
