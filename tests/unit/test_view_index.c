/* The index against a model that compares everything with everything. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

static uint32_t random_state;

static uint32_t random_below(uint32_t limit)
{
	random_state = random_state * 1664525 + 1013904223;
	return (uint32_t)((uint64_t)(random_state >> 8) * limit >> 24);
}

struct model {
	struct view_index index;
	struct index_member members[MEMBERS];
	struct group *groups[MEMBERS]; /* NULL where not prepared */
	bool added[MEMBERS];
};

static void random_text(char *text, size_t size)
{
	static const char *const labels[] = {"", "x=\"0\",", "x=\"1\",", "y=\"0\",", "x=\"0\",y=\"0\","};
	size_t used = 0;
	text[0] = '\0';
	for (uint32_t families = random_below(4); families > 0; families--) {
		const char *name = PICK(names);
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
		group = group_push(NULL, &key, &exposition, PUSH_PUT, 1000000000, &limits, &error);
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

static struct slice labels_of(const struct group *group, const struct block *block, size_t series)
{
	struct slice labels =
		canonical_find(block->samples, block->name, block->type, group->series[block->first_series + series]);
	assert_non_null(labels.data);
	return labels;
}

static bool blocks_clash(
	const struct group *group, const struct block *block, const struct group *other, const struct block *beside)
{
	if (block != beside && families_clash(block->name, block->type, beside->name, beside->type))
		return true;
	if (!slice_equal(block->name, beside->name))
		return false;
	for (size_t i = 0; i < block->series_count; i++)
		for (size_t k = 0; k < beside->series_count; k++)
			if ((block != beside || i != k) &&
				slice_equal(labels_of(group, block, i), labels_of(other, beside, k)))
				return true;
	return false;
}

static bool groups_clash(const struct group *group, const struct group *other)
{
	for (size_t i = 0; i < group->block_count; i++)
		for (size_t k = 0; k < other->block_count; k++)
			if (blocks_clash(group, &group->blocks[i], other, &other->blocks[k]))
				return true;
	return false;
}

static bool fits(const struct model *model, size_t member)
{
	const struct group *group = model->groups[member];
	for (size_t i = 0; i < group->block_count; i++)
		if (clashes_with_own(&group->blocks[i]))
			return false;
	for (size_t i = 0; i < MEMBERS; i++)
		if ((model->added[i] || i == member) && groups_clash(group, model->groups[i]))
			return false;
	return true;
}

/* The table and the families are those of the members, with room. */
static void check(struct model *model)
{
	const struct view_index *index = &model->index;
	size_t series = 0, prepared = 0, used = 0, blocks = 0, users = 0, family_blocks = 0, family_users = 0;
	for (size_t i = 0; i < MEMBERS; i++) {
		if (model->groups[i] == NULL)
			continue;
		prepared += model->groups[i]->series_count;
		users += model->groups[i]->block_count;
		series += model->added[i] ? model->groups[i]->series_count : 0;
		blocks += model->added[i] ? model->groups[i]->block_count : 0;
	}
	assert_int_equal(index->prepared, prepared);
	assert_int_equal(index->series_count, series);
	if (index->slots == NULL)
		return;
	assert_true(prepared * 3 <= (index->mask + 1) * 2);
	for (size_t slot = 0; slot <= index->mask; slot++) {
		const struct index_member *member = index->slots[slot].member;
		if (member == NULL)
			continue;
		used++;
		assert_true(model->added[member - model->members]);
		/* A search from the home of the series gets here. */
		for (size_t at = index->slots[slot].fingerprint.low & index->mask; at != slot;
			at = (at + 1) & index->mask)
			assert_non_null(index->slots[at].member);
	}
	assert_int_equal(used, series);
	struct index_family *family;
	RB_FOREACH(family, index_family_tree, &model->index.families)
	{
		struct index_block *block, *previous = NULL;
		assert_true(family->users > 0);
		family_users += family->users;
		RB_FOREACH(block, index_block_tree, &family->blocks)
		{
			family_blocks++;
			assert_true(slice_equal(block->block->name, family->name));
			assert_true(model->added[block->member - model->members]);
			if (previous != NULL)
				assert_true(slice_compare(previous->member->group->key.file,
						    block->member->group->key.file) < 0);
			previous = block;
		}
	}
	assert_int_equal(family_users, users);
	assert_int_equal(family_blocks, blocks);
}

static void leave(struct model *model, size_t member)
{
	if (model->added[member])
		view_index_remove(&model->index, &model->members[member]);
	model->added[member] = false;
	view_index_discard(&model->index, &model->members[member]);
	group_free(model->groups[member]);
	model->groups[member] = NULL;
}

static void step(struct model *model, size_t counts[2])
{
	size_t member = random_below(MEMBERS);
	struct error error = {0};
	if (model->groups[member] == NULL) {
		model->groups[member] = random_group(paths[member]);
		if (model->groups[member] != NULL)
			assert_int_equal(view_index_prepare(
						 &model->index, &model->members[member], model->groups[member], &error),
				0);
	} else if (!model->added[member]) {
		bool expected = fits(model, member);
		bool taken = view_index_add(&model->index, &model->members[member], &error) == 0;
		if (taken != expected)
			fail_msg("%s: %.*s: %s", expected ? "refused" : "taken",
				SLICE_PRINTF(model->groups[member]->text), error.message);
		assert_int_equal(error.kind, taken ? 0 : ERROR_INCONSISTENT);
		model->added[member] = taken;
		counts[taken]++;
		if (!taken && random_below(3) > 0)
			leave(model, member);
	} else if (random_below(3) == 0) {
		view_index_remove(&model->index, &model->members[member]);
		model->added[member] = false;
	} else {
		leave(model, member);
	}
}

static void it_agrees_with_the_model(void **state)
{
	for (uint32_t seed = 0; seed < 5; seed++) {
		struct model model = {0};
		size_t counts[2] = {0};
		random_state = seed;
		view_index_init(&model.index);
		for (size_t i = 0; i < STEPS; i++) {
			step(&model, counts);
			check(&model);
		}
		/* Both ways are gone often. */
		assert_true(counts[false] > STEPS / 20 && counts[true] > STEPS / 20);
		for (size_t i = 0; i < MEMBERS; i++)
			if (model.groups[i] != NULL)
				leave(&model, i);
		check(&model);
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
	struct group *group = group_push(NULL, &key, &exposition, PUSH_PUT, 1000000000, &limits, &error);
	assert_non_null(group);
	exposition_release(&exposition);
	grouping_key_release(&key);
	return group;
}

/* What a refused group put in before its last family was looked at is taken out. */
static void a_refusal_leaves_nothing(void **state)
{
	struct view_index index;
	struct index_member members[2] = {{0}};
	struct group *first = make_group("/job/a", "# TYPE z gauge\nz 1\n");
	struct group *second = make_group("/job/b", "b 1\nb{x=\"1\"} 1\n# TYPE z counter\nz 1\n");
	struct error error;
	view_index_init(&index);
	assert_int_equal(view_index_prepare(&index, &members[0], first, &error), 0);
	assert_int_equal(view_index_prepare(&index, &members[1], second, &error), 0);
	assert_int_equal(view_index_add(&index, &members[0], &error), 0);
	assert_int_equal(index.series_count, 3);
	assert_int_equal(view_index_add(&index, &members[1], &error), -1);
	assert_int_equal(error.line, 4);
	assert_string_equal(error.message, "collected metric \"z\" is not a GAUGE, which it is in group {job=\"a\"}");
	assert_int_equal(index.series_count, 3);
	for (size_t slot = 0; slot <= index.mask; slot++)
		assert_true(index.slots[slot].member != &members[1]);
	view_index_remove(&index, &members[0]);
	assert_int_equal(view_index_add(&index, &members[1], &error), 0);
	assert_int_equal(index.series_count, 5);
	view_index_remove(&index, &members[1]);
	view_index_discard(&index, &members[0]);
	view_index_discard(&index, &members[1]);
	assert_true(RB_EMPTY(&index.families));
	view_index_release(&index);
	group_free(first);
	group_free(second);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_agrees_with_the_model),
		cmocka_unit_test(a_refusal_leaves_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
