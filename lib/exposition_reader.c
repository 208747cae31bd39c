#include "exposition_reader.h"

#include <stdlib.h>
#include <sys/types.h>

#include "buffer.h"
#include "chunk_part.h"
#include "protobuf_exposition.h"

/* So many chunks, from all over the text, show what the code of its compressed form should be. */
#define SAMPLES 8

/* What it costs to pass by a chunk that is compressed, in bytes to be compressed. */
#define PASSING_COST 128

/* A text of the reader's own, and a run of the snapshot's chunks after it. */
struct section {
	struct slice text;
	struct gzip_part *part; /* of the text, when it is compressed */
	const struct chunk_run *run;
};

/* Where something is going on: at a section's text (item 0) or one of its chunks (from 1). */
struct cursor {
	size_t section, item;
};

struct exposition_reader {
	struct protobuf_exposition *protobuf; /* which does it all; NULL for text */
	struct view_snapshot *snapshot;
	struct gzip_compressor *compressor;
	struct buffer text; /* the gateway's own families, and HELP and TYPE of those of them that only groups have */
	struct section sections[OWN_PLACES];
	size_t section_count;
	size_t text_len;
	bool begun;
	struct cursor prepared; /* up to there it is compressed */
	struct gzip_member member;
	struct cursor at; /* what is being read */
	uint32_t piece;	  /* of the chunk there, for plain text */
	size_t offset;	  /* in the piece, the text or the part */
	char end[GZIP_END_SIZE];
	size_t header_read, end_read;
};

static int make_sections(struct exposition_reader *reader, const struct exposition *own, struct error *error)
{
	size_t ends[OWN_PLACES], start = 0;
	uint32_t next = 0;
	for (size_t i = 0; i < OWN_PLACES; i++) {
		const struct chunk_run *run = &reader->snapshot->places[i];
		if (i % 2 == 1 && own_append_family(&reader->text, i / 2, own, &next, run->count > 0, error) == -1)
			return -1;
		reader->text_len += run->text_len;
		if (run->count == 0 && i < OWN_PLACES - 1)
			continue;
		ends[reader->section_count] = reader->text.len;
		reader->sections[reader->section_count++].run = run;
	}
	for (size_t i = 0; i < reader->section_count; start = ends[i++]) {
		if (ends[i] > start)
			reader->sections[i].text = slice_make(reader->text.data + start, ends[i] - start);
	}
	reader->text_len += reader->text.len;
	return 0;
}

struct exposition_reader *exposition_reader_new(struct view_snapshot *snapshot, const struct exposition *own,
	struct gzip_compressor *compressor, struct error *error)
{
	struct exposition_reader *reader = calloc(1, sizeof(*reader));
	if (reader == NULL) {
		view_snapshot_free(snapshot);
		error_set_memory(error);
		return NULL;
	}
	reader->snapshot = snapshot;
	reader->compressor = compressor;
	buffer_init(&reader->text, SIZE_MAX / 2);
	if (make_sections(reader, own, error) == -1) {
		exposition_reader_free(reader);
		return NULL;
	}
	return reader;
}

struct exposition_reader *exposition_reader_new_protobuf(
	struct view_snapshot *snapshot, const struct exposition *own, bool gzip, struct error *error)
{
	struct exposition_reader *reader = calloc(1, sizeof(*reader));
	if (reader == NULL) {
		view_snapshot_free(snapshot);
		error_set_memory(error);
		return NULL;
	}
	reader->protobuf = protobuf_exposition_new(snapshot, own, gzip, error);
	if (reader->protobuf == NULL) {
		free(reader);
		return NULL;
	}
	return reader;
}

static void free_text(struct exposition_reader *reader)
{
	for (size_t i = 0; i < reader->section_count; i++)
		free(reader->sections[i].part);
	buffer_release(&reader->text);
	view_snapshot_free(reader->snapshot);
}

void exposition_reader_free(struct exposition_reader *reader)
{
	if (reader == NULL)
		return;
	if (reader->protobuf != NULL)
		protobuf_exposition_free(reader->protobuf);
	else
		free_text(reader);
	free(reader);
}

static bool at_end(const struct exposition_reader *reader, const struct cursor *at)
{
	return at->section == reader->section_count;
}

static void advance(const struct exposition_reader *reader, struct cursor *at)
{
	if (++at->item > reader->sections[at->section].run->count)
		*at = (struct cursor){at->section + 1, 0};
}

/* The chunk at a cursor, or NULL where it is at a text. */
static struct chunk *chunk_at(const struct exposition_reader *reader, const struct cursor *at)
{
	return at->item == 0 ? NULL : reader->sections[at->section].run->chunks[at->item - 1];
}

/* Compression. */

static void learn(struct exposition_reader *reader)
{
	const struct view_snapshot *snapshot = reader->snapshot;
	char text[CHUNK_TEXT_MAX];
	gzip_compressor_sample(reader->compressor, buffer_slice(&reader->text));
	for (size_t i = 0; i < SAMPLES && i < snapshot->chunk_count; i++) {
		size_t sample = snapshot->chunk_count < SAMPLES ? i : snapshot->chunk_count / SAMPLES * i;
		gzip_compressor_sample(reader->compressor, chunk_gather(snapshot->chunks[sample], text));
	}
	gzip_compressor_learn(reader->compressor);
}

/* Compresses what is at the cursor, unless it is. The cost in bytes of text, or -1. */
static ssize_t compress_item(struct exposition_reader *reader, struct error *error)
{
	struct chunk *chunk = chunk_at(reader, &reader->prepared);
	struct section *section = &reader->sections[reader->prepared.section];
	size_t cost = PASSING_COST;
	if (chunk == NULL) {
		section->part = gzip_part_new(reader->compressor, section->text, error);
		if (section->part == NULL)
			return -1;
		cost += section->text.len;
	} else if (chunk->part == NULL) {
		if (chunk_part_make(chunk, reader->compressor, error) == -1)
			return -1;
		cost += chunk->text_len;
	}
	gzip_member_add(&reader->member, chunk == NULL ? section->part : chunk->part);
	return (ssize_t)cost;
}

int exposition_reader_prepare(struct exposition_reader *reader, size_t budget, struct error *error)
{
	size_t spent = 0;
	if (reader->protobuf != NULL)
		return protobuf_exposition_prepare(reader->protobuf, budget, error);
	if (reader->compressor == NULL)
		return 1;
	if (!reader->begun && gzip_compressor_due(reader->compressor, reader->text_len))
		learn(reader);
	reader->begun = true;
	while (!at_end(reader, &reader->prepared)) {
		if (spent >= budget)
			return 0;
		ssize_t cost = compress_item(reader, error);
		if (cost == -1)
			return -1;
		spent += (size_t)cost;
		advance(reader, &reader->prepared);
	}
	gzip_member_end(&reader->member, reader->end);
	return 1;
}

size_t exposition_reader_size(const struct exposition_reader *reader)
{
	if (reader->protobuf != NULL)
		return protobuf_exposition_size(reader->protobuf);
	return reader->compressor == NULL ? reader->text_len : GZIP_HEADER_SIZE + reader->member.len + GZIP_END_SIZE;
}

size_t exposition_reader_memory(const struct exposition_reader *reader)
{
	if (reader->protobuf != NULL)
		return sizeof(*reader) + protobuf_exposition_memory(reader->protobuf);
	return sizeof(*reader) + reader->text.capacity;
}

/* Reading. */

/* Where it goes. */
struct target {
	char *data;
	size_t len, size;
};

/* Copies what fits of a slice from *offset on, and counts that up: true where all of it is copied now. */
static bool copy(struct target *target, struct slice from, size_t *offset)
{
	size_t len = from.len - *offset, room = target->size - target->len;
	if (len > room)
		len = room;
	if (len > 0)
		memcpy(target->data + target->len, from.data + *offset, len);
	target->len += len;
	*offset += len;
	return *offset == from.len;
}

/* The same for all that is at the cursor. */
static bool copy_text(struct exposition_reader *reader, struct target *target)
{
	const struct chunk *chunk = chunk_at(reader, &reader->at);
	if (chunk == NULL)
		return copy(target, reader->sections[reader->at.section].text, &reader->offset);
	while (reader->piece < chunk->count && copy(target, chunk->pieces[reader->piece].text, &reader->offset)) {
		reader->piece++;
		reader->offset = 0;
	}
	return reader->piece == chunk->count;
}

static bool copy_part(struct exposition_reader *reader, struct target *target)
{
	const struct chunk *chunk = chunk_at(reader, &reader->at);
	const struct gzip_part *part = chunk != NULL ? chunk->part : reader->sections[reader->at.section].part;
	return copy(target, slice_make(part->data, part->len), &reader->offset);
}

size_t exposition_reader_read(struct exposition_reader *reader, char *data, size_t size)
{
	struct target target = {.data = data, .size = size};
	if (reader->protobuf != NULL)
		return protobuf_exposition_read(reader->protobuf, data, size);
	bool gzip = reader->compressor != NULL;
	if (gzip && !copy(&target, slice_make(GZIP_HEADER, GZIP_HEADER_SIZE), &reader->header_read))
		return target.len;
	while (!at_end(reader, &reader->at)) {
		if (!(gzip ? copy_part(reader, &target) : copy_text(reader, &target)))
			return target.len;
		advance(reader, &reader->at);
		reader->offset = reader->piece = 0;
	}
	if (gzip)
		copy(&target, slice_make(reader->end, GZIP_END_SIZE), &reader->end_read);
	return target.len;
}
