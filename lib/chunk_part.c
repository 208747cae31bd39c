#include "chunk_part.h"

#include <string.h>

struct slice chunk_gather(const struct chunk *chunk, char text[CHUNK_TEXT_MAX])
{
	size_t len = 0;
	for (uint32_t i = 0; i < chunk->count; i++) {
		struct slice piece = chunk->pieces[i].text;
		memcpy(text + len, piece.data, piece.len);
		len += piece.len;
	}
	return slice_make(text, len);
}

int chunk_part_make(struct chunk *chunk, struct gzip_compressor *compressor, struct error *error)
{
	char text[CHUNK_TEXT_MAX];
	chunk->part = gzip_part_new(compressor, chunk_gather(chunk, text), error);
	if (chunk->part == NULL)
		return -1;
	if (chunk->is_uncompressed)
		LIST_REMOVE(chunk, uncompressed);
	chunk->is_uncompressed = false;
	return 0;
}
