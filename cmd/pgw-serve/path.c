#include "path.h"

#include <errno.h>
#include <string.h>

#define PATH_CHARACTERS	 "-._~$&+,/:;=@"
#define QUERY_CHARACTERS "-._~$&+,/:;=@?!*'()[]%"

static bool is_alphanumeric(char byte)
{
	return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9');
}

static int hexadecimal(char byte)
{
	if (byte >= '0' && byte <= '9')
		return byte - '0';
	byte |= 0x20;
	return byte >= 'a' && byte <= 'f' ? byte - 'a' + 10 : -1;
}

void path_split(struct slice target, struct slice *path, struct slice *query)
{
	static const struct slice schemes[] = {SLICE_LITERAL("http://"), SLICE_LITERAL("https://")};
	for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
		if (!slice_has_prefix(target, schemes[i]))
			continue;
		size_t at = schemes[i].len;
		while (at < target.len && target.data[at] != '/' && target.data[at] != '?')
			at++;
		target = slice_make(target.data + at, target.len - at);
		break;
	}
	const char *mark = target.len == 0 ? NULL : memchr(target.data, '?', target.len);
	size_t len = mark == NULL ? target.len : (size_t)(mark - target.data);
	*path = slice_make(target.data, len);
	*query = slice_make(target.data + len, target.len - len);
}

int path_decode(struct buffer *out, struct slice encoded)
{
	if (encoded.len == 0 || encoded.data[0] != '/') {
		errno = EINVAL;
		return -1;
	}
	if (buffer_reserve(out, encoded.len) == -1)
		return -1;
	for (size_t i = 0; i < encoded.len; i++) {
		char byte = encoded.data[i];
		if (byte == '%') {
			int high = i + 2 < encoded.len ? hexadecimal(encoded.data[i + 1]) : -1;
			int low = i + 2 < encoded.len ? hexadecimal(encoded.data[i + 2]) : -1;
			if (high == -1 || low == -1) {
				errno = EINVAL;
				return -1;
			}
			byte = (char)(high << 4 | low);
			i += 2;
		}
		out->data[out->len++] = byte;
	}
	return 0;
}

int path_clean(struct buffer *out, struct slice path)
{
	size_t start = out->len;
	size_t at = 0;
	if (buffer_reserve(out, path.len + 1) == -1)
		return -1;
	while (at < path.len) {
		const char *component = path.data + at;
		const char *slash = memchr(component, '/', path.len - at);
		size_t len = slash == NULL ? path.len - at : (size_t)(slash - component);
		struct slice name = slice_make(component, len);
		at += len + 1;
		if (name.len == 0 || slice_is(name, "."))
			continue;
		if (slice_is(name, "..")) {
			while (out->len > start && out->data[--out->len] != '/')
				;
			continue;
		}
		out->data[out->len++] = '/';
		memcpy(out->data + out->len, name.data, name.len);
		out->len += name.len;
	}
	bool slash_at_end = path.len > 0 && path.data[path.len - 1] == '/';
	if (out->len == start || slash_at_end)
		out->data[out->len++] = '/';
	return 0;
}

static int append_encoded(struct buffer *out, struct slice text, const char *allowed)
{
	static const char digits[] = "0123456789ABCDEF";
	for (size_t i = 0; i < text.len; i++) {
		char byte = text.data[i];
		char escape[3] = {'%', digits[(unsigned char)byte >> 4], digits[byte & 0xf]};
		bool plain = is_alphanumeric(byte) || (byte != '\0' && strchr(allowed, byte) != NULL);
		if (buffer_append(out, plain ? &byte : escape, plain ? 1 : sizeof(escape)) == -1)
			return -1;
	}
	return 0;
}

int path_append_location(struct buffer *out, struct slice path, struct slice query)
{
	return append_encoded(out, path, PATH_CHARACTERS) == -1 || append_encoded(out, query, QUERY_CHARACTERS) == -1
		       ? -1
		       : 0;
}
