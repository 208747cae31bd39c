#include "keys.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

static const struct limits limits = LIMITS_DEFAULT;

struct grouping_key parse_key(key_parser *parser, struct slice input)
{
	struct grouping_key key;
	struct error error;
	grouping_key_init(&key);
	if (parser(&key, input, &limits, &error) == -1)
		fail_msg("%.*s: %s", SLICE_PRINTF(input), error.message);
	assert_int_equal(strlen(key.file.data), key.file.len);
	assert_int_equal(key.text.data[key.text.len], '\0');
	return key;
}
