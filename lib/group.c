#include "group.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "group_parts.h"
#include "names.h"
#include "number.h"
#include "text.h"

#define NANOSECONDS 1000000000LL

const char *const push_method_names[] = {
	[PUSH_NONE] = "-",
	[PUSH_POST] = "POST",
	[PUSH_PUT] = "PUT",
};

/* A group on its way: its text may still move. Functions on it return 0, or -1 with the error filled. */
struct maker {
	const struct parts *from;
	struct group *group;
	struct canonical_key key;
	struct buffer text;
	struct extent {
		size_t start, samples, end; /* in text */
	} * extents;			    /* of each block */
	size_t series_count;
	struct error *error;
};

struct limits group_file_limits(const struct limits *limits)
{
	struct limits file = *limits;
	/* Escapes can double a value, and the grouping labels come on top of a sample's own. */
	file.body = limits->body > SIZE_MAX / 8 ? limits->body : limits->body * 4;
	file.label_value = limits->label_value * 2 + NUMBER_TEXT_SIZE;
	file.labels = limits->labels * 2 + 1;
	/* Lines of histograms have longer names than what was pushed may have, and the group's own families have names.
	 */
	file.name = limits->name + strlen("_bucket");
	if (file.name < strlen(PUSH_FAILURE_TIME_NAME))
		file.name = strlen(PUSH_FAILURE_TIME_NAME);
	/* What was pushed while such names were allowed stays. */
	file.utf8_names = true;
	return file;
}

void group_free(struct group *group)
{
	if (group == NULL)
		return;
	grouping_key_release(&group->key);
	free((char *)group->text.data);
	free(group->blocks);
	free(group->series);
	free(group->lines);
	free(group);
}

static int compare_block(const void *key, const void *element)
{
	return slice_compare(*(const struct slice *)key, ((const struct block *)element)->name);
}

const struct block *group_block(const struct group *group, struct slice name)
{
	if (group->block_count == 0)
		return NULL;
	return bsearch(&name, group->blocks, group->block_count, sizeof(group->blocks[0]), compare_block);
}

bool group_same_shape(const struct group *a, const struct group *b)
{
	if (a->block_count != b->block_count || a->series_count != b->series_count)
		return false;
	for (size_t i = 0; i < a->block_count; i++) {
		if (a->blocks[i].type != b->blocks[i].type || !slice_equal(a->blocks[i].name, b->blocks[i].name))
			return false;
	}
	return memcmp(a->series, b->series, a->series_count * sizeof(*a->series)) == 0;
}

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
	struct group *group = calloc(1, sizeof(*group));
	size_t blocks = 2, series = 2;
	if (from->pushed != NULL) {
		blocks += from->pushed->family_count;
		series += from->pushed->metric_count;
	}
	if (from->old != NULL) {
		blocks += from->old->block_count;
		series += from->old->series_count;
	}
	maker->group = group;
	if (group == NULL)
		return error_set_memory(maker->error);
	grouping_key_init(&group->key);
	group->key.utf8_names = true;
	for (size_t i = 0; i < from->key->count; i++) {
		const struct label *label = &from->key->labels[i];
		if (grouping_key_set(&group->key, label->name, label->value, maker->error) == -1)
			return -1;
	}
	if (grouping_key_finish(&group->key, limits, maker->error) == -1)
		return -1;
	group->blocks = calloc(blocks, sizeof(*group->blocks));
	group->series = calloc(series, sizeof(*group->series));
	group->lines = calloc(series, sizeof(*group->lines));
	maker->extents = calloc(blocks, sizeof(*maker->extents));
	if (group->blocks == NULL || group->series == NULL || group->lines == NULL || maker->extents == NULL)
		return error_set_memory(maker->error);
	return canonical_key_init(&maker->key, &group->key, maker->error);
}

/* Appending to the text failed. */
static int fail_text(struct maker *maker)
{
	if (errno != EMSGSIZE)
		return error_set_memory(maker->error);
	return error_set(
		maker->error, ERROR_TOO_LARGE, "the text of the group is over the limit of %zu bytes", maker->text.max);
}

static int append_time(struct buffer *out, const char *keyword, int64_t time, const char *rest)
{
	return buffer_printf(out, "# pgw %s %lld.%09lld%s", keyword, (long long)(time / NANOSECONDS),
		(long long)(time % NANOSECONDS), rest);
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

/* Families that were not pushed with the last push. */
static int append_family_times(struct maker *maker)
{
	const struct parts *from = maker->from;
	struct buffer *text = &maker->text;
	struct position at = {0};
	struct selection selection;
	for (; select_family(from, &at, &selection); advance(&at, &selection)) {
		int64_t pushed = selection.pushed ? time_of_family(from, selection.name)
				 : selection.old  ? from->old->blocks[at.old].pushed
						  : 0;
		if (selection.own || pushed == from->push_time)
			continue;
		if (append_time(text, "family", pushed, " ") == -1 ||
			canonical_append_name(text, selection.name) == -1 || buffer_append_byte(text, '\n') == -1)
			return fail_text(maker);
	}
	return 0;
}

/* The header: comments, so that other readers of the format skip them. */
static int append_header(struct maker *maker)
{
	const struct parts *from = maker->from;
	struct buffer *text = &maker->text;
	char method[16];
	snprintf(method, sizeof(method), " %s\n", push_method_names[from->method]);
	/* The key may hold NUL bytes. */
	if (buffer_append_string(text, "# pgw group 1\n# pgw key ") == -1 ||
		buffer_append_slice(text, maker->group->key.text) == -1 || buffer_append_byte(text, '\n') == -1)
		return fail_text(maker);
	if (from->push_time != 0 && append_time(text, "push", from->push_time, method) == -1)
		return fail_text(maker);
	if (from->push_failure_time != 0 && append_time(text, "failure", from->push_failure_time, "\n") == -1)
		return fail_text(maker);
	return append_family_times(maker);
}

/* What is not in the text as it is can't become a slice of it. */
static int copy_escaped(struct maker *maker, struct block *block)
{
	struct arena *arena = &maker->group->key.arena;
	if (metric_name_is_legacy(block->name))
		return 0;
	block->name = arena_copy(arena, block->name);
	if (block->help.data != NULL)
		block->help = arena_copy(arena, block->help);
	return block->name.data == NULL ? error_set_memory(maker->error) : 0;
}

/* A family that was pushed, or one of the group's own. */
static int append_family(struct maker *maker, struct block *block, struct extent *extent,
	const struct exposition *exposition, const struct metric_family *family)
{
	struct group *group = maker->group;
	uint32_t *line = group->lines + maker->series_count;
	block->name = family->name;
	block->help = family->help;
	block->type = family->type;
	block->series_count = family->metric_count;
	if (canonical_append_head(&maker->text, family->name, family->help, family->type) == -1)
		return fail_text(maker);
	extent->samples = maker->text.len;
	for (uint32_t m = family->first_metric; m != EXPOSITION_NONE; m = exposition->metrics[m].next)
		*line++ = exposition->metrics[m].line;
	if (canonical_append_samples(&maker->text, exposition, family, &maker->key, group->series + maker->series_count,
		    maker->error) == -1)
		return -1;
	return copy_escaped(maker, block);
}

/* A family that stays as it was. */
static int append_block(struct maker *maker, struct block *block, struct extent *extent, const struct block *old)
{
	block->name = old->name;
	block->help = old->help;
	block->type = old->type;
	block->series_count = old->series_count;
	extent->samples = extent->start + (size_t)(old->samples.data - old->whole.data);
	memcpy(maker->group->series + maker->series_count, maker->from->old->series + old->first_series,
		old->series_count * sizeof(*maker->group->series));
	return buffer_append_slice(&maker->text, old->whole) == -1 ? fail_text(maker) : copy_escaped(maker, block);
}

static int append_selected(struct maker *maker, const struct position *at, const struct selection *selection)
{
	const struct parts *from = maker->from;
	struct group *group = maker->group;
	struct block *block = &group->blocks[group->block_count];
	struct extent *extent = &maker->extents[group->block_count];
	int status;
	extent->start = maker->text.len;
	block->first_series = (uint32_t)maker->series_count;
	if (selection->own) {
		struct own_time own;
		bool failure = at->own == 0;
		block->pushed = failure ? from->push_failure_time : from->push_time;
		make_own_time(&own, at->own, block->pushed);
		status = append_family(maker, block, extent, &own.exposition, &own.family);
	} else if (selection->pushed) {
		block->pushed = time_of_family(from, selection->name);
		status = append_family(maker, block, extent, from->pushed, &from->pushed->families[at->pushed]);
	} else {
		block->pushed = from->old->blocks[at->old].pushed;
		status = append_block(maker, block, extent, &from->old->blocks[at->old]);
	}
	extent->end = maker->text.len;
	maker->series_count += block->series_count;
	group->block_count++;
	return status;
}

/* The text stands still now: points the blocks at it. Names that are escaped there have copies. */
static void settle_blocks(struct maker *maker)
{
	struct group *group = maker->group;
	size_t len = maker->text.len;
	const char *text = buffer_detach(&maker->text);
	group->text = slice_make(text, len);
	group->series_count = maker->series_count;
	for (size_t i = 0; i < group->block_count; i++) {
		struct block *block = &group->blocks[i];
		const struct extent *extent = &maker->extents[i];
		const char *at = text + extent->start;
		block->whole = slice_make(at, extent->end - extent->start);
		block->samples = slice_make(text + extent->samples, extent->end - extent->samples);
		if (!metric_name_is_legacy(block->name))
			continue;
		if (block->help.data != NULL) {
			block->help.data = at + strlen("# HELP ") + block->name.len + strlen(" ");
			at = block->help.data + block->help.len + strlen("\n");
		}
		block->name.data = at + strlen("# TYPE ");
	}
}

static int fill(struct maker *maker, const struct limits *limits)
{
	const struct parts *from = maker->from;
	struct position at = {0};
	struct selection selection;
	if (prepare(maker, limits) == -1 || append_header(maker) == -1)
		return -1;
	for (; select_family(from, &at, &selection); advance(&at, &selection)) {
		if (append_selected(maker, &at, &selection) == -1)
			return -1;
	}
	maker->group->push_time = from->push_time;
	maker->group->push_failure_time = from->push_failure_time;
	maker->group->method = from->method;
	maker->group->quoted_names = maker->key.quoted_names || (from->pushed != NULL && from->pushed->quoted_names) ||
				     (from->old != NULL && from->old->quoted_names);
	maker->group->natives =
		(from->pushed != NULL && from->pushed->native_count > 0) || (from->old != NULL && from->old->natives);
	settle_blocks(maker);
	return 0;
}

struct group *group_make(const struct parts *from, const struct limits *limits, struct error *error)
{
	struct maker maker = {.from = from, .error = error};
	buffer_init(&maker.text, group_file_limits(limits).body);
	int status = fill(&maker, limits);
	buffer_release(&maker.text);
	canonical_key_release(&maker.key);
	free(maker.extents);
	if (status == -1) {
		group_free(maker.group);
		return NULL;
	}
	return maker.group;
}

struct group *group_push(const struct group *old, const struct grouping_key *key, const struct exposition *pushed,
	enum push_method method, int64_t now, const struct limits *limits, struct error *error)
{
	struct parts parts = {
		.key = key,
		.pushed = pushed,
		.old = method == PUSH_PUT ? NULL : old,
		.pushed_at = now,
		.push_time = now,
		.push_failure_time = old != NULL ? old->push_failure_time : 0,
		.method = method,
	};
	return group_make(&parts, limits, error);
}

struct group *group_push_failed(const struct group *old, const struct grouping_key *key, int64_t now,
	const struct limits *limits, struct error *error)
{
	struct parts parts = {
		.key = key,
		.old = old,
		.push_time = old != NULL ? old->push_time : 0,
		.push_failure_time = now,
		.method = old != NULL ? old->method : PUSH_NONE,
	};
	return group_make(&parts, limits, error);
}
