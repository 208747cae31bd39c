#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "json.h"

struct fixture {
	struct buffer out;
	struct json json;
};

static void begin(struct fixture *fixture)
{
	buffer_init(&fixture->out, 1 << 20);
	json_init(&fixture->json, &fixture->out);
}

static void assert_written(struct fixture *fixture, const char *expected)
{
	assert_int_equal(json_finish(&fixture->json), 0);
	assert_int_equal(buffer_append_byte(&fixture->out, '\0'), 0);
	assert_string_equal(fixture->out.data, expected);
	buffer_release(&fixture->out);
}

static void objects_and_arrays(void **state)
{
	struct fixture f;
	begin(&f);
	json_begin_object(&f.json);
	json_key(&f.json, "none");
	json_begin_array(&f.json);
	json_end_array(&f.json);
	json_key(&f.json, "empty");
	json_begin_object(&f.json);
	json_end_object(&f.json);
	json_key_slice(&f.json, slice_make("listed", 4));
	json_begin_array(&f.json);
	json_integer(&f.json, 1);
	json_begin_object(&f.json);
	json_key(&f.json, "a");
	json_bool(&f.json, true);
	json_key(&f.json, "b");
	json_bool(&f.json, false);
	json_end_object(&f.json);
	json_begin_array(&f.json);
	json_string(&f.json, slice_of("x"));
	json_string(&f.json, slice_of("y"));
	json_end_array(&f.json);
	json_number(&f.json, 0.5);
	json_end_array(&f.json);
	json_key(&f.json, "last");
	json_string(&f.json, slice_of(""));
	json_end_object(&f.json);
	assert_written(
		&f, "{\"none\":[],\"empty\":{},\"list\":[1,{\"a\":true,\"b\":false},[\"x\",\"y\"],0.5],\"last\":\"\"}");
}

static void a_value_alone(void **state)
{
	struct fixture f;
	begin(&f);
	json_string(&f.json, slice_make(NULL, 0));
	assert_written(&f, "\"\"");
	begin(&f);
	json_begin_array(&f.json);
	json_end_array(&f.json);
	assert_written(&f, "[]");
}

static void numbers(void **state)
{
	struct fixture f;
	begin(&f);
	json_begin_array(&f.json);
	json_number(&f.json, 0);
	json_number(&f.json, -0.0);
	json_number(&f.json, -1.5);
	json_number(&f.json, 1e6);
	json_number(&f.json, 1e-7);
	json_number(&f.json, 1.7976931348623157e308);
	json_number(&f.json, -1.7976931348623157e-308);
	json_number(&f.json, INFINITY);
	json_number(&f.json, -INFINITY);
	json_number(&f.json, NAN);
	json_integer(&f.json, 0);
	json_integer(&f.json, INT64_MAX);
	json_integer(&f.json, INT64_MIN);
	json_end_array(&f.json);
	assert_written(&f, "[0,0,-1.5,1e+06,1e-07,1.7976931348623157e+308,-1.7976931348623155e-308,null,null,null,"
			   "0,9223372036854775807,-9223372036854775808]");
}

static void assert_string(struct slice value, const char *expected)
{
	struct fixture f;
	char *copy = malloc(value.len + 1), whole[256];
	assert_non_null(copy);
	/* The text ends where the memory does. */
	char *end = copy + 1;
	memcpy(end, value.data, value.len);
	begin(&f);
	json_string(&f.json, slice_make(end, value.len));
	assert_written(&f, expected);

	begin(&f);
	json_begin_object(&f.json);
	json_key_slice(&f.json, slice_make(end, value.len));
	json_integer(&f.json, 1);
	json_end_object(&f.json);
	snprintf(whole, sizeof(whole), "{%s:1}", expected);
	assert_written(&f, whole);
	free(copy);
}

#define assert_literal(literal, expected) assert_string(slice_make("" literal, sizeof(literal) - 1), expected)
#define REPLACEMENT			  "\xef\xbf\xbd"

static void strings(void **state)
{
	assert_literal("", "\"\"");
	assert_literal("plain / <b> & 'c'", "\"plain / <b> & 'c'\"");
	assert_literal("\"\\", "\"\\\"\\\\\"");
	assert_literal("\b\f\n\r\t", "\"\\b\\f\\n\\r\\t\"");
	assert_literal("\0\1\a\v\x1b\x1f\x7f", "\"\\u0000\\u0001\\u0007\\u000b\\u001b\\u001f\\u007f\"");
	assert_literal("\xc3\xbc\xe2\x82\xac\xf0\x9f\x98\x80", "\"\xc3\xbc\xe2\x82\xac\xf0\x9f\x98\x80\"");
	/* What a terminal does not show, or obeys. */
	assert_literal("\xc2\x80\xc2\x9b\xc2\x9f\xc2\xa1", "\"\\u0080\\u009b\\u009f\xc2\xa1\"");
	assert_literal("\xe2\x80\xa8\xe2\x80\xae", "\"\\u2028\\u202e\"");
	assert_literal("\xf3\xa0\x80\x81\xf4\x8f\xbf\xbf", "\"\\udb40\\udc01\\udbff\\udfff\"");
	assert_literal("\xff", "\"" REPLACEMENT "\"");
	assert_literal("a\x80z", "\"a" REPLACEMENT "z\"");
	assert_literal("\xc3", "\"" REPLACEMENT "\"");
	assert_literal("\xc3\"", "\"" REPLACEMENT "\\\"\"");
	assert_literal("\xe2\x82", "\"" REPLACEMENT REPLACEMENT "\"");
	assert_literal("\xf0\x9f\x98", "\"" REPLACEMENT REPLACEMENT REPLACEMENT "\"");
	assert_literal("\xc0\x80", "\"" REPLACEMENT REPLACEMENT "\"");
	assert_literal("\xed\xa0\x80", "\"" REPLACEMENT REPLACEMENT REPLACEMENT "\"");
	assert_literal("\xf4\x90\x80\x80", "\"" REPLACEMENT REPLACEMENT REPLACEMENT REPLACEMENT "\"");
}

static void every_byte(void **state)
{
	for (int byte = 0; byte < 256; byte++) {
		char expected[16], c = (char)byte;
		const char *escape = byte == 0 ? NULL : strchr("\"\"\\\\\bb\ff\nn\rr\tt", byte);
		if (byte >= 0x80)
			snprintf(expected, sizeof(expected), "\"" REPLACEMENT "\"");
		else if ((byte < 0x20 || byte == 0x7f) && escape == NULL)
			snprintf(expected, sizeof(expected), "\"\\u%04x\"", byte);
		else if (escape != NULL && strchr("bfnrt", byte) == NULL)
			snprintf(expected, sizeof(expected), "\"\\%c\"", escape[1]);
		else
			snprintf(expected, sizeof(expected), "\"%c\"", byte);
		assert_string(slice_make(&c, 1), expected);
	}
}

static void as_deep_as_allowed(void **state)
{
	struct fixture f;
	begin(&f);
	for (int i = 0; i < JSON_DEPTH_MAX; i++)
		json_begin_array(&f.json);
	json_integer(&f.json, 7);
	for (int i = 0; i < JSON_DEPTH_MAX; i++)
		json_end_array(&f.json);
	assert_written(&f, "[[[[[[[[[[[[[[[[7]]]]]]]]]]]]]]]]");
}

static void the_first_failure_is_kept(void **state)
{
	struct fixture f;
	buffer_init(&f.out, 8);
	json_init(&f.json, &f.out);
	json_begin_array(&f.json);
	json_integer(&f.json, 123);
	json_string(&f.json, slice_of("too long for it"));
	errno = 0;
	json_integer(&f.json, 4);
	json_end_array(&f.json);
	assert_int_equal(json_finish(&f.json), -1);
	assert_int_equal(errno, EMSGSIZE);
	/* Nothing follows what did not fit, though it would. */
	assert_true(slice_is(buffer_slice(&f.out), "[123,\""));
	buffer_release(&f.out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(objects_and_arrays),
		cmocka_unit_test(a_value_alone),
		cmocka_unit_test(numbers),
		cmocka_unit_test(strings),
		cmocka_unit_test(every_byte),
		cmocka_unit_test(as_deep_as_allowed),
		cmocka_unit_test(the_first_failure_is_kept),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
