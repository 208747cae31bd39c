/* Snapshots of a view that changes, read as text and as gzip, against the exposition that the view gives as a whole. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "chunk_part.h"
#include "exposition_reader.h"
#include "own.h"
#include "support/bytes.h"
#include "support/random.h"
#include "support/reading.h"
#include "support/scratch.h"
#include "view.h"

static const struct limits limits = LIMITS_DEFAULT;

#define STEPS	  1500
#define HELD	  6
#define GROUPS	  150
#define LONG	  9000
#define TEXT_SIZE (1u << 20)

/* A snapshot somebody holds, and what it must give. */
struct held {
	struct exposition_reader *text, *gzip; /* NULL where nothing is held */
	struct buffer wanted;
};

struct fixture {
	char path[SCRATCH_PATH_SIZE];
	struct spool spool;
	struct view *view;
	struct gzip_compressor *compressor;
	struct held held[HELD];
};

static int set_up(void **state)
{
	const struct spool_options options = {.create = true, .lock_timeout = 10000};
	struct fixture *fixture = calloc(1, sizeof(*fixture));
	struct error error;
	*state = fixture;
	if (scratch_make(fixture->path) == -1 || spool_open(&fixture->spool, fixture->path, &options, &error) == -1)
		return -1;
	fixture->view = view_new(&fixture->spool, VIEW_SCAN, &limits, &error);
	fixture->compressor = gzip_compressor_new(&error);
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;
	gzip_compressor_free(fixture->compressor);
	view_free(fixture->view);
	spool_close(&fixture->spool);
	int result = scratch_remove(fixture->path);
	free(fixture);
	return result;
}

static struct grouping_key make_key(uint32_t number)
{
	char path[64];
	struct grouping_key key;
	struct error error;
	grouping_key_init(&key);
	snprintf(path, sizeof(path), "/job/j/x/%u", number);
	assert_int_equal(grouping_key_from_path(&key, slice_of(path), &limits, &error), 0);
	return key;
}

/* Puts a group with that text; a clash leaves the old one. */
static void put_group(struct fixture *fixture, uint32_t number, const char *text, bool with_native)
{
	struct grouping_key key = make_key(number);
	struct exposition exposition;
	struct error error;
	exposition_init(&exposition);
	assert_int_equal(exposition_parse(&exposition, slice_of(text), &limits, &error), 0);
	/* What a native looks like in text: a comment after the metric's lines. */
	struct native native = {0, SLICE_LITERAL("\x08\x01")};
	if (with_native && exposition.metric_count > 0) {
		exposition.natives = &native;
		exposition.native_count = 1;
	}
	struct group *group = group_push(
		NULL, &key, &exposition, PUSH_PUT, (int64_t)random_below(1000000) * 1000000, 0, &limits, &error);
	assert_non_null(group);
	if (view_put(fixture->view, group, &error) == -1)
		group_free(group);
	exposition.natives = NULL;
	exposition.native_count = 0;
	exposition_release(&exposition);
	grouping_key_release(&key);
}

static void put(struct fixture *fixture, uint32_t number, const char *text)
{
	put_group(fixture, number, text, random_below(8) == 0);
}

/* Names before, between, among and after the gateway's own; some types differ, some families have HELP, some values are
 * longer than a piece may be, and what follows a cut looks like a comment. */
static void random_text(char *text)
{
	static const char *const names[] = {"a", "a_total", "b", "pgw_between", "process_x", "z", "process_open_fds"};
	char hashes[LONG + 1] = "";
	size_t used = 0;
	memset(hashes, '#', LONG);
	text[0] = '\0';
	for (uint32_t families = random_below(5); families > 0; families--) {
		uint32_t name = random_below(families == 1 ? 7 : 6);
		if (random_below(3) == 0)
			used += (size_t)snprintf(text + used, TEXT_SIZE - used, "# HELP %s%u %u\n", names[name],
				families, random_below(2));
		if (name != 6)
			used += (size_t)snprintf(text + used, TEXT_SIZE - used, "# TYPE %s%u %s\n", names[name],
				families, random_below(60) == 0 ? "counter" : "gauge");
		else
			used += (size_t)snprintf(text + used, TEXT_SIZE - used, "# TYPE process_open_fds gauge\n");
		for (uint32_t series = 1 + random_below(20); series > 0; series--) {
			int width = random_below(60) == 0 ? LONG : 1 + (int)random_below(20);
			char suffix[16] = "";
			if (name != 6)
				snprintf(suffix, sizeof(suffix), "%u", families);
			used += (size_t)snprintf(text + used, TEXT_SIZE - used, "%s%s{n=\"%u%u\",v=\"%.*s\"} %u\n",
				names[name], suffix, families, series, width, hashes, random_below(1000));
		}
	}
	assert_true(used < TEXT_SIZE);
}

static void random_own(struct exposition *own)
{
	static const struct slice texts[] = {SLICE_LITERAL(""),
		SLICE_LITERAL("# TYPE pgw_spool_groups gauge\npgw_spool_groups 5\n"),
		SLICE_LITERAL(
			"# HELP process_open_fds Number of open file descriptors.\n# TYPE process_open_fds gauge\n"
			"process_open_fds 5\n# TYPE pushgateway_build_info gauge\npushgateway_build_info 1\n")};
	struct error error;
	exposition_init(own);
	assert_int_equal(exposition_parse(own, texts[random_below(3)], &limits, &error), 0);
}

static void hold(struct fixture *fixture, struct held *held)
{
	struct exposition own;
	struct error error;
	random_own(&own);
	struct view_snapshot *snapshot = view_snapshot(fixture->view, &error);
	struct view_snapshot *same = view_snapshot(fixture->view, &error);
	assert_non_null(snapshot);
	assert_ptr_equal(snapshot, same);
	held->text = exposition_reader_new(snapshot, &own, NULL, &error);
	held->gzip = exposition_reader_new(same, &own, fixture->compressor, &error);
	assert_non_null(held->text);
	assert_non_null(held->gzip);
	buffer_init(&held->wanted, SIZE_MAX / 2);
	assert_int_equal(view_append_exposition(fixture->view, &own, VIEW_WITHOUT_NATIVES, &held->wanted, &error), 0);
	exposition_release(&own);
}

/* In steps of any size. */
static void prepare(struct exposition_reader *reader)
{
	struct error error;
	int status;
	while ((status = exposition_reader_prepare(reader, random_below(100000), &error)) == 0)
		;
	assert_int_equal(status, 1);
}

/* Reads both and lets the snapshot go. */
static void release(struct held *held)
{
	struct buffer text, gzip;
	buffer_init(&text, SIZE_MAX / 2);
	buffer_init(&gzip, SIZE_MAX / 2);
	prepare(held->text);
	read_prepared(held->text, &text);
	prepare(held->gzip);
	read_prepared(held->gzip, &gzip);
	assert_bytes(buffer_slice(&text), buffer_slice(&held->wanted));
	assert_unpacks(buffer_slice(&gzip), buffer_slice(&held->wanted));
	buffer_release(&text);
	buffer_release(&gzip);
	buffer_release(&held->wanted);
	*held = (struct held){0};
}

/* Compresses at most so many chunks ahead of the next reader; how many there were. */
static size_t compress_ahead(struct fixture *fixture, size_t max)
{
	struct chunk *chunk;
	struct error error;
	for (size_t count = 0; count < max; count++) {
		assert_int_equal(view_uncompressed_chunk(fixture->view, &chunk, &error), 0);
		if (chunk == NULL)
			return count;
		assert_true(view_has_uncompressed(fixture->view));
		assert_null(chunk->part);
		assert_int_equal(chunk_part_make(chunk, fixture->compressor, &error), 0);
	}
	return max;
}

static void step(struct fixture *fixture, char *text)
{
	struct held *held = &fixture->held[random_below(HELD)];
	uint32_t number = random_below(GROUPS), what = random_below(12);
	if (what < 6) {
		random_text(text);
		put(fixture, number, text);
	} else if (what < 7) {
		struct grouping_key key = make_key(number);
		view_remove(fixture->view, key.file);
		grouping_key_release(&key);
	} else if (what < 9) {
		compress_ahead(fixture, random_below(5));
	} else if (held->text == NULL) {
		hold(fixture, held);
	} else {
		release(held);
	}
}

static void snapshots_stay_as_they_were(void **state)
{
	struct fixture *fixture = *state;
	char *text = malloc(TEXT_SIZE);
	for (size_t i = 0; i < STEPS; i++)
		step(fixture, text);
	assert_true(view_counts(fixture->view).groups > GROUPS / 2);
	assert_true(view_retired_bytes(fixture->view) > 0);
	for (size_t i = 0; i < HELD; i++) {
		if (fixture->held[i].text != NULL)
			release(&fixture->held[i]);
	}
	assert_int_equal(view_retired_bytes(fixture->view), 0);
	free(text);
}

/* How many chunks of the view's snapshot are not compressed, and then compresses them. */
static size_t compress(struct fixture *fixture, size_t *chunks)
{
	struct exposition none;
	struct error error;
	size_t missing = 0;
	struct view_snapshot *snapshot = view_snapshot(fixture->view, &error);
	*chunks = snapshot->chunk_count;
	for (size_t i = 0; i < snapshot->chunk_count; i++)
		missing += snapshot->chunks[i]->part == NULL;
	exposition_init(&none);
	struct exposition_reader *reader = exposition_reader_new(snapshot, &none, fixture->compressor, &error);
	while (exposition_reader_prepare(reader, 10000, &error) == 0)
		;
	exposition_reader_free(reader);
	return missing;
}

/* Families in 100 groups of 2 kB and the two of each group: what one group changes is in three chunks. */
static void a_change_costs_its_neighbourhood(void **state)
{
	struct fixture *fixture = *state;
	char text[4096];
	size_t chunks;
	for (uint32_t i = 100; i < 200; i++) {
		snprintf(text, sizeof(text), "m{v=\"%*s\"} 1\n", 2000, "");
		put(fixture, i, text);
	}
	size_t all = compress(fixture, &chunks);
	assert_int_equal(all, chunks);
	assert_true(chunks > 200000 / (16 << 10));
	assert_int_equal(compress(fixture, &chunks), 0);
	for (uint32_t i = 100; i < 200; i += 7) {
		snprintf(text, sizeof(text), "m{v=\"%*s\"} 2\n", 2000, "");
		put(fixture, i, text);
		size_t missing = compress(fixture, &chunks);
		assert_true(missing > 0 && missing <= 3);
	}
	/* A push like the one before is a change, too: it has another time. */
	put(fixture, 150, text);
	assert_true(compress(fixture, &chunks) > 0);
	assert_int_equal(compress(fixture, &chunks), 0);
}

static void another_number_after_each_change(void **state)
{
	struct fixture *fixture = *state;
	struct error error;
	put(fixture, 1, "a 1\n");
	uint64_t serial = view_serial(fixture->view);
	struct view_snapshot *first = view_snapshot(fixture->view, &error);
	assert_true(view_serial(fixture->view) == serial);
	/* Refused: nothing changed. */
	put(fixture, 2, "# TYPE a counter\na 1\n");
	put(fixture, 1, "b 1\n# TYPE process_open_fds counter\nprocess_open_fds 1\n");
	struct view_snapshot *second = view_snapshot(fixture->view, &error);
	assert_true(view_serial(fixture->view) == serial);
	assert_ptr_equal(first, second);
	put(fixture, 1, "a 2\n");
	assert_true(view_serial(fixture->view) != serial);
	struct view_snapshot *third = view_snapshot(fixture->view, &error);
	assert_ptr_not_equal(third, second);
	view_snapshot_free(second);
	view_snapshot_free(third);
	view_snapshot_free(first);
	assert_int_equal(view_retired_bytes(fixture->view), 0);
}

/* Who reads slowly holds what he reads, and not what comes and goes meanwhile. */
static void a_snapshot_keeps_what_it_shows_only(void **state)
{
	struct fixture *fixture = *state;
	struct error error;
	put(fixture, 1, "a 1\n");
	struct view_snapshot *held = view_snapshot(fixture->view, &error);
	put(fixture, 1, "a 2\n");
	size_t shown = view_retired_bytes(fixture->view);
	assert_true(shown > 0);
	put(fixture, 1, "a 3\n");
	assert_int_equal(view_retired_bytes(fixture->view), shown);
	/* Another one has a group that the first hasn't, and leaves it to nobody. */
	struct view_snapshot *second = view_snapshot(fixture->view, &error);
	put(fixture, 1, "a 4\n");
	size_t both = view_retired_bytes(fixture->view);
	assert_true(both > shown);
	put(fixture, 1, "a 5\n");
	assert_int_equal(view_retired_bytes(fixture->view), both);
	view_snapshot_free(second);
	assert_int_equal(view_retired_bytes(fixture->view), shown);
	view_snapshot_free(held);
	assert_int_equal(view_retired_bytes(fixture->view), 0);
}

static void a_reader_finds_what_was_compressed_ahead(void **state)
{
	struct fixture *fixture = *state;
	char text[4096];
	size_t chunks;
	snprintf(text, sizeof(text), "m{v=\"%*s\"} 1\n", 2000, "");
	for (uint32_t i = 100; i < 200; i++)
		put_group(fixture, i, text, false);
	size_t ahead = compress_ahead(fixture, SIZE_MAX);
	assert_false(view_has_uncompressed(fixture->view));
	assert_int_equal(compress(fixture, &chunks), 0);
	assert_int_equal(ahead, chunks);
	for (uint32_t i = 100; i < 200; i += 7) {
		struct error error;
		/* With a snapshot, which keeps the chunks that it has, and without. */
		struct view_snapshot *held = i % 2 == 0 ? view_snapshot(fixture->view, &error) : NULL;
		snprintf(text, sizeof(text), "m{v=\"%*s\"} 2\n", 2000, "");
		put_group(fixture, i, text, false);
		ahead = compress_ahead(fixture, SIZE_MAX);
		assert_in_range(ahead, 1, 3);
		assert_int_equal(compress(fixture, &chunks), 0);
		if (held != NULL)
			view_snapshot_free(held);
	}
	put_group(fixture, 100, text, false);
	assert_in_range(compress(fixture, &chunks), 1, 3);
	assert_false(view_has_uncompressed(fixture->view));
}

/* A push that brings a family as it was leaves the family's chunk compressed; only the push's time is another. */
static void the_same_text_stays_compressed(void **state)
{
	struct fixture *fixture = *state;
	struct error error;
	size_t chunks;
	for (uint32_t i = 0; i < 3; i++)
		put_group(fixture, i, "m 1\n", false);
	assert_true(compress(fixture, &chunks) > 0);
	put_group(fixture, 1, "m 1\n", false);
	struct view_snapshot *snapshot = view_snapshot(fixture->view, &error);
	const struct chunk_run *first = &snapshot->places[0];
	assert_int_equal(first->count, 1);
	assert_non_null(first->chunks[0]->part);
	assert_int_equal(snapshot->places[own_place(slice_of("push_time_seconds"))].count, 1);
	assert_null(snapshot->places[own_place(slice_of("push_time_seconds"))].chunks[0]->part);
	view_snapshot_free(snapshot);
	put_group(fixture, 1, "m 2\n", false);
	snapshot = view_snapshot(fixture->view, &error);
	assert_null(snapshot->places[0].chunks[0]->part);
	view_snapshot_free(snapshot);
}

/* The same series with another HELP, another type or none of them; of a family that one group has or two. */
static void heads_follow_the_groups(void **state)
{
	static const struct {
		uint32_t number;
		const char *text;
		const char *head;
	} steps[] = {
		{1, "# HELP a one\n# TYPE a gauge\na 1\n", "# HELP a one\n# TYPE a gauge\na{"},
		{1, "# HELP a two\n# TYPE a gauge\na 1\n", "# HELP a two\n# TYPE a gauge\na{"},
		{1, "# TYPE a gauge\na 1\n", "# TYPE a gauge\na{"},
		{1, "# TYPE a counter\na 1\n", "# TYPE a counter\na{"},
		{2, "# HELP a three\n# TYPE a counter\na 1\n", "# HELP a three\n# TYPE a counter\na{"},
		{1, "# HELP a four\n# TYPE a counter\na 1\n", "# HELP a four\n# TYPE a counter\na{"},
		{1, "b 1\n", "# HELP a three\n# TYPE a counter\na{"},
		{2, "b 1\n", "# TYPE b untyped\nb{"},
	};
	struct fixture *fixture = *state;
	struct error error;
	char text[4096];
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		struct exposition none;
		put(fixture, steps[i].number, steps[i].text);
		exposition_init(&none);
		struct exposition_reader *reader =
			exposition_reader_new(view_snapshot(fixture->view, &error), &none, NULL, &error);
		size_t len = exposition_reader_read(reader, text, sizeof(text));
		assert_true(len > strlen(steps[i].head) && len < sizeof(text));
		text[strlen(steps[i].head)] = '\0';
		assert_string_equal(text, steps[i].head);
		exposition_reader_free(reader);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(snapshots_stay_as_they_were, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_change_costs_its_neighbourhood, set_up, tear_down),
		cmocka_unit_test_setup_teardown(heads_follow_the_groups, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_snapshot_keeps_what_it_shows_only, set_up, tear_down),
		cmocka_unit_test_setup_teardown(another_number_after_each_change, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_reader_finds_what_was_compressed_ahead, set_up, tear_down),
		cmocka_unit_test_setup_teardown(the_same_text_stays_compressed, set_up, tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
