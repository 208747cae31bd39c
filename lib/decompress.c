#include "decompress.h"

#include <errno.h>
#include <isa-l/crc.h>
#include <isa-l/igzip_lib.h>
#include <snappy-c.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* ISA-L gets this much at a time, so that the limits are checked early and its counters of 32 bits stay far from their
 * end. */
#define STEP_INPUT	65536
#define STEP_OUTPUT_MIN 4096
#define STEP_OUTPUT_MAX 262144

/* What a step of input is expected to become. */
#define RATIO_USUAL 8

#define RATIO_FREE (1u << 20)

#define CHUNK_HEADER_SIZE 4
#define CHECKSUM_SIZE	  4
#define CHUNK_OUTPUT_MAX  65536
/* The checksum and the most that CHUNK_OUTPUT_MAX bytes become: snappy_max_compressed_length(). */
#define CHUNK_INPUT_MAX (CHECKSUM_SIZE + 32 + CHUNK_OUTPUT_MAX + CHUNK_OUTPUT_MAX / 6)

enum gzip_place {
	GZIP_BETWEEN, /* before the first member or after one */
	GZIP_HEADER,
	GZIP_DATA,
};

struct gzip {
	enum gzip_place place;
	bool any; /* a whole member came */
	struct isal_gzip_header header;
	struct inflate_state state;
};

struct snappy {
	bool identified; /* the stream identifier came */
	unsigned char header[CHUNK_HEADER_SIZE];
	size_t header_len; /* bytes of the header that came */
	size_t chunk_size; /* the body's, once the header is complete */
	size_t chunk_len;  /* bytes of the body that came */
	unsigned char chunk[CHUNK_INPUT_MAX];
	char output[CHUNK_OUTPUT_MAX];
};

struct decompress {
	enum encoding encoding;
	uint64_t input, output; /* bytes so far */
	union {
		struct gzip gzip;
		struct snappy snappy;
	};
};

/* ---- the limits ---- */

static int fail_to_grow(const struct buffer *out, struct error *error)
{
	return error_set_growth(error, "the body is larger than %zu bytes when decompressed", out->max);
}

static int count(
	struct decompress *decompress, size_t input, size_t output, const struct buffer *out, struct error *error)
{
	decompress->input += input;
	decompress->output += output;
	if (decompress->input > DECOMPRESS_OVERHEAD_MAX && decompress->input - DECOMPRESS_OVERHEAD_MAX > out->max)
		return error_set(error, ERROR_TOO_LARGE, "the compressed body is larger than %zu bytes", out->max);
	if (decompress->output > RATIO_FREE + decompress->input * DECOMPRESS_RATIO_MAX)
		return error_set(error, ERROR_TOO_LARGE, "the body is more than %d times larger when decompressed",
			DECOMPRESS_RATIO_MAX);
	return 0;
}

/* ---- identity ---- */

static void identity_start(struct decompress *decompress)
{
}

static int identity_feed(struct decompress *decompress, struct slice piece, struct buffer *out, struct error *error)
{
	return buffer_append_slice(out, piece) == -1 ? fail_to_grow(out, error) : 0;
}

static int identity_finish(const struct decompress *decompress, struct error *error)
{
	return 0;
}

/* ---- gzip ---- */

static int gzip_fail(const struct gzip *gzip, int status, struct error *error)
{
	const char *message = "damaged gzip data";
	if (status == ISAL_INVALID_WRAPPER)
		message = gzip->any ? "the gzip data is followed by something else" : "the body is not gzip";
	else if (status == ISAL_UNSUPPORTED_METHOD)
		message = "gzip data of an unknown compression method";
	else if (status == ISAL_INCORRECT_CHECKSUM)
		message = gzip->place == GZIP_HEADER ? "damaged gzip header: its checksum is wrong"
						     : "damaged gzip data: its checksum or length is wrong";
	return error_set(error, ERROR_SYNTAX, "%s", message);
}

static void gzip_start(struct decompress *decompress)
{
	struct gzip *gzip = &decompress->gzip;
	gzip->place = GZIP_BETWEEN;
	gzip->any = false;
	isal_inflate_init(&gzip->state);
	gzip->state.crc_flag = ISAL_GZIP_NO_HDR_VER;
}

/* Not by isal_inflate(), which forgets the header's flags where a piece ends within the header. */
static int gzip_read_header(struct gzip *gzip, struct error *error)
{
	if (gzip->place == GZIP_BETWEEN) {
		/* ISA-L looks at nothing before it has ten bytes. */
		if (*gzip->state.next_in != 0x1f)
			return gzip_fail(gzip, ISAL_INVALID_WRAPPER, error);
		isal_inflate_reset(&gzip->state);
		gzip->header = (struct isal_gzip_header){0};
		gzip->place = GZIP_HEADER;
	}
	int status = isal_read_gzip_header(&gzip->state, &gzip->header);
	if (status < 0)
		return gzip_fail(gzip, status, error);
	if (status == ISAL_DECOMP_OK)
		gzip->place = GZIP_DATA;
	return 0;
}

/* Room for the next of the output; when the buffer is full one spare byte, which shows whether more would come. */
static int gzip_make_room(struct gzip *gzip, struct buffer *out, uint8_t *spare, struct error *error)
{
	size_t room = gzip->state.avail_in * RATIO_USUAL;
	if (room < STEP_OUTPUT_MIN)
		room = STEP_OUTPUT_MIN;
	if (room > out->max - out->len)
		room = out->max - out->len;
	if (room == 0) {
		gzip->state.next_out = spare;
		gzip->state.avail_out = 1;
		return 0;
	}
	if (buffer_reserve(out, room) == -1)
		return fail_to_grow(out, error);
	room = out->capacity - out->len;
	gzip->state.next_out = (uint8_t *)out->data + out->len;
	gzip->state.avail_out = room < STEP_OUTPUT_MAX ? (uint32_t)room : STEP_OUTPUT_MAX;
	return 0;
}

static int gzip_inflate(struct decompress *decompress, struct buffer *out, struct error *error)
{
	struct gzip *gzip = &decompress->gzip;
	uint8_t spare;
	if (gzip_make_room(gzip, out, &spare, error) == -1)
		return -1;
	const bool full = gzip->state.next_out == &spare;
	const uint32_t avail_in = gzip->state.avail_in;
	const uint32_t avail_out = gzip->state.avail_out;
	int status = isal_inflate(&gzip->state);
	size_t consumed = avail_in - gzip->state.avail_in;
	size_t produced = avail_out - gzip->state.avail_out;
	if (status < 0)
		return gzip_fail(gzip, status, error);
	if (full && produced > 0) {
		errno = EMSGSIZE;
		return fail_to_grow(out, error);
	}
	out->len += produced;
	if (gzip->state.block_state == ISAL_BLOCK_FINISH) {
		gzip->place = GZIP_BETWEEN;
		gzip->any = true;
	} else if (consumed == 0 && produced == 0 && avail_in > 0) {
		/* ISA-L does not promise that this can't be; going round for ever would be the worse answer. */
		return gzip_fail(gzip, ISAL_INVALID_BLOCK, error);
	}
	return count(decompress, consumed, produced, out, error);
}

static int gzip_step(struct decompress *decompress, struct slice piece, struct buffer *out, struct error *error)
{
	struct gzip *gzip = &decompress->gzip;
	bool more = true;
	/* ISA-L does not write to its input. */
	gzip->state.next_in = (uint8_t *)(uintptr_t)piece.data;
	gzip->state.avail_in = (uint32_t)piece.len;
	while (more) {
		if (gzip->place == GZIP_DATA) {
			if (gzip_inflate(decompress, out, error) == -1)
				return -1;
		} else {
			const uint32_t avail_in = gzip->state.avail_in;
			if (gzip_read_header(gzip, error) == -1 ||
				count(decompress, avail_in - gzip->state.avail_in, 0, out, error) == -1)
				return -1;
		}
		/* Where the room was filled, ISA-L may hold back more than that. */
		more = gzip->state.avail_in > 0 || (gzip->place == GZIP_DATA && gzip->state.avail_out == 0);
	}
	return 0;
}

static int gzip_feed(struct decompress *decompress, struct slice piece, struct buffer *out, struct error *error)
{
	while (piece.len > 0) {
		size_t len = piece.len < STEP_INPUT ? piece.len : STEP_INPUT;
		if (gzip_step(decompress, slice_make(piece.data, len), out, error) == -1)
			return -1;
		piece = slice_make(piece.data + len, piece.len - len);
	}
	return 0;
}

static int gzip_finish(const struct decompress *decompress, struct error *error)
{
	if (decompress->gzip.place != GZIP_BETWEEN)
		return error_set(error, ERROR_SYNTAX, "the gzip data is cut off");
	if (!decompress->gzip.any)
		return error_set(error, ERROR_SYNTAX, "the body is empty where gzip data is announced");
	return 0;
}

/* ---- snappy ---- */

#define CHUNK_STREAM_IDENTIFIER 0xff

static const char stream_identifier[] = {'s', 'N', 'a', 'P', 'p', 'Y'};

static void snappy_start(struct decompress *decompress)
{
	struct snappy *snappy = &decompress->snappy;
	snappy->identified = false;
	snappy->header_len = snappy->chunk_size = snappy->chunk_len = 0;
}

/* CRC-32C as the framing format masks it. */
static uint32_t masked_checksum(char *data, size_t len)
{
	/* ISA-L takes the register as it is and leaves both inversions to its caller. */
	uint32_t crc = ~crc32_iscsi((unsigned char *)data, (int)len, 0xffffffff);
	return (crc >> 15 | crc << 17) + 0xa282ead8;
}

static uint32_t read_little_endian(const unsigned char *bytes, size_t len)
{
	uint32_t value = 0;
	for (size_t i = 0; i < len; i++)
		value |= (uint32_t)bytes[i] << (8 * i);
	return value;
}

static int append_chunk(struct decompress *decompress, char *data, size_t len, struct buffer *out, struct error *error)
{
	uint32_t checksum = read_little_endian(decompress->snappy.chunk, CHECKSUM_SIZE);
	if (masked_checksum(data, len) != checksum)
		return error_set(error, ERROR_SYNTAX, "damaged snappy data: the checksum of a chunk is wrong");
	if (buffer_append(out, data, len) == -1)
		return fail_to_grow(out, error);
	return count(decompress, 0, len, out, error);
}

static int read_compressed(struct decompress *decompress, struct buffer *out, struct error *error)
{
	struct snappy *snappy = &decompress->snappy;
	const char *data = (const char *)snappy->chunk + CHECKSUM_SIZE;
	size_t size = snappy->chunk_size - CHECKSUM_SIZE;
	size_t len;
	if (snappy_uncompressed_length(data, size, &len) != SNAPPY_OK || len > CHUNK_OUTPUT_MAX)
		return error_set(error, ERROR_SYNTAX, "damaged snappy data: the length of a chunk is wrong");
	if (snappy_uncompress(data, size, snappy->output, &len) != SNAPPY_OK)
		return error_set(error, ERROR_SYNTAX, "damaged snappy data: a chunk does not decompress");
	return append_chunk(decompress, snappy->output, len, out, error);
}

static int read_uncompressed(struct decompress *decompress, struct buffer *out, struct error *error)
{
	struct snappy *snappy = &decompress->snappy;
	return append_chunk(
		decompress, (char *)snappy->chunk + CHECKSUM_SIZE, snappy->chunk_size - CHECKSUM_SIZE, out, error);
}

static int read_identifier(struct decompress *decompress, struct buffer *out, struct error *error)
{
	if (memcmp(decompress->snappy.chunk, stream_identifier, sizeof(stream_identifier)) != 0)
		return error_set(error, ERROR_SYNTAX, "damaged snappy data: the stream identifier is wrong");
	decompress->snappy.identified = true;
	return 0;
}

/* The types of chunks (framing_format.txt, section 4): what size they may have, checksum included, and who reads them
 * when they are complete. */
static const struct chunk_rule {
	unsigned char first, last; /* types */
	size_t size_min, size_max;
	int (*read)(struct decompress *decompress, struct buffer *out, struct error *error); /* NULL: skipped */
} chunk_rules[] = {
	{0x00, 0x00, CHECKSUM_SIZE, CHUNK_INPUT_MAX, read_compressed},
	{0x01, 0x01, CHECKSUM_SIZE, CHECKSUM_SIZE + CHUNK_OUTPUT_MAX, read_uncompressed},
	{0x80, 0xfe, 0, SIZE_MAX, NULL},
	{CHUNK_STREAM_IDENTIFIER, CHUNK_STREAM_IDENTIFIER, sizeof(stream_identifier), sizeof(stream_identifier),
		read_identifier},
};

static const struct chunk_rule *find_chunk_rule(unsigned char type)
{
	for (size_t i = 0; i < sizeof(chunk_rules) / sizeof(chunk_rules[0]); i++)
		if (type >= chunk_rules[i].first && type <= chunk_rules[i].last)
			return &chunk_rules[i];
	return NULL;
}

static int check_chunk_header(struct snappy *snappy, struct error *error)
{
	const unsigned char type = snappy->header[0];
	const struct chunk_rule *rule = find_chunk_rule(type);
	if (!snappy->identified && type != CHUNK_STREAM_IDENTIFIER)
		return error_set(error, ERROR_SYNTAX,
			"the body is not snappy in its framing format: the stream identifier is missing");
	if (rule == NULL)
		return error_set(error, ERROR_SYNTAX, "snappy data with a chunk of the unknown type 0x%02x", type);
	if (snappy->header_len < CHUNK_HEADER_SIZE)
		return 0;
	snappy->chunk_size = read_little_endian(snappy->header + 1, CHUNK_HEADER_SIZE - 1);
	snappy->chunk_len = 0;
	if (snappy->chunk_size < rule->size_min || snappy->chunk_size > rule->size_max)
		return error_set(error, ERROR_SYNTAX,
			"damaged snappy data: a chunk of type 0x%02x can't have %zu bytes", type, snappy->chunk_size);
	return 0;
}

/* Hands a chunk on once all of it is there, and makes ready for the next. */
static int finish_chunk(struct decompress *decompress, struct buffer *out, struct error *error)
{
	struct snappy *snappy = &decompress->snappy;
	if (snappy->header_len < CHUNK_HEADER_SIZE || snappy->chunk_len < snappy->chunk_size)
		return 0;
	const struct chunk_rule *rule = find_chunk_rule(snappy->header[0]);
	snappy->header_len = 0;
	return rule->read == NULL ? 0 : rule->read(decompress, out, error);
}

/* Copies what belongs to a run of bytes that is not complete yet, or only takes it where `to` is NULL. */
static size_t collect(unsigned char *to, size_t *len, size_t size, struct slice piece)
{
	size_t taken = size - *len < piece.len ? size - *len : piece.len;
	if (to != NULL && taken > 0)
		memcpy(to + *len, piece.data, taken);
	*len += taken;
	return taken;
}

static int snappy_feed(struct decompress *decompress, struct slice piece, struct buffer *out, struct error *error)
{
	struct snappy *snappy = &decompress->snappy;
	while (piece.len > 0) {
		size_t taken;
		if (snappy->header_len < CHUNK_HEADER_SIZE) {
			taken = collect(snappy->header, &snappy->header_len, CHUNK_HEADER_SIZE, piece);
			if (check_chunk_header(snappy, error) == -1)
				return -1;
		} else {
			bool skipped = find_chunk_rule(snappy->header[0])->read == NULL;
			taken = collect(skipped ? NULL : snappy->chunk, &snappy->chunk_len, snappy->chunk_size, piece);
		}
		piece = slice_make(piece.data + taken, piece.len - taken);
		if (count(decompress, taken, 0, out, error) == -1 || finish_chunk(decompress, out, error) == -1)
			return -1;
	}
	return 0;
}

static int snappy_finish(const struct decompress *decompress, struct error *error)
{
	if (decompress->snappy.header_len > 0)
		return error_set(error, ERROR_SYNTAX, "the snappy data is cut off");
	return 0;
}

/* ---- the codings ---- */

static const struct coding {
	void (*start)(struct decompress *decompress);
	int (*feed)(struct decompress *decompress, struct slice piece, struct buffer *out, struct error *error);
	int (*finish)(const struct decompress *decompress, struct error *error);
} codings[] = {
	[ENCODING_IDENTITY] = {identity_start, identity_feed, identity_finish},
	[ENCODING_GZIP] = {gzip_start, gzip_feed, gzip_finish},
	[ENCODING_SNAPPY] = {snappy_start, snappy_feed, snappy_finish},
};

int encoding_parse(struct slice name, enum encoding *encoding)
{
	static const struct {
		const char *name;
		enum encoding encoding;
	} names[] = {
		{"", ENCODING_IDENTITY},
		{"identity", ENCODING_IDENTITY},
		{"gzip", ENCODING_GZIP},
		{"x-gzip", ENCODING_GZIP},
		{"snappy", ENCODING_SNAPPY},
	};
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (name.len != strlen(names[i].name) ||
			(name.len > 0 && strncasecmp(name.data, names[i].name, name.len) != 0))
			continue;
		*encoding = names[i].encoding;
		return 0;
	}
	return -1;
}

struct decompress *decompress_new(enum encoding encoding, struct error *error)
{
	struct decompress *decompress = malloc(sizeof(*decompress));
	if (decompress == NULL) {
		error_set_memory(error);
		return NULL;
	}
	decompress->encoding = encoding;
	decompress->input = decompress->output = 0;
	codings[encoding].start(decompress);
	return decompress;
}

size_t decompress_size(void)
{
	return sizeof(struct decompress);
}

void decompress_free(struct decompress *decompress)
{
	free(decompress);
}

int decompress_feed(struct decompress *decompress, struct slice piece, struct buffer *out, struct error *error)
{
	return codings[decompress->encoding].feed(decompress, piece, out, error);
}

int decompress_finish(struct decompress *decompress, struct error *error)
{
	return codings[decompress->encoding].finish(decompress, error);
}
