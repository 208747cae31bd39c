#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "buffer.h"
#include "file_sd.h"
#include "support/files.h"
#include "support/scratch.h"

static const struct limits limits = LIMITS_DEFAULT;

static void parse(struct file_sd *file_sd, const char *text)
{
	struct error error;
	file_sd_init(file_sd);
	if (file_sd_parse(file_sd, slice_of(text), &limits, &error) == -1)
		fail_msg("%s", error.message);
}

static void assert_url(const struct file_sd_target *target, const char *text)
{
	struct url url;
	struct error error;
	if (file_sd_url(target, &url, &error) == -1)
		fail_msg("%s", error.message);
	assert_string_equal(url.text, text);
	url_release(&url);
}

static void assert_label(const struct file_sd_target *target, size_t i, const char *name, const char *value)
{
	assert_true(i < target->label_count);
	assert_string_equal(target->labels[i].name.data, name);
	assert_string_equal(target->labels[i].value.data, value);
}

static void targets_have_the_labels_of_their_group(void **state)
{
	struct file_sd file_sd;
	parse(&file_sd, "[{\"targets\":[\"db1:9100\",\"[::1]:9100\"],"
			"\"labels\":{\"job\":\"node\",\"env\":\"prod\"}},\n"
			"{\"labels\":{\"job\":\"web\"},\"targets\":[\"web.example\"]},\n"
			"{\"targets\":[\"bare:80\"]}]\n");
	assert_int_equal(file_sd.count, 4);
	const struct file_sd_target *target = file_sd.targets;
	assert_string_equal(target[0].address.data, "db1:9100");
	assert_string_equal(target[0].scheme.data, "http");
	assert_string_equal(target[0].path.data, "/metrics");
	assert_string_equal(target[0].query.data, "");
	assert_int_equal(target[0].label_count, 2);
	assert_label(&target[0], 0, "env", "prod");
	assert_label(&target[0], 1, "job", "node");
	assert_url(&target[0], "http://db1:9100/metrics");
	assert_ptr_equal(target[1].labels, target[0].labels);
	assert_url(&target[1], "http://[::1]:9100/metrics");
	assert_int_equal(target[2].label_count, 1);
	assert_label(&target[2], 0, "job", "web");
	assert_url(&target[2], "http://web.example/metrics");
	assert_int_equal(target[3].label_count, 0);
	assert_url(&target[3], "http://bare:80/metrics");
	file_sd_release(&file_sd);
}

static void reserved_labels_say_how_to_scrape(void **state)
{
	static const struct {
		const char *labels, *url;
	} cases[] = {
		{"\"__scheme__\":\"https\"", "https://a:1/metrics"},
		{"\"__scheme__\":\"\"", "http://a:1/metrics"},
		{"\"__metrics_path__\":\"/x/y\"", "http://a:1/x/y"},
		{"\"__metrics_path__\":\"x\"", "http://a:1/x"},
		{"\"__metrics_path__\":\"\"", "http://a:1/metrics"},
		{"\"__metrics_path__\":\"/a b?c#d%\\u00e9\\u0000:@\"", "http://a:1/a%20b%3Fc%23d%25%C3%A9%00:@"},
		{"\"__param_target\":\"http://x/?y=1&z\"", "http://a:1/metrics?target=http%3A%2F%2Fx%2F%3Fy%3D1%26z"},
		{"\"__param_b\":\"2\",\"__param_a\":\"1 1\",\"__param_c\":\"\"", "http://a:1/metrics?a=1%201&b=2"},
		{"\"__param_match[]\":\"up\",\"__param_\":\"x\"", "http://a:1/metrics?=x&match%5B%5D=up"},
		{"\"__address__\":\"other:2\",\"__meta_x\":\"y\",\"__tmp\":\"z\"", "http://a:1/metrics"},
		{"\"__scrape_interval__\":\"1m\",\"__name__\":\"n\",\"x\":\"\",\"y\":null", "http://a:1/metrics"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct file_sd file_sd;
		char text[300];
		snprintf(text, sizeof(text), "[{\"targets\":[\"a:1\"],\"labels\":{%s}}]", cases[i].labels);
		parse(&file_sd, text);
		assert_int_equal(file_sd.count, 1);
		assert_int_equal(file_sd.targets[0].label_count, 0);
		assert_url(&file_sd.targets[0], cases[i].url);
		file_sd_release(&file_sd);
	}
}

static void nothing_is_no_target(void **state)
{
	static const char *const texts[] = {"[]", " null ", "[{}]", "[{\"targets\":[]}]",
		"[{\"targets\":null,\"labels\":null}]", "[{\"labels\":{\"a\":\"b\"}}]"};
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct file_sd file_sd;
		parse(&file_sd, texts[i]);
		assert_int_equal(file_sd.count, 0);
		file_sd_release(&file_sd);
	}
}

static void keys_and_values_repeat_as_in_prometheus(void **state)
{
	struct file_sd file_sd;
	parse(&file_sd, "[{\"Targets\":[\"a\"],\"LABELS\":{\"x\":\"1\",\"x\":\"2\"},\"targets\":[\"b\",\"b\"]}]");
	assert_int_equal(file_sd.count, 2);
	assert_string_equal(file_sd.targets[0].address.data, "b");
	assert_string_equal(file_sd.targets[1].address.data, "b");
	assert_int_equal(file_sd.targets[0].label_count, 1);
	assert_label(&file_sd.targets[0], 0, "x", "2");
	file_sd_release(&file_sd);
}

static void refuse(struct slice text, const struct limits *kept, enum error_kind kind, const char *message)
{
	struct file_sd file_sd;
	struct error error;
	file_sd_init(&file_sd);
	assert_int_equal(file_sd_parse(&file_sd, text, kept, &error), -1);
	assert_string_equal(error.message, message);
	assert_int_equal(error.kind, kind);
	assert_int_equal(error.line, 0);
	file_sd_release(&file_sd);
}

static void other_shapes_are_refused(void **state)
{
	static const struct {
		const char *text, *message;
	} cases[] = {
		{"{}", "it is no array of groups of targets"},
		{"\"x\"", "it is no array of groups of targets"},
		{"[null]", "group 1: it is no object"},
		{"[{},[]]", "group 2: it is no object"},
		{"[{\"targets\":\"a\"}]", "group 1: targets is no array"},
		{"[{\"targets\":[1]}]", "group 1: a target is no string"},
		{"[{\"targets\":[null]}]", "group 1: a target has no address"},
		{"[{\"targets\":[\"\"]}]", "group 1: a target has no address"},
		{"[{\"labels\":[]}]", "group 1: labels is no object"},
		{"[{\"labels\":{\"a\":1}}]", "group 1: the value of label \"a\" is no string"},
		{"[{\"labels\":{\"a.b\":\"\"}}]", "group 1: improper label name \"a.b\""},
		{"[{\"labels\":{\"\":\"x\"}}]", "group 1: improper label name \"\""},
		{"[{\"labels\":{\"__scheme__\":\"HTTP\"}}]", "group 1: __scheme__ is \"HTTP\", neither http nor https"},
		{"[{\"labels\":{\"__scheme__\":\"unix\"}}]", "group 1: __scheme__ is \"unix\", neither http nor https"},
		{"[{\"source\":\"x\"}]", "group 1: unknown key \"source\""},
		{"[{\"targets\":[\"http://a/\"]}]", "group 1: target \"http://a/\" is no HOST or HOST:PORT"},
		{"[{\"targets\":[\"user@a\"]}]", "group 1: target \"user@a\" is no HOST or HOST:PORT"},
		{"[{\"targets\":[\"a b\"]}]", "group 1: target \"a b\" is no HOST or HOST:PORT"},
		{"[{\"targets\":[\"a\\u0000\"]}]", "group 1: target \"a\\x00\" is no HOST or HOST:PORT"},
		{"[{\"targets\":[\"a?\"]}]", "group 1: target \"a?\" is no HOST or HOST:PORT"},
		{"[{\"targets\":[\":80\"]}]", "group 1: http://:80/metrics: the URL has no host"},
		{"[[[[[[[[[[[[[[[[[", "it is nested too deep"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		refuse(slice_of(cases[i].text), &limits, ERROR_SYNTAX, cases[i].message);
}

static void other_texts_have_a_place(void **state)
{
	static const struct {
		const char *text;
		unsigned line, column;
		const char *message;
	} cases[] = {
		{"", 1, 1, "unexpected token near end of file"},
		{"[\n {\"a\" 1}]", 2, 7, "':' expected near '1'"},
		{"[\"\xc3\xa9\" 1]", 1, 7, "']' expected near '1'"},
		{"[]\n\n  x", 3, 3, "end of file expected near 'x'"},
		{"[{\"labels\":{\"a\\u0000\":\"\"}}]", 1, 21,
			"NUL byte in object key not supported near '\"a\\u0000\"'"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct file_sd file_sd;
		struct error error;
		file_sd_init(&file_sd);
		assert_int_equal(file_sd_parse(&file_sd, slice_of(cases[i].text), &limits, &error), -1);
		assert_string_equal(error.message, cases[i].message);
		assert_int_equal(error.kind, ERROR_SYNTAX);
		assert_int_equal(error.line, cases[i].line);
		assert_int_equal(error.column, cases[i].column);
		file_sd_release(&file_sd);
	}
}

static void limits_are_kept(void **state)
{
	struct limits small = LIMITS_DEFAULT;
	small.name = small.label_value = 10;
	small.labels = 2;
	const char *fits = "[{\"targets\":[\"abcdefgh:1\"],\"labels\":{\"abcdefghij\":\"0123456789\","
			   "\"b\":\"1\",\"__c\":\"1\",\"d\":\"\"}}]";
	struct file_sd file_sd;
	struct error error;
	file_sd_init(&file_sd);
	assert_int_equal(file_sd_parse(&file_sd, slice_of(fits), &small, &error), 0);
	assert_int_equal(file_sd.targets[0].label_count, 2);
	file_sd_release(&file_sd);
	refuse(slice_of("[{\"targets\":[\"abcdefghi:1\"]}]"), &small, ERROR_TOO_LARGE,
		"group 1: target \"abcdefghi:1\" is longer than 10 bytes");
	refuse(slice_of("[{\"labels\":{\"abcdefghijk\":\"\"}}]"), &small, ERROR_TOO_LARGE,
		"group 1: label name \"abcdefghijk\" is longer than 10 bytes");
	refuse(slice_of("[{\"labels\":{\"__meta\":\"01234567890\"}}]"), &small, ERROR_TOO_LARGE,
		"group 1: value of label \"__meta\" is longer than 10 bytes");
	refuse(slice_of("[{\"labels\":{\"a\":\"1\",\"b\":\"1\",\"c\":\"1\"}}]"), &small, ERROR_TOO_LARGE,
		"group 1: there are more than 2 labels");
}

static void names_beyond_the_plain_ones_are_optional(void **state)
{
	struct limits utf8 = LIMITS_DEFAULT;
	struct file_sd file_sd;
	struct error error;
	utf8.utf8_names = true;
	file_sd_init(&file_sd);
	assert_int_equal(
		file_sd_parse(&file_sd, slice_of("[{\"targets\":[\"a\"],\"labels\":{\"a.b\":\"c\"}}]"), &utf8, &error),
		0);
	assert_label(&file_sd.targets[0], 0, "a.b", "c");
	file_sd_release(&file_sd);
}

/* A text of one array that repeats what is given. */
static void repeat(struct buffer *text, const char *start, const char *piece, size_t times, const char *end)
{
	buffer_init(text, FILE_SD_BYTES_MAX + 100);
	buffer_append_string(text, start);
	for (size_t i = 0; i < times; i++)
		buffer_append_string(text, piece);
	assert_int_equal(buffer_append_string(text, end), 0);
}

static void sizes_have_a_maximum(void **state)
{
	struct buffer text;
	struct file_sd file_sd;
	struct error error;
	repeat(&text, "[{\"targets\":[\"a\"", ",\"a\"", FILE_SD_TARGETS_MAX - 1, "]}]");
	file_sd_init(&file_sd);
	assert_int_equal(file_sd_parse(&file_sd, buffer_slice(&text), &limits, &error), 0);
	assert_int_equal(file_sd.count, FILE_SD_TARGETS_MAX);
	file_sd_release(&file_sd);
	buffer_release(&text);
	repeat(&text, "[{\"targets\":[\"a\"", ",\"a\"", FILE_SD_TARGETS_MAX, "]}]");
	refuse(buffer_slice(&text), &limits, ERROR_TOO_LARGE, "group 1: there are more than 100000 targets");
	buffer_release(&text);
	repeat(&text, "[1", ",1", FILE_SD_VALUES_MAX, "]");
	refuse(buffer_slice(&text), &limits, ERROR_TOO_LARGE, "there are more than 2000000 values");
	buffer_release(&text);
	repeat(&text, "[", "    ", FILE_SD_BYTES_MAX / 4, "]");
	refuse(buffer_slice(&text), &limits, ERROR_TOO_LARGE, "it is larger than 33554432 bytes");
	buffer_release(&text);
}

static void refuse_file(const char *path, enum error_kind kind, const char *message)
{
	struct file_sd file_sd;
	struct error error;
	file_sd_init(&file_sd);
	assert_int_equal(file_sd_read(&file_sd, path, &limits, &error), -1);
	assert_string_equal(error.message, message);
	assert_int_equal(error.kind, kind);
	assert_int_equal(error.line, 0);
	file_sd_release(&file_sd);
}

static void files_are_read(void **state)
{
	struct file_sd file_sd;
	struct error error;
	struct stat status;
	write_file("a.JSON", "[{\"targets\":[\"a:1\"]}]");
	file_sd_init(&file_sd);
	assert_int_equal(file_sd_read(&file_sd, "a.JSON", &limits, &error), 0);
	assert_int_equal(file_sd.count, 1);
	assert_int_equal(stat("a.JSON", &status), 0);
	assert_true(file_sd.file.inode == status.st_ino);
	assert_true(file_sd.file.size == 21);
	file_sd_release(&file_sd);
	write_file("b.json", "[\n {\"targets\" 1}]");
	refuse_file("b.json", ERROR_SYNTAX, "b.json:2:13: ':' expected near '1'");
	write_file("b.json", "[{\"targets\":1}]");
	refuse_file("b.json", ERROR_SYNTAX, "b.json: group 1: targets is no array");
	refuse_file("none.json", ERROR_NO_INPUT, "none.json: there is no such file");
	refuse_file("../none.json/x.json", ERROR_NO_INPUT, "../none.json/x.json: there is no such file");
	refuse_file("a.JSON/x.json", ERROR_NO_INPUT, "a.JSON/x.json: Not a directory");
	refuse_file("c.yml", ERROR_USAGE, "c.yml: YAML is not read, only JSON (.json)");
	refuse_file("c.YAML", ERROR_USAGE, "c.YAML: YAML is not read, only JSON (.json)");
	refuse_file("json", ERROR_USAGE, "json: the name of a file of targets must end in .json");
	refuse_file("a.json/b", ERROR_USAGE, "a.json/b: the name of a file of targets must end in .json");
	refuse_file("", ERROR_USAGE, ": the name of a file of targets must end in .json");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(targets_have_the_labels_of_their_group),
		cmocka_unit_test(reserved_labels_say_how_to_scrape),
		cmocka_unit_test(nothing_is_no_target),
		cmocka_unit_test(keys_and_values_repeat_as_in_prometheus),
		cmocka_unit_test(other_shapes_are_refused),
		cmocka_unit_test(other_texts_have_a_place),
		cmocka_unit_test(limits_are_kept),
		cmocka_unit_test(names_beyond_the_plain_ones_are_optional),
		cmocka_unit_test(sizes_have_a_maximum),
		cmocka_unit_test_setup_teardown(files_are_read, scratch_enter, scratch_leave),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
