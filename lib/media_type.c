#include "media_type.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

#define PROTOBUF_TYPE "application/vnd.google.protobuf"

enum { PROTO, ENCODING, PARAMETERS };

static const struct {
	const char *name;
	const char *value;
} wanted[PARAMETERS] = {
	[PROTO] = {"proto", "io.prometheus.client.MetricFamily"},
	[ENCODING] = {"encoding", "delimited"},
};

/* What is known of a parameter. Twice is fine where both say the same. */
enum finding {
	NOT_GIVEN,
	GOOD,
	OTHER,
};

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
		if (*rest->data == '\\' && rest->len > 1 && rest->data[1] != '\0' &&
			strchr("()<>@,;:\\\"/[]?=", rest->data[1]) != NULL)
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

/* Takes a parameter behind its semicolon; false where it can't be read. */
static bool take_parameter(struct slice *rest, enum finding found[PARAMETERS])
{
	struct slice name = take_token(rest);
	size_t at = 0;
	bool equal;
	while (at < PARAMETERS && !equal_ignoring_case(name, wanted[at].name))
		at++;
	skip_blanks(rest);
	if (name.len == 0 || !take_byte(rest, '='))
		return false;
	skip_blanks(rest);
	if (!take_value(rest, at < PARAMETERS ? wanted[at].value : "", &equal))
		return false;
	if (at < PARAMETERS)
		found[at] = equal && found[at] != OTHER ? GOOD : OTHER;
	return true;
}

/* Takes "; name=value" until the end, where a semicolon may be left. */
static bool take_parameters(struct slice *rest, enum finding found[PARAMETERS])
{
	for (skip_blanks(rest); rest->len > 0; skip_blanks(rest)) {
		if (!take_byte(rest, ';'))
			return false;
		skip_blanks(rest);
		if (rest->len > 0 && !take_parameter(rest, found))
			return false;
	}
	return true;
}

/* The type, and the value without it. */
static struct slice take_type(struct slice *value)
{
	const char *semicolon = value->len == 0 ? NULL : memchr(value->data, ';', value->len);
	size_t len = semicolon != NULL ? (size_t)(semicolon - value->data) : value->len;
	struct slice type = slice_make(value->data, len);
	*value = slice_make(value->data + len, value->len - len);
	skip_blanks(&type);
	while (type.len > 0 && strchr(" \t", type.data[type.len - 1]) != NULL)
		type.len--;
	return type;
}

bool media_type_is_protobuf(struct slice value, enum media_type_parameters parameters)
{
	enum finding found[PARAMETERS] = {NOT_GIVEN, NOT_GIVEN};
	if (!equal_ignoring_case(take_type(&value), PROTOBUF_TYPE) || !take_parameters(&value, found))
		return false;
	bool good = true;
	for (size_t i = 0; i < PARAMETERS; i++)
		good = good && (found[i] == GOOD || (found[i] == NOT_GIVEN && parameters == MEDIA_TYPE_MAY_LACK_THEM));
	return good;
}
