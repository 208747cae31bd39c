/*
 * byte_runs: where a run of bytes of one kind ends, and whether bytes begin with others, for the scanner of the text
 * format.
 *
 * Tokens are short, and a loop over their bytes mostly waits for a mispredicted branch at their end: where the machine
 * compares 16 bytes at once, one step does for most of them. No byte at or behind `end` is read.
 */
#ifndef PGW_BYTE_RUNS_H
#define PGW_BYTE_RUNS_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

/* Whether one of the bytes that ends a run of plain text in quotes: a quote, a backslash, a newline. */
static inline bool byte_ends_plain(char byte)
{
	return byte == '"' || byte == '\\' || byte == '\n';
}

/* Of a label's name; a metric's may have colons, too. */
static inline bool byte_in_name(char byte, bool colon)
{
	char letter = (char)(byte | 0x20);
	return (letter >= 'a' && letter <= 'z') || (byte >= '0' && byte <= '9') || byte == '_' ||
	       (colon && byte == ':');
}

#ifdef __SSE2__
/* A bit for each of 16 bytes. */
static inline unsigned ends_of_plain(__m128i bytes)
{
	__m128i found =
		_mm_or_si128(_mm_cmpeq_epi8(bytes, _mm_set1_epi8('"')), _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\')));
	return (unsigned)_mm_movemask_epi8(_mm_or_si128(found, _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\n'))));
}

/* As signed numbers: bytes beyond ASCII are below all others. */
static inline __m128i between(__m128i bytes, char first, char last)
{
	return _mm_and_si128(_mm_cmpgt_epi8(bytes, _mm_set1_epi8((char)(first - 1))),
		_mm_cmplt_epi8(bytes, _mm_set1_epi8((char)(last + 1))));
}

static inline unsigned ends_of_name(__m128i bytes, bool colon)
{
	__m128i letters = between(_mm_or_si128(bytes, _mm_set1_epi8(0x20)), 'a', 'z');
	__m128i digits = between(bytes, '0', colon ? ':' : '9');
	__m128i underscores = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('_'));
	return ~(unsigned)_mm_movemask_epi8(_mm_or_si128(_mm_or_si128(letters, digits), underscores)) & 0xffff;
}

static inline unsigned ends_of_word(__m128i bytes)
{
	__m128i blanks =
		_mm_or_si128(_mm_cmpeq_epi8(bytes, _mm_set1_epi8(' ')), _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\t')));
	return (unsigned)_mm_movemask_epi8(_mm_or_si128(blanks, _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\n'))));
}

/* A bit for each of 16 bytes that are the same. */
static inline unsigned same_bytes(const char *a, const char *b)
{
	return (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(
		_mm_loadu_si128((const __m128i *)(const void *)a), _mm_loadu_si128((const __m128i *)(const void *)b)));
}
#endif

/* The first byte that ends plain text, or `end`. *beyond_ascii is set where a byte before it is not ASCII. */
static inline const char *skip_plain(const char *at, const char *end, bool *beyond_ascii)
{
#ifdef __SSE2__
	for (; end - at >= 16; at += 16) {
		__m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)at);
		unsigned high = (unsigned)_mm_movemask_epi8(bytes), ends = ends_of_plain(bytes);
		*beyond_ascii |= (high & (ends - 1) & ~ends) != 0;
		if (ends != 0)
			return at + __builtin_ctz(ends);
	}
#endif
	for (; at < end && !byte_ends_plain(*at); at++)
		*beyond_ascii |= (unsigned char)*at >= 0x80;
	return at;
}

/* The first byte that is none of a name, or `end`. */
static inline const char *skip_name(const char *at, const char *end, bool colon)
{
#ifdef __SSE2__
	for (; end - at >= 16; at += 16) {
		unsigned ends = ends_of_name(_mm_loadu_si128((const __m128i *)(const void *)at), colon);
		if (ends != 0)
			return at + __builtin_ctz(ends);
	}
#endif
	while (at < end && byte_in_name(*at, colon))
		at++;
	return at;
}

/* The first blank or newline, or `end`. */
static inline const char *skip_word(const char *at, const char *end)
{
#ifdef __SSE2__
	for (; end - at >= 16; at += 16) {
		unsigned ends = ends_of_word(_mm_loadu_si128((const __m128i *)(const void *)at));
		if (ends != 0)
			return at + __builtin_ctz(ends);
	}
#endif
	while (at < end && *at != ' ' && *at != '\t' && *at != '\n')
		at++;
	return at;
}

/* The same for lines that have a newline, so that no other bound is needed: behind it, so many bytes can be read. */
#define BYTES_AT_ONCE 16

/* The first byte that ends plain text or is not ASCII. */
static inline const char *skip_plain_ascii(const char *at)
{
#ifdef __SSE2__
	for (;; at += 16) {
		__m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)at);
		unsigned ends = ends_of_plain(bytes) | (unsigned)_mm_movemask_epi8(bytes);
		if (ends != 0)
			return at + __builtin_ctz(ends);
	}
#else
	while (!byte_ends_plain(*at) && (unsigned char)*at < 0x80)
		at++;
	return at;
#endif
}

/* Whether the rest of a line begins with `len` other bytes, at least one and none a newline, which stand before it in
 * the same text. */
static inline bool line_begins_like(const char *at, const char *earlier, size_t len)
{
#ifdef __SSE2__
	for (; len > 16; at += 16, earlier += 16, len -= 16)
		if (same_bytes(at, earlier) != 0xffff)
			return false;
	return (~same_bytes(at, earlier) & 0xffffu >> (16 - len)) == 0;
#else
	for (; len > 0 && *at == *earlier; at++, earlier++)
		len--;
	return len == 0;
#endif
}

#endif
