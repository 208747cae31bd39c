#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "support/keys.h"
#include "text.h"

static const struct limits limits = LIMITS_DEFAULT;

static void assert_slice_equal(struct slice actual, const char *expected)
{
	assert_non_null(actual.data);
	assert_int_equal(actual.len, strlen(expected));
	assert_memory_equal(actual.data, expected, actual.len);
}

static void assert_refused_within(key_parser *parser, struct slice input, const struct limits *key_limits,
	enum error_kind kind, const char *message)
{
	struct grouping_key key;
	struct error error = {0};
	grouping_key_init(&key);
	assert_int_equal(parser(&key, input, key_limits, &error), -1);
	assert_string_equal(error.message, message);
	assert_int_equal(error.kind, kind);
	grouping_key_release(&key);
}

static void assert_refused(key_parser *parser, const char *input, const char *message)
{
	assert_refused_within(parser, slice_of(input), &limits, ERROR_SYNTAX, message);
}

/* The forms of a key: file and path are NULL where a row doesn't look at them. */
struct forms {
	const char *input, *text, *file, *path;
};

static void assert_forms(key_parser *parser, const struct forms *forms)
{
	struct grouping_key key = parse_key(parser, slice_of(forms->input));
	struct buffer path;
	buffer_init(&path, SIZE_MAX);
	assert_int_equal(grouping_key_append_path(&key, &path), 0);
	assert_slice_equal(key.text, forms->text);
	assert_string_equal(key.file.data, forms->file);
	assert_slice_equal(buffer_slice(&path), forms->path);
	buffer_release(&path);
	grouping_key_release(&key);
}

static void test_paths(void **state)
{
	static const struct forms rows[] = {
		{"/job/backup", "{job=\"backup\"}", "job=backup.prom", "/job/backup"},
		{"/job/backup/", "{job=\"backup\"}", "job=backup.prom", "/job/backup"},
		{"/job/a/x/", "{job=\"a\",x=\"\"}", "job=a,x=.prom", "/job/a/x@base64/="},
		/* In any order, job first in every form. */
		{"/job/b/z/1/a/2/_k/3/Z/4", "{job=\"b\",Z=\"4\",_k=\"3\",a=\"2\",z=\"1\"}",
			"job=b,Z=4,_k=3,a=2,z=1.prom", "/job/b/Z/4/_k/3/a/2/z/1"},
		/* The last of two equal names wins, the job segment over both. */
		{"/job/b/x/1/x/2", "{job=\"b\",x=\"2\"}", "job=b,x=2.prom", "/job/b/x/2"},
		{"/job/b/job/1/x/2", "{job=\"b\",x=\"2\"}", "job=b,x=2.prom", "/job/b/x/2"},
		{"/job/b/job/", "{job=\"b\"}", "job=b.prom", "/job/b"},
		{"/job/b/job@base64/=", "{job=\"b\"}", "job=b.prom", "/job/b"},
		/* base64: padded or not, with leftover bits, line ends, of nothing. */
		{"/job@base64/YS9i", "{job=\"a/b\"}", "job=a%2Fb.prom", "/job@base64/YS9i"},
		{"/job@base64/YQ==", "{job=\"a\"}", "job=a.prom", "/job/a"},
		{"/job@base64/YQ", "{job=\"a\"}", "job=a.prom", "/job/a"},
		{"/job@base64/YR=====", "{job=\"a\"}", "job=a.prom", "/job/a"},
		{"/job@base64/Y\r\nWI\n", "{job=\"ab\"}", "job=ab.prom", "/job/ab"},
		{"/job/a/x@base64/=", "{job=\"a\",x=\"\"}", "job=a,x=.prom", "/job/a/x@base64/="},
		{"/job/a/x@base64/", "{job=\"a\",x=\"\"}", "job=a,x=.prom", "/job/a/x@base64/="},
		{"/job/a/x@base64/4pyT77iPLy8_", "{job=\"a\",x=\"\xe2\x9c\x93\xef\xb8\x8f//?\"}",
			"job=a,x=%E2%9C%93%EF%B8%8F%2F%2F%3F.prom", "/job/a/x@base64/4pyT77iPLy8_"},
		/* A value may look like syntax. */
		{"/job/a@base64/x/c@base64", "{job=\"a@base64\",x=\"c@base64\"}", "job=a@base64,x=c@base64.prom",
			"/job/a@base64/x/c@base64"},
		{"/job/a,b=c/x/~%41", "{job=\"a,b=c\",x=\"~%41\"}", "job=a%2Cb%3Dc,x=%7E%2541.prom",
			"/job/a,b=c/x/~%2541"},
		{"/job/a+b c/x/\"\\\n", "{job=\"a+b c\",x=\"\\\"\\\\\\n\"}", "job=a+b%20c,x=%22%5C%0A.prom",
			"/job/a+b%20c/x/%22%5C%0A"},
		{"/job/./x/..", "{job=\".\",x=\"..\"}", "job=.,x=...prom", "/job@base64/Lg/x@base64/Li4"},
		{"/job/.../x/.a", "{job=\"...\",x=\".a\"}", "job=...,x=.a.prom", "/job/.../x/.a"},
		{"/job/A-z_0.9:@+/x/?#[]!$&'()*;|`{}^<>", "{job=\"A-z_0.9:@+\",x=\"?#[]!$&'()*;|`{}^<>\"}",
			"job=A-z_0.9:@+,x=%3F%23%5B%5D%21%24%26%27%28%29%2A%3B%7C%60%7B%7D%5E%3C%3E.prom",
			"/job/A-z_0.9:@+/x/%3F%23%5B%5D%21%24%26%27%28%29%2A%3B%7C%60%7B%7D%5E%3C%3E"},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_forms(grouping_key_from_path, &rows[i]);
}

static void test_path_errors(void **state)
{
	static const struct {
		const char *path, *message;
	} rows[] = {
		{"/job", "job name is required"},
		{"/job/", "job name is required"},
		{"/job@base64/=", "job name is required"},
		{"/job//x/y", "job name is required"},
		{"/job//job/y", "job name is required"},
		{"/job/a/x", "odd number of components in label string \"/x\""},
		{"/job/a/x/y/", "odd number of components in label string \"/x/y/\""},
		{"/job/a//", "improper label name \"\""},
		{"/job/a/@base64/=", "improper label name \"\""},
		{"/job/a/1x/b", "improper label name \"1x\""},
		{"/job/a/__x/b", "improper label name \"__x\""},
		{"/job/a/__/b", "improper label name \"__\""},
		{"/job/a/x.y/b", "improper label name \"x.y\""},
		{"/job/a/x:y/b", "improper label name \"x:y\""},
		{"/job/a/x@base64@base64/=", "improper label name \"x@base64\""},
		{"/job/a/\xff/b", "improper label name \"\\xff\""},
		{"/job@base64/a?b", "invalid base64 encoding in job name \"a?b\": "
				    "a character is not in the URL-safe alphabet"},
		{"/job@base64/YQ=b", "invalid base64 encoding in job name \"YQ=b\": "
				     "a character is not in the URL-safe alphabet"},
		{"/job@base64/YWJjZ", "invalid base64 encoding in job name \"YWJjZ\": "
				      "one character is left over at its end"},
		{"/job/a/x@base64/a+b", "invalid base64 encoding for label x=\"a+b\": "
					"a character is not in the URL-safe alphabet"},
		{"/job/a/job@base64/?", "invalid base64 encoding for label job=\"?\": "
					"a character is not in the URL-safe alphabet"},
		{"/job/\xff", "value \"\\xff\" of label \"job\" is not UTF-8"},
		{"/job/a/x/\xc0\xaf", "value \"\\xc0\\xaf\" of label \"x\" is not UTF-8"},
		{"/job/a/x@base64/7aCA", "value \"\\xed\\xa0\\x80\" of label \"x\" is not UTF-8"},
		{"", "path \"\" of a group does not start with /job/ or /job@base64/"},
		{"/", "path \"/\" of a group does not start with /job/ or /job@base64/"},
		{"job/a", "path \"job/a\" of a group does not start with /job/ or /job@base64/"},
		{"/jobs/a", "path \"/jobs/a\" of a group does not start with /job/ or /job@base64/"},
		{"/job@base6/a", "path \"/job@base6/a\" of a group does not start with /job/ or /job@base64/"},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_refused(grouping_key_from_path, rows[i].path, rows[i].message);
	assert_refused_within(grouping_key_from_path, (struct slice){0}, &limits, ERROR_SYNTAX,
		"path \"\" of a group does not start with /job/ or /job@base64/");
}

/* As the upstream has it: names are shown as they were written. */
static void test_utf8_path_errors(void **state)
{
	static const struct {
		const char *path, *message;
	} rows[] = {
		{"/job/a/__x/b", "improper label name \"__x\""},
		{"/job/a/__x.y/b", "improper label name \"__x.y\""},
		{"/job/a/U__/b", "improper label name \"U__\""},
		{"/job/a/U______x/b", "improper label name \"U______x\""},
		{"/job/a/\xff/b", "improper label name \"\\xff\""},
		{"/job/a/U__x_2e_y@base64/a+b", "invalid base64 encoding for label U__x_2e_y=\"a+b\": "
						"a character is not in the URL-safe alphabet"},
	};
	struct limits with_utf8 = limits;
	with_utf8.utf8_names = true;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_refused_within(
			grouping_key_from_path, slice_of(rows[i].path), &with_utf8, ERROR_SYNTAX, rows[i].message);
}

static void test_nul_in_a_path(void **state)
{
	static const char path[] = "/job/a\0b/x/\0";
	struct grouping_key key = parse_key(grouping_key_from_path, slice_make(path, sizeof(path) - 1));
	struct buffer out;
	buffer_init(&out, SIZE_MAX);
	assert_int_equal(key.text.len, sizeof("{job=\"a_b\",x=\"_\"}") - 1);
	assert_memory_equal(key.text.data, "{job=\"a\0b\",x=\"\0\"}", key.text.len);
	assert_string_equal(key.file.data, "job=a%00b,x=%00.prom");
	assert_int_equal(grouping_key_append_path(&key, &out), 0);
	assert_slice_equal(buffer_slice(&out), "/job@base64/YQBi/x@base64/AA");
	assert_int_equal(grouping_key_value(&key, "job").len, 3);
	buffer_release(&out);
	grouping_key_release(&key);
}

static void test_files(void **state)
{
	static const struct forms rows[] = {
		{"job=a.prom", "{job=\"a\"}", "job=a.prom", "/job/a"},
		{"job=backup,instance=db1.prom", "{job=\"backup\",instance=\"db1\"}", "job=backup,instance=db1.prom",
			"/job/backup/instance/db1"},
		{"job=%2F,a=%25,z=.prom", "{job=\"/\",a=\"%\",z=\"\"}", "job=%2F,a=%25,z=.prom",
			"/job@base64/Lw/a/%25/z@base64/="},
		{"job=x.prom.prom", "{job=\"x.prom\"}", "job=x.prom.prom", "/job/x.prom"},
	};
	static const struct {
		const char *file, *message;
	} refused[] = {
		{"", "file name \"\": it does not end in .prom"},
		{"job=a.promx", "file name \"job=a.promx\": it does not end in .prom"},
		{".prom", "file name \".prom\": job name is required"},
		{"node.prom", "file name \"node.prom\": job name is required"},
		{"job.prom", "file name \"job.prom\": job name is required"},
		{"job=.prom", "file name \"job=.prom\": job name is required"},
		{"x=1.prom", "file name \"x=1.prom\": job name is required"},
		{"job=a,.prom", "file name \"job=a,.prom\": the name of this group's file is \"job=a.prom\""},
		{"job=a,,x=1.prom", "file name \"job=a,,x=1.prom\": improper label name \"\""},
		{"job=a,x.prom", "file name \"job=a,x.prom\": the name of this group's file is \"job=a,x=.prom\""},
		{"job=a,x=1,x=2.prom",
			"file name \"job=a,x=1,x=2.prom\": the name of this group's file is \"job=a,x=2.prom\""},
		{"x=1,job=a.prom", "file name \"x=1,job=a.prom\": the name of this group's file is \"job=a,x=1.prom\""},
		{"job=a,z=1,b=2.prom",
			"file name \"job=a,z=1,b=2.prom\": the name of this group's file is \"job=a,b=2,z=1.prom\""},
		{"job=a b.prom", "file name \"job=a b.prom\": the name of this group's file is \"job=a%20b.prom\""},
		{"job=a=b.prom", "file name \"job=a=b.prom\": the name of this group's file is \"job=a%3Db.prom\""},
		{"job=%41.prom", "file name \"job=%41.prom\": the name of this group's file is \"job=A.prom\""},
		{"job=%2f.prom", "file name \"job=%2f.prom\": the name of this group's file is \"job=%2F.prom\""},
		{"job=%2.prom", "file name \"job=%2.prom\": bad escape in the label \"job\""},
		{"job=a,x=%.prom", "file name \"job=a,x=%.prom\": bad escape in the label \"x\""},
		{"job=a,x=%4,y=1.prom", "file name \"job=a,x=%4,y=1.prom\": bad escape in the label \"x\""},
		{"job=%FF.prom", "file name \"job=%FF.prom\": value \"\\xff\" of label \"job\" is not UTF-8"},
		{"job=a,__x=1.prom", "file name \"job=a,__x=1.prom\": improper label name \"__x\""},
		{"job=aaa~0123456789abcdef0123456789abcdef.prom",
			"file name \"job=aaa~0123456789abcdef0123456789abcdef.prom\": "
			"a name that was cut can't be read back"},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_forms(grouping_key_from_file, &rows[i]);
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
		assert_refused(grouping_key_from_file, refused[i].file, refused[i].message);
}

static void test_texts(void **state)
{
	static const struct forms rows[] = {
		{"{job=\"a\"}", "{job=\"a\"}", "job=a.prom", "/job/a"},
		{"{z=\"1\",job=\"a\",b=\"\"}", "{job=\"a\",b=\"\",z=\"1\"}", "job=a,b=,z=1.prom",
			"/job/a/b@base64/=/z/1"},
		{"{job=\"\\\\n\\\"\\n}\"}", "{job=\"\\\\n\\\"\\n}\"}", "job=%5Cn%22%0A%7D.prom", "/job/%5Cn%22%0A%7D"},
	};
	static const struct {
		const char *text, *message;
	} refused[] = {
		{"", "grouping key \"\": it does not stand in braces"},
		{"{", "grouping key \"{\": it does not stand in braces"},
		{"job=\"a\"", "grouping key \"job=\\\"a\\\"\": it does not stand in braces"},
		{"{}", "grouping key \"{}\": job name is required"},
		{"{x=\"\"}", "grouping key \"{x=\\\"\\\"}\": job name is required"},
		{"{job=\"\"}", "grouping key \"{job=\\\"\\\"}\": job name is required"},
		{"{,job=\"a\"}", "grouping key \"{,job=\\\"a\\\"}\": improper label name \",job\""},
		{"{1=\"\"}", "grouping key \"{1=\\\"\\\"}\": improper label name \"1\""},
		{"{job=\"a\",job=\"b\"}",
			"grouping key \"{job=\\\"a\\\",job=\\\"b\\\"}\": label \"job\" is there twice"},
		{"{job=\"\xff\"}",
			"grouping key \"{job=\\\"\\xff\\\"}\": value \"\\xff\" of label \"job\" is not UTF-8"},
	};
	static const char *const malformed[] = {
		"{job}",
		"{job=}",
		"{job=a}",
		"{job=\"a}",
		"{job=\"a\\\"}",
		"{job=\"a\\\\\\\"}",
		"{job=\"a\\t\"}",
		"{job=\"a\n\"}",
		"{job=\"a\",}",
		"{job=\"a\"x=\"b\"}",
		"{job=\"a\"}}",
		"{job=\"a\"\n}",
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_forms(grouping_key_from_text, &rows[i]);
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
		assert_refused(grouping_key_from_text, refused[i].text, refused[i].message);
	for (size_t i = 0; i < sizeof(malformed) / sizeof(malformed[0]); i++) {
		char message[512];
		snprintf(message, sizeof(message), "grouping key %s: it is not of the form {job=\"a\",name=\"value\"}",
			quote(slice_of(malformed[i])).text);
		assert_refused(grouping_key_from_text, malformed[i], message);
	}
}

static void test_set(void **state)
{
	struct grouping_key key;
	struct error error;
	grouping_key_init(&key);
	assert_int_equal(grouping_key_finish(&key, &limits, &error), -1);
	assert_string_equal(error.message, "job name is required");
	assert_int_equal(grouping_key_set(&key, slice_of("job"), (struct slice){0}, &error), -1);
	assert_string_equal(error.message, "job name is required");
	assert_int_equal(key.count, 0);
	assert_int_equal(grouping_key_set(&key, slice_of("instance"), (struct slice){0}, &error), 0);
	assert_int_equal(grouping_key_set(&key, slice_of("job"), slice_of("x"), &error), 0);
	assert_int_equal(grouping_key_set(&key, slice_of("job"), slice_of("backup"), &error), 0);
	assert_int_equal(grouping_key_finish(&key, &limits, &error), 0);
	assert_string_equal(key.file.data, "job=backup,instance=.prom");
	assert_slice_equal(grouping_key_value(&key, "job"), "backup");
	assert_slice_equal(grouping_key_value(&key, "instance"), "");
	assert_null(grouping_key_value(&key, "x").data);
	/* A change unmakes what was made of the key. */
	assert_int_equal(grouping_key_set(&key, slice_of("instance"), slice_of("db1"), &error), 0);
	assert_null(key.text.data);
	assert_null(key.file.data);
	assert_int_equal(grouping_key_finish(&key, &limits, &error), 0);
	assert_string_equal(key.text.data, "{job=\"backup\",instance=\"db1\"}");
	grouping_key_release(&key);
}

static void test_label_names(void **state)
{
	assert_true(label_name_valid(slice_of("a")));
	assert_true(label_name_valid(slice_of("_")));
	assert_true(label_name_valid(slice_of("__name__")));
	assert_true(label_name_valid(slice_of("aZ_09")));
	assert_false(label_name_valid(slice_of("")));
	assert_false(label_name_valid(slice_of("0a")));
	assert_false(label_name_valid(slice_of("a:b")));
	assert_false(label_name_valid(slice_of("a-b")));
	assert_false(label_name_valid(slice_of("\xc3\xa9")));
	assert_false(label_name_valid(slice_make("a\0b", 3)));
}

static void test_limits(void **state)
{
	struct limits narrow = LIMITS_DEFAULT;
	narrow.labels = 2;
	narrow.name = 3;
	narrow.label_value = 4;
	struct grouping_key key;
	struct error error;
	grouping_key_init(&key);
	assert_int_equal(grouping_key_from_path(&key, slice_of("/job/1234/abc/\"\n"), &narrow, &error), 0);
	grouping_key_release(&key);
	assert_refused_within(grouping_key_from_path, slice_of("/job/a/b/c/d/e"), &narrow, ERROR_TOO_LARGE,
		"the grouping key has more than 2 labels");
	assert_refused_within(grouping_key_from_path, slice_of("/job/a/abcd/e"), &narrow, ERROR_TOO_LARGE,
		"label name \"abcd\" is longer than 3 bytes");
	assert_refused_within(grouping_key_from_path, slice_of("/job/12345"), &narrow, ERROR_TOO_LARGE,
		"value of label \"job\" is longer than 4 bytes");
	/* Escapes count. */
	assert_refused_within(grouping_key_from_path, slice_of("/job/123\n"), &narrow, ERROR_TOO_LARGE,
		"value of label \"job\" is longer than 4 bytes");
	assert_refused_within(grouping_key_from_file, slice_of("job=a,b=c,d=e.prom"), &narrow, ERROR_TOO_LARGE,
		"file name \"job=a,b=c,d=e.prom\": the grouping key has more than 2 labels");
	assert_refused_within(grouping_key_from_text, slice_of("{job=\"a\",b=\"c\",d=\"e\"}"), &narrow, ERROR_TOO_LARGE,
		"grouping key \"{job=\\\"a\\\",b=\\\"c\\\",d=\\\"e\\\"}\": the grouping key has more than 2 labels");
	/* What was set one by one is checked at the end. */
	grouping_key_init(&key);
	assert_int_equal(grouping_key_set(&key, slice_of("job"), slice_of("a"), &error), 0);
	assert_int_equal(grouping_key_set(&key, slice_of("b"), slice_of("a"), &error), 0);
	assert_int_equal(grouping_key_set(&key, slice_of("c"), slice_of("a"), &error), 0);
	assert_int_equal(grouping_key_finish(&key, &narrow, &error), -1);
	assert_string_equal(error.message, "the grouping key has more than 2 labels");
	grouping_key_release(&key);
}

/* A path of very many labels stops at the limit. */
static void test_many_labels(void **state)
{
	struct buffer path;
	buffer_init(&path, SIZE_MAX);
	assert_int_equal(buffer_append_string(&path, "/job/a"), 0);
	for (int i = 0; i < 100000; i++)
		assert_int_equal(buffer_printf(&path, "/x%d/y", 100000 - i), 0);
	struct grouping_key key;
	struct error error;
	grouping_key_init(&key);
	assert_int_equal(grouping_key_from_path(&key, buffer_slice(&path), &limits, &error), -1);
	assert_string_equal(error.message, "the grouping key has more than 200 labels");
	assert_int_equal(key.count, 201);
	grouping_key_release(&key);
	buffer_release(&path);
}

/* The name of the file of {job="VALUE"}. */
static void file_of_job(const char *value, char *file, size_t size)
{
	struct grouping_key key;
	struct error error;
	grouping_key_init(&key);
	assert_int_equal(grouping_key_set(&key, slice_of("job"), slice_of(value), &error), 0);
	assert_int_equal(grouping_key_finish(&key, &limits, &error), 0);
	assert_true(key.file.len < size);
	memcpy(file, key.file.data, key.file.len + 1);
	grouping_key_release(&key);
}

static void fill(char *value, size_t len)
{
	memset(value, 'a', len);
	value[len] = '\0';
}

static void test_cut_files(void **state)
{
	char value[400], file[256], expected[512];
	/* job= and .prom are 9 bytes: 191 make 200. */
	fill(value, 191);
	file_of_job(value, file, sizeof(file));
	snprintf(expected, sizeof(expected), "job=%s.prom", value);
	assert_string_equal(file, expected);
	assert_int_equal(strlen(file), 200);
	struct grouping_key key = parse_key(grouping_key_from_file, slice_of(file));
	assert_slice_equal(grouping_key_value(&key, "job"), value);
	grouping_key_release(&key);

	/* The digits are those of sha256sum(1). */
	fill(value, 192);
	file_of_job(value, file, sizeof(file));
	snprintf(expected, sizeof(expected), "job=%.156s~77587e94d3f52fea122748d724bf7ed6.prom", value);
	assert_string_equal(file, expected);

	/* "%2F" at 157, 158, 159: whole; at 158 and 159: left out. */
	fill(value, 300);
	value[153] = '/';
	file_of_job(value, file, sizeof(file));
	snprintf(expected, sizeof(expected), "job=%.153s%%2F~5196b906532f8156b8fedb111951ec20.prom", value);
	assert_string_equal(file, expected);
	fill(value, 300);
	value[154] = '/';
	file_of_job(value, file, sizeof(file));
	snprintf(expected, sizeof(expected), "job=%.154s~f869d4d4665970b68eb58d470a43d815.prom", value);
	assert_string_equal(file, expected);
	fill(value, 300);
	value[155] = '/';
	file_of_job(value, file, sizeof(file));
	snprintf(expected, sizeof(expected), "job=%.155s~8ff419d8c713c0f8eb0fc910807ced60.prom", value);
	assert_string_equal(file, expected);
	char message[512];
	snprintf(message, sizeof(message), "file name %s: a name that was cut can't be read back",
		quote(slice_of(file)).text);
	assert_refused(grouping_key_from_file, file, message);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_paths),
		cmocka_unit_test(test_path_errors),
		cmocka_unit_test(test_utf8_path_errors),
		cmocka_unit_test(test_nul_in_a_path),
		cmocka_unit_test(test_files),
		cmocka_unit_test(test_texts),
		cmocka_unit_test(test_set),
		cmocka_unit_test(test_label_names),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_many_labels),
		cmocka_unit_test(test_cut_files),
	};
	return cmocka_run_group_tests_name("labels", tests, NULL, NULL);
}
