#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "canonical.h"
#include "encode.h"
#include "protobuf.h"

static const struct limits limits = {
	.body = SIZE_MAX,
	.name = SIZE_MAX,
	.label_value = SIZE_MAX,
	.labels = SIZE_MAX,
	.utf8_names = true,
};

static void parse(struct exposition *exposition, const char *text)
{
	struct error error = {0};
	exposition_init(exposition);
	if (exposition_parse(exposition, slice_of(text), &limits, &error) == -1)
		fail_msg("%u: %s", error.line, error.message);
}

static void append_text(struct buffer *out, const struct exposition *exposition)
{
	const struct canonical_key no_labels = {.default_instance = SIZE_MAX};
	struct error error;
	for (uint32_t i = 0; i < exposition->family_count; i++) {
		const struct metric_family *family = &exposition->families[i];
		assert_int_equal(canonical_append_head(out, family->name, family->help, family->type), 0);
		assert_int_equal(canonical_append_samples(out, exposition, family, &no_labels, NULL, &error), 0);
	}
	assert_int_equal(buffer_append_byte(out, '\0'), 0);
}

/* The escaped text, which is a valid one of plain names, and how much was left out. */
static void assert_escaped(const char *text, enum escaping_scheme scheme, const char *expected, size_t expected_dropped)
{
	struct limits plain = limits;
	struct exposition exposition, again;
	struct error error = {0};
	struct buffer out;
	size_t dropped = 99;
	buffer_init(&out, 1 << 20);
	parse(&exposition, text);
	assert_int_equal(encode_escape_names(&exposition, scheme, &dropped, &error), 0);
	append_text(&out, &exposition);
	assert_string_equal(out.data, expected);
	assert_int_equal(dropped, expected_dropped);
	if (scheme != ESCAPING_NONE) {
		plain.utf8_names = false;
		exposition_init(&again);
		if (exposition_parse(&again, slice_of(out.data), &plain, &error) == -1)
			fail_msg("%u: %s", error.line, error.message);
		exposition_release(&again);
	}
	buffer_release(&out);
	exposition_release(&exposition);
}

static void test_nothing_to_escape(void **state)
{
	static const char text[] = "# TYPE a gauge\na{x_y=\"1\"} 1\n";
	assert_escaped(text, ESCAPING_UNDERSCORES, text, 0);
	assert_escaped("", ESCAPING_VALUES, "", 0);
	static const char quoted[] = "# TYPE \"a.b\" gauge\n{\"a.b\",\"x.y\"=\"1\"} 1\n";
	assert_escaped(quoted, ESCAPING_NONE, quoted, 0);
}

/* Of families the one goes on that was pushed under that name, then the first in order, with its type. */
static void test_families(void **state)
{
	static const char three[] = "# TYPE \"a-b\" counter\n{\"a-b\"} 1\n# TYPE \"a.b\" gauge\n{\"a.b\",x=\"1\"} 2\n"
				    "{\"a.b\",x=\"2\"} 3\n";
	assert_escaped(three, ESCAPING_UNDERSCORES, "# TYPE a_b counter\na_b 1\n", 2);
	assert_escaped(three, ESCAPING_DOTS,
		"# TYPE a__b counter\na__b 1\n# TYPE a_dot_b gauge\na_dot_b{x=\"1\"} 2\na_dot_b{x=\"2\"} 3\n", 0);
	assert_escaped("# TYPE \"a.b\" gauge\n{\"a.b\"} 2\n# TYPE a_b untyped\na_b 3\n", ESCAPING_UNDERSCORES,
		"# TYPE a_b untyped\na_b 3\n", 1);
	assert_escaped("# TYPE \"a.b\" gauge\n{\"a.b\"} 2\n# TYPE a_dot_b gauge\na_dot_b 3\n", ESCAPING_DOTS,
		"# TYPE a_dot_b gauge\na_dot_b 3\n", 1);
	assert_escaped("# TYPE \"a.b\" gauge\n{\"a.b\"} 2\n# TYPE U__a_2e_b gauge\nU__a_2e_b 3\n", ESCAPING_VALUES,
		"# TYPE U__a_2e_b gauge\nU__a_2e_b 3\n", 1);
}

/* Lines of a summary or a histogram have names, too. */
static void test_lines_of_distributions(void **state)
{
	assert_escaped("# TYPE \"h.x\" histogram\n{\"h.x_bucket\",le=\"+Inf\"} 1\n{\"h.x_sum\"} 1\n{\"h.x_count\"} 1\n"
		       "# TYPE h_x_count gauge\nh_x_count 5\n",
		ESCAPING_UNDERSCORES, "# TYPE h_x_count gauge\nh_x_count 5\n", 1);
	assert_escaped("# TYPE \"h_x-sum\" gauge\n{\"h_x-sum\"} 5\n"
		       "# TYPE h_x summary\nh_x_sum 1\nh_x_count 1\n",
		ESCAPING_UNDERSCORES, "# TYPE h_x summary\nh_x_sum 1\nh_x_count 1\n", 1);
	/* h-x is left out for h_x, so that h_x_count is nobody's. */
	assert_escaped("# TYPE \"h-x\" summary\n{\"h-x_sum\"} 1\n{\"h-x_count\"} 1\n"
		       "# TYPE h_x gauge\nh_x 2\n# TYPE \"h_x-count\" gauge\n{\"h_x-count\"} 3\n",
		ESCAPING_UNDERSCORES, "# TYPE h_x gauge\nh_x 2\n# TYPE h_x_count gauge\nh_x_count 3\n", 1);
}

/* Of series the one stays whose labels were pushed so, then the first in order; the others keep their order. */
static void test_series(void **state)
{
	assert_escaped("# TYPE a gauge\na{\"x.y\"=\"1\"} 1\na{z=\"0\"} 2\na{\"x-y\"=\"1\"} 3\na{x_y=\"1\"} 4\n"
		       "a{\"x.y\"=\"2\"} 5\na{\"x-y\"=\"2\"} 6\n",
		ESCAPING_UNDERSCORES, "# TYPE a gauge\na{z=\"0\"} 2\na{x_y=\"1\"} 4\na{x_y=\"2\"} 5\n", 3);
	assert_escaped("# TYPE h histogram\nh_bucket{\"x.y\"=\"1\",le=\"1\"} 1\nh_bucket{\"x.y\"=\"1\",le=\"+Inf\"} 2\n"
		       "h_sum{\"x.y\"=\"1\"} 3\nh_count{\"x.y\"=\"1\"} 2\n"
		       "h_bucket{\"x-y\"=\"1\",le=\"+Inf\"} 4\nh_sum{\"x-y\"=\"1\"} 5\nh_count{\"x-y\"=\"1\"} 4\n",
		ESCAPING_UNDERSCORES,
		"# TYPE h histogram\nh_bucket{le=\"1\",x_y=\"1\"} 1\nh_bucket{le=\"+Inf\",x_y=\"1\"} 2\n"
		"h_sum{x_y=\"1\"} 3\nh_count{x_y=\"1\"} 2\n",
		1);
	/* The last of a family goes. */
	assert_escaped("# TYPE a gauge\na{\"x.y\"=\"1\"} 1\na{\"x-y\"=\"1\"} 3\n# TYPE b gauge\nb 1\n",
		ESCAPING_UNDERSCORES, "# TYPE a gauge\na{x_y=\"1\"} 1\n# TYPE b gauge\nb 1\n", 1);
}

/* Of labels in one series likewise; none becomes the name of the family. Then the series may be one that is there. */
static void test_labels(void **state)
{
	assert_escaped("# TYPE a gauge\na{\"x-y\"=\"1\",\"x.y\"=\"2\",b=\"c\"} 1\n", ESCAPING_UNDERSCORES,
		"# TYPE a gauge\na{b=\"c\",x_y=\"1\"} 1\n", 0);
	assert_escaped("# TYPE a gauge\na{\"..name..\"=\"evil\",\"x.y\"=\"2\"} 1\n", ESCAPING_UNDERSCORES,
		"# TYPE a gauge\na{x_y=\"2\"} 1\n", 0);
	assert_escaped(
		"# TYPE a gauge\na 1\na{\"..name..\"=\"evil\"} 2\n", ESCAPING_UNDERSCORES, "# TYPE a gauge\na 1\n", 1);
	assert_escaped(
		"# TYPE a gauge\na{\"x:y\"=\"2\"} 1\n", ESCAPING_UNDERSCORES, "# TYPE a gauge\na{x_y=\"2\"} 1\n", 0);
}

/* The rest of protobuf follows the series that stays. */
static void test_protobuf(void **state)
{
	struct exposition exposition, again;
	struct error error;
	struct buffer out;
	size_t dropped;
	buffer_init(&out, 1 << 20);
	parse(&exposition, "# TYPE \"a.b\" gauge\n{\"a.b\",\"x.y\"=\"1\"} 1\n{\"a.b\",\"x-y\"=\"1\"} 3\n");
	assert_int_equal(encode_escape_names(&exposition, ESCAPING_UNDERSCORES, &dropped, &error), 0);
	assert_int_equal(dropped, 1);
	assert_int_equal(protobuf_append_family(&out, &exposition, &exposition.families[0], &error), 0);
	exposition_init(&again);
	assert_int_equal(protobuf_parse(&again, buffer_slice(&out), &limits, &error), 0);
	assert_int_equal(again.metric_count, 1);
	assert_true(slice_is(again.families[0].name, "a_b"));
	assert_true(slice_is(again.labels[0].name, "x_y"));
	assert_true(again.metrics[0].value == 1);
	exposition_release(&again);
	exposition_release(&exposition);
	buffer_release(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing_to_escape),
		cmocka_unit_test(test_families),
		cmocka_unit_test(test_lines_of_distributions),
		cmocka_unit_test(test_series),
		cmocka_unit_test(test_labels),
		cmocka_unit_test(test_protobuf),
	};
	return cmocka_run_group_tests_name("encode", tests, NULL, NULL);
}
