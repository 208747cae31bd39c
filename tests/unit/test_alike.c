/* The quick ways for lines that are like the one before, against the long ways: the same result, byte by byte. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "canonical.h"
#include "exposition_parse.h"

#define TEXTS 30000
#define LINES 6

static const struct limits limits = LIMITS_DEFAULT;

/* Xorshift, the same numbers in each run. */
static uint64_t state_of_random = 88172645463325252;

static size_t random_below(size_t count)
{
	state_of_random ^= state_of_random << 13;
	state_of_random ^= state_of_random >> 7;
	state_of_random ^= state_of_random << 17;
	return (size_t)(state_of_random % count);
}

#define PICK(array) (array)[random_below(sizeof(array) / sizeof((array)[0]))]

static const char *pick_number(void)
{
	static const char *const numbers[] = {"0", "1", "7", "-1", "12", "12.5", "0.25", "100000", "999999", "1000000",
		"1e+06", "1.5e+06", "1.7e+09", "1.234567e+06", "1e6", "1E+06", "1.0e+07", "1.50", "00", "01", "0.0",
		"-0", "+1", ".5", "5.", "1e-05", "0.0001", "0.00001", "2.0543e-05", "123456.789", "1234567.5", "1e+5",
		"1e+05", "1e+100", "1e+006", "1.23456789012345e+08", "123456789012345", "1234567890123456",
		"0.1234567890123456", "9007199254740993", "1.7976931348623157e+308", "5e-324", "NaN", "nan", "+Inf",
		"-Inf", "inf", "Inf", "1.7218382931234567e+09", "4.9406564584124654e-324", "3.1415926535",
		"123456789.123456", "8.192e+03", "1e-324", "12345678", "123456789", "-1.5e-07", "-0.001", "10", "1e0",
		"0e+07", "1e+22", "1e+23"};
	static const char *const wrong[] = {
		"x", "1x", "", "1 5", "1.2.3", "1e", "1e+", "-", ".", "1e400", "1_0", "0x1"};
	return random_below(32) == 0 ? PICK(wrong) : PICK(numbers);
}

static void add(struct buffer *text, const char *string)
{
	assert_int_equal(buffer_append_string(text, string), 0);
}

static void add_value(struct buffer *text)
{
	static const char *const values[] = {"", "a", "idle", "/dev/sda1", "fifteen bytes..", "sixteen bytes...",
		"seventeen bytes..", "thirty-one bytes of a value....", "thirty-two bytes of a value.....",
		"a value that is longer than what is copied at once, and more", "\\n", "a\\\\b", "\\\"", "\xc3\xa9",
		"\xff", "a,b=", "{}", "\\x"};
	/* Mostly what the quick ways are for. */
	add(text, random_below(8) > 0 ? values[random_below(10)] : PICK(values));
}

static void add_line(struct buffer *text, size_t form)
{
	static const char *const names[] = {"a", "cpu", "mode", "a_label_whose_name_is_rather_long", "z", "instance"};
	/* As they stand in the line: in order, out of order, the key's own, one name twice. */
	static const unsigned char forms[][4] = {
		{9}, {0, 9}, {1, 2, 9}, {2, 1, 9}, {4, 5, 0, 9}, {0, 1, 3, 9}, {5, 9}, {3, 3, 9}, {4, 2, 1, 9}};
	add(text, form % 2 == 0 ? "m" : "metric_with_a_name_of_more_than_32_bytes");
	const unsigned char *labels = forms[form % (sizeof(forms) / sizeof(forms[0]))];
	bool brace = *labels != 9 || form % 4 < 2;
	add(text, brace ? "{" : "");
	for (size_t i = 0; labels[i] != 9; i++) {
		add(text, i > 0 ? "," : "");
		add(text, names[labels[i]]);
		add(text, "=\"");
		add_value(text);
		add(text, "\"");
	}
	add(text, brace ? "} " : " ");
	add(text, pick_number());
	add(text, "\n");
}

/* One byte becomes another, goes, or comes. */
static void mutate(struct buffer *text)
{
	static const char bytes[] = "\"\\\n ,={}#x0.e-\t\x80";
	size_t at = random_below(text->len);
	char byte = bytes[random_below(sizeof(bytes))];
	size_t kind = random_below(3);
	if (kind == 0) {
		text->data[at] = byte;
		return;
	}
	if (kind == 1)
		assert_int_equal(buffer_append_byte(text, ' '), 0);
	memmove(text->data + at + (kind == 1), text->data + at + (kind == 2), text->len - 1 - at);
	if (kind == 1)
		text->data[at] = byte;
	else
		text->len--;
}

/* Lines of one form, with numbers that are mostly fine, some of them of a histogram. */
static void make_text(struct buffer *text)
{
	static const char *const types[] = {"", "", "# TYPE m histogram\n", "# TYPE m counter\n", "# TYPE m summary\n"};
	size_t form = random_below(36), lines = 1 + random_below(LINES);
	buffer_clear(text);
	add(text, PICK(types));
	for (size_t i = 0; i < lines; i++)
		add_line(text, random_below(20) == 0 ? random_below(36) : form);
	if (random_below(2) == 0)
		add(text, "# what lets the last line be read as the others are\n");
	if (random_below(4) == 0)
		mutate(text);
	if (random_below(16) == 0)
		text->len--;
}

/* Each line as a text of its own, so that none has one before. */
static int parse_apart(struct exposition *exposition, struct slice text, struct error *error)
{
	struct parser parser;
	int status = parser_init(&parser, exposition, &limits, error);
	assert_int_equal(status, 0);
	for (size_t len; status == 0 && text.len > 0; text = slice_make(text.data + len, text.len - len)) {
		const char *newline = memchr(text.data, '\n', text.len);
		len = newline == NULL ? text.len : (size_t)(newline + 1 - text.data);
		status = parser_text(&parser, slice_make(text.data, len));
	}
	if (status == 0)
		parser_finish(&parser);
	parser_release(&parser);
	return status;
}

/* All lines of an exposition, and the fingerprints behind them. */
static int write_all(struct buffer *out, const struct exposition *exposition, struct error *error)
{
	struct grouping_key key;
	struct canonical_key canonical;
	int status = exposition_check(exposition, error);
	grouping_key_init(&key);
	assert_int_equal(grouping_key_from_path(&key, slice_of("/job/j/b/2/z/3"), &limits, error), 0);
	assert_int_equal(canonical_key_init(&canonical, &key, error), 0);
	buffer_clear(out);
	for (uint32_t i = 0; i < exposition->family_count && status == 0; i++) {
		const struct metric_family *family = &exposition->families[i];
		struct fingerprint *fingerprints = calloc(family->metric_count, sizeof(*fingerprints));
		assert_non_null(fingerprints);
		status = canonical_append_samples(out, exposition, family, &canonical, fingerprints, error);
		assert_int_equal(
			buffer_append(out, (char *)fingerprints, family->metric_count * sizeof(*fingerprints)), 0);
		free(fingerprints);
	}
	canonical_key_release(&canonical);
	grouping_key_release(&key);
	return status;
}

static void assert_same_error(const struct error *error, const struct error *expected, struct slice text)
{
	if (error->kind != expected->kind || error->line != expected->line || error->column != expected->column ||
		strcmp(error->message, expected->message) != 0)
		fail_msg("%.*s\ngot %u:%u: %s\nexpected %u:%u: %s", SLICE_PRINTF(text), error->line, error->column,
			error->message, expected->line, expected->column, expected->message);
}

/* How many metrics were read in the quick way. */
static uint32_t compare(struct slice text)
{
	struct exposition together, apart;
	struct error error = {0}, expected_error = {0};
	struct buffer out, expected;
	uint32_t alike = 0;
	buffer_init(&out, 1 << 20);
	buffer_init(&expected, 1 << 20);
	exposition_init(&together);
	exposition_init(&apart);
	int status = exposition_parse(&together, text, &limits, &error);
	int expected_status = parse_apart(&apart, text, &expected_error);
	if (status == 0 && expected_status == 0) {
		status = write_all(&out, &together, &error);
		expected_status = write_all(&expected, &apart, &expected_error);
		for (uint32_t i = 0; i < together.metric_count; i++)
			alike += together.metrics[i].alike;
	}
	if (status != expected_status)
		fail_msg("%.*s\ngot %d, expected %d", SLICE_PRINTF(text), status, expected_status);
	if (status == -1)
		assert_same_error(&error, &expected_error, text);
	else if (!slice_equal(buffer_slice(&out), buffer_slice(&expected)))
		fail_msg("%.*s\ngot\n%.*s\nexpected\n%.*s", SLICE_PRINTF(text), SLICE_PRINTF(buffer_slice(&out)),
			SLICE_PRINTF(buffer_slice(&expected)));
	exposition_release(&together);
	exposition_release(&apart);
	buffer_release(&out);
	buffer_release(&expected);
	return alike;
}

static void same_as_the_long_way(void **state)
{
	uint32_t alike = 0;
	struct buffer text;
	buffer_init(&text, 1 << 20);
	for (size_t i = 0; i < TEXTS; i++) {
		make_text(&text);
		/* Memory of its own, so that a read beyond its end is seen. */
		char *copy = malloc(text.len);
		assert_non_null(copy);
		memcpy(copy, text.data, text.len);
		alike += compare(slice_make(copy, text.len));
		free(copy);
	}
	buffer_release(&text);
	assert_in_range(alike, TEXTS / 4, TEXTS * LINES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(same_as_the_long_way),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
