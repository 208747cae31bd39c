#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "exposition_builder.h"
#include "group.h"

static const struct limits limits = LIMITS_DEFAULT;

#define SECOND 1000000000LL

/* {job="j",NAME=VALUE...}: names and values in turn, ended by NULL. */
static void make_key(struct grouping_key *key, const char *first, ...)
{
	struct error error;
	va_list arguments;
	grouping_key_init(key);
	assert_int_equal(grouping_key_set(key, slice_of("job"), slice_of("j"), &error), 0);
	va_start(arguments, first);
	for (const char *name = first; name != NULL; name = va_arg(arguments, const char *)) {
		const char *value = va_arg(arguments, const char *);
		assert_int_equal(grouping_key_set(key, slice_of(name), slice_of(value), &error), 0);
	}
	va_end(arguments);
	assert_int_equal(grouping_key_finish(key, &limits, &error), 0);
}

static struct group *push(
	const struct group *old, const struct grouping_key *key, const char *text, enum push_method method, int64_t now)
{
	struct exposition exposition;
	struct error error;
	exposition_init(&exposition);
	if (exposition_parse(&exposition, slice_of(text), &limits, &error) == -1)
		fail_msg("%s", error.message);
	struct group *group = group_push(old, key, &exposition, method, now, 0, &limits, &error);
	if (group == NULL)
		fail_msg("%s", error.message);
	exposition_release(&exposition);
	return group;
}

/* The group file. */
static struct buffer text_of(const struct group *group)
{
	struct buffer text;
	buffer_init(&text, SIZE_MAX / 2);
	assert_int_equal(group_append_text(group, &text), 0);
	assert_int_equal(text.len, group->text_size);
	return text;
}

static void assert_text(const struct group *group, const char *expected)
{
	struct buffer text = text_of(group);
	if (!slice_is(buffer_slice(&text), expected))
		fail_msg("got\n%.*s\nexpected\n%s", SLICE_PRINTF(buffer_slice(&text)), expected);
	buffer_release(&text);
}

static void assert_same_text(const struct group *a, const struct group *b)
{
	struct buffer left = text_of(a), right = text_of(b);
	assert_true(slice_equal(buffer_slice(&left), buffer_slice(&right)));
	buffer_release(&left);
	buffer_release(&right);
}

/* Reads the file of a group. */
static struct group *read_again(const struct group *group, struct error *error)
{
	struct buffer text = text_of(group);
	struct group *again = group_read(group->key.file, buffer_slice(&text), 0, &limits, error);
	buffer_release(&text);
	return again;
}

/* The labels of the first series of a block. */
static struct slice first_labels(const struct block *block)
{
	struct canonical_series series;
	canonical_series_init(&series, block->samples, block->name, block->type);
	assert_true(canonical_series_next(&series));
	return series.labels;
}

#define FAILURE_FAMILY(labels, value)                                                                                  \
	"# HELP push_failure_time_seconds Last Unix time when changing this group in the Pushgateway failed.\n"        \
	"# TYPE push_failure_time_seconds gauge\n"                                                                     \
	"push_failure_time_seconds{" labels "} " value "\n"
#define PUSH_FAMILY(labels, value)                                                                                     \
	"# HELP push_time_seconds Last Unix time when changing this group in the Pushgateway succeeded.\n"             \
	"# TYPE push_time_seconds gauge\n"                                                                             \
	"push_time_seconds{" labels "} " value "\n"

#define L "instance=\"\",job=\"j\""

static void test_canonical(void **state)
{
	struct grouping_key key;
	make_key(&key, NULL);
	struct group *group = push(NULL, &key,
		"z{b=\"2\",a=\"1\"} 1000000\n"
		"# HELP h Hist \\\"q\\\"\n# TYPE h histogram\nh_bucket{x=\"y\",le=\"0.50\"} 1\nh_count{x=\"y\"} 3\n"
		"# TYPE s summary\ns{quantile=\"0.990\"} 7\ns_sum 1.5\n"
		"z{instance=\"i\",job=\"other\",zz=\"\"} -0\n"
		"# TYPE e histogram\ne 5\n",
		PUSH_POST, 5 * SECOND + 1);
	assert_text(group, "# pgw group 1\n"
			   "# pgw key {job=\"j\"}\n"
			   "# pgw push 5.000000001 POST\n"
			   "# TYPE e histogram\n"
			   "e_bucket{" L ",le=\"+Inf\"} 0\n"
			   "e_sum{" L "} 0\n"
			   "e_count{" L "} 0\n"
			   "# HELP h Hist \"q\"\n"
			   "# TYPE h histogram\n"
			   "h_bucket{" L ",le=\"0.5\",x=\"y\"} 1\n"
			   "h_bucket{" L ",le=\"+Inf\",x=\"y\"} 3\n"
			   "h_sum{" L ",x=\"y\"} 0\n"
			   "h_count{" L ",x=\"y\"} 3\n" FAILURE_FAMILY(L, "0")
				   PUSH_FAMILY(L, "5.000000001") "# TYPE s summary\n"
								 "s{" L ",quantile=\"0.99\"} 7\n"
								 "s_sum{" L "} 1.5\n"
								 "s_count{" L "} 0\n"
								 "# TYPE z untyped\n"
								 "z{a=\"1\",b=\"2\"," L "} 1e+06\n"
								 "z{instance=\"i\",job=\"j\",zz=\"\"} 0\n");
	const struct block *block = group_block(group, slice_of("h"));
	assert_non_null(block);
	assert_true(slice_is(block->name, "h"));
	assert_true(slice_is(block->help, "Hist \"q\""));
	assert_int_equal(block->series_count, 1);
	assert_int_equal(group_line(group, block, 0), 4);
	assert_true(slice_has_prefix(block->samples, slice_of("h_bucket{")));
	assert_true(slice_is(first_labels(block), L ",x=\"y\""));
	assert_null(group_block(group, slice_of("h_count")));
	group_free(group);
	grouping_key_release(&key);
}

/* The grouping labels come first, escaped, and override the samples' own. */
static void test_override(void **state)
{
	struct grouping_key key;
	make_key(&key, "instance", "q\"\\\n", "a", "\xc3\xa4", NULL);
	struct group *group = push(NULL, &key, "m{a=\"x\",instance=\"y\",job=\"z\",b=\"1\"} 1\n", PUSH_PUT, SECOND);
	const struct block *block = group_block(group, slice_of("m"));
	assert_true(slice_is(block->samples, "m{a=\"\xc3\xa4\",b=\"1\",instance=\"q\\\"\\\\\\n\",job=\"j\"} 1\n"));
	struct buffer text = text_of(group);
	assert_true(slice_has_prefix(buffer_slice(&text),
		slice_of("# pgw group 1\n# pgw key {job=\"j\",a=\"\xc3\xa4\",instance=\"q\\\"\\\\\\n\"}\n"
			 "# pgw push 1.000000000 PUT\n")));
	buffer_release(&text);
	group_free(group);
	grouping_key_release(&key);
}

static void test_post_and_put(void **state)
{
	struct grouping_key key;
	make_key(&key, NULL);
	struct group *first = push(NULL, &key, "a 1\nb 1\npush_time_seconds 99\n", PUSH_PUT, 1 * SECOND);
	struct group *second = push(first, &key, "b{x=\"y\"} 2\nc 2\n", PUSH_POST, 2 * SECOND);
	const char *merged = "# pgw group 1\n"
			     "# pgw key {job=\"j\"}\n"
			     "# pgw push 2.000000000 POST\n"
			     "# pgw family 1.000000000 a\n"
			     "# TYPE a untyped\n"
			     "a{" L "} 1\n"
			     "# TYPE b untyped\n"
			     "b{" L ",x=\"y\"} 2\n"
			     "# TYPE c untyped\n"
			     "c{" L "} 2\n" FAILURE_FAMILY(L, "0") PUSH_FAMILY(L, "2");
	assert_text(second, merged);
	assert_int_equal(group_block(second, slice_of("a"))->pushed, SECOND);
	assert_int_equal(group_block(second, slice_of("b"))->pushed, 2 * SECOND);

	struct error error;
	struct group *failed = group_push_failed(second, &key, 3 * SECOND, 5 * SECOND, &limits, &error);
	assert_int_equal(failed->ttl, 0);
	assert_int_equal(failed->push_time, 2 * SECOND);
	assert_int_equal(failed->push_failure_time, 3 * SECOND);
	assert_int_equal(group_block(failed, slice_of("b"))->pushed, 2 * SECOND);
	assert_int_equal(failed->series_count, second->series_count);

	struct group *third = push(failed, &key, "d 1\n", PUSH_PUT, 4 * SECOND);
	assert_text(third, "# pgw group 1\n"
			   "# pgw key {job=\"j\"}\n"
			   "# pgw push 4.000000000 PUT\n"
			   "# pgw failure 3.000000000\n"
			   "# TYPE d untyped\n"
			   "d{" L "} 1\n" FAILURE_FAMILY(L, "3") PUSH_FAMILY(L, "4"));
	group_free(first);
	group_free(second);
	group_free(failed);
	group_free(third);
	grouping_key_release(&key);
}

static void test_includes(void **state)
{
	static const struct {
		const char *text;
		const char *other;
		bool includes;
		bool is_included;
	} cases[] = {
		{"a 1\nb 1\n", "a 2\nb 3\n", true, true},
		{"a 1\nb 1\n", "b 1\n", true, false},
		{"a 1\n", "", true, false},
		{"a 1\n", "b 1\n", false, false},
		{"# TYPE a gauge\na 1\n", "# TYPE a counter\na 1\n", false, false},
		{"a{x=\"1\"} 1\na{x=\"2\"} 1\na{x=\"3\"} 1\n", "a{x=\"1\"} 1\na{x=\"3\"} 2\n", true, false},
		{"a{x=\"1\"} 1\n", "a{x=\"2\"} 1\n", false, false},
		{"a{x=\"1\"} 1\n", "a{x=\"12\"} 1\n", false, false},
		{"a 1\nb{x=\"1\"} 1\n", "a 1\nb{x=\"2\"} 1\n", false, false},
		{"# TYPE h histogram\nh_bucket{x=\"1\",le=\"1\"} 1\nh_count{x=\"1\"} 1\nh_count{x=\"2\"} 1\n",
			"# TYPE h histogram\nh_bucket{x=\"1\",le=\"2\"} 1\nh_count{x=\"1\"} 1\n", true, false},
	};
	struct grouping_key key;
	make_key(&key, NULL);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct group *group = push(NULL, &key, cases[i].text, PUSH_PUT, SECOND);
		struct group *other = push(NULL, &key, cases[i].other, PUSH_PUT, SECOND);
		if (group_includes(group, other) != cases[i].includes ||
			group_includes(other, group) != cases[i].is_included)
			fail_msg("case %zu", i);
		group_free(group);
		group_free(other);
	}
	grouping_key_release(&key);
}

static void test_failed_first(void **state)
{
	struct grouping_key key;
	struct error error;
	make_key(&key, NULL);
	struct group *failed = group_push_failed(NULL, &key, SECOND / 2, 60 * SECOND, &limits, &error);
	assert_int_equal(group_expires(failed), 60 * SECOND + SECOND / 2);
	assert_false(group_has_expired(failed, 60 * SECOND));
	assert_true(group_has_expired(failed, 61 * SECOND));
	assert_text(failed, "# pgw group 1\n"
			    "# pgw key {job=\"j\"}\n"
			    "# pgw failure 0.500000000\n"
			    "# pgw ttl 60\n" FAILURE_FAMILY(L, "0.5") PUSH_FAMILY(L, "0"));
	group_free(failed);
	grouping_key_release(&key);
}

static struct group *read_group(const char *file, const char *text, struct error *error)
{
	return group_read(slice_of(file), slice_of(text), 7 * SECOND, &limits, error);
}

/* What was written is read back byte for byte, times, methods and all. */
static void test_round_trip(void **state)
{
	struct grouping_key key;
	struct error error;
	make_key(&key, "instance", "a b\n", NULL);
	struct group *first = push(
		NULL, &key, "# HELP a x \\\\ \\n y\n# TYPE a counter\na 1\nb{c=\"\\n\"} 1\n", PUSH_PUT, SECOND + 5);
	struct group *second = push(first, &key, "# TYPE h histogram\nh_bucket{le=\"2\"} 1\nh_count 1\n", PUSH_POST,
		1700000000 * SECOND + 123456789);
	struct group *third = group_push_failed(second, &key, 1700000001 * SECOND, 0, &limits, &error);
	struct group *again = read_again(third, &error);
	if (again == NULL)
		fail_msg("%s", error.message);
	assert_same_text(again, third);
	assert_int_equal(again->push_time, 1700000000 * SECOND + 123456789);
	assert_int_equal(again->push_failure_time, 1700000001 * SECOND);
	assert_int_equal(again->method, PUSH_POST);
	assert_false(again->by_hand);
	assert_int_equal(group_block(again, slice_of("a"))->pushed, SECOND + 5);
	assert_true(group_same_shape(again, third));
	assert_false(group_same_shape(again, first));
	assert_null(again->lines);
	assert_int_equal(group_line(again, &again->blocks[0], 0), 0);
	group_free(first);
	group_free(second);
	group_free(third);
	group_free(again);
	grouping_key_release(&key);
}

static void test_by_hand(void **state)
{
	struct error error;
	struct group *group = read_group("job=j,x=y.prom", "# a comment\nm{job=\"no\"} 1.50\n", &error);
	assert_non_null(group);
	assert_true(group->by_hand);
	assert_int_equal(group->push_time, 7 * SECOND);
	assert_text(group, "# pgw group 1\n"
			   "# pgw key {job=\"j\",x=\"y\"}\n"
			   "# pgw push 7.000000000 -\n"
			   "# TYPE m untyped\n"
			   "m{" L ",x=\"y\"} 1.5\n" FAILURE_FAMILY(L ",x=\"y\"", "0") PUSH_FAMILY(L ",x=\"y\"", "7"));
	group_free(group);
}

/* Names that are not plain stand in quotes; what text can't hold follows its metric as a comment. */
static void test_quoted_names_and_natives(void **state)
{
	struct limits utf8 = limits;
	struct grouping_key key;
	struct exposition exposition;
	struct error error;
	utf8.utf8_names = true;
	grouping_key_init(&key);
	assert_int_equal(grouping_key_from_path(&key, slice_of("/job/j/U__a_2e_b/c"), &utf8, &error), 0);
	assert_string_equal(key.text.data, "{job=\"j\",\"a.b\"=\"c\"}");
	assert_string_equal(key.file.data, "job=j,a%2Eb=c.prom");
	exposition_init(&exposition);
	const char *text = "# HELP \"m.\\\"n\" some help\n"
			   "# TYPE \"m.\\\"n\" histogram\n"
			   "{\"m.\\\"n_bucket\",le=\"1\",\"x y\"=\"z\"} 1\n"
			   "{\"m.\\\"n_count\",\"x y\"=\"z\"} 2\n"
			   "plain{\"x y\"=\"\"} 3\n";
	assert_int_equal(exposition_parse(&exposition, slice_of(text), &limits, &error), -1);
	assert_string_equal(error.message, "invalid metric name \"m.\\\"n\"");
	exposition_release(&exposition);
	if (exposition_parse(&exposition, slice_of(text), &utf8, &error) == -1)
		fail_msg("%u: %s", error.line, error.message);
	assert_true(exposition.quoted_names);
	assert_int_equal(exposition_builder_native(&exposition, 0, slice_make("\0\1\2\3", 4)), 0);
	struct group *first = group_push(NULL, &key, &exposition, PUSH_PUT, SECOND, 0, &utf8, &error);
	assert_non_null(first);
	assert_true(first->natives && first->quoted_names);
	struct exposition empty;
	exposition_init(&empty);
	struct group *second = group_push(first, &key, &empty, PUSH_POST, 2 * SECOND, 0, &utf8, &error);
	assert_text(second, "# pgw group 1\n"
			    "# pgw key {job=\"j\",\"a.b\"=\"c\"}\n"
			    "# pgw push 2.000000000 POST\n"
			    "# pgw family 1.000000000 \"m.\\\"n\"\n"
			    "# pgw family 1.000000000 plain\n"
			    "# HELP \"m.\\\"n\" some help\n"
			    "# TYPE \"m.\\\"n\" histogram\n"
			    "{\"m.\\\"n_bucket\",\"a.b\"=\"c\"," L ",le=\"1\",\"x y\"=\"z\"} 1\n"
			    "{\"m.\\\"n_bucket\",\"a.b\"=\"c\"," L ",le=\"+Inf\",\"x y\"=\"z\"} 2\n"
			    "{\"m.\\\"n_sum\",\"a.b\"=\"c\"," L ",\"x y\"=\"z\"} 0\n"
			    "{\"m.\\\"n_count\",\"a.b\"=\"c\"," L ",\"x y\"=\"z\"} 2\n"
			    "# pgw native AAECAw\n"
			    "# TYPE plain untyped\n"
			    "plain{\"a.b\"=\"c\"," L ",\"x y\"=\"\"} 3\n" FAILURE_FAMILY("\"a.b\"=\"c\"," L, "0")
				    PUSH_FAMILY("\"a.b\"=\"c\"," L, "2"));
	const struct block *block = group_block(second, slice_of("m.\"n"));
	assert_non_null(block);
	assert_true(slice_is(block->help, "some help"));
	assert_true(slice_is(first_labels(block), "\"a.b\"=\"c\"," L ",\"x y\"=\"z\""));
	/* A process that does not allow such names reads what is there. */
	struct group *again = read_again(second, &error);
	if (again == NULL)
		fail_msg("%u: %s", error.line, error.message);
	assert_same_text(again, second);
	assert_true(again->natives && again->quoted_names);
	group_free(first);
	group_free(second);
	group_free(again);
	exposition_release(&exposition);
	grouping_key_release(&key);
}

static const struct {
	const char *file;
	const char *text;
	enum error_kind kind;
	unsigned line;
	const char *message;
} bad_files[] = {
	{"foo.prom", "a 1\n", ERROR_SYNTAX, 0, NULL},
	{"job=j.prom", "a 1\nb\n", ERROR_SYNTAX, 2, "expected float as value, got \"\""},
	{"job=j.prom", "a 1 2\n", ERROR_INCONSISTENT, 1, "pushed metrics must not have timestamps"},
	{"job=j.prom", "# pgw group 2\na 1\n", ERROR_SYNTAX, 1, "malformed header line \"# pgw group 2\""},
	{"job=j.prom", "# pgw group 1\n# pgw push 12\n", ERROR_SYNTAX, 2, "malformed header line \"# pgw push 12\""},
	{"job=j.prom", "# pgw group 1\n# pgw push 1.000000000 GET\n", ERROR_SYNTAX, 2,
		"malformed header line \"# pgw push 1.000000000 GET\""},
	{"job=j.prom", "# pgw failure 99999999999.000000000\n", ERROR_SYNTAX, 1,
		"malformed header line \"# pgw failure 99999999999.000000000\""},
	{"job=j.prom", "# pgw group 1\n# pgw key {job=\"k\"}\n", ERROR_SYNTAX, 0,
		"its header has the key of the file job=k.prom"},
	{"job=j,le=1.prom", "# TYPE h histogram\nh_count 1\n", ERROR_INCONSISTENT, 1,
		"collected metric \"h\" is a histogram, whose samples can't have the grouping label \"le\""},
	{"job=j,quantile=1.prom", "# TYPE s summary\ns_count 1\n", ERROR_INCONSISTENT, 1,
		"collected metric \"s\" is a summary, whose samples can't have the grouping label \"quantile\""},
};

static void test_bad_files(void **state)
{
	for (size_t i = 0; i < sizeof(bad_files) / sizeof(bad_files[0]); i++) {
		struct error error;
		struct group *group = read_group(bad_files[i].file, bad_files[i].text, &error);
		if (group != NULL)
			fail_msg("taken: %s", bad_files[i].text);
		assert_int_equal(error.kind, bad_files[i].kind);
		assert_int_equal(error.line, bad_files[i].line);
		if (bad_files[i].message != NULL)
			assert_string_equal(error.message, bad_files[i].message);
	}
}

static void test_too_large(void **state)
{
	struct limits small = limits;
	struct grouping_key key;
	struct exposition exposition;
	struct error error;
	small.body = 100;
	make_key(&key, NULL);
	exposition_init(&exposition);
	assert_int_equal(exposition_parse(&exposition, slice_of("a 1\nb 1\nc 1\nd 1\n"), &small, &error), 0);
	assert_null(group_push(NULL, &key, &exposition, PUSH_POST, SECOND, 0, &small, &error));
	assert_int_equal(error.kind, ERROR_TOO_LARGE);
	assert_string_equal(error.message, "the text of the group is over the limit of 400 bytes");
	exposition_release(&exposition);
	grouping_key_release(&key);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_canonical),
		cmocka_unit_test(test_override),
		cmocka_unit_test(test_post_and_put),
		cmocka_unit_test(test_includes),
		cmocka_unit_test(test_failed_first),
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_by_hand),
		cmocka_unit_test(test_quoted_names_and_natives),
		cmocka_unit_test(test_bad_files),
		cmocka_unit_test(test_too_large),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
