#include "number.h"

#include <float.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "eight_digits.h"
#include "number_convert.h"
#include "powers_of_ten.h"

/* The algorithms below need a 64 by 64 bit multiplication; a compiler that has this type has it as one instruction. */
typedef unsigned __int128 uint128_t;

#define FRACTION_BITS	 52
#define EXPONENT_BIAS	 1023
#define EXPONENT_SPECIAL 0x7ff /* the biased exponent of infinities and NaN */
#define EXACT_INTEGERS	 (UINT64_C(1) << 53)

static uint64_t bits_of(double value)
{
	uint64_t bits;
	memcpy(&bits, &value, sizeof(bits));
	return bits;
}

static double double_of(uint64_t bits)
{
	double value;
	memcpy(&value, &bits, sizeof(value));
	return value;
}

/* floor(log2(10^k)) and floor(log10(2^e)), right for every exponent of a double and some more: the factors are the
 * logarithms in fixed point. */
static int log2_of_power_of_ten(int k)
{
	return (k * 1741647) >> 19;
}

static int log10_of_power_of_two(int e)
{
	return (e * 1262611) >> 22;
}

/*
 * Reading. The text is split into its digits and a power of ten; the cheapest way that is exact turns them into a
 * double: Clinger's ("How to Read Floating Point Numbers Accurately", 1990) where digits and power are doubles
 * themselves, then Lemire's ("Number Parsing at a Gigabyte per Second", 2021), then strtod(3), which is in the C
 * locale as no tool calls setlocale(3).
 */

/* As many digits as always fit into 64 bits. */
#define DIGITS_MAX 19

/* The longest decimal that lies halfway between two doubles has 767 digits. Digits after these can only say on
 * which side of halfway the value is, for which it is enough that one of them is not zero. */
#define DIGITS_THAT_COUNT 800

/* Exponents stop growing here: far from every double, and from overflow when as many digits as fit into memory are
 * counted on top. */
#define EXPONENT_MAX INT64_C(1000000000000000000)

struct scanned {
	bool negative;
	struct slice digits; /* from the first digit to the last, maybe with a point in it */
	uint64_t mantissa;   /* the digits as an integer, if they are at most DIGITS_MAX */
	size_t count;	     /* digits */
	int64_t exponent;    /* of ten, that the digits as an integer are multiplied by */
};

static unsigned digit_of(char c)
{
	return (unsigned)(unsigned char)c - '0';
}

/* Reads digits on to `end`. Mantissas of more than DIGITS_MAX digits overflow; nobody uses them. */
static const char *scan_digits(const char *p, const char *end, uint64_t *mantissa)
{
	uint64_t m = *mantissa;
	for (; p < end && digit_of(*p) <= 9; p++)
		m = m * 10 + digit_of(*p);
	*mantissa = m;
	return p;
}

/* Reads what follows an e: 0, or -1 where that is not an exponent up to the very end. */
static int scan_exponent(const char *p, const char *end, int64_t *exponent)
{
	bool negative = p < end && *p == '-';
	if (p < end && (*p == '-' || *p == '+'))
		p++;
	if (p == end)
		return -1;
	int64_t value = 0;
	for (; p < end; p++) {
		if (digit_of(*p) > 9)
			return -1;
		if (value < EXPONENT_MAX / 10)
			value = value * 10 + (int64_t)digit_of(*p);
	}
	*exponent += negative ? -value : value;
	return 0;
}

static int scan(struct slice text, struct scanned *scanned)
{
	if (text.len == 0)
		return -1;
	const char *p = text.data, *end = text.data + text.len;
	scanned->negative = *p == '-';
	if (*p == '-' || *p == '+')
		p++;
	const char *start = p;
	scanned->mantissa = 0;
	scanned->exponent = 0;
	p = scan_digits(p, end, &scanned->mantissa);
	scanned->count = (size_t)(p - start);
	if (p < end && *p == '.') {
		const char *fraction = ++p;
		p = scan_digits(p, end, &scanned->mantissa);
		scanned->count += (size_t)(p - fraction);
		scanned->exponent = -(int64_t)(p - fraction);
	}
	scanned->digits = slice_make(start, (size_t)(p - start));
	if (scanned->count == 0)
		return -1;
	if (p == end)
		return 0;
	return *p == 'e' || *p == 'E' ? scan_exponent(p + 1, end, &scanned->exponent) : -1;
}

/*
 * Lemire's algorithm. The mantissa is multiplied by the first 128 bits of the power of ten. These are cut, so the
 * product, of which 128 bits are kept, is short of the true one by less than 2 in the last of them; false where that
 * could change the rounding, or where the result is not a normal number.
 */
static bool multiply_by_power_of_ten(uint64_t mantissa, int exponent, double *value)
{
	int shift = __builtin_clzll(mantissa);
	mantissa <<= shift;
	uint64_t high = powers_of_ten[exponent - POWERS_OF_TEN_FIRST].high;
	uint64_t low = powers_of_ten[exponent - POWERS_OF_TEN_FIRST].low;
	uint128_t product = (uint128_t)mantissa * high + ((uint128_t)mantissa * low >> 64);

	/* 53 bits for the double and one that rounds it; the product of two normalised numbers may start with a 0. */
	int top = (int)(product >> 127);
	int dropped_bits = 128 - 54 - 1 + top;
	uint64_t kept = (uint64_t)(product >> dropped_bits);
	uint128_t dropped_max = ((uint128_t)1 << dropped_bits) - 1;
	uint128_t dropped = product & dropped_max;
	bool maybe_halfway = dropped == 0 && (kept & 3) == 1;
	if (dropped >= dropped_max - 1 || maybe_halfway)
		return false;

	kept = (kept + (kept & 1)) >> 1;
	int biased = log2_of_power_of_ten(exponent) + 63 - shift + top + EXPONENT_BIAS;
	if (kept == EXACT_INTEGERS) {
		kept >>= 1;
		biased++;
	}
	if (biased <= 0 || biased >= EXPONENT_SPECIAL)
		return false;
	*value = double_of((uint64_t)biased << FRACTION_BITS | (kept & ((UINT64_C(1) << FRACTION_BITS) - 1)));
	return true;
}

bool number_convert(uint64_t mantissa, int64_t exponent, double *value)
{
	static const double powers[] = {1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14,
		1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
	const int64_t max = sizeof(powers) / sizeof(powers[0]) - 1;

	if (mantissa <= EXACT_INTEGERS && exponent >= -max && exponent <= max) {
		*value = exponent < 0 ? (double)mantissa / powers[-exponent] : (double)mantissa * powers[exponent];
		return true;
	}
	if (mantissa == 0 || exponent < POWERS_OF_TEN_FIRST || exponent > DBL_MAX_10_EXP)
		return false;
	return multiply_by_power_of_ten(mantissa, (int)exponent, value);
}

/* Copies the digits that count, without zeros on either side, and adds what the last of them is multiplied by to the
 * exponent. The number of digits. */
static size_t copy_digits(const struct scanned *scanned, char text[DIGITS_THAT_COUNT + 1], int64_t *exponent)
{
	const char *p = scanned->digits.data, *end = p + scanned->digits.len;
	size_t len = 0, left_out = 0;
	bool more = false;
	for (; p < end; p++) {
		if (*p == '.' || (*p == '0' && len == 0))
			continue;
		if (len < DIGITS_THAT_COUNT) {
			text[len++] = *p;
		} else {
			more |= *p != '0';
			left_out++;
		}
	}
	*exponent = scanned->exponent + (int64_t)left_out;
	if (more) {
		text[len++] = '1';
		--*exponent;
	}
	for (; len > 0 && text[len - 1] == '0'; len--)
		++*exponent;
	return len;
}

/* For every number; infinite if it is too large. */
static double convert_slowly(const struct scanned *scanned)
{
	char text[DIGITS_THAT_COUNT + 32];
	int64_t exponent;
	size_t len = copy_digits(scanned, text, &exponent);
	size_t first = len < DIGITS_MAX ? len : DIGITS_MAX;
	int64_t first_exponent = exponent + (int64_t)(len - first);
	if (len == 0 || first_exponent < POWERS_OF_TEN_FIRST)
		return 0;
	if (first_exponent > DBL_MAX_10_EXP)
		return HUGE_VAL;

	/* Digits after the first ones don't matter where these and their successor give the same double. */
	uint64_t mantissa = 0;
	double value, above;
	scan_digits(text, text + first, &mantissa);
	if (number_convert(mantissa, first_exponent, &value) &&
		(first == len || (number_convert(mantissa + 1, first_exponent, &above) && value == above)))
		return value;
	snprintf(text + len, sizeof(text) - len, "e%d", (int)exponent);
	return strtod(text, NULL);
}

static bool is_word(struct slice text, const char *lower)
{
	size_t i = 0;
	for (; i < text.len && lower[i] != '\0'; i++)
		if ((text.data[i] | 0x20) != lower[i])
			return false;
	return i == text.len && lower[i] == '\0';
}

static int parse_special(struct slice text, double *value)
{
	if (is_word(text, "nan")) {
		*value = NAN;
		return 0;
	}
	bool negative = text.len > 0 && text.data[0] == '-';
	if (text.len > 0 && (text.data[0] == '-' || text.data[0] == '+'))
		text = slice_make(text.data + 1, text.len - 1);
	if (!is_word(text, "inf") && !is_word(text, "infinity"))
		return -1;
	*value = negative ? -HUGE_VAL : HUGE_VAL;
	return 0;
}

int number_parse(struct slice text, double *value)
{
	struct scanned scanned;
	/* Most samples are 0 or 1. */
	if (text.len == 1 && digit_of(text.data[0]) <= 9) {
		*value = digit_of(text.data[0]);
		return 0;
	}
	if (scan(text, &scanned) == -1)
		return parse_special(text, value);
	double magnitude;
	if (scanned.count > DIGITS_MAX || !number_convert(scanned.mantissa, scanned.exponent, &magnitude))
		magnitude = convert_slowly(&scanned);
	if (magnitude == HUGE_VAL)
		return -1;
	*value = scanned.negative ? -magnitude : magnitude;
	return 0;
}

/*
 * Writing. The shortest decimal comes from the Schubfach algorithm (Raffaello Giulietti, "The Schubfach way to
 * render doubles", 2020).
 */

struct decimal {
	uint64_t digits;
	int exponent; /* of ten, that the digits as an integer are multiplied by */
};

/*
 * x * g / 2^128 for g = 10^k cut to 128 bits plus 1: cut to an integer whose last bit also stands for all that was
 * cut off ("round to odd"), so that comparisons with even integers are exact. x is below 2^60, so what g is too large
 * by can't reach the 64 bits that are looked at where the true product is an integer, and the paper shows that these
 * are not 0 where it is none.
 */
static uint64_t multiply_to_odd(uint64_t x, uint64_t high, uint64_t low)
{
	uint128_t product = (uint128_t)x * high + ((uint128_t)x * low >> 64);
	return (uint64_t)(product >> 64) | ((uint64_t)product != 0);
}

/*
 * For value = c * 2^q. Every decimal between the halfway points to the two neighbours reads back to the value (and
 * so do these points where c is even). k is chosen so that this interval is at least 10^k wide and narrower than
 * 10^(k+1): it holds one multiple of 10^(k+1) or none, and at least one of 10^k. The shortest decimal is the former,
 * or else the nearest of the latter. All is counted in quarters of 10^k.
 */
static struct decimal shortest(uint64_t c, int q, bool lower_is_nearer)
{
	/* Below a power of two the next double is half as far away, so the interval is 3/4 of 2^q wide, and
	 * 524031 / 2^22 is log10(4/3). */
	int k = lower_is_nearer ? (q * 1262611 - 524031) >> 22 : log10_of_power_of_two(q);
	int shift = q + log2_of_power_of_ten(-k) + 1;
	uint64_t high = powers_of_ten[-k - POWERS_OF_TEN_FIRST].high;
	uint64_t low = powers_of_ten[-k - POWERS_OF_TEN_FIRST].low + 1;

	uint64_t exact = multiply_to_odd(4 * c << shift, high, low);
	uint64_t lower = multiply_to_odd((4 * c - 2 + lower_is_nearer) << shift, high, low);
	uint64_t upper = multiply_to_odd((4 * c + 2) << shift, high, low);
	lower += c & 1;
	upper -= c & 1;

	uint64_t below = exact / 4;
	uint64_t tens = below / 10;
	if (tens > 0) {
		bool below_fits = lower <= 40 * tens;
		bool above_fits = 40 * tens + 40 <= upper;
		if (below_fits != above_fits)
			return (struct decimal){tens + above_fits, k + 1};
	}
	bool below_fits = lower <= 4 * below;
	bool above_fits = 4 * below + 4 <= upper;
	if (below_fits != above_fits)
		return (struct decimal){below + above_fits, k};
	uint64_t middle = 4 * below + 2;
	bool up = exact > middle || (exact == middle && (below & 1));
	return (struct decimal){below + up, k};
}

/* Integers up to 2^53 are their own shortest decimal, once trailing zeros are gone. */
static bool from_integer(double magnitude, struct decimal *decimal)
{
	if (magnitude >= (double)EXACT_INTEGERS || magnitude != (double)(int64_t)magnitude)
		return false;
	*decimal = (struct decimal){(uint64_t)magnitude, 0};
	return true;
}

/* Most other values that people measure have a few decimal places. No two decimals of up to 15 digits read back to
 * the same double, so one that does is the shortest. */
static bool from_millionths(double magnitude, struct decimal *decimal)
{
	if (magnitude >= 1e9)
		return false;
	uint64_t millionths = (uint64_t)(magnitude * 1e6 + 0.5);
	*decimal = (struct decimal){millionths, -6};
	return (double)millionths / 1e6 == magnitude;
}

/* A decimal of at most 17 digits as text: the digits from the first to the last that is not 0, where they start in
 * `text`, followed by enough zeros to read past them. */
struct digits {
	char text[48];
	int start;
	int count;
	int exponent; /* of ten, that the first digit is multiplied by */
};

static void render(struct decimal decimal, struct digits *digits)
{
	uint64_t n = decimal.digits;
	memset(digits->text, '0', sizeof(digits->text));
	if (n < 100000000) {
		uint64_t split = split_digits(n);
		store_digits(digits->text, split);
		uint64_t significant = n == 0 ? UINT64_C(1) << 56 : split; /* of 0, the last zero */
		digits->start = leading_zeros(significant);
		digits->count = 8 - digits->start - trailing_zeros(significant);
		digits->exponent = decimal.exponent + 7 - digits->start;
		return;
	}
	uint64_t first = n / 10000000000000000;
	uint64_t middle = split_digits(n / 100000000 % 100000000);
	uint64_t last = split_digits(n % 100000000);
	digits->text[0] = (char)('0' + first);
	store_digits(digits->text + 1, middle);
	store_digits(digits->text + 9, last);
	digits->start = first > 0 ? 0 : 1 + leading_zeros(middle);
	int end = last > 0 ? 17 - trailing_zeros(last) : middle > 0 ? 9 - trailing_zeros(middle) : 1;
	digits->count = end - digits->start;
	digits->exponent = decimal.exponent + 16 - digits->start;
}

static char *write_exponent(char *out, int exponent)
{
	*out++ = 'e';
	*out++ = exponent < 0 ? '-' : '+';
	int n = abs(exponent);
	if (n >= 100)
		*out++ = (char)('0' + n / 100);
	*out++ = (char)('0' + n / 10 % 10);
	*out++ = (char)('0' + n % 10);
	return out;
}

/* Go's 'g' form without a given precision. */
#define PLAIN_EXPONENT_MIN (-4)
#define PLAIN_EXPONENT_MAX 5

/* Copies are of a fixed size, which is faster than an exact one; what is too much is zeros, or overwritten. The
 * farthest of them ends at byte 24 of `out`. */
static char *write_digits(char *out, const struct digits *digits)
{
	const char *text = digits->text + digits->start;
	int count = digits->count;

	if (digits->exponent < PLAIN_EXPONENT_MIN || digits->exponent > PLAIN_EXPONENT_MAX) {
		out[0] = text[0];
		out[1] = '.';
		memcpy(out + 2, text + 1, 16);
		return write_exponent(out + (count == 1 ? 1 : count + 1), digits->exponent);
	}
	if (digits->exponent < 0) {
		memcpy(out, "0.000000", 8);
		char *start = out + 1 - digits->exponent;
		memcpy(start, text, 17);
		return start + count;
	}
	int whole = digits->exponent + 1;
	memcpy(out, text, 8);
	if (count <= whole)
		return out + whole;
	out[whole] = '.';
	memcpy(out + whole + 1, text + whole, 16);
	return out + count + 1;
}

static size_t format_special(double value, char *text)
{
	const char *word = isnan(value) ? "NaN" : value > 0 ? "+Inf" : "-Inf";
	return (size_t)(stpcpy(text, word) - text);
}

/* Counts and zeros below 10^6, where the exponent begins: most samples need no search for the shortest decimal. */
static size_t format_small_integer(unsigned n, char text[NUMBER_TEXT_SIZE])
{
	if (n < 10) {
		text[0] = (char)('0' + n);
		return 1;
	}
	uint64_t split = split_digits(n);
	int zeros = leading_zeros(split);
	store_digits(text, split >> zeros * 8);
	return (size_t)(8 - zeros);
}

size_t number_format(double value, char text[NUMBER_TEXT_SIZE])
{
	if (value >= 0 && value < 1e6 && value == (double)(unsigned)value)
		return format_small_integer((unsigned)value, text);

	uint64_t bits = bits_of(value);
	uint64_t fraction = bits & ((UINT64_C(1) << FRACTION_BITS) - 1);
	int biased = (int)(bits >> FRACTION_BITS) & EXPONENT_SPECIAL;
	if (biased == EXPONENT_SPECIAL)
		return format_special(value, text);

	char *out = text;
	if (value < 0)
		*out++ = '-';
	struct decimal decimal;
	double magnitude = fabs(value);
	if (!from_integer(magnitude, &decimal) && !from_millionths(magnitude, &decimal))
		decimal = biased == 0 ? shortest(fraction, 1 - EXPONENT_BIAS - FRACTION_BITS, false)
				      : shortest(fraction | UINT64_C(1) << FRACTION_BITS,
						biased - EXPONENT_BIAS - FRACTION_BITS, fraction == 0 && biased > 1);
	struct digits digits;
	render(decimal, &digits);
	return (size_t)(write_digits(out, &digits) - text);
}
