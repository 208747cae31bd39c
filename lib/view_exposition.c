/* The exposition of the whole: the families of all groups and the gateway's own, merged by name. */

#include "own.h"
#include "view.h"
#include "view_index.h"

struct slice index_family_help(const struct view_index *index, const struct index_family *family)
{
	const struct own_family *own = own_family(family->name);
	struct sorted_cursor cursor = {0};
	const struct group *group;
	const struct block *block;
	if (own != NULL)
		return slice_of(own->help);
	while (index_family_next(index, family, &cursor, &group, &block)) {
		if (block->help.data != NULL)
			return block->help;
	}
	return (struct slice){0};
}

/* The gateway's samples have no grouping labels. */
static int append_own(
	const struct exposition *own, const struct metric_family *family, struct buffer *out, struct error *error)
{
	const struct canonical_key no_labels = {.default_instance = SIZE_MAX};
	return canonical_append_samples(out, own, family, &no_labels, NULL, error);
}

static int append_without_comments(struct slice samples, struct buffer *out)
{
	for (const char *line = samples.data, *end = line + samples.len, *next; line < end; line = next) {
		next = (const char *)memchr(line, '\n', (size_t)(end - line)) + 1;
		if (*line != '#' && buffer_append(out, line, (size_t)(next - line)) == -1)
			return -1;
	}
	return 0;
}

static int append_blocks(
	const struct view_index *index, const struct index_family *family, bool natives, struct buffer *out)
{
	struct sorted_cursor cursor = {0};
	const struct group *group;
	const struct block *block;
	while (index_family_next(index, family, &cursor, &group, &block)) {
		bool whole = natives || !group->natives;
		if ((whole ? buffer_append_slice(out, block->samples) : append_without_comments(block->samples, out)) ==
			-1)
			return -1;
	}
	return 0;
}

enum metric_type index_family_type(const struct view_index *index, const struct index_family *family)
{
	struct sorted_cursor cursor = {0};
	const struct group *group;
	const struct block *block;
	index_family_next(index, family, &cursor, &group, &block);
	return block->type;
}

/* One family, which the groups have, the gateway, or both. */
static int append_family(const struct view_index *index, const struct index_family *family,
	const struct exposition *own, const struct metric_family *own_part, bool natives, struct buffer *out,
	struct error *error)
{
	struct slice name = family != NULL ? family->name : own_part->name;
	struct slice help = family != NULL ? index_family_help(index, family) : own_part->help;
	enum metric_type type = own_part != NULL ? own_part->type : index_family_type(index, family);
	if (canonical_append_head(out, name, help, type) == -1)
		return error_set_memory(error);
	if (own_part != NULL && append_own(own, own_part, out, error) == -1)
		return -1;
	if (family != NULL && append_blocks(index, family, natives, out) == -1)
		return error_set_memory(error);
	return 0;
}

int view_index_append(const struct view_index *index, const struct exposition *own, bool natives, struct buffer *out,
	struct error *error)
{
	struct index_family *family = RB_MIN(index_family_tree, (struct index_family_tree *)&index->families);
	uint32_t i = 0;
	while (family != NULL || i < own->family_count) {
		const struct metric_family *own_part = i < own->family_count ? &own->families[i] : NULL;
		int order = family == NULL ? 1 : own_part == NULL ? -1 : slice_compare(family->name, own_part->name);
		if (append_family(index, order <= 0 ? family : NULL, own, order >= 0 ? own_part : NULL, natives, out,
			    error) == -1)
			return -1;
		i += order >= 0;
		if (order <= 0)
			family = RB_NEXT(index_family_tree, &index->families, family);
	}
	return 0;
}
