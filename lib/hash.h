/*
 * hash: non-cryptographic hashes, seeded at random.
 *
 * The seeds keep strangers from preparing collisions. One is the process's own: those hashes mean nothing outside of
 * it. That of names and series may be taken over from another process, whose fingerprints are then the same.
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

/* The hash of a family's name, and the fingerprint of one of its series (the text of its labels) or of anything else in
 * the context of a number. */
uint64_t hash_name(struct slice name);
struct fingerprint hash_series(uint64_t context, struct slice labels);

/* The seed of hash_name() and hash_series(); and taking over another one, which is refused with false where this
 * process has already hashed with its own. */
uint64_t hash_series_seed(void);
bool hash_adopt_series_seed(uint64_t seed);

static inline bool fingerprint_equal(struct fingerprint a, struct fingerprint b)
{
	return a.low == b.low && a.high == b.high;
}

#endif
