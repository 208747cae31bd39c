/* Expositions become protobuf, with the natives that were kept of them (support/messages.h has the notation). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/bytes.h"
#include "support/messages.h"

static const struct limits limits = LIMITS_DEFAULT;

static void parse_text(struct exposition *exposition, const char *text)
{
	struct error error;
	exposition_init(exposition);
	assert_int_equal(exposition_parse(exposition, slice_of(text), &limits, &error), 0);
}

static void text_is_written(void **state)
{
	static const struct {
		const char *text, *notation;
	} cases[] = {
		{"# HELP c a\\\\b\\n\n# TYPE c counter\nc{b=\"2\",a=\"\\\"\\\\\\n\"} 1\nc 2\n",
			"1:'c' 2:'a\\b\n' 3:0 4:{1:{1:'a' 2:'\"\\\n'} 1:{1:'b' 2:'2'} 3:{1:1.0}} 4:{3:{1:2.0}};"},
		{"g 1\n", "1:'g' 3:3 4:{5:{1:1.0}};"},
		{"# TYPE s summary\ns{quantile=\"0.5\"} 3\ns_sum 2\ns_count 1\n",
			"1:'s' 3:2 4:{4:{1:1 2:2.0 3:{1:0.5 2:3.0}}};"},
		{"# TYPE h histogram\nh_bucket{le=\"1\"} 2\nh_bucket{le=\"+Inf\"} 3\nh_sum 4\nh_count 3\n",
			"1:'h' 3:4 4:{7:{1:3 2:4.0 3:{1:2 2:1.0} 3:{1:3 2:inf}}};"},
		{"# TYPE h histogram\nh_bucket{le=\"1\"} 2\nh_count 2\n", "1:'h' 3:4 4:{7:{1:2 2:0.0 3:{1:2 2:1.0}}};"},
		{"# TYPE h histogram\nh_bucket{le=\"1\"} 2\nh_sum 4\nh_count 2.5\n",
			"1:'h' 3:4 4:{7:{2:4.0 3:{2:1.0 4:2.0} 4:2.5}};"},
		{"# TYPE h histogram\nh_bucket{le=\"1\"} 2.5\nh_sum 4\nh_count 3\n",
			"1:'h' 3:4 4:{7:{2:4.0 3:{2:1.0 4:2.5} 4:3.0}};"},
		{"# TYPE h histogram\nh_count 1e30\n", "1:'h' 3:4 4:{7:{2:0.0 4:1000000000000000019884624838656.0}};"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct exposition exposition;
		struct buffer out, expected;
		buffer_init(&out, 1 << 20);
		encode_messages(&expected, cases[i].notation);
		parse_text(&exposition, cases[i].text);
		append_protobuf(&out, &exposition);
		assert_bytes(buffer_slice(&out), buffer_slice(&expected));
		exposition_release(&exposition);
		buffer_release(&out);
		buffer_release(&expected);
	}
}

static void a_full_buffer_stays_as_it_was(void **state)
{
	struct exposition exposition;
	struct buffer out;
	struct error error;
	parse_text(&exposition, "g 1\n");
	for (size_t max = 2; max < 20; max++) {
		buffer_init(&out, max);
		assert_int_equal(buffer_append_string(&out, "ab"), 0);
		assert_int_equal(protobuf_append_family(&out, &exposition, &exposition.families[0], &error), -1);
		assert_int_equal(error.kind, ERROR_TOO_LARGE);
		assert_true(slice_is(buffer_slice(&out), "ab"));
		buffer_release(&out);
	}
	buffer_init(&out, 21);
	assert_int_equal(buffer_append_string(&out, "ab"), 0);
	assert_int_equal(protobuf_append_family(&out, &exposition, &exposition.families[0], &error), 0);
	assert_int_equal(out.len, 21);
	buffer_release(&out);
	exposition_release(&exposition);
}

/* Attaches what `notation` (without a length) describes to the first metric of the text. */
static int attach(const char *text, const char *notation, struct buffer *written, struct error *error)
{
	struct exposition exposition;
	struct buffer native;
	parse_text(&exposition, text);
	encode_messages(&native, notation);
	struct slice message = slice_make(native.data + 1, native.len - 1);
	int status = protobuf_attach_native(&exposition, &exposition.families[0], 0, message, &limits, error);
	buffer_init(written, 1 << 20);
	if (status == 0)
		append_protobuf(written, &exposition);
	buffer_release(&native);
	exposition_release(&exposition);
	return status;
}

static void a_native_is_attached_to_its_metric(void **state)
{
	static const struct {
		const char *text, *native, *written;
	} cases[] = {
		{"# TYPE c counter\nc{a=\"b\"} 2\n", "3:0 4:{3:{1:2.0 3:{1:5}}};",
			"1:'c' 3:0 4:{1:{1:'a' 2:'b'} 3:{1:2.0 3:{1:5}}};"},
		{"# TYPE h histogram\nh_bucket{le=\"+Inf\"} 3\nh_sum NaN\nh_count 3\n",
			"3:5 4:{7:{1:3 2:nan 12:{1:0z 2:1} 13:2z}} 5:'s';",
			"1:'h' 3:5 4:{7:{1:3 2:nan 12:{1:0z 2:1} 13:2z}} 5:'s';"},
		{"# TYPE s summary\ns{quantile=\"0.5\"} NaN\ns_sum 0\ns_count 1\n",
			"3:2 4:{4:{1:1 2:0.0 3:{1:0.5 2:nan} 4:{1:5}}};",
			"1:'s' 3:2 4:{4:{1:1 2:0.0 3:{1:0.5 2:nan} 4:{1:5}}};"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buffer written, expected;
		struct error error;
		assert_int_equal(attach(cases[i].text, cases[i].native, &written, &error), 0);
		encode_messages(&expected, cases[i].written);
		assert_bytes(buffer_slice(&written), buffer_slice(&expected));
		buffer_release(&written);
		buffer_release(&expected);
	}
}

static void what_does_not_fit_is_not_attached(void **state)
{
	static const char does_not_fit[] = "the protobuf kept for a metric does not fit it";
	static const struct {
		const char *text, *native, *message;
		enum error_kind kind;
	} cases[] = {
		/* Another value, another type, labels, a timestamp, a name, nothing that needs a native, two metrics.
		 */
		{"# TYPE c counter\nc 3\n", "3:0 4:{3:{1:2.0 3:{1:5}}};", does_not_fit, ERROR_INCONSISTENT},
		{"# TYPE c gauge\nc 2\n", "3:0 4:{3:{1:2.0 3:{1:5}}};", does_not_fit, ERROR_INCONSISTENT},
		{"# TYPE c counter\nc 2\n", "3:0 4:{1:{1:'a' 2:'b'} 3:{1:2.0 3:{1:5}}};", does_not_fit,
			ERROR_INCONSISTENT},
		{"# TYPE c counter\nc 2\n", "3:0 4:{3:{1:2.0 3:{1:5}} 6:7};", does_not_fit, ERROR_INCONSISTENT},
		{"# TYPE c counter\nc 2\n", "1:'c' 3:0 4:{3:{1:2.0 3:{1:5}}};", does_not_fit, ERROR_INCONSISTENT},
		{"# TYPE c counter\nc 2\n", "3:0 4:{3:{1:2.0}};", does_not_fit, ERROR_INCONSISTENT},
		{"# TYPE c counter\nc 2\n", "3:0 4:{3:{1:2.0 3:{1:5}}} 4:{3:{1:2.0 3:{1:5}}};", does_not_fit,
			ERROR_INCONSISTENT},
		{"# TYPE c counter\nc 2\n", ";", does_not_fit, ERROR_INCONSISTENT},
		{"# TYPE s summary\ns{quantile=\"0.5\"} 2\ns_sum 0\ns_count 1\n",
			"3:2 4:{4:{1:1 2:0.0 3:{1:0.5 2:1.0} 4:{1:5}}};", does_not_fit, ERROR_INCONSISTENT},
		{"# TYPE s summary\ns{quantile=\"0.5\"} 1\ns{quantile=\"0.9\"} 1\ns_sum 0\ns_count 1\n",
			"3:2 4:{4:{1:1 2:0.0 3:{1:0.5 2:1.0} 4:{1:5}}};", does_not_fit, ERROR_INCONSISTENT},
		{"# TYPE s summary\ns_sum 1\ns_count 1\n", "3:2 4:{4:{1:1 2:0.0 4:{1:5}}};", does_not_fit,
			ERROR_INCONSISTENT},
		{"# TYPE h histogram\nh_bucket{le=\"+Inf\"} 2\nh_sum 0\nh_count 1\n", "3:4 4:{7:{1:1 2:0.0 15:{1:5}}};",
			does_not_fit, ERROR_INCONSISTENT},
		{"# TYPE h histogram\nh_bucket{le=\"+Inf\"} 1\nh_bucket{le=\"2\"} 1\nh_sum 0\nh_count 1\n",
			"3:4 4:{7:{1:1 2:0.0 15:{1:5}}};", does_not_fit, ERROR_INCONSISTENT},
		{"# TYPE s summary\ns_sum 0\ns_count 1\n", "3:2 4:{4:{1:1 2:0.0 3:{1:0.5 2:1.0} 4:{1:5}}};",
			does_not_fit, ERROR_INCONSISTENT},
		{"# TYPE c counter\nc 2\n", "3:0 4:'\x1a\x05';", "a metric of \"x\" is malformed", ERROR_SYNTAX},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buffer written;
		struct error error;
		assert_int_equal(attach(cases[i].text, cases[i].native, &written, &error), -1);
		assert_string_equal(error.message, cases[i].message);
		assert_int_equal(error.kind, cases[i].kind);
		buffer_release(&written);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_is_written),
		cmocka_unit_test(a_full_buffer_stays_as_it_was),
		cmocka_unit_test(a_native_is_attached_to_its_metric),
		cmocka_unit_test(what_does_not_fit_is_not_attached),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
