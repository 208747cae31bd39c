#include "bytes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "decompress.h"
#include "text.h"

void assert_bytes(struct slice bytes, struct slice expected)
{
	if (slice_equal(bytes, expected))
		return;
	size_t at = 0;
	while (at < bytes.len && at < expected.len && bytes.data[at] == expected.data[at])
		at++;
	fail_msg("%zu bytes instead of %zu, different from byte %zu on: %s", bytes.len, expected.len, at,
		quote(slice_make(bytes.data + at, bytes.len - at)).text);
}

void assert_unpacks(struct slice packed, struct slice expected)
{
	struct buffer unpacked;
	struct error error;
	struct decompress *decompress = decompress_new(ENCODING_GZIP, &error);
	assert_non_null(decompress);
	buffer_init(&unpacked, SIZE_MAX / 2);
	if (decompress_feed(decompress, packed, &unpacked, &error) == -1 || decompress_finish(decompress, &error) == -1)
		fail_msg("%s", error.message);
	assert_bytes(buffer_slice(&unpacked), expected);
	decompress_free(decompress);
	buffer_release(&unpacked);
}
