#include "hash.h"

#include <bsd/stdlib.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

static uint64_t seed;

/* Before main(), so that no caller has to ask whether it was done. */
__attribute__((constructor)) static void hash_seed(void)
{
	arc4random_buf(&seed, sizeof(seed));
}

uint64_t hash_slice(struct slice bytes)
{
	return XXH3_64bits_withSeed(bytes.data, bytes.len, seed);
}

struct fingerprint hash_fingerprint(uint64_t context, struct slice bytes)
{
	XXH128_hash_t hash = XXH3_128bits_withSeed(bytes.data, bytes.len, seed ^ context);
	return (struct fingerprint){hash.low64, hash.high64};
}
