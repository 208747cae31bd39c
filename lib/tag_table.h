/*
 * tag_table: which numbered things may have a hash.
 *
 *	size_t at;
 *	uint32_t number;
 *	for (tag_table_begin(&table, hash, &at); tag_table_next(&table, hash, &at, &number);)
 *		... compare the thing of that number with what is looked for
 *
 * Keeps 32 bits of each hash and the number beside them: 10 to 12 bytes for each pair. A hash may have many numbers,
 * and a number many hashes, also the same one more than once. What is found has those 32 bits, which is no proof.
 */
#ifndef PGW_TAG_TABLE_H
#define PGW_TAG_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TAG_TABLE_NONE UINT32_MAX /* the one number that can't be in it */

struct tag_slot {
	uint32_t tag;
	uint32_t number; /* TAG_TABLE_NONE where the slot is free */
};

struct tag_table {
	struct tag_slot *slots; /* open addressing, linear probing, in cyclic order of where their tags belong */
	size_t size;
	size_t used;
};

/* A table of zeros is empty. */
void tag_table_release(struct tag_table *table);

/* Makes room for so many more pairs. 0, or -1 when out of memory. */
int tag_table_reserve(struct tag_table *table, size_t more);

/* Adds a pair, for which there is room. */
void tag_table_insert(struct tag_table *table, uint64_t hash, uint32_t number);

/* Removes a pair that is there, once. */
void tag_table_remove(struct tag_table *table, uint64_t hash, uint32_t number);

/* Goes over the numbers that the hash may have; the table must not change meanwhile. */
void tag_table_begin(const struct tag_table *table, uint64_t hash, size_t *at);
bool tag_table_next(const struct tag_table *table, uint64_t hash, size_t *at, uint32_t *number);

#endif
