#include "labels.h"

#include <errno.h>
#include <sha2.h>
#include <stdint.h>

#include "base64.h"
#include "names.h"
#include "percent.h"
#include "text.h"

#define FILE_NAME_MAX	     200 /* longer ones are cut: file systems allow 255 */
#define FILE_NAME_CUT	     160
#define FILE_HASH_DIGITS     32
#define FILE_CHARACTERS	     "_.:@+-" /* of values */
#define FILE_NAME_CHARACTERS "_"
#define PATH_CHARACTERS	     "-._~:@+,="

static const struct slice job_name = SLICE_LITERAL("job");
static const struct slice file_suffix = SLICE_LITERAL(".prom");
static const struct slice base64_suffix = SLICE_LITERAL("@base64");

static bool is_letter(char byte)
{
	return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z');
}

static bool is_digit(char byte)
{
	return byte >= '0' && byte <= '9';
}

static bool is_alphanumeric_or_in(char byte, const char *others)
{
	return is_letter(byte) || is_digit(byte) || (byte != '\0' && strchr(others, byte) != NULL);
}

static struct slice slice_from(struct slice slice, size_t start)
{
	/* An empty slice may have no bytes to count from. */
	return start == 0 ? slice : slice_make(slice.data + start, slice.len - start);
}

bool label_name_valid(struct slice name)
{
	if (name.len == 0 || is_digit(name.data[0]))
		return false;
	for (size_t i = 0; i < name.len; i++)
		if (!is_alphanumeric_or_in(name.data[i], "_"))
			return false;
	return true;
}

void grouping_key_init(struct grouping_key *key)
{
	*key = (struct grouping_key){0};
	arena_init(&key->arena);
}

void grouping_key_release(struct grouping_key *key)
{
	arena_release(&key->arena);
	grouping_key_init(key);
}

/* The place of a name in the sorted labels: its own, or the one where it belongs. */
static size_t find_label(const struct grouping_key *key, struct slice name, bool *found)
{
	size_t low = 0, high = key->count;
	*found = false;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = slice_compare(key->labels[middle].name, name);
		if (order == 0) {
			*found = true;
			return middle;
		}
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

struct slice grouping_key_value(const struct grouping_key *key, const char *name)
{
	bool found;
	size_t at = find_label(key, slice_of(name), &found);
	return found ? key->labels[at].value : (struct slice){0};
}

static int insert_label(struct grouping_key *key, size_t at, struct label label)
{
	if (key->count == key->capacity) {
		size_t capacity = key->capacity == 0 ? 8 : key->capacity * 2;
		struct label *labels = arena_alloc(&key->arena, capacity * sizeof(*labels));
		if (labels == NULL)
			return -1;
		if (key->count > 0)
			memcpy(labels, key->labels, key->count * sizeof(*labels));
		key->labels = labels;
		key->capacity = capacity;
	}
	memmove(key->labels + at + 1, key->labels + at, (key->count - at) * sizeof(*key->labels));
	key->labels[at] = label;
	key->count++;
	return 0;
}

static int check_name(struct slice name, bool utf8_names, struct error *error)
{
	static const struct slice reserved = SLICE_LITERAL("__");
	bool valid = label_name_valid(name) || (utf8_names && name_is_utf8(name));
	if (valid && !slice_has_prefix(name, reserved))
		return 0;
	return error_set(error, ERROR_SYNTAX, "improper label name %s", quote(name).text);
}

static int check_value(struct slice name, struct slice value, struct error *error)
{
	if (slice_equal(name, job_name) && value.len == 0)
		return error_set(error, ERROR_SYNTAX, "job name is required");
	if (!utf8_valid(value))
		return error_set(
			error, ERROR_SYNTAX, "value %s of label %s is not UTF-8", quote(value).text, quote(name).text);
	return 0;
}

int grouping_key_set(struct grouping_key *key, struct slice name, struct slice value, struct error *error)
{
	if (check_name(name, key->utf8_names, error) == -1 || check_value(name, value, error) == -1)
		return -1;
	key->text = key->file = (struct slice){0};
	struct label label = {.value = arena_copy(&key->arena, value)};
	if (label.value.data == NULL)
		return error_set_memory(error);
	bool found;
	size_t at = find_label(key, name, &found);
	if (found) {
		key->labels[at].value = label.value;
		return 0;
	}
	label.name = arena_copy(&key->arena, name);
	if (label.name.data == NULL || insert_label(key, at, label) == -1)
		return error_set_memory(error);
	return 0;
}

static int check_count(const struct grouping_key *key, const struct limits *limits, struct error *error)
{
	if (key->count <= limits->labels)
		return 0;
	return error_set(error, ERROR_TOO_LARGE, "the grouping key has more than %zu labels", limits->labels);
}

/* For the parsers: stops at the limit, so that the input can't make the sorted insertion expensive. */
static int add_label(struct grouping_key *key, struct slice name, struct slice value, const struct limits *limits,
	struct error *error)
{
	return grouping_key_set(key, name, value, error) == -1 ? -1 : check_count(key, limits, error);
}

static int check_limits(const struct grouping_key *key, const struct limits *limits, struct error *error)
{
	if (check_count(key, limits, error) == -1)
		return -1;
	for (size_t i = 0; i < key->count; i++) {
		const struct label *label = &key->labels[i];
		if (label->name.len > limits->name)
			return error_set(error, ERROR_TOO_LARGE, "label name %s is longer than %zu bytes",
				quote(label->name).text, limits->name);
		size_t written = label->value.len;
		for (size_t k = 0; k < label->value.len; k++)
			written += strchr("\\\"\n", label->value.data[k]) != NULL && label->value.data[k] != '\0';
		if (written > limits->label_value)
			return error_set(error, ERROR_TOO_LARGE, "value of label %s is longer than %zu bytes",
				quote(label->name).text, limits->label_value);
	}
	return 0;
}

/* The order in which every form of a key has its labels: job, then the others by name. 0 is job. */
static const struct label *label_in_order(const struct grouping_key *key, size_t index)
{
	bool found;
	size_t job = find_label(key, job_name, &found);
	if (index == 0)
		return &key->labels[job];
	return &key->labels[index <= job ? index - 1 : index];
}

/* The functions that append return 0, or -1 with errno. */
static int append_text_name(struct buffer *out, struct slice name)
{
	if (label_name_valid(name))
		return buffer_append_slice(out, name);
	return buffer_append_byte(out, '"') == -1 || text_escape(out, name) == -1 ? -1 : buffer_append_byte(out, '"');
}

static int append_text_label(struct buffer *out, const struct label *label)
{
	return append_text_name(out, label->name) == -1 || buffer_append_string(out, "=\"") == -1 ||
			       text_escape(out, label->value) == -1 || buffer_append_byte(out, '"') == -1
		       ? -1
		       : 0;
}

static int append_text(struct buffer *out, const struct grouping_key *key)
{
	for (size_t i = 0; i < key->count; i++)
		if (buffer_append_byte(out, i == 0 ? '{' : ',') == -1 ||
			append_text_label(out, label_in_order(key, i)) == -1)
			return -1;
	return buffer_append_byte(out, '}');
}

/* The name without the suffix; no further than past the length from which a name is cut. */
static int append_file_stem(struct buffer *out, const struct grouping_key *key)
{
	for (size_t i = 0; i < key->count && out->len <= FILE_NAME_MAX; i++) {
		const struct label *label = label_in_order(key, i);
		if ((i > 0 && buffer_append_byte(out, ',') == -1) ||
			percent_encode(out, label->name, FILE_NAME_CHARACTERS) == -1 ||
			buffer_append_byte(out, '=') == -1 || percent_encode(out, label->value, FILE_CHARACTERS) == -1)
			return -1;
	}
	return 0;
}

/* Cuts a stem, not inside an escape, and appends the hash of the key's text. */
static int cut_file_stem(struct buffer *out, struct slice text)
{
	char digits[SHA256_DIGEST_STRING_LENGTH];
	SHA256Data((const uint8_t *)text.data, text.len, digits);
	out->len = FILE_NAME_CUT;
	for (size_t back = 1; back <= 2; back++)
		if (out->data[FILE_NAME_CUT - back] == '%')
			out->len = FILE_NAME_CUT - back;
	return buffer_append_byte(out, '~') == -1 ? -1 : buffer_append(out, digits, FILE_HASH_DIGITS);
}

static int append_file(struct buffer *out, const struct grouping_key *key)
{
	if (append_file_stem(out, key) == -1)
		return -1;
	if (out->len + file_suffix.len > FILE_NAME_MAX && cut_file_stem(out, key->text) == -1)
		return -1;
	return buffer_append_slice(out, file_suffix);
}

int grouping_key_finish(struct grouping_key *key, const struct limits *limits, struct error *error)
{
	if (grouping_key_value(key, "job").data == NULL)
		return error_set(error, ERROR_SYNTAX, "job name is required");
	if (check_limits(key, limits, error) == -1)
		return -1;
	int result = -1;
	struct buffer out;
	buffer_init(&out, SIZE_MAX);
	if (append_text(&out, key) == -1)
		goto out;
	key->text = arena_copy(&key->arena, buffer_slice(&out));
	buffer_clear(&out);
	if (key->text.data == NULL || append_file(&out, key) == -1)
		goto out;
	key->file = arena_copy(&key->arena, buffer_slice(&out));
	result = key->file.data == NULL ? -1 : 0;
out:
	buffer_release(&out);
	return result == -1 ? error_set_memory(error) : 0;
}

size_t grouping_key_size(const struct grouping_key *key)
{
	size_t size = key->count * sizeof(*key->labels) + key->text.len + 1 + key->file.len + 1;
	for (size_t i = 0; i < key->count; i++)
		size += key->labels[i].name.len + key->labels[i].value.len;
	return size;
}

/* Puts a copy at *to, with a NUL behind it where that is wanted. */
static struct slice put_copy(char **to, struct slice slice, bool terminate)
{
	struct slice copy = slice_make(*to, slice.len);
	if (slice.len > 0)
		memcpy(*to, slice.data, slice.len);
	*to += slice.len;
	if (terminate)
		*(*to)++ = '\0';
	return copy;
}

void grouping_key_copy(struct grouping_key *copy, void *memory, const struct grouping_key *key)
{
	char *to = (char *)memory + key->count * sizeof(*key->labels);
	*copy = (struct grouping_key){
		.labels = memory, .count = key->count, .capacity = key->count, .utf8_names = key->utf8_names};
	for (size_t i = 0; i < key->count; i++) {
		copy->labels[i].name = put_copy(&to, key->labels[i].name, false);
		copy->labels[i].value = put_copy(&to, key->labels[i].value, false);
	}
	copy->text = put_copy(&to, key->text, true);
	copy->file = put_copy(&to, key->file, true);
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
	if (slice_has_prefix(written, slice_of("__")) || check_name(name, limits->utf8_names, error) == -1)
		return error_set(error, ERROR_SYNTAX, "improper label name %s", quote(written).text);
	if (base64 && base64_decode(&key->arena, value, &plain, error) == -1)
		return error->kind != ERROR_SYNTAX ? -1
						   : error_prefix(error, "invalid base64 encoding for label %.*s=%s: ",
							     SLICE_PRINTF(written), quote(value).text);
	return slice_equal(name, job_name) ? 0 : add_label(key, name, plain, limits, error);
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
	if (!rooted || !slice_equal(name, job_name))
		return error_set(error, ERROR_SYNTAX, "path %s of a group does not start with /job/ or /job@base64/",
			quote(path).text);
	struct slice encoded = cut(&rest, '/'), job = encoded;
	if (base64 && base64_decode(&key->arena, encoded, &job, error) == -1)
		return error->kind != ERROR_SYNTAX
			       ? -1
			       : error_prefix(error, "invalid base64 encoding in job name %s: ", quote(encoded).text);
	/* What cut() left lacks the slash that it stopped at, which the upstream's rules count. */
	struct slice labels = slice_from(path, (size_t)(encoded.data + encoded.len - path.data));
	if (parse_path_labels(key, labels, limits, error) == -1 || add_label(key, job_name, job, limits, error) == -1)
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
		if (add_label(key, slice_make(both.data, name_end), slice_from(both, name_end), limits, error) == -1)
			return -1;
	}
	return 0;
}

static int parse_file(struct grouping_key *key, struct slice file, struct buffer *value, const struct limits *limits,
	struct error *error)
{
	if (!slice_has_suffix(file, file_suffix))
		return error_set(error, ERROR_SYNTAX, "it does not end in .prom");
	if (file.len > FILE_NAME_MAX || memchr(file.data, '~', file.len) != NULL)
		return error_set(error, ERROR_SYNTAX, "a name that was cut can't be read back");
	struct slice stem = slice_make(file.data, file.len - file_suffix.len);
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
		if (add_label(key, name, slice_from(both, name_end), limits, error) == -1)
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
		const struct label *label = label_in_order(key, i);
		bool plain = path_carries(label->value);
		if (buffer_append_byte(out, '/') == -1 || append_path_name(out, label->name) == -1 ||
			(!plain && buffer_append_slice(out, base64_suffix) == -1) ||
			buffer_append_byte(out, '/') == -1 || append_path_value(out, label->value, plain) == -1)
			return -1;
	}
	return 0;
}

struct quoted grouping_key_show(const struct grouping_key *key)
{
	struct quoted shown;
	size_t len = strnlen(key->text.data, key->text.len);
	bool cut = len >= sizeof(shown.text);
	if (cut)
		len = sizeof(shown.text) - sizeof("...");
	memcpy(shown.text, key->text.data, len);
	strcpy(shown.text + len, cut ? "..." : "");
	text_blank_controls(shown.text);
	return shown;
}
