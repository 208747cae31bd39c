/*
 * Fuzz target: group files. The first line of the input is the name of the file, the rest what is in it. The text of
 * a group that was read must be read as the same group again.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "group.h"
#include "input_limits.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const int64_t modified = 1714564800123456789;

static bool is_line_of(struct slice name, const struct block *distribution)
{
	static const char *const suffixes[] = {"_count", "_sum", "_bucket"};

	if (distribution->type != METRIC_SUMMARY && distribution->type != METRIC_HISTOGRAM)
		return false;
	for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++)
		if (name.len == distribution->name.len + strlen(suffixes[i]) &&
			slice_has_prefix(name, distribution->name) && slice_has_suffix(name, slice_of(suffixes[i])))
			return true;
	return false;
}

/* The family h_count beside the histogram h: the view refuses such a group, so that its text is never written. */
static bool names_clash(const struct group *group)
{
	for (size_t i = 0; i < group->block_count; i++)
		for (size_t j = 0; j < group->block_count; j++)
			if (is_line_of(group->blocks[i].name, &group->blocks[j]))
				return true;
	return false;
}

static struct buffer text_of(const struct group *group)
{
	struct buffer text;
	buffer_init(&text, SIZE_MAX / 2);
	if (group_append_text(group, &text) == -1 || text.len != group->text_size)
		abort();
	return text;
}

static void check_again(const struct group *group, const struct limits *limits)
{
	struct error error = {0};
	struct buffer text = text_of(group), text_again = {0};
	struct group *again = group_read(group->key.file, buffer_slice(&text), modified + 1, limits, &error);

	if (again != NULL)
		text_again = text_of(again);
	if (again == NULL || !slice_equal(buffer_slice(&text_again), buffer_slice(&text)) ||
		!slice_equal(again->key.text, group->key.text) || again->series_count != group->series_count ||
		!group_same_shape(again, group) || again->push_time != group->push_time ||
		again->push_failure_time != group->push_failure_time) {
		fprintf(stderr, "%s\n--- first\n%.*s\n--- second\n%.*s\n", error.message,
			SLICE_PRINTF(buffer_slice(&text)), SLICE_PRINTF(buffer_slice(&text_again)));
		abort();
	}
	buffer_release(&text);
	buffer_release(&text_again);
	group_free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct limits limits = LIMITS_DEFAULT;
	struct error error;
	const char *text = (const char *)data;
	const char *end = size == 0 || size > 16384 ? NULL : memchr(text, '\n', size);
	struct group *group;
	char *file;

	if (end == NULL || memchr(text, '\0', (size_t)(end - text)) != NULL)
		return 0;
	/* The name of a directory entry is NUL-terminated. */
	if ((file = calloc(1, (size_t)(end - text) + 1)) == NULL)
		abort();
	memcpy(file, text, (size_t)(end - text));
	group = group_read(
		slice_of(file), slice_make(end + 1, size - (size_t)(end + 1 - text)), modified, &limits, &error);
	if (group != NULL && !names_clash(group))
		check_again(group, &limits);
	group_free(group);
	free(file);
	return 0;
}
