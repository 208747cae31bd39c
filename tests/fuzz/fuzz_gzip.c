/*
 * Fuzz target: gzip bodies. What comes out, or what is wrong, does not depend on how the input is cut into pieces,
 * keeps to the limits, and what was taken comes back the same from our own compression.
 */
#include "compress.h"
#include "pieces.h"

static void check_compression(struct slice text)
{
	struct buffer compressed;
	struct outcome outcome;
	struct error error;
	buffer_init(&compressed, SIZE_MAX);
	require(compress_gzip(text, &compressed, &error) == 0, "it compresses");
	outcome_of(&outcome, ENCODING_GZIP, buffer_slice(&compressed), WHOLE);
	require(outcome.status == 0, "it decompresses");
	require(slice_equal(buffer_slice(&outcome.out), text), "it comes back");
	outcome_release(&outcome);
	buffer_release(&compressed);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice input = slice_make((const char *)data, size);
	struct outcome outcome;
	outcome_of(&outcome, ENCODING_GZIP, input, WHOLE);
	check_pieces(&outcome, ENCODING_GZIP, input, 1);
	check_pieces(&outcome, ENCODING_GZIP, input, 13);
	if (outcome.status == 0)
		check_compression(buffer_slice(&outcome.out));
	check_compression(slice_make(input.data, size < BODY_MAX ? size : BODY_MAX));
	outcome_release(&outcome);
	return 0;
}
