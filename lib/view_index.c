#include "view_index.h"

#include <stdlib.h>

#include "consistency.h"
#include "own.h"
#include "text.h"

static int compare_families(const struct index_family *a, const struct index_family *b)
{
	return slice_compare(a->name, b->name);
}

RB_GENERATE(index_family_tree, index_family, link, compare_families)

void view_index_init(struct view_index *index)
{
	*index = (struct view_index){.first_free = INDEX_NONE};
	RB_INIT(&index->families);
	view_pieces_init(&index->pieces);
}

static void remove_family(struct view_index *index, struct index_family *family)
{
	view_pieces_remove_family(&index->pieces, family);
	RB_REMOVE(index_family_tree, &index->families, family);
	sorted_release(&family->blocks);
	free(family);
}

void view_index_release(struct view_index *index)
{
	struct index_family *family, *next;
	view_pieces_forget(&index->pieces);
	RB_FOREACH_SAFE(family, index_family_tree, &index->families, next)
	remove_family(index, family);
	view_pieces_release(&index->pieces);
	tag_table_release(&index->series);
	free(index->groups);
	view_index_init(index);
}

/* Gives a group a number. INDEX_NONE when out of memory. */
static uint32_t take_number(struct view_index *index, const struct group *group)
{
	uint32_t number = index->first_free;
	if (number != INDEX_NONE) {
		index->first_free = index->groups[number].next_free;
	} else {
		if (index->count == index->capacity) {
			uint32_t more = index->capacity + index->capacity / 2 + 16;
			union index_group *groups =
				more < index->capacity ? NULL : reallocarray(index->groups, more, sizeof(*groups));
			if (groups == NULL)
				return INDEX_NONE;
			index->groups = groups;
			index->capacity = more;
		}
		number = index->count++;
	}
	index->groups[number].group = group;
	return number;
}

static void free_number(struct view_index *index, uint32_t number)
{
	index->groups[number].next_free = index->first_free;
	index->first_free = number;
}

/* A block in its family's order: the number of its group, then its own place in the group. */
static uint64_t block_number(uint32_t group, size_t block)
{
	return (uint64_t)group << 32 | block;
}

static const struct group *group_of(const struct view_index *index, uint64_t block)
{
	return index->groups[block >> 32].group;
}

static struct slice file_of(const void *context, uint64_t block)
{
	return group_of(context, block)->key.file;
}

bool index_family_next(const struct view_index *index, const struct index_family *family, struct sorted_cursor *cursor,
	const struct group **group, const struct block **block)
{
	uint64_t number;
	if (!sorted_next(&family->blocks, cursor, &number))
		return false;
	*group = group_of(index, number);
	*block = &(*group)->blocks[(uint32_t)number];
	return true;
}

struct index_family *index_find_family(const struct view_index *index, struct slice name)
{
	struct index_family key = {.name = name};
	return RB_FIND(index_family_tree, (struct index_family_tree *)&index->families, &key);
}

static struct index_family *get_family(struct view_index *index, struct slice name)
{
	struct index_family *family = index_find_family(index, name);
	if (family != NULL)
		return family;
	family = malloc(sizeof(*family) + name.len);
	if (family == NULL)
		return NULL;
	memcpy(family + 1, name.data, name.len);
	*family = (struct index_family){
		.name = slice_make((const char *)(family + 1), name.len),
		.blocks = {.name_of = file_of, .context = index},
		.place = own_place(name),
	};
	RB_INSERT(index_family_tree, &index->families, family);
	return family;
}

/* A group on its way into the index. */
struct addition {
	struct view_index *index;
	const struct group *group;
	uint32_t number;
	uint32_t replaced; /* whose group doesn't count */
	struct error *error;
};

static bool find_holder(void *context, struct slice name, struct holder *holder)
{
	const struct addition *addition = context;
	struct index_family *family = index_find_family(addition->index, name);
	struct sorted_cursor cursor = {0};
	uint64_t number;
	while (family != NULL && sorted_next(&family->blocks, &cursor, &number)) {
		if (number >> 32 == addition->replaced)
			continue;
		const struct group *group = group_of(addition->index, number);
		*holder = (struct holder){group->blocks[(uint32_t)number].type, group};
		return true;
	}
	return false;
}

static int refuse_series(
	const struct addition *addition, const struct block *block, size_t place, struct slice labels, uint32_t other)
{
	bool twice = other == addition->number;
	return error_set_at(addition->error, ERROR_INCONSISTENT, group_line(addition->group, block, place), 0,
		"collected metric %s {%.*s} was collected before with the same name and label values%s%s",
		quote(block->name).text, SLICE_PRINTF(labels), twice ? "" : " in group ",
		twice ? "" : addition->index->groups[other].group->key.text.data);
}

/* Whether a group has a series, among the first of its block. */
static bool has_series(const struct group *group, struct slice name, struct slice labels, size_t first)
{
	struct canonical_series series;
	const struct block *block = group_block(group, name);
	if (block == NULL)
		return false;
	canonical_series_init(&series, block->samples, block->name, block->type);
	for (size_t i = 0; i < first && canonical_series_next(&series); i++)
		if (slice_equal(series.labels, labels))
			return true;
	return false;
}

/* The group that has a series already, or INDEX_NONE. The group that is being added has it where one of its `place`
 * series before is the same. */
static uint32_t find_series(
	const struct addition *addition, const struct block *block, struct slice labels, uint64_t hash, size_t place)
{
	const struct view_index *index = addition->index;
	size_t at;
	uint32_t number;
	for (tag_table_begin(&index->series, hash, &at); tag_table_next(&index->series, hash, &at, &number);) {
		size_t first = number == addition->number ? place : SIZE_MAX;
		if (number != addition->replaced && has_series(index->groups[number].group, block->name, labels, first))
			return number;
	}
	return INDEX_NONE;
}

/* Removes the first series of a block. */
static void remove_series(struct view_index *index, uint32_t number, const struct block *block, size_t count)
{
	struct canonical_series series;
	canonical_series_init(&series, block->samples, block->name, block->type);
	for (size_t i = 0; i < count && canonical_series_next(&series); i++)
		tag_table_remove(&index->series, canonical_series_fingerprint(&series).low, number);
}

static int add_series(const struct addition *addition, const struct block *block)
{
	struct view_index *index = addition->index;
	struct canonical_series series;
	canonical_series_init(&series, block->samples, block->name, block->type);
	for (size_t place = 0; canonical_series_next(&series); place++) {
		uint64_t hash = canonical_series_fingerprint(&series).low;
		uint32_t other = find_series(addition, block, series.labels, hash, place);
		if (other != INDEX_NONE) {
			refuse_series(addition, block, place, series.labels, other);
			remove_series(index, addition->number, block, place);
			return -1;
		}
		tag_table_insert(&index->series, hash, addition->number);
	}
	return 0;
}

static int insert_block(const struct addition *addition, size_t place)
{
	struct index_family *family = get_family(addition->index, addition->group->blocks[place].name);
	if (family != NULL && sorted_insert(&family->blocks, block_number(addition->number, place)) == 0)
		return 0;
	if (family != NULL && sorted_is_empty(&family->blocks))
		remove_family(addition->index, family);
	return error_set_memory(addition->error);
}

static int add_block(struct addition *addition, size_t place)
{
	const struct block *block = &addition->group->blocks[place];
	if (consistency_check_block(addition->group, block, find_holder, addition, addition->error) == -1 ||
		add_series(addition, block) == -1)
		return -1;
	if (insert_block(addition, place) == 0)
		return 0;
	remove_series(addition->index, addition->number, block, block->series_count);
	return -1;
}

/* Removes the first blocks of a group. */
static void remove_blocks(struct view_index *index, uint32_t number, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct block *block = &index->groups[number].group->blocks[i];
		struct index_family *family = index_find_family(index, block->name);
		sorted_remove(&family->blocks, block_number(number, i));
		if (sorted_is_empty(&family->blocks))
			remove_family(index, family);
		remove_series(index, number, block, block->series_count);
	}
}

static void remove_group(struct view_index *index, uint32_t number)
{
	remove_blocks(index, number, index->groups[number].group->block_count);
	free_number(index, number);
}

int view_index_add(
	struct view_index *index, const struct group *group, uint32_t replaced, uint32_t *number, struct error *error)
{
	struct addition addition = {.index = index, .group = group, .replaced = replaced, .error = error};
	if (tag_table_reserve(&index->series, group->series_count) == -1)
		return error_set_memory(error);
	addition.number = take_number(index, group);
	if (addition.number == INDEX_NONE)
		return error_set_memory(error);
	for (size_t i = 0; i < group->block_count; i++) {
		if (add_block(&addition, i) == -1) {
			remove_blocks(index, addition.number, i);
			free_number(index, addition.number);
			return -1;
		}
	}
	view_pieces_change(index, replaced == INDEX_NONE ? NULL : index->groups[replaced].group, group);
	if (replaced != INDEX_NONE)
		remove_group(index, replaced);
	*number = addition.number;
	return 0;
}

void view_index_remove(struct view_index *index, uint32_t number)
{
	view_pieces_change(index, index->groups[number].group, NULL);
	remove_group(index, number);
}

void view_index_swap(struct view_index *index, uint32_t number, const struct group *group)
{
	view_pieces_change(index, index->groups[number].group, group);
	index->groups[number].group = group;
}
