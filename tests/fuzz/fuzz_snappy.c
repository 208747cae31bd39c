/*
 * Fuzz target: snappy bodies. What comes out, or what is wrong, does not depend on how the input is cut into pieces,
 * and keeps to the limits. So that the fuzzer gets past the checksums, the input is read a second time with those of
 * its uncompressed chunks set right, and once more as the compressed data of a single chunk.
 */
#include <string.h>

#include "pieces.h"

#define CHUNK_HEADER_SIZE 4
#define CHECKSUM_SIZE	  4

static void check(struct slice input)
{
	struct outcome whole;
	outcome_of(&whole, ENCODING_SNAPPY, input, WHOLE);
	check_pieces(&whole, ENCODING_SNAPPY, input, 1);
	check_pieces(&whole, ENCODING_SNAPPY, input, 13);
	outcome_release(&whole);
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
