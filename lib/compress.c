#include "compress.h"

#include <dlfcn.h>
#include <errno.h>
#include <isa-l/igzip_lib.h>
#include <stdint.h>
#include <stdlib.h>

/* Measured on expositions: level 0 is no faster, 2 is no smaller, 3 takes three times as long. */
#define LEVEL 1

/* ISA-L counts in 32 bits. */
#define STEP_INPUT (1u << 30)

#define STEP_OUTPUT_MIN 4096
#define STEP_OUTPUT_MAX (1u << 30)

/* What an exposition usually becomes; more room is made where it does not suffice. */
#define RATIO_USUAL 8

#define LIBRARY "libisal.so.2"

/*
 * A program that also reads gzip is linked with ISA-L. The others load it when they have something to compress: linked,
 * it would make the start of each of their processes take a tenth longer.
 */
extern __typeof__(isal_deflate_init) isal_deflate_init __attribute__((weak));
extern __typeof__(isal_deflate) isal_deflate __attribute__((weak));

struct compressor {
	__typeof__(isal_deflate) *deflate;
	struct isal_zstream stream;
	uint8_t level_buffer[ISAL_DEF_LVL1_DEFAULT];
};

/* Room for as much more as is wanted, or for less where the buffer's maximum is near. */
static int make_room(struct buffer *out, size_t wanted, struct error *error)
{
	size_t left = out->max - out->len;
	if (left == 0)
		errno = EMSGSIZE;
	if (left == 0 || buffer_reserve(out, wanted < left ? wanted : left) == -1)
		return error_set_growth(error, "the answer is larger than %zu bytes when compressed", out->max);
	return 0;
}

static void give_room(struct isal_zstream *stream, const struct buffer *out)
{
	size_t room = out->capacity - out->len;
	stream->next_out = (uint8_t *)out->data + out->len;
	stream->avail_out = room < STEP_OUTPUT_MAX ? (uint32_t)room : STEP_OUTPUT_MAX;
}

static void give_input(struct isal_zstream *stream, struct slice *text)
{
	size_t len = text->len < STEP_INPUT ? text->len : STEP_INPUT;
	/* ISA-L does not write to its input. */
	stream->next_in = (uint8_t *)(uintptr_t)text->data;
	stream->avail_in = (uint32_t)len;
	stream->end_of_stream = len == text->len;
	/* An empty text may be at NULL. */
	if (len > 0)
		*text = slice_make(text->data + len, text->len - len);
}

static int load(__typeof__(isal_deflate_init) **init, __typeof__(isal_deflate) **deflate, struct error *error)
{
	*init = isal_deflate_init;
	*deflate = isal_deflate;
	if (*init != NULL)
		return 0;
	void *library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
	if (library == NULL)
		return error_set(error, ERROR_UNAVAILABLE, "ISA-L, which compresses, can't be loaded: %s", dlerror());
	void *functions[] = {dlsym(library, "isal_deflate_init"), dlsym(library, "isal_deflate")};
	if (functions[0] == NULL || functions[1] == NULL)
		return error_set(error, ERROR_UNAVAILABLE, "ISA-L, which compresses, is no such library: %s", LIBRARY);
	memcpy(init, &functions[0], sizeof(*init));
	memcpy(deflate, &functions[1], sizeof(*deflate));
	return 0;
}

static struct compressor *compressor_new(struct error *error)
{
	__typeof__(isal_deflate_init) *init;
	__typeof__(isal_deflate) *deflate;
	if (load(&init, &deflate, error) == -1)
		return NULL;
	struct compressor *compressor = malloc(sizeof(*compressor));
	if (compressor == NULL) {
		error_set_memory(error);
		return NULL;
	}
	compressor->deflate = deflate;
	struct isal_zstream *stream = &compressor->stream;
	init(stream);
	stream->avail_in = 0;
	stream->gzip_flag = IGZIP_GZIP;
	stream->level = LEVEL;
	stream->level_buf = compressor->level_buffer;
	stream->level_buf_size = sizeof(compressor->level_buffer);
	return compressor;
}

int compress_gzip(struct slice text, struct buffer *out, struct error *error)
{
	int result = -1;
	const size_t before = out->len;
	struct compressor *compressor = compressor_new(error);
	if (compressor == NULL)
		return -1;
	struct isal_zstream *stream = &compressor->stream;
	if (make_room(out, STEP_OUTPUT_MIN + text.len / RATIO_USUAL, error) == -1)
		goto out;
	while (stream->internal_state.state != ZSTATE_END) {
		if (stream->avail_in == 0)
			give_input(stream, &text);
		if (make_room(out, STEP_OUTPUT_MIN, error) == -1)
			goto out;
		give_room(stream, out);
		compressor->deflate(stream);
		out->len = (size_t)((char *)stream->next_out - out->data);
	}
	result = 0;
out:
	if (result == -1)
		out->len = before;
	free(compressor);
	return result;
}
