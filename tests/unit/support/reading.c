#include "reading.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "random.h"

void read_prepared(struct exposition_reader *reader, struct buffer *out)
{
	char data[5000];
	size_t len, size = exposition_reader_size(reader);
	while ((len = exposition_reader_read(reader, data, 1 + random_below(sizeof(data)))) > 0)
		assert_int_equal(buffer_append(out, data, len), 0);
	assert_int_equal(out->len, size);
	exposition_reader_free(reader);
}
