#include "labels_parts.h"

#include <errno.h>
#include <sha2.h>
#include <stdint.h>

#include "byte_runs.h"
#include "names.h"
#include "percent.h"
#include "text.h"

#define FILE_NAME_CUT	     160
#define FILE_HASH_DIGITS     32
#define FILE_CHARACTERS	     "_.:@+-" /* of values */
#define FILE_NAME_CHARACTERS "_"

static bool is_digit(char byte)
{
	return byte >= '0' && byte <= '9';
}

bool label_name_valid(struct slice name)
{
	const char *end = name.data + name.len;
	return name.len > 0 && !is_digit(name.data[0]) && skip_name(name.data, end, false) == end;
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

int grouping_key_check_name(struct slice name, bool utf8_names, struct error *error)
{
	bool valid = label_name_valid(name) || (utf8_names && name_is_utf8(name));
	if (valid && !label_name_reserved(name))
		return 0;
	return error_set(error, ERROR_SYNTAX, "improper label name %s", quote(name).text);
}

static int check_value(struct slice name, struct slice value, struct error *error)
{
	if (slice_equal(name, grouping_key_job) && value.len == 0)
		return error_set(error, ERROR_SYNTAX, "job name is required");
	if (!utf8_valid(value))
		return error_set(
			error, ERROR_SYNTAX, "value %s of label %s is not UTF-8", quote(value).text, quote(name).text);
	return 0;
}

int grouping_key_set(struct grouping_key *key, struct slice name, struct slice value, struct error *error)
{
	if (grouping_key_check_name(name, key->utf8_names, error) == -1 || check_value(name, value, error) == -1)
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

int grouping_key_add(struct grouping_key *key, struct slice name, struct slice value, const struct limits *limits,
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

const struct label *grouping_key_label(const struct grouping_key *key, size_t index)
{
	bool found;
	size_t job = find_label(key, grouping_key_job, &found);
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
			append_text_label(out, grouping_key_label(key, i)) == -1)
			return -1;
	return buffer_append_byte(out, '}');
}

/* The name without the suffix; no further than past the length from which a name is cut. */
static int append_file_stem(struct buffer *out, const struct grouping_key *key)
{
	for (size_t i = 0; i < key->count && out->len <= FILE_NAME_MAX; i++) {
		const struct label *label = grouping_key_label(key, i);
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
	if (out->len + grouping_key_suffix.len > FILE_NAME_MAX && cut_file_stem(out, key->text) == -1)
		return -1;
	return buffer_append_slice(out, grouping_key_suffix);
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
