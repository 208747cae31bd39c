/*
 * Fuzz target: the headers Accept and Accept-Encoding. Whatever they hold, there is an answer, and elements put behind
 * that no client can prefer change nothing.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "buffer.h"
#include "negotiation.h"
#include "require.h"

static void check_format(struct slice accept)
{
	struct negotiated negotiated = negotiate_format(accept);
	const char *content_type = negotiated_content_type(negotiated);
	const char *escaping = strstr(content_type, "; escaping=");
	enum escaping_scheme scheme;
	require_of(accept, escaping != NULL, "the escaping is told");
	require_of(accept, escaping_scheme_parse(slice_of(escaping + strlen("; escaping=")), &scheme), "it is known");
	require_of(accept, scheme == negotiated.escaping, "it is the one that was negotiated");

	/* A content type that was negotiated negotiates itself. */
	struct negotiated again = negotiate_format(slice_of(content_type));
	require_of(accept, again.format == negotiated.format && again.escaping == negotiated.escaping, "it stands");
}

static void check_longer(struct slice header, const char *more)
{
	struct buffer longer;
	buffer_init(&longer, SIZE_MAX);
	if (buffer_append_slice(&longer, header) == -1 || buffer_append_string(&longer, more) == -1)
		abort();
	struct negotiated one = negotiate_format(header), other = negotiate_format(buffer_slice(&longer));
	require_of(header, one.format == other.format && one.escaping == other.escaping, "no other form");
	require_of(header, negotiate_gzip(header) == negotiate_gzip(buffer_slice(&longer)), "no other coding");
	buffer_release(&longer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice header = slice_make((const char *)data, size);
	check_format(header);
	/* A quote that is open would take in what comes behind. */
	if (memchr(data, '"', size) == NULL && memchr(data, '\\', size) == NULL) {
		check_longer(header, ",");
		check_longer(header, ",a/b;q=0;escaping=values");
		check_longer(header, ",text/plain;version=1.0.0;q=0");
	}
	return 0;
}
