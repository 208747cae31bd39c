/* The exposition of the whole: the families of all groups and the gateway's own, merged by name. */

#include "own.h"
#include "view.h"
#include "view_index.h"

static struct slice find_help(const struct index_family *family)
{
	const struct own_family *own = own_family(family->name);
	if (own != NULL)
		return slice_of(own->help);
	struct index_block *block;
	RB_FOREACH(block, index_block_tree, (struct index_block_tree *)&family->blocks)
	{
		if (block->block->help.data != NULL)
			return block->block->help;
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

static int append_blocks(const struct index_family *family, bool natives, struct buffer *out)
{
	struct index_block *block;
	RB_FOREACH(block, index_block_tree, (struct index_block_tree *)&family->blocks)
	{
		bool whole = natives || !block->member->group->natives;
		if ((whole ? buffer_append_slice(out, block->block->samples)
			   : append_without_comments(block->block->samples, out)) == -1)
			return -1;
	}
	return 0;
}

/* One family, which the groups have, the gateway, or both. */
static int append_family(const struct index_family *family, const struct exposition *own,
	const struct metric_family *own_part, bool natives, struct buffer *out, struct error *error)
{
	struct slice name = family != NULL ? family->name : own_part->name;
	struct slice help = family != NULL ? find_help(family) : own_part->help;
	const struct index_block *first =
		family == NULL ? NULL : RB_MIN(index_block_tree, (struct index_block_tree *)&family->blocks);
	enum metric_type type = own_part != NULL ? own_part->type : first->block->type;
	if (canonical_append_head(out, name, help, type) == -1)
		return error_set_memory(error);
	if (own_part != NULL && append_own(own, own_part, out, error) == -1)
		return -1;
	if (family != NULL && append_blocks(family, natives, out) == -1)
		return error_set_memory(error);
	return 0;
}

/* Families that only groups have which are left out. */
static struct index_family *skip_empty(struct index_family *family)
{
	while (family != NULL && RB_EMPTY(&family->blocks))
		family = RB_NEXT(index_family_tree, NULL, family);
	return family;
}

int view_index_append(const struct view_index *index, const struct exposition *own, bool natives, struct buffer *out,
	struct error *error)
{
	struct index_family *family =
		skip_empty(RB_MIN(index_family_tree, (struct index_family_tree *)&index->families));
	uint32_t i = 0;
	while (family != NULL || i < own->family_count) {
		const struct metric_family *own_part = i < own->family_count ? &own->families[i] : NULL;
		int order = family == NULL ? 1 : own_part == NULL ? -1 : slice_compare(family->name, own_part->name);
		if (append_family(order <= 0 ? family : NULL, own, order >= 0 ? own_part : NULL, natives, out, error) ==
			-1)
			return -1;
		i += order >= 0;
		if (order <= 0)
			family = skip_empty(RB_NEXT(index_family_tree, &index->families, family));
	}
	return 0;
}
