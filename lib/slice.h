/*
 * slice: a run of bytes that somebody else owns.
 *
 * Parsers hand out slices into their input and into an arena, so that nothing is copied before it is written. A
 * slice is not terminated by NUL and may hold any byte. It is valid as long as what it points into.
 */
#ifndef PGW_SLICE_H
#define PGW_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct slice {
	const char *data;
	size_t len; /* bytes */
};

/* A slice of a string literal, usable in static initialisers. */
#define SLICE_LITERAL(s)                                                                                               \
	{                                                                                                              \
		(s), sizeof(s) - 1                                                                                     \
	}

/* The arguments for a "%.*s" conversion. */
#define SLICE_PRINTF(s) (int)(s).len, (s).data

static inline struct slice slice_of(const char *string)
{
	return (struct slice){string, strlen(string)};
}

static inline struct slice slice_make(const char *data, size_t len)
{
	return (struct slice){data, len};
}

static inline bool slice_equal(struct slice a, struct slice b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

static inline bool slice_is(struct slice a, const char *string)
{
	return slice_equal(a, slice_of(string));
}

/* Byte order, the shorter first where one is a prefix of the other: less than, equal to or greater than 0. */
static inline int slice_compare(struct slice a, struct slice b)
{
	size_t len = a.len < b.len ? a.len : b.len;
	/* Names mostly differ in their first byte. */
	if (len > 0 && a.data[0] != b.data[0])
		return (unsigned char)a.data[0] - (unsigned char)b.data[0];
	int order = len == 0 ? 0 : memcmp(a.data, b.data, len);
	return order != 0 ? order : (a.len > b.len) - (a.len < b.len);
}

static inline bool slice_has_prefix(struct slice a, struct slice prefix)
{
	return a.len >= prefix.len && memcmp(a.data, prefix.data, prefix.len) == 0;
}

static inline bool slice_has_suffix(struct slice a, struct slice suffix)
{
	return a.len >= suffix.len && memcmp(a.data + a.len - suffix.len, suffix.data, suffix.len) == 0;
}

#endif
