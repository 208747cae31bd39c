/*
 * random: numbers that look random and are the same in every run.
 */
#ifndef PGW_TEST_RANDOM_H
#define PGW_TEST_RANDOM_H

#include <stdint.h>

/* Starts another sequence; a program starts with that of seed 0. */
void random_seed(uint32_t seed);

/* A number below the limit, which is at most 1 << 24. */
uint32_t random_below(uint32_t limit);

#endif
