#include "summary.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

/*
 * A recent observation is one word, its time above its value. The time is that of the clock on the wall, because the
 * observation may outlive a reboot, in seconds modulo 2^30 (34 years). Zero is no observation.
 */
#define VALUE_BITS 34
#define VALUE_MAX  ((UINT64_C(1) << VALUE_BITS) - 1)
#define TIME_MASK  ((UINT64_C(1) << (64 - VALUE_BITS)) - 1)

const struct summary_quantile summary_quantile_table[SUMMARY_QUANTILES] = {{"0.1", 1}, {"0.5", 5}, {"0.9", 9}};

void summary_total_add(struct summary_total *total, double value)
{
	total->sum += value >= 0 ? value : 0;
	total->count++;
}

void summary_total_merge(struct summary_total *total, const struct summary_total *other)
{
	total->sum += other->sum;
	total->count += other->count;
}

/* A value in whole units, rounded to the nearest. */
static uint64_t to_units(double value, enum summary_unit unit)
{
	double units = value * unit + 0.5;
	if (!(units >= 0))
		return 0;
	return units < (double)VALUE_MAX ? (uint64_t)units : VALUE_MAX;
}

void summary_add(
	struct summary_total *total, struct summary_recent *recent, double value, enum summary_unit unit, time_t now)
{
	recent->entries[total->count % SUMMARY_RECENT] =
		((uint64_t)now & TIME_MASK) << VALUE_BITS | to_units(value, unit);
	summary_total_add(total, value);
}

/* A time that is ahead of ours, because the clock was set back, is as good as old. */
static bool is_recent(uint64_t entry, time_t now)
{
	return entry != 0 && (((uint64_t)now - (entry >> VALUE_BITS)) & TIME_MASK) < SUMMARY_AGE;
}

#define DIGIT_BITS 12
#define DIGITS	   (1u << DIGIT_BITS)

/* Sorts by digits, from the lowest: each scrape does this, in the same time whatever strangers sent, and qsort(3) takes
 * ten times as long. Returns which of the two arrays has the result. */
static const uint64_t *sort_units(uint64_t *units, uint64_t *other, size_t count)
{
	for (unsigned shift = 0; shift < VALUE_BITS; shift += DIGIT_BITS) {
		uint32_t places[DIGITS] = {0}, place = 0;
		for (size_t i = 0; i < count; i++)
			places[units[i] >> shift & (DIGITS - 1)]++;
		if (count == 0 || places[units[0] >> shift & (DIGITS - 1)] == count)
			continue;
		for (size_t digit = 0; digit < DIGITS; digit++) {
			uint32_t size = places[digit];
			places[digit] = place;
			place += size;
		}
		for (size_t i = 0; i < count; i++)
			other[places[units[i] >> shift & (DIGITS - 1)]++] = units[i];
		uint64_t *sorted = other;
		other = units;
		units = sorted;
	}
	return units;
}

int summary_quantiles(
	const struct summary_recent *recent, enum summary_unit unit, time_t now, double values[SUMMARY_QUANTILES])
{
	uint64_t *units = malloc(2 * SUMMARY_RECENT * sizeof(*units));
	if (units == NULL)
		return -1;
	size_t count = 0;
	for (size_t i = 0; i < SUMMARY_RECENT; i++) {
		uint64_t entry = recent->entries[i];
		if (is_recent(entry, now))
			units[count++] = entry & VALUE_MAX;
	}
	const uint64_t *sorted = sort_units(units, units + SUMMARY_RECENT, count);
	for (size_t i = 0; i < SUMMARY_QUANTILES; i++) {
		size_t rank = (count * summary_quantile_table[i].tenths + 9) / 10;
		values[i] = count == 0 ? (double)NAN : (double)sorted[rank - 1] / unit;
	}
	free(units);
	return 0;
}
