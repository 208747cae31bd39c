/*
 * A group is made in memory that grows, and copied into one piece when its size is known.
 */
#include "group_make.h"

#include <errno.h>
#include <stdlib.h>

#include "number.h"

/* A group on its way. Functions on it return 0, or -1 with the error filled. */
struct maker {
	const struct parts *from;
	struct arena arena;	    /* of the arrays below */
	struct block *blocks;	    /* names and helps are those of the parts; samples have lengths only, in `text` */
	struct fingerprint *series; /* of all blocks */
	uint32_t *lines;	    /* of all series */
	size_t block_count;
	size_t series_count;
	struct canonical_key key;
	struct buffer text; /* the sample lines */
	struct error *error;
};

static int compare_time(const void *key, const void *element)
{
	return slice_compare(*(const struct slice *)key, ((const struct family_time *)element)->name);
}

static int64_t time_of_family(const struct parts *from, struct slice name)
{
	const struct family_time *time = NULL;
	if (from->time_count > 0)
		time = bsearch(&name, from->times, from->time_count, sizeof(from->times[0]), compare_time);
	return time != NULL ? time->pushed : from->pushed_at;
}

/* One of the group's own two families, as an exposition of one sample. */
struct own_time {
	struct metric_family family;
	struct metric metric;
	struct exposition exposition;
};

static const struct {
	struct slice name;
	struct slice help;
} own_times[] = {
	{SLICE_LITERAL(PUSH_FAILURE_TIME_NAME),
		SLICE_LITERAL("Last Unix time when changing this group in the Pushgateway failed.")},
	{SLICE_LITERAL(PUSH_TIME_NAME),
		SLICE_LITERAL("Last Unix time when changing this group in the Pushgateway succeeded.")},
};

static void make_own_time(struct own_time *own, size_t which, int64_t time)
{
	*own = (struct own_time){
		.family = {.name = own_times[which].name,
			.help = own_times[which].help,
			.type = METRIC_GAUGE,
			.metric_count = 1},
		.metric = {.next = EXPOSITION_NONE, .value = number_seconds(time)},
	};
	own->exposition.metrics = &own->metric;
	own->exposition.families = &own->family;
	own->exposition.metric_count = own->exposition.family_count = 1;
}

/* Allocates for the most that the parts can make. */
static int prepare(struct maker *maker, const struct limits *limits)
{
	const struct parts *from = maker->from;
	size_t blocks = 2, series = 2;
	if (from->pushed != NULL) {
		blocks += from->pushed->family_count;
		series += from->pushed->metric_count;
	}
	if (from->old != NULL) {
		blocks += from->old->block_count;
		series += from->old->series_count;
	}
	arena_init(&maker->arena);
	buffer_init(&maker->text, group_file_limits(limits).body);
	maker->blocks = arena_alloc(&maker->arena, blocks * sizeof(*maker->blocks));
	maker->series = arena_alloc(&maker->arena, series * sizeof(*maker->series));
	maker->lines = calloc(series, sizeof(*maker->lines));
	if (maker->blocks == NULL || maker->series == NULL || maker->lines == NULL)
		return error_set_memory(maker->error);
	return canonical_key_init(&maker->key, from->key, maker->error);
}

/* Appending to the text failed. */
static int fail_text(struct maker *maker)
{
	if (errno != EMSGSIZE)
		return error_set_memory(maker->error);
	return error_set(
		maker->error, ERROR_TOO_LARGE, "the text of the group is over the limit of %zu bytes", maker->text.max);
}

/* The next name of three sorted lists: the group's own two, what was pushed, the group before. */
struct selection {
	struct slice name;
	bool own, pushed, old;
};

struct position {
	size_t own, pushed, old;
};

static bool select_family(const struct parts *from, const struct position *at, struct selection *selection)
{
	struct slice own = {0}, pushed = {0}, old = {0};
	*selection = (struct selection){0};
	if (at->own < 2)
		selection->name = own = own_times[at->own].name;
	if (from->pushed != NULL && at->pushed < from->pushed->family_count) {
		pushed = from->pushed->families[at->pushed].name;
		if (selection->name.data == NULL || slice_compare(pushed, selection->name) < 0)
			selection->name = pushed;
	}
	if (from->old != NULL && at->old < from->old->block_count) {
		old = from->old->blocks[at->old].name;
		if (selection->name.data == NULL || slice_compare(old, selection->name) < 0)
			selection->name = old;
	}
	selection->own = own.data != NULL && slice_equal(own, selection->name);
	selection->pushed = pushed.data != NULL && slice_equal(pushed, selection->name);
	selection->old = old.data != NULL && slice_equal(old, selection->name);
	return selection->name.data != NULL;
}

static void advance(struct position *at, const struct selection *selection)
{
	at->own += selection->own;
	at->pushed += selection->pushed;
	at->old += selection->old;
}

/* A family that was pushed, or one of the group's own. */
static int append_family(struct maker *maker, struct block *block, const struct exposition *exposition,
	const struct metric_family *family)
{
	uint32_t *line = maker->lines + maker->series_count;
	block->name = family->name;
	block->help = family->help;
	block->type = family->type;
	block->series_count = family->metric_count;
	for (uint32_t m = family->first_metric; m != EXPOSITION_NONE; m = exposition->metrics[m].next)
		*line++ = exposition->metrics[m].line;
	return canonical_append_samples(
		&maker->text, exposition, family, &maker->key, maker->series + maker->series_count, maker->error);
}

/* A family that stays as it was. */
static int append_block(struct maker *maker, struct block *block, const struct block *old)
{
	struct canonical_series series;
	struct fingerprint *fingerprint = maker->series + maker->series_count;
	*block = *old;
	canonical_series_init(&series, old->samples, old->name, old->type);
	while (canonical_series_next(&series))
		*fingerprint++ = canonical_series_fingerprint(&series);
	return buffer_append_slice(&maker->text, old->samples) == -1 ? fail_text(maker) : 0;
}

static int append_selected(struct maker *maker, const struct position *at, const struct selection *selection)
{
	const struct parts *from = maker->from;
	struct block *block = &maker->blocks[maker->block_count];
	size_t before = maker->text.len;
	int status;
	if (selection->own) {
		struct own_time own;
		bool failure = at->own == 0;
		block->pushed = failure ? from->push_failure_time : from->push_time;
		make_own_time(&own, at->own, block->pushed);
		status = append_family(maker, block, &own.exposition, &own.family);
	} else if (selection->pushed) {
		block->pushed = time_of_family(from, selection->name);
		status = append_family(maker, block, from->pushed, &from->pushed->families[at->pushed]);
	} else {
		status = append_block(maker, block, &from->old->blocks[at->old]);
	}
	block->samples = slice_make(NULL, maker->text.len - before);
	maker->series_count += block->series_count;
	maker->block_count++;
	return status;
}

static struct fingerprint shape_of(const struct maker *maker)
{
	uint64_t context = 0;
	for (size_t i = 0; i < maker->block_count; i++) {
		const struct block *block = &maker->blocks[i];
		context = hash_series(context + (uint64_t)block->type, block->name).low;
		context ^= block->series_count;
	}
	return hash_series(
		context, slice_make((const char *)maker->series, maker->series_count * sizeof(*maker->series)));
}

/* The names and helps of the group's own families are never freed and need no copy. */
static bool is_static(const struct block *block)
{
	return block->name.data == own_times[0].name.data || block->name.data == own_times[1].name.data;
}

static size_t size_of_names(const struct maker *maker)
{
	size_t size = 0;
	for (size_t i = 0; i < maker->block_count; i++)
		if (!is_static(&maker->blocks[i]))
			size += maker->blocks[i].name.len + maker->blocks[i].help.len;
	return size;
}

static struct slice put_copy(char **to, struct slice slice)
{
	struct slice copy = slice;
	if (slice.data == NULL)
		return copy;
	copy.data = memcpy(*to, slice.data, slice.len);
	*to += slice.len;
	return copy;
}

/* The group in one piece: the structure, its key, the blocks, their names and the sample lines. */
static struct group *assemble(struct maker *maker)
{
	size_t key_size = grouping_key_size(maker->from->key), blocks_size = maker->block_count * sizeof(struct block);
	struct group *group = malloc(sizeof(*group) + blocks_size + key_size + size_of_names(maker) + maker->text.len);
	if (group == NULL)
		return NULL;
	*group = (struct group){
		.blocks = (struct block *)(group + 1),
		.block_count = maker->block_count,
		.series_count = maker->series_count,
		.shape = shape_of(maker),
		.lines = maker->lines,
	};
	maker->lines = NULL;
	memcpy(group->blocks, maker->blocks, blocks_size);
	char *to = (char *)(group->blocks + maker->block_count);
	grouping_key_copy(&group->key, to, maker->from->key);
	to += key_size;
	char *samples = memcpy(to, maker->text.data, maker->text.len);
	to += maker->text.len;
	for (size_t i = 0; i < group->block_count; i++) {
		struct block *block = &group->blocks[i];
		if (!is_static(block)) {
			block->name = put_copy(&to, block->name);
			block->help = put_copy(&to, block->help);
		}
		block->samples.data = samples;
		samples += block->samples.len;
	}
	return group;
}

/* Measures the file, and holds it against the limit that a reader of the file will have. */
static int measure(struct maker *maker, struct group *group)
{
	buffer_clear(&maker->text);
	if (group_append_text(group, &maker->text) == -1)
		return fail_text(maker);
	group->text_size = maker->text.len;
	return 0;
}

static struct group *fill(struct maker *maker, const struct limits *limits)
{
	const struct parts *from = maker->from;
	const struct exposition *pushed = from->pushed;
	struct position at = {0};
	struct selection selection;
	if (prepare(maker, limits) == -1)
		return NULL;
	for (; select_family(from, &at, &selection); advance(&at, &selection)) {
		if (append_selected(maker, &at, &selection) == -1)
			return NULL;
	}
	struct group *group = assemble(maker);
	if (group == NULL) {
		error_set_memory(maker->error);
		return NULL;
	}
	group->push_time = from->push_time;
	group->push_failure_time = from->push_failure_time;
	group->ttl = from->ttl;
	group->method = from->method;
	group->quoted_names = maker->key.quoted_names || (pushed != NULL && pushed->quoted_names) ||
			      (from->old != NULL && from->old->quoted_names);
	group->natives = (pushed != NULL && pushed->native_count > 0) || (from->old != NULL && from->old->natives);
	if (measure(maker, group) == 0)
		return group;
	group_free(group);
	return NULL;
}

struct group *group_make(const struct parts *from, const struct limits *limits, struct error *error)
{
	struct maker maker = {.from = from, .error = error};
	struct group *group = fill(&maker, limits);
	buffer_release(&maker.text);
	canonical_key_release(&maker.key);
	arena_release(&maker.arena);
	free(maker.lines);
	return group;
}
