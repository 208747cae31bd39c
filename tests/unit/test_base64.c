#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base64.h"

/* RFC 4648, section 10, without the padding; then what the two alphabets differ in. */
static const struct {
	struct slice bytes;
	const char *encoded;
} vectors[] = {
	{SLICE_LITERAL(""), ""},
	{SLICE_LITERAL("f"), "Zg"},
	{SLICE_LITERAL("fo"), "Zm8"},
	{SLICE_LITERAL("foo"), "Zm9v"},
	{SLICE_LITERAL("foob"), "Zm9vYg"},
	{SLICE_LITERAL("fooba"), "Zm9vYmE"},
	{SLICE_LITERAL("foobar"), "Zm9vYmFy"},
	{SLICE_LITERAL("\xfb\xff\xbf"), "-_-_"},
	{SLICE_LITERAL("\0\0\0\0"), "AAAAAA"},
};

static void decodes(const char *encoded, struct slice expected)
{
	struct arena arena;
	struct slice bytes;
	struct error error;
	arena_init(&arena);
	if (base64_decode(&arena, slice_of(encoded), &bytes, &error) == -1)
		fail_msg("%s: %s", encoded, error.message);
	if (!slice_equal(bytes, expected))
		fail_msg("%s gives %zu other bytes", encoded, bytes.len);
	arena_release(&arena);
}

static void refuses(struct slice encoded, const char *message)
{
	struct arena arena;
	struct slice bytes;
	struct error error;
	arena_init(&arena);
	assert_int_equal(base64_decode(&arena, encoded, &bytes, &error), -1);
	assert_int_equal(error.kind, ERROR_SYNTAX);
	assert_string_equal(error.message, message);
	arena_release(&arena);
}

static void the_vectors_go_both_ways(void **state)
{
	for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
		struct buffer out;
		buffer_init(&out, 100);
		assert_int_equal(base64_append(&out, vectors[i].bytes), 0);
		assert_true(slice_is(buffer_slice(&out), vectors[i].encoded));
		buffer_release(&out);
		decodes(vectors[i].encoded, vectors[i].bytes);
	}
}

static void it_decodes_what_go_does(void **state)
{
	static const struct slice f = SLICE_LITERAL("f"), foo = SLICE_LITERAL("foo");
	decodes("=", slice_make("", 0));
	decodes("Zg==", f);
	decodes("Zg=", f);
	decodes("Zg=====", f);
	decodes("Zm9v=", foo);
	decodes("\nZ\r\nm9\nv\r", foo);
	/* Bits left over that are not zero. */
	decodes("Zh", f);
	decodes("Zv", f);
}

static void the_rest_is_refused(void **state)
{
	static const char strange[] = "a character is not in the URL-safe alphabet";
	static const char left_over[] = "one character is left over at its end";
	static const char *const bad[] = {"Zm9+", "Zm9/", "Z=g", "Zm 9v", "Zm9v.", "\xc3\xa4gg"};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		refuses(slice_of(bad[i]), strange);
	refuses(slice_make("Zm\0v", 4), strange);
	refuses(slice_of("Z"), left_over);
	refuses(slice_of("Zm9vY"), left_over);
	refuses(slice_of("Z==="), left_over);
	refuses(slice_of("Z\n"), left_over);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_vectors_go_both_ways),
		cmocka_unit_test(it_decodes_what_go_does),
		cmocka_unit_test(the_rest_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
