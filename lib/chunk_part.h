/*
 * chunk_part: the text of a chunk (view_snapshot.h), gathered and compressed.
 */
#ifndef PGW_CHUNK_PART_H
#define PGW_CHUNK_PART_H

#include "error.h"
#include "gzip_part.h"
#include "slice.h"
#include "view_snapshot.h"

/* Copies the text of all pieces. */
struct slice chunk_gather(const struct chunk *chunk, char text[CHUNK_TEXT_MAX]);

/* Compresses the text; chunk->part must be NULL. 0, or -1 with ERROR_MEMORY. */
int chunk_part_make(struct chunk *chunk, struct gzip_compressor *compressor, struct error *error);

#endif
