#include "summary.h"

#include <assert.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/*
 * A recent observation is one word, its time above its value, so that none is ever seen half written. The time is that
 * of the clock on the wall, because the file outlives a reboot, in seconds modulo 2^30 (34 years). Zero is no
 * observation.
 */
#define VALUE_BITS 34
#define VALUE_MAX  ((UINT64_C(1) << VALUE_BITS) - 1)
#define TIME_MASK  ((UINT64_C(1) << (64 - VALUE_BITS)) - 1)

static_assert(ATOMIC_LLONG_LOCK_FREE == 2, "a lock would be of one process alone");
static_assert(sizeof(double) == sizeof(uint64_t), "a double is kept as its bits");

const struct summary_quantile summary_quantile_table[SUMMARY_QUANTILES] = {{"0.1", 1}, {"0.5", 5}, {"0.9", 9}};

static double double_of(uint64_t bits)
{
	double value;
	memcpy(&value, &bits, sizeof(value));
	return value;
}

static uint64_t bits_of(double value)
{
	uint64_t bits;
	memcpy(&bits, &value, sizeof(bits));
	return bits;
}

uint64_t summary_total_add(struct summary_total *total, double value)
{
	if (!(value >= 0))
		value = 0;
	uint64_t old = atomic_load_explicit(&total->sum, memory_order_relaxed);
	while (!atomic_compare_exchange_weak_explicit(
		&total->sum, &old, bits_of(double_of(old) + value), memory_order_relaxed, memory_order_relaxed))
		;
	return atomic_fetch_add_explicit(&total->count, 1, memory_order_relaxed);
}

double summary_total_sum(const struct summary_total *total)
{
	return double_of(atomic_load_explicit(&total->sum, memory_order_relaxed));
}

double summary_total_count(const struct summary_total *total)
{
	return (double)atomic_load_explicit(&total->count, memory_order_relaxed);
}

/* A value in whole units, rounded to the nearest. */
static uint64_t to_units(double value, enum summary_unit unit)
{
	double units = value * unit + 0.5;
	if (!(units >= 0))
		return 0;
	return units < (double)VALUE_MAX ? (uint64_t)units : VALUE_MAX;
}

void summary_add(struct summary *summary, double value, enum summary_unit unit, time_t now)
{
	uint64_t place = summary_total_add(&summary->total, value) % SUMMARY_RECENT;
	uint64_t entry = ((uint64_t)now & TIME_MASK) << VALUE_BITS | to_units(value, unit);
	atomic_store_explicit(&summary->recent[place], entry, memory_order_relaxed);
}

/* A time that is ahead of ours, because the clock was set back, is as good as old. */
static bool is_recent(uint64_t entry, time_t now)
{
	return entry != 0 && (((uint64_t)now - (entry >> VALUE_BITS)) & TIME_MASK) < SUMMARY_AGE;
}

static int compare_units(const void *a, const void *b)
{
	uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;
	return (left > right) - (left < right);
}

int summary_quantiles(
	const struct summary *summary, enum summary_unit unit, time_t now, double values[SUMMARY_QUANTILES])
{
	uint64_t *units = malloc(SUMMARY_RECENT * sizeof(*units));
	if (units == NULL)
		return -1;
	size_t count = 0;
	for (size_t i = 0; i < SUMMARY_RECENT; i++) {
		uint64_t entry = atomic_load_explicit(&summary->recent[i], memory_order_relaxed);
		if (is_recent(entry, now))
			units[count++] = entry & VALUE_MAX;
	}
	qsort(units, count, sizeof(*units), compare_units);
	for (size_t i = 0; i < SUMMARY_QUANTILES; i++) {
		size_t rank = (count * summary_quantile_table[i].tenths + 9) / 10;
		values[i] = count == 0 ? (double)NAN : (double)units[rank - 1] / unit;
	}
	free(units);
	return 0;
}
