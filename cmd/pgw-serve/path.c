#include "path.h"

#include <errno.h>
#include <string.h>

#include "percent.h"

#define PATH_CHARACTERS	 "-._~$&+,/:;=@"
#define QUERY_CHARACTERS "-._~$&+,/:;=@?!*'()[]%"

/* What follows "scheme://authority"; all of it where the target does not begin so (RFC 3986, section 3). */
static struct slice cut_authority(struct slice target)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
	static const char others[] = "0123456789+-.";
	size_t at = 0;
	while (at < target.len &&
		(strchr(letters, target.data[at]) != NULL || (at > 0 && strchr(others, target.data[at]) != NULL)))
		at++;
	struct slice rest = slice_make(target.data + at, target.len - at);
	static const struct slice mark = SLICE_LITERAL("://");
	if (at == 0 || !slice_has_prefix(rest, mark))
		return target;
	for (at = mark.len; at < rest.len && rest.data[at] != '/' && rest.data[at] != '?'; at++)
		;
	return slice_make(rest.data + at, rest.len - at);
}

int path_split(struct slice target, struct slice *path, struct slice *query)
{
	static const struct slice root = SLICE_LITERAL("/");
	for (size_t i = 0; i < target.len; i++) {
		if ((unsigned char)target.data[i] > ' ' && target.data[i] != '\x7f')
			continue;
		errno = EINVAL;
		return -1;
	}
	struct slice local = cut_authority(target);
	const char *mark = local.len == 0 ? NULL : memchr(local.data, '?', local.len);
	size_t len = mark == NULL ? local.len : (size_t)(mark - local.data);
	bool absolute = local.data != target.data;
	*path = absolute && len == 0 ? root : slice_make(local.data, len);
	*query = slice_make(local.data + len, local.len - len);
	return 0;
}

int path_decode(struct buffer *out, struct slice encoded)
{
	if (encoded.len == 0 || encoded.data[0] != '/') {
		errno = EINVAL;
		return -1;
	}
	return percent_decode(out, encoded);
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

int path_append_location(struct buffer *out, struct slice path, struct slice query)
{
	return percent_encode(out, path, PATH_CHARACTERS) == -1 || percent_encode(out, query, QUERY_CHARACTERS) == -1
		       ? -1
		       : 0;
}
