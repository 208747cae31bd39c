/*
 * require: how the fuzz targets tell the fuzzer of what must not be.
 */
#ifndef PGW_FUZZ_REQUIRE_H
#define PGW_FUZZ_REQUIRE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "slice.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static inline void require(bool holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "not so: %s\n", what);
	abort();
}

/* The same, telling of what that is not so. */
static inline void require_of(struct slice input, bool holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "not so: %s: %.*s\n", what, SLICE_PRINTF(input));
	abort();
}

#endif
