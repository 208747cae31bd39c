#include "group.h"

#include <inttypes.h>
#include <stdlib.h>

#include "clock.h"
#include "group_make.h"
#include "number.h"

const char *const push_method_names[] = {
	[PUSH_NONE] = "-",
	[PUSH_POST] = "POST",
	[PUSH_PUT] = "PUT",
};

struct limits group_file_limits(const struct limits *limits)
{
	struct limits file = *limits;
	/* Escapes can double a value, and the grouping labels come on top of a sample's own. */
	file.body = limits->body > SIZE_MAX / 8 ? limits->body : limits->body * 4;
	file.label_value = limits->label_value * 2 + NUMBER_TEXT_SIZE;
	file.labels = limits->labels * 2 + 1;
	/* Lines of histograms have longer names than what was pushed may have, and the group's own families have names.
	 */
	file.name = limits->name + strlen("_bucket");
	if (file.name < strlen(PUSH_FAILURE_TIME_NAME))
		file.name = strlen(PUSH_FAILURE_TIME_NAME);
	/* What was pushed while such names were allowed stays. */
	file.utf8_names = true;
	return file;
}

void group_free(struct group *group)
{
	if (group != NULL)
		free(group->lines);
	free(group);
}

void group_forget_lines(struct group *group)
{
	free(group->lines);
	group->lines = NULL;
}

static int compare_block(const void *key, const void *element)
{
	return slice_compare(*(const struct slice *)key, ((const struct block *)element)->name);
}

const struct block *group_block(const struct group *group, struct slice name)
{
	if (group->block_count == 0)
		return NULL;
	return bsearch(&name, group->blocks, group->block_count, sizeof(group->blocks[0]), compare_block);
}

static bool block_includes(const struct block *block, const struct block *other)
{
	struct canonical_series series, wanted;
	if (block->type != other->type)
		return false;
	canonical_series_init(&series, block->samples, block->name, block->type);
	canonical_series_init(&wanted, other->samples, other->name, other->type);
	while (canonical_series_next(&wanted)) {
		do {
			if (!canonical_series_next(&series))
				return false;
		} while (!slice_equal(series.labels, wanted.labels));
	}
	return true;
}

bool group_includes(const struct group *group, const struct group *other)
{
	for (size_t i = 0; i < other->block_count; i++) {
		const struct block *block = group_block(group, other->blocks[i].name);
		if (block == NULL || !block_includes(block, &other->blocks[i]))
			return false;
	}
	return true;
}

uint32_t group_line(const struct group *group, const struct block *block, size_t series)
{
	if (group->lines == NULL)
		return 0;
	for (const struct block *before = group->blocks; before < block; before++)
		series += before->series_count;
	return group->lines[series];
}

/* Appends "# pgw KEYWORD SECONDS.NANOSECONDS" and more. Each push writes one, so without printf(3). */
static int append_time(struct buffer *out, const char *keyword, int64_t time, const char *rest)
{
	char text[32], *end = text + sizeof(text), *start = end;
	/* A file may be older than 1970. */
	uint64_t left = time < 0 ? 0 : (uint64_t)time;
	for (unsigned digits = 1; digits <= 10 || left > 0; digits++, left /= 10) {
		*--start = (char)('0' + left % 10);
		if (digits == 9)
			*--start = '.';
	}
	if (buffer_append_string(out, "# pgw ") == -1 || buffer_append_string(out, keyword) == -1 ||
		buffer_append_byte(out, ' ') == -1 || buffer_append(out, start, (size_t)(end - start)) == -1)
		return -1;
	return buffer_append_string(out, rest);
}

/* Families that were not pushed with the last push. */
static int append_family_times(const struct group *group, struct buffer *out)
{
	for (size_t i = 0; i < group->block_count; i++) {
		const struct block *block = &group->blocks[i];
		bool own = slice_is(block->name, PUSH_TIME_NAME) || slice_is(block->name, PUSH_FAILURE_TIME_NAME);
		if (own || block->pushed == group->push_time)
			continue;
		if (append_time(out, "family", block->pushed, " ") == -1 ||
			canonical_append_name(out, block->name) == -1 || buffer_append_byte(out, '\n') == -1)
			return -1;
	}
	return 0;
}

/* The header: comments, so that other readers of the format skip them. */
static int append_header(const struct group *group, struct buffer *out)
{
	/* The key may hold NUL bytes. */
	if (buffer_append_string(out, "# pgw group 1\n# pgw key ") == -1 ||
		buffer_append_slice(out, group->key.text) == -1 || buffer_append_byte(out, '\n') == -1)
		return -1;
	if (group->push_time != 0 && (append_time(out, "push", group->push_time, " ") == -1 ||
					     buffer_append_string(out, push_method_names[group->method]) == -1 ||
					     buffer_append_byte(out, '\n') == -1))
		return -1;
	if (group->push_failure_time != 0 && append_time(out, "failure", group->push_failure_time, "\n") == -1)
		return -1;
	if (group->ttl != 0 && buffer_printf(out, "# pgw ttl %" PRId64 "\n", group->ttl / CLOCK_SECOND) == -1)
		return -1;
	return append_family_times(group, out);
}

int group_append_text(const struct group *group, struct buffer *out)
{
	const size_t before = out->len;
	int status = append_header(group, out);
	for (size_t i = 0; i < group->block_count && status == 0; i++) {
		const struct block *block = &group->blocks[i];
		status = canonical_append_head(out, block->name, block->help, block->type);
		if (status == 0)
			status = buffer_append_slice(out, block->samples);
	}
	if (status == -1)
		out->len = before;
	return status;
}

struct group *group_push(const struct group *old, const struct grouping_key *key, const struct exposition *pushed,
	enum push_method method, int64_t now, int64_t ttl, const struct limits *limits, struct error *error)
{
	struct parts parts = {
		.key = key,
		.pushed = pushed,
		.old = method == PUSH_PUT ? NULL : old,
		.pushed_at = now,
		.push_time = now,
		.push_failure_time = old != NULL ? old->push_failure_time : 0,
		.ttl = ttl,
		.method = method,
	};
	return group_make(&parts, limits, error);
}

struct group *group_push_failed(const struct group *old, const struct grouping_key *key, int64_t now, int64_t ttl,
	const struct limits *limits, struct error *error)
{
	struct parts parts = {
		.key = key,
		.old = old,
		.push_time = old != NULL ? old->push_time : 0,
		.push_failure_time = now,
		.ttl = old != NULL ? old->ttl : ttl,
		.method = old != NULL ? old->method : PUSH_NONE,
	};
	return group_make(&parts, limits, error);
}
