#include "hash.h"

#include <bsd/stdlib.h>
#include <stdatomic.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

static uint64_t seed;
static uint64_t series_seed;
static atomic_bool series_seed_used;

/* Before main(), so that no caller has to ask whether it was done. */
__attribute__((constructor)) static void hash_seed(void)
{
	arc4random_buf(&seed, sizeof(seed));
	arc4random_buf(&series_seed, sizeof(series_seed));
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

uint64_t hash_name(struct slice name)
{
	atomic_store_explicit(&series_seed_used, true, memory_order_relaxed);
	return XXH3_64bits_withSeed(name.data, name.len, series_seed);
}

struct fingerprint hash_series(uint64_t context, struct slice labels)
{
	XXH128_hash_t hash = XXH3_128bits_withSeed(labels.data, labels.len, series_seed ^ context);
	return (struct fingerprint){hash.low64, hash.high64};
}

uint64_t hash_series_seed(void)
{
	return series_seed;
}

bool hash_adopt_series_seed(uint64_t adopted)
{
	if (adopted != series_seed && atomic_load_explicit(&series_seed_used, memory_order_relaxed))
		return false;
	series_seed = adopted;
	return true;
}
