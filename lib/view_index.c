#include "view_index.h"

#include <stdlib.h>

#include "consistency.h"
#include "text.h"

#define SLOTS_FIRST 64

static int compare_blocks(const struct index_block *a, const struct index_block *b)
{
	return slice_compare(a->member->group->key.file, b->member->group->key.file);
}

static int compare_families(const struct index_family *a, const struct index_family *b)
{
	return slice_compare(a->name, b->name);
}

RB_GENERATE(index_block_tree, index_block, link, compare_blocks)
RB_GENERATE(index_family_tree, index_family, link, compare_families)

void view_index_init(struct view_index *index)
{
	*index = (struct view_index){0};
	RB_INIT(&index->families);
}

void view_index_release(struct view_index *index)
{
	struct index_family *family, *next;
	RB_FOREACH_SAFE(family, index_family_tree, &index->families, next)
	{
		RB_REMOVE(index_family_tree, &index->families, family);
		free(family);
	}
	free(index->slots);
	view_index_init(index);
}

static struct index_family *find_family(struct view_index *index, struct slice name)
{
	struct index_family key = {.name = name};
	return RB_FIND(index_family_tree, &index->families, &key);
}

static struct index_family *get_family(struct view_index *index, struct slice name)
{
	struct index_family *family = find_family(index, name);
	if (family != NULL)
		return family;
	family = malloc(sizeof(*family) + name.len);
	if (family == NULL)
		return NULL;
	memcpy(family + 1, name.data, name.len);
	family->name = slice_make((const char *)(family + 1), name.len);
	family->users = 0;
	RB_INIT(&family->blocks);
	RB_INSERT(index_family_tree, &index->families, family);
	return family;
}

/* Where a series is, or the free slot at the end of its chain. */
static size_t find_slot(const struct view_index *index, struct fingerprint fingerprint)
{
	size_t slot = fingerprint.low & index->mask;
	while (index->slots[slot].member != NULL && !fingerprint_equal(index->slots[slot].fingerprint, fingerprint))
		slot = (slot + 1) & index->mask;
	return slot;
}

/* Room for all prepared series and so many more at a load of two thirds: members that are left out now may be added
 * together later. */
static int reserve_series(struct view_index *index, size_t more)
{
	size_t slots = index->slots == NULL ? 0 : index->mask + 1;
	size_t needed = (index->prepared + more) / 2 * 3 + 3;
	if (needed <= slots)
		return 0;
	size_t size = slots == 0 ? SLOTS_FIRST : slots;
	while (size < needed)
		size *= 2;
	struct view_index larger = {.slots = calloc(size, sizeof(*larger.slots)), .mask = size - 1};
	if (larger.slots == NULL)
		return -1;
	for (size_t i = 0; i < slots; i++) {
		if (index->slots[i].member != NULL)
			larger.slots[find_slot(&larger, index->slots[i].fingerprint)] = index->slots[i];
	}
	free(index->slots);
	index->slots = larger.slots;
	index->mask = larger.mask;
	return 0;
}

/* Removes the series of a slot and closes the gap, so that no chain is broken. */
static void remove_slot(struct view_index *index, size_t slot)
{
	size_t hole = slot;
	for (size_t next = (slot + 1) & index->mask; index->slots[next].member != NULL;
		next = (next + 1) & index->mask) {
		size_t home = index->slots[next].fingerprint.low & index->mask;
		/* One whose home lies cyclically in (hole, next] stays. */
		if (((next - home) & index->mask) < ((next - hole) & index->mask))
			continue;
		index->slots[hole] = index->slots[next];
		hole = next;
	}
	index->slots[hole].member = NULL;
	index->series_count--;
}

int view_index_prepare(
	struct view_index *index, struct index_member *member, const struct group *group, struct error *error)
{
	member->group = group;
	member->blocks = calloc(group->block_count, sizeof(*member->blocks));
	if (member->blocks == NULL)
		return error_set_memory(error);
	if (reserve_series(index, group->series_count) == -1) {
		free(member->blocks);
		member->blocks = NULL;
		return error_set_memory(error);
	}
	index->prepared += group->series_count;
	for (size_t i = 0; i < group->block_count; i++) {
		struct index_block *block = &member->blocks[i];
		block->member = member;
		block->block = &group->blocks[i];
		block->family = get_family(index, group->blocks[i].name);
		if (block->family == NULL)
			return error_set_memory(error);
		block->family->users++;
	}
	return 0;
}

void view_index_discard(struct view_index *index, struct index_member *member)
{
	if (member->blocks == NULL)
		return;
	index->prepared -= member->group->series_count;
	for (size_t i = 0; i < member->group->block_count; i++) {
		struct index_family *family = member->blocks[i].family;
		/* NULL where the preparation failed on the way. */
		if (family != NULL && --family->users == 0) {
			RB_REMOVE(index_family_tree, &index->families, family);
			free(family);
		}
	}
	free(member->blocks);
	member->blocks = NULL;
}

static bool find_holder(void *context, struct slice name, struct holder *holder)
{
	struct index_family *family = find_family(context, name);
	if (family == NULL || RB_EMPTY(&family->blocks))
		return false;
	const struct index_block *first = RB_MIN(index_block_tree, &family->blocks);
	*holder = (struct holder){first->block->type, first->member->group};
	return true;
}

static int refuse_series(
	const struct index_block *block, size_t series, const struct index_member *other, struct error *error)
{
	const struct group *group = block->member->group;
	struct slice labels =
		canonical_find(block->block->samples, block->block->name, block->block->type, group->series[series]);
	bool twice = other == block->member;
	return error_set_at(error, ERROR_INCONSISTENT, group->lines[series], 0,
		"collected metric %s {%.*s} was collected before with the same name and label values%s%s",
		quote(block->block->name).text, SLICE_PRINTF(labels), twice ? "" : " in group ",
		twice ? "" : other->group->key.text.data);
}

static void remove_series(struct view_index *index, const struct index_member *member, size_t count)
{
	for (size_t i = 0; i < count; i++)
		remove_slot(index, find_slot(index, member->group->series[i]));
}

static int add_block(struct view_index *index, struct index_block *block, struct error *error)
{
	const struct group *group = block->member->group;
	if (consistency_check_block(group, block->block, find_holder, index, error) == -1)
		return -1;
	size_t end = block->block->first_series + block->block->series_count;
	for (size_t i = block->block->first_series; i < end; i++) {
		size_t slot = find_slot(index, group->series[i]);
		if (index->slots[slot].member != NULL) {
			refuse_series(block, i, index->slots[slot].member, error);
			/* Those of the blocks before are the caller's to remove. */
			for (size_t added = block->block->first_series; added < i; added++)
				remove_slot(index, find_slot(index, group->series[added]));
			return -1;
		}
		index->slots[slot] = (struct index_series){group->series[i], block->member};
		index->series_count++;
	}
	RB_INSERT(index_block_tree, &block->family->blocks, block);
	return 0;
}

static void remove_blocks(struct view_index *index, struct index_member *member, size_t count)
{
	for (size_t i = 0; i < count; i++)
		RB_REMOVE(index_block_tree, &member->blocks[i].family->blocks, &member->blocks[i]);
	size_t series = 0;
	if (count > 0) {
		const struct block *last = member->blocks[count - 1].block;
		series = last->first_series + last->series_count;
	}
	remove_series(index, member, series);
}

int view_index_add(struct view_index *index, struct index_member *member, struct error *error)
{
	for (size_t i = 0; i < member->group->block_count; i++) {
		if (add_block(index, &member->blocks[i], error) == -1) {
			remove_blocks(index, member, i);
			return -1;
		}
	}
	return 0;
}

void view_index_remove(struct view_index *index, struct index_member *member)
{
	remove_blocks(index, member, member->group->block_count);
}
