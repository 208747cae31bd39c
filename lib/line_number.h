/*
 * line_number: the number at the end of a line, in the quick way.
 *
 * For the numbers that nearly all samples have, of up to 19 digits and not too far from 1; number.h reads all others.
 */
#ifndef PGW_LINE_NUMBER_H
#define PGW_LINE_NUMBER_H

#include <stdbool.h>

/* Bytes that are read behind the newline, at most. */
#define LINE_NUMBER_AHEAD 8

/*
 * Reads the number at `text` and returns the newline behind it; NULL where the line goes on otherwise, or where the
 * number is none or needs number_parse(). *canonical tells whether number_format() writes the value just so; in a few
 * cases where it would it is false.
 */
const char *line_number_parse(const char *text, double *value, bool *canonical);

#endif
