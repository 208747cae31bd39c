/* The index against a model that compares everything with everything. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

#include "exposition_reader.h"
#include "support/random.h"
#include "view_index.h"

static const struct limits limits = LIMITS_DEFAULT;

#define STEPS 4000

/* Keys of which some put the same labels on a sample as others, so that series clash between groups. */
static const char *const paths[] = {"/job/j", "/job/j/x/0", "/job/j/x/1", "/job/j/y/0", "/job/j/x/0/y/0",
	"/job/j/x/1/y/0", "/job/k", "/job/k/x/0", "/job/k/x/1", "/job/k/y/0", "/job/k/x/0/y/0", "/job/k/x/1/y/0"};
#define MEMBERS (sizeof(paths) / sizeof(paths[0]))

static const char *const names[] = {"a", "a_count", "a_sum", "a_bucket", "b", "b_count", "b_sum_count", "b_sum", "c",
	"process_open_fds", "pushgateway_http_push_size_bytes", "pushgateway_http_push_size_bytes_count",
	"pushgateway_http_push_size_bytes_bucket"};
static const char *const types[] = {"gauge", "gauge", "gauge", "counter", "summary", "histogram"};

#define PICK(array) (array)[random_below(sizeof(array) / sizeof((array)[0]))]

struct model {
	struct view_index index;
	struct group *groups[MEMBERS]; /* or NULL */
	uint32_t numbers[MEMBERS];     /* in the index; INDEX_NONE where not added */
};

static void random_text(char *text, size_t size)
{
	static const char *const labels[] = {"", "x=\"0\",", "x=\"1\",", "y=\"0\",", "x=\"0\",y=\"0\","};
	size_t used = 0;
	text[0] = '\0';
	for (uint32_t families = random_below(4); families > 0; families--) {
		const char *name = PICK(names);
		if (random_below(3) == 0)
			used += (size_t)snprintf(text + used, size - used, "# HELP %s %u\n", name, random_below(3));
		used += (size_t)snprintf(text + used, size - used, "# TYPE %s %s\n", name, PICK(types));
		for (uint32_t series = 1 + random_below(12); series > 0; series--)
			used += (size_t)snprintf(
				text + used, size - used, "%s{%sn=\"%u\"} 1\n", name, PICK(labels), random_below(200));
	}
	assert_true(used < size);
}

/* A group of what was made at random, or NULL where that is no exposition. */
static struct group *random_group(const char *path)
{
	char text[4096];
	struct grouping_key key;
	struct exposition exposition;
	struct error error;
	struct group *group = NULL;
	random_text(text, sizeof(text));
	grouping_key_init(&key);
	exposition_init(&exposition);
	assert_int_equal(grouping_key_from_path(&key, slice_of(path), &limits, &error), 0);
	if (exposition_parse(&exposition, slice_of(text), &limits, &error) == 0 &&
		exposition_check(&exposition, &error) == 0)
		group = group_push(NULL, &key, &exposition, PUSH_PUT, 1000000000, 0, &limits, &error);
	exposition_release(&exposition);
	grouping_key_release(&key);
	return group;
}

static bool writes(struct slice name, enum metric_type type, struct slice other)
{
	static const char *const endings[] = {"_count", "_sum", "_bucket"};
	size_t count = type == METRIC_HISTOGRAM ? 3 : type == METRIC_SUMMARY ? 2 : 0;
	for (size_t i = 0; i < count; i++) {
		char line[200];
		snprintf(line, sizeof(line), "%.*s%s", SLICE_PRINTF(name), endings[i]);
		if (slice_is(other, line))
			return true;
	}
	return false;
}

static bool families_clash(struct slice name, enum metric_type type, struct slice other, enum metric_type other_type)
{
	return slice_equal(name, other) ? type != other_type
					: writes(name, type, other) || writes(other, other_type, name);
}

static bool clashes_with_own(const struct block *block)
{
	static const char *const own_names[] = {"process_open_fds", "pushgateway_http_push_size_bytes"};
	static const enum metric_type own_types[] = {METRIC_GAUGE, METRIC_SUMMARY};
	for (size_t i = 0; i < 2; i++)
		if (families_clash(block->name, block->type, slice_of(own_names[i]), own_types[i]))
			return true;
	return false;
}

static struct slice labels_of(const struct block *block, size_t place)
{
	struct canonical_series series;
	canonical_series_init(&series, block->samples, block->name, block->type);
	for (size_t i = 0; i <= place; i++)
		assert_true(canonical_series_next(&series));
	return series.labels;
}

static bool blocks_clash(const struct block *block, const struct block *beside)
{
	if (block != beside && families_clash(block->name, block->type, beside->name, beside->type))
		return true;
	if (!slice_equal(block->name, beside->name))
		return false;
	for (size_t i = 0; i < block->series_count; i++)
		for (size_t k = 0; k < beside->series_count; k++)
			if ((block != beside || i != k) && slice_equal(labels_of(block, i), labels_of(beside, k)))
				return true;
	return false;
}

static bool groups_clash(const struct group *group, const struct group *other)
{
	for (size_t i = 0; i < group->block_count; i++)
		for (size_t k = 0; k < other->block_count; k++)
			if (blocks_clash(&group->blocks[i], &other->blocks[k]))
				return true;
	return false;
}

/* Whether a group may be added beside all others but that of its own member. */
static bool fits(const struct model *model, size_t member, const struct group *group)
{
	for (size_t i = 0; i < group->block_count; i++)
		if (clashes_with_own(&group->blocks[i]))
			return false;
	for (size_t i = 0; i < MEMBERS; i++)
		if (i != member && model->numbers[i] != INDEX_NONE && groups_clash(group, model->groups[i]))
			return false;
	return !groups_clash(group, group);
}

static size_t member_of(const struct model *model, uint32_t number)
{
	size_t member = 0;
	while (member < MEMBERS && model->numbers[member] != number)
		member++;
	assert_true(member < MEMBERS);
	return member;
}

/* Each series of the members is in the table, and nothing else. */
static void check_series(const struct model *model)
{
	size_t count = 0;
	for (size_t i = 0; i < MEMBERS; i++) {
		if (model->numbers[i] == INDEX_NONE)
			continue;
		const struct group *group = model->groups[i];
		for (size_t k = 0; k < group->block_count; k++) {
			struct canonical_series series;
			const struct block *block = &group->blocks[k];
			canonical_series_init(&series, block->samples, block->name, block->type);
			while (canonical_series_next(&series)) {
				uint64_t hash = canonical_series_fingerprint(&series).low;
				uint32_t number = INDEX_NONE;
				size_t at;
				tag_table_begin(&model->index.series, hash, &at);
				while (tag_table_next(&model->index.series, hash, &at, &number) &&
					number != model->numbers[i])
					continue;
				assert_int_equal(number, model->numbers[i]);
				count++;
			}
		}
	}
	assert_int_equal(model->index.series.used, count);
}

static void check_families(struct model *model)
{
	size_t blocks = 0, family_blocks = 0;
	struct index_family *family;
	for (size_t i = 0; i < MEMBERS; i++)
		blocks += model->numbers[i] != INDEX_NONE ? model->groups[i]->block_count : 0;
	RB_FOREACH(family, index_family_tree, &model->index.families)
	{
		struct sorted_cursor cursor = {0};
		const struct group *group, *previous = NULL;
		const struct block *block;
		assert_false(sorted_is_empty(&family->blocks));
		while (index_family_next(&model->index, family, &cursor, &group, &block)) {
			family_blocks++;
			assert_true(slice_equal(block->name, family->name));
			assert_true(block >= group->blocks && block < group->blocks + group->block_count);
			if (previous != NULL)
				assert_true(slice_compare(previous->key.file, group->key.file) < 0);
			size_t member = 0;
			while (member < MEMBERS && model->groups[member] != group)
				member++;
			assert_true(member < MEMBERS && model->numbers[member] != INDEX_NONE);
			previous = group;
		}
	}
	assert_int_equal(family_blocks, blocks);
}

/* A snapshot has the same text as the index, whether its pieces were kept up to date or are made anew. */
static void check_snapshot(struct model *model)
{
	struct buffer wanted, text;
	struct exposition none;
	struct error error;
	buffer_init(&wanted, SIZE_MAX / 2);
	exposition_init(&none);
	if (random_below(50) == 0)
		view_pieces_forget(&model->index.pieces);
	struct view_snapshot *snapshot = view_pieces_snapshot(&model->index, &error);
	assert_non_null(snapshot);
	struct exposition_reader *reader = exposition_reader_new(snapshot, &none, NULL, &error);
	assert_non_null(reader);
	assert_int_equal(view_index_append(&model->index, &none, false, &wanted, &error), 0);
	assert_int_equal(exposition_reader_size(reader), wanted.len);
	buffer_init(&text, SIZE_MAX / 2);
	assert_int_equal(buffer_reserve(&text, wanted.len + 1), 0);
	text.len = exposition_reader_read(reader, text.data, text.capacity);
	assert_true(slice_equal(buffer_slice(&text), buffer_slice(&wanted)));
	exposition_reader_free(reader);
	buffer_release(&text);
	buffer_release(&wanted);
}

static void leave(struct model *model, size_t member)
{
	if (model->numbers[member] != INDEX_NONE)
		view_index_remove(&model->index, model->numbers[member]);
	model->numbers[member] = INDEX_NONE;
	group_free(model->groups[member]);
	model->groups[member] = NULL;
}

/* Adds a group, which may take the place of the one that the member has. */
static void enter(struct model *model, size_t member, struct group *group, size_t counts[2])
{
	struct error error = {0};
	uint32_t number;
	bool expected = fits(model, member, group);
	bool taken = view_index_add(&model->index, group, model->numbers[member], &number, &error) == 0;
	if (taken != expected)
		fail_msg("%s: %s: %s", expected ? "refused" : "taken", group->key.text.data, error.message);
	assert_int_equal(error.kind, taken ? 0 : ERROR_INCONSISTENT);
	counts[taken]++;
	if (!taken) {
		group_free(group);
		return;
	}
	group_free(model->groups[member]);
	model->groups[member] = group;
	model->numbers[member] = number;
	assert_int_equal(member_of(model, number), member);
}

static void step(struct model *model, size_t counts[2])
{
	size_t member = random_below(MEMBERS);
	struct group *group = model->groups[member];
	if (random_below(4) == 0) {
		leave(model, member);
	} else if (group != NULL && random_below(3) == 0) {
		struct error error;
		struct group *again = group_push(
			group, &group->key, &(struct exposition){0}, PUSH_POST, 2000000000, 0, &limits, &error);
		assert_non_null(again);
		assert_true(group_same_shape(group, again));
		view_index_swap(&model->index, model->numbers[member], again);
		group_free(group);
		model->groups[member] = again;
	} else {
		group = random_group(paths[member]);
		if (group != NULL)
			enter(model, member, group, counts);
	}
}

static void it_agrees_with_the_model(void **state)
{
	for (uint32_t seed = 0; seed < 5; seed++) {
		struct model model = {0};
		size_t counts[2] = {0};
		random_seed(seed);
		view_index_init(&model.index);
		for (size_t i = 0; i < MEMBERS; i++)
			model.numbers[i] = INDEX_NONE;
		for (size_t i = 0; i < STEPS; i++) {
			step(&model, counts);
			check_series(&model);
			check_families(&model);
			if (random_below(3) == 0)
				check_snapshot(&model);
		}
		/* Both ways are gone often. */
		assert_true(counts[false] > STEPS / 20 && counts[true] > STEPS / 20);
		for (size_t i = 0; i < MEMBERS; i++)
			if (model.groups[i] != NULL)
				leave(&model, i);
		check_series(&model);
		assert_true(RB_EMPTY(&model.index.families));
		view_index_release(&model.index);
	}
}

static struct group *make_group(const char *path, const char *text)
{
	struct grouping_key key;
	struct exposition exposition;
	struct error error;
	grouping_key_init(&key);
	exposition_init(&exposition);
	assert_int_equal(grouping_key_from_path(&key, slice_of(path), &limits, &error), 0);
	assert_int_equal(exposition_parse(&exposition, slice_of(text), &limits, &error), 0);
	struct group *group = group_push(NULL, &key, &exposition, PUSH_PUT, 1000000000, 0, &limits, &error);
	assert_non_null(group);
	exposition_release(&exposition);
	grouping_key_release(&key);
	return group;
}

/* What a refused group put in before its last family was looked at is taken out. */
static void a_refusal_leaves_nothing(void **state)
{
	struct view_index index;
	uint32_t numbers[2];
	struct group *first = make_group("/job/a", "# TYPE z gauge\nz 1\n");
	struct group *second = make_group("/job/b", "b 1\nb{x=\"1\"} 1\n# TYPE z counter\nz 1\n");
	struct error error;
	view_index_init(&index);
	assert_int_equal(view_index_add(&index, first, INDEX_NONE, &numbers[0], &error), 0);
	assert_int_equal(index.series.used, 3);
	assert_int_equal(view_index_add(&index, second, INDEX_NONE, &numbers[1], &error), -1);
	assert_int_equal(error.line, 4);
	assert_string_equal(error.message, "collected metric \"z\" is not a GAUGE, which it is in group {job=\"a\"}");
	assert_int_equal(index.series.used, 3);
	view_index_remove(&index, numbers[0]);
	assert_true(RB_EMPTY(&index.families));
	assert_int_equal(view_index_add(&index, second, INDEX_NONE, &numbers[1], &error), 0);
	assert_int_equal(index.series.used, 5);
	view_index_remove(&index, numbers[1]);
	assert_int_equal(index.series.used, 0);
	assert_true(RB_EMPTY(&index.families));
	view_index_release(&index);
	group_free(first);
	group_free(second);
}

/* What the group before had doesn't stand in the way of the one after it. */
static void a_group_gives_way_to_its_next_one(void **state)
{
	struct view_index index;
	uint32_t number, unused;
	struct group *first = make_group("/job/a", "# TYPE z gauge\nz 1\nz{x=\"1\"} 1\n");
	struct group *second = make_group("/job/a", "# TYPE z counter\nz 1\n");
	struct group *third = make_group("/job/a", "y 1\ny{x=\"1\"} 2\ny{x=\"1\"} 3\n");
	struct error error;
	view_index_init(&index);
	assert_int_equal(view_index_add(&index, first, INDEX_NONE, &number, &error), 0);
	assert_int_equal(view_index_add(&index, second, number, &number, &error), 0);
	assert_int_equal(index.series.used, 3);
	assert_int_equal(view_index_add(&index, third, number, &unused, &error), -1);
	assert_int_equal(error.line, 3);
	assert_string_equal(error.message, "collected metric \"y\" {instance=\"\",job=\"a\",x=\"1\"} was collected "
					   "before with the same name and label values");
	assert_int_equal(index.series.used, 3);
	view_index_remove(&index, number);
	assert_int_equal(index.series.used, 0);
	view_index_release(&index);
	group_free(first);
	group_free(second);
	group_free(third);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_agrees_with_the_model),
		cmocka_unit_test(a_refusal_leaves_nothing),
		cmocka_unit_test(a_group_gives_way_to_its_next_one),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
