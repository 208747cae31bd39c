/*
 * number_convert: the step of reading a number that line_number.c needs, too.
 */
#ifndef PGW_NUMBER_CONVERT_H
#define PGW_NUMBER_CONVERT_H

#include <stdbool.h>
#include <stdint.h>

/* The double that is nearest to mantissa * 10^exponent; false where the quick ways don't reach. */
bool number_convert(uint64_t mantissa, int64_t exponent, double *value);

#endif
