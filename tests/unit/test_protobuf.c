/* Protobuf becomes expositions (support/messages.h has the notation). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/bytes.h"
#include "support/messages.h"

static const struct limits limits = LIMITS_DEFAULT;

static void every_type_becomes_text(void **state)
{
	assert_message_text("1:'c' 2:'Help.' 3:0 4:{3:{1:2.0}};", 0, "# HELP c Help.\n# TYPE c counter\nc 2\n");
	assert_message_text("1:'c' 4:{3:{1:2.0}};", 0, "# TYPE c counter\nc 2\n");
	assert_message_text("1:'g' 3:1 4:{2:{1:-1.5}} 4:{1:{1:'a' 2:'b'} 2:{1:inf}};", 0,
		"# TYPE g gauge\ng -1.5\ng{a=\"b\"} +Inf\n");
	assert_message_text("1:'u' 3:3 4:{5:{1:nan}};", 0, "# TYPE u untyped\nu NaN\n");
	assert_message_text("1:'s' 3:2 4:{4:{1:10 2:2.5 3:{1:0.5 2:1.0} 3:{1:0.9 2:nan}}};", 0,
		"# TYPE s summary\ns{quantile=\"0.5\"} 1\ns{quantile=\"0.9\"} NaN\ns_sum 2.5\ns_count 10\n");
	assert_message_text("1:'h' 3:4 4:{7:{1:4 2:5.5 3:{1:1 2:0.1} 3:{1:3 2:1.0}}};", 0,
		"# TYPE h histogram\nh_bucket{le=\"0.1\"} 1\nh_bucket{le=\"1\"} 3\nh_bucket{le=\"+Inf\"} 4\n"
		"h_sum 5.5\nh_count 4\n");
}

static void absent_fields_are_zero(void **state)
{
	assert_message_text("1:'g' 3:1 4:{2:{}};", 0, "# TYPE g gauge\ng 0\n");
	assert_message_text(
		"1:'s' 3:2 4:{4:{3:{}}};", 0, "# TYPE s summary\ns{quantile=\"0\"} 0\ns_sum 0\ns_count 0\n");
	assert_message_text("1:'h' 3:4 4:{7:{3:{}}};", 0,
		"# TYPE h histogram\nh_bucket{le=\"0\"} 0\nh_bucket{le=\"+Inf\"} 0\nh_sum 0\nh_count 0\n");
}

static void fields_of_another_wire_type_are_unknown(void **state)
{
	assert_message_text("1:'g' 1:5 2:1.0 3:'x' 3:1 4:5 4:{2:{1:1.0}} 5:2 9:'x';", 0, "# TYPE g gauge\ng 1\n");
}

static void labels_are_sorted_and_escaped(void **state)
{
	assert_message_text("1:'g' 3:1 4:{1:{1:'b' 2:'x\"\\\n'} 1:{1:'c' 2:'é'} 1:{1:'a'} 2:{1:1.0}};", 0,
		"# TYPE g gauge\ng{a=\"\",b=\"x\\\"\\\\\\n\",c=\"é\"} 1\n");
}

static void a_label_value_may_hold_a_nul(void **state)
{
	struct messages messages;
	parse_messages(&messages, "1:'g' 3:1 4:{1:{1:'a' 2:'b@c'} 2:{1:1.0}};");
	assert_int_equal(messages.status, 0);
	assert_bytes(messages.exposition.labels[0].value, slice_make("b\0c", 3));
	release_messages(&messages);
	assert_messages_kept("1:'g' 3:1 4:{1:{1:'a' 2:'b@c'} 2:{1:1.0}};", 0);
}

static void help_is_as_the_text_format_has_it(void **state)
{
	assert_message_text("1:'g' 2:' \t a\\b\nc \"d\"' 3:1 4:{2:{1:1.0}};", 0,
		"# HELP g a\\\\b\\nc \"d\"\n# TYPE g gauge\ng 1\n");
	assert_message_text("1:'g' 2:'' 3:1 4:{2:{1:1.0}};", 0, "# TYPE g gauge\ng 1\n");
	assert_message_text("1:'g' 2:'  ' 3:1 4:{2:{1:1.0}};", 0, "# TYPE g gauge\ng 1\n");
}

static void the_last_family_of_a_name_wins(void **state)
{
	assert_message_text("1:'x' 3:1 4:{2:{1:1.0}}; 1:'a' 3:1 4:{2:{1:2.0}}; 1:'x' 2:'h' 3:0 4:{3:{1:3.0}};", 0,
		"# TYPE a gauge\na 2\n# HELP x h\n# TYPE x counter\nx 3\n");
	assert_message_text("1:'x' 3:1 4:{2:{1:1.0}}; 1:'x' 3:1;", 0, "");
	assert_message_text("1:'x' 3:1;", 0, "");
	assert_message_text("", 0, "");
}

static void a_family_with_the_name_of_a_part_stays_apart(void **state)
{
	static const char text[] = "# TYPE h histogram\nh_bucket{le=\"+Inf\"} 0\nh_sum 0\nh_count 0\n"
				   "# TYPE h_count gauge\nh_count 7\n";
	assert_message_text("1:'h' 3:4 4:{7:{}}; 1:'h_count' 3:1 4:{2:{1:7.0}};", 0, text);
	assert_message_text("1:'h_count' 3:1 4:{2:{1:7.0}}; 1:'h' 3:4 4:{7:{}};", 0, text);
}

static void a_timestamp_is_noted(void **state)
{
	struct messages messages;
	parse_messages(&messages,
		"1:'a' 3:1 4:{2:{1:1.0}}; 1:'x' 3:1 4:{1:{1:'a'} 2:{1:1.0}} 4:{2:{1:1.0} 6:5} 4:{2:{} 6:6};");
	assert_int_equal(messages.status, 0);
	assert_int_equal(messages.exposition.timestamp_line, 2);
	assert_int_equal(messages.exposition.timestamp_column, 2);
	assert_int_equal(messages.exposition.native_count, 0);
	release_messages(&messages);
}

/* By exposition_check(), which looks at names that the parser of text has not seen. */
static void a_reserved_label_name_is_inconsistent(void **state)
{
	struct messages messages;
	struct error error;
	parse_messages(&messages, "1:'x' 3:1 4:{1:{1:'a'} 2:{}} 4:{1:{1:'__b'} 2:{}};");
	assert_int_equal(messages.status, 0);
	assert_int_equal(exposition_check(&messages.exposition, &error), -1);
	assert_int_equal(error.kind, ERROR_INCONSISTENT);
	assert_string_equal(error.message, "collected metric \"x\" has a label with an invalid name: \"__b\"");
	release_messages(&messages);
}

static void what_is_wrong_is_refused(void **state)
{
	static const struct {
		const char *notation;
		enum error_kind kind;
		unsigned line, column;
		const char *message;
	} cases[] = {
		{"1:'';", ERROR_SYNTAX, 1, 0, "invalid metric name \"\""},
		{"3:1;", ERROR_SYNTAX, 1, 0, "invalid metric name \"\""},
		{"1:'a'; 1:'1x';", ERROR_SYNTAX, 2, 0, "invalid metric name \"1x\""},
		{"1:'a b';", ERROR_SYNTAX, 1, 0, "invalid metric name \"a b\""},
		{"1:'a@';", ERROR_SYNTAX, 1, 0, "invalid metric name \"a\\x00\""},
		{"1:'x' 3:6;", ERROR_SYNTAX, 1, 0, "unknown metric type 6 of metric name \"x\""},
		{"1:'x' 3:-1;", ERROR_SYNTAX, 1, 0, "unknown metric type 18446744073709551615 of metric name \"x\""},
		{"1:'x' 2:'\xff';", ERROR_SYNTAX, 1, 0, "the HELP text for metric name \"x\" is not UTF-8"},
		{"1:'x' 5:'\xff';", ERROR_SYNTAX, 1, 0, "the unit of metric name \"x\" is not UTF-8"},
		{"1:'x' 3:1 4:{2:{}} 4:{1:{1:'1a'} 2:{}};", ERROR_SYNTAX, 1, 2,
			"collected metric \"x\" has a label with an invalid name: \"1a\""},
		{"1:'x' 3:1 4:{1:{} 2:{}};", ERROR_SYNTAX, 1, 1,
			"collected metric \"x\" has a label with an invalid name: \"\""},
		{"1:'x' 3:1 4:{1:{1:'a:b'} 2:{}};", ERROR_SYNTAX, 1, 1,
			"collected metric \"x\" has a label with an invalid name: \"a:b\""},
		{"1:'x' 3:1 4:{1:{1:'__name__'} 2:{}};", ERROR_SYNTAX, 1, 1, "label name \"__name__\" is reserved"},
		{"1:'x' 3:1 4:{1:{1:'a' 2:'\xff'} 2:{}};", ERROR_SYNTAX, 1, 1,
			"collected metric \"x\" has a label named \"a\" whose value is not utf8: \"\\xff\""},
		{"1:'x' 3:1 4:{1:{1:'b'} 1:{1:'a'} 1:{1:'b'} 2:{}};", ERROR_INCONSISTENT, 1, 1,
			"collected metric \"x\" has two or more labels with the same name: \"b\""},
		{"1:'x' 3:2 4:{1:{1:'quantile'} 4:{}};", ERROR_INCONSISTENT, 1, 1,
			"collected metric \"x\" must not have an explicit \"quantile\" label"},
		{"1:'x' 3:4 4:{1:{1:'le'} 7:{}};", ERROR_INCONSISTENT, 1, 1,
			"collected metric \"x\" must not have an explicit \"le\" label"},
		{"1:'x' 4:{2:{}};", ERROR_INCONSISTENT, 1, 1, "collected metric \"x\" is not a COUNTER"},
		{"1:'x' 3:1 4:{3:{}};", ERROR_INCONSISTENT, 1, 1, "collected metric \"x\" is not a GAUGE"},
		{"1:'x' 3:2 4:{3:{}};", ERROR_INCONSISTENT, 1, 1, "collected metric \"x\" is not a SUMMARY"},
		{"1:'x' 3:3 4:{3:{}};", ERROR_INCONSISTENT, 1, 1, "collected metric \"x\" is not a UNTYPED"},
		{"1:'x' 3:4 4:{};", ERROR_INCONSISTENT, 1, 1, "collected metric \"x\" is not a HISTOGRAM"},
		{"1:'x' 3:5 4:{2:{}};", ERROR_INCONSISTENT, 1, 1, "collected metric \"x\" is not a GAUGE_HISTOGRAM"},
		{"1:'x' 3:2 4:{4:{}} 4:{4:{1:1}};", ERROR_INCONSISTENT, 1, 2,
			"collected metric \"x\" was collected before with the same name and label values"},
		{"1:'x' 3:2 4:{4:{1:18446744073709551615}};", ERROR_SYNTAX, 1, 1, "invalid count for summary \"x\""},
		{"1:'x' 3:4 4:{7:{4:-1.0}};", ERROR_SYNTAX, 1, 1, "negative count for histogram \"x\""},
		{"1:'x' 3:4 4:{7:{3:{4:-1.0}}};", ERROR_SYNTAX, 1, 1, "negative bucket population for histogram \"x\""},
		{"1:'x' 3:1 4:'\x12\x05';", ERROR_SYNTAX, 1, 1, "a metric of \"x\" is malformed"},
		{"1:'x' 3:1 4:{2:5};", ERROR_SYNTAX, 1, 1, "a metric of \"x\" is malformed"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct messages messages;
		parse_messages(&messages, cases[i].notation);
		assert_int_equal(messages.status, -1);
		assert_string_equal(messages.error.message, cases[i].message);
		assert_int_equal(messages.error.kind, cases[i].kind);
		assert_int_equal(messages.error.line, cases[i].line);
		assert_int_equal(messages.error.column, cases[i].column);
		release_messages(&messages);
	}
}

static void malformed_messages_are_refused(void **state)
{
	static const struct {
		struct slice bytes;
		unsigned line;
		const char *message;
	} cases[] = {
		{SLICE_LITERAL("\x80"), 1, "the message is cut short"},
		{SLICE_LITERAL("\x05\x0a\x01x"), 1, "the message is cut short"},
		{SLICE_LITERAL("\x03\x0a\x01x\x03\x0a"), 2, "the message is cut short"},
		{SLICE_LITERAL("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"), 1, "the message is cut short"},
		{SLICE_LITERAL("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02"), 1, "the message is cut short"},
		{SLICE_LITERAL("\x05hello"), 1, "the message is malformed"},
		{SLICE_LITERAL("\x03\x0a\x02x"), 1, "the message is malformed"},
		{SLICE_LITERAL("\x02\x02\x00"), 1, "the message is malformed"},
		{SLICE_LITERAL("\x0b\x18\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02"), 1, "the message is malformed"},
		{SLICE_LITERAL("\x00"), 1, "invalid metric name \"\""},
		/* An unknown field of number 0, which protobuf-c takes where it is spelt in two bytes. */
		{SLICE_LITERAL("\x13\x0a\x01x\x18\x01\x22\x0c\x12\x00\x81\x00"
			       "12345678"),
			1, "a metric of \"x\" is malformed"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct messages messages;
		buffer_init(&messages.bytes, 1 << 20);
		assert_int_equal(buffer_append_slice(&messages.bytes, cases[i].bytes), 0);
		parse_message_bytes(&messages, &limits);
		assert_int_equal(messages.status, -1);
		assert_string_equal(messages.error.message, cases[i].message);
		assert_int_equal(messages.error.kind, ERROR_SYNTAX);
		assert_int_equal(messages.error.line, cases[i].line);
		release_messages(&messages);
	}
}

static void limits_hold(void **state)
{
	static const struct limits small = {.body = 1000, .name = 3, .label_value = 4, .labels = 2};
	static const struct {
		const char *notation, *message;
	} cases[] = {
		{"1:'abcd';", "the metric name is too long, over the limit of 3"},
		{"1:'x' 3:1 4:{1:{1:'abcd'} 2:{}};", "the label name is too long, over the limit of 3"},
		{"1:'x' 3:1 4:{1:{1:'a' 2:'\\\\\\'} 2:{}};", "the label value is too long, over the limit of 4"},
		{"1:'x' 3:1 4:{1:{1:'a'} 1:{1:'b'} 1:{1:'c'} 2:{}};",
			"the sample has too many labels, over the limit of 2"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct messages messages;
		encode_messages(&messages.bytes, cases[i].notation);
		parse_message_bytes(&messages, &small);
		assert_int_equal(messages.status, -1);
		assert_int_equal(messages.error.kind, ERROR_TOO_LARGE);
		assert_string_equal(messages.error.message, cases[i].message);
		release_messages(&messages);
	}
}

/* Empty buckets: two bytes each, many more in memory. */
static void a_metric_cannot_swell(void **state)
{
	struct buffer buckets;
	struct messages messages;
	buffer_init(&buckets, 1 << 20);
	buffer_init(&messages.bytes, 1 << 20);
	for (int i = 0; i < 400000; i++)
		assert_int_equal(buffer_append(&buckets, "\x1a", 2), 0);
	put_varint(&messages.bytes, 3 + 2 + 4 + 4 + buckets.len);
	assert_int_equal(buffer_append(&messages.bytes, "\x0a\x01x\x18\x04\x22", 6), 0);
	put_varint(&messages.bytes, 4 + buckets.len);
	assert_int_equal(buffer_append_byte(&messages.bytes, '\x3a'), 0);
	put_delimited(&messages.bytes, buffer_slice(&buckets));
	buffer_release(&buckets);
	parse_message_bytes(&messages, &limits);
	assert_int_equal(messages.status, -1);
	assert_string_equal(messages.error.message, "a metric of \"x\" has too many parts");
	assert_int_equal(messages.error.kind, ERROR_TOO_LARGE);
	release_messages(&messages);
}

static void utf8_names_are_taken_where_allowed(void **state)
{
	struct limits utf8 = limits;
	struct messages messages;
	utf8.utf8_names = true;
	encode_messages(&messages.bytes, "1:'a.é' 3:1 4:{1:{1:'b c' 2:'d'} 2:{1:1.0}};");
	parse_message_bytes(&messages, &utf8);
	assert_int_equal(messages.status, 0);
	assert_bytes(messages.exposition.families[0].name, slice_of("a.é"));
	assert_bytes(messages.exposition.labels[0].name, slice_of("b c"));
	release_messages(&messages);

	encode_messages(&messages.bytes, "1:'a\xff' 3:1 4:{2:{}};");
	parse_message_bytes(&messages, &utf8);
	assert_int_equal(messages.status, -1);
	assert_string_equal(messages.error.message, "invalid metric name \"a\\xff\"");
	release_messages(&messages);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_type_becomes_text),
		cmocka_unit_test(absent_fields_are_zero),
		cmocka_unit_test(fields_of_another_wire_type_are_unknown),
		cmocka_unit_test(labels_are_sorted_and_escaped),
		cmocka_unit_test(a_label_value_may_hold_a_nul),
		cmocka_unit_test(help_is_as_the_text_format_has_it),
		cmocka_unit_test(the_last_family_of_a_name_wins),
		cmocka_unit_test(a_family_with_the_name_of_a_part_stays_apart),
		cmocka_unit_test(a_timestamp_is_noted),
		cmocka_unit_test(a_reserved_label_name_is_inconsistent),
		cmocka_unit_test(what_is_wrong_is_refused),
		cmocka_unit_test(malformed_messages_are_refused),
		cmocka_unit_test(limits_hold),
		cmocka_unit_test(a_metric_cannot_swell),
		cmocka_unit_test(utf8_names_are_taken_where_allowed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
