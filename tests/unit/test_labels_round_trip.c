/* Whatever a grouping key holds comes back from each of its forms. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "support/keys.h"

static const struct limits limits = LIMITS_DEFAULT;

static void assert_same_key(const struct grouping_key *a, const struct grouping_key *b)
{
	assert_int_equal(a->count, b->count);
	assert_true(slice_equal(a->text, b->text));
	assert_true(slice_equal(a->file, b->file));
	for (size_t i = 0; i < a->count; i++) {
		assert_true(slice_equal(a->labels[i].name, b->labels[i].name));
		assert_true(slice_equal(a->labels[i].value, b->labels[i].value));
	}
}

/* Percent-decoding, as a server does it. */
static size_t decode(char *out, struct slice path)
{
	size_t len = 0;
	for (size_t i = 0; i < path.len; i++) {
		out[len] = path.data[i];
		if (path.data[i] == '%') {
			assert_true(path.len - i > 2);
			const char digits[] = {path.data[i + 1], path.data[i + 2], '\0'};
			out[len] = (char)strtoul(digits, NULL, 16);
			i += 2;
		}
		len++;
	}
	return len;
}

static void assert_round_trips(const struct grouping_key *key)
{
	static char decoded[1 << 20];
	struct buffer path, again;
	buffer_init(&path, sizeof(decoded) - 2);
	buffer_init(&again, sizeof(decoded));
	assert_int_equal(grouping_key_append_path(key, &path), 0);
	size_t len = decode(decoded, buffer_slice(&path));
	/* Nothing in it that a server would clean away. */
	memcpy(decoded + len, "/", sizeof("/"));
	assert_int_equal(strlen(decoded), len + 1);
	assert_null(strstr(decoded, "//"));
	assert_null(strstr(decoded, "/./"));
	assert_null(strstr(decoded, "/../"));

	struct grouping_key other = parse_key(grouping_key_from_path, slice_make(decoded, len));
	assert_same_key(key, &other);
	assert_int_equal(grouping_key_append_path(&other, &again), 0);
	assert_true(slice_equal(buffer_slice(&path), buffer_slice(&again)));
	grouping_key_release(&other);

	other = parse_key(grouping_key_from_text, key->text);
	assert_same_key(key, &other);
	grouping_key_release(&other);

	assert_true(key->file.len <= 200);
	assert_null(memchr(key->file.data, '/', key->file.len));
	if (memchr(key->file.data, '~', key->file.len) == NULL) {
		other = parse_key(grouping_key_from_file, key->file);
		assert_same_key(key, &other);
		grouping_key_release(&other);
	}
	buffer_release(&path);
	buffer_release(&again);
}

/* A value of pieces that some form of a key could take for syntax. */
static size_t hostile_value(char *value, size_t max)
{
	static const char *const pieces[] = {"/", ".", "..", "//", "%", "%2F", "=", ",", "~", "\"", "\\", "\\n", "\n",
		"\r", "\t", " ", "+", "@base64", "{", "}", ".prom", "job=", "\xc3\xa9", "\xe2\x82\xac",
		"\xf0\x9f\x98\x80", "\x7f", "?", "#", "&", ":", "a", "Z", "0", "-", "_", "\xef\xbf\xbf", "'", "$("};
	size_t len = 0;
	int count = rand() % (rand() % 20 == 0 ? 60 : 5);
	for (int i = 0; i < count; i++) {
		if (rand() % 40 == 0) {
			value[len++] = '\0';
			continue;
		}
		const char *piece = pieces[(size_t)rand() % (sizeof(pieces) / sizeof(pieces[0]))];
		assert_true(len + strlen(piece) < max);
		memcpy(value + len, piece, strlen(piece));
		len += strlen(piece);
	}
	return len;
}

static void test_round_trips(void **state)
{
	static const char *const names[] = {"instance", "a", "z", "Job", "jo", "joba", "_", "_x", "A1", "le", "job"};
	char value[1024];
	struct error error;
	srand(20240501);
	for (int round = 0; round < 20000; round++) {
		struct grouping_key key;
		grouping_key_init(&key);
		size_t len = hostile_value(value, sizeof(value));
		struct slice job = len == 0 ? slice_of("j") : slice_make(value, len);
		assert_int_equal(grouping_key_set(&key, slice_of("job"), job, &error), 0);
		for (int i = rand() % 6; i > 0; i--) {
			const char *name = names[(size_t)rand() % (sizeof(names) / sizeof(names[0]))];
			len = hostile_value(value, sizeof(value));
			if (len > 0 || strcmp(name, "job") != 0)
				assert_int_equal(
					grouping_key_set(&key, slice_of(name), slice_make(value, len), &error), 0);
		}
		assert_int_equal(grouping_key_finish(&key, &limits, &error), 0);
		assert_round_trips(&key);
		grouping_key_release(&key);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trips),
	};
	return cmocka_run_group_tests_name("labels", tests, NULL, NULL);
}
