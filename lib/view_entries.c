#include "view_entries.h"

#include <stdlib.h>

#include "hash.h"

#define CHAINS_FIRST 64

static int compare_entries(const struct entry *a, const struct entry *b)
{
	return slice_compare(a->file, b->file);
}

RB_GENERATE(entry_tree, entry, link, compare_entries)

void entries_release(struct entries *entries)
{
	free(entries->chains);
	*entries = (struct entries){0};
}

static struct entry_chain *chain_of(const struct entries *entries, struct slice file)
{
	return &entries->chains[hash_slice(file) & (entries->chain_count - 1)];
}

struct entry *entries_find(const struct entries *entries, struct slice file)
{
	struct entry *entry;
	if (entries->count == 0)
		return NULL;
	SLIST_FOREACH(entry, chain_of(entries, file), chain)
	if (slice_equal(entry->file, file))
		return entry;
	return NULL;
}

/* As many chains as entries, at least. */
static int reserve(struct entries *entries)
{
	struct entry *entry;
	if (entries->count < entries->chain_count)
		return 0;
	size_t count = entries->chain_count == 0 ? CHAINS_FIRST : entries->chain_count * 2;
	struct entry_chain *chains = calloc(count, sizeof(*chains));
	if (chains == NULL)
		return -1;
	free(entries->chains);
	entries->chains = chains;
	entries->chain_count = count;
	RB_FOREACH(entry, entry_tree, &entries->tree)
	SLIST_INSERT_HEAD(chain_of(entries, entry->file), entry, chain);
	return 0;
}

struct entry *entries_add(struct entries *entries, struct slice file)
{
	if (reserve(entries) == -1)
		return NULL;
	struct entry *entry = calloc(1, sizeof(*entry) + file.len + 1);
	if (entry == NULL)
		return NULL;
	memcpy(entry + 1, file.data, file.len);
	entry->file = slice_make((const char *)(entry + 1), file.len);
	RB_INSERT(entry_tree, &entries->tree, entry);
	SLIST_INSERT_HEAD(chain_of(entries, entry->file), entry, chain);
	entries->count++;
	return entry;
}

void entries_remove(struct entries *entries, struct entry *entry)
{
	RB_REMOVE(entry_tree, &entries->tree, entry);
	SLIST_REMOVE(chain_of(entries, entry->file), entry, entry, chain);
	entries->count--;
	free(entry);
}

struct entry *entries_next(const struct entries *entries, struct entry *entry)
{
	return entry == NULL ? RB_MIN(entry_tree, (struct entry_tree *)&entries->tree)
			     : RB_NEXT(entry_tree, &entries->tree, entry);
}
