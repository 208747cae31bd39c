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

static inline int leading_zeros(uint64_t split)
{
	return __builtin_ctzll(split) / 8;
}

static inline int trailing_zeros(uint64_t split)
{
	return __builtin_clzll(split) / 8;
}

#endif
