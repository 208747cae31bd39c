/*
 * number: sample values between text and IEEE 754 doubles.
 *
 * Both directions are exact: number_parse() rounds to nearest, ties to even, and number_format() writes the shortest
 * decimal that reads back to the same double. Neither depends on the locale nor allocates.
 */
#ifndef PGW_NUMBER_H
#define PGW_NUMBER_H

#include <stddef.h>

#include "slice.h"

/* Enough for every double: the longest is 24 bytes, -1.2345678901234567e-100. */
#define NUMBER_TEXT_SIZE 32

/*
 * Reads what Go's strconv.ParseFloat takes without hexadecimal digits and underscores, as the upstream's parser
 * does: an optional sign, then decimal digits with at most one point and at least one digit, and an optional
 * exponent; or inf, infinity or nan in any case (nan takes no sign). Nothing may stand before or after. A value
 * that overflows to infinity ("1e400") is refused; one that underflows becomes 0 or a subnormal.
 * 0, or -1 when the text is not such a number; *value is then untouched.
 */
int number_parse(struct slice text, double *value);

/*
 * Writes the value as the upstream does (strconv.FormatFloat(v, 'g', -1, 64), but "0" for both zeros): the shortest
 * digits that read back to the same double, the nearest to it among those (the even one of two equally near). The
 * first digit stands for a multiple of 10^x; from x = -4 to x = 5 the number is written plainly (0.0001, 123456,
 * 100000.5), otherwise with an exponent of a sign and at least two digits (1e-05, 1e+06, 1.234567e+06, 1e+100).
 * Infinities and not-a-numbers are +Inf, -Inf, NaN. All of `text` may be overwritten.
 * Returns the number of bytes written; no NUL is added.
 */
size_t number_format(double value, char text[NUMBER_TEXT_SIZE]);

/* Seconds since the epoch as the upstream computes its push times, from nanoseconds. */
static inline double number_seconds(long long nanoseconds)
{
	return (double)nanoseconds / 1e9;
}

#endif
