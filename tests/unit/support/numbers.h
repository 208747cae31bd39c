/*
 * numbers: number_format() and number_parse() for strings.
 */
#ifndef PGW_TEST_NUMBERS_H
#define PGW_TEST_NUMBERS_H

#include "number.h"

/* As text, until the next call; a failure where anything was written beyond its end. */
const char *format_number(double value);

/* 0, or -1 where the text is no number. */
int parse_number(const char *text, double *value);

#endif
