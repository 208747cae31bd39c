/*
 * Messages are written here in a notation of their own, encoded by what follows and by nothing of the library: a field
 * is NUMBER:VALUE, where 5 is a varint, -5z a zigzag one, 1.5, inf and nan are doubles, 'text' is bytes (@ is a NUL)
 * and {...} a message; a semicolon ends a delimited message.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "canonical.h"
#include "protobuf.h"
#include "support/bytes.h"

static const struct limits limits = LIMITS_DEFAULT;

static void put_varint(struct buffer *out, uint64_t value)
{
	for (; value >= 0x80; value >>= 7)
		assert_int_equal(buffer_append_byte(out, (char)(value | 0x80)), 0);
	assert_int_equal(buffer_append_byte(out, (char)value), 0);
}

static void put_bytes(struct buffer *out, struct slice bytes)
{
	put_varint(out, bytes.len);
	assert_int_equal(buffer_append_slice(out, bytes), 0);
}

static void put_number(struct buffer *out, uint64_t field, const char **at)
{
	size_t len = strcspn(*at, " };");
	char token[48] = "";
	assert_true(len < sizeof(token));
	memcpy(token, *at, len);
	*at += len;
	if (strpbrk(token, ".nf") != NULL) {
		double value = strtod(token, NULL);
		put_varint(out, field << 3 | 1);
		assert_int_equal(buffer_append(out, &value, sizeof(value)), 0);
		return;
	}
	int64_t value = token[0] == '-' ? strtoll(token, NULL, 10) : (int64_t)strtoull(token, NULL, 10);
	put_varint(out, field << 3);
	put_varint(out, token[len - 1] == 'z' ? (uint64_t)value << 1 ^ (uint64_t)(value >> 63) : (uint64_t)value);
}

static void put_text(struct buffer *out, const char **at)
{
	size_t len = strcspn(++*at, "'");
	size_t start = out->len + (len < 0x80 ? 1 : 2);
	put_bytes(out, slice_make(*at, len));
	for (size_t i = start; i < out->len; i++)
		out->data[i] = out->data[i] == '@' ? '\0' : out->data[i];
	*at += len + 1;
}

static void put_fields(struct buffer *out, const char **at)
{
	for (; *(*at += strspn(*at, " ")) != '\0' && **at != '}' && **at != ';';) {
		char *colon;
		uint64_t field = strtoull(*at, &colon, 10);
		assert_int_equal(*colon, ':');
		*at = colon + 1;
		if (**at != '\'' && **at != '{') {
			put_number(out, field, at);
			continue;
		}
		put_varint(out, field << 3 | 2);
		if (**at == '\'') {
			put_text(out, at);
			continue;
		}
		struct buffer inner;
		buffer_init(&inner, 1 << 20);
		++*at;
		put_fields(&inner, at);
		put_bytes(out, buffer_slice(&inner));
		buffer_release(&inner);
		assert_int_equal(*(*at)++, '}');
	}
}

/* Messages, each ended by a semicolon. */
static void encode(struct buffer *out, const char *notation)
{
	struct buffer message;
	buffer_init(out, 64 << 20);
	buffer_init(&message, 1 << 20);
	while (*(notation += strspn(notation, " ")) != '\0') {
		buffer_clear(&message);
		put_fields(&message, &notation);
		put_bytes(out, buffer_slice(&message));
		assert_int_equal(*notation++, ';');
	}
	buffer_release(&message);
}

struct fixture {
	struct buffer bytes;
	struct exposition exposition;
	struct error error;
	int status;
};

static void parse_bytes(struct fixture *fixture, const struct limits *with)
{
	exposition_init(&fixture->exposition);
	fixture->status = protobuf_parse(&fixture->exposition, buffer_slice(&fixture->bytes), with, &fixture->error);
}

static void parse(struct fixture *fixture, const char *notation)
{
	encode(&fixture->bytes, notation);
	parse_bytes(fixture, &limits);
}

static void release(struct fixture *fixture)
{
	exposition_release(&fixture->exposition);
	buffer_release(&fixture->bytes);
}

static void append_text(struct buffer *text, const struct exposition *exposition)
{
	const struct canonical_key none = {.default_instance = SIZE_MAX};
	struct exposition plain =
		*exposition; /* without the comments for the natives, which are tested by themselves */
	struct error error;
	plain.native_count = 0;
	for (uint32_t f = 0; f < exposition->family_count; f++) {
		struct fingerprint fingerprints[10];
		const struct metric_family *family = &exposition->families[f];
		assert_true(family->metric_count <= 10);
		assert_int_equal(canonical_append_head(text, family->name, family->help, family->type), 0);
		assert_int_equal(canonical_append_samples(text, &plain, family, &none, fingerprints, &error), 0);
	}
	assert_int_equal(buffer_append_byte(text, '\0'), 0);
}

static void assert_text(const char *notation, uint32_t natives, const char *expected)
{
	struct fixture fixture;
	struct buffer text;
	buffer_init(&text, 1 << 20);
	parse(&fixture, notation);
	if (fixture.status == -1)
		fail_msg("%s: %s", notation, fixture.error.message);
	append_text(&text, &fixture.exposition);
	assert_string_equal(text.data, expected);
	assert_int_equal(fixture.exposition.native_count, natives);
	buffer_release(&text);
	release(&fixture);
}

static void append_protobuf(struct buffer *out, const struct exposition *exposition)
{
	struct error error;
	for (uint32_t f = 0; f < exposition->family_count; f++)
		assert_int_equal(protobuf_append_family(out, exposition, &exposition->families[f], &error), 0);
}

/* Written again, the messages are as they came. */
static void assert_kept(const char *notation, uint32_t natives)
{
	struct fixture fixture;
	struct buffer out;
	buffer_init(&out, 1 << 20);
	parse(&fixture, notation);
	if (fixture.status == -1)
		fail_msg("%s: %s", notation, fixture.error.message);
	assert_int_equal(fixture.exposition.native_count, natives);
	append_protobuf(&out, &fixture.exposition);
	assert_bytes(buffer_slice(&out), buffer_slice(&fixture.bytes));
	buffer_release(&out);
	release(&fixture);
}

static void every_type_becomes_text(void **state)
{
	assert_text("1:'c' 2:'Help.' 3:0 4:{3:{1:2.0}};", 0, "# HELP c Help.\n# TYPE c counter\nc 2\n");
	assert_text("1:'c' 4:{3:{1:2.0}};", 0, "# TYPE c counter\nc 2\n");
	assert_text("1:'g' 3:1 4:{2:{1:-1.5}} 4:{1:{1:'a' 2:'b'} 2:{1:inf}};", 0,
		"# TYPE g gauge\ng -1.5\ng{a=\"b\"} +Inf\n");
	assert_text("1:'u' 3:3 4:{5:{1:nan}};", 0, "# TYPE u untyped\nu NaN\n");
	assert_text("1:'s' 3:2 4:{4:{1:10 2:2.5 3:{1:0.5 2:1.0} 3:{1:0.9 2:nan}}};", 0,
		"# TYPE s summary\ns{quantile=\"0.5\"} 1\ns{quantile=\"0.9\"} NaN\ns_sum 2.5\ns_count 10\n");
	assert_text("1:'h' 3:4 4:{7:{1:4 2:5.5 3:{1:1 2:0.1} 3:{1:3 2:1.0}}};", 0,
		"# TYPE h histogram\nh_bucket{le=\"0.1\"} 1\nh_bucket{le=\"1\"} 3\nh_bucket{le=\"+Inf\"} 4\n"
		"h_sum 5.5\nh_count 4\n");
}

static void absent_fields_are_zero(void **state)
{
	assert_text("1:'g' 3:1 4:{2:{}};", 0, "# TYPE g gauge\ng 0\n");
	assert_text("1:'s' 3:2 4:{4:{3:{}}};", 0, "# TYPE s summary\ns{quantile=\"0\"} 0\ns_sum 0\ns_count 0\n");
	assert_text("1:'h' 3:4 4:{7:{3:{}}};", 0,
		"# TYPE h histogram\nh_bucket{le=\"0\"} 0\nh_bucket{le=\"+Inf\"} 0\nh_sum 0\nh_count 0\n");
}

static void fields_of_another_wire_type_are_unknown(void **state)
{
	assert_text("1:'g' 1:5 2:1.0 3:'x' 3:1 4:5 4:{2:{1:1.0}} 5:2 9:'x';", 0, "# TYPE g gauge\ng 1\n");
}

static void labels_are_sorted_and_escaped(void **state)
{
	assert_text("1:'g' 3:1 4:{1:{1:'b' 2:'x\"\\\n'} 1:{1:'c' 2:'é'} 1:{1:'a'} 2:{1:1.0}};", 0,
		"# TYPE g gauge\ng{a=\"\",b=\"x\\\"\\\\\\n\",c=\"é\"} 1\n");
}

static void a_label_value_may_hold_a_nul(void **state)
{
	struct fixture fixture;
	parse(&fixture, "1:'g' 3:1 4:{1:{1:'a' 2:'b@c'} 2:{1:1.0}};");
	assert_int_equal(fixture.status, 0);
	assert_bytes(fixture.exposition.labels[0].value, slice_make("b\0c", 3));
	release(&fixture);
	assert_kept("1:'g' 3:1 4:{1:{1:'a' 2:'b@c'} 2:{1:1.0}};", 0);
}

static void help_is_as_the_text_format_has_it(void **state)
{
	assert_text("1:'g' 2:' \t a\\b\nc \"d\"' 3:1 4:{2:{1:1.0}};", 0,
		"# HELP g a\\\\b\\nc \"d\"\n# TYPE g gauge\ng 1\n");
	assert_text("1:'g' 2:'' 3:1 4:{2:{1:1.0}};", 0, "# TYPE g gauge\ng 1\n");
	assert_text("1:'g' 2:'  ' 3:1 4:{2:{1:1.0}};", 0, "# TYPE g gauge\ng 1\n");
}

static void the_last_family_of_a_name_wins(void **state)
{
	assert_text("1:'x' 3:1 4:{2:{1:1.0}}; 1:'a' 3:1 4:{2:{1:2.0}}; 1:'x' 2:'h' 3:0 4:{3:{1:3.0}};", 0,
		"# TYPE a gauge\na 2\n# HELP x h\n# TYPE x counter\nx 3\n");
	assert_text("1:'x' 3:1 4:{2:{1:1.0}}; 1:'x' 3:1;", 0, "");
	assert_text("1:'x' 3:1;", 0, "");
	assert_text("", 0, "");
}

static void a_family_with_the_name_of_a_part_stays_apart(void **state)
{
	static const char text[] = "# TYPE h histogram\nh_bucket{le=\"+Inf\"} 0\nh_sum 0\nh_count 0\n"
				   "# TYPE h_count gauge\nh_count 7\n";
	assert_text("1:'h' 3:4 4:{7:{}}; 1:'h_count' 3:1 4:{2:{1:7.0}};", 0, text);
	assert_text("1:'h_count' 3:1 4:{2:{1:7.0}}; 1:'h' 3:4 4:{7:{}};", 0, text);
}

static void a_timestamp_is_noted(void **state)
{
	struct fixture fixture;
	parse(&fixture, "1:'a' 3:1 4:{2:{1:1.0}}; 1:'x' 3:1 4:{1:{1:'a'} 2:{1:1.0}} 4:{2:{1:1.0} 6:5} 4:{2:{} 6:6};");
	assert_int_equal(fixture.status, 0);
	assert_int_equal(fixture.exposition.timestamp_line, 2);
	assert_int_equal(fixture.exposition.timestamp_column, 2);
	assert_int_equal(fixture.exposition.native_count, 0);
	release(&fixture);
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
		struct fixture fixture;
		parse(&fixture, cases[i].notation);
		assert_int_equal(fixture.status, -1);
		assert_string_equal(fixture.error.message, cases[i].message);
		assert_int_equal(fixture.error.kind, cases[i].kind);
		assert_int_equal(fixture.error.line, cases[i].line);
		assert_int_equal(fixture.error.column, cases[i].column);
		release(&fixture);
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
		struct fixture fixture;
		buffer_init(&fixture.bytes, 1 << 20);
		assert_int_equal(buffer_append_slice(&fixture.bytes, cases[i].bytes), 0);
		parse_bytes(&fixture, &limits);
		assert_int_equal(fixture.status, -1);
		assert_string_equal(fixture.error.message, cases[i].message);
		assert_int_equal(fixture.error.kind, ERROR_SYNTAX);
		assert_int_equal(fixture.error.line, cases[i].line);
		release(&fixture);
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
		struct fixture fixture;
		encode(&fixture.bytes, cases[i].notation);
		parse_bytes(&fixture, &small);
		assert_int_equal(fixture.status, -1);
		assert_int_equal(fixture.error.kind, ERROR_TOO_LARGE);
		assert_string_equal(fixture.error.message, cases[i].message);
		release(&fixture);
	}
}

/* Empty buckets: two bytes each, many more in memory. */
static void a_metric_cannot_swell(void **state)
{
	struct buffer buckets;
	struct fixture fixture;
	buffer_init(&buckets, 1 << 20);
	buffer_init(&fixture.bytes, 1 << 20);
	for (int i = 0; i < 400000; i++)
		assert_int_equal(buffer_append(&buckets, "\x1a", 2), 0);
	put_varint(&fixture.bytes, 3 + 2 + 4 + 4 + buckets.len);
	assert_int_equal(buffer_append(&fixture.bytes, "\x0a\x01x\x18\x04\x22", 6), 0);
	put_varint(&fixture.bytes, 4 + buckets.len);
	assert_int_equal(buffer_append_byte(&fixture.bytes, '\x3a'), 0);
	put_bytes(&fixture.bytes, buffer_slice(&buckets));
	buffer_release(&buckets);
	parse_bytes(&fixture, &limits);
	assert_int_equal(fixture.status, -1);
	assert_string_equal(fixture.error.message, "a metric of \"x\" has too many parts");
	assert_int_equal(fixture.error.kind, ERROR_TOO_LARGE);
	release(&fixture);
}

static void utf8_names_are_taken_where_allowed(void **state)
{
	struct limits utf8 = limits;
	struct fixture fixture;
	utf8.utf8_names = true;
	encode(&fixture.bytes, "1:'a.é' 3:1 4:{1:{1:'b c' 2:'d'} 2:{1:1.0}};");
	parse_bytes(&fixture, &utf8);
	assert_int_equal(fixture.status, 0);
	assert_bytes(fixture.exposition.families[0].name, slice_of("a.é"));
	assert_bytes(fixture.exposition.labels[0].name, slice_of("b c"));
	release(&fixture);

	encode(&fixture.bytes, "1:'a\xff' 3:1 4:{2:{}};");
	parse_bytes(&fixture, &utf8);
	assert_int_equal(fixture.status, -1);
	assert_string_equal(fixture.error.message, "invalid metric name \"a\\xff\"");
	release(&fixture);
}

static void what_the_model_holds_has_no_native(void **state)
{
	assert_kept("1:'c' 2:'a\\b' 3:0 4:{1:{1:'a' 2:'b\nc'} 3:{1:2.0}};", 0);
	assert_kept("1:'u' 3:3 4:{5:{1:nan}} 4:{1:{1:'a' 2:''} 5:{1:-0.0}};", 0);
	assert_kept("1:'s' 3:2 4:{4:{1:10 2:2.5 3:{1:0.5 2:1.0} 3:{1:0.9 2:nan}}};", 0);
	assert_kept("1:'h' 3:4 4:{7:{1:4 2:5.5 3:{1:1 2:0.1}}} 4:{1:{1:'a' 2:'b'} 7:{1:1 2:0.0 3:{1:1 2:inf}}};", 0);
	assert_kept("1:'h' 3:4 4:{7:{2:5.5 3:{2:1.0 4:2.0} 4:2.5}};", 0);
	assert_kept("1:'h' 3:4 4:{7:{1:9007199254740992 2:0.0}};", 0);
}

static void what_it_does_not_hold_is_kept(void **state)
{
	assert_kept("1:'c' 3:0 4:{1:{1:'a' 2:'b'} 3:{1:2.0 2:{1:{1:'id' 2:'7'} 2:1.0 3:{1:5 2:6}}}};", 1);
	assert_kept("1:'c' 3:0 4:{3:{1:2.0 3:{1:5}}} 4:{1:{1:'a' 2:'b'} 3:{1:2.0}};", 1);
	assert_kept("1:'s' 3:2 4:{4:{1:9007199254740993 2:0.0}};", 1);
	assert_kept("1:'s' 3:2 4:{4:{1:1 2:0.0 4:{1:5}}};", 1);
	assert_kept("1:'h' 3:4 4:{7:{1:1 2:0.0 3:{1:9007199254740993 2:1.0}}};", 1);
	assert_kept("1:'h' 3:4 4:{7:{1:1 2:0.0 3:{1:1 2:1.0 3:{2:0.5}}}};", 1);
	assert_kept("1:'h' 3:4 4:{7:{1:1 2:0.0 3:{1:1 2:nan}}};", 1);
	/* Integers as floats. */
	assert_kept("1:'h' 3:4 4:{7:{2:0.0 3:{2:1.0 4:2.0} 4:2.0}};", 1);
	/* Not the first metric. */
	assert_kept("1:'c' 3:0 4:{3:{1:1.0}} 4:{1:{1:'a' 2:'b'} 3:{1:2.0 3:{1:5}}};", 1);
	/* Fields that nobody knows. */
	assert_kept("1:'g' 3:1 4:{2:{1:1.0 77:'x'} 78:{1:2}};", 1);
	/* More than one value. */
	assert_kept("1:'g' 3:1 4:{2:{1:1.0} 3:{1:2.0}};", 1);
}

static void native_histograms_are_kept(void **state)
{
	static const char integers[] =
		"1:'h' 3:4 4:{1:{1:'a' 2:'b'} 7:{1:5 2:999.0 5:2z 6:0.001 7:1 9:{1:8z 2:1} 10:1z "
		"12:{1:3z 2:1} 12:{1:6z 2:2} 13:1z 13:-1z 13:2z 16:{2:1.0 3:{1:5}}}};";
	static const char floats[] =
		"1:'h' 3:4 4:{7:{2:2.0 4:6.5 5:-4z 6:0.001 8:0.5 9:{1:-2z 2:1} 11:2.0 12:{1:0z 2:2} "
		"14:1.5 14:2.5 15:{1:1}}};";
	assert_kept(integers, 1);
	assert_kept(floats, 1);
	assert_text(floats, 1, "# TYPE h histogram\nh_bucket{le=\"+Inf\"} 6.5\nh_sum 2\nh_count 6.5\n");
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
		struct fixture fixture;
		parse(&fixture, cases[i].notation);
		snprintf(message, sizeof(message), "collected metric \"h\" has %s", cases[i].wrong);
		assert_int_equal(fixture.status, -1);
		assert_string_equal(fixture.error.message, message);
		assert_int_equal(fixture.error.kind, ERROR_INCONSISTENT);
		release(&fixture);
	}
	assert_kept("1:'h' 3:4 4:{7:{1:3 2:nan 12:{1:0z 2:1} 13:2z}};", 1);
}

static void unit_and_gauge_histogram_are_kept_with_the_first_metric(void **state)
{
	assert_kept("1:'g' 3:1 4:{2:{1:1.0}} 4:{1:{1:'a' 2:'b'} 2:{1:2.0}} 5:'seconds';", 1);
	assert_kept("1:'h' 3:5 4:{7:{1:3 2:0.0}} 4:{1:{1:'a' 2:'b'} 7:{1:3 2:0.0}};", 1);
	assert_text("1:'h' 3:5 4:{7:{1:3}};", 1, "# TYPE h histogram\nh_bucket{le=\"+Inf\"} 3\nh_sum 0\nh_count 3\n");
}

static void a_native_is_a_family_without_name_and_labels(void **state)
{
	struct fixture fixture;
	struct buffer expected;
	parse(&fixture, "1:'c' 2:'h' 3:0 4:{1:{1:'a' 2:'b'} 3:{3:{1:5}} 6:7} 5:'s';");
	encode(&expected, "3:0 4:{3:{1:0.0 3:{1:5}}} 5:'s';");
	assert_int_equal(fixture.status, 0);
	assert_int_equal(fixture.exposition.native_count, 1);
	assert_int_equal(fixture.exposition.natives[0].metric, 0);
	assert_bytes(fixture.exposition.natives[0].message, slice_make(expected.data + 1, expected.len - 1));
	buffer_release(&expected);
	release(&fixture);
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
	struct fixture fixture;
	struct buffer out;
	buffer_init(&out, 1 << 20);
	buffer_init(&fixture.bytes, 1 << 20);
	assert_int_equal(buffer_append(&fixture.bytes, pushed, sizeof(pushed)), 0);
	parse_bytes(&fixture, &limits);
	assert_int_equal(fixture.status, 0);
	append_protobuf(&out, &fixture.exposition);
	assert_bytes(buffer_slice(&out), buffer_slice(&fixture.bytes));
	buffer_clear(&out);
	append_text(&out, &fixture.exposition);
	assert_string_equal(out.data, "# HELP go_native_seconds N.\n# TYPE go_native_seconds histogram\n"
				      "go_native_seconds_bucket{le=\"+Inf\"} 5\ngo_native_seconds_sum 999\n"
				      "go_native_seconds_count 5\n");
	buffer_release(&out);
	release(&fixture);
}

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
		encode(&expected, cases[i].notation);
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
	encode(&native, notation);
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
		encode(&expected, cases[i].written);
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
		cmocka_unit_test(every_type_becomes_text),
		cmocka_unit_test(absent_fields_are_zero),
		cmocka_unit_test(fields_of_another_wire_type_are_unknown),
		cmocka_unit_test(labels_are_sorted_and_escaped),
		cmocka_unit_test(a_label_value_may_hold_a_nul),
		cmocka_unit_test(help_is_as_the_text_format_has_it),
		cmocka_unit_test(the_last_family_of_a_name_wins),
		cmocka_unit_test(a_family_with_the_name_of_a_part_stays_apart),
		cmocka_unit_test(a_timestamp_is_noted),
		cmocka_unit_test(what_is_wrong_is_refused),
		cmocka_unit_test(malformed_messages_are_refused),
		cmocka_unit_test(limits_hold),
		cmocka_unit_test(a_metric_cannot_swell),
		cmocka_unit_test(utf8_names_are_taken_where_allowed),
		cmocka_unit_test(what_the_model_holds_has_no_native),
		cmocka_unit_test(what_it_does_not_hold_is_kept),
		cmocka_unit_test(native_histograms_are_kept),
		cmocka_unit_test(native_histograms_that_prometheus_refuses_are_refused),
		cmocka_unit_test(unit_and_gauge_histogram_are_kept_with_the_first_metric),
		cmocka_unit_test(a_native_is_a_family_without_name_and_labels),
		cmocka_unit_test(a_real_native_histogram_comes_back),
		cmocka_unit_test(text_is_written),
		cmocka_unit_test(a_full_buffer_stays_as_it_was),
		cmocka_unit_test(a_native_is_attached_to_its_metric),
		cmocka_unit_test(what_does_not_fit_is_not_attached),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
