/* What of protobuf the model of an exposition does not hold, and is kept beside it (support/messages.h has the
 * notation). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

#include "support/bytes.h"
#include "support/messages.h"

static const struct limits limits = LIMITS_DEFAULT;

static void what_the_model_holds_has_no_native(void **state)
{
	assert_messages_kept("1:'c' 2:'a\\b' 3:0 4:{1:{1:'a' 2:'b\nc'} 3:{1:2.0}};", 0);
	assert_messages_kept("1:'u' 3:3 4:{5:{1:nan}} 4:{1:{1:'a' 2:''} 5:{1:-0.0}};", 0);
	assert_messages_kept("1:'s' 3:2 4:{4:{1:10 2:2.5 3:{1:0.5 2:1.0} 3:{1:0.9 2:nan}}};", 0);
	assert_messages_kept(
		"1:'h' 3:4 4:{7:{1:4 2:5.5 3:{1:1 2:0.1}}} 4:{1:{1:'a' 2:'b'} 7:{1:1 2:0.0 3:{1:1 2:inf}}};", 0);
	assert_messages_kept("1:'h' 3:4 4:{7:{2:5.5 3:{2:1.0 4:2.0} 4:2.5}};", 0);
	assert_messages_kept("1:'h' 3:4 4:{7:{1:9007199254740992 2:0.0}};", 0);
}

static void what_it_does_not_hold_is_kept(void **state)
{
	assert_messages_kept("1:'c' 3:0 4:{1:{1:'a' 2:'b'} 3:{1:2.0 2:{1:{1:'id' 2:'7'} 2:1.0 3:{1:5 2:6}}}};", 1);
	assert_messages_kept("1:'c' 3:0 4:{3:{1:2.0 3:{1:5}}} 4:{1:{1:'a' 2:'b'} 3:{1:2.0}};", 1);
	assert_messages_kept("1:'s' 3:2 4:{4:{1:9007199254740993 2:0.0}};", 1);
	assert_messages_kept("1:'s' 3:2 4:{4:{1:1 2:0.0 4:{1:5}}};", 1);
	assert_messages_kept("1:'h' 3:4 4:{7:{1:1 2:0.0 3:{1:9007199254740993 2:1.0}}};", 1);
	assert_messages_kept("1:'h' 3:4 4:{7:{1:1 2:0.0 3:{1:1 2:1.0 3:{2:0.5}}}};", 1);
	assert_messages_kept("1:'h' 3:4 4:{7:{1:1 2:0.0 3:{1:1 2:nan}}};", 1);
	/* Integers as floats. */
	assert_messages_kept("1:'h' 3:4 4:{7:{2:0.0 3:{2:1.0 4:2.0} 4:2.0}};", 1);
	/* Not the first metric. */
	assert_messages_kept("1:'c' 3:0 4:{3:{1:1.0}} 4:{1:{1:'a' 2:'b'} 3:{1:2.0 3:{1:5}}};", 1);
	/* Fields that nobody knows. */
	assert_messages_kept("1:'g' 3:1 4:{2:{1:1.0 77:'x'} 78:{1:2}};", 1);
	/* More than one value. */
	assert_messages_kept("1:'g' 3:1 4:{2:{1:1.0} 3:{1:2.0}};", 1);
}

static void native_histograms_are_kept(void **state)
{
	static const char integers[] =
		"1:'h' 3:4 4:{1:{1:'a' 2:'b'} 7:{1:5 2:999.0 5:2z 6:0.001 7:1 9:{1:8z 2:1} 10:1z "
		"12:{1:3z 2:1} 12:{1:6z 2:2} 13:1z 13:-1z 13:2z 16:{2:1.0 3:{1:5}}}};";
	static const char floats[] =
		"1:'h' 3:4 4:{7:{2:2.0 4:6.5 5:-4z 6:0.001 8:0.5 9:{1:-2z 2:1} 11:2.0 12:{1:0z 2:2} "
		"14:1.5 14:2.5 15:{1:1}}};";
	assert_messages_kept(integers, 1);
	assert_messages_kept(floats, 1);
	assert_message_text(floats, 1, "# TYPE h histogram\nh_bucket{le=\"+Inf\"} 6.5\nh_sum 2\nh_count 6.5\n");
}

static void native_histograms_that_prometheus_refuses_are_refused(void **state)
{
	static const struct {
		const char *notation, *wrong;
	} cases[] = {
		{"1:'h' 3:4 4:{7:{1:1 12:{2:2} 13:1z}};", "spans that don't fit its buckets"},
		{"1:'h' 3:4 4:{7:{4:1.5 9:{2:2} 11:1.5}};", "spans that don't fit its buckets"},
		{"1:'h' 3:4 4:{7:{1:2 12:{2:1} 12:{1:-1z 2:1} 13:1z 13:0z}};",
			"a span of buckets with a negative offset"},
		{"1:'h' 3:4 4:{7:{1:1 12:{2:2} 13:1z 13:-2z}};", "a bucket with a negative count"},
		{"1:'h' 3:4 4:{7:{4:1.5 12:{2:1} 14:-1.0}};", "a bucket with a negative count"},
		{"1:'h' 3:4 4:{7:{4:1.5 8:-1.0 12:{2:1} 14:1.0}};", "a bucket with a negative count"},
		{"1:'h' 3:4 4:{7:{1:3 12:{2:1} 13:1z}};", "a count that is not that of its buckets"},
		{"1:'h' 3:4 4:{7:{1:1 2:nan 12:{2:1} 13:2z}};", "a count that is not that of its buckets"},
		{"1:'h' 3:4 4:{7:{1:1 5:9z 12:{2:1} 13:1z}};", "a native histogram of an unknown schema"},
		{"1:'h' 3:4 4:{7:{16:{1:{1:'\xff'}}}};", "an exemplar that is not UTF-8"},
		{"1:'h' 3:4 4:{7:{3:{3:{1:{2:'\xff'}}}}};", "an exemplar that is not UTF-8"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char message[200];
		struct messages messages;
		parse_messages(&messages, cases[i].notation);
		snprintf(message, sizeof(message), "collected metric \"h\" has %s", cases[i].wrong);
		assert_int_equal(messages.status, -1);
		assert_string_equal(messages.error.message, message);
		assert_int_equal(messages.error.kind, ERROR_INCONSISTENT);
		release_messages(&messages);
	}
	assert_messages_kept("1:'h' 3:4 4:{7:{1:3 2:nan 12:{1:0z 2:1} 13:2z}};", 1);
}

static void unit_and_gauge_histogram_are_kept_with_the_first_metric(void **state)
{
	assert_messages_kept("1:'g' 3:1 4:{2:{1:1.0}} 4:{1:{1:'a' 2:'b'} 2:{1:2.0}} 5:'seconds';", 1);
	assert_messages_kept("1:'h' 3:5 4:{7:{1:3 2:0.0}} 4:{1:{1:'a' 2:'b'} 7:{1:3 2:0.0}};", 1);
	assert_message_text(
		"1:'h' 3:5 4:{7:{1:3}};", 1, "# TYPE h histogram\nh_bucket{le=\"+Inf\"} 3\nh_sum 0\nh_count 3\n");
}

static void a_native_is_a_family_without_name_and_labels(void **state)
{
	struct messages messages;
	struct buffer expected;
	parse_messages(&messages, "1:'c' 2:'h' 3:0 4:{1:{1:'a' 2:'b'} 3:{3:{1:5}} 6:7} 5:'s';");
	encode_messages(&expected, "3:0 4:{3:{1:0.0 3:{1:5}}} 5:'s';");
	assert_int_equal(messages.status, 0);
	assert_int_equal(messages.exposition.native_count, 1);
	assert_int_equal(messages.exposition.natives[0].metric, 0);
	assert_bytes(messages.exposition.natives[0].message, slice_make(expected.data + 1, expected.len - 1));
	buffer_release(&expected);
	release_messages(&messages);
}

/* What client_golang 1.14 pushed for a native histogram with observations 0.5, 1.5, -3, 1000 and 0. */
static void a_real_native_histogram_comes_back(void **state)
{
	static const unsigned char pushed[] = {0x55, 0x0a, 0x11, 'g', 'o', '_', 'n', 'a', 't', 'i', 'v', 'e', '_', 's',
		'e', 'c', 'o', 'n', 'd', 's', 0x12, 0x02, 'N', '.', 0x18, 0x04, 0x22, 0x3a, 0x3a, 0x38, 0x08, 0x05,
		0x11, 0x00, 0x00, 0x00, 0x00, 0x00, 0x38, 0x8f, 0x40, 0x28, 0x02, 0x31, 0x00, 0x00, 0x00, 0x00, 0x00,
		0x00, 0xf0, 0x37, 0x38, 0x01, 0x4a, 0x04, 0x08, 0x08, 0x10, 0x01, 0x50, 0x02, 0x62, 0x04, 0x08, 0x03,
		0x10, 0x01, 0x62, 0x04, 0x08, 0x06, 0x10, 0x01, 0x62, 0x04, 0x08, 0x22, 0x10, 0x01, 0x68, 0x02, 0x68,
		0x00, 0x68, 0x00};
	struct messages messages;
	struct buffer out;
	buffer_init(&out, 1 << 20);
	buffer_init(&messages.bytes, 1 << 20);
	assert_int_equal(buffer_append(&messages.bytes, pushed, sizeof(pushed)), 0);
	parse_message_bytes(&messages, &limits);
	assert_int_equal(messages.status, 0);
	append_protobuf(&out, &messages.exposition);
	assert_bytes(buffer_slice(&out), buffer_slice(&messages.bytes));
	buffer_clear(&out);
	append_exposition_text(&out, &messages.exposition);
	assert_string_equal(out.data, "# HELP go_native_seconds N.\n# TYPE go_native_seconds histogram\n"
				      "go_native_seconds_bucket{le=\"+Inf\"} 5\ngo_native_seconds_sum 999\n"
				      "go_native_seconds_count 5\n");
	buffer_release(&out);
	release_messages(&messages);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_the_model_holds_has_no_native),
		cmocka_unit_test(what_it_does_not_hold_is_kept),
		cmocka_unit_test(native_histograms_are_kept),
		cmocka_unit_test(native_histograms_that_prometheus_refuses_are_refused),
		cmocka_unit_test(unit_and_gauge_histogram_are_kept_with_the_first_metric),
		cmocka_unit_test(a_native_is_a_family_without_name_and_labels),
		cmocka_unit_test(a_real_native_histogram_comes_back),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
