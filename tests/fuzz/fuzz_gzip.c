/*
 * Fuzz target: gzip bodies. What comes out, or what is wrong, does not depend on how the input is cut into pieces,
 * keeps to the limits, and what was taken comes back the same from our own compression.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compress.h"
#include "decompress.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define BODY_MAX (1u << 20)

static void require(bool holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "not so: %s\n", what);
	abort();
}

static int decompress(struct slice input, size_t piece_size, struct buffer *out, struct error *error)
{
	int status = 0;
	struct decompress *decompress = decompress_new(ENCODING_GZIP, error);
	require(decompress != NULL, "there is memory");
	for (size_t i = 0; i < input.len && status == 0; i += piece_size) {
		size_t len = input.len - i < piece_size ? input.len - i : piece_size;
		status = decompress_feed(decompress, slice_make(input.data + i, len), out, error);
	}
	if (status == 0)
		status = decompress_finish(decompress, error);
	decompress_free(decompress);
	require(out->len <= BODY_MAX, "the maximum is kept");
	return status;
}

static void check_pieces(struct slice input, size_t piece_size, const struct buffer *whole, int whole_status)
{
	struct buffer out;
	struct error error;
	buffer_init(&out, BODY_MAX);
	require(decompress(input, piece_size, &out, &error) == whole_status, "pieces fail where the whole does");
	if (whole_status == 0)
		require(slice_equal(buffer_slice(&out), buffer_slice(whole)), "pieces become what the whole does");
	buffer_release(&out);
}

static void check_compression(struct slice text)
{
	struct buffer compressed, out;
	struct error error;
	buffer_init(&compressed, SIZE_MAX);
	buffer_init(&out, BODY_MAX);
	require(compress_gzip(text, &compressed, &error) == 0, "it compresses");
	require(decompress(buffer_slice(&compressed), SIZE_MAX / 2, &out, &error) == 0, "it decompresses");
	require(slice_equal(buffer_slice(&out), text), "it comes back");
	buffer_release(&compressed);
	buffer_release(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice input = slice_make((const char *)data, size);
	struct buffer out;
	struct error error;
	buffer_init(&out, BODY_MAX);
	int status = decompress(input, SIZE_MAX / 2, &out, &error);
	check_pieces(input, 1, &out, status);
	check_pieces(input, 13, &out, status);
	if (status == 0)
		check_compression(buffer_slice(&out));
	check_compression(slice_make(input.data, size < BODY_MAX ? size : BODY_MAX));
	buffer_release(&out);
	return 0;
}
