#include "tag_table.h"

#include <stdlib.h>
#include <string.h>

#define SIZE_FIRST 64

void tag_table_release(struct tag_table *table)
{
	free(table->slots);
	*table = (struct tag_table){0};
}

static uint32_t tag_of(uint64_t hash)
{
	return (uint32_t)hash;
}

/* Where the search for a tag begins. The size need be no power of two. */
static size_t home_of(const struct tag_table *table, uint32_t tag)
{
	return (size_t)((uint64_t)tag * table->size >> 32);
}

static size_t next_slot(const struct tag_table *table, size_t slot)
{
	return slot + 1 == table->size ? 0 : slot + 1;
}

static void put(struct tag_table *table, struct tag_slot pair)
{
	size_t slot = home_of(table, pair.tag);
	while (table->slots[slot].number != TAG_TABLE_NONE)
		slot = next_slot(table, slot);
	table->slots[slot] = pair;
}

/* A load of 5/6 at most, and of 2/3 after growing: a search that finds nothing looks at 18 slots and at 5. */
int tag_table_reserve(struct tag_table *table, size_t more)
{
	size_t needed = table->used + more;
	if (needed + needed / 5 < table->size)
		return 0;
	size_t size = needed + needed / 2 + SIZE_FIRST;
	if (size > UINT32_MAX)
		return -1;
	struct tag_table larger = {.slots = malloc(size * sizeof(*larger.slots)), .size = size, .used = table->used};
	if (larger.slots == NULL)
		return -1;
	memset(larger.slots, 0xff, size * sizeof(*larger.slots));
	for (size_t i = 0; i < table->size; i++)
		if (table->slots[i].number != TAG_TABLE_NONE)
			put(&larger, table->slots[i]);
	free(table->slots);
	*table = larger;
	return 0;
}

void tag_table_insert(struct tag_table *table, uint64_t hash, uint32_t number)
{
	put(table, (struct tag_slot){tag_of(hash), number});
	table->used++;
}

static size_t distance(const struct tag_table *table, size_t from, size_t to)
{
	return to >= from ? to - from : to + table->size - from;
}

void tag_table_remove(struct tag_table *table, uint64_t hash, uint32_t number)
{
	uint32_t tag = tag_of(hash);
	size_t hole = home_of(table, tag);
	while (table->slots[hole].tag != tag || table->slots[hole].number != number)
		hole = next_slot(table, hole);
	/* Closes the gap, so that no search ends too early. */
	for (size_t slot = next_slot(table, hole); table->slots[slot].number != TAG_TABLE_NONE;
		slot = next_slot(table, slot)) {
		/* One that belongs cyclically into (hole, slot] stays. */
		if (distance(table, home_of(table, table->slots[slot].tag), slot) < distance(table, hole, slot))
			continue;
		table->slots[hole] = table->slots[slot];
		hole = slot;
	}
	table->slots[hole].number = TAG_TABLE_NONE;
	table->used--;
}

void tag_table_begin(const struct tag_table *table, uint64_t hash, size_t *at)
{
	*at = table->size == 0 ? 0 : home_of(table, tag_of(hash));
}

bool tag_table_next(const struct tag_table *table, uint64_t hash, size_t *at, uint32_t *number)
{
	if (table->size == 0)
		return false;
	for (; table->slots[*at].number != TAG_TABLE_NONE; *at = next_slot(table, *at)) {
		if (table->slots[*at].tag != tag_of(hash))
			continue;
		*number = table->slots[*at].number;
		*at = next_slot(table, *at);
		return true;
	}
	return false;
}
