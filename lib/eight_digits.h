/*
 * eight_digits: decimal digits, eight at a time, as the bytes of a number of 64 bits.
 */
#ifndef PGW_EIGHT_DIGITS_H
#define PGW_EIGHT_DIGITS_H

#include <endian.h>
#include <stdint.h>
#include <string.h>

/* Eight decimal digits as eight bytes from 0 to 9, the first of them in the lowest byte. Each step splits all numbers
 * that are there into quotient and remainder at once; the factors are 1/100 and 1/10 in fixed point. */
static inline uint64_t split_digits(uint64_t n)
{
	uint64_t fours = n / 10000 | n % 10000 << 32;
	uint64_t hundreds = fours * 10486 >> 20 & UINT64_C(0x0000007f0000007f);
	uint64_t twos = hundreds | (fours - hundreds * 100) << 16;
	uint64_t tens = twos * 103 >> 10 & UINT64_C(0x000f000f000f000f);
	return tens | (twos - tens * 10) << 8;
}

#define EIGHT_ZEROS UINT64_C(0x3030303030303030)

static inline void store_digits(char *text, uint64_t split)
{
	uint64_t ascii = htole64(split | EIGHT_ZEROS);
	memcpy(text, &ascii, sizeof(ascii));
}

/* Eight bytes from 0 to 9, the first in the lowest byte, as a number. */
static inline uint64_t join_digits(uint64_t split)
{
	uint64_t twos = (split * 10 + (split >> 8)) & UINT64_C(0x00ff00ff00ff00ff);
	uint64_t fours = (twos * 100 + (twos >> 16)) & UINT64_C(0x0000ffff0000ffff);
	return (fours * 10000 + (fours >> 32)) & UINT64_C(0xffffffff);
}

/* How many of eight bytes of text are digits, up to the first that is none; *split has them behind zeros. */
static inline int load_digits(const char *text, uint64_t *split)
{
	uint64_t ascii;
	memcpy(&ascii, text, sizeof(ascii));
	uint64_t digits = le64toh(ascii) ^ EIGHT_ZEROS;
	/* Only a byte that is no digit can carry into the next one. */
	uint64_t others = (digits | (digits + UINT64_C(0x7676767676767676))) & UINT64_C(0x8080808080808080);
	int count = others == 0 ? 8 : __builtin_ctzll(others) / 8;
	*split = count == 0 ? 0 : digits << (8 - count) * 8;
	return count;
}

static inline int leading_zeros(uint64_t split)
{
	return __builtin_ctzll(split) / 8;
}

static inline int trailing_zeros(uint64_t split)
{
	return __builtin_clzll(split) / 8;
}

#endif
