/*
 * Fuzz target: snappy bodies. What comes out, or what is wrong, does not depend on how the input is cut into pieces,
 * and keeps to the limits. So that the fuzzer gets past the checksums, the input is read a second time with those of
 * its uncompressed chunks set right, and once more as the compressed data of a single chunk.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "decompress.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define BODY_MAX (1u << 20)

#define CHUNK_HEADER_SIZE 4
#define CHECKSUM_SIZE	  4

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
	struct decompress *decompress = decompress_new(ENCODING_SNAPPY, error);
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

static void check(struct slice input)
{
	struct buffer whole, pieces;
	struct error whole_error = {0}, pieces_error = {0};
	buffer_init(&whole, BODY_MAX);
	buffer_init(&pieces, BODY_MAX);
	int status = decompress(input, SIZE_MAX / 2, &whole, &whole_error);
	for (size_t piece_size = 1; piece_size <= 13; piece_size += 12) {
		buffer_clear(&pieces);
		require(decompress(input, piece_size, &pieces, &pieces_error) == status, "pieces fail as the whole");
		require(slice_equal(buffer_slice(&pieces), buffer_slice(&whole)), "pieces become what the whole does");
		require(strcmp(pieces_error.message, whole_error.message) == 0, "pieces have the same problem");
	}
	buffer_release(&whole);
	buffer_release(&pieces);
}

static uint32_t masked_checksum(const uint8_t *data, size_t len)
{
	uint32_t crc = 0xffffffff;
	for (size_t i = 0; i < len; i++) {
		crc ^= data[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (0x82f63b78u & -(crc & 1));
	}
	crc = ~crc;
	return (crc >> 15 | crc << 17) + 0xa282ead8;
}

static void mend_checksums(uint8_t *data, size_t size)
{
	while (size >= CHUNK_HEADER_SIZE) {
		size_t len = (size_t)data[1] | (size_t)data[2] << 8 | (size_t)data[3] << 16;
		if (len > size - CHUNK_HEADER_SIZE)
			return;
		uint8_t *chunk = data + CHUNK_HEADER_SIZE;
		if (data[0] == 0x01 && len >= CHECKSUM_SIZE) {
			uint32_t checksum = masked_checksum(chunk + CHECKSUM_SIZE, len - CHECKSUM_SIZE);
			for (size_t i = 0; i < CHECKSUM_SIZE; i++)
				chunk[i] = (uint8_t)(checksum >> (8 * i));
		}
		data += CHUNK_HEADER_SIZE + len;
		size -= CHUNK_HEADER_SIZE + len;
	}
}

static void check_mended(const uint8_t *data, size_t size)
{
	uint8_t *mended = malloc(size + 1);
	require(mended != NULL, "there is memory");
	memcpy(mended, data, size);
	mend_checksums(mended, size);
	check(slice_make((const char *)mended, size));
	free(mended);
}

static void check_as_chunk(const uint8_t *data, size_t size)
{
	static const unsigned char start[] = {0xff, 6, 0, 0, 's', 'N', 'a', 'P', 'p', 'Y'};
	size_t len = size + CHECKSUM_SIZE;
	const unsigned char header[] = {
		0x00, (unsigned char)len, (unsigned char)(len >> 8), (unsigned char)(len >> 16), 0, 0, 0, 0};
	struct buffer input;
	buffer_init(&input, SIZE_MAX);
	require(buffer_append(&input, start, sizeof(start)) == 0, "there is memory");
	require(buffer_append(&input, header, sizeof(header)) == 0, "there is memory");
	require(buffer_append(&input, data, size) == 0, "there is memory");
	check(buffer_slice(&input));
	buffer_release(&input);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	check(slice_make((const char *)data, size));
	check_mended(data, size);
	check_as_chunk(data, size);
	return 0;
}
