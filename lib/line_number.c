#include "line_number.h"

#include <stdint.h>

#include "eight_digits.h"
#include "number_convert.h"

/* So many always fit into 64 bits. */
#define DIGITS_MAX 19

/* Any two decimals of so many digits read back as different doubles, so that each is the shortest for its own. */
#define DIGITS_DISTINCT 15

static bool is_digit(char byte)
{
	return byte >= '0' && byte <= '9';
}

/* Digits read so far, as an integer, which overflows where they are too many. */
struct digits {
	uint64_t integer;
	int count;
};

/* Reads up to eight digits on. */
static inline int read_eight(const char *at, struct digits *digits)
{
	static const uint64_t powers[] = {1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000};
	uint64_t split;
	int count = load_digits(at, &split);
	digits->integer = digits->integer * powers[count] + join_digits(split);
	digits->count += count;
	return count;
}

/* Reads digits on to what follows them, or more than DIGITS_MAX. */
static inline const char *read_digits(const char *at, struct digits *digits)
{
	int count = read_eight(at, digits);
	if (count == 8)
		count += read_eight(at + 8, digits);
	if (count == 16)
		count += read_eight(at + 16, digits);
	return at + count;
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
	bool plain = true, shortest = true;
	if (*at == '.') {
		at = read_digits(at + 1, &digits);
		shortest = at[-1] != '0' && digits.count > whole_count;
	}
	if (*at != '\n') {
		at = read_exponent(at, &exponent);
		plain = false;
	}
	if (at == NULL || *at != '\n' || digits.count == 0 || digits.count > DIGITS_MAX)
		return NULL;
	double magnitude;
	if (!number_convert(digits.integer, exponent - (digits.count - whole_count), &magnitude))
		return NULL;
	*value = negative ? -magnitude : magnitude;
	bool written_plainly = magnitude >= 1e-4 && magnitude < 1e6;
	bool one_digit = whole_count == 1;
	shortest &= digits.count <= DIGITS_DISTINCT;
	if (plain)
		*canonical = shortest && written_plainly && (whole[0] != '0' ? whole_count > 0 : one_digit);
	else
		*canonical = shortest && !written_plainly && one_digit && whole[0] != '0';
	return at;
}
