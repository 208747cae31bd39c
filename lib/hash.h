/*
 * hash: non-cryptographic hashes, seeded at random for each process.
 *
 * The seed keeps strangers from preparing collisions; a hash means nothing outside the process that made it.
 */
#ifndef PGW_HASH_H
#define PGW_HASH_H

#include <stdbool.h>
#include <stdint.h>

#include "slice.h"

/* 128 bits, taken for the bytes that they were made of. */
struct fingerprint {
	uint64_t low;
	uint64_t high;
};

uint64_t hash_slice(struct slice bytes);

/* A fingerprint of the bytes in the context of a number, such as the hash of a family's name. */
struct fingerprint hash_fingerprint(uint64_t context, struct slice bytes);

static inline bool fingerprint_equal(struct fingerprint a, struct fingerprint b)
{
	return a.low == b.low && a.high == b.high;
}

#endif
