#include "arena.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>

/* Chunks double from the first size to the last: most arenas stay small, and malloc(3) is quickest below a kilobyte. */
#define CHUNK_FIRST 1000
#define CHUNK_LAST  16000

struct arena_chunk {
	struct arena_chunk *older;
	size_t size; /* of data */
	alignas(max_align_t) char data[];
};

void arena_init(struct arena *arena)
{
	*arena = (struct arena){0};
}

void arena_release(struct arena *arena)
{
	for (struct arena_chunk *chunk = arena->chunks, *older; chunk != NULL; chunk = older) {
		older = chunk->older;
		free(chunk);
	}
	arena_init(arena);
}

void *arena_alloc(struct arena *arena, size_t size)
{
	const size_t alignment = alignof(max_align_t);
	if (size > SIZE_MAX - sizeof(struct arena_chunk) - alignment)
		return NULL;
	/* No bytes have an address, too: NULL says that memory ran out. */
	size = size == 0 ? alignment : (size + alignment - 1) & ~(alignment - 1);
	if ((size_t)(arena->end - arena->next) < size) {
		size_t chunk_size = CHUNK_FIRST;
		if (arena->chunks != NULL)
			chunk_size = arena->chunks->size < CHUNK_LAST ? arena->chunks->size * 2 : CHUNK_LAST;
		if (chunk_size < size)
			chunk_size = size;
		struct arena_chunk *chunk = malloc(sizeof(*chunk) + chunk_size);
		if (chunk == NULL)
			return NULL;
		chunk->older = arena->chunks;
		chunk->size = chunk_size;
		arena->chunks = chunk;
		arena->next = chunk->data;
		arena->end = chunk->data + chunk_size;
	}
	void *memory = arena->next;
	arena->next += size;
	return memory;
}

struct slice arena_copy(struct arena *arena, struct slice slice)
{
	char *copy = arena_alloc(arena, slice.len + 1);
	if (copy == NULL)
		return (struct slice){0};
	if (slice.len > 0)
		memcpy(copy, slice.data, slice.len);
	copy[slice.len] = '\0';
	return slice_make(copy, slice.len);
}
