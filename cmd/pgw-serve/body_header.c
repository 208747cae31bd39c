#include "body_header.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define PROTOBUF_TYPE "application/vnd.google.protobuf"

static void skip_blanks(struct slice *rest)
{
	while (rest->len > 0 && strchr(" \t\r\n\v\f", *rest->data) != NULL && *rest->data != '\0')
		*rest = slice_make(rest->data + 1, rest->len - 1);
}

static bool take_byte(struct slice *rest, char byte)
{
	if (rest->len == 0 || *rest->data != byte)
		return false;
	*rest = slice_make(rest->data + 1, rest->len - 1);
	return true;
}

/* A token of RFC 9110, section 5.6.2; empty where there is none. */
static struct slice take_token(struct slice *rest)
{
	size_t len = 0;
	while (len < rest->len && rest->data[len] > ' ' && rest->data[len] < 0x7f &&
		strchr("()<>@,;:\\\"/[]?=", rest->data[len]) == NULL)
		len++;
	struct slice token = slice_make(rest->data, len);
	*rest = slice_make(rest->data + len, rest->len - len);
	return token;
}

static bool equal_ignoring_case(struct slice text, const char *string)
{
	return text.len == strlen(string) && strncasecmp(text.data, string, text.len) == 0;
}

/* What a quoted string stands for is compared with what is expected without writing it down. A backslash is an escape
 * before the characters that end a token, as in Go; before others it stands for itself, and is nothing expected. */
static bool take_quoted(struct slice *rest, const char *expected, bool *equal)
{
	const char *next = expected;
	*equal = true;
	while (rest->len > 0 && *rest->data != '"') {
		if (*rest->data == '\r' || *rest->data == '\n')
			return false;
		if (*rest->data == '\\' && rest->len > 1 && strchr("()<>@,;:\\\"/[]?=", rest->data[1]) != NULL)
			*rest = slice_make(rest->data + 1, rest->len - 1);
		*equal = *equal && *next != '\0' && *rest->data == *next;
		next += *equal;
		*rest = slice_make(rest->data + 1, rest->len - 1);
	}
	*equal = *equal && *next == '\0';
	return take_byte(rest, '"');
}

/* Takes a value; false where there is none. */
static bool take_value(struct slice *rest, const char *expected, bool *equal)
{
	if (take_byte(rest, '"'))
		return take_quoted(rest, expected, equal);
	struct slice token = take_token(rest);
	*equal = slice_is(token, expected);
	return token.len > 0;
}

bool media_type_is_protobuf(struct slice value)
{
	static const struct {
		const char *name;
		const char *value;
	} wanted[] = {{"proto", "io.prometheus.client.MetricFamily"}, {"encoding", "delimited"}};
	enum { WANTED = sizeof(wanted) / sizeof(wanted[0]) };
	bool found[WANTED] = {false}, good[WANTED] = {false};
	const char *semicolon = value.len == 0 ? NULL : memchr(value.data, ';', value.len);
	if (semicolon == NULL)
		return false;
	struct slice type = slice_make(value.data, (size_t)(semicolon - value.data));
	struct slice rest = slice_make(semicolon, value.len - type.len);
	skip_blanks(&type);
	while (type.len > 0 && strchr(" \t", type.data[type.len - 1]) != NULL)
		type.len--;
	if (!equal_ignoring_case(type, PROTOBUF_TYPE))
		return false;
	for (skip_blanks(&rest); rest.len > 0; skip_blanks(&rest)) {
		if (!take_byte(&rest, ';'))
			return false;
		skip_blanks(&rest);
		if (rest.len == 0)
			break;
		struct slice name = take_token(&rest);
		size_t at = 0;
		while (at < WANTED && !equal_ignoring_case(name, wanted[at].name))
			at++;
		bool equal;
		skip_blanks(&rest);
		if (name.len == 0 || !take_byte(&rest, '='))
			return false;
		skip_blanks(&rest);
		if (!take_value(&rest, at < WANTED ? wanted[at].value : "", &equal))
			return false;
		if (at == WANTED)
			continue;
		/* Twice is fine where both say the same. */
		good[at] = equal && (!found[at] || good[at]);
		found[at] = true;
	}
	return good[0] && good[1];
}

static void read_encoding(struct body_header *header, const char *value)
{
	enum encoding encoding;
	struct slice name = slice_of(value);
	/* The HTTP library leaves the blanks behind a value where they are. */
	while (name.len > 0 && strchr(" \t", name.data[name.len - 1]) != NULL)
		name.len--;
	if (encoding_parse(name, &encoding) == -1)
		header->unknown_encoding = true;
	else if (encoding != ENCODING_IDENTITY && header->encoding != ENCODING_IDENTITY)
		header->unknown_encoding = true;
	else if (encoding != ENCODING_IDENTITY)
		header->encoding = encoding;
}

static enum MHD_Result read_field(void *context, enum MHD_ValueKind kind, const char *name, const char *value)
{
	struct body_header *header = context;
	if (value == NULL)
		value = "";
	/* A blank before the colon hides a field from some parsers and not from others (RFC 9112, section 5.1). */
	header->blank |= strpbrk(name, " \t") != NULL;
	bool is_host = strcasecmp(name, MHD_HTTP_HEADER_HOST) == 0;
	bool is_transfer = strcasecmp(name, MHD_HTTP_HEADER_TRANSFER_ENCODING) == 0;
	header->host |= is_host;
	header->size += is_transfer ? 0 : strlen(value) + (is_host ? 0 : strlen(name));
	if (strcasecmp(name, MHD_HTTP_HEADER_CONTENT_LENGTH) == 0) {
		header->length = strtoull(value, NULL, 10);
		header->lengths++;
	} else if (is_transfer) {
		header->chunked = true;
		header->endless |= strcasecmp(value, "chunked") != 0;
	} else if (strcasecmp(name, MHD_HTTP_HEADER_CONTENT_ENCODING) == 0) {
		read_encoding(header, value);
	} else if (strcasecmp(name, MHD_HTTP_HEADER_CONTENT_TYPE) == 0 && !header->typed) {
		header->typed = true;
		header->protobuf = media_type_is_protobuf(slice_of(value));
	} else if (strcasecmp(name, MHD_HTTP_HEADER_EXPECT) == 0) {
		header->continues = true;
	}
	return MHD_YES;
}

const char *body_header_fault(const struct body_header *header)
{
	if (header->endless)
		return "unsupported Transfer-Encoding";
	if (header->lengths > 1)
		return "more than one Content-Length";
	if (header->chunked && header->lengths > 0)
		return "both Content-Length and Transfer-Encoding";
	return header->blank ? "blank in the name of a header" : NULL;
}

void body_header_read(struct body_header *header, struct MHD_Connection *http)
{
	*header = (struct body_header){.encoding = ENCODING_IDENTITY};
	MHD_get_connection_values(http, MHD_HEADER_KIND, read_field, header);
}
