#include "protobuf_exposition.h"

#include <bsd/sys/queue.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/types.h>

#include "buffer.h"
#include "canonical.h"
#include "exposition_parse.h"
#include "gzip_part.h"
#include "protobuf.h"

/* So much text of a family is parsed at once, in bytes. Setting up a parser costs about as much as this. */
#define BATCH_TEXT   ((size_t)32 << 10)
#define BATCH_COST   512
#define PASSING_COST 16 /* to pass by a piece, the same */

/* The answer lies in parts of about so many bytes. */
#define PART_SIZE ((size_t)64 << 10)

/* The code of the compressed form is made anew from the parts after so many bytes. */
#define CODE_TEXT ((size_t)1 << 20)

/* What an exposition usually becomes with gzip. */
#define RATIO_USUAL 8

/* What it takes to encode beside the answer, with what compresses, in bytes. */
#define WORKING_MEMORY ((size_t)512 << 10)

static const struct limits no_limits = LIMITS_NONE;

/* Of the answer. Those that are not compressed are mapped: from malloc(3) they would lie among the groups that are
 * pushed meanwhile, and their memory would stay with the process. */
struct part {
	STAILQ_ENTRY(part) next;
	struct gzip_part *gzip; /* NULL where it is mapped */
	struct slice bytes;
};

STAILQ_HEAD(part_queue, part);

/* A family while its metrics are being encoded. */
struct family {
	struct buffer head;		/* HELP and TYPE, and the gateway's own samples after them */
	struct exposition parsed_head;	/* of slices of that */
	struct metric_family described; /* name, HELP and type, from there */
	struct protobuf_family message;
	struct buffer text;    /* to be parsed next: TYPE, and samples */
	bool natives;	       /* may be in it */
	struct buffer metrics; /* encoded, the last of them */
	struct part_queue parts;
	bool begun; /* HELP and TYPE are known */
};

struct protobuf_exposition {
	struct view_snapshot *snapshot; /* NULL when all of it is encoded */
	struct gzip_compressor *compressor;
	struct buffer own; /* the gateway's own families as text, */
	size_t own_ends[OWN_FAMILIES];
	/* What comes next: a piece of a place's chunks, or a place where that is beyond the last one. */
	size_t place, chunk;
	uint32_t piece;
	const struct group *group;	/* whose block was the last one of the family */
	struct canonical_series series; /* what is left of that block */
	struct family family;
	struct buffer out; /* of families that are complete, the last of them */
	struct part_queue parts;
	size_t part_count;
	size_t expected; /* bytes of memory, a guess */
	size_t size;
	size_t offset; /* of what was read of the first part */
};

/* Parts. */

static void part_free(struct part *part)
{
	if (part->gzip == NULL && part->bytes.len > 0)
		munmap((void *)part->bytes.data, part->bytes.len);
	free(part->gzip);
	free(part);
}

static void free_parts(struct part_queue *parts)
{
	struct part *part, *next;
	STAILQ_FOREACH_SAFE(part, parts, next, next)
	part_free(part);
	STAILQ_INIT(parts);
}

static int compress_part(
	struct gzip_compressor *compressor, struct part *part, const struct buffer *bytes, struct error *error)
{
	gzip_compressor_sample(compressor, buffer_slice(bytes));
	if (gzip_compressor_due(compressor, CODE_TEXT))
		gzip_compressor_learn(compressor);
	part->gzip = gzip_part_new(compressor, buffer_slice(bytes), error);
	if (part->gzip == NULL)
		return -1;
	part->bytes = slice_make(part->gzip->data, part->gzip->len);
	return 0;
}

static int map_part(struct part *part, const struct buffer *bytes, struct error *error)
{
	void *data = mmap(NULL, bytes->len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (data == MAP_FAILED)
		return error_set_memory(error);
	memcpy(data, bytes->data, bytes->len);
	part->bytes = slice_make(data, bytes->len);
	return 0;
}

/* Makes a part of what is in a buffer, which is empty then. */
static int add_part(struct protobuf_exposition *encoded, struct part_queue *parts, struct buffer *bytes, bool gzip,
	struct error *error)
{
	if (bytes->len == 0)
		return 0;
	struct part *part = calloc(1, sizeof(*part));
	if (part == NULL)
		return error_set_memory(error);
	STAILQ_INSERT_TAIL(parts, part, next);
	encoded->part_count++;
	if ((gzip ? compress_part(encoded->compressor, part, bytes, error) : map_part(part, bytes, error)) == -1)
		return -1;
	buffer_clear(bytes);
	return 0;
}

static int add_part_when_full(
	struct protobuf_exposition *encoded, struct part_queue *parts, struct buffer *bytes, struct error *error)
{
	return bytes->len < PART_SIZE ? 0 : add_part(encoded, parts, bytes, encoded->compressor != NULL, error);
}

/* A family. */

static void family_init(struct family *family)
{
	*family = (struct family){0};
	buffer_init(&family->head, SIZE_MAX / 2);
	buffer_init(&family->text, SIZE_MAX / 2);
	buffer_init(&family->metrics, SIZE_MAX / 2);
	exposition_init(&family->parsed_head);
	STAILQ_INIT(&family->parts);
}

/* Makes it ready for another one. */
static void family_clear(struct family *family)
{
	if (family->begun)
		protobuf_family_release(&family->message);
	exposition_release(&family->parsed_head);
	exposition_init(&family->parsed_head);
	buffer_clear(&family->head);
	buffer_clear(&family->text);
	buffer_clear(&family->metrics);
	family->natives = family->begun = false;
}

static void family_release(struct family *family)
{
	family_clear(family);
	buffer_release(&family->head);
	buffer_release(&family->text);
	buffer_release(&family->metrics);
	free_parts(&family->parts);
}

/* All of HELP and TYPE is there. */
static int begin_family(struct family *family, struct error *error)
{
	struct parser parser;
	struct slice head = buffer_slice(&family->head);
	if (parser_init(&parser, &family->parsed_head, &no_limits, error) == -1)
		return -1;
	int status = parser_text(&parser, head);
	if (status == 0) {
		family->described = family->parsed_head.families[0];
		protobuf_family_init(&family->message, &family->described);
		family->begun = true;
		if (buffer_append_slice(&family->text, head) == -1)
			status = error_set_memory(error);
	}
	parser_release(&parser);
	return status;
}

/* Encodes the text that has been collected. */
static int encode_text(struct protobuf_exposition *encoded, struct error *error)
{
	struct family *family = &encoded->family;
	struct slice text = buffer_slice(&family->text);
	struct exposition exposition;
	exposition_init(&exposition);
	int status = exposition_parse(&exposition, text, &no_limits, error);
	if (status == 0 && family->natives)
		status = protobuf_attach_natives(&exposition, text, &no_limits, error);
	/* There is no family where there are no samples. */
	if (status == 0 && exposition.family_count > 0)
		status = protobuf_family_add(
			&family->message, &family->metrics, &exposition, &exposition.families[0], error);
	exposition_release(&exposition);
	buffer_clear(&family->text);
	family->natives = false;
	if (status == 0 && canonical_append_head(&family->text, family->described.name, (struct slice){0},
				   family->described.type) == -1)
		status = error_set_memory(error);
	return status == -1 ? -1 : add_part_when_full(encoded, &family->parts, &family->metrics, error);
}

/* Puts the family into the answer. */
static int end_family(struct protobuf_exposition *encoded, struct error *error)
{
	struct family *family = &encoded->family;
	encoded->group = NULL;
	if (!family->begun)
		return 0;
	if (encode_text(encoded, error) == -1)
		return -1;
	if (family->message.metrics_len == 0) {
		family_clear(family);
		return 0;
	}
	if (protobuf_family_append_begin(&family->message, &encoded->out, error) == -1)
		return -1;
	if (!STAILQ_EMPTY(&family->parts)) {
		if (add_part(encoded, &encoded->parts, &encoded->out, encoded->compressor != NULL, error) == -1)
			return -1;
		STAILQ_CONCAT(&encoded->parts, &family->parts);
	}
	if (buffer_append_slice(&encoded->out, buffer_slice(&family->metrics)) == -1)
		return error_set_memory(error);
	if (protobuf_family_append_end(&family->message, &encoded->out, error) == -1)
		return -1;
	family_clear(family);
	return add_part_when_full(encoded, &encoded->parts, &encoded->out, error);
}

/* The way through the snapshot. Functions return what they cost in bytes of text, or -1. */

/* Metrics of a block from the front, with what is kept beside them: not much more than is wanted. */
static struct slice take_metrics(struct canonical_series *series, size_t wanted)
{
	const struct slice all = series->rest;
	const char *end = all.data + all.len;
	if (all.len > wanted) {
		while ((size_t)(series->rest.data - all.data) < wanted && canonical_series_next(series))
			;
		end = series->rest.data;
		while (end < all.data + all.len && *end == '#')
			end = (const char *)memchr(end, '\n', (size_t)(all.data + all.len - end)) + 1;
	}
	series->rest = slice_make(end, (size_t)(all.data + all.len - end));
	return slice_make(all.data, (size_t)(end - all.data));
}

static ssize_t take_samples(struct protobuf_exposition *encoded, struct error *error)
{
	struct family *family = &encoded->family;
	size_t wanted = family->text.len < BATCH_TEXT ? BATCH_TEXT - family->text.len : 1;
	struct slice samples = take_metrics(&encoded->series, wanted);
	if (buffer_append_slice(&family->text, samples) == -1)
		return error_set_memory(error);
	family->natives |= encoded->group->natives;
	if (family->text.len >= BATCH_TEXT && encode_text(encoded, error) == -1)
		return -1;
	return (ssize_t)samples.len;
}

static ssize_t take_piece(struct protobuf_exposition *encoded, const struct piece *piece, struct error *error)
{
	struct family *family = &encoded->family;
	if (piece->group == NULL) {
		size_t cost = family->begun ? BATCH_COST : PASSING_COST;
		if (end_family(encoded, error) == -1)
			return -1;
		return buffer_append_slice(&family->head, piece->text) == -1 ? error_set_memory(error) : (ssize_t)cost;
	}
	if (!family->begun && begin_family(family, error) == -1)
		return -1;
	/* A block may be in several pieces. */
	if (piece->group != encoded->group) {
		const struct block *block = group_block(piece->group, family->described.name);
		canonical_series_init(&encoded->series, block->samples, family->described.name, family->described.type);
		encoded->group = piece->group;
	}
	return PASSING_COST;
}

/* Ends what is at a place and begins the next one with what the gateway has there. */
static ssize_t next_place(struct protobuf_exposition *encoded, struct error *error)
{
	struct family *family = &encoded->family;
	if (end_family(encoded, error) == -1)
		return -1;
	encoded->place++;
	encoded->chunk = encoded->piece = 0;
	if (encoded->place % 2 == 0 || encoded->place == OWN_PLACES)
		return BATCH_COST;
	size_t which = encoded->place / 2, start = which == 0 ? 0 : encoded->own_ends[which - 1];
	if (encoded->own_ends[which] == start)
		return PASSING_COST;
	if (buffer_append(&family->head, encoded->own.data + start, encoded->own_ends[which] - start) == -1)
		return error_set_memory(error);
	return begin_family(family, error) == -1 ? -1 : BATCH_COST;
}

static ssize_t step(struct protobuf_exposition *encoded, struct error *error)
{
	if (encoded->series.rest.len > 0)
		return take_samples(encoded, error);
	const struct chunk_run *run = &encoded->snapshot->places[encoded->place];
	if (encoded->chunk == run->count)
		return next_place(encoded, error);
	const struct chunk *chunk = run->chunks[encoded->chunk];
	const struct piece *piece = &chunk->pieces[encoded->piece];
	if (++encoded->piece == chunk->count) {
		encoded->chunk++;
		encoded->piece = 0;
	}
	return take_piece(encoded, piece, error);
}

/* What stands around the parts of a gzip member. */
static int wrap(struct protobuf_exposition *encoded, struct error *error)
{
	struct gzip_member member = {0};
	struct part_queue header = STAILQ_HEAD_INITIALIZER(header);
	struct part *part;
	char end[GZIP_END_SIZE];
	STAILQ_FOREACH(part, &encoded->parts, next)
	gzip_member_add(&member, part->gzip);
	gzip_member_end(&member, end);
	if (buffer_append(&encoded->out, GZIP_HEADER, GZIP_HEADER_SIZE) == -1)
		return error_set_memory(error);
	if (add_part(encoded, &header, &encoded->out, false, error) == -1)
		return -1;
	STAILQ_CONCAT(&header, &encoded->parts);
	STAILQ_CONCAT(&encoded->parts, &header);
	if (buffer_append(&encoded->out, end, GZIP_END_SIZE) == -1)
		return error_set_memory(error);
	return add_part(encoded, &encoded->parts, &encoded->out, false, error);
}

static int finish(struct protobuf_exposition *encoded, struct error *error)
{
	const struct part *part;
	bool gzip = encoded->compressor != NULL;
	if (add_part(encoded, &encoded->parts, &encoded->out, gzip, error) == -1 ||
		(gzip && wrap(encoded, error) == -1))
		return -1;
	STAILQ_FOREACH(part, &encoded->parts, next)
	encoded->size += part->bytes.len;
	view_snapshot_free(encoded->snapshot);
	encoded->snapshot = NULL;
	gzip_compressor_free(encoded->compressor);
	encoded->compressor = NULL;
	family_release(&encoded->family);
	family_init(&encoded->family);
	buffer_release(&encoded->out);
	buffer_release(&encoded->own);
	return 0;
}

int protobuf_exposition_prepare(struct protobuf_exposition *encoded, size_t budget, struct error *error)
{
	size_t spent = 0;
	if (encoded->snapshot == NULL)
		return 1;
	while (encoded->place < OWN_PLACES) {
		if (spent >= budget)
			return 0;
		ssize_t cost = step(encoded, error);
		if (cost == -1)
			return -1;
		spent += (size_t)cost;
	}
	return finish(encoded, error) == -1 ? -1 : 1;
}

/* From the beginning to the end. */

static int append_own(struct protobuf_exposition *encoded, const struct exposition *own, struct error *error)
{
	uint32_t next = 0;
	for (size_t i = 0; i < OWN_FAMILIES; i++) {
		bool pushed = encoded->snapshot->places[2 * i + 1].count > 0;
		if (own_append_family(&encoded->own, i, own, &next, pushed, error) == -1)
			return -1;
		encoded->own_ends[i] = encoded->own.len;
	}
	return 0;
}

struct protobuf_exposition *protobuf_exposition_new(
	struct view_snapshot *snapshot, const struct exposition *own, bool gzip, struct error *error)
{
	struct protobuf_exposition *encoded = calloc(1, sizeof(*encoded));
	if (encoded == NULL) {
		view_snapshot_free(snapshot);
		error_set_memory(error);
		return NULL;
	}
	encoded->snapshot = snapshot;
	buffer_init(&encoded->own, SIZE_MAX / 2);
	buffer_init(&encoded->out, SIZE_MAX / 2);
	family_init(&encoded->family);
	STAILQ_INIT(&encoded->parts);
	for (size_t i = 0; i < OWN_PLACES; i++)
		encoded->expected += snapshot->places[i].text_len;
	if (gzip)
		encoded->expected /= RATIO_USUAL;
	encoded->expected += WORKING_MEMORY;
	if ((gzip && (encoded->compressor = gzip_compressor_new(error)) == NULL) ||
		append_own(encoded, own, error) == -1) {
		protobuf_exposition_free(encoded);
		return NULL;
	}
	return encoded;
}

void protobuf_exposition_free(struct protobuf_exposition *encoded)
{
	if (encoded == NULL)
		return;
	if (encoded->snapshot != NULL)
		view_snapshot_free(encoded->snapshot);
	gzip_compressor_free(encoded->compressor);
	family_release(&encoded->family);
	buffer_release(&encoded->own);
	buffer_release(&encoded->out);
	free_parts(&encoded->parts);
	free(encoded);
}

size_t protobuf_exposition_size(const struct protobuf_exposition *encoded)
{
	return encoded->size;
}

size_t protobuf_exposition_memory(const struct protobuf_exposition *encoded)
{
	return sizeof(*encoded) + (encoded->snapshot != NULL
						  ? encoded->expected
						  : encoded->size + encoded->part_count * sizeof(struct part));
}

size_t protobuf_exposition_read(struct protobuf_exposition *encoded, char *data, size_t size)
{
	size_t len = 0;
	struct part *part;
	while (len < size && (part = STAILQ_FIRST(&encoded->parts)) != NULL) {
		size_t rest = part->bytes.len - encoded->offset, taken = rest < size - len ? rest : size - len;
		memcpy(data + len, part->bytes.data + encoded->offset, taken);
		len += taken;
		encoded->offset += taken;
		if (taken < rest)
			break;
		STAILQ_REMOVE_HEAD(&encoded->parts, next);
		part_free(part);
		encoded->offset = 0;
	}
	return len;
}
