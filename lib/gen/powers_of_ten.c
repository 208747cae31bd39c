/*
 * powers_of_ten: prints the header of that name, the table of 128-bit powers of ten that number.c multiplies by.
 *
 * Entry k is the largest integer g below 2^128 with g * 2^e <= 10^k, where e is chosen so that the highest bit of g
 * is set: the first 128 bits of 10^k, always cut and never rounded up. So 10^k is g * 2^e where 0 <= k <= 55 (5^55
 * still fits into 128 bits) and lies strictly between g * 2^e and (g + 1) * 2^e otherwise.
 */
#include <stdint.h>
#include <stdio.h>

/* Reading needs 10^-342 (19 digits times that is below half of the smallest subnormal) to 10^308, writing 10^-292
 * (the largest double) to 10^324 (the smallest one). */
#define FIRST (-342)
#define LAST  324

/* 2^1279 / 10^342 still has 143 bits, and 10^324 has 1077. Little end first. */
#define LIMBS 40
static uint32_t big[LIMBS];

static void multiply_by_10(void)
{
	uint64_t carry = 0;
	for (int i = 0; i < LIMBS; i++) {
		carry += (uint64_t)big[i] * 10;
		big[i] = (uint32_t)carry;
		carry >>= 32;
	}
}

/* Cutting after each of several divisions gives the same as cutting once after all of them. */
static void divide_by_10(void)
{
	uint64_t rest = 0;
	for (int i = LIMBS - 1; i >= 0; i--) {
		rest = rest << 32 | big[i];
		big[i] = (uint32_t)(rest / 10);
		rest %= 10;
	}
}

static int bit(int i)
{
	return i >= 0 && (big[i / 32] >> i % 32 & 1);
}

/* The 64 bits that follow the first `skip` ones. */
static uint64_t leading_bits(int skip)
{
	int top = LIMBS * 32 - 1;
	while (!bit(top))
		top--;
	uint64_t bits = 0;
	for (int i = 0; i < 64; i++)
		bits = bits << 1 | (uint64_t)bit(top - skip - i);
	return bits;
}

static uint64_t table[LAST - FIRST + 1][2];

static void fill(int k)
{
	table[k - FIRST][0] = leading_bits(0);
	table[k - FIRST][1] = leading_bits(64);
}

int main(void)
{
	big[0] = 1;
	for (int k = 0; k <= LAST; k++) {
		fill(k);
		multiply_by_10();
	}
	for (int i = 0; i < LIMBS; i++)
		big[i] = 0;
	big[LIMBS - 1] = UINT32_C(1) << 31;
	for (int k = -1; k >= FIRST; k--) {
		divide_by_10();
		fill(k);
	}

	printf("/* Made by powers_of_ten.c, where it says what this is. */\n"
	       "#define POWERS_OF_TEN_FIRST (%d)\n"
	       "#define POWERS_OF_TEN_LAST %d\n"
	       "static const struct {\n\tuint64_t high, low;\n} powers_of_ten[] = {\n",
		FIRST, LAST);
	for (int k = FIRST; k <= LAST; k++) {
		if (table[k - FIRST][1] == UINT64_MAX) {
			fprintf(stderr,
				"powers_of_ten: number.c adds 1 to the lower half of entry %d, which overflows\n", k);
			return 1;
		}
		printf("\t{UINT64_C(0x%016llx), UINT64_C(0x%016llx)}, /* %d */\n",
			(unsigned long long)table[k - FIRST][0], (unsigned long long)table[k - FIRST][1], k);
	}
	printf("};\n");
	return fflush(stdout) == 0 ? 0 : 1;
}
