/*
 * Fuzz target: names. What is escaped is a legacy name, a legacy name stays, and what the values scheme escapes comes
 * back; what can't be unescaped stays.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "labels.h"
#include "names.h"
#include "require.h"
#include "text.h"

static void check_escaping(struct slice name, enum escaping_scheme scheme)
{
	struct buffer escaped, original;
	buffer_init(&escaped, SIZE_MAX);
	buffer_init(&original, SIZE_MAX);
	require_of(name, name_escape(&escaped, name, scheme) == 0, "there is memory");
	require_of(name, name.len == 0 || metric_name_is_legacy(buffer_slice(&escaped)), "escaped names are legacy");
	if (metric_name_is_legacy(name))
		require_of(name, slice_equal(buffer_slice(&escaped), name), "legacy names stay");
	else if (scheme == ESCAPING_VALUES && name_is_utf8(name)) {
		require_of(name, name_unescape_values(&original, buffer_slice(&escaped)) == 0, "there is memory");
		require_of(name, slice_equal(buffer_slice(&original), name), "names come back");
	}
	buffer_release(&escaped);
	buffer_release(&original);
}

static void check_label_escaping(struct slice name, enum escaping_scheme scheme)
{
	struct buffer escaped, original;
	buffer_init(&escaped, SIZE_MAX);
	buffer_init(&original, SIZE_MAX);
	require_of(name, label_name_escape(&escaped, name, scheme) == 0, "there is memory");
	require_of(name, name.len == 0 || label_name_valid(buffer_slice(&escaped)), "escaped names are plain");
	if (label_name_valid(name))
		require_of(name, slice_equal(buffer_slice(&escaped), name), "plain names stay");
	else if (scheme == ESCAPING_VALUES && name_is_utf8(name)) {
		require_of(name, name_unescape_values(&original, buffer_slice(&escaped)) == 0, "there is memory");
		require_of(name, slice_equal(buffer_slice(&original), name), "names come back");
	}
	buffer_release(&escaped);
	buffer_release(&original);
}

static void check_unescaping(struct slice name)
{
	struct buffer original;
	buffer_init(&original, SIZE_MAX);
	require_of(name, name_unescape_values(&original, name) == 0, "there is memory");
	require_of(name, original.len <= name.len, "it gets no longer");
	require_of(name, !utf8_valid(name) || utf8_valid(buffer_slice(&original)), "UTF-8 stays UTF-8");
	buffer_release(&original);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice name = slice_make((const char *)data, size);
	for (int scheme = ESCAPING_UNDERSCORES; scheme < ESCAPING_SCHEME_COUNT; scheme++) {
		check_escaping(name, (enum escaping_scheme)scheme);
		check_label_escaping(name, (enum escaping_scheme)scheme);
	}
	check_unescaping(name);
	return 0;
}
