/*
 * age: how long ago, or for how long, as people write it: 90s, 15m, 24h, 7d.
 */
#ifndef PGW_AGE_H
#define PGW_AGE_H

#include <stdint.h>

#include "error.h"
#include "slice.h"

/* 100 years of 365 days, in ns. Added to any time of this century it is a time. */
#define AGE_MAX (INT64_C(36500) * 86400 * 1000000000)

/* Reads a number with one of the units s, m, h, d and w, or without one, in seconds: "2", "0.5", "90s", "15m", "24h",
 * "7d", "4w". From 0 to AGE_MAX, in ns. 0, or -1 with ERROR_USAGE, which quotes the text. */
int age_parse(struct slice text, int64_t *age, struct error *error);

#define AGE_TEXT_SIZE 24

/* Writes an age of that many ns in one unit, rounded down: "119s", "2m", "47h", "2d". What is below 0 is "0s". */
void age_format(int64_t age, char text[AGE_TEXT_SIZE]);

#endif
