#include "age.h"

#include <stdio.h>

#include "clock.h"
#include "number.h"
#include "text.h"

static const struct unit {
	const char *suffix;
	int64_t seconds;
} units[] = {{"", 1}, {"s", 1}, {"m", 60}, {"h", 3600}, {"d", 86400}, {"w", 7 * 86400}};

static const struct unit *find_unit(struct slice suffix)
{
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (slice_is(suffix, units[i].suffix))
			return &units[i];
	return NULL;
}

int age_parse(struct slice text, int64_t *age, struct error *error)
{
	size_t digits = 0;
	while (digits < text.len &&
		((text.data[digits] >= '0' && text.data[digits] <= '9') || text.data[digits] == '.'))
		digits++;
	const struct unit *unit = find_unit(slice_make(text.data + digits, text.len - digits));
	double value;
	if (unit == NULL || number_parse(slice_make(text.data, digits), &value) == -1)
		return error_set(
			error, ERROR_USAGE, "%s: not an age, such as 30, 90s, 15m, 24h or 7d", quote(text).text);
	double scaled = value * (double)(unit->seconds * CLOCK_SECOND);
	if (scaled > (double)AGE_MAX)
		return error_set(error, ERROR_USAGE, "%s: an age is at most 36500d", quote(text).text);
	*age = (int64_t)scaled;
	return 0;
}

void age_format(int64_t age, char text[AGE_TEXT_SIZE])
{
	static const struct {
		int64_t below; /* seconds */
		int64_t unit;
		char suffix;
	} steps[] = {{120, 1, 's'}, {120 * 60, 60, 'm'}, {48 * 3600, 3600, 'h'}, {INT64_MAX, 86400, 'd'}};
	int64_t seconds = age > 0 ? age / CLOCK_SECOND : 0;
	size_t i = 0;
	while (seconds >= steps[i].below)
		i++;
	snprintf(text, AGE_TEXT_SIZE, "%lld%c", (long long)(seconds / steps[i].unit), steps[i].suffix);
}
