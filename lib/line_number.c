#include "line_number.h"

#include <stdint.h>

#include "eight_digits.h"
#include "number.h"

/* Any two decimals of so many digits read back as different doubles, so that each is the shortest for its own. As
 * integers they are doubles themselves. */
#define DIGITS_MAX 15

/* 10^22 is the last power of ten that is a double: with both exact, so is the rounding of their product or quotient
 * (Clinger, "How to Read Floating Point Numbers Accurately", 1990). */
static const double powers_of_ten[] = {1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14,
	1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
#define POWER_MAX 22

static bool is_digit(char byte)
{
	return byte >= '0' && byte <= '9';
}

/* Digits read so far, as an integer, which overflows where they are too many. */
struct digits {
	uint64_t integer;
	int count;
};

/* Reads up to 16 digits on. */
static inline const char *read_digits(const char *at, struct digits *digits)
{
	static const uint64_t powers[] = {1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000};
	uint64_t split;
	int read = load_digits(at, &split);
	digits->integer = digits->integer * powers[read] + join_digits(split);
	digits->count += read;
	if (read < 8)
		return at + read;
	read = load_digits(at + 8, &split);
	digits->integer = digits->integer * powers[read] + join_digits(split);
	digits->count += read;
	return at + 8 + read;
}

/* Reads e, a sign and two digits, as number_format() writes them. NULL where there is something else. */
static const char *read_exponent(const char *at, int *exponent)
{
	bool negative = at[1] == '-';
	if (at[0] != 'e' || (at[1] != '+' && !negative) || !is_digit(at[2]) || !is_digit(at[3]))
		return NULL;
	int value = (at[2] - '0') * 10 + at[3] - '0';
	*exponent = negative ? -value : value;
	return at + 4;
}

const char *line_number_parse(const char *text, double *value, bool *canonical)
{
	struct digits digits = {0};
	int exponent = 0;
	bool negative = *text == '-';
	const char *whole = text + negative, *at = read_digits(whole, &digits);
	int whole_count = digits.count;
	bool plain = true, trimmed = true;
	if (*at == '.') {
		at = read_digits(at + 1, &digits);
		trimmed = at[-1] != '0' && digits.count > whole_count;
	}
	int fraction_count = digits.count - whole_count;
	if (*at != '\n') {
		at = read_exponent(at, &exponent);
		plain = false;
	}
	if (at == NULL || *at != '\n' || digits.count == 0 || digits.count > DIGITS_MAX)
		return NULL;
	int power = exponent - fraction_count;
	if (power < -POWER_MAX || power > POWER_MAX)
		return NULL;
	double magnitude = power < 0 ? (double)digits.integer / powers_of_ten[-power]
				     : (double)digits.integer * powers_of_ten[power];
	*value = negative ? -magnitude : magnitude;
	bool written_plainly = magnitude >= 1e-4 && magnitude < 1e6;
	bool one_digit = whole_count == 1;
	if (plain)
		*canonical = trimmed && written_plainly && (whole[0] != '0' ? whole_count > 0 : one_digit);
	else
		*canonical = trimmed && !written_plainly && one_digit && whole[0] != '0';
	return at;
}
