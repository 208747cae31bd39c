#include "random.h"

static uint32_t state;

void random_seed(uint32_t seed)
{
	state = seed;
}

uint32_t random_below(uint32_t limit)
{
	state = state * 1664525 + 1013904223;
	return (uint32_t)((uint64_t)(state >> 8) * limit >> 24);
}
