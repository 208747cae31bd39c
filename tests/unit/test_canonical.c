#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "canonical.h"

static const struct limits limits = LIMITS_DEFAULT;

#define SERIES_MAX 8

/* The lines of the only family of a text in the group of a path. */
static int write_samples(struct buffer *out, const char *path, const char *text,
	struct fingerprint fingerprints[SERIES_MAX], struct error *error)
{
	struct grouping_key key;
	struct canonical_key canonical;
	struct exposition exposition;
	grouping_key_init(&key);
	exposition_init(&exposition);
	assert_int_equal(grouping_key_from_path(&key, slice_of(path), &limits, error), 0);
	assert_int_equal(canonical_key_init(&canonical, &key, error), 0);
	assert_int_equal(exposition_parse(&exposition, slice_of(text), &limits, error), 0);
	assert_int_equal(exposition.family_count, 1);
	assert_in_range(exposition.metric_count, 1, SERIES_MAX);
	int result =
		canonical_append_samples(out, &exposition, &exposition.families[0], &canonical, fingerprints, error);
	canonical_key_release(&canonical);
	exposition_release(&exposition);
	grouping_key_release(&key);
	return result;
}

static void lines_are_canonical(void **state)
{
	static const struct {
		const char *path, *text, *lines;
	} cases[] = {
		/* The key's labels win; instance="" stands where neither has one. */
		{"/job/j", "m 1\n", "m{instance=\"\",job=\"j\"} 1\n"},
		{"/job/j", "m{instance=\"i\",job=\"x\"} 1\n", "m{instance=\"i\",job=\"j\"} 1\n"},
		{"/job/j/instance/k", "m{instance=\"i\"} 1\n", "m{instance=\"k\",job=\"j\"} 1\n"},
		{"/job/j/a/1/z/2", "m{z=\"0\",k=\"v\"} 1\n", "m{a=\"1\",instance=\"\",job=\"j\",k=\"v\",z=\"2\"} 1\n"},
		{"/job@base64/IlwK", "m{x=\"\\\\\"} 1\n", "m{instance=\"\",job=\"\\\"\\\\\\n\",x=\"\\\\\"} 1\n"},
		/* Lines alike, the last of them near the end of the text. */
		{"/job/j/d/0",
			"m{a=\"1\",b=\"2\", z = \"3\",c=\"4\"} 1\nm{a=\"\",b=\"22\", z = \"33\",c=\"44\"} 2.50\n"
			"m{a=\"111\",b=\"a value of more bytes\", z = \"333\",c=\"\"} 3\nm{a=\"1\",b=\"\\\"\"} 4\n",
			"m{a=\"1\",b=\"2\",c=\"4\",d=\"0\",instance=\"\",job=\"j\",z=\"3\"} 1\n"
			"m{a=\"\",b=\"22\",c=\"44\",d=\"0\",instance=\"\",job=\"j\",z=\"33\"} 2.5\n"
			"m{a=\"111\",b=\"a value of more bytes\",c=\"\",d=\"0\",instance=\"\",job=\"j\",z=\"333\"} 3\n"
			"m{a=\"1\",b=\"\\\"\",d=\"0\",instance=\"\",job=\"j\"} 4\n"},
		{"/job/j/instance/k",
			"m{job=\"x\",l=\"1\",instance=\"i\"} 1\nm{job=\"y\",l=\"2\",instance=\"i\"} 2\n# the end\n",
			"m{instance=\"k\",job=\"j\",l=\"1\"} 1\nm{instance=\"k\",job=\"j\",l=\"2\"} 2\n"},
		/* Order stays, numbers are the shortest. */
		{"/job/j", "m{x=\"2\"} 1.0e3\nm{x=\"1\"} 16.00\n",
			"m{instance=\"\",job=\"j\",x=\"2\"} 1000\nm{instance=\"\",job=\"j\",x=\"1\"} 16\n"},
		{"/job/j/n/1", "# TYPE h histogram\nh_count 3\nh_sum 1.5\nh_bucket{le=\"1.0\"} 1\n",
			"h_bucket{instance=\"\",job=\"j\",le=\"1\",n=\"1\"} 1\n"
			"h_bucket{instance=\"\",job=\"j\",le=\"+Inf\",n=\"1\"} 3\n"
			"h_sum{instance=\"\",job=\"j\",n=\"1\"} 1.5\n"
			"h_count{instance=\"\",job=\"j\",n=\"1\"} 3\n"},
		{"/job/j", "# TYPE s summary\ns{quantile=\"0.50\"} 1\ns_count 2\n",
			"s{instance=\"\",job=\"j\",quantile=\"0.5\"} 1\ns_sum{instance=\"\",job=\"j\"} 0\n"
			"s_count{instance=\"\",job=\"j\"} 2\n"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buffer out;
		struct error error;
		struct fingerprint fingerprints[SERIES_MAX];
		buffer_init(&out, 10000);
		assert_int_equal(write_samples(&out, cases[i].path, cases[i].text, fingerprints, &error), 0);
		if (!slice_is(buffer_slice(&out), cases[i].lines))
			fail_msg("got\n%.*s\nexpected\n%s", SLICE_PRINTF(buffer_slice(&out)), cases[i].lines);
		buffer_release(&out);
	}
}

static struct fingerprint fingerprint_of(const char *path, const char *text)
{
	struct buffer out;
	struct error error;
	struct fingerprint fingerprints[SERIES_MAX];
	buffer_init(&out, 10000);
	assert_int_equal(write_samples(&out, path, text, fingerprints, &error), 0);
	buffer_release(&out);
	return fingerprints[0];
}

/* By the name and the labels, whatever brings them in. */
static void a_fingerprint_is_of_the_series(void **state)
{
	struct fingerprint one = fingerprint_of("/job/j/x/1", "m{y=\"2\"} 1\n");
	assert_true(fingerprint_equal(one, fingerprint_of("/job/j", "m{y=\"2\",x=\"1\"} 5\n")));
	assert_true(fingerprint_equal(one, fingerprint_of("/job/j", "m{x=\"1\",y=\"2\",instance=\"\"} 5\n")));
	assert_false(fingerprint_equal(one, fingerprint_of("/job/j", "n{y=\"2\",x=\"1\"} 1\n")));
	assert_false(fingerprint_equal(one, fingerprint_of("/job/j", "m{y=\"2\",x=\"0\"} 1\n")));
	assert_false(fingerprint_equal(one, fingerprint_of("/job/k", "m{y=\"2\",x=\"1\"} 1\n")));
	struct fingerprint summary = fingerprint_of("/job/j", "# TYPE s summary\ns{quantile=\"0.5\"} 1\n");
	assert_true(fingerprint_equal(
		summary, fingerprint_of("/job/j", "# TYPE s summary\ns{quantile=\"0.9\"} 1\ns_count 1\n")));
}

static void series_are_found_again(void **state)
{
	static const struct {
		const char *name, *text, *labels[2];
		enum metric_type type;
	} cases[] = {
		{"h", "# TYPE h histogram\nh_count{x=\"} 1\"} 1\nh_count{x=\"b\"} 1\n",
			{"instance=\"\",job=\"j\",x=\"} 1\"", "instance=\"\",job=\"j\",x=\"b\""}, METRIC_HISTOGRAM},
		{"s", "# TYPE s summary\ns{quantile=\"0.5\"} 1\ns_sum 2\ns{x=\"_count\"} 1\n",
			{"instance=\"\",job=\"j\"", "instance=\"\",job=\"j\",x=\"_count\""}, METRIC_SUMMARY},
		{"a_count", "a_count 1\na_count{x=\"\\n#\"} 2\n",
			{"instance=\"\",job=\"j\"", "instance=\"\",job=\"j\",x=\"\\n#\""}, METRIC_UNTYPED},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buffer out;
		struct error error;
		struct fingerprint fingerprints[SERIES_MAX];
		struct canonical_series series;
		buffer_init(&out, 10000);
		assert_int_equal(write_samples(&out, "/job/j", cases[i].text, fingerprints, &error), 0);
		canonical_series_init(&series, buffer_slice(&out), slice_of(cases[i].name), cases[i].type);
		for (size_t k = 0; k < 2; k++) {
			assert_true(canonical_series_next(&series));
			assert_true(slice_is(series.labels, cases[i].labels[k]));
			assert_true(fingerprint_equal(canonical_series_fingerprint(&series), fingerprints[k]));
		}
		assert_false(canonical_series_next(&series));
		buffer_release(&out);
	}
}

static void a_bound_in_the_key_is_refused(void **state)
{
	static const struct {
		const char *path, *text, *message; /* NULL where it is fine */
	} cases[] = {
		{"/job/j/le/1", "# TYPE h histogram\nh_count 1\n",
			"collected metric \"h\" is a histogram, whose samples can't have the grouping label \"le\""},
		{"/job/j/quantile/1", "# TYPE s summary\ns_count 1\n",
			"collected metric \"s\" is a summary, whose samples can't have the grouping label "
			"\"quantile\""},
		{"/job/j/le/1", "# TYPE s summary\ns_count 1\n", NULL},
		{"/job/j/quantile/1", "# TYPE h histogram\nh_count 1\n", NULL},
		{"/job/j/le/1/quantile/1", "m 1\n", NULL},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buffer out;
		struct error error;
		struct fingerprint fingerprints[SERIES_MAX];
		buffer_init(&out, 10000);
		int result = write_samples(&out, cases[i].path, cases[i].text, fingerprints, &error);
		assert_int_equal(result, cases[i].message == NULL ? 0 : -1);
		if (cases[i].message != NULL) {
			assert_int_equal(error.kind, ERROR_INCONSISTENT);
			assert_int_equal(error.line, 1);
			assert_string_equal(error.message, cases[i].message);
		}
		buffer_release(&out);
	}
}

static void a_head_is_written(void **state)
{
	struct buffer out;
	buffer_init(&out, 1000);
	assert_int_equal(canonical_append_head(&out, slice_of("a"), slice_of("x\\n"), METRIC_UNTYPED), 0);
	assert_int_equal(canonical_append_head(&out, slice_of("b"), slice_of(""), METRIC_COUNTER), 0);
	assert_int_equal(canonical_append_head(&out, slice_of("c"), (struct slice){0}, METRIC_HISTOGRAM), 0);
	assert_true(slice_is(buffer_slice(&out), "# HELP a x\\n\n# TYPE a untyped\n# HELP b \n# TYPE b counter\n"
						 "# TYPE c histogram\n"));
	buffer_release(&out);
}

static void a_full_buffer_is_too_large(void **state)
{
	struct buffer out;
	struct error error;
	struct fingerprint fingerprints[SERIES_MAX];
	buffer_init(&out, 20);
	assert_int_equal(write_samples(&out, "/job/j", "m 1\n", fingerprints, &error), -1);
	assert_int_equal(error.kind, ERROR_TOO_LARGE);
	assert_string_equal(error.message, "the text of the group is over the limit of 20 bytes");
	buffer_release(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_are_canonical),
		cmocka_unit_test(a_fingerprint_is_of_the_series),
		cmocka_unit_test(series_are_found_again),
		cmocka_unit_test(a_bound_in_the_key_is_refused),
		cmocka_unit_test(a_head_is_written),
		cmocka_unit_test(a_full_buffer_is_too_large),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
