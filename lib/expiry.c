#include "expiry.h"

#include <stdlib.h>

#include "view_entries.h"

void expiry_release(struct expiry *expiry)
{
	free(expiry->items);
	*expiry = (struct expiry){0};
}

int expiry_reserve(struct expiry *expiry, size_t count)
{
	if (count <= expiry->capacity)
		return 0;
	size_t capacity = count < 16 ? 16 : count * 2;
	/* Places have 32 bits. */
	if (capacity > UINT32_MAX)
		return -1;
	struct expiry_item *items = reallocarray(expiry->items, capacity, sizeof(*items));
	if (items == NULL)
		return -1;
	expiry->items = items;
	expiry->capacity = capacity;
	return 0;
}

static void put(struct expiry *expiry, size_t at, struct expiry_item item)
{
	expiry->items[at] = item;
	item.entry->expiry_place = (uint32_t)at + 1;
}

/* Puts an item where a hole is, or above it. */
static void rise(struct expiry *expiry, size_t hole, struct expiry_item item)
{
	while (hole > 0 && expiry->items[(hole - 1) / 2].time > item.time) {
		put(expiry, hole, expiry->items[(hole - 1) / 2]);
		hole = (hole - 1) / 2;
	}
	put(expiry, hole, item);
}

/* Puts an item where a hole is, or below it. */
static void sink(struct expiry *expiry, size_t hole, struct expiry_item item)
{
	for (size_t child; (child = 2 * hole + 1) < expiry->count; hole = child) {
		if (child + 1 < expiry->count && expiry->items[child + 1].time < expiry->items[child].time)
			child++;
		if (expiry->items[child].time >= item.time)
			break;
		put(expiry, hole, expiry->items[child]);
	}
	put(expiry, hole, item);
}

void expiry_add(struct expiry *expiry, struct entry *entry, int64_t time)
{
	rise(expiry, expiry->count++, (struct expiry_item){time, entry});
}

void expiry_remove(struct expiry *expiry, struct entry *entry)
{
	if (entry->expiry_place == 0)
		return;
	size_t hole = entry->expiry_place - 1;
	struct expiry_item last = expiry->items[--expiry->count];
	entry->expiry_place = 0;
	if (last.entry == entry)
		return;
	if (hole > 0 && expiry->items[(hole - 1) / 2].time > last.time)
		rise(expiry, hole, last);
	else
		sink(expiry, hole, last);
}

struct entry *expiry_due(const struct expiry *expiry, int64_t now)
{
	return expiry->count > 0 && expiry->items[0].time <= now ? expiry->items[0].entry : NULL;
}
