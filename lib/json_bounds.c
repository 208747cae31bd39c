#include "json_bounds.h"

/* Behind the quote at the end of a string that begins there. */
static size_t skip_string(struct slice text, size_t at)
{
	for (at++; at < text.len && text.data[at] != '"'; at++)
		at += text.data[at] == '\\';
	return at + 1;
}

enum json_bounds json_bounds_check(struct slice text, size_t depth_max, size_t values_max)
{
	size_t values = 1, depth = 0;
	for (size_t at = 0; at < text.len; at++) {
		switch (text.data[at]) {
		case '"':
			at = skip_string(text, at) - 1;
			break;
		case '[':
		case '{':
			values++;
			if (++depth > depth_max)
				return JSON_BOUNDS_TOO_DEEP;
			break;
		case ']':
		case '}':
			depth -= depth > 0;
			break;
		case ',':
			values++;
			break;
		}
	}
	return values > values_max ? JSON_BOUNDS_TOO_MANY : JSON_BOUNDS_KEPT;
}
