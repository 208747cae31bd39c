/*
 * arena: memory that is freed all at once.
 *
 * For what lives as long as a push or a request. Pointers stay where they are until arena_release(); single pieces
 * are never freed. arena_init() allocates nothing.
 */
#ifndef PGW_ARENA_H
#define PGW_ARENA_H

#include <stddef.h>

#include "slice.h"

struct arena_chunk;

struct arena {
	struct arena_chunk *chunks; /* newest first */
	char *next;
	char *end;
};

void arena_init(struct arena *arena);
void arena_release(struct arena *arena);

/* `size` bytes, aligned for every type, not cleared. NULL when out of memory. */
void *arena_alloc(struct arena *arena, size_t size);

/* A copy of the bytes with a NUL behind them. data is NULL when out of memory. */
struct slice arena_copy(struct arena *arena, struct slice slice);

#endif
