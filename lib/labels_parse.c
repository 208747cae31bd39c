/*
 * The forms that a key is read from, and the path of a URL, which it is also written to.
 */
#include <errno.h>
#include <stdint.h>

#include "base64.h"
#include "labels_parts.h"
#include "names.h"
#include "percent.h"
#include "text.h"

#define PATH_CHARACTERS "-._~:@+,="

static const struct slice base64_suffix = SLICE_LITERAL("@base64");

static struct slice slice_from(struct slice slice, size_t start)
{
	/* An empty slice may have no bytes to count from. */
	return start == 0 ? slice : slice_make(slice.data + start, slice.len - start);
}

/* Cuts what stands before the first separator, or all, off the front of *rest. */
static struct slice cut(struct slice *rest, char separator)
{
	if (rest->len == 0)
		return *rest;
	const char *at = memchr(rest->data, separator, rest->len);
	struct slice piece = slice_make(rest->data, at == NULL ? rest->len : (size_t)(at - rest->data));
	*rest = slice_from(*rest, at == NULL ? rest->len : piece.len + 1);
	return piece;
}

/* Cuts @base64 off the end of a name. */
static bool cut_base64_suffix(struct slice *name)
{
	if (!slice_has_suffix(*name, base64_suffix))
		return false;
	name->len -= base64_suffix.len;
	return true;
}

/* U__foo_2e_bar of a path is foo.bar. */
static int unescape_name(struct grouping_key *key, struct slice *name, struct error *error)
{
	struct buffer plain;
	buffer_init(&plain, SIZE_MAX);
	int status = name_unescape_values(&plain, *name);
	if (status == 0)
		*name = arena_copy(&key->arena, buffer_slice(&plain));
	buffer_release(&plain);
	return status == -1 || name->data == NULL ? error_set_memory(error) : 0;
}

/* The job segment wins, so that a label job is checked and dropped. */
static int parse_path_label(struct grouping_key *key, struct slice name, struct slice value,
	const struct limits *limits, struct error *error)
{
	bool base64 = cut_base64_suffix(&name);
	struct slice plain = value, written = name;
	if (limits->utf8_names && unescape_name(key, &name, error) == -1)
		return -1;
	if (slice_has_prefix(written, slice_of("__")) || grouping_key_check_name(name, limits->utf8_names, error) == -1)
		return error_set(error, ERROR_SYNTAX, "improper label name %s", quote(written).text);
	if (base64 && base64_decode(&key->arena, value, &plain, error) == -1)
		return error->kind != ERROR_SYNTAX ? -1
						   : error_prefix(error, "invalid base64 encoding for label %.*s=%s: ",
							     SLICE_PRINTF(written), quote(value).text);
	return slice_equal(name, grouping_key_job) ? 0 : grouping_key_add(key, name, plain, limits, error);
}

static int parse_path_labels(
	struct grouping_key *key, struct slice path, const struct limits *limits, struct error *error)
{
	if (path.len <= 1)
		return 0;
	size_t slashes = 0;
	for (size_t i = 0; i < path.len; i++)
		slashes += path.data[i] == '/';
	if (slashes % 2 != 0)
		return error_set(error, ERROR_SYNTAX, "odd number of components in label string %s", quote(path).text);
	struct slice rest = slice_from(path, 1);
	for (size_t i = 0; i < slashes; i += 2) {
		struct slice name = cut(&rest, '/');
		struct slice value = cut(&rest, '/');
		if (parse_path_label(key, name, value, limits, error) == -1)
			return -1;
	}
	return 0;
}

int grouping_key_from_path(
	struct grouping_key *key, struct slice path, const struct limits *limits, struct error *error)
{
	struct slice rest = path;
	key->utf8_names = limits->utf8_names;
	bool rooted = cut(&rest, '/').len == 0 && path.len > 0;
	struct slice name = cut(&rest, '/');
	bool base64 = cut_base64_suffix(&name);
	if (!rooted || !slice_equal(name, grouping_key_job))
		return error_set(error, ERROR_SYNTAX, "path %s of a group does not start with /job/ or /job@base64/",
			quote(path).text);
	struct slice encoded = cut(&rest, '/'), job = encoded;
	if (base64 && base64_decode(&key->arena, encoded, &job, error) == -1)
		return error->kind != ERROR_SYNTAX
			       ? -1
			       : error_prefix(error, "invalid base64 encoding in job name %s: ", quote(encoded).text);
	/* What cut() left lacks the slash that it stopped at, which the upstream's rules count. */
	struct slice labels = slice_from(path, (size_t)(encoded.data + encoded.len - path.data));
	if (parse_path_labels(key, labels, limits, error) == -1 ||
		grouping_key_add(key, grouping_key_job, job, limits, error) == -1)
		return -1;
	return grouping_key_finish(key, limits, error);
}

/* Parses NAME=VALUE,NAME=VALUE... with a scratch buffer, which gets the decoded name and value of each. */
static int parse_file_labels(struct grouping_key *key, struct slice stem, struct buffer *decoded,
	const struct limits *limits, struct error *error)
{
	while (stem.len > 0) {
		struct slice value = cut(&stem, ',');
		struct slice name = cut(&value, '=');
		size_t name_end = 0;
		buffer_clear(decoded);
		int status = percent_decode(decoded, name);
		name_end = decoded->len;
		if (status == -1 || percent_decode(decoded, value) == -1)
			return errno == EINVAL
				       ? error_set(error, ERROR_SYNTAX, "bad escape in the label %s", quote(name).text)
				       : error_set_memory(error);
		struct slice both = buffer_slice(decoded);
		if (grouping_key_add(key, slice_make(both.data, name_end), slice_from(both, name_end), limits, error) ==
			-1)
			return -1;
	}
	return 0;
}

static int parse_file(struct grouping_key *key, struct slice file, struct buffer *value, const struct limits *limits,
	struct error *error)
{
	if (!slice_has_suffix(file, grouping_key_suffix))
		return error_set(error, ERROR_SYNTAX, "it does not end in .prom");
	if (file.len > FILE_NAME_MAX || memchr(file.data, '~', file.len) != NULL)
		return error_set(error, ERROR_SYNTAX, "a name that was cut can't be read back");
	struct slice stem = slice_make(file.data, file.len - grouping_key_suffix.len);
	key->utf8_names = limits->utf8_names;
	if (parse_file_labels(key, stem, value, limits, error) == -1 || grouping_key_finish(key, limits, error) == -1)
		return -1;
	if (!slice_equal(key->file, file))
		return error_set(error, ERROR_SYNTAX, "the name of this group's file is %s", quote(key->file).text);
	return 0;
}

int grouping_key_from_file(
	struct grouping_key *key, struct slice file, const struct limits *limits, struct error *error)
{
	struct buffer value;
	buffer_init(&value, SIZE_MAX);
	int result = parse_file(key, file, &value, limits, error);
	buffer_release(&value);
	return result == 0 || error->kind == ERROR_MEMORY ? result
							  : error_prefix(error, "file name %s: ", quote(file).text);
}

/* Cuts a text in quotes off the front of *rest. It stays escaped. */
static bool cut_quoted(struct slice *rest, struct slice *escaped)
{
	if (rest->len == 0 || rest->data[0] != '"')
		return false;
	size_t end = 1;
	while (end < rest->len && rest->data[end] != '"' && rest->data[end] != '\n') {
		if (rest->data[end] == '\\' && (++end == rest->len || strchr("\\\"n", rest->data[end]) == NULL))
			return false;
		end++;
	}
	if (end == rest->len || rest->data[end] == '\n')
		return false;
	*escaped = slice_make(rest->data + 1, end - 1);
	*rest = slice_from(*rest, end + 1);
	return true;
}

/* Cuts NAME="VALUE" off the front of *rest, with the comma that must stand between two. The value stays escaped, and so
 * does a name in quotes, which only one that needs them may have. */
static bool cut_text_label(struct slice *rest, struct label *label, bool *quoted)
{
	struct slice after = *rest;
	*quoted = after.len > 0 && after.data[0] == '"';
	if (!*quoted)
		label->name = cut(&after, '=');
	else if (!cut_quoted(&after, &label->name) || cut(&after, '=').len != 0)
		return false;
	if (!cut_quoted(&after, &label->value))
		return false;
	*rest = after;
	if (rest->len == 0)
		return true;
	bool more = rest->len > 1 && rest->data[0] == ',';
	*rest = slice_from(*rest, 1);
	return more;
}

static int parse_text_labels(struct grouping_key *key, struct slice rest, struct buffer *plain,
	const struct limits *limits, struct error *error)
{
	while (rest.len > 0) {
		struct label label;
		bool quoted;
		if (!cut_text_label(&rest, &label, &quoted))
			return error_set(error, ERROR_SYNTAX, "it is not of the form {job=\"a\",name=\"value\"}");
		buffer_clear(plain);
		if ((quoted ? text_unescape(plain, label.name) : buffer_append_slice(plain, label.name)) == -1)
			return error_set_memory(error);
		size_t before = key->count, name_end = plain->len;
		if (text_unescape(plain, label.value) == -1)
			return error_set_memory(error);
		struct slice both = buffer_slice(plain), name = slice_make(both.data, name_end);
		if (!quoted && !label_name_valid(name))
			return error_set(error, ERROR_SYNTAX, "improper label name %s", quote(name).text);
		if (quoted && label_name_valid(name))
			return error_set(error, ERROR_SYNTAX, "label name %s needs no quotes", quote(name).text);
		if (grouping_key_add(key, name, slice_from(both, name_end), limits, error) == -1)
			return -1;
		if (key->count == before)
			return error_set(error, ERROR_SYNTAX, "label %s is there twice", quote(label.name).text);
	}
	return 0;
}

static int parse_text(struct grouping_key *key, struct slice text, struct buffer *value, const struct limits *limits,
	struct error *error)
{
	if (text.len < 2 || text.data[0] != '{' || text.data[text.len - 1] != '}')
		return error_set(error, ERROR_SYNTAX, "it does not stand in braces");
	struct slice labels = slice_make(text.data + 1, text.len - 2);
	key->utf8_names = limits->utf8_names;
	return parse_text_labels(key, labels, value, limits, error) == -1 ? -1
									  : grouping_key_finish(key, limits, error);
}

int grouping_key_from_text(
	struct grouping_key *key, struct slice text, const struct limits *limits, struct error *error)
{
	struct buffer value;
	buffer_init(&value, SIZE_MAX);
	int result = parse_text(key, text, &value, limits, error);
	buffer_release(&value);
	return result == 0 || error->kind == ERROR_MEMORY ? result
							  : error_prefix(error, "grouping key %s: ", quote(text).text);
}

/* Whether a value gets through a path: servers clean away empty and dotted components, and proxies refuse %00. */
static bool path_carries(struct slice value)
{
	return value.len > 0 && memchr(value.data, '/', value.len) == NULL &&
	       memchr(value.data, '\0', value.len) == NULL && !slice_is(value, ".") && !slice_is(value, "..");
}

static int append_path_value(struct buffer *out, struct slice value, bool plain)
{
	if (plain)
		return percent_encode(out, value, PATH_CHARACTERS);
	return value.len == 0 ? buffer_append_byte(out, '=') : base64_append(out, value);
}

/* A name that is not plain goes as U__..., which servers read with --push.enable-utf8-names. */
static int append_path_name(struct buffer *out, struct slice name)
{
	return label_name_valid(name) ? buffer_append_slice(out, name) : name_escape(out, name, ESCAPING_VALUES);
}

int grouping_key_append_path(const struct grouping_key *key, struct buffer *out)
{
	for (size_t i = 0; i < key->count; i++) {
		const struct label *label = grouping_key_label(key, i);
		bool plain = path_carries(label->value);
		if (buffer_append_byte(out, '/') == -1 || append_path_name(out, label->name) == -1 ||
			(!plain && buffer_append_slice(out, base64_suffix) == -1) ||
			buffer_append_byte(out, '/') == -1 || append_path_value(out, label->value, plain) == -1)
			return -1;
	}
	return 0;
}
