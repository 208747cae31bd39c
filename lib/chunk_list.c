#include "chunk_list.h"

#include <stdlib.h>

#include "view_index.h"

/*
 * Small chunks make a change cheap to compress again, large ones compress better: of 19 MB of exposition 2.1 MB are
 * left in chunks of 4 kB, 1.57 MB in chunks of 8 kB, 1.49 MB in chunks of 16 kB. A chunk is split above three halves of
 * the target and joined below the half of it.
 */
#define TEXT_TARGET ((size_t)8 << 10)
#define TEXT_SPLIT  (TEXT_TARGET + TEXT_TARGET / 2)
#define TEXT_JOIN   (TEXT_TARGET / 2)

_Static_assert(TEXT_SPLIT + PIECE_TEXT_MAX <= CHUNK_TEXT_MAX, "a chunk is split in time");

#define CAPACITY_FIRST 16

void chunk_release(struct chunk *chunk)
{
	if (--chunk->references > 0)
		return;
	free(chunk->part);
	free(chunk);
}

/* Notes that a chunk of the list has no part. */
static void mark(struct chunk_list *list, struct chunk *chunk)
{
	if (!chunk->is_uncompressed)
		LIST_INSERT_HEAD(list->uncompressed, chunk, uncompressed);
	chunk->is_uncompressed = true;
}

static void unmark(struct chunk *chunk)
{
	if (chunk->is_uncompressed)
		LIST_REMOVE(chunk, uncompressed);
	chunk->is_uncompressed = false;
}

/* Releases a chunk that the list no longer has; snapshots may. */
static void drop(struct chunk *chunk)
{
	unmark(chunk);
	chunk_release(chunk);
}

void chunk_list_init(struct chunk_list *list, struct chunk_queue *uncompressed)
{
	*list = (struct chunk_list){.uncompressed = uncompressed};
}

void chunk_list_release(struct chunk_list *list)
{
	for (size_t i = 0; i < list->run.count; i++)
		drop(list->run.chunks[i]);
	free(list->run.chunks);
	chunk_list_init(list, list->uncompressed);
}

static int compare_groups(const struct group *a, const struct group *b)
{
	if (a == b)
		return 0;
	if (a == NULL || b == NULL)
		return a == NULL ? -1 : 1;
	return slice_compare(a->key.file, b->key.file);
}

static int compare_pieces(const struct piece *a, const struct piece *b)
{
	if (a->family != b->family)
		return slice_compare(a->family->name, b->family->name);
	return compare_groups(a->group, b->group);
}

/* Where a piece is in a list: after the last one that is not greater than a key. */
struct position {
	size_t chunk; /* 0 in an empty list */
	uint32_t piece;
};

static struct position find_end(const struct chunk_list *list, const struct piece *key)
{
	size_t low = 0, high = list->run.count;
	while (low < high) {
		size_t middle = (low + high) / 2;
		if (compare_pieces(&list->run.chunks[middle]->pieces[0], key) <= 0)
			low = middle + 1;
		else
			high = middle;
	}
	struct position position = {low == 0 ? 0 : low - 1, 0};
	if (low == 0)
		return position;
	const struct chunk *chunk = list->run.chunks[position.chunk];
	uint32_t first = 0, last = chunk->count;
	while (first < last) {
		uint32_t middle = (first + last) / 2;
		if (compare_pieces(&chunk->pieces[middle], key) <= 0)
			first = middle + 1;
		else
			last = middle;
	}
	position.piece = first;
	return position;
}

/* The piece before a position, or NULL at the start of the list. */
static const struct piece *piece_before(const struct chunk_list *list, struct position *position)
{
	if (position->piece == 0) {
		if (position->chunk == 0)
			return NULL;
		position->chunk--;
		position->piece = list->run.chunks[position->chunk]->count;
	}
	return &list->run.chunks[position->chunk]->pieces[position->piece - 1];
}

static struct chunk *chunk_new(uint32_t capacity)
{
	struct chunk *chunk = malloc(sizeof(*chunk) + capacity * sizeof(chunk->pieces[0]));
	if (chunk != NULL)
		*chunk = (struct chunk){.references = 1, .capacity = capacity};
	return chunk;
}

static int insert_chunk(struct chunk_list *list, size_t at, struct chunk *chunk)
{
	struct chunk_run *run = &list->run;
	if (run->count == list->capacity) {
		size_t capacity = list->capacity + list->capacity / 2 + CAPACITY_FIRST;
		struct chunk **chunks = reallocarray(run->chunks, capacity, sizeof(struct chunk *));
		if (chunks == NULL)
			return -1;
		run->chunks = chunks;
		list->capacity = capacity;
	}
	memmove(run->chunks + at + 1, run->chunks + at, (run->count - at) * sizeof(*run->chunks));
	run->chunks[at] = chunk;
	run->count++;
	mark(list, chunk);
	return 0;
}

static void remove_chunk(struct chunk_list *list, size_t at)
{
	struct chunk_run *run = &list->run;
	drop(run->chunks[at]);
	run->count--;
	memmove(run->chunks + at, run->chunks + at + 1, (run->count - at) * sizeof(*run->chunks));
}

static void copy_pieces(struct chunk *to, const struct chunk *from, uint32_t first, uint32_t end)
{
	memcpy(to->pieces + to->count, from->pieces + first, (end - first) * sizeof(to->pieces[0]));
	to->count += end - first;
	for (uint32_t i = first; i < end; i++)
		to->text_len += from->pieces[i].text.len;
}

/* A chunk that may be changed, with room for so many more pieces; NULL when out of memory. */
static struct chunk *own_chunk(struct chunk_list *list, size_t at, uint32_t more)
{
	struct chunk *chunk = list->run.chunks[at];
	uint32_t needed = chunk->count + more;
	bool shared = chunk->references > 1;
	if (!shared) {
		free(chunk->part);
		chunk->part = NULL;
		mark(list, chunk);
	}
	if (!shared && needed <= chunk->capacity)
		return chunk;
	struct chunk *larger = chunk_new(needed + needed / (shared ? 8 : 2));
	if (larger == NULL)
		return NULL;
	copy_pieces(larger, chunk, 0, chunk->count);
	drop(chunk);
	mark(list, larger);
	list->run.chunks[at] = larger;
	return larger;
}

static int split(struct chunk_list *list, size_t at)
{
	struct chunk *chunk = list->run.chunks[at];
	uint32_t middle = 1;
	size_t before = chunk->pieces[0].text.len;
	while (middle < chunk->count - 1 && before < chunk->text_len / 2)
		before += chunk->pieces[middle++].text.len;
	struct chunk *second = chunk_new(chunk->count - middle);
	if (second == NULL)
		return -1;
	copy_pieces(second, chunk, middle, chunk->count);
	if (insert_chunk(list, at + 1, second) == -1) {
		chunk_release(second);
		return -1;
	}
	chunk->count = middle;
	chunk->text_len -= second->text_len;
	return 0;
}

int chunk_list_insert(struct chunk_list *list, const struct piece *piece)
{
	struct position at = find_end(list, piece);
	if (list->run.count == 0)
		return chunk_list_append(list, piece);
	struct chunk *chunk = own_chunk(list, at.chunk, 1);
	if (chunk == NULL)
		return -1;
	memmove(chunk->pieces + at.piece + 1, chunk->pieces + at.piece,
		(chunk->count - at.piece) * sizeof(chunk->pieces[0]));
	chunk->pieces[at.piece] = *piece;
	chunk->count++;
	chunk->text_len += piece->text.len;
	list->run.text_len += piece->text.len;
	return chunk->text_len > TEXT_SPLIT && chunk->count > 1 ? split(list, at.chunk) : 0;
}

/* Gives back the room that the last chunk has too much. */
void chunk_list_finish(struct chunk_list *list)
{
	if (list->run.count == 0)
		return;
	struct chunk **last = &list->run.chunks[list->run.count - 1];
	unmark(*last);
	struct chunk *smaller = realloc(*last, sizeof(**last) + (*last)->count * sizeof((*last)->pieces[0]));
	if (smaller != NULL) {
		smaller->capacity = smaller->count;
		*last = smaller;
	}
	mark(list, *last);
}

int chunk_list_append(struct chunk_list *list, const struct piece *piece)
{
	struct chunk *chunk = list->run.count == 0 ? NULL : list->run.chunks[list->run.count - 1];
	if (chunk == NULL || chunk->text_len >= TEXT_TARGET) {
		chunk_list_finish(list);
		chunk = chunk_new(CAPACITY_FIRST);
		if (chunk == NULL)
			return -1;
		if (insert_chunk(list, list->run.count, chunk) == -1) {
			chunk_release(chunk);
			return -1;
		}
	}
	chunk = own_chunk(list, list->run.count - 1, 1);
	if (chunk == NULL)
		return -1;
	chunk->pieces[chunk->count++] = *piece;
	chunk->text_len += piece->text.len;
	list->run.text_len += piece->text.len;
	return 0;
}

int chunk_list_replace(struct chunk_list *list, const struct piece *piece)
{
	struct position at = find_end(list, piece);
	const struct piece *last = piece_before(list, &at);
	if (last == NULL || compare_pieces(last, piece) != 0)
		return 0;
	at.piece--;
	struct position before_it = at;
	const struct piece *before = piece_before(list, &before_it);
	if (before != NULL && compare_pieces(before, piece) == 0)
		return 0;
	struct chunk *chunk = list->run.chunks[at.chunk];
	if (chunk->references == 1 && slice_equal(chunk->pieces[at.piece].text, piece->text)) {
		chunk->pieces[at.piece] = *piece;
		return 1;
	}
	chunk = own_chunk(list, at.chunk, 0);
	if (chunk == NULL)
		return -1;
	size_t change = piece->text.len - chunk->pieces[at.piece].text.len;
	chunk->pieces[at.piece] = *piece;
	chunk->text_len += change;
	list->run.text_len += change;
	if (chunk->text_len > TEXT_SPLIT && chunk->count > 1 && split(list, at.chunk) == -1)
		return -1;
	return 1;
}

/* Joins a chunk that became small with the next one or the one before. */
static int join(struct chunk_list *list, size_t at)
{
	struct chunk_run *run = &list->run;
	size_t first = at + 1 < run->count ? at : at - 1;
	if (run->count < 2 || run->chunks[at]->text_len >= TEXT_JOIN)
		return 0;
	if (run->chunks[first]->text_len + run->chunks[first + 1]->text_len > TEXT_TARGET)
		return 0;
	const struct chunk *second = run->chunks[first + 1];
	struct chunk *chunk = own_chunk(list, first, second->count);
	if (chunk == NULL)
		return -1;
	copy_pieces(chunk, second, 0, second->count);
	remove_chunk(list, first + 1);
	return 0;
}

/* Removes the piece before a position, and the chunk that it leaves empty. */
static int remove_piece(struct chunk_list *list, struct position *at)
{
	struct chunk *chunk = own_chunk(list, at->chunk, 0);
	if (chunk == NULL)
		return -1;
	at->piece--;
	chunk->text_len -= chunk->pieces[at->piece].text.len;
	list->run.text_len -= chunk->pieces[at->piece].text.len;
	chunk->count--;
	memmove(chunk->pieces + at->piece, chunk->pieces + at->piece + 1,
		(chunk->count - at->piece) * sizeof(chunk->pieces[0]));
	if (chunk->count == 0)
		remove_chunk(list, at->chunk);
	return 0;
}

int chunk_list_remove(struct chunk_list *list, const struct index_family *family, const struct group *group)
{
	const struct piece key = {.family = family, .group = group};
	struct position at = find_end(list, &key);
	const struct piece *last;
	while ((last = piece_before(list, &at)) != NULL && compare_pieces(last, &key) == 0) {
		if (remove_piece(list, &at) == -1)
			return -1;
	}
	return at.chunk < list->run.count ? join(list, at.chunk) : 0;
}
