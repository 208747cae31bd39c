/* Members made of parts, read back by the reader of what clients send. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

#include "buffer.h"
#include "gzip_part.h"
#include "support/bytes.h"
#include "support/random.h"

#define ROUNDS	  300
#define PARTS_MAX 12

/* Also empty, also what can't be compressed, also more than a stored block can hold. */
static void append_random(struct buffer *text)
{
	static const size_t sizes[] = {1, 300, 9000, 70000, 300000};
	size_t len = random_below((uint32_t)sizes[random_below(5)] + 1);
	bool noise = random_below(3) == 0;
	for (size_t i = 0; i < len; i++)
		assert_int_equal(buffer_append_byte(text, noise ? (char)random_below(256) : "bench 1.5\n"[i % 10]), 0);
}

static struct gzip_part *make_part(struct gzip_compressor *compressor, struct slice text)
{
	struct error error;
	struct gzip_part *part = gzip_part_new(compressor, text, &error);
	assert_non_null(part);
	assert_int_equal(part->text_len, text.len);
	return part;
}

static void append(struct buffer *out, const void *data, size_t len)
{
	assert_int_equal(buffer_append(out, data, len), 0);
}

static void parts_make_a_member(void **state)
{
	struct error error;
	struct gzip_compressor *compressor = gzip_compressor_new(&error);
	assert_non_null(compressor);
	for (size_t round = 0; round < ROUNDS; round++) {
		struct buffer text, packed;
		struct gzip_member member = {0};
		char end[GZIP_END_SIZE];
		size_t start = 0;
		buffer_init(&text, SIZE_MAX / 2);
		buffer_init(&packed, SIZE_MAX / 2);
		append(&packed, GZIP_HEADER, GZIP_HEADER_SIZE);
		for (uint32_t parts = random_below(PARTS_MAX); parts > 0; parts--) {
			append_random(&text);
			struct slice added = slice_make(text.data + start, text.len - start);
			if (random_below(10) == 0) {
				gzip_compressor_sample(compressor, added);
				gzip_compressor_learn(compressor);
			}
			struct gzip_part *part = make_part(compressor, added);
			gzip_member_add(&member, part);
			append(&packed, part->data, part->len);
			free(part);
			start = text.len;
		}
		gzip_member_end(&member, end);
		append(&packed, end, sizeof(end));
		assert_int_equal(packed.len, GZIP_HEADER_SIZE + member.len + GZIP_END_SIZE);
		assert_unpacks(buffer_slice(&packed), buffer_slice(&text));
		buffer_release(&packed);
		buffer_release(&text);
	}
	gzip_compressor_free(compressor);
}

/* "The quick brown fox..." has a checksum that everybody knows. */
static void checksums_combine(void **state)
{
	struct error error;
	struct gzip_member member = {0};
	const struct slice text = SLICE_LITERAL("The quick brown fox jumps over the lazy dog");
	struct gzip_compressor *compressor = gzip_compressor_new(&error);
	for (size_t i = 0; i < text.len; i += 5) {
		size_t len = text.len - i < 5 ? text.len - i : 5;
		struct gzip_part *part = make_part(compressor, slice_make(text.data + i, len));
		gzip_member_add(&member, part);
		free(part);
	}
	assert_int_equal(member.checksum, 0x414fa339);
	assert_int_equal(member.text_len, text.len);
	gzip_compressor_free(compressor);
}

static void learning_is_due_once_in_a_while(void **state)
{
	struct error error;
	struct gzip_compressor *compressor = gzip_compressor_new(&error);
	const struct slice text = SLICE_LITERAL("bench_metric{device=\"sda\"} 1\nbench_metric{device=\"sdb\"} 2\n");
	assert_true(gzip_compressor_due(compressor, 1000));
	gzip_compressor_sample(compressor, text);
	gzip_compressor_learn(compressor);
	assert_false(gzip_compressor_due(compressor, text.len));
	struct gzip_part *part = make_part(compressor, text);
	assert_false(gzip_compressor_due(compressor, text.len + 1));
	assert_true(gzip_compressor_due(compressor, text.len));
	free(part);
	gzip_compressor_free(compressor);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parts_make_a_member),
		cmocka_unit_test(checksums_combine),
		cmocka_unit_test(learning_is_due_once_in_a_while),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
