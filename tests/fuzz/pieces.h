/*
 * pieces: a compressed body, decompressed in pieces of any size, for the fuzz targets of its codings.
 *
 *	struct outcome outcome;
 *	outcome_of(&outcome, ENCODING_GZIP, input, piece_size);
 *	outcome_release(&outcome);
 */
#ifndef PGW_FUZZ_PIECES_H
#define PGW_FUZZ_PIECES_H

#include <string.h>

#include "buffer.h"
#include "decompress.h"
#include "error.h"
#include "require.h"

#define BODY_MAX (1u << 20)
#define WHOLE	 (SIZE_MAX / 2)

struct outcome {
	int status;
	struct error error; /* where it is -1 */
	struct buffer out;
};

static inline void outcome_of(struct outcome *outcome, enum encoding encoding, struct slice input, size_t piece_size)
{
	*outcome = (struct outcome){.status = 0};
	buffer_init(&outcome->out, BODY_MAX);
	struct decompress *decompress = decompress_new(encoding, &outcome->error);
	require(decompress != NULL, "there is memory");
	for (size_t i = 0; i < input.len && outcome->status == 0; i += piece_size) {
		size_t len = input.len - i < piece_size ? input.len - i : piece_size;
		struct slice piece = slice_make(input.data + i, len);
		outcome->status = decompress_feed(decompress, piece, &outcome->out, &outcome->error);
	}
	if (outcome->status == 0)
		outcome->status = decompress_finish(decompress, &outcome->error);
	decompress_free(decompress);
	require(outcome->out.len <= BODY_MAX, "the maximum is kept");
}

static inline void outcome_release(struct outcome *outcome)
{
	buffer_release(&outcome->out);
}

/* What comes out, and what is wrong, does not depend on how the input is cut. */
static inline void check_pieces(
	const struct outcome *whole, enum encoding encoding, struct slice input, size_t piece_size)
{
	struct outcome pieces;
	outcome_of(&pieces, encoding, input, piece_size);
	require(pieces.status == whole->status, "pieces fail where the whole does");
	if (whole->status == 0)
		require(slice_equal(buffer_slice(&pieces.out), buffer_slice(&whole->out)),
			"pieces become what the whole does");
	require(strcmp(pieces.error.message, whole->error.message) == 0, "pieces have the same problem");
	outcome_release(&pieces);
}

#endif
