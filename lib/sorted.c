#include "sorted.h"

#include <stdlib.h>
#include <string.h>

#define PIECE_FIRST 2
#define PIECE_MAX   127 /* with its head a kilobyte */

struct sorted_piece {
	uint32_t count;
	uint32_t capacity;
	uint64_t numbers[];
};

void sorted_release(struct sorted *sorted)
{
	for (size_t i = 0; i < sorted->count; i++)
		free(sorted->pieces[i]);
	free(sorted->pieces);
	*sorted = (struct sorted){.name_of = sorted->name_of, .context = sorted->context};
}

static int compare(const struct sorted *sorted, struct slice name, uint64_t number, uint64_t other)
{
	int order = slice_compare(name, sorted->name_of(sorted->context, other));
	return order != 0 ? order : (number > other) - (number < other);
}

/* The piece where a number is or belongs: the last one that does not begin behind it. */
static size_t find_piece(const struct sorted *sorted, struct slice name, uint64_t number)
{
	size_t low = 0, high = sorted->count;
	while (low + 1 < high) {
		size_t middle = low + (high - low) / 2;
		if (compare(sorted, name, number, sorted->pieces[middle]->numbers[0]) < 0)
			high = middle;
		else
			low = middle;
	}
	return low;
}

/* The place in a piece where a number is or belongs. */
static uint32_t find_place(
	const struct sorted *sorted, const struct sorted_piece *piece, struct slice name, uint64_t number)
{
	uint32_t low = 0, high = piece->count;
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		if (compare(sorted, name, number, piece->numbers[middle]) > 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static struct sorted_piece *resize(struct sorted_piece *piece, uint32_t capacity)
{
	struct sorted_piece *resized = realloc(piece, sizeof(*piece) + capacity * sizeof(piece->numbers[0]));
	if (resized == NULL)
		return NULL;
	if (piece == NULL)
		resized->count = 0;
	resized->capacity = capacity;
	return resized;
}

/* Adds an empty piece at a place. */
static struct sorted_piece *add_piece(struct sorted *sorted, size_t at, uint32_t capacity)
{
	if (sorted->count == sorted->capacity) {
		size_t more = sorted->capacity == 0 ? 1 : sorted->capacity * 2;
		struct sorted_piece **pieces = reallocarray(sorted->pieces, more, sizeof(struct sorted_piece *));
		if (pieces == NULL)
			return NULL;
		sorted->pieces = pieces;
		sorted->capacity = more;
	}
	struct sorted_piece *piece = resize(NULL, capacity);
	if (piece == NULL)
		return NULL;
	memmove(sorted->pieces + at + 1, sorted->pieces + at, (sorted->count - at) * sizeof(struct sorted_piece *));
	sorted->pieces[at] = piece;
	sorted->count++;
	return piece;
}

/* Makes room in a full piece of the largest size by giving its second half to a new one. Behind the last number the new
 * one begins empty: what comes in order fills the pieces. */
static int split(struct sorted *sorted, size_t *at, uint32_t *place)
{
	struct sorted_piece *piece = sorted->pieces[*at];
	uint32_t kept = *at + 1 == sorted->count && *place == piece->count ? piece->count : piece->count / 2;
	struct sorted_piece *added = add_piece(sorted, *at + 1, PIECE_MAX);
	if (added == NULL)
		return -1;
	added->count = piece->count - kept;
	memcpy(added->numbers, piece->numbers + kept, added->count * sizeof(added->numbers[0]));
	piece->count = kept;
	if (*place > kept || added->count == 0) {
		*place -= kept;
		*at += 1;
	}
	return 0;
}

/* Makes room at a place, which may move. */
static int make_room(struct sorted *sorted, size_t *at, uint32_t *place)
{
	struct sorted_piece *piece = sorted->pieces[*at];
	if (piece->count < piece->capacity)
		return 0;
	if (piece->capacity == PIECE_MAX)
		return split(sorted, at, place);
	piece = resize(piece, piece->capacity * 2 < PIECE_MAX ? piece->capacity * 2 : PIECE_MAX);
	if (piece == NULL)
		return -1;
	sorted->pieces[*at] = piece;
	return 0;
}

int sorted_insert(struct sorted *sorted, uint64_t number)
{
	if (sorted->count == 0 && add_piece(sorted, 0, PIECE_FIRST) == NULL)
		return -1;
	struct slice name = sorted->name_of(sorted->context, number);
	size_t at = find_piece(sorted, name, number);
	uint32_t place = find_place(sorted, sorted->pieces[at], name, number);
	if (make_room(sorted, &at, &place) == -1)
		return -1;
	struct sorted_piece *piece = sorted->pieces[at];
	memmove(piece->numbers + place + 1, piece->numbers + place, (piece->count - place) * sizeof(piece->numbers[0]));
	piece->numbers[place] = number;
	piece->count++;
	return 0;
}

void sorted_remove(struct sorted *sorted, uint64_t number)
{
	struct slice name = sorted->name_of(sorted->context, number);
	size_t at = find_piece(sorted, name, number);
	struct sorted_piece *piece = sorted->pieces[at];
	uint32_t place = find_place(sorted, piece, name, number);
	piece->count--;
	memmove(piece->numbers + place, piece->numbers + place + 1, (piece->count - place) * sizeof(piece->numbers[0]));
	if (piece->count > 0)
		return;
	free(piece);
	sorted->count--;
	memmove(sorted->pieces + at, sorted->pieces + at + 1, (sorted->count - at) * sizeof(struct sorted_piece *));
}

bool sorted_next(const struct sorted *sorted, struct sorted_cursor *cursor, uint64_t *number)
{
	if (cursor->piece == sorted->count)
		return false;
	const struct sorted_piece *piece = sorted->pieces[cursor->piece];
	*number = piece->numbers[cursor->at++];
	if (cursor->at == piece->count) {
		cursor->piece++;
		cursor->at = 0;
	}
	return true;
}
