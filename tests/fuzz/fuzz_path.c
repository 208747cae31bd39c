/*
 * Fuzz target: grouping keys. The input is read as the path of a URL, as the name of a group file and as the text of a
 * key. What is accepted must be a key by the rules of labels.h and come back the same from each of its forms.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "labels.h"
#include "require.h"
#include "text.h"

typedef int key_parser(struct grouping_key *key, struct slice input, const struct limits *limits, struct error *error);

static const struct limits limits = LIMITS_DEFAULT;

static void check_rules(const struct grouping_key *key)
{
	require_of(key->text, grouping_key_value(key, "job").len > 0, "a job");
	require_of(key->text, key->count <= limits.labels, "few labels");
	for (size_t i = 0; i < key->count; i++) {
		const struct label *label = &key->labels[i];
		require_of(key->text, label_name_valid(label->name), "valid names");
		require_of(
			key->text, label->name.len < 2 || memcmp(label->name.data, "__", 2) != 0, "no reserved names");
		require_of(key->text, utf8_valid(label->value), "values in UTF-8");
		require_of(
			key->text, i == 0 || slice_compare(key->labels[i - 1].name, label->name) < 0, "names in order");
	}
	require_of(key->text, key->text.data[key->text.len] == '\0', "a terminated text");
	require_of(key->text, strlen(key->file.data) == key->file.len && key->file.len <= 200, "a short file name");
	require_of(key->text, strchr(key->file.data, '/') == NULL && key->file.data[0] != '.', "a plain file name");
}

static void check_form(key_parser *parser, struct slice form, const char *name, const struct grouping_key *key)
{
	struct grouping_key again;
	struct error error;
	grouping_key_init(&again);
	if (parser(&again, form, &limits, &error) == -1) {
		fprintf(stderr, "%s\n", error.message);
		require_of(key->text, false, name);
	}
	require_of(key->text, again.count == key->count, name);
	require_of(key->text, slice_equal(again.text, key->text) && slice_equal(again.file, key->file), name);
	for (size_t i = 0; i < key->count; i++)
		require_of(key->text, slice_equal(again.labels[i].value, key->labels[i].value), name);
	grouping_key_release(&again);
}

/* Percent-decodes in place, as a server does. */
static void decode(struct buffer *path)
{
	size_t len = 0;
	for (size_t i = 0; i < path->len; i++) {
		char byte = path->data[i];
		if (byte == '%' && path->len - i > 2) {
			const char digits[] = {path->data[i + 1], path->data[i + 2], '\0'};
			byte = (char)strtoul(digits, NULL, 16);
			i += 2;
		}
		path->data[len++] = byte;
	}
	path->len = len;
}

static void check_path(const struct grouping_key *key)
{
	struct buffer path;
	buffer_init(&path, SIZE_MAX);
	if (grouping_key_append_path(key, &path) == -1)
		abort();
	decode(&path);
	check_form(grouping_key_from_path, buffer_slice(&path), "path", key);
	buffer_release(&path);
}

static void check(key_parser *parser, struct slice input)
{
	struct grouping_key key;
	struct error error;
	grouping_key_init(&key);
	if (parser(&key, input, &limits, &error) == 0) {
		check_rules(&key);
		check_path(&key);
		check_form(grouping_key_from_text, key.text, "text", &key);
		if (strchr(key.file.data, '~') == NULL)
			check_form(grouping_key_from_file, key.file, "file", &key);
		require_of(key.text, parser != grouping_key_from_file || slice_equal(key.file, input), "one file name");
	}
	grouping_key_release(&key);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice input = slice_make((const char *)data, size);
	check(grouping_key_from_path, input);
	check(grouping_key_from_file, input);
	check(grouping_key_from_text, input);
	return 0;
}
