#include "path.h"

#include <errno.h>
#include <string.h>

#include "percent.h"

#define PATH_CHARACTERS	 "-._~$&+,/:;=@"
#define QUERY_CHARACTERS "-._~$&+,/:;=@?!*'()[]%"

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
