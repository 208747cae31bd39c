/* Snapshots of a view that changes, read as protobuf in steps, against what encode.h makes of its text as a whole. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "encode.h"
#include "exposition_reader.h"
#include "protobuf.h"
#include "support/bytes.h"
#include "support/messages.h"
#include "support/random.h"
#include "support/reading.h"
#include "support/scratch.h"
#include "view.h"

static const struct limits limits = {
	.body = 64u << 20,
	.name = 1024,
	.label_value = 64u << 10,
	.labels = 200,
	.groups = 1000000,
	.utf8_names = true,
	.series = 50000000,
};

#define ROUNDS 80
#define GROUPS 40

static const struct negotiated plain_protobuf = {FORMAT_PROTOBUF, ESCAPING_NONE};

struct fixture {
	char path[SCRATCH_PATH_SIZE];
	struct spool spool;
	struct view *view;
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
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;
	view_free(fixture->view);
	spool_close(&fixture->spool);
	int result = scratch_remove(fixture->path);
	free(fixture);
	return result;
}

/* Messages, by the numbers of metrics.proto. */

static void put_number(struct buffer *out, unsigned field, uint64_t value)
{
	put_varint(out, field << 3);
	put_varint(out, value);
}

static void put_double(struct buffer *out, unsigned field, double value)
{
	put_varint(out, field << 3 | 1);
	assert_int_equal(buffer_append(out, &value, sizeof(value)), 0);
}

static void put_bytes(struct buffer *out, unsigned field, struct slice bytes)
{
	put_varint(out, field << 3 | 2);
	put_delimited(out, bytes);
}

/* Puts a message into another one, and frees it. */
static void put_message(struct buffer *out, unsigned field, struct buffer *message)
{
	put_bytes(out, field, buffer_slice(message));
	buffer_release(message);
}

static struct buffer message_new(void)
{
	struct buffer message;
	buffer_init(&message, 64u << 20);
	return message;
}

static struct buffer timestamp(void)
{
	struct buffer message = message_new();
	put_number(&message, 1, 1700000000 + random_below(1000));
	put_number(&message, 2, random_below(1000000));
	return message;
}

static struct buffer label(const char *name, struct slice value)
{
	struct buffer message = message_new();
	put_bytes(&message, 1, slice_of(name));
	put_bytes(&message, 2, value);
	return message;
}

static struct buffer counter(void)
{
	struct buffer message = message_new(), created = timestamp();
	put_double(&message, 1, random_below(1000));
	if (random_below(2) == 0)
		put_message(&message, 3, &created);
	buffer_release(&created);
	return message;
}

static struct buffer gauge(void)
{
	struct buffer message = message_new();
	put_double(&message, 1, random_below(1000) / 8.0);
	return message;
}

static struct buffer pair(double first, double second)
{
	struct buffer message = message_new();
	put_double(&message, 1, first);
	put_double(&message, 2, second);
	return message;
}

static struct buffer summary(void)
{
	struct buffer message = message_new(), quantile = pair(0.5, random_below(100));
	put_number(&message, 1, random_below(1000));
	put_double(&message, 2, random_below(1000));
	put_message(&message, 3, &quantile);
	return message;
}

static struct buffer bucket(uint64_t count, double bound)
{
	struct buffer message = message_new();
	put_number(&message, 1, count);
	put_double(&message, 2, bound);
	if (random_below(4) == 0) {
		struct buffer exemplar = message_new(), trace = label("trace", slice_of("0af7"));
		put_message(&exemplar, 1, &trace);
		put_double(&exemplar, 2, bound / 2);
		put_message(&message, 3, &exemplar);
	}
	return message;
}

/* Classic, native or both: four samples. */
static struct buffer histogram(void)
{
	struct buffer message = message_new(), span = message_new();
	uint32_t kind = random_below(3);
	put_number(&message, 1, 4);
	put_double(&message, 2, random_below(100));
	for (unsigned i = 1; i <= 3 && kind != 0; i++) {
		struct buffer classic = bucket(i, i);
		put_message(&message, 3, &classic);
	}
	put_number(&span, 1, 2);
	put_number(&span, 2, 2);
	if (kind != 1) {
		put_number(&message, 5, 2);
		put_double(&message, 6, 0.125);
		put_number(&message, 7, 1);
		put_bytes(&message, 12, buffer_slice(&span));
		put_number(&message, 13, 2); /* one, */
		put_number(&message, 13, 2); /* and two */
	}
	buffer_release(&span);
	return message;
}

/* Families before, between, among and after the gateway's own; `value` is the number of a Metric's field, `type` that
 * of the MetricFamily. */
static const struct kind {
	const char *name;
	unsigned type;
	unsigned value;
	struct buffer (*make)(void);
} kinds[] = {
	{"a_total", 0, 3, counter},
	{"duration_seconds", 4, 7, histogram},
	{"g", 1, 2, gauge},
	{"gauge \"\\ histogram", 5, 7, histogram},
	{"pgw_between", 3, 5, gauge},
	{"process_open_fds", 1, 2, gauge},
	{"process_sizes", 5, 7, histogram},
	{"quantiles", 2, 4, summary},
	{"z.\xc3\xa4", 1, 2, gauge},
};

#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

static void put_metric(struct buffer *family, const struct kind *kind, unsigned number, size_t width)
{
	static const char filler[] = "# filler \"\\\n";
	struct buffer metric = message_new(), text = message_new(), value = kind->make();
	assert_int_equal(buffer_printf(&text, "%u ", number), 0);
	while (text.len < width)
		assert_int_equal(buffer_append_string(&text, filler), 0);
	struct buffer pair_of = label("v", buffer_slice(&text));
	put_message(&metric, 1, &pair_of);
	put_message(&metric, kind->value, &value);
	put_message(family, 4, &metric);
	buffer_release(&text);
}

static void put_family(struct buffer *out, const struct kind *kind, unsigned metrics, size_t width)
{
	struct buffer family = message_new();
	put_bytes(&family, 1, slice_of(kind->name));
	if (random_below(2) == 0)
		put_bytes(&family, 2, slice_of(random_below(2) == 0 ? "One.\nTwo." : "Three \\ \"."));
	put_number(&family, 3, kind->type == 5 && random_below(2) == 0 ? 4 : kind->type);
	for (unsigned i = 0; i < metrics; i++)
		put_metric(&family, kind, i, random_below(40) == 0 ? 9000 : width);
	if (random_below(3) == 0)
		put_bytes(&family, 5, slice_of(random_below(2) == 0 ? "seconds" : "bytes"));
	put_varint(out, family.len);
	assert_int_equal(buffer_append_slice(out, buffer_slice(&family)), 0);
	buffer_release(&family);
}

/* Pushes to a group; returns how many natives it has. */
static uint32_t put(struct fixture *fixture, uint32_t number, struct slice body)
{
	char path[64];
	struct grouping_key key;
	struct exposition exposition;
	struct error error;
	grouping_key_init(&key);
	exposition_init(&exposition);
	snprintf(path, sizeof(path), "/job/j/x/%u", number);
	assert_int_equal(grouping_key_from_path(&key, slice_of(path), &limits, &error), 0);
	if (protobuf_parse(&exposition, body, &limits, &error) == -1)
		fail_msg("%s", error.message);
	uint32_t natives = exposition.native_count;
	struct group *group = group_push(
		NULL, &key, &exposition, PUSH_PUT, (int64_t)random_below(1000000) * 1000000, 0, &limits, &error);
	assert_non_null(group);
	assert_int_equal(view_put(fixture->view, group, &error), 0);
	exposition_release(&exposition);
	grouping_key_release(&key);
	return natives;
}

static uint32_t put_random(struct fixture *fixture)
{
	struct buffer body = message_new();
	for (size_t i = 0; i < KINDS; i++) {
		unsigned metrics = random_below(30) == 0 ? 500 : 1 + random_below(3);
		if (random_below(3) == 0)
			put_family(&body, &kinds[i], metrics, random_below(60));
	}
	uint32_t natives = put(fixture, random_below(GROUPS), buffer_slice(&body));
	buffer_release(&body);
	return natives;
}

static void remove_random(struct fixture *fixture)
{
	const struct group *group = NULL;
	for (uint32_t i = random_below(GROUPS); i > 0 && (group = view_next(fixture->view, group)) != NULL; i--)
		;
	if (group != NULL)
		view_remove(fixture->view, group->key.file);
}

static void random_own(struct exposition *own)
{
	static const struct slice texts[] = {SLICE_LITERAL(""),
		SLICE_LITERAL("# TYPE pgw_spool_groups gauge\npgw_spool_groups 5\n"),
		SLICE_LITERAL("# HELP pgw_build_info First.\n# TYPE pgw_build_info gauge\npgw_build_info{v=\"1\"} 1\n"
			      "# HELP process_open_fds Open.\n# TYPE process_open_fds gauge\nprocess_open_fds 5\n"
			      "# TYPE pushgateway_http_push_size_bytes summary\n"
			      "pushgateway_http_push_size_bytes{quantile=\"0.5\"} 7\n"
			      "pushgateway_http_push_size_bytes_sum 7\npushgateway_http_push_size_bytes_count 1\n")};
	struct error error;
	exposition_init(own);
	assert_int_equal(exposition_parse(own, texts[random_below(3)], &limits, &error), 0);
}

/* Somebody's scrape, and what it must give. */
struct scrape {
	struct exposition_reader *plain, *gzip;
	struct buffer wanted;
};

static void begin(struct fixture *fixture, struct scrape *scrape)
{
	struct exposition own;
	struct error error;
	size_t dropped;
	random_own(&own);
	scrape->plain = exposition_reader_new_protobuf(view_snapshot(fixture->view, &error), &own, false, &error);
	scrape->gzip = exposition_reader_new_protobuf(view_snapshot(fixture->view, &error), &own, true, &error);
	assert_non_null(scrape->plain);
	assert_non_null(scrape->gzip);
	scrape->wanted = message_new();
	assert_int_equal(encode_exposition(fixture->view, &own, plain_protobuf, &scrape->wanted, &dropped, &error), 0);
	exposition_release(&own);
}

/* Returns how many steps it took. */
static size_t prepare(struct exposition_reader *reader, uint32_t budget)
{
	struct error error;
	size_t steps = 1;
	int status;
	while ((status = exposition_reader_prepare(reader, budget, &error)) == 0)
		steps++;
	assert_int_equal(status, 1);
	return steps;
}

/* Reads what is prepared. */
static void end(struct scrape *scrape)
{
	struct buffer plain = message_new(), gzip = message_new();
	assert_true(exposition_reader_memory(scrape->plain) >= exposition_reader_size(scrape->plain));
	assert_true(exposition_reader_memory(scrape->gzip) >= exposition_reader_size(scrape->gzip));
	read_prepared(scrape->plain, &plain);
	read_prepared(scrape->gzip, &gzip);
	assert_bytes(buffer_slice(&plain), buffer_slice(&scrape->wanted));
	assert_unpacks(buffer_slice(&gzip), buffer_slice(&scrape->wanted));
	buffer_release(&plain);
	buffer_release(&gzip);
	buffer_release(&scrape->wanted);
}

static void what_is_encoded_in_steps_is_the_whole(void **state)
{
	struct fixture *fixture = *state;
	uint32_t natives = 0;
	for (size_t round = 0; round < ROUNDS; round++) {
		struct scrape scrape;
		struct error error;
		for (uint32_t i = random_below(6); i > 0; i--)
			natives += put_random(fixture);
		if (random_below(5) == 0)
			remove_random(fixture);
		begin(fixture, &scrape);
		/* What changes meanwhile is not in it. */
		int status = exposition_reader_prepare(scrape.plain, random_below(20000), &error);
		assert_int_not_equal(status, -1);
		natives += put_random(fixture);
		prepare(scrape.plain, 1 + random_below(100000));
		prepare(scrape.gzip, 1 + random_below(100000));
		end(&scrape);
	}
	assert_true(natives > ROUNDS);
	assert_true(view_counts(fixture->view).groups > GROUPS / 2);
	/* A snapshot is let go when it is encoded. */
	struct scrape scrape;
	begin(fixture, &scrape);
	natives += put_random(fixture);
	prepare(scrape.plain, 1000000);
	prepare(scrape.gzip, 1000000);
	assert_int_equal(view_retired_bytes(fixture->view), 0);
	end(&scrape);
}

/* No step is longer than some tens of kilobytes, whatever a group has. */
static void a_long_block_takes_many_steps(void **state)
{
	static const size_t scalars = 2, distributions = 1;
	struct fixture *fixture = *state;
	struct scrape scrape;
	struct buffer body = message_new();
	size_t bytes = view_counts(fixture->view).bytes;
	put_family(&body, &kinds[scalars], 4000, 100);
	put_family(&body, &kinds[distributions], 3000, 100);
	assert_true(put(fixture, 1, buffer_slice(&body)) > 1000);
	bytes = view_counts(fixture->view).bytes - bytes;
	assert_true(bytes > 1000000);
	begin(fixture, &scrape);
	assert_true(prepare(scrape.plain, 1) > bytes / 50000);
	assert_true(prepare(scrape.gzip, 1) > bytes / 50000);
	end(&scrape);
	buffer_release(&body);
}

/* HELP may be longer than a piece of a snapshot, and than what is encoded at once. */
static void a_long_help(void **state)
{
	struct fixture *fixture = *state;
	struct scrape scrape;
	struct buffer body = message_new(), family = message_new(), help = message_new();
	while (help.len < 100000)
		assert_int_equal(buffer_append_string(&help, "# HELP g \\ \n"), 0);
	put_bytes(&family, 1, slice_of("g"));
	put_bytes(&family, 2, buffer_slice(&help));
	put_number(&family, 3, 1);
	for (unsigned i = 0; i < 1000; i++)
		put_metric(&family, &kinds[2], i, 100);
	put_varint(&body, family.len);
	assert_int_equal(buffer_append_slice(&body, buffer_slice(&family)), 0);
	put(fixture, 1, buffer_slice(&body));
	begin(fixture, &scrape);
	prepare(scrape.plain, 1);
	prepare(scrape.gzip, 1);
	assert_true(scrape.wanted.len > help.len);
	end(&scrape);
	buffer_release(&body);
	buffer_release(&family);
	buffer_release(&help);
}

static void nothing_at_all(void **state)
{
	struct fixture *fixture = *state;
	struct exposition none;
	struct error error;
	struct scrape scrape = {.wanted = message_new()};
	exposition_init(&none);
	scrape.plain = exposition_reader_new_protobuf(view_snapshot(fixture->view, &error), &none, false, &error);
	scrape.gzip = exposition_reader_new_protobuf(view_snapshot(fixture->view, &error), &none, true, &error);
	prepare(scrape.plain, 1);
	prepare(scrape.gzip, 1);
	assert_int_equal(exposition_reader_size(scrape.plain), 0);
	end(&scrape);
}

/* Readers that are let go before they are prepared, or read. */
static void halfway(void **state)
{
	struct fixture *fixture = *state;
	struct scrape scrape;
	struct error error;
	char data[10];
	for (size_t i = 0; i < 20; i++)
		put_random(fixture);
	begin(fixture, &scrape);
	assert_int_equal(exposition_reader_prepare(scrape.plain, 1, &error), 0);
	exposition_reader_free(scrape.plain);
	prepare(scrape.gzip, 10000);
	assert_int_equal(exposition_reader_read(scrape.gzip, data, sizeof(data)), sizeof(data));
	exposition_reader_free(scrape.gzip);
	buffer_release(&scrape.wanted);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_is_encoded_in_steps_is_the_whole, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_long_block_takes_many_steps, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_long_help, set_up, tear_down),
		cmocka_unit_test_setup_teardown(nothing_at_all, set_up, tear_down),
		cmocka_unit_test_setup_teardown(halfway, set_up, tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
